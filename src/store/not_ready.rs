//! The reasons that a store would not take the next push.

use std::{error::Error, fmt};

use super::{Claim, ClaimError, RecordKey, RequestStore, StoreError};
use crate::{cause::Cause, error_text::debug_by_display};

/// A store would not take the next push. Its [`source`](Error::source) is the cause, for the log of the host.
///
/// ```
/// use parjar::{CauseText, store::{NotReady, NotReadyReason}};
///
/// let error = NotReady::new(NotReadyReason::ReadOnly, "SQLSTATE 25006");
/// assert_eq!(error.reason().label(), "read_only");
/// assert_eq!(CauseText(&error).to_string(), "the request store takes no writes: SQLSTATE 25006");
/// ```
#[derive(Clone)]
pub struct NotReady {
    reason: NotReadyReason,
    cause: Cause,
}

/// The kind of reason for which a store would not take the next push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotReadyReason {
    /// It could not be asked: not reached, or not in time.
    Unavailable,
    /// It takes no writes: a replica, a database that is set to be read-only, a primary without the replicas that it must have.
    ReadOnly,
    /// It has no room. Requests that wait or are open can still be opened and ended.
    Full,
    /// It drops what it holds when it has no room, and holds what must not be lost.
    Evicts,
    /// What it keeps requests in was never made, is gone, or is of another version.
    Schema,
    /// It does not permit its user what a push needs.
    NotPermitted,
}

impl NotReadyReason {
    /// Returns a label for a metric: stable, in `snake_case`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::Evicts => "evicts",
            Self::Schema => "schema",
            Self::NotPermitted => "not_permitted",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Unavailable => "the request store cannot be asked",
            Self::ReadOnly => "the request store takes no writes",
            Self::Full => "the request store is full",
            Self::Evicts => "the request store drops what it holds when it is full",
            Self::Schema => "the request store lacks its tables, or has others",
            Self::NotPermitted => "the request store does not permit its user what a push needs",
        }
    }
}

impl NotReady {
    /// Makes an error with this cause, be it an error or a text. It is for the log of the host.
    pub fn new(reason: NotReadyReason, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { reason, cause: Cause::new(cause) }
    }

    /// Returns the kind of reason.
    #[must_use]
    pub fn reason(&self) -> NotReadyReason {
        self.reason
    }

    #[cfg(any(feature = "postgres", feature = "redis", feature = "sqlx"))]
    pub(super) fn of(reason: NotReadyReason, error: StoreError) -> Self {
        Self { reason, cause: error.into() }
    }
}

/// The store could not be asked.
impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> Self {
        Self { reason: NotReadyReason::Unavailable, cause: error.into() }
    }
}

impl Error for NotReady {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_error())
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.text())
    }
}

debug_by_display!(NotReady);

/// Spends a request under a key that is no digest of anything, so that there is none: a store that can be asked says so.
pub(super) async fn by_asking<S: RequestStore + ?Sized>(store: &S) -> Result<(), NotReady> {
    let nobody = RecordKey::from_bytes([0; 32]);
    match store.consume(Claim::new(nobody, nobody), std::time::Duration::ZERO).await {
        Err(ClaimError::Unavailable(error)) => Err(error.into()),
        _ => Ok(()),
    }
}
