//! The test kit for stores: it passes what keeps the contract and finds what does not.

use std::{sync::Arc, time::Duration};

use parjar::{
    ManualClock,
    store::{
        AnnotateError, Annotation, BoxedStore, Claim, ClaimError, Claimed, Extension, InsertError, MarkPurpose,
        MemoryLimits, MemoryStore, NewRequest, Owner, Remembered, ReplayMark, RequestStore, StoreRefusal,
        contract::{self, Harness},
    },
};

use crate::host::{Fault, HostStore};

struct Manual<S> {
    store: S,
    clock: ManualClock,
    rounds: usize,
    /// A store with room for so many marks.
    bounded: Option<fn(ManualClock, usize) -> S>,
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

    fn bounded_store(&self, marks: usize) -> Option<S> {
        self.bounded.map(|bounded| bounded(self.clock.clone(), marks))
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
    contract::check(&Manual { store: store(clock.clone()), clock, rounds, bounded: None })
}

fn memory(clock: ManualClock) -> MemoryStore {
    MemoryStore::default().with_clock(clock)
}

fn memory_with_room_for(clock: ManualClock, marks: usize) -> MemoryStore {
    let mut limits = MemoryLimits::default();
    (limits.marks, limits.marks_per_client) = (marks, marks);
    (limits.hygiene_marks, limits.hygiene_marks_per_client) = (marks, marks);
    (limits.requests, limits.unauthenticated_percent) = (2 * marks, 50);
    MemoryStore::new(limits).with_clock(clock)
}

fn check_bounded<S: RequestStore + Clone>(bounded: fn(ManualClock, usize) -> S) -> Result<(), contract::Violation> {
    let clock = ManualClock::default();
    contract::check(&Manual { store: bounded(clock.clone(), 1_000_000), clock, rounds: 1, bounded: Some(bounded) })
}

#[test]
fn the_bounds_of_the_memory_store_keep_the_contract() {
    check_bounded(memory_with_room_for).unwrap();
    check_bounded(|clock, marks| BoxedStore::new(memory_with_room_for(clock, marks))).unwrap();
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
    let harness = Manual { store: memory(clock.clone()), clock, rounds: 3, bounded: None };
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
        (Fault::DoesNotSayHowLongItIsOpen, "a claim says how long the request has been open"),
        (Fault::CountsFromThePush, "the first claim finds that the request has been open for no time"),
        (Fault::CountsFromTheLastClaim, "a claim says how long the request has been open"),
        (Fault::CountsFromTheBinding, "a claim says how long the request has been open"),
        (Fault::LosesTheNote, "a claim gives back the note that was written last, byte for byte"),
        (Fault::NoteBinds, "a note binds no browser"),
        (Fault::IgnoresTheRevision, "a note takes the place of the one that its writer has read, and of no other"),
        (Fault::IgnoresOwnerOfNotes, "a note needs the client and the browser of an open request"),
        (Fault::AnnotatesWhatWaits, "a note needs the client and the browser of an open request"),
        (Fault::ExtendsForAny, "more time needs the client and the browser of an open request"),
        (Fault::ExtendsForEver, "more time has a bound"),
        (Fault::ExtendsFromEachCall, "more time has a bound, however often it is asked for"),
        (Fault::Shortens, "more time is never less"),
        (Fault::NoteProlongs, "a note does not prolong the life of its request"),
        (Fault::FindThenAnnotate, "of 64 callers that have read the same note, one changes it"),
        (Fault::MarksAreAlwaysNew, "a mark is new once"),
        (Fault::MarksNeverExpire, "a mark lives no longer, whatever was asked since"),
        (Fault::RepeatedMarkLivesLonger, "a mark lives no longer, whatever was asked since"),
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
fn a_store_may_keep_marks_by_owner() {
    // No key is brought for two.
    check(|clock| HostStore::with(clock, Fault::MarksAreOfTheirOwner)).unwrap();
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

/// What a store with bounds can get wrong.
#[derive(Clone, Copy, Debug)]
enum Misjudgement {
    RefusesHygiene,
    HidesWhatItLeavesOut,
    LeavesCredentialsOut,
    HasOneBoundForAll,
    TakesAllForAuthenticated,
    ComesBackTooEarly,
    ComesBackTooLate,
}

/// A memory store that misjudges.
#[derive(Clone)]
struct Misjudging {
    memory: MemoryStore,
    how: Misjudgement,
}

impl Misjudging {
    fn owner(&self, owner: Owner) -> Owner {
        if matches!(self.how, Misjudgement::TakesAllForAuthenticated) { Owner::authenticated(owner.key) } else { owner }
    }

    fn marks(&self, marks: &[ReplayMark]) -> Vec<ReplayMark> {
        let purpose = |mark: &ReplayMark| match self.how {
            Misjudgement::HasOneBoundForAll => MarkPurpose::Credential,
            Misjudgement::LeavesCredentialsOut => MarkPurpose::Hygiene,
            _ => mark.purpose,
        };
        marks.iter().map(|mark| ReplayMark::new(purpose(mark), mark.key, mark.lifetime)).collect()
    }

    fn judged(&self, outcome: Result<Remembered, StoreRefusal>) -> Result<Remembered, StoreRefusal> {
        match (self.how, outcome) {
            (Misjudgement::RefusesHygiene, Ok(remembered)) if remembered.skipped > 0 => {
                Err(StoreRefusal::Full { bound: "all", retry_after: Duration::from_secs(1) })
            }
            (Misjudgement::HidesWhatItLeavesOut, Ok(_)) => Ok(Remembered::ALL),
            (Misjudgement::ComesBackTooEarly, Err(StoreRefusal::Full { .. } | StoreRefusal::OwnerLimit { .. })) => {
                Err(StoreRefusal::Full { bound: "all", retry_after: Duration::from_secs(1) })
            }
            (Misjudgement::ComesBackTooLate, Err(StoreRefusal::Full { .. } | StoreRefusal::OwnerLimit { .. })) => {
                Err(StoreRefusal::Full { bound: "all", retry_after: Duration::from_secs(60) })
            }
            (_, outcome) => outcome,
        }
    }
}

impl RequestStore for Misjudging {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let marks = self.marks(request.marks);
        let request = NewRequest::new(request.key, self.owner(request.owner), request.payload).with_marks(&marks);
        match self.memory.insert(request, lifetime).await {
            Err(InsertError::Refused(refusal)) => Ok(self.judged(Err(refusal))?),
            Ok(remembered) => Ok(self.judged(Ok(remembered))?),
            Err(error) => Err(error),
        }
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        self.memory.claim(claim, login_lifetime).await
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        self.memory.consume(claim, remembered_for).await
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.memory.annotate(claim, annotation).await
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        self.memory.extend(claim, extension).await
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.judged(self.memory.remember(self.owner(owner), &self.marks(marks)).await)
    }
}

#[test]
fn a_store_that_misjudges_its_bounds_is_found() {
    macro_rules! promise_broken_by {
        ($how:expr) => {
            check_bounded(|clock, marks| Misjudging { memory: memory_with_room_for(clock, marks), how: $how })
                .err()
                .as_ref()
                .map(contract::Violation::promise)
        };
    }
    let left_out = Some("a mark of hygiene that there is no room for is left out, and the answer tells");
    assert_eq!(promise_broken_by!(Misjudgement::RefusesHygiene), left_out);
    assert_eq!(promise_broken_by!(Misjudgement::HidesWhatItLeavesOut), left_out);
    assert_eq!(promise_broken_by!(Misjudgement::HasOneBoundForAll), left_out);
    assert_eq!(promise_broken_by!(Misjudgement::LeavesCredentialsOut), left_out);
    let for_others = Some("clients that have not authenticated leave room for those that have");
    assert_eq!(promise_broken_by!(Misjudgement::TakesAllForAuthenticated), for_others);
    let in_time = Some("there is room at the time that was told");
    assert_eq!(promise_broken_by!(Misjudgement::ComesBackTooEarly), in_time);
    let too_late = Some("room comes back when the first mark ends");
    assert_eq!(promise_broken_by!(Misjudgement::ComesBackTooLate), too_late);
}
