//! Errors of the server, and their consequences for a statement, its connection and its caller.

use std::time::Duration;

use super::database_error::DatabaseError;
use crate::{
    error_text::debug_by_display,
    store::{AnnotateError, ClaimError, InsertError, NotReady, NotReadyReason, StoreError, StoreRefusal},
};

/// Disks are not emptied in a second.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The reason that a [`PostgresStore`](crate::store::PostgresStore) cannot be built, migrated or used.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresStoreError {
    /// The schema is not `[A-Za-z_][A-Za-z0-9_]{0,62}`.
    #[error("the schema must be one to 63 letters, digits and `_`, and start with no digit")]
    Schema,
    /// The table prefix is not up to 44 letters, digits and `_`, or starts with a digit.
    #[error("the table prefix must be up to 44 letters, digits and `_`, and start with no digit")]
    TablePrefix,
    /// A later version of this library has made the tables.
    #[error("the tables are of version {found}, and this is for version {known}")]
    NewerSchema {
        /// The version of the tables.
        found: i32,
        /// The one that this version of the library knows.
        known: i32,
    },
    /// A statement that was prepared in one transaction is unknown in the next: behind the pool there is another one,
    /// such as PgBouncer in transaction mode, that does not keep statements for its clients.
    #[error(
        "prepared statements are forgotten between transactions: in transaction mode, PgBouncer must be 1.21 or later and have \
         max_prepared_statements set; or switch unnamed_statements on"
    )]
    PreparedStatements,
    /// The database could not be asked, or refused.
    #[error("the database cannot be used: {}", .0.cause_text())]
    Unavailable(StoreError),
}

impl From<StoreError> for PostgresStoreError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

debug_by_display!(PostgresStoreError);

/// The reason that an operation has come to nothing.
#[derive(Debug)]
pub(super) struct Failure {
    kind: NotReadyReason,
    error: StoreError,
}

impl Failure {
    pub(super) fn unavailable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: NotReadyReason::Unavailable, error: StoreError::new(why) }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let kind = match error.code() {
            // No room on the disk or in memory.
            Some("53100" | "53200") => NotReadyReason::Full,
            Some("25006") => NotReadyReason::ReadOnly,
            Some("42501") => NotReadyReason::NotPermitted,
            _ if error.is_of_schema() => NotReadyReason::Schema,
            _ => NotReadyReason::Unavailable,
        };
        Self { kind, error: StoreError::new(error.described()) }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl From<Failure> for ClaimError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
    }
}

impl From<Failure> for AnnotateError {
    fn from(failure: Failure) -> Self {
        Self::NotOpen(failure.into())
    }
}

impl From<Failure> for StoreRefusal {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            NotReadyReason::Full => {
                Self::Full { bound: "the disk or the memory of PostgreSQL", retry_after: RETRY_AFTER }
            }
            _ => Self::Unavailable(failure.error),
        }
    }
}

impl From<Failure> for InsertError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure.into())
    }
}

impl From<Failure> for NotReady {
    fn from(failure: Failure) -> Self {
        Self::of(failure.kind, failure.error)
    }
}

impl From<Failure> for PostgresStoreError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
    }
}

/// The consequence of an error. Either nothing of its statement has happened, or it is not known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It met another one. Run it again.
    Raced,
    /// The server has forgotten what was prepared, or changed it. Prepare it again.
    Forgotten,
    /// It is refused.
    Refused,
    /// It is refused, and the connection is of no more use.
    Disconnected,
}

impl Verdict {
    pub(super) fn of(error: &DatabaseError) -> Self {
        let Some(code) = error.code() else { return Self::Disconnected };
        match code {
            // Serialization failure, deadlock, and the error that our own statements make.
            "40001" | "40P01" | "22P02" => Self::Raced,
            // "Cached plan must not change result type", a statement of that name is unknown, or taken.
            "0A000" | "26000" | "42P05" => Self::Forgotten,
            // Among them 25006, of a primary that has become a replica: the next connection may find the new one.
            _ if ["08", "25", "57"].iter().any(|class| code.starts_with(class)) => Self::Disconnected,
            _ => Self::Refused,
        }
    }
}
