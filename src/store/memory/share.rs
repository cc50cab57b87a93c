//! The parts of the store that clients use.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    schedule::Schedule,
    usage::{Kind, OfKinds, Usage},
};
use crate::store::{Owner, RecordKey};

const SHARDS: usize = 16;
const SHARES_BEFORE_TIDYING: usize = 64;

/// One client's part of the store.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) key: RecordKey,
    pub(super) is_authenticated: bool,
    pub(super) used: OfKinds<Used>,
}

/// The use that a client makes of one kind.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) usage: Usage,
    schedule: Mutex<Schedule>,
}

impl Share {
    pub(super) fn of(owner: Owner) -> Self {
        Self { key: owner.key, is_authenticated: owner.is_authenticated, used: OfKinds::default() }
    }

    /// Changes the schedule of a kind, or reads it.
    pub(super) fn schedule<T>(&self, kind: Kind, access: impl FnOnce(&mut Schedule) -> T) -> T {
        access(&mut self.used.of(kind).schedule.lock().unwrap_or_else(PoisonError::into_inner))
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
