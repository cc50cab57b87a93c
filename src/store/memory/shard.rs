//! One shard: a table of requests, a table of marks, and the order in which they expire.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    sync::Arc,
    time::Duration,
};

use super::usage::{self, Accounts, Owner};
use crate::{
    clock::milliseconds,
    store::{Claim, ClaimError, Key, StoreError},
};

/// Expired entries that an insert removes on its way. More than one, so that sweeping outruns inserting.
pub(super) const SWEPT_PER_INSERT: usize = 4;

/// A list of expiries this short is not worth tidying.
const KEYS_BEFORE_TIDYING: usize = 64;

#[derive(Default)]
pub(super) struct Shard {
    requests: HashMap<Key, Entry>,
    request_expiries: Expiries,
    marks: HashMap<Key, u64>,
    mark_expiries: Expiries,
}

struct Entry {
    owner: Arc<Owner>,
    payload: Box<[u8]>,
    state: State,
    expires_at: u64,
}

enum State {
    Waiting,
    /// Boxed, since most requests wait or are opened without a browser in mind.
    Open(Option<Box<Key>>),
    Spent,
}

/// A request on its way into the table. Its usage has been reserved.
pub(super) struct Insertion<'a> {
    pub(super) owner: Arc<Owner>,
    pub(super) payload: &'a [u8],
    pub(super) expires_at: u64,
}

impl Shard {
    pub(super) fn contains(&self, key: &Key, now: u64) -> bool {
        self.requests.get(key).is_some_and(|entry| now < entry.expires_at)
    }

    pub(super) fn insert(&mut self, key: Key, new: Insertion<'_>, accounts: &Accounts) {
        let Insertion { owner, payload, expires_at } = new;
        let entry = Entry { owner, payload: payload.into(), state: State::Waiting, expires_at };
        if let Some(expired) = self.requests.insert(key, entry) {
            expired.release(accounts);
        }
        self.expect_expiry(key, expires_at);
    }

    pub(super) fn claim(&mut self, claim: &Claim, now: u64) -> Result<Vec<u8>, ClaimError> {
        let entry = self.requests.get_mut(&claim.key).ok_or(ClaimError::Unknown)?;
        entry.check(claim, now)?;
        match (&mut entry.state, claim.browser) {
            (State::Waiting, browser) => {
                entry.state = State::Open(browser.map(Box::new));
                entry.expires_at = now.saturating_add(milliseconds(claim.lifetime));
                let (payload, expires_at) = (entry.payload.to_vec(), entry.expires_at);
                self.expect_expiry(claim.key, expires_at);
                return Ok(payload);
            }
            (State::Open(bound @ None), Some(browser)) => *bound = Some(Box::new(browser)),
            _ => {}
        }
        Ok(entry.payload.to_vec())
    }

    pub(super) fn consume(&mut self, claim: &Claim, now: u64, accounts: &Accounts) -> Result<(), ClaimError> {
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
        entry.expires_at = now.saturating_add(milliseconds(claim.lifetime));
        let expires_at = entry.expires_at;
        self.expect_expiry(claim.key, expires_at);
        Ok(())
    }

    /// Notes when a request expires. A client that ends its requests early must not make the list grow without bounds, so it is
    /// made anew when it holds much more than the table does.
    fn expect_expiry(&mut self, key: Key, expires_at: u64) {
        self.request_expiries.add(key, expires_at);
        if self.request_expiries.is_stale(self.requests.len()) {
            self.request_expiries = Expiries::default();
            for (key, entry) in &self.requests {
                self.request_expiries.add(*key, entry.expires_at);
            }
        }
    }

    pub(super) fn remember(
        &mut self,
        mark: Key,
        lifetime: Duration,
        now: u64,
        accounts: &Accounts,
    ) -> Result<bool, StoreError> {
        self.sweep(now, SWEPT_PER_INSERT, accounts);
        let expires_at = now.saturating_add(milliseconds(lifetime));
        match self.marks.entry(mark) {
            hash_map::Entry::Occupied(known) if now < *known.get() => return Ok(false),
            hash_map::Entry::Occupied(mut expired) => {
                expired.insert(expires_at);
            }
            hash_map::Entry::Vacant(vacant) => {
                if !accounts.marks.reserve(accounts.limits.marks) {
                    return Err(usage::no_room());
                }
                vacant.insert(expires_at);
            }
        }
        self.mark_expiries.add(mark, expires_at);
        Ok(true)
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
                && *occupied.get() <= now
            {
                occupied.remove();
                accounts.marks.release();
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

/// Keys by the full second at which they have expired. A key whose request lives longer by now turns up here again at its later
/// time, and one whose request is gone until its second comes.
#[derive(Default)]
struct Expiries {
    seconds: BTreeMap<u64, Vec<Key>>,
    keys: usize,
}

impl Expiries {
    fn add(&mut self, key: Key, expires_at: u64) {
        self.seconds.entry(expires_at.div_ceil(1000)).or_default().push(key);
        self.keys = self.keys.saturating_add(1);
    }

    /// Takes out a key whose time is over.
    fn next(&mut self, now: u64) -> Option<Key> {
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
