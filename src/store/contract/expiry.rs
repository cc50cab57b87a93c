//! Lifetimes, to the second: each is counted from the operation that began it.

use std::time::{Duration, Instant};

use super::{
    Harness, Violation,
    bench::{Bench, expect, is_replay_of},
};
use crate::store::{ClaimError, ReplayMark};

/// Stores that sleep for real need some room on either side of the second.
const LIFETIME: Duration = Duration::from_secs(2);
const ALMOST: Duration = Duration::from_millis(1500);
const REST: Duration = Duration::from_millis(500);

/// A store may count in whole seconds.
const SECOND: Duration = Duration::from_secs(1);

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    waiting_ends(bench)?;
    opening_starts_the_login_and_repeating_it_does_not_prolong_it(bench)?;
    a_claim_tells_since_when_it_is_open(bench)?;
    an_expired_request_is_not_spent(bench)?;
    the_memory_of_a_spent_request_ends(bench)?;
    marks_end(bench)?;
    marks_end_each_at_its_own_time(bench)
}

fn is_unknown<T>(outcome: &Result<T, ClaimError>) -> bool {
    matches!(outcome, Err(ClaimError::Unknown))
}

fn waiting_ends<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let (early, late) = (bench.subject()?, bench.subject()?);
    for subject in [early, late] {
        let inserted = bench.insert_for(subject.request(), LIFETIME);
        expect("a new request is inserted", &inserted, Result::is_ok)?;
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
    let opened = bench.claim_for(subject.claim_by(None), LIFETIME);
    expect("a request that waits is opened", &opened, Result::is_ok)?;
    bench.harness.pass(ALMOST);
    expect("an open request lives as long as it was told to", &bench.claim(subject.claim_by(None)), Result::is_ok)?;
    bench.harness.pass(REST);
    expect("opening it again does not prolong its life", &bench.claim(subject.claim_by(None)), is_unknown)
}

/// Counted from the first claim of all, whoever makes the later ones.
fn a_claim_tells_since_when_it_is_open<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a claim says how long the request has been open";
    let subject = bench.waiting()?;
    bench.harness.pass(REST);
    let begun = Instant::now();
    let first = bench.claim(subject.claim_by(None));
    expect("the first claim finds that the request has been open for no time", &first, |first| {
        first.as_ref().is_ok_and(|claimed| claimed.open_for.is_zero())
    })?;
    let browser = subject.claim_by(Some(bench.key()?));
    let mut passed = Duration::ZERO;
    for _ in 0..2 {
        bench.harness.pass(LIFETIME);
        passed = passed.saturating_add(LIFETIME);
        let claimed = bench.claim(browser);
        let latest = passed.saturating_add(begun.elapsed()).saturating_add(SECOND);
        expect(PROMISE, &claimed, |claimed| {
            claimed
                .as_ref()
                .is_ok_and(|claimed| claimed.open_for >= passed.saturating_sub(SECOND) && claimed.open_for <= latest)
        })?;
    }
    Ok(())
}

fn an_expired_request_is_not_spent<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let opened = bench.claim_for(subject.claim_by(None), LIFETIME);
    expect("a request that waits is opened", &opened, Result::is_ok)?;
    bench.harness.pass(LIFETIME);
    expect("an expired request is not spent", &bench.consume(subject.claim_by(None)), is_unknown)
}

fn the_memory_of_a_spent_request_ends<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.open()?;
    let spent = bench.consume_for(subject.claim_by(None), LIFETIME);
    expect("an open request is spent", &spent, Result::is_ok)?;
    bench.harness.pass(LIFETIME);
    expect("a forgotten request is unknown", &bench.claim(subject.claim_by(None)), is_unknown)?;
    expect("a forgotten request is not spent again", &bench.consume(subject.claim_by(None)), is_unknown)
}

fn marks_end<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let owner = bench.key()?;
    let [longer, other] = bench.marks()?;
    let mark = ReplayMark { lifetime: LIFETIME, ..longer };
    expect("a mark is new once", &bench.remember(owner, &[mark]), Result::is_ok)?;
    expect("a mark is new once", &bench.remember(owner, &[longer]), is_replay_of(mark))?;
    expect("marks are independent", &bench.remember(owner, &[other]), Result::is_ok)?;
    bench.harness.pass(ALMOST);
    expect("a mark lives as long as it was told to", &bench.remember(owner, &[longer]), is_replay_of(mark))?;
    let pushed = bench.insert(bench.subject_of(owner)?.request().with_marks(&[longer]));
    expect("a mark lives as long as it was told to", &pushed, Result::is_err)?;
    bench.harness.pass(REST);
    expect("a mark lives no longer, whatever was asked since", &bench.remember(owner, &[mark]), Result::is_ok)
}

fn marks_end_each_at_its_own_time<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a mark lives as long as it was told to, whatever it came with";
    let owner = bench.key()?;
    let [mut early, late, mut early_of_request, late_of_request] = bench.marks()?;
    (early.lifetime, early_of_request.lifetime) = (LIFETIME, LIFETIME);
    expect("new marks are remembered", &bench.remember(owner, &[late, early]), Result::is_ok)?;
    let (ends, waits) = (bench.subject_of(owner)?, bench.subject_of(owner)?);
    let inserted = bench.insert_for(ends.request().with_marks(&[late_of_request]), LIFETIME);
    expect("a request with a new mark is inserted", &inserted, Result::is_ok)?;
    let inserted = bench.insert(waits.request().with_marks(&[early_of_request]));
    expect("a request with a new mark is inserted", &inserted, Result::is_ok)?;
    bench.harness.pass(LIFETIME);
    for mark in [late, late_of_request] {
        expect(PROMISE, &bench.remember(owner, &[mark]), is_replay_of(mark))?;
    }
    for mark in [early, early_of_request] {
        expect(PROMISE, &bench.remember(owner, &[mark]), Result::is_ok)?;
    }
    expect("a request lives as long as it was told to", &bench.claim(waits.claim_by(None)), Result::is_ok)
}
