//! 64 callers at once, and callers that give up half-way.

use super::{
    Harness, Violation,
    bench::{Bench, CALLERS, LONG, at_once, expect, give_up, one_won},
};
use crate::store::{Claim, ClaimError, InsertError, RecordKey, RequestStore as _};

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    for _ in 0..bench.harness.rounds() {
        one_insert_wins(bench)?;
        one_browser_wins(bench)?;
        one_consumer_wins(bench)?;
        reading_does_not_undo_spending(bench)?;
    }
    // However many awaits an operation has, one of these gives up between each two of them.
    for polls in 1..=8 {
        a_cancelled_insert_is_not_torn(bench, polls)?;
        a_cancelled_claim_can_be_repeated(bench, polls)?;
        a_cancelled_consumption_is_not_doubled(bench, polls)?;
    }
    Ok(())
}

fn one_insert_wins<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let request = bench.subject()?.request();
    let outcomes = at_once(bench.harness, |store, _| bench.harness.block_on(store.insert(request, LONG)))?;
    expect("of 64 inserts under one key, one succeeds", &outcomes, |outcomes| {
        one_won(outcomes, |lost| matches!(lost, Err(InsertError::Exists)))
    })
}

fn one_browser_wins<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let browsers: Vec<RecordKey> = (0..CALLERS).map(|_| bench.key()).collect::<Result<_, _>>()?;
    let outcomes = at_once(bench.harness, |store, caller| {
        bench.harness.block_on(store.claim(subject.claim_by(browsers.get(caller).copied()), LONG))
    })?;
    expect("of 64 browsers, one gets the request", &outcomes, |outcomes| {
        one_won(outcomes, |lost| matches!(lost, Err(ClaimError::OtherBrowser)))
    })
}

fn one_consumer_wins<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let claim = bench.open()?.claim_by(None);
    let outcomes = at_once(bench.harness, |store, _| bench.harness.block_on(store.consume(claim, LONG)))?;
    expect("of 64 callers, one spends the request", &outcomes, |outcomes| {
        one_won(outcomes, |lost| matches!(lost, Err(ClaimError::Spent)))
    })
}

/// A store that writes back what it read would turn a spent request into an open one again.
fn reading_does_not_undo_spending<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let claim = bench.open()?.claim_by(None);
    let outcomes = at_once(bench.harness, |store, caller| {
        if caller % 2 == 0 {
            bench.harness.block_on(store.consume(claim, LONG)).is_ok()
        } else {
            drop(bench.harness.block_on(store.claim(claim, LONG)));
            false
        }
    })?;
    let spent = outcomes.iter().filter(|spent| **spent).count();
    expect("of callers that read and callers that spend, one spends", &spent, |spent| *spent == 1)?;
    let again = (bench.claim(claim), bench.consume(claim));
    expect("a reader does not undo that a request is spent", &again, |again| {
        matches!(again, (Err(ClaimError::Spent), Err(ClaimError::Spent)))
    })
}

fn a_cancelled_insert_is_not_torn<H: Harness>(bench: &Bench<'_, H>, polls: usize) -> Result<(), Violation> {
    let subject = bench.subject()?;
    bench.harness.block_on(give_up(bench.store().insert(subject.request(), LONG), polls));
    expect("a cancelled insert happened or did not", &bench.claim(subject.claim_by(None)), |claimed| match claimed {
        Ok(claimed) => claimed.payload == subject.payload,
        Err(error) => matches!(error, ClaimError::Unknown),
    })
}

fn a_cancelled_claim_can_be_repeated<H: Harness>(bench: &Bench<'_, H>, polls: usize) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let claim = subject.claim_by(Some(bench.key()?));
    bench.harness.block_on(give_up(bench.store().claim(claim, LONG), polls));
    expect("a cancelled claim can be repeated", &bench.claim(claim), Result::is_ok)
}

fn a_cancelled_consumption_is_not_doubled<H: Harness>(bench: &Bench<'_, H>, polls: usize) -> Result<(), Violation> {
    let claim: Claim = bench.open()?.claim_by(None);
    let first = bench.harness.block_on(give_up(bench.store().consume(claim, LONG), polls));
    let second = bench.consume(claim);
    let third = bench.consume(claim);
    let won =
        [&first, &Some(second.clone()), &Some(third)].into_iter().filter(|won| matches!(won, Some(Ok(())))).count();
    // The cancelled call may have spent the request with no caller told of it, so none is right as well.
    expect("a cancelled consumption happened or did not", &(first, second), |(_, second)| {
        won <= 1 && matches!(second, Ok(()) | Err(ClaimError::Spent))
    })
}
