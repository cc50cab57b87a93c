//! The order in which the entries of a table expire.

use std::collections::{BTreeMap, HashMap};

use crate::store::RecordKey;

/// A list of expiries this short is not worth tidying.
const KEYS_BEFORE_TIDYING: usize = 64;

/// Keys by the full second at which they have expired. A key that lives longer by now turns up here again at its later
/// time, and one that is gone until its second comes.
#[derive(Default)]
pub(super) struct Expiries {
    seconds: BTreeMap<u64, Vec<RecordKey>>,
    keys: usize,
}

impl Expiries {
    /// Notes when an entry of the table expires. A client whose requests or marks end early must not make this grow
    /// without bounds, so it is made anew when it holds much more than the table does.
    pub(super) fn add<T>(
        &mut self,
        key: RecordKey,
        expires_at: u64,
        table: &HashMap<RecordKey, T>,
        expiry: impl Fn(&T) -> u64,
    ) {
        self.push(key, expires_at);
        if self.is_stale(table.len()) {
            *self = Self::default();
            for (key, entry) in table {
                self.push(*key, expiry(entry));
            }
        }
    }

    fn push(&mut self, key: RecordKey, expires_at: u64) {
        // Marks that live for a day seldom share a second.
        self.seconds.entry(second_of(expires_at)).or_insert_with(|| Vec::with_capacity(1)).push(key);
        self.keys = self.keys.saturating_add(1);
    }

    /// Takes out a key whose time is over.
    pub(super) fn next(&mut self, now: u64) -> Option<RecordKey> {
        let mut oldest = self.seconds.first_entry()?;
        if *oldest.key() > now / 1000 {
            return None;
        }
        let key = oldest.get_mut().pop();
        if oldest.get().is_empty() {
            oldest.remove();
        }
        self.keys = self.keys.saturating_sub(1);
        key
    }

    /// Returns `true` when most keys stand for nothing, with so many `live` ones.
    fn is_stale(&self, live: usize) -> bool {
        self.keys > live.saturating_mul(3).saturating_add(KEYS_BEFORE_TIDYING)
    }
}

/// Returns the full second at which an entry that expires at this millisecond is swept.
pub(super) fn second_of(expires_at: u64) -> u64 {
    expires_at.div_ceil(1000)
}
