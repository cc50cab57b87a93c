//! Time, injected: the wall clock for dates that clients and hosts have written, and a monotonic clock for lifetimes,
//! so that a clock that is set back revives no request.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use time::OffsetDateTime;

/// A source of time. [`SystemClock`] is the default, [`ManualClock`] is for tests.
pub trait Clock: Send + Sync + 'static {
    /// Returns the date and time, in UTC, as `time` 0.3 has them ([`reexports::time`](crate::reexports::time)).
    fn now(&self) -> OffsetDateTime;

    /// Returns the time since an origin that stays the same while the process lives. It never goes back.
    fn elapsed(&self) -> Duration;
}

/// The clocks of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn elapsed(&self) -> Duration {
        ORIGIN.elapsed()
    }
}

/// A clock that stands still until it is told to go on. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use parjar::{Clock, ManualClock};
///
/// let clock = ManualClock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - before, time::Duration::seconds(60));
/// ```
#[derive(Clone)]
pub struct ManualClock {
    start: OffsetDateTime,
    milliseconds: Arc<AtomicU64>,
}

impl ManualClock {
    /// Makes a clock that shows `start`.
    #[must_use]
    pub fn starting_at(start: OffsetDateTime) -> Self {
        Self { start, milliseconds: Arc::default() }
    }

    /// Moves the clock on, with a precision of a millisecond.
    pub fn advance(&self, by: Duration) {
        let by = milliseconds(by);
        let later = |now: u64| Some(now.saturating_add(by));
        // The closure always gives a value.
        let _ = self.milliseconds.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }
}

impl Default for ManualClock {
    /// Makes a clock that starts at the Unix epoch plus 1 700 000 000 seconds (14 November 2023).
    fn default() -> Self {
        Self::starting_at(OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::seconds(1_700_000_000)))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.now()).finish()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        let elapsed = i64::try_from(self.milliseconds.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        self.start.saturating_add(time::Duration::milliseconds(elapsed))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.milliseconds.load(Ordering::SeqCst))
    }
}

pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> OffsetDateTime {
        (**self).now()
    }

    fn elapsed(&self) -> Duration {
        (**self).elapsed()
    }
}
