//! The rows that statements give back.

use tokio_postgres::{
    Row,
    types::{FromSql, FromSqlOwned},
};

use super::{
    errors::Failure,
    statements::{OPEN, SPENT, WAITING},
};
use crate::store::{Claim, ClaimError, RecordKey};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Open,
}

/// A request that may be opened, read or spent by the claim at hand.
pub(super) struct Stored {
    pub(super) state: State,
    is_bound: bool,
}

impl Stored {
    pub(super) fn read(row: &Row, claim: &Claim) -> Result<Self, ClaimError> {
        let owner = key(read(row, 1)?)?;
        let browser = read::<Option<&[u8]>>(row, 2)?.map(key).transpose()?;
        let state = read(row, 0)?;
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
        Ok(Self { state, is_bound: browser.is_some() })
    }

    /// Returns `true` when there is nothing to change.
    pub(super) fn is_open_to(&self, claim: &Claim) -> bool {
        self.state == State::Open && (self.is_bound || claim.browser.is_none())
    }
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
