//! The rows that statements give back.

use std::time::Duration;

use super::{
    errors::Failure,
    statements::{OPEN, SPENT, WAITING},
};
use crate::store::{Claim, ClaimError, Claimed, RecordKey};

/// A row of any driver.
pub(super) enum Row {
    #[cfg(feature = "postgres")]
    TokioPostgres(tokio_postgres::Row),
    #[cfg(feature = "sqlx")]
    Sqlx(sqlx::postgres::PgRow),
}

impl Row {
    /// A column, or `None` if it is of another type or not there.
    fn get<T: Column>(&self, index: usize) -> Option<T> {
        match self {
            #[cfg(feature = "postgres")]
            Self::TokioPostgres(row) => row.try_get(index).ok(),
            #[cfg(feature = "sqlx")]
            Self::Sqlx(row) => sqlx::Row::try_get(row, index).ok(),
        }
    }
}

/// A type of columns, to each driver.
macro_rules! column {
    ($($bound:path),*) => {
        pub(super) trait Column: Sized $(+ $bound)* {}
        impl<T: Sized $(+ $bound)*> Column for T {}
    };
}

#[cfg(all(feature = "postgres", not(feature = "sqlx")))]
column!(tokio_postgres::types::FromSqlOwned);
#[cfg(all(feature = "sqlx", not(feature = "postgres")))]
column!(OfSqlx);
#[cfg(all(feature = "postgres", feature = "sqlx"))]
column!(tokio_postgres::types::FromSqlOwned, OfSqlx);

/// A type that sqlx decodes without borrowing from the row.
#[cfg(feature = "sqlx")]
pub(super) trait OfSqlx: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> {}

#[cfg(feature = "sqlx")]
impl<T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>> OfSqlx for T {}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Open,
}

/// A request that may be opened, read or spent by the claim at hand.
pub(super) struct Stored {
    pub(super) state: State,
    /// The number of the host's note.
    pub(super) revision: i64,
    is_bound: bool,
}

impl Stored {
    pub(super) fn read(row: &Row, claim: &Claim) -> Result<Self, ClaimError> {
        let owner = key(read(row, 1)?)?;
        let browser = read::<Option<Vec<u8>>>(row, 2)?.map(key).transpose()?;
        let (state, revision) = (read(row, 0)?, read(row, 3)?);
        if owner != claim.owner {
            return Err(ClaimError::OtherOwner);
        }
        let state = match state {
            SPENT => return Err(ClaimError::Spent),
            WAITING => State::Waiting,
            OPEN => State::Open,
            _ => return Err(ClaimError::Unreadable),
        };
        if browser.is_some() && browser != claim.browser {
            return Err(ClaimError::OtherBrowser);
        }
        Ok(Self { state, revision, is_bound: browser.is_some() })
    }

    /// Returns `true` when there is nothing to change.
    pub(super) fn is_open_to(&self, claim: &Claim) -> bool {
        self.state == State::Open && (self.is_bound || claim.browser.is_none())
    }
}

/// The answer to a claim that fits a request which was open before.
pub(super) fn claimed(row: &Row) -> Result<Claimed, ClaimError> {
    let revision = u32::try_from(read::<i64>(row, 3)?).map_err(|_| ClaimError::Unreadable)?;
    Ok(Claimed::new(read(row, 4)?, milliseconds(row, 5)?).with_annotation(read(row, 6)?, revision))
}

pub(super) fn milliseconds(row: &Row, index: usize) -> Result<Duration, ClaimError> {
    read::<i64>(row, index).map(|milliseconds| Duration::from_millis(milliseconds.max(0).unsigned_abs()))
}

pub(super) fn read<T: Column>(row: &Row, index: usize) -> Result<T, ClaimError> {
    row.get(index).ok_or(ClaimError::Unreadable)
}

fn key(bytes: Vec<u8>) -> Result<RecordKey, ClaimError> {
    bytes.try_into().map(RecordKey::from_bytes).map_err(|_| ClaimError::Unreadable)
}

/// The known mark that a statement has found.
pub(super) fn known(rows: &[Row]) -> Result<Option<RecordKey>, Failure> {
    let mark: Option<Vec<u8>> = column(rows, 0)?;
    let key = |mark: Vec<u8>| mark.try_into().map(RecordKey::from_bytes).map_err(|_| unreadable());
    mark.map(key).transpose()
}

/// A column of the only row.
pub(super) fn column<T: Column>(rows: &[Row], index: usize) -> Result<T, Failure> {
    rows.first().and_then(|row| row.get(index)).ok_or_else(unreadable)
}

fn unreadable() -> Failure {
    Failure::unavailable("the server's answer cannot be read")
}
