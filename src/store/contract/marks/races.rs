//! One mark and 64 callers, and callers that give up half-way.

use crate::store::{
    ClaimError, InsertError, Owner, RecordKey, Remembered, ReplayMark, RequestStore as _, StoreError, StoreRefusal,
    contract::{
        Harness, Violation,
        bench::{Bench, CALLERS, LONG, Subject, at_once, expect, give_up, is_replay_of, one_won},
    },
};

pub(in crate::store::contract) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    for _ in 0..bench.harness.rounds() {
        one_mark_wins(bench)?;
        one_request_wins(bench)?;
        requests_and_others_race_for_a_mark(bench)?;
        marks_in_any_order(bench)?;
        a_lost_race_burns_no_mark(bench)?;
    }
    for polls in 1..=8 {
        cancelled_marks_are_not_torn(bench, polls)?;
        a_cancelled_insert_is_not_torn_from_its_marks(bench, polls)?;
    }
    Ok(())
}

fn one_mark_wins<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let [mark] = bench.marks()?;
    let owner = bench.key()?;
    let outcomes = at_once(bench.harness, |store, _| {
        bench.harness.block_on(store.remember(Owner::authenticated(owner), &[mark]))
    })?;
    expect("of 64 callers, one finds the mark new", &outcomes, |outcomes| one_won(outcomes, is_replay_of(mark)))
}

fn one_request_wins<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let [mark] = bench.marks()?;
    let subjects = subjects(bench, bench.key()?)?;
    let outcomes = at_once(bench.harness, |store, caller| {
        let subject = subjects.get(caller).ok_or(InsertError::Exists)?;
        bench.harness.block_on(store.insert(subject.request().with_marks(&[mark]), LONG))
    })?;
    expect("of 64 requests with one mark, one is inserted", &outcomes, |outcomes| {
        one_won(
            outcomes,
            |lost| matches!(lost, Err(InsertError::Refused(StoreRefusal::Replayed { mark: known })) if *known == mark.key),
        )
    })?;
    let claims: Vec<_> = subjects.iter().map(|subject| bench.claim(subject.claim_by(None))).collect();
    expect("of 64 requests with one mark, one is there", &claims, |claims| {
        one_won(claims, |lost| matches!(lost, Err(ClaimError::Unknown)))
    })
}

fn requests_and_others_race_for_a_mark<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let marks: [ReplayMark; 1] = bench.marks()?;
    let outcomes = with_or_without_a_request(bench, bench.key()?, |_| marks)?;
    expect("of 64 callers with and without a request, one finds the mark new", &outcomes, |outcomes| {
        one_won(outcomes, |lost| matches!(lost, Err(StoreRefusal::Replayed { .. })))
    })
}

/// A store that locks one mark after the other must not make these wait for each other.
fn marks_in_any_order<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "of 64 callers with the same marks in different order, at most one finds them new";
    let [first, second] = bench.marks()?;
    let owner = bench.key()?;
    // The request or its lack alternates with the caller, the order with every other one.
    let outcomes =
        with_or_without_a_request(
            bench,
            owner,
            |caller| if caller % 4 < 2 { [first, second] } else { [second, first] },
        )?;
    expect(PROMISE, &outcomes, |outcomes| {
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let replays = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreRefusal::Replayed { .. }))).count();
        won <= 1 && won.saturating_add(replays) == CALLERS
    })?;
    let won = outcomes.iter().any(Result::is_ok);
    for mark in [first, second] {
        let known = bench.remember(owner, &[mark]);
        expect("marks are known when a call has succeeded, and only then", &(won, known), |(won, known)| {
            if *won { is_replay_of(mark)(known) } else { known.is_ok() }
        })?;
    }
    Ok(())
}

fn a_lost_race_burns_no_mark<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.subject()?;
    let marks: [ReplayMark; CALLERS] = bench.marks()?;
    let outcomes = at_once(bench.harness, |store, caller| {
        let marks = marks.get(caller).map(std::slice::from_ref).unwrap_or_default();
        bench.harness.block_on(store.insert(subject.request().with_marks(marks), LONG))
    })?;
    expect("of 64 inserts under one key, one succeeds", &outcomes, |outcomes| {
        one_won(outcomes, |lost| matches!(lost, Err(InsertError::Exists)))
    })?;
    let known = marks.iter().filter(|mark| bench.remember(subject.owner, &[**mark]).is_err()).count();
    expect("of 64 inserts under one key, the one that succeeds leaves its mark", &known, |known| *known == 1)
}

fn cancelled_marks_are_not_torn<H: Harness>(bench: &Bench<'_, H>, polls: usize) -> Result<(), Violation> {
    let [first, second] = bench.marks()?;
    let owner = bench.key()?;
    let told =
        bench.harness.block_on(give_up(bench.store().remember(Owner::authenticated(owner), &[first, second]), polls));
    let known = [first, second].map(|mark| bench.remember(owner, &[mark]));
    expect("cancelled marks are all known or all new", &(told, known), |(told, known)| {
        are_all_known_or_all_new([first, second], known)
            && (!matches!(told, Some(Ok(_))) || known.iter().all(Result::is_err))
    })?;
    for mark in [first, second] {
        expect("a cancelled mark is new once", &bench.remember(owner, &[mark]), is_replay_of(mark))?;
    }
    Ok(())
}

fn a_cancelled_insert_is_not_torn_from_its_marks<H: Harness>(
    bench: &Bench<'_, H>,
    polls: usize,
) -> Result<(), Violation> {
    let [first, second] = bench.marks()?;
    let subject = bench.subject()?;
    let marks = [first, second];
    let request = subject.request().with_marks(&marks);
    bench.harness.block_on(give_up(bench.store().insert(request, LONG), polls));
    // The marks come before the claim: an insert that was still on its way cannot succeed after them.
    let known = [first, second].map(|mark| bench.remember(subject.owner, &[mark]));
    let claimed = bench.claim(subject.claim_by(None));
    expect("a cancelled insert happened with its marks or did not", &(known, claimed), |(known, claimed)| {
        let there = match claimed {
            Ok(_) => true,
            Err(ClaimError::Unknown) => false,
            Err(_) => return false,
        };
        are_all_known_or_all_new([first, second], known) && there == known.iter().all(Result::is_err)
    })
}

fn are_all_known_or_all_new(marks: [ReplayMark; 2], outcomes: &[Result<Remembered, StoreRefusal>; 2]) -> bool {
    outcomes.iter().all(Result::is_ok)
        || marks.into_iter().zip(outcomes).all(|(mark, outcome)| is_replay_of(mark)(outcome))
}

/// Requests of one owner, for each caller one.
fn subjects<H: Harness>(bench: &Bench<'_, H>, owner: RecordKey) -> Result<Vec<Subject>, Violation> {
    (0..CALLERS).map(|_| bench.subject_of(owner)).collect()
}

/// Returns the outcomes of 64 callers with marks, of which half push requests of their own.
fn with_or_without_a_request<H: Harness, const N: usize>(
    bench: &Bench<'_, H>,
    owner: RecordKey,
    marks: impl Fn(usize) -> [ReplayMark; N] + Sync,
) -> Result<Vec<Result<Remembered, StoreRefusal>>, Violation> {
    let subjects = subjects(bench, owner)?;
    at_once(bench.harness, |store, caller| {
        let marks = marks(caller);
        let Some(subject) = subjects.get(caller).filter(|_| caller % 2 == 0) else {
            return bench.harness.block_on(store.remember(Owner::authenticated(owner), &marks));
        };
        match bench.harness.block_on(store.insert(subject.request().with_marks(&marks), LONG)) {
            Ok(remembered) => Ok(remembered),
            Err(InsertError::Refused(refusal)) => Err(refusal),
            Err(error) => Err(StoreError::new(error).into()),
        }
    })
}
