//! The rows that statements give back.

use std::time::Duration;

use tokio_postgres::{
    Row,
    types::{FromSql, FromSqlOwned},
};

use super::{
    errors::Failure,
    statements::{OPEN, SPENT, WAITING},
};
use crate::store::{Claim, ClaimError, Claimed, RecordKey};

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
        let browser = read::<Option<&[u8]>>(row, 2)?.map(key).transpose()?;
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

/// The answer to a claim that fits.
pub(super) fn claimed(row: &Row) -> Result<Claimed, ClaimError> {
    let revision = u32::try_from(read::<i64>(row, 3)?).map_err(|_| ClaimError::Unreadable)?;
    Ok(Claimed::new(read(row, 5)?, milliseconds(row, 6)?).with_annotation(read(row, 7)?, revision))
}

pub(super) fn milliseconds(row: &Row, index: usize) -> Result<Duration, ClaimError> {
    read::<i64>(row, index).map(|milliseconds| Duration::from_millis(milliseconds.max(0).unsigned_abs()))
}

pub(super) fn read<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, ClaimError> {
    row.try_get(index).map_err(|_| ClaimError::Unreadable)
}

fn key(bytes: &[u8]) -> Result<RecordKey, ClaimError> {
    bytes.try_into().map(RecordKey::from_bytes).map_err(|_| ClaimError::Unreadable)
}

/// The known mark that a statement has found.
pub(super) fn known(rows: &[Row]) -> Result<Option<RecordKey>, Failure> {
    let mark: Option<Vec<u8>> = column(rows, 0)?;
    let key = |mark: Vec<u8>| mark.try_into().map(RecordKey::from_bytes).map_err(|_| unreadable());
    mark.map(key).transpose()
}

/// A column of the only row.
pub(super) fn column<T: FromSqlOwned>(rows: &[Row], index: usize) -> Result<T, Failure> {
    rows.first().ok_or_else(unreadable)?.try_get(index).map_err(|_| unreadable())
}

fn unreadable() -> Failure {
    Failure::unavailable("the server's answer cannot be read")
}
