//! Counts and bounds of what is in use.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{limits::MemoryLimits, share::Share};
use crate::store::MarkPurpose;

/// Bytes that a request takes beside its payload: its place in a table that is never quite full, and in the list of
/// expiries.
const BOOKKEEPING: usize = 224;

pub(super) fn bytes_of(payload: &[u8]) -> usize {
    payload.len().saturating_add(BOOKKEEPING)
}

/// A kind of thing that has bounds of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Requests that wait or are open.
    Request,
    /// Marks that protect.
    Credential,
    /// Marks that are left out where there is no room.
    Hygiene,
}

impl From<MarkPurpose> for Kind {
    fn from(purpose: MarkPurpose) -> Self {
        match purpose {
            MarkPurpose::Credential => Self::Credential,
            MarkPurpose::Hygiene => Self::Hygiene,
        }
    }
}

/// One of each kind.
#[derive(Debug, Default)]
pub(super) struct OfKinds<T> {
    requests: T,
    credentials: T,
    hygiene: T,
}

impl<T> OfKinds<T> {
    pub(super) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Request => &self.requests,
            Kind::Credential => &self.credentials,
            Kind::Hygiene => &self.hygiene,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Request => &mut self.requests,
            Kind::Credential => &mut self.credentials,
            Kind::Hygiene => &mut self.hygiene,
        }
    }
}

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

    /// Counts one more of a kind, with so many bytes, if that stays within all bounds.
    pub(super) fn reserve(&self, share: &Share, kind: Kind, bytes: usize) -> Result<(), Shortage> {
        let pool = self.pools.of(kind);
        let used = &share.used.of(kind).usage;
        if !used.reserve(bytes, pool.per_client) {
            let missing = used.bytes.get().saturating_add(bytes).saturating_sub(pool.per_client.bytes);
            return Err(Shortage::Share { bytes: missing });
        }
        if !share.is_authenticated && !pool.unauthenticated.reserve(bytes, pool.for_unauthenticated) {
            used.release(bytes);
            return Err(Shortage::Unauthenticated);
        }
        if !pool.all.reserve(bytes, pool.for_all) {
            used.release(bytes);
            if !share.is_authenticated {
                pool.unauthenticated.release(bytes);
            }
            return Err(Shortage::Store);
        }
        Ok(())
    }

    /// Takes back what [`reserve`](Self::reserve) counted.
    pub(super) fn release(&self, share: &Share, kind: Kind, bytes: usize) {
        let pool = self.pools.of(kind);
        share.used.of(kind).usage.release(bytes);
        pool.all.release(bytes);
        if !share.is_authenticated {
            pool.unauthenticated.release(bytes);
        }
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

#[derive(Clone, Copy, Debug)]
struct Bounds {
    count: usize,
    bytes: usize,
}

/// Counts things and their bytes.
#[derive(Debug, Default)]
pub(super) struct Usage {
    count: Counter,
    bytes: Counter,
}

impl Usage {
    fn reserve(&self, bytes: usize, bounds: Bounds) -> bool {
        if !self.count.reserve(bounds.count) {
            return false;
        }
        let room = self.bytes.add(bytes, bounds.bytes);
        if !room {
            self.count.release();
        }
        room
    }

    fn release(&self, bytes: usize) {
        self.count.release();
        if bytes > 0 {
            self.bytes.0.fetch_sub(bytes, Ordering::Relaxed);
        }
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
        if amount == 0 {
            return true;
        }
        let within = |count: usize| count.checked_add(amount).filter(|sum| *sum <= max);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
