//! How long the answers of a database are believed, and how many are kept.

use std::time::Duration;

use crate::error_text::debug_by_display;

/// How long the answers of a database are believed, and how many are kept. Times are by the clock of the registry, but for
/// [`load_timeout`](Self::load_timeout).
///
/// ```
/// use std::time::Duration;
/// use parjar::{CachedRegistry, CachedRegistryLimits};
///
/// let mut limits = CachedRegistryLimits::default();
/// limits.lifetime = Duration::from_secs(300);
/// # let rows = |_: String| async { Ok::<_, std::io::Error>(None::<serde_json::Value>) };
/// let registry = CachedRegistry::builder(rows).limits(limits).build()?;
/// # Ok::<_, parjar::CachedRegistryLimitsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachedRegistryLimits {
    /// How long a client is used before it is loaded again. At most a day; default 1 minute.
    pub lifetime: Duration,
    /// How long a name is taken to be unknown, or its row to be of no use, before it is looked up again. At most an hour; default 10
    /// seconds.
    pub absent_lifetime: Duration,
    /// How long a client whose lifetime is over goes on to be used while it cannot be loaded again. At most a day; default 15 minutes,
    /// and 0 for not at all.
    pub stale_if_error: Duration,
    /// How long nothing is loaded for a client after a load of it has failed. At most a minute; default 1 second.
    pub retry: Duration,
    /// The time limit of one load. Above 0 and at most a minute; default 5 seconds. It is by tokio's timer.
    pub load_timeout: Duration,
    /// Clients that are kept at once, at about what their registrations take in a file, twice that with keys. Default 10 000. Those that
    /// are not used go first.
    pub clients: usize,
    /// Names that are not those of a client, or of one whose row is of no use, that are kept at once. Default 10 000, at up to a few KiB each.
    pub absent: usize,
}

impl Default for CachedRegistryLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(60),
            absent_lifetime: Duration::from_secs(10),
            stale_if_error: Duration::from_secs(15 * 60),
            retry: Duration::from_secs(1),
            load_timeout: Duration::from_secs(5),
            clients: 10_000,
            absent: 10_000,
        }
    }
}

/// A limit of a [`CachedRegistry`](crate::CachedRegistry) is outside its bounds.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{limit}: {problem}")]
pub struct CachedRegistryLimitsError {
    limit: &'static str,
    problem: &'static str,
}

debug_by_display!(CachedRegistryLimitsError);

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl CachedRegistryLimits {
    pub(super) fn check(&self) -> Result<(), CachedRegistryLimitsError> {
        let rules = [
            (self.lifetime <= DAY, "lifetime", "must be a day or less"),
            (self.absent_lifetime <= HOUR, "absent_lifetime", "must be an hour or less"),
            (self.stale_if_error <= DAY, "stale_if_error", "must be a day or less"),
            (self.retry <= MINUTE, "retry", "must be a minute or less"),
            (
                !self.load_timeout.is_zero() && self.load_timeout <= MINUTE,
                "load_timeout",
                "must be above 0, and a minute or less",
            ),
            (self.clients > 0, "clients", "must not be 0"),
            (self.absent > 0, "absent", "must not be 0"),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, limit, problem)) => Err(CachedRegistryLimitsError { limit, problem }),
            None => Ok(()),
        }
    }
}
