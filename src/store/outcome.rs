//! The answers of a store.

use std::{fmt, time::Duration};

use super::RecordKey;
use crate::{cause::opaque_error, error_text::debug_by_display};

/// The part of a call's marks that a store has taken down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remembered {
    /// The number of marks of [hygiene](crate::store::MarkPurpose::Hygiene) that were left out for want of room.
    pub skipped: usize,
}

impl Remembered {
    /// Every mark was taken down.
    pub const ALL: Self = Self { skipped: 0 };

    /// Makes the answer that so many marks were left out.
    #[must_use]
    pub const fn all_but(skipped: usize) -> Self {
        Self { skipped }
    }
}

/// A request that is open.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// The payload that was inserted, byte for byte.
    pub payload: Vec<u8>,
    /// The time since the first claim, by the store's own clock, to the millisecond. Zero for the first claim itself. A store whose
    /// clock is coarser than what it counts rounds up, so that no request seems to have been opened later than it was.
    pub open_for: Duration,
    /// The note of the host. Empty if there is none.
    pub annotation: Vec<u8>,
    /// How often the note was changed.
    pub revision: u32,
}

impl Claimed {
    /// Makes the answer to a claim of a request without a note.
    #[must_use]
    pub const fn new(payload: Vec<u8>, open_for: Duration) -> Self {
        Self { payload, open_for, annotation: Vec::new(), revision: 0 }
    }

    /// Returns the answer with this note, which was changed so often.
    #[must_use]
    pub fn with_annotation(self, annotation: Vec<u8>, revision: u32) -> Self {
        Self { annotation, revision, ..self }
    }
}

impl fmt::Debug for Claimed {
    /// Keeps back payload and note, which are full of other people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimed")
            .field("payload_bytes", &self.payload.len())
            .field("open_for", &self.open_for)
            .field("annotation_bytes", &self.annotation.len())
            .field("revision", &self.revision)
            .finish()
    }
}

opaque_error! {
    /// A store could not be asked.
    StoreError, "the request store is unavailable"
}

#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlx"))]
impl StoreError {
    /// The text of the cause, whose own text says more than that the store is unavailable.
    pub(super) fn cause_text(&self) -> String {
        std::error::Error::source(self).map_or_else(|| self.to_string(), ToString::to_string)
    }
}

/// The reason that a request was not inserted.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// There is something under the key.
    #[error("the key is taken")]
    Exists,
    /// Neither the request nor its marks were taken down.
    #[error(transparent)]
    Refused(#[from] StoreRefusal),
}

impl From<StoreError> for InsertError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// The reason that nothing was taken down: no marks, and no request with them.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreRefusal {
    /// A mark is known.
    #[error("a mark is known")]
    Replayed {
        /// The key of the mark, or of one of them.
        mark: RecordKey,
    },
    /// The client has its share of the store in use, of requests or of marks.
    #[error("the client has its share of the store in use")]
    OwnerLimit {
        /// The time after which there is room again. A store that cannot know it gives an estimate.
        retry_after: Duration,
    },
    /// The store is full, of requests or of marks.
    #[error("the store is full: {bound}")]
    Full {
        /// What is used up, for the log of the host: a fixed text of the store's.
        bound: &'static str,
        /// The time after which there is room again. A store that cannot know it gives an estimate.
        retry_after: Duration,
    },
    /// The store could not be asked.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// The reason that a request was neither opened nor spent.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The request was never inserted, has expired, or is forgotten.
    #[error("there is no such request")]
    Unknown,
    /// The request was spent before.
    #[error("the request is spent")]
    Spent,
    /// The request belongs to another client. A store that keeps requests by client cannot tell, and says that it is unknown.
    #[error("the request belongs to another client")]
    OtherOwner,
    /// The request is open in another browser.
    #[error("the request is open in another browser")]
    OtherBrowser,
    /// There is something under the key that is not what was put there: damaged, swapped, or of a layout or under a key
    /// that this node does not know.
    #[error("the record cannot be read")]
    Unreadable,
    /// The store could not be asked.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// The reason that a note was not taken down.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AnnotateError {
    /// The note was changed since the host has read it.
    #[error("the note was changed meanwhile")]
    Changed,
    /// There is no such open request for this client and this browser, or the store could not be asked.
    #[error(transparent)]
    NotOpen(#[from] ClaimError),
}

impl From<StoreError> for AnnotateError {
    fn from(error: StoreError) -> Self {
        Self::NotOpen(error.into())
    }
}

debug_by_display!(InsertError, StoreRefusal, ClaimError, AnnotateError);

/// Estimates when to try again what would have lived so long, in a store that is full and cannot know: with a steady
/// stream of pushes something expires all the time.
pub(super) fn retry_after(lifetime: Duration) -> Duration {
    lifetime.min(Duration::from_secs(10))
}
