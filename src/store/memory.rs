//! The store of a single process: sharded, bounded, and without a background task. What has expired is swept by the inserts that
//! come after it, a little each time, so that no call waits for a big clean-up.

mod limits;
mod shard;
mod usage;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

pub use self::limits::MemoryLimits;
use self::{
    shard::{Insertion, SWEPT_PER_INSERT, Shard},
    usage::{Accounts, Share, Shares},
};
use super::{
    Claim, ClaimError, InsertError, NewRequest, Owner, RecordKey, Remembered, ReplayMark, RequestStore, StoreRefusal,
    retry_after,
};
use crate::clock::{Clock, SystemClock, milliseconds};

/// Many, so that threads seldom meet and a growing table holds up a small part of the requests only.
const SHARDS: usize = 256;
/// Expired entries that are removed when the store looks full: a few hundred microseconds' work.
const SWEPT_WHEN_FULL: usize = 2048;
/// How long a store that was found full, with nothing expired in it, is believed to be.
const FULL_SWEEP_PAUSE: Duration = Duration::from_millis(100);

/// Keeps requests in the memory of this process. Clones share them.
///
/// A second process knows nothing of them: behind a load balancer use a store that is shared. A restart forgets them, which
/// clients notice as an expired `request_uri`.
///
/// ```
/// use parjar::store::{MemoryLimits, MemoryStore};
///
/// let mut limits = MemoryLimits::default();
/// limits.requests_per_client = 1_000;
/// let store = MemoryStore::new(limits);
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
}

struct Inner {
    shards: Box<[Mutex<Shard>]>,
    owners: Shares,
    accounts: Accounts,
    next_full_sweep: AtomicU64,
    next_swept: AtomicUsize,
}

impl MemoryStore {
    /// An empty store with these limits.
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        Self {
            inner: Arc::new(Inner {
                shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
                owners: Shares::default(),
                accounts: Accounts::new(limits),
                next_full_sweep: AtomicU64::new(0),
                next_swept: AtomicUsize::new(0),
            }),
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes lifetimes from another clock than the system's.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// How many requests count against the limit: those that wait or are open, and expired ones that no insert has swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.accounts.live.requests()
    }

    /// Whether no request counts against the limit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn now(&self) -> u64 {
        milliseconds(self.clock.elapsed())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(MemoryLimits::default())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("requests", &self.len())
            .field("limits", &self.inner.accounts.limits)
            .finish()
    }
}

impl Inner {
    fn shard(&self, key: &RecordKey) -> Option<MutexGuard<'_, Shard>> {
        let [.., last] = *key.as_bytes();
        // No code of others runs under the lock, so what a panic leaves behind is whole.
        self.shards.get(usize::from(last)).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn insert(&self, request: NewRequest<'_>, lifetime: Duration, now: u64) -> Result<Remembered, InsertError> {
        let owner = self.owners.get(request.owner.key);
        let remembered = self.remember(&owner, request.marks, now)?;
        match self.insert_request(request, lifetime, owner, now) {
            Ok(()) => Ok(remembered),
            Err(error) => {
                self.take_back(request.marks, now);
                Err(error)
            }
        }
    }

    fn insert_request(
        &self,
        request: NewRequest<'_>,
        lifetime: Duration,
        owner: Arc<Share>,
        now: u64,
    ) -> Result<(), InsertError> {
        let retry_after = retry_after(lifetime);
        let Some(mut shard) = self.shard(&request.key) else {
            return Err(InsertError::Refused(StoreRefusal::Full { retry_after }));
        };
        shard.sweep(now, SWEPT_PER_INSERT, &self.accounts);
        if shard.contains(&request.key, now) {
            return Err(InsertError::Exists);
        }
        let bytes = usage::bytes_of(request.payload);
        let limits = &self.accounts.limits;
        if !owner.usage.reserve(bytes, limits.requests_per_client, limits.bytes_per_client) {
            return Err(InsertError::Refused(StoreRefusal::OwnerLimit { retry_after }));
        }
        if !self.accounts.live.reserve(bytes, limits.requests, limits.bytes) {
            owner.usage.release(bytes);
            return Err(InsertError::Refused(StoreRefusal::Full { retry_after }));
        }
        let expires_at = now.saturating_add(milliseconds(lifetime));
        shard.insert(request.key, Insertion { owner, payload: request.payload, expires_at }, &self.accounts);
        Ok(())
    }

    /// Puts all marks down or none. One at a time: a call that held the locks of two shards could wait for one that holds them
    /// the other way round.
    fn remember(&self, owner: &Arc<Share>, marks: &[ReplayMark], now: u64) -> Result<Remembered, StoreRefusal> {
        if let Some(mark) = ReplayMark::repeated(marks) {
            return Err(StoreRefusal::Replayed { mark });
        }
        for (count, mark) in marks.iter().enumerate() {
            let Err(error) = self.put_down(mark, owner, now) else { continue };
            let (done, others) = marks.split_at_checked(count).unwrap_or_default();
            self.take_back(done, now);
            // A replay is told as one, room or no room.
            let is_known = |mark: &&ReplayMark| self.shard(&mark.key).is_some_and(|shard| shard.knows(&mark.key, now));
            return Err(others.iter().find(is_known).map_or(error, |mark| StoreRefusal::Replayed { mark: mark.key }));
        }
        Ok(Remembered::ALL)
    }

    fn put_down(&self, mark: &ReplayMark, owner: &Arc<Share>, now: u64) -> Result<(), StoreRefusal> {
        let Some(mut shard) = self.shard(&mark.key) else {
            return Err(StoreRefusal::Full { retry_after: retry_after(mark.lifetime) });
        };
        shard.put_down(mark, owner, now, &self.accounts)
    }

    fn take_back(&self, marks: &[ReplayMark], put_down_at: u64) {
        for mark in marks {
            if let Some(mut shard) = self.shard(&mark.key) {
                shard.take_back(mark, put_down_at, &self.accounts);
            }
        }
    }

    /// Removes what has expired in any shard, within bounds. `false` when there was nothing, now or a moment ago.
    fn sweep_all(&self, now: u64) -> bool {
        if now < self.next_full_sweep.load(Ordering::Relaxed) {
            return false;
        }
        let start = self.next_swept.load(Ordering::Relaxed);
        let mut left = SWEPT_WHEN_FULL;
        for index in 0..SHARDS {
            let index = start.wrapping_add(index) % SHARDS;
            if let Some(shard) = self.shards.get(index) {
                let swept = shard.lock().unwrap_or_else(PoisonError::into_inner).sweep(now, left, &self.accounts);
                left = left.saturating_sub(swept);
            }
            if left == 0 {
                self.next_swept.store(index, Ordering::Relaxed);
                break;
            }
        }
        let swept_any = left < SWEPT_WHEN_FULL;
        if !swept_any {
            self.next_full_sweep.store(now.saturating_add(milliseconds(FULL_SWEEP_PAUSE)), Ordering::Relaxed);
        }
        swept_any
    }
}

impl RequestStore for MemoryStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let now = self.now();
        match self.inner.insert(request, lifetime, now) {
            // What looks full may hold expired requests and marks in other shards.
            Err(
                InsertError::Refused(StoreRefusal::OwnerLimit { .. }) | InsertError::Refused(StoreRefusal::Full { .. }),
            ) if self.inner.sweep_all(now) => self.inner.insert(request, lifetime, now),
            outcome => outcome,
        }
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Vec<u8>, ClaimError> {
        let now = self.now();
        let mut shard = self.inner.shard(&claim.key).ok_or(ClaimError::Unknown)?;
        shard.claim(&claim, login_lifetime, now)
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let now = self.now();
        let mut shard = self.inner.shard(&claim.key).ok_or(ClaimError::Unknown)?;
        shard.consume(&claim, remembered_for, now, &self.inner.accounts)
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        let now = self.now();
        let owner = self.inner.owners.get(owner.key);
        match self.inner.remember(&owner, marks, now) {
            Err(StoreRefusal::OwnerLimit { .. } | StoreRefusal::Full { .. }) if self.inner.sweep_all(now) => {
                self.inner.remember(&owner, marks, now)
            }
            outcome => outcome,
        }
    }
}
