//! Waiting, open, spent; who may do what in each.

use super::{
    Harness, Violation,
    bench::{Bench, expect},
};
use crate::store::{Claim, ClaimError, InsertError, NewRequest, Remembered};

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    opening_is_repeatable(bench)?;
    big_payloads_survive(bench)?;
    nothing_is_overwritten(bench)?;
    only_an_open_request_is_spent(bench)?;
    a_wrong_client_changes_nothing(bench)?;
    the_first_browser_keeps_it(bench)?;
    a_browser_can_come_later(bench)?;
    spent_stays_spent(bench)
}

fn opening_is_repeatable<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    for _ in 0..3 {
        let claimed = bench.claim(subject.claim_by(None));
        expect("a claim gives back the payload, byte for byte, each time", &claimed, |claimed| {
            claimed.as_ref().is_ok_and(|claimed| claimed.payload == subject.payload)
        })?;
    }
    let unknown = bench.claim(bench.subject()?.claim_by(None));
    expect("what was never inserted is unknown", &unknown, |claimed| matches!(claimed, Err(ClaimError::Unknown)))
}

/// The largest request that a policy can allow takes this much.
fn big_payloads_survive<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.subject()?;
    let payload: Vec<u8> = (0..300 * 1024usize).map(|index| index.to_le_bytes()[0]).collect();
    let inserted = bench.insert(NewRequest { payload: &payload, ..subject.request() });
    expect("a payload of 300 KiB is taken", &inserted, Result::is_ok)?;
    let claimed = bench.claim(subject.claim_by(None)).map(|claimed| claimed.payload == payload);
    expect("a payload of 300 KiB is given back", &claimed, |same| matches!(same, Ok(true)))
}

fn nothing_is_overwritten<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "an insert never overwrites";
    let is_exists = |outcome: &Result<Remembered, InsertError>| matches!(outcome, Err(InsertError::Exists));
    let subject = bench.waiting()?;
    let mut other = subject.request();
    other.payload = b"other";
    expect(PROMISE, &bench.insert(other), is_exists)?;
    let claimed = bench.claim(subject.claim_by(None));
    expect(PROMISE, &claimed, |claimed| claimed.as_ref().is_ok_and(|claimed| claimed.payload == subject.payload))?;
    expect(PROMISE, &bench.insert(other), is_exists)?;
    expect("an open request is spent", &bench.consume(subject.claim_by(None)), Result::is_ok)?;
    expect("a spent request is not inserted anew", &bench.insert(other), is_exists)
}

fn a_wrong_client_changes_nothing<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a wrong client is refused and changes nothing";
    let is_other_owner = |error: &ClaimError| matches!(error, ClaimError::OtherOwner | ClaimError::Unknown);
    let subject = bench.waiting()?;
    let wrong = Claim { owner: bench.key()?, ..subject.claim_by(Some(bench.key()?)) };
    expect(PROMISE, &bench.claim(wrong), |claimed| claimed.as_ref().is_err_and(is_other_owner))?;
    expect(PROMISE, &bench.consume(wrong), |consumed| consumed.as_ref().is_err_and(is_other_owner))?;
    let consumed = bench.consume(subject.claim_by(None));
    expect("a wrong client does not open a request", &consumed, |consumed| {
        matches!(consumed, Err(ClaimError::Unknown))
    })?;
    let right = subject.claim_by(Some(bench.key()?));
    let claimed = bench.claim(right);
    expect(PROMISE, &claimed, |claimed| !matches!(claimed, Err(ClaimError::Unknown)))?;
    expect("a wrong client does not bind a request", &claimed, Result::is_ok)?;
    expect(PROMISE, &bench.consume(wrong), |consumed| consumed.as_ref().is_err_and(is_other_owner))?;
    expect("a wrong client does not spend a request", &bench.consume(right), Result::is_ok)
}

fn the_first_browser_keeps_it<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "the first browser keeps the request";
    let subject = bench.waiting()?;
    let first = subject.claim_by(Some(bench.key()?));
    expect(PROMISE, &bench.claim(first), Result::is_ok)?;
    for other in [subject.claim_by(Some(bench.key()?)), subject.claim_by(None)] {
        let claimed = bench.claim(other);
        expect(PROMISE, &claimed, |claimed| matches!(claimed, Err(ClaimError::OtherBrowser)))?;
        let consumed = bench.consume(other);
        expect(PROMISE, &consumed, |consumed| matches!(consumed, Err(ClaimError::OtherBrowser)))?;
    }
    expect(PROMISE, &bench.claim(first), Result::is_ok)?;
    expect(PROMISE, &bench.consume(first), Result::is_ok)
}

fn a_browser_can_come_later<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "the first claim that names a browser binds the request";
    let subject = bench.open()?;
    expect(PROMISE, &bench.claim(subject.claim_by(Some(bench.key()?))), Result::is_ok)?;
    let unnamed = bench.claim(subject.claim_by(None));
    expect(PROMISE, &unnamed, |claimed| matches!(claimed, Err(ClaimError::OtherBrowser)))
}

fn only_an_open_request_is_spent<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let consumed = bench.consume(subject.claim_by(None));
    expect("a request that waits cannot be spent", &consumed, |consumed| matches!(consumed, Err(ClaimError::Unknown)))?;
    expect("and is still there to be opened", &bench.claim(subject.claim_by(None)), Result::is_ok)
}

fn spent_stays_spent<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a spent request is neither opened nor spent again";
    let subject = bench.open()?;
    let claim = subject.claim_by(None);
    expect("an open request is spent", &bench.consume(claim), Result::is_ok)?;
    let is_spent = |error: &ClaimError| matches!(error, ClaimError::Spent);
    expect(PROMISE, &bench.consume(claim), |consumed| consumed.as_ref().is_err_and(is_spent))?;
    expect(PROMISE, &bench.claim(claim), |claimed| claimed.as_ref().is_err_and(is_spent))
}
