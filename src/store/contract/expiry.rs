//! Lifetimes, to the second: each is counted from the operation that began it.

use std::time::Duration;

use super::{
    Harness, Violation,
    bench::{Bench, LONG, expect},
};
use crate::store::{Claim, ClaimError, NewRequest};

/// Stores that sleep for real need some room on either side of the second.
const LIFETIME: Duration = Duration::from_secs(2);
const ALMOST: Duration = Duration::from_millis(1500);
const REST: Duration = Duration::from_millis(500);

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    waiting_ends(bench)?;
    opening_starts_the_login_and_repeating_it_does_not_prolong_it(bench)?;
    an_expired_request_is_not_spent(bench)?;
    the_memory_of_a_spent_request_ends(bench)?;
    marks_end(bench)
}

fn is_unknown<T>(outcome: &Result<T, ClaimError>) -> bool {
    matches!(outcome, Err(ClaimError::Unknown))
}

fn waiting_ends<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let (early, late) = (bench.subject()?, bench.subject()?);
    for subject in [early, late] {
        let request = NewRequest { lifetime: LIFETIME, ..subject.request() };
        expect("a new request is inserted", &bench.insert(request), Result::is_ok)?;
    }
    bench.harness.pass(ALMOST);
    expect("a request waits as long as it was told to", &bench.claim(early.claim_by(None)), Result::is_ok)?;
    bench.harness.pass(REST);
    expect("a request waits no longer than it was told to", &bench.claim(late.claim_by(None)), is_unknown)?;
    expect(
        "an opened request outlives the time it could have waited",
        &bench.claim(early.claim_by(None)),
        Result::is_ok,
    )?;
    expect("the key of an expired request is free", &bench.insert(late.request()), Result::is_ok)
}

fn opening_starts_the_login_and_repeating_it_does_not_prolong_it<H: Harness>(
    bench: &Bench<'_, H>,
) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let claim = Claim { lifetime: LIFETIME, ..subject.claim_by(None) };
    expect("a request that waits is opened", &bench.claim(claim), Result::is_ok)?;
    bench.harness.pass(ALMOST);
    expect("an open request lives as long as it was told to", &bench.claim(subject.claim_by(None)), Result::is_ok)?;
    bench.harness.pass(REST);
    expect("opening it again does not prolong its life", &bench.claim(subject.claim_by(None)), is_unknown)
}

fn an_expired_request_is_not_spent<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let claim = Claim { lifetime: LIFETIME, ..subject.claim_by(None) };
    expect("a request that waits is opened", &bench.claim(claim), Result::is_ok)?;
    bench.harness.pass(LIFETIME);
    expect("an expired request is not spent", &bench.consume(subject.claim_by(None)), is_unknown)
}

fn the_memory_of_a_spent_request_ends<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.open()?;
    let claim = Claim { lifetime: LIFETIME, ..subject.claim_by(None) };
    expect("an open request is spent", &bench.consume(claim), Result::is_ok)?;
    bench.harness.pass(LIFETIME);
    expect("a forgotten request is unknown", &bench.claim(subject.claim_by(None)), is_unknown)?;
    expect("a forgotten request is not spent again", &bench.consume(subject.claim_by(None)), is_unknown)
}

fn marks_end<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let is = |expected| move |outcome: &Result<bool, _>| matches!(outcome, Ok(new) if *new == expected);
    let (mark, other) = (bench.key()?, bench.key()?);
    expect("a mark is new once", &bench.remember(mark, LIFETIME), is(true))?;
    expect("a mark is new once", &bench.remember(mark, LONG), is(false))?;
    expect("marks are independent", &bench.remember(other, LIFETIME), is(true))?;
    bench.harness.pass(ALMOST);
    expect("a mark lives as long as it was told to", &bench.remember(mark, LONG), is(false))?;
    bench.harness.pass(REST);
    expect("a mark lives no longer, whatever was asked since", &bench.remember(mark, LIFETIME), is(true))
}
