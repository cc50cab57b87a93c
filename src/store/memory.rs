//! The store of a single process: sharded, bounded, and without a background task. What has expired is swept by the
//! inserts that come after it, a little each time, so that no call waits for a big clean-up.

mod accounts;
mod expiries;
mod limits;
mod schedule;
mod shard;
mod share;
mod usage;

use std::{
    fmt,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

pub use self::limits::MemoryLimits;
use self::{
    accounts::{Accounts, Shortage},
    shard::{Insertion, Shard, Unfit},
    share::{Share, Shares},
    usage::Kind,
};
use super::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, MarkPurpose, NewRequest, NotReady,
    NotReadyReason, Owner, RecordKey, Remembered, ReplayMark, RequestStore, StoreRefusal, retry_after,
};
use crate::{
    clock::{Clock, SystemClock, milliseconds},
    sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard},
};

/// Many, so that threads seldom meet and a growing table holds up a small part of the requests only.
const SHARDS: usize = 256;
/// Limits how many expired entries are removed when the store looks full, to a few hundred microseconds' work.
const SWEPT_WHEN_FULL: usize = 2048;
/// A store that was found full, with nothing expired in it, is taken to be full for so long. A store that has no room
/// for hygiene looks for some once in this time.
const FULL_SWEEP_PAUSE: Duration = Duration::from_millis(100);

/// Keeps requests in the memory of this process. Clones share them.
///
/// A second process knows nothing of them: behind a load balancer use a store that is shared. A restart forgets them,
/// which clients notice as an expired `request_uri`.
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
    shares: Shares,
    accounts: Accounts,
    next_full_sweep: AtomicU64,
    next_hygiene_sweep: AtomicU64,
    next_swept: AtomicUsize,
}

impl MemoryStore {
    /// Makes an empty store with these limits.
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        Self {
            inner: Arc::new(Inner {
                shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
                shares: Shares::default(),
                accounts: Accounts::new(limits),
                next_full_sweep: AtomicU64::new(0),
                next_hygiene_sweep: AtomicU64::new(0),
                next_swept: AtomicUsize::new(0),
            }),
            clock: Arc::new(SystemClock),
        }
    }

    /// Returns the store with another clock than the system's, which lifetimes are counted by.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Returns the number of requests that count against the limit: those that wait or are open, and expired ones that
    /// no insert has swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.accounts.requests()
    }

    /// Returns `true` when no request counts against the limit.
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

/// The marks of a call that were put down.
struct PutDown<'a> {
    marks: Vec<&'a ReplayMark>,
    skipped: usize,
}

impl PutDown<'_> {
    fn remembered(&self) -> Remembered {
        Remembered::all_but(self.skipped)
    }
}

impl Inner {
    fn shard(&self, key: &RecordKey) -> Option<MutexGuard<'_, Shard>> {
        let [.., last] = *key.as_bytes();
        self.shards.get(usize::from(last)).map(lock)
    }

    fn insert(&self, request: NewRequest<'_>, lifetime: Duration, now: u64) -> Result<Remembered, InsertError> {
        let share = self.shares.get(request.owner);
        let put_down = self.remember(&share, request.marks, now)?;
        match self.insert_request(request, lifetime, &share, now) {
            Ok(()) => Ok(put_down.remembered()),
            Err(error) => {
                self.take_back(&put_down.marks, now);
                Err(error)
            }
        }
    }

    fn insert_request(
        &self,
        request: NewRequest<'_>,
        lifetime: Duration,
        share: &Arc<Share>,
        now: u64,
    ) -> Result<(), InsertError> {
        let new = Insertion { key: request.key, payload: request.payload, lifetime };
        let attempt = || match self.shard(&new.key) {
            Some(mut shard) => shard.insert(&new, share, now, &self.accounts),
            None => Err(Unfit::Short(Shortage::Store)),
        };
        let outcome = match attempt() {
            // What looks full may hold expired requests in other shards.
            Err(Unfit::Short(_)) if self.sweep_all(now) => attempt(),
            outcome => outcome,
        };
        outcome.map_err(|unfit| match unfit {
            Unfit::Known => InsertError::Exists,
            Unfit::Short(shortage) => self.refusal(shortage, Kind::Request, share, lifetime, now).into(),
        })
    }

    /// Puts all marks down or none, but for hygiene. One at a time: a call that held the locks of two shards could wait
    /// for one that holds them the other way round.
    fn remember<'a>(&self, share: &Arc<Share>, marks: &'a [ReplayMark], now: u64) -> Result<PutDown<'a>, StoreRefusal> {
        if let Some(mark) = ReplayMark::repeated(marks) {
            return Err(StoreRefusal::Replayed { mark });
        }
        let mut done = PutDown { marks: Vec::with_capacity(marks.len()), skipped: 0 };
        for (count, mark) in marks.iter().enumerate() {
            match self.put_down(mark, share, now) {
                Ok(()) => done.marks.push(mark),
                Err(Unfit::Short(_)) if mark.purpose == MarkPurpose::Hygiene => {
                    done.skipped = done.skipped.saturating_add(1);
                }
                Err(Unfit::Known) => {
                    self.take_back(&done.marks, now);
                    return Err(StoreRefusal::Replayed { mark: mark.key });
                }
                Err(Unfit::Short(shortage)) => {
                    self.take_back(&done.marks, now);
                    // A replay is told as one, room or no room.
                    let is_known =
                        |mark: &&ReplayMark| self.shard(&mark.key).is_some_and(|shard| shard.knows(&mark.key, now));
                    let known = marks.iter().skip(count).find(is_known);
                    return Err(match known {
                        Some(known) => StoreRefusal::Replayed { mark: known.key },
                        None => self.refusal(shortage, mark.purpose.into(), share, mark.lifetime, now),
                    });
                }
            }
        }
        Ok(done)
    }

    fn put_down(&self, mark: &ReplayMark, share: &Arc<Share>, now: u64) -> Result<(), Unfit> {
        let attempt = || match self.shard(&mark.key) {
            Some(mut shard) => shard.put_down(mark, share, now, &self.accounts),
            None => Err(Unfit::Short(Shortage::Store)),
        };
        match attempt() {
            // What looks full may hold expired marks in other shards.
            Err(Unfit::Short(_)) if self.may_sweep_for(mark.purpose, now) && self.sweep_all(now) => attempt(),
            outcome => outcome,
        }
    }

    fn take_back(&self, marks: &[&ReplayMark], put_down_at: u64) {
        for mark in marks {
            if let Some(mut shard) = self.shard(&mark.key) {
                shard.take_back(mark, put_down_at, &self.accounts);
            }
        }
    }

    /// The answer to a call for which there is no room, with the time at which there is some again.
    fn refusal(&self, shortage: Shortage, kind: Kind, share: &Share, lifetime: Duration, now: u64) -> StoreRefusal {
        let first = |of_unauthenticated| {
            self.shards.iter().filter_map(|shard| lock(shard).room_at(kind, of_unauthenticated)).min()
        };
        let room_at = match shortage {
            Shortage::Share { bytes } => share.used(kind).schedule().room_at(bytes),
            Shortage::Unauthenticated => first(true),
            Shortage::Store => first(false),
        };
        // Where nothing ends that would make room, the bound itself is too narrow.
        let retry_after = room_at.map_or(retry_after(lifetime), |second| {
            Duration::from_millis(second.saturating_mul(1000).saturating_sub(now))
        });
        match shortage {
            Shortage::Share { .. } => StoreRefusal::OwnerLimit { retry_after },
            Shortage::Unauthenticated => {
                StoreRefusal::Full { bound: "the room in memory for clients that do not authenticate", retry_after }
            }
            Shortage::Store => StoreRefusal::Full { bound: "the room in memory", retry_after },
        }
    }

    /// What there is no room for, of what the push of a client that authenticates needs: a request, and the mark of an
    /// assertion.
    fn shortage(&self, now: u64) -> Option<&'static str> {
        let shortage = || match () {
            () if !self.accounts.has_room(Kind::Request) => Some("requests"),
            () if !self.accounts.has_room(Kind::Credential) => Some("marks"),
            () => None,
        };
        // What looks full may hold what has expired.
        let found = shortage()?;
        if self.sweep_all(now) { shortage() } else { Some(found) }
    }

    /// Returns `true` when it is worth looking through all shards for such a mark. A store can be short of room for
    /// hygiene for hours, with calls that succeed all the same and should not take long.
    fn may_sweep_for(&self, purpose: MarkPurpose, now: u64) -> bool {
        if purpose != MarkPurpose::Hygiene {
            return true;
        }
        let due = self.next_hygiene_sweep.load(Ordering::Relaxed) <= now;
        if due {
            self.next_hygiene_sweep.store(now.saturating_add(milliseconds(FULL_SWEEP_PAUSE)), Ordering::Relaxed);
        }
        due
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
                left = left.saturating_sub(lock(shard).sweep(now, left, &self.accounts));
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

/// No code of others runs under the lock, so what a panic leaves behind is whole.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RequestStore for MemoryStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        self.inner.insert(request, lifetime, self.now())
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        let now = self.now();
        let mut shard = self.inner.shard(&claim.key).ok_or(ClaimError::Unknown)?;
        shard.claim(&claim, login_lifetime, now)
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let now = self.now();
        let mut shard = self.inner.shard(&claim.key).ok_or(ClaimError::Unknown)?;
        shard.consume(&claim, remembered_for, now, &self.inner.accounts)
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        let now = self.now();
        let mut shard = self.inner.shard(&claim.key).ok_or(ClaimError::Unknown)?;
        shard.annotate(&claim, annotation, now)
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        let now = self.now();
        let mut shard = self.inner.shard(&claim.key).ok_or(ClaimError::Unknown)?;
        shard.extend(&claim, extension, now)
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        let share = self.inner.shares.get(owner);
        Ok(self.inner.remember(&share, marks, self.now())?.remembered())
    }

    /// Costs nothing but a look at the counts, and when they are full a sweep.
    async fn ready(&self) -> Result<(), NotReady> {
        match self.inner.shortage(self.now()) {
            Some(kind) => Err(NotReady::new(NotReadyReason::Full, format!("its limit of {kind} is reached"))),
            None => Ok(()),
        }
    }

    fn is_shared(&self) -> bool {
        false
    }
}
