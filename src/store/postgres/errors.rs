//! Errors of the server, and their consequences for a statement, its connection and its caller.

use std::{error::Error as _, time::Duration};

use deadpool_postgres::PoolError;
use tokio_postgres::{Error, error::DbError};

use crate::{
    error_text::debug_by_display,
    store::{AnnotateError, ClaimError, InsertError, StoreError, StoreRefusal},
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
    #[error("the database cannot be used: {}", cause(.0))]
    Unavailable(StoreError),
}

impl From<StoreError> for PostgresStoreError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

/// The cause of a store's error, whose own text says nothing that is not said beside it.
fn cause(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

debug_by_display!(PostgresStoreError);

/// The reason that an operation has come to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// No room on the disk or in memory.
    Full(StoreError),
    Unavailable(StoreError),
}

impl Failure {
    pub(super) fn unavailable(why: &'static str) -> Self {
        Self::Unavailable(StoreError::new(why))
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(match error {
            PoolError::Backend(error) => StoreError::new(described(&error)),
            other => StoreError::new(other.to_string()),
        })
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full(error) | Failure::Unavailable(error) => error,
        }
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
        match failure {
            Failure::Full(_) => Self::Full { retry_after: RETRY_AFTER },
            Failure::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<Failure> for InsertError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure.into())
    }
}

impl From<Failure> for PostgresStoreError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
    }
}

/// The consequence of an error. Either nothing of its statement has happened, or it is not known.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It met another one. Run it again.
    Raced,
    /// The server has forgotten what was prepared, or changed it. Prepare it again.
    Forgotten,
    /// It is refused.
    Refused(Failure),
    /// It is refused, and the connection is of no more use.
    Disconnected(Failure),
}

impl Verdict {
    pub(super) fn of(error: &Error) -> Self {
        let unavailable = || Failure::Unavailable(StoreError::new(described(error)));
        let Some(code) = error.as_db_error().map(|error| error.code().code()) else {
            return Self::Disconnected(unavailable());
        };
        match code {
            // Serialization failure, deadlock, and the error that our own statements make.
            "40001" | "40P01" | "22P02" => Self::Raced,
            // "Cached plan must not change result type", a statement of that name is unknown, or taken.
            "0A000" | "26000" | "42P05" => Self::Forgotten,
            "53100" | "53200" => Self::Refused(Failure::Full(StoreError::new(described(error)))),
            // Among them 25006, of a primary that has become a replica: the next connection may find the new one.
            _ if ["08", "25", "57"].iter().any(|class| code.starts_with(class)) => Self::Disconnected(unavailable()),
            _ => Self::Refused(unavailable()),
        }
    }
}

/// Returns `true` for an error that says that a prepared statement is not there, or is another's of the same name.
pub(super) fn is_forgotten(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| matches!(error.code().code(), "26000" | "42P05"))
}

/// Returns the part of an error that a log may have: detail, hint and context may quote what is stored.
pub(super) fn described(error: &Error) -> String {
    match error.as_db_error() {
        Some(database) => described_by_server(database),
        None => error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
    }
}

fn described_by_server(error: &DbError) -> String {
    /// Data and its constraints, and what triggers make up. Messages of these may quote values as well.
    const MAY_QUOTE: [&str; 4] = ["22", "23", "P0", "44"];
    let code = error.code().code();
    if MAY_QUOTE.iter().any(|class| code.starts_with(class)) {
        format!("SQLSTATE {code}")
    } else {
        format!("SQLSTATE {code}: {}", error.message())
    }
}
