//! Who uses how much of the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::store::{Key, StoreError};

/// What a request takes beside its payload: its place in a table that is never quite full, and in the list of expiries.
const BOOKKEEPING: usize = 224;

const OWNER_SHARDS: usize = 16;
const OWNERS_BEFORE_TIDYING: usize = 64;

pub(super) fn bytes_of(payload: &[u8]) -> usize {
    payload.len().saturating_add(BOOKKEEPING)
}

pub(super) fn no_room() -> StoreError {
    StoreError(Arc::new(NoRoom))
}

#[derive(Debug, thiserror::Error)]
#[error("there is no room for another mark")]
struct NoRoom;

/// Counts requests and bytes.
#[derive(Debug, Default)]
pub(super) struct Usage {
    requests: AtomicUsize,
    bytes: AtomicUsize,
}

impl Usage {
    /// Counts one more request, if that stays within the limits.
    pub(super) fn reserve(&self, bytes: usize, max_requests: usize, max_bytes: usize) -> bool {
        if !add_within(&self.requests, 1, max_requests) {
            return false;
        }
        if !add_within(&self.bytes, bytes, max_bytes) {
            self.requests.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Takes back what [`reserve`](Self::reserve) counted.
    pub(super) fn release(&self, bytes: usize) {
        self.requests.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn add_within(counter: &AtomicUsize, amount: usize, max: usize) -> bool {
    let within = |count: usize| count.checked_add(amount).filter(|sum| *sum <= max);
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
}

/// One client's part of the store.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) key: Key,
    pub(super) usage: Usage,
}

/// The clients that have something in the store.
#[derive(Debug, Default)]
pub(super) struct Owners {
    shards: [Mutex<OwnerShard>; OWNER_SHARDS],
}

#[derive(Debug, Default)]
struct OwnerShard {
    owners: HashMap<Key, Arc<Owner>>,
    tidy_at: usize,
}

impl Owners {
    pub(super) fn get(&self, key: Key) -> Arc<Owner> {
        let [.., last] = *key.as_bytes();
        let new = || Arc::new(Owner { key, usage: Usage::default() });
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

impl OwnerShard {
    /// Forgets clients that nothing refers to, whenever their number has doubled.
    fn tidy(&mut self) {
        if self.owners.len() >= self.tidy_at {
            // Others get hold of an owner only under this lock, so a sole reference stays one.
            self.owners.retain(|_, owner| Arc::strong_count(owner) > 1);
            self.tidy_at = self.owners.len().saturating_mul(2).max(OWNERS_BEFORE_TIDYING);
        }
    }
}
