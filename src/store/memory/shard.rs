//! One shard: a table of requests, a table of marks, and the order in which they expire.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    sync::Arc,
    time::Duration,
};

use super::usage::{self, Accounts, Share};
use crate::{
    clock::milliseconds,
    store::{Claim, ClaimError, RecordKey, ReplayMark, StoreRefusal, retry_after},
};

/// Expired entries that an insert removes on its way. More than one, so that sweeping outruns inserting.
pub(super) const SWEPT_PER_INSERT: usize = 4;

/// A list of expiries this short is not worth tidying.
const KEYS_BEFORE_TIDYING: usize = 64;

#[derive(Default)]
pub(super) struct Shard {
    requests: HashMap<RecordKey, Entry>,
    request_expiries: Expiries,
    marks: HashMap<RecordKey, Known>,
    mark_expiries: Expiries,
}

struct Entry {
    owner: Arc<Share>,
    payload: Box<[u8]>,
    state: State,
    expires_at: u64,
}

enum State {
    Waiting,
    /// Boxed, since most requests wait or are opened without a browser in mind.
    Open(Option<Box<RecordKey>>),
    Spent,
}

/// A mark that is remembered.
struct Known {
    owner: Arc<Share>,
    expires_at: u64,
}

/// A request on its way into the table. Its usage has been reserved.
pub(super) struct Insertion<'a> {
    pub(super) owner: Arc<Share>,
    pub(super) payload: &'a [u8],
    pub(super) expires_at: u64,
}

impl Shard {
    pub(super) fn contains(&self, key: &RecordKey, now: u64) -> bool {
        self.requests.get(key).is_some_and(|entry| now < entry.expires_at)
    }

    pub(super) fn insert(&mut self, key: RecordKey, new: Insertion<'_>, accounts: &Accounts) {
        let Insertion { owner, payload, expires_at } = new;
        let entry = Entry { owner, payload: payload.into(), state: State::Waiting, expires_at };
        if let Some(expired) = self.requests.insert(key, entry) {
            expired.release(accounts);
        }
        self.expect_expiry(key, expires_at);
    }

    pub(super) fn claim(&mut self, claim: &Claim, login_lifetime: Duration, now: u64) -> Result<Vec<u8>, ClaimError> {
        let entry = self.requests.get_mut(&claim.key).ok_or(ClaimError::Unknown)?;
        entry.check(claim, now)?;
        match (&mut entry.state, claim.browser) {
            (State::Waiting, browser) => {
                entry.state = State::Open(browser.map(Box::new));
                entry.expires_at = now.saturating_add(milliseconds(login_lifetime));
                let (payload, expires_at) = (entry.payload.to_vec(), entry.expires_at);
                self.expect_expiry(claim.key, expires_at);
                return Ok(payload);
            }
            (State::Open(bound @ None), Some(browser)) => *bound = Some(Box::new(browser)),
            _ => {}
        }
        Ok(entry.payload.to_vec())
    }

    pub(super) fn consume(
        &mut self,
        claim: &Claim,
        remembered_for: Duration,
        now: u64,
        accounts: &Accounts,
    ) -> Result<(), ClaimError> {
        let hash_map::Entry::Occupied(mut occupied) = self.requests.entry(claim.key) else {
            return Err(ClaimError::Unknown);
        };
        let entry = occupied.get_mut();
        entry.check(claim, now)?;
        if matches!(entry.state, State::Waiting) {
            return Err(ClaimError::Unknown);
        }
        entry.release(accounts);
        if !accounts.spent.reserve(accounts.limits.requests) {
            occupied.remove();
            return Ok(());
        }
        entry.state = State::Spent;
        entry.payload = Box::default();
        entry.expires_at = now.saturating_add(milliseconds(remembered_for));
        let expires_at = entry.expires_at;
        self.expect_expiry(claim.key, expires_at);
        Ok(())
    }

    fn expect_expiry(&mut self, key: RecordKey, expires_at: u64) {
        self.request_expiries.add(key, expires_at, &self.requests, |entry| entry.expires_at);
    }

    pub(super) fn knows(&self, mark: &RecordKey, now: u64) -> bool {
        self.marks.get(mark).is_some_and(|known| now < known.expires_at)
    }

    pub(super) fn put_down(
        &mut self,
        mark: &ReplayMark,
        owner: &Arc<Share>,
        now: u64,
        accounts: &Accounts,
    ) -> Result<(), StoreRefusal> {
        self.sweep(now, SWEPT_PER_INSERT, accounts);
        if self.knows(&mark.key, now) {
            return Err(StoreRefusal::Replayed { mark: mark.key });
        }
        let retry_after = retry_after(mark.lifetime);
        if let Some(expired) = self.marks.remove(&mark.key) {
            expired.release(accounts);
        }
        if !owner.marks.reserve(accounts.limits.marks_per_client) {
            return Err(StoreRefusal::OwnerLimit { retry_after });
        }
        if !accounts.marks.reserve(accounts.limits.marks) {
            owner.marks.release();
            return Err(StoreRefusal::Full { retry_after });
        }
        let expires_at = expiry_of(mark, now);
        self.marks.insert(mark.key, Known { owner: owner.clone(), expires_at });
        self.mark_expiries.add(mark.key, expires_at, &self.marks, |known| known.expires_at);
        Ok(())
    }

    /// Undoes what [`put_down`](Self::put_down) did at that time. When the mark has expired since, another may be in its place,
    /// which expires later and stays.
    pub(super) fn take_back(&mut self, mark: &ReplayMark, put_down_at: u64, accounts: &Accounts) {
        if let hash_map::Entry::Occupied(occupied) = self.marks.entry(mark.key)
            && occupied.get().expires_at == expiry_of(mark, put_down_at)
        {
            occupied.remove().release(accounts);
        }
    }

    /// Removes up to `limit` expired requests and as many expired marks, and tells how many of the lists it has gone through.
    pub(super) fn sweep(&mut self, now: u64, limit: usize, accounts: &Accounts) -> usize {
        let mut done = 0usize;
        for _ in 0..limit {
            let Some(key) = self.request_expiries.next(now) else { break };
            done = done.saturating_add(1);
            if let hash_map::Entry::Occupied(occupied) = self.requests.entry(key)
                && occupied.get().expires_at <= now
            {
                occupied.remove().release(accounts);
            }
        }
        for _ in 0..limit {
            let Some(key) = self.mark_expiries.next(now) else { break };
            done = done.saturating_add(1);
            if let hash_map::Entry::Occupied(occupied) = self.marks.entry(key)
                && occupied.get().expires_at <= now
            {
                occupied.remove().release(accounts);
            }
        }
        done
    }
}

impl Entry {
    fn check(&self, claim: &Claim, now: u64) -> Result<(), ClaimError> {
        if self.expires_at <= now {
            return Err(ClaimError::Unknown);
        }
        if self.owner.key != claim.owner {
            return Err(ClaimError::OtherOwner);
        }
        match &self.state {
            State::Spent => Err(ClaimError::Spent),
            State::Open(Some(bound)) if claim.browser != Some(**bound) => Err(ClaimError::OtherBrowser),
            _ => Ok(()),
        }
    }

    /// Takes this entry out of the count that it is in.
    fn release(&self, accounts: &Accounts) {
        if matches!(self.state, State::Spent) {
            accounts.spent.release();
        } else {
            let bytes = usage::bytes_of(&self.payload);
            self.owner.usage.release(bytes);
            accounts.live.release(bytes);
        }
    }
}

impl Known {
    fn release(&self, accounts: &Accounts) {
        self.owner.marks.release();
        accounts.marks.release();
    }
}

fn expiry_of(mark: &ReplayMark, now: u64) -> u64 {
    now.saturating_add(milliseconds(mark.lifetime))
}

/// Keys by the full second at which they have expired. A key that lives longer by now turns up here again at its later time, and
/// one that is gone until its second comes.
#[derive(Default)]
struct Expiries {
    seconds: BTreeMap<u64, Vec<RecordKey>>,
    keys: usize,
}

impl Expiries {
    /// Notes when an entry of the table expires. A client whose requests or marks end early must not make this grow without
    /// bounds, so it is made anew when it holds much more than the table does.
    fn add<T>(&mut self, key: RecordKey, expires_at: u64, table: &HashMap<RecordKey, T>, expiry: impl Fn(&T) -> u64) {
        self.push(key, expires_at);
        if self.is_stale(table.len()) {
            *self = Self::default();
            for (key, entry) in table {
                self.push(*key, expiry(entry));
            }
        }
    }

    fn push(&mut self, key: RecordKey, expires_at: u64) {
        self.seconds.entry(expires_at.div_ceil(1000)).or_default().push(key);
        self.keys = self.keys.saturating_add(1);
    }

    /// Takes out a key whose time is over.
    fn next(&mut self, now: u64) -> Option<RecordKey> {
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

    /// Whether most keys are here for nothing any more, with so many `live` ones.
    fn is_stale(&self, live: usize) -> bool {
        self.keys > live.saturating_mul(3).saturating_add(KEYS_BEFORE_TIDYING)
    }
}
