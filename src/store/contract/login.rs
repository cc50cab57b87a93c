//! What happens to a request while it is open: notes of the host, and more time.

use std::time::Duration;

use super::{
    Harness, Violation,
    bench::{Bench, CALLERS, LONG, Subject, at_once, expect, give_up, one_won},
};
use crate::store::{AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, RequestStore as _};

const ANNOTATED: &str = "a claim gives back the note that was written last, byte for byte";
const STALE: &str = "a note takes the place of the one that its writer has read, and of no other";
const NOT_ITS: &str = "a note needs the client and the browser of an open request";
const MORE_TIME: &str = "more time needs the client and the browser of an open request";

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    notes_are_given_back(bench)?;
    a_stale_note_changes_nothing(bench)?;
    others_cannot_write(bench)?;
    a_spent_request_has_no_note(bench)?;
    more_time_is_bounded(bench)?;
    a_note_does_not_prolong(bench)
}

pub(super) fn check_races<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    for _ in 0..bench.harness.rounds() {
        one_writer_wins(bench)?;
        neither_notes_nor_time_undo_spending(bench)?;
    }
    for polls in 1..=8 {
        a_cancelled_note_is_not_torn(bench, polls)?;
    }
    Ok(())
}

fn has(bytes: &[u8], revision: u32) -> impl Fn(&Result<Claimed, ClaimError>) -> bool {
    move |claimed| claimed.as_ref().is_ok_and(|claimed| claimed.annotation == bytes && claimed.revision == revision)
}

/// Returns `true` when the payload is there as it was inserted.
fn is_whole(subject: &Subject, claimed: &Result<Claimed, ClaimError>) -> bool {
    claimed.as_ref().is_ok_and(|claimed| claimed.payload == subject.payload)
}

fn notes_are_given_back<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.waiting()?;
    let claim = subject.claim_by(Some(bench.key()?));
    expect("a new request has no note", &bench.claim(claim), has(b"", 0))?;
    let longest: Vec<u8> = (0..1100usize).map(|index| index.to_le_bytes()[0]).collect();
    for (revision, note) in (0..).zip([&b"\x00a note\xff"[..], &longest, b"short", b"", b"again"]) {
        expect(ANNOTATED, &bench.annotate(claim, Annotation::new(note, revision)), Result::is_ok)?;
        for _ in 0..2 {
            let claimed = bench.claim(claim);
            expect(ANNOTATED, &claimed, has(note, revision.saturating_add(1)))?;
            expect("a note leaves the payload as it is", &claimed, |claimed| is_whole(&subject, claimed))?;
        }
    }
    let unbound = bench.open()?;
    let note = Annotation::new(b"note", 0);
    expect(ANNOTATED, &bench.annotate(unbound.claim_by(Some(bench.key()?)), note), Result::is_ok)?;
    expect("a note binds no browser", &bench.claim(unbound.claim_by(None)), has(b"note", 1))
}

fn a_stale_note_changes_nothing<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let claim = bench.open()?.claim_by(None);
    expect(STALE, &bench.annotate(claim, Annotation::new(b"first", 0)), Result::is_ok)?;
    for revision in [0, 2, u32::MAX] {
        let stale = bench.annotate(claim, Annotation::new(b"stale", revision));
        expect(STALE, &stale, |stale| matches!(stale, Err(AnnotateError::Changed)))?;
        expect(STALE, &bench.claim(claim), has(b"first", 1))?;
    }
    let same = bench.annotate(claim, Annotation::new(b"first", 0));
    expect(STALE, &same, |same| matches!(same, Err(AnnotateError::Changed)))
}

fn others_cannot_write<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let refused = |claim: Claim, why: fn(&ClaimError) -> bool| {
        let note = bench.annotate(claim, Annotation::new(b"theirs", 0));
        expect(NOT_ITS, &note, |note| matches!(note, Err(AnnotateError::NotOpen(error)) if why(error)))?;
        expect(MORE_TIME, &bench.extend(claim, LONG, LONG), |more| more.as_ref().is_err_and(why))
    };
    let subject = bench.subject()?;
    refused(subject.claim_by(None), |error| matches!(error, ClaimError::Unknown))?;
    let subject = bench.waiting()?;
    refused(subject.claim_by(None), |error| matches!(error, ClaimError::Unknown))?;
    let claim = subject.claim_by(Some(bench.key()?));
    expect("a request that waits has no note when it is opened", &bench.claim(claim), has(b"", 0))?;
    refused(Claim { owner: bench.key()?, ..claim }, |error| {
        matches!(error, ClaimError::OtherOwner | ClaimError::Unknown)
    })?;
    for browser in [None, Some(bench.key()?)] {
        refused(Claim { browser, ..claim }, |error| matches!(error, ClaimError::OtherBrowser))?;
    }
    expect(NOT_ITS, &bench.claim(claim), has(b"", 0))?;
    expect(NOT_ITS, &bench.annotate(claim, Annotation::new(b"mine", 0)), Result::is_ok)?;
    expect(MORE_TIME, &bench.extend(claim, LONG, LONG), Result::is_ok)
}

fn a_spent_request_has_no_note<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let claim = bench.open()?.claim_by(None);
    expect(ANNOTATED, &bench.annotate(claim, Annotation::new(b"note", 0)), Result::is_ok)?;
    expect("a request with a note is spent", &bench.consume(claim), Result::is_ok)?;
    let note = bench.annotate(claim, Annotation::new(b"note", 1));
    expect("a spent request gets no note", &note, |note| {
        matches!(note, Err(AnnotateError::NotOpen(ClaimError::Spent)))
    })?;
    let more = bench.extend(claim, LONG, LONG);
    expect("a spent request gets no more time", &more, |more| matches!(more, Err(ClaimError::Spent)))?;
    let again = bench.claim(claim);
    expect("a spent request stays spent", &again, |again| matches!(again, Err(ClaimError::Spent)))
}

fn more_time_is_bounded<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const SECOND: Duration = Duration::from_secs(1);
    let [short, half, long] = [2, 3, 60].map(Duration::from_secs);
    let opened = || {
        let subject = bench.waiting()?;
        let claim = subject.claim_by(None);
        expect("a request that waits is opened", &bench.claim_for(claim, short), Result::is_ok)?;
        Ok(claim)
    };
    let [extended, bounded, shortened] = [opened()?, opened()?, opened()?];
    let left = bench.extend(extended, half, long);
    expect("more time is told", &left, |left| left.as_ref().is_ok_and(|left| *left > short && *left <= half))?;
    let left = bench.extend(bounded, long, half);
    expect("more time has a bound", &left, |left| left.as_ref().is_ok_and(|left| *left <= half))?;
    for longest in [Duration::ZERO, long] {
        let left = bench.extend(shortened, Duration::from_millis(1), longest);
        expect("more time is never less", &left, |left| {
            left.as_ref().is_ok_and(|left| *left > Duration::from_millis(1))
        })?;
    }
    bench.harness.pass(Duration::from_millis(1500));
    expect("more time is never less", &bench.claim(shortened), Result::is_ok)?;
    bench.harness.pass(Duration::from_millis(500));
    for claim in [extended, bounded] {
        expect("a request lives on that got more time", &bench.claim(claim), Result::is_ok)?;
    }
    let open_for = bench.claim(extended).map(|claimed| claimed.open_for);
    expect("more time does not change when a request was opened", &open_for, |open_for| {
        open_for.as_ref().is_ok_and(|open_for| *open_for >= SECOND)
    })?;
    let left = bench.extend(bounded, long, half);
    expect("more time has a bound, however often it is asked for", &left, |left| {
        left.as_ref().is_ok_and(|left| *left <= SECOND)
    })?;
    bench.harness.pass(SECOND);
    let is_unknown = |claimed: &Result<Claimed, ClaimError>| matches!(claimed, Err(ClaimError::Unknown));
    for claim in [extended, bounded] {
        expect("a request lives no longer than it got time for", &bench.claim(claim), is_unknown)?;
    }
    let late = bench.extend(extended, long, long);
    expect("an expired request gets no more time", &late, |late| matches!(late, Err(ClaimError::Unknown)))
}

fn a_note_does_not_prolong<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    const HALF: Duration = Duration::from_secs(1);
    let claim = bench.waiting()?.claim_by(None);
    expect("a request that waits is opened", &bench.claim_for(claim, HALF.saturating_mul(2)), Result::is_ok)?;
    bench.harness.pass(HALF);
    expect(ANNOTATED, &bench.annotate(claim, Annotation::new(b"note", 0)), Result::is_ok)?;
    bench.harness.pass(HALF);
    let claimed = bench.claim(claim);
    expect("a note does not prolong the life of its request", &claimed, |claimed| {
        matches!(claimed, Err(ClaimError::Unknown))
    })
}

/// Some of them write the same.
fn one_writer_wins<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let subject = bench.open()?;
    let claim = subject.claim_by(None);
    let notes: [[u8; 1]; CALLERS] = std::array::from_fn(|caller| [caller.to_le_bytes()[0] / 2]);
    let outcomes = at_once(bench.harness, |store, caller| {
        let note = notes.get(caller).map(|note| &note[..]).unwrap_or_default();
        bench.harness.block_on(store.annotate(claim, Annotation::new(note, 0)))
    })?;
    expect("of 64 callers that have read the same note, one changes it", &outcomes, |outcomes| {
        one_won(outcomes, |lost| matches!(lost, Err(AnnotateError::Changed)))
    })?;
    let claimed = bench.claim(claim);
    expect("of 64 callers that have read the same note, one changes it", &claimed, |claimed| {
        claimed.as_ref().is_ok_and(|claimed| claimed.annotation.len() == 1 && claimed.revision == 1)
    })
}

/// A store that writes back what it read would turn a spent request into an open one again.
fn neither_notes_nor_time_undo_spending<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let claim = bench.open()?.claim_by(None);
    let outcomes = at_once(bench.harness, |store, caller| match caller % 4 {
        0 => bench.harness.block_on(store.consume(claim, LONG)).is_ok(),
        1 => {
            drop(bench.harness.block_on(store.extend(claim, Extension::new(LONG, LONG.saturating_mul(2)))));
            false
        }
        _ => {
            drop(bench.harness.block_on(store.annotate(claim, Annotation::new(b"note", 0))));
            false
        }
    })?;
    let spent = outcomes.iter().filter(|spent| **spent).count();
    expect("of callers that write notes and callers that spend, one spends", &spent, |spent| *spent == 1)?;
    let again = (bench.claim(claim), bench.consume(claim));
    expect("neither a note nor more time undoes that a request is spent", &again, |again| {
        matches!(again, (Err(ClaimError::Spent), Err(ClaimError::Spent)))
    })
}

fn a_cancelled_note_is_not_torn<H: Harness>(bench: &Bench<'_, H>, polls: usize) -> Result<(), Violation> {
    let subject = bench.open()?;
    let claim = subject.claim_by(None);
    bench.harness.block_on(give_up(bench.store().annotate(claim, Annotation::new(b"note", 0)), polls));
    // Comes after it, so that it is over by then.
    let later = bench.annotate(claim, Annotation::new(b"other", 0));
    let expected: &[u8] = if later.is_ok() { b"other" } else { b"note" };
    let claimed = bench.claim(claim);
    expect("a cancelled note was written or was not", &claimed, |claimed| {
        has(expected, 1)(claimed) && is_whole(&subject, claimed)
    })
}
