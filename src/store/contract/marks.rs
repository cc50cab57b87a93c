//! Marks: new once, and remembered together with what they came with or not at all.

pub(super) mod races;

use super::{
    Harness, Violation,
    bench::{Bench, expect, is_replay_of},
};
use crate::store::{
    Claim, ClaimError, InsertError, NewRequest, Owner, Remembered, ReplayMark, RequestStore as _, StoreRefusal,
};

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    a_mark_is_known_to_every_caller(bench)?;
    marks_are_remembered_together(bench)?;
    requests_and_others_share_their_marks(bench)?;
    a_replay_inserts_nothing(bench)?;
    a_taken_key_burns_no_mark(bench)?;
    a_mark_comes_once_in_a_call(bench)
}

const LEAVES_NOTHING: &str = "a refused insert leaves no mark behind";

fn is_refused_for(expected: ReplayMark) -> impl Fn(&Result<Remembered, InsertError>) -> bool {
    move |outcome| matches!(outcome, Err(InsertError::Refused(StoreRefusal::Replayed { mark })) if *mark == expected.key)
}

fn a_mark_is_known_to_every_caller<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let [mark, other] = bench.marks()?;
    let owner = bench.key()?;
    expect("there may be no marks at all", &bench.remember(owner, &[]), Result::is_ok)?;
    expect("a mark is new once", &bench.remember(owner, &[mark]), Result::is_ok)?;
    expect("a mark is new once", &bench.remember(owner, &[mark]), is_replay_of(mark))?;
    let another = bench.harness.block_on(bench.harness.store().remember(Owner::authenticated(owner), &[mark]));
    expect("a mark is known to every caller", &another, is_replay_of(mark))?;
    expect("marks are independent", &bench.remember(owner, &[other]), Result::is_ok)
}

fn marks_are_remembered_together<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "marks are remembered together or not at all";
    let [first, second, third, fourth] = bench.marks()?;
    let owner = bench.key()?;
    expect(PROMISE, &bench.remember(owner, &[first, second]), Result::is_ok)?;
    for mark in [first, second] {
        expect(PROMISE, &bench.remember(owner, &[mark]), is_replay_of(mark))?;
    }
    let refused = bench.remember(owner, &[third, second, fourth]);
    expect("a refusal names the mark that is known", &refused, is_replay_of(second))?;
    for mark in [third, fourth] {
        expect(PROMISE, &bench.remember(owner, &[mark]), Result::is_ok)?;
    }
    for mark in [first, second] {
        let known = bench.remember(owner, &[mark]);
        expect("a refusal takes back no mark but its own", &known, is_replay_of(mark))?;
    }
    Ok(())
}

fn a_mark_comes_once_in_a_call<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a mark that comes twice in a call is refused";
    let [mark, other] = bench.marks()?;
    let owner = bench.key()?;
    expect(PROMISE, &bench.remember(owner, &[mark, other, mark]), is_replay_of(mark))?;
    let subject = bench.subject()?;
    let twice = bench.insert(subject.request().with_marks(&[other, mark, mark]));
    expect(PROMISE, &twice, is_refused_for(mark))?;
    expect(PROMISE, &bench.insert(subject.request().with_marks(&[other, mark])), Result::is_ok)
}

fn requests_and_others_share_their_marks<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a mark that came with a request is known";
    let [first, second, third] = bench.marks()?;
    let subject = bench.subject()?;
    let inserted = bench.insert(subject.request().with_marks(&[first, second]));
    expect("a request with new marks is inserted", &inserted, Result::is_ok)?;
    for mark in [first, second] {
        expect(PROMISE, &bench.remember(subject.owner, &[third, mark]), is_replay_of(mark))?;
        let other = bench.insert(bench.subject_of(subject.owner)?.request().with_marks(&[mark]));
        expect(PROMISE, &other, is_refused_for(mark))?;
    }
    let claim = subject.claim_by(None);
    expect("a request with marks is opened", &bench.claim(claim), Result::is_ok)?;
    expect("a request with marks is spent", &bench.consume(claim), Result::is_ok)?;
    for mark in [first, second] {
        expect("a mark is known when its request is spent", &bench.remember(claim.owner, &[mark]), is_replay_of(mark))?;
    }
    Ok(())
}

fn a_replay_inserts_nothing<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a request with a known mark is not inserted";
    let [known, first, second] = bench.marks()?;
    let subject = bench.subject()?;
    expect("a mark is new once", &bench.remember(subject.owner, &[known]), Result::is_ok)?;
    let inserted = bench.insert(subject.request().with_marks(&[first, known, second]));
    expect(PROMISE, &inserted, is_refused_for(known))?;
    let claimed = bench.claim(subject.claim_by(None));
    expect(PROMISE, &claimed, |claimed| matches!(claimed, Err(ClaimError::Unknown)))?;
    let again = bench.insert(subject.request().with_marks(&[first, second]));
    expect(LEAVES_NOTHING, &again, Result::is_ok)?;
    let known_still = bench.remember(subject.owner, &[known]);
    expect("a refusal takes back no mark but its own", &known_still, is_replay_of(known))
}

/// In each state that a request can be in.
fn a_taken_key_burns_no_mark<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let [known] = bench.marks()?;
    let subject = bench.waiting()?;
    let claim: Claim = subject.claim_by(None);
    expect("a mark is new once", &bench.remember(subject.owner, &[known]), Result::is_ok)?;
    let is_refused = || {
        let [first, second] = bench.marks()?;
        let taken = bench.insert(NewRequest { marks: &[first, second], payload: b"other", ..subject.request() });
        expect("an insert never overwrites", &taken, |taken| matches!(taken, Err(InsertError::Exists)))?;
        expect(LEAVES_NOTHING, &bench.remember(subject.owner, &[first, second]), Result::is_ok)?;
        let [third] = bench.marks()?;
        let replay = bench.insert(NewRequest { marks: &[third, known], payload: b"other", ..subject.request() });
        expect("a replay is told as one, even under a taken key", &replay, is_refused_for(known))?;
        expect(LEAVES_NOTHING, &bench.remember(subject.owner, &[third]), Result::is_ok)
    };
    is_refused()?;
    expect("a refused insert leaves what is there", &bench.claim(claim), |claimed| {
        claimed.as_ref().is_ok_and(|claimed| claimed.payload == subject.payload)
    })?;
    is_refused()?;
    expect("an open request is spent", &bench.consume(claim), Result::is_ok)?;
    is_refused()
}
