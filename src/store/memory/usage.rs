//! Who uses how much of the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::limits::MemoryLimits;
use crate::store::RecordKey;

/// What a request takes beside its payload: its place in a table that is never quite full, and in the list of expiries.
const BOOKKEEPING: usize = 224;

const OWNER_SHARDS: usize = 16;
const OWNERS_BEFORE_TIDYING: usize = 64;

pub(super) fn bytes_of(payload: &[u8]) -> usize {
    payload.len().saturating_add(BOOKKEEPING)
}

/// What the whole store holds, and how much it may.
#[derive(Debug)]
pub(super) struct Accounts {
    /// Requests that wait or are open.
    pub(super) live: Usage,
    /// Spent requests that are remembered.
    pub(super) spent: Counter,
    pub(super) marks: Counter,
    pub(super) limits: MemoryLimits,
}

impl Accounts {
    pub(super) fn new(limits: MemoryLimits) -> Self {
        Self { live: Usage::default(), spent: Counter::default(), marks: Counter::default(), limits }
    }
}

/// Counts requests and their bytes.
#[derive(Debug, Default)]
pub(super) struct Usage {
    requests: Counter,
    bytes: Counter,
}

impl Usage {
    /// Counts one more request, if that stays within the limits.
    pub(super) fn reserve(&self, bytes: usize, max_requests: usize, max_bytes: usize) -> bool {
        if !self.requests.reserve(max_requests) {
            return false;
        }
        let room = self.bytes.add(bytes, max_bytes);
        if !room {
            self.requests.release();
        }
        room
    }

    /// Takes back what [`reserve`](Self::reserve) counted.
    pub(super) fn release(&self, bytes: usize) {
        self.requests.release();
        self.bytes.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicUsize);

impl Counter {
    /// Counts one more, if that stays within the limit.
    pub(super) fn reserve(&self, max: usize) -> bool {
        self.add(1, max)
    }

    pub(super) fn release(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn add(&self, amount: usize, max: usize) -> bool {
        let within = |count: usize| count.checked_add(amount).filter(|sum| *sum <= max);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }
}

/// One client's part of the store.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) key: RecordKey,
    pub(super) usage: Usage,
    pub(super) marks: Counter,
}

/// The clients that have something in the store.
#[derive(Debug, Default)]
pub(super) struct Shares {
    shards: [Mutex<ShareShard>; OWNER_SHARDS],
}

#[derive(Debug, Default)]
struct ShareShard {
    owners: HashMap<RecordKey, Arc<Share>>,
    tidy_at: usize,
}

impl Shares {
    pub(super) fn get(&self, key: RecordKey) -> Arc<Share> {
        let [.., last] = *key.as_bytes();
        let new = || Arc::new(Share { key, usage: Usage::default(), marks: Counter::default() });
        let Some(shard) = self.shards.get(usize::from(last) % OWNER_SHARDS) else {
            return new();
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = shard.owners.get(&key) {
            return owner.clone();
        }
        shard.tidy();
        shard.owners.entry(key).or_insert_with(new).clone()
    }
}

impl ShareShard {
    /// Forgets clients that nothing refers to, whenever their number has doubled.
    fn tidy(&mut self) {
        if self.owners.len() >= self.tidy_at {
            // Others get hold of an owner only under this lock, so a sole reference stays one.
            self.owners.retain(|_, owner| Arc::strong_count(owner) > 1);
            self.tidy_at = self.owners.len().saturating_mul(2).max(OWNERS_BEFORE_TIDYING);
        }
    }
}
