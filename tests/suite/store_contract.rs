//! The test kit for stores: it passes what keeps the contract and finds what does not.

use std::{sync::Arc, time::Duration};

use parjar::{
    ManualClock,
    store::{
        BoxedStore, MemoryStore, RequestStore,
        contract::{self, Harness},
    },
};

use crate::host::{Fault, HostStore};

struct Manual<S> {
    store: S,
    clock: ManualClock,
    rounds: usize,
}

impl<S: RequestStore + Clone> Harness for Manual<S> {
    type Store = S;

    fn store(&self) -> S {
        self.store.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    fn rounds(&self) -> usize {
        self.rounds
    }
}

fn check<S: RequestStore + Clone>(store: impl FnOnce(ManualClock) -> S) -> Result<(), contract::Violation> {
    check_with(3, store)
}

fn check_with<S: RequestStore + Clone>(
    rounds: usize,
    store: impl FnOnce(ManualClock) -> S,
) -> Result<(), contract::Violation> {
    let clock = ManualClock::default();
    contract::check(&Manual { store: store(clock.clone()), clock, rounds })
}

fn memory(clock: ManualClock) -> MemoryStore {
    MemoryStore::default().with_clock(clock)
}

#[test]
fn the_stores_of_the_library_keep_the_contract() {
    // P-20, S-18
    check(memory).unwrap();
    check(|clock| Arc::new(memory(clock))).unwrap();
    check(|clock| BoxedStore::new(memory(clock))).unwrap();
    check(|clock| BoxedStore::new(BoxedStore::new(Arc::new(memory(clock))))).unwrap();
}

#[test]
fn a_store_of_a_host_can_keep_the_contract() {
    check(HostStore::new).unwrap();
}

#[test]
fn a_store_is_checked_twice_without_getting_in_its_own_way() {
    let clock = ManualClock::default();
    let harness = Manual { store: memory(clock.clone()), clock, rounds: 3 };
    contract::check(&harness).unwrap();
    contract::check(&harness).unwrap();
}

#[test]
fn every_fault_is_found() {
    // P-05, P-20, P-40, S-01, S-08, S-18, C-02, C-04
    let faults = [
        (Fault::FindThenInsert, "of 64 inserts under one key, one succeeds"),
        (Fault::FindThenOpen, "of 64 browsers, one gets the request"),
        (Fault::FindThenSpend, "of 64 callers, one spends the request"),
        (Fault::FindThenMark, "of 64 callers, one finds the mark new"),
        (Fault::OverwritesOnInsert, "an insert never overwrites"),
        (Fault::OverwritesSpentOnInsert, "a spent request is not inserted anew"),
        (Fault::LosesBytes, "a claim gives back the payload, byte for byte, each time"),
        (Fault::OpensOnce, "a claim gives back the payload, byte for byte, each time"),
        (Fault::IgnoresOwner, "a wrong client is refused and changes nothing"),
        (Fault::IgnoresOwnerWhenSpending, "a wrong client is refused and changes nothing"),
        (Fault::DestroysForWrongOwner, "a wrong client is refused and changes nothing"),
        (Fault::OpensForWrongOwner, "a wrong client does not open a request"),
        (Fault::IgnoresBrowser, "the first browser keeps the request"),
        (Fault::IgnoresBrowserWhenSpending, "the first browser keeps the request"),
        (Fault::TakesNoBrowserForAny, "the first browser keeps the request"),
        (Fault::DestroysForWrongBrowser, "the first browser keeps the request"),
        (Fault::BindsAtFirstClaimOnly, "the first claim that names a browser binds the request"),
        (Fault::SpendsWhatWaits, "a request that waits cannot be spent"),
        (Fault::SpendsTwice, "a spent request is neither opened nor spent again"),
        (Fault::RemembersNothing, "a spent request is not inserted anew"),
        (Fault::RemembersForEver, "a forgotten request is unknown"),
        (Fault::NeverExpires, "a request waits no longer than it was told to"),
        (Fault::SpendsWhatExpired, "an expired request is not spent"),
        (Fault::OpenDiesWithWaiting, "an opened request outlives the time it could have waited"),
        (Fault::ClaimProlongs, "opening it again does not prolong its life"),
        (Fault::MarksAreAlwaysNew, "a mark is new once"),
        (Fault::MarksNeverExpire, "a mark lives no longer, whatever was asked since"),
        (Fault::RepeatedMarkLivesLonger, "a mark lives no longer, whatever was asked since"),
        (Fault::MarksAreOfTheirOwner, "a mark is known whoever brings it"),
        (Fault::MarksOfRequestsAreOthers, "a mark that came with a request is known"),
        (Fault::IgnoresMarksOnInsert, "a mark that came with a request is known"),
        (Fault::TakesAMarkTwiceInACall, "a mark that comes twice in a call is refused"),
        (Fault::NamesTheFirstMark, "a refusal names the mark that is known"),
        (Fault::KeepsMarksOfAReplay, "marks are remembered together or not at all"),
        (Fault::KeepsMarksOfARefusedInsert, "a refused insert leaves no mark behind"),
        (Fault::KeepsMarksOfALostRace, "of 64 inserts under one key, the one that succeeds leaves its mark"),
        (Fault::TakesBackMarksOfOthers, "a refusal takes back no mark but its own"),
        (Fault::InsertsAReplay, "a request with a known mark is not inserted"),
        (Fault::TellsOfATakenKeyFirst, "a replay is told as one, even under a taken key"),
        (Fault::MarksOfACallLiveAsLong, "a mark lives as long as it was told to, whatever it came with"),
        (Fault::MarksLiveAsLongAsTheRequest, "a mark lives as long as it was told to, whatever it came with"),
        (Fault::FindThenMarkOnInsert, "of 64 requests with one mark, one is inserted"),
        (
            Fault::LocksTheFirstMarkOnly,
            "of 64 callers with the same marks in different order, at most one finds them new",
        ),
    ];
    let mut surprises = Vec::new();
    for (fault, promise) in faults {
        let found = check(|clock| HostStore::with(clock, fault)).err();
        if found.as_ref().map(contract::Violation::promise) != Some(promise) {
            surprises.push((fault, found));
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn a_store_that_writes_back_what_it_read_is_found() {
    // S-01: a reload at the same moment brings a spent request back to life. Many rounds, for one in which a reader comes first.
    assert!(check_with(20, |clock| HostStore::with(clock, Fault::WritesBackWhatItRead)).is_err());
}

#[test]
fn a_store_that_is_torn_by_a_cancelled_consumption_is_found() {
    // S-18
    assert!(check(|clock| HostStore::with(clock, Fault::SpendsInTwoSteps)).is_err());
}

#[test]
fn a_store_that_is_torn_by_a_cancelled_insert_is_found() {
    // S-18
    assert!(check(|clock| HostStore::with(clock, Fault::InsertsInTwoSteps)).is_err());
}

#[test]
fn a_store_that_is_torn_by_cancelled_marks_is_found() {
    // S-18
    assert_eq!(promise_broken_by(Fault::MarksInTwoSteps), Some("cancelled marks are all known or all new"));
    let torn_from_its_marks = "a cancelled insert happened with its marks or did not";
    assert_eq!(promise_broken_by(Fault::MarksBeforeTheRequest), Some(torn_from_its_marks));
}

fn promise_broken_by(fault: Fault) -> Option<&'static str> {
    check(|clock| HostStore::with(clock, fault)).err().as_ref().map(contract::Violation::promise)
}

#[test]
fn a_violation_names_the_promise_and_what_was_seen() {
    let violation = check(|clock| HostStore::with(clock, Fault::OverwritesOnInsert)).unwrap_err();
    assert_eq!(violation.to_string(), "an insert never overwrites: Ok(Remembered { skipped: 0 })");
}
