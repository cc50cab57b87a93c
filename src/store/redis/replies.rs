//! What the answers of the server mean.

use std::time::Duration;

use redis::Value;

use super::{commands::HEAD, script_error::ScriptError, scripts::answer, tokens::Token};
use crate::store::{ClaimError, Claimed, InsertError, ReplayMark, StoreError, StoreRefusal, retry_after};

pub(super) fn inserted_alone(answer: Result<Value, ScriptError>, lifetime: Duration) -> Result<(), InsertError> {
    match answer {
        Ok(Value::Okay) => Ok(()),
        Ok(Value::Nil) => Err(InsertError::Exists),
        Ok(_) => Err(StoreError::from(ScriptError::Answer).into()),
        Err(fault) => Err(refused(fault, lifetime).into()),
    }
}

/// Reads the answer to a request that came with marks.
pub(super) fn inserted(
    answer: Result<Value, ScriptError>,
    marks: &[ReplayMark],
    lifetime: Duration,
) -> Result<(), InsertError> {
    match answer {
        Ok(Value::Int(answer::DONE)) => Ok(()),
        Ok(Value::Int(answer::EXISTS)) => Err(InsertError::Exists),
        Ok(answer) => Err(replayed(&answer, marks).into()),
        Err(fault) => Err(refused(fault, lifetime).into()),
    }
}

fn refused(fault: ScriptError, lifetime: Duration) -> StoreRefusal {
    if fault.is_full() {
        return StoreRefusal::Full { bound: "the memory of Redis", retry_after: retry_after(lifetime) };
    }
    StoreError::from(fault).into()
}

/// Reads the answer to marks that were to be put down: by a script, or one mark by a command that answers with what was there.
pub(super) fn remembered(
    answer: Result<Value, ScriptError>,
    marks: &[ReplayMark],
    token: &Token,
) -> Result<(), StoreRefusal> {
    match (answer, marks) {
        (Ok(Value::Int(answer::DONE)), _) | (Ok(Value::Nil), [_]) => Ok(()),
        (Ok(Value::BulkString(known)), [_]) if *known == *token => Ok(()),
        (Ok(Value::BulkString(_)), [mark]) => Err(StoreRefusal::Replayed { mark: mark.key }),
        // Whatever it is, it is there.
        (Err(fault), [mark]) if fault.is_of_another_type() => Err(StoreRefusal::Replayed { mark: mark.key }),
        (Ok(answer), marks) => Err(replayed(&answer, marks)),
        (Err(fault), marks) => Err(refused(fault, marks.first().map_or(Duration::ZERO, |mark| mark.lifetime))),
    }
}

/// Scripts count from one.
fn replayed(answer: &Value, marks: &[ReplayMark]) -> StoreRefusal {
    let known = match answer {
        Value::Int(place) => usize::try_from(place.saturating_sub(1)).ok().and_then(|index| marks.get(index)),
        _ => None,
    };
    known.map_or_else(|| StoreError::from(ScriptError::Answer).into(), |mark| StoreRefusal::Replayed { mark: mark.key })
}

/// Takes a record apart, of a request that has so many milliseconds left if it was open before.
pub(super) fn claimed(mut record: Vec<u8>, left: Option<i64>) -> Result<Claimed, ClaimError> {
    let numbers = record.split_first_chunk::<HEAD>().map(|(head, _)| numbers_of(head));
    let Numbers { may_be_open, revision, note } = numbers.ok_or(ClaimError::Unreadable)?;
    // The server counts whole milliseconds. With one more, no request seems to have been opened later than it was.
    let open_for = |left: i64| may_be_open.saturating_sub(left.max(0).unsigned_abs()).saturating_add(1);
    let open_for = left.map_or(0, open_for);
    let token = if revision == 0 { 0 } else { size_of::<Token>() };
    let head = HEAD.saturating_add(token);
    if head.saturating_add(note) > record.len() {
        return Err(ClaimError::Unreadable);
    }
    record.drain(..head);
    let annotation = record.drain(..note).collect();
    Ok(Claimed::new(record, Duration::from_millis(open_for)).with_annotation(annotation, revision))
}

/// The numbers in the head of a record.
struct Numbers {
    /// In milliseconds.
    may_be_open: u64,
    /// How often the note was changed.
    revision: u32,
    /// The length of the note.
    note: usize,
}

fn numbers_of(head: &[u8; HEAD]) -> Numbers {
    let number = |from: usize, to: usize| {
        let bytes = head.get(from..to).unwrap_or_default();
        bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
    };
    Numbers {
        may_be_open: number(34, 42),
        revision: u32::try_from(number(74, 78)).unwrap_or(u32::MAX),
        note: usize::try_from(number(78, 82)).unwrap_or(usize::MAX),
    }
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
