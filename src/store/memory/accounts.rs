//! The counts of the whole store, held against its bounds.

use super::{
    limits::MemoryLimits,
    schedule::Ending,
    share::Share,
    usage::{Bounds, Counter, Kind, OfKinds, Usage, bytes_of},
};

/// The bound that leaves no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortage {
    /// The client has its share. So many bytes of it have to come back.
    Share { bytes: usize },
    /// Unauthenticated clients have what they can have together.
    Unauthenticated,
    /// All clients have.
    Store,
}

/// The counts and the bounds of the whole store.
#[derive(Debug)]
pub(super) struct Accounts {
    pools: OfKinds<Pool>,
    /// Spent requests that are remembered.
    pub(super) spent: Counter,
    pub(super) limits: MemoryLimits,
}

impl Accounts {
    pub(super) fn new(limits: MemoryLimits) -> Self {
        let pool = |all: (usize, usize), client: (usize, usize)| Pool::new(all, client, limits.unauthenticated_percent);
        let marks = |all, client| pool((all, usize::MAX), (client, usize::MAX));
        let pools = OfKinds {
            requests: pool((limits.requests, limits.bytes), (limits.requests_per_client, limits.bytes_per_client)),
            credentials: marks(limits.marks, limits.marks_per_client),
            hygiene: marks(limits.hygiene_marks, limits.hygiene_marks_per_client),
        };
        Self { pools, spent: Counter::default(), limits }
    }

    /// Counts one more of a kind, if that stays within all bounds.
    pub(super) fn reserve(&self, share: &Share, ending: Ending) -> Result<(), Shortage> {
        let (pool, bytes) = (self.pools.of(ending.kind), ending.bytes);
        let reserved = share.used(ending.kind).reserve(ending, pool.per_client);
        reserved.map_err(|missing| Shortage::Share { bytes: missing })?;
        if !share.is_authenticated && !pool.unauthenticated.reserve(bytes, pool.for_unauthenticated) {
            share.used(ending.kind).release(ending);
            return Err(Shortage::Unauthenticated);
        }
        if !pool.all.reserve(bytes, pool.for_all) {
            share.used(ending.kind).release(ending);
            if !share.is_authenticated {
                pool.unauthenticated.release(bytes);
            }
            return Err(Shortage::Store);
        }
        Ok(())
    }

    /// Takes back what [`reserve`](Self::reserve) counted.
    pub(super) fn release(&self, share: &Share, ending: Ending) {
        let (pool, bytes) = (self.pools.of(ending.kind), ending.bytes);
        share.used(ending.kind).release(ending);
        pool.all.release(bytes);
        if !share.is_authenticated {
            pool.unauthenticated.release(bytes);
        }
    }

    /// Returns `true` if there is room for one more of a kind, with a small payload, of a client that has not used up its share.
    pub(super) fn has_room(&self, kind: Kind) -> bool {
        let pool = self.pools.of(kind);
        let bytes = if kind == Kind::Request { bytes_of(&[]) } else { 0 };
        pool.all.has_room(bytes, pool.for_all)
    }

    /// Returns the number of things of a kind and of their bytes: of all clients, and of unauthenticated ones.
    #[cfg(test)]
    pub(super) fn amounts(&self, kind: Kind) -> [(usize, usize); 2] {
        let pool = self.pools.of(kind);
        [&pool.all, &pool.unauthenticated].map(|usage| (usage.count.get(), usage.bytes.get()))
    }

    pub(super) fn requests(&self) -> usize {
        self.pools.requests.all.count.get()
    }
}

/// One kind, over all clients.
#[derive(Debug)]
struct Pool {
    all: Usage,
    /// The part of it that unauthenticated clients use.
    unauthenticated: Usage,
    for_all: Bounds,
    for_unauthenticated: Bounds,
    per_client: Bounds,
}

impl Pool {
    fn new((count, bytes): (usize, usize), (of_client, bytes_of_client): (usize, usize), percent: u8) -> Self {
        Self {
            all: Usage::default(),
            unauthenticated: Usage::default(),
            for_all: Bounds { count, bytes },
            for_unauthenticated: Bounds { count: percent_of(count, percent), bytes: percent_of(bytes, percent) },
            per_client: Bounds { count: of_client, bytes: bytes_of_client },
        }
    }
}

/// Rounded down, of any bound without an overflow.
fn percent_of(whole: usize, percent: u8) -> usize {
    let hundredth = whole.checked_div(100).unwrap_or_default();
    let rest = whole.saturating_sub(hundredth.saturating_mul(100));
    let percent = usize::from(percent.min(100));
    let of_rest = rest.saturating_mul(percent).checked_div(100).unwrap_or_default();
    hundredth.saturating_mul(percent).saturating_add(of_rest)
}
