//! What the answers of the server mean.

use std::time::Duration;

use redis::Value;

use super::{names::HEAD, script_error::ScriptError, scripts::answer};
use crate::store::{ClaimError, Claimed, InsertError, ReplayMark, StoreError, StoreRefusal, retry_after};

pub(super) fn inserted_alone(answer: Result<Value, ScriptError>, lifetime: Duration) -> Result<(), InsertError> {
    match answer {
        Ok(Value::Okay) => Ok(()),
        Ok(Value::Nil) => Err(InsertError::Exists),
        Ok(_) => Err(StoreError::from(ScriptError::Answer).into()),
        Err(fault) => Err(refused(fault, lifetime).into()),
    }
}

pub(super) fn refused(fault: ScriptError, lifetime: Duration) -> StoreRefusal {
    if fault.is_full() {
        return StoreRefusal::Full { retry_after: retry_after(lifetime) };
    }
    StoreError::from(fault).into()
}

/// Scripts count from one.
pub(super) fn replayed(answer: &Value, marks: &[ReplayMark]) -> StoreRefusal {
    let known = match answer {
        Value::Int(place) => usize::try_from(place.saturating_sub(1)).ok().and_then(|index| marks.get(index)),
        _ => None,
    };
    known.map_or_else(|| StoreError::from(ScriptError::Answer).into(), |mark| StoreRefusal::Replayed { mark: mark.key })
}

/// Takes the payload out of a record, of a request that has so many milliseconds left if it was open before.
pub(super) fn claimed(mut record: Vec<u8>, left: Option<i64>) -> Result<Claimed, ClaimError> {
    let may_be_open: &[u8; 8] = record.get(34..).and_then(|rest| rest.first_chunk()).ok_or(ClaimError::Unreadable)?;
    let open_for = left.map_or(0, |left| u64::from_be_bytes(*may_be_open).saturating_sub(left.max(0).unsigned_abs()));
    if record.len() < HEAD {
        return Err(ClaimError::Unreadable);
    }
    record.drain(..HEAD);
    Ok(Claimed::new(record, Duration::from_millis(open_for)))
}

pub(super) fn misfit(answer: &Value) -> ClaimError {
    match answer {
        Value::Int(answer::UNKNOWN) => ClaimError::Unknown,
        Value::Int(answer::SPENT) => ClaimError::Spent,
        Value::Int(answer::OTHER_OWNER) => ClaimError::OtherOwner,
        Value::Int(answer::OTHER_BROWSER) => ClaimError::OtherBrowser,
        _ => ClaimError::Unreadable,
    }
}
