//! The parts of the store that clients use.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use super::{
    schedule::{Ending, Schedule},
    usage::{Bounds, Kind, OfKinds},
};
use crate::{
    store::{Owner, RecordKey},
    sync::{Mutex, MutexGuard},
};

const SHARDS: usize = 16;
const SHARES_BEFORE_TIDYING: usize = 64;

/// One client's part of the store.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) key: RecordKey,
    pub(super) is_authenticated: bool,
    used: OfKinds<Mutex<Used>>,
}

/// The use that a client makes of one kind.
#[derive(Debug, Default)]
pub(super) struct Used {
    count: usize,
    bytes: usize,
    schedule: Schedule,
}

impl Share {
    pub(super) fn of(owner: Owner) -> Self {
        Self { key: owner.key, is_authenticated: owner.is_authenticated, used: OfKinds::default() }
    }

    pub(super) fn used(&self, kind: Kind) -> MutexGuard<'_, Used> {
        self.used.of(kind).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    /// Counts one more, if that stays within the bounds.
    ///
    /// # Errors
    ///
    /// The number of bytes that have to come back first.
    pub(super) fn reserve(&mut self, ending: Ending, bounds: Bounds) -> Result<(), usize> {
        let bytes = self.bytes.saturating_add(ending.bytes);
        if self.count >= bounds.count || bytes > bounds.bytes {
            return Err(bytes.saturating_sub(bounds.bytes));
        }
        (self.count, self.bytes) = (self.count.saturating_add(1), bytes);
        self.schedule.add(ending);
        Ok(())
    }

    /// Takes back what [`reserve`](Self::reserve) counted.
    pub(super) fn release(&mut self, ending: Ending) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(ending.bytes);
        self.schedule.remove(ending);
    }

    pub(super) fn schedule(&mut self) -> &mut Schedule {
        &mut self.schedule
    }

    /// Returns the number of things and of bytes.
    #[cfg(test)]
    pub(super) fn amount(&self) -> (usize, usize) {
        (self.count, self.bytes)
    }
}

/// The clients that have something in the store.
#[derive(Debug, Default)]
pub(super) struct Shares {
    shards: [Mutex<ShareShard>; SHARDS],
}

#[derive(Debug, Default)]
struct ShareShard {
    /// A client that has begun or ceased to authenticate has two for a while.
    shares: HashMap<(RecordKey, bool), Arc<Share>>,
    tidy_at: usize,
}

impl Shares {
    pub(super) fn get(&self, owner: Owner) -> Arc<Share> {
        let [.., last] = *owner.key.as_bytes();
        let Some(shard) = self.shards.get(usize::from(last) % SHARDS) else {
            return Arc::new(Share::of(owner));
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (owner.key, owner.is_authenticated);
        if let Some(share) = shard.shares.get(&name) {
            return share.clone();
        }
        shard.tidy();
        shard.shares.entry(name).or_insert_with(|| Arc::new(Share::of(owner))).clone()
    }
}

impl ShareShard {
    /// Forgets clients that nothing refers to, whenever their number has doubled.
    fn tidy(&mut self) {
        if self.shares.len() >= self.tidy_at {
            // Others get hold of a share only under this lock, so a sole reference stays one.
            self.shares.retain(|_, share| Arc::strong_count(share) > 1);
            self.tidy_at = self.shares.len().saturating_mul(2).max(SHARES_BEFORE_TIDYING);
        }
    }
}
