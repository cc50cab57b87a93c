//! Whether the next push would be taken: what stores say, and what observers and the test kit make of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use parjar::{
    CauseText, Event, InMemoryRegistry, Level, ManualClock, ParEndpoint,
    store::{
        AnnotateError, Annotation, BoxedStore, Claim, ClaimError, Claimed, Extension, InsertError, MarkPurpose,
        MemoryLimits, MemoryStore, NewRequest, NotReady, NotReadyReason, Owner, RecordKey, Remembered, ReplayMark,
        RequestStore, StoreError, StoreRefusal, contract,
    },
};
use pollster::block_on;

use crate::store_double::{Call, Disturbance, StoreDouble};

const MINUTE: Duration = Duration::from_secs(60);

fn key(number: u8) -> RecordKey {
    RecordKey::from_bytes([number; 32])
}

fn push(store: &MemoryStore, number: u8, owner: Owner) -> bool {
    block_on(store.insert(NewRequest::new(key(number), owner, b"payload"), MINUTE)).is_ok()
}

fn reason(store: &impl RequestStore) -> Option<NotReadyReason> {
    block_on(store.ready()).err().map(|error| error.reason())
}

fn limits() -> MemoryLimits {
    let mut limits = MemoryLimits::default();
    (limits.requests, limits.requests_per_client) = (4, 4);
    (limits.marks, limits.marks_per_client) = (2, 2);
    limits
}

#[test]
fn a_memory_store_is_ready_until_it_is_full_and_again_when_something_has_expired() {
    let clock = ManualClock::default();
    let store = MemoryStore::new(limits()).with_clock(clock.clone());
    for number in 0..4 {
        assert_eq!(reason(&store), None);
        assert!(push(&store, number, Owner::authenticated(key(1))));
    }
    assert_eq!(reason(&store), Some(NotReadyReason::Full));
    let text = CauseText(&block_on(store.ready()).unwrap_err()).to_string();
    assert_eq!(text, "the request store is full: its limit of requests is reached");
    clock.advance(MINUTE + Duration::from_secs(1));
    assert_eq!(reason(&store), None);
    assert!(push(&store, 9, Owner::authenticated(key(1))));
}

#[test]
fn a_memory_store_without_room_for_assertions_is_not_ready() {
    let store = MemoryStore::new(limits());
    let marks = [1, 2].map(|number| ReplayMark::new(MarkPurpose::Credential, key(number), MINUTE));
    block_on(store.remember(Owner::authenticated(key(1)), &marks)).unwrap();
    assert_eq!(reason(&store), Some(NotReadyReason::Full));
}

#[test]
fn strangers_do_not_make_a_store_unready() {
    let store = MemoryStore::new(limits());
    assert!(push(&store, 1, Owner::unauthenticated(key(1))));
    assert!(push(&store, 2, Owner::unauthenticated(key(2))));
    assert!(!push(&store, 3, Owner::unauthenticated(key(3))));
    assert_eq!(reason(&store), None);
}

/// Cannot be asked.
#[derive(Clone, Default)]
struct Down;

impl Disturbance for Down {
    async fn before(&self, _: Call<'_>) -> Result<(), StoreError> {
        Err(StoreError::new("no route to 10.0.0.7"))
    }
}

#[test]
fn a_store_of_a_host_that_cannot_be_asked_is_not_ready_by_default() {
    let error = block_on(StoreDouble::new(Down).ready()).unwrap_err();
    assert_eq!(error.reason(), NotReadyReason::Unavailable);
    assert_eq!(CauseText(&error).to_string(), "the request store cannot be asked: no route to 10.0.0.7");
    assert_eq!(format!("{error:?}"), "the request store cannot be asked");
    assert_eq!(reason(&BoxedStore::new(Arc::new(StoreDouble::new(Down)))), Some(NotReadyReason::Unavailable));
    #[derive(Clone)]
    struct Undisturbed;
    impl Disturbance for Undisturbed {}
    assert_eq!(reason(&StoreDouble::new(Undisturbed)), None);
}

#[test]
fn observers_learn_why_an_endpoint_is_not_ready() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let observer = move |event: &Event<'_>| {
        let Event::NotReady { error, .. } = *event else { panic!("{event:?}") };
        let line = (event.label(), event.level(), error.reason().label(), CauseText(error).to_string());
        log.lock().unwrap().push(line);
    };
    let builder = || {
        let clients = InMemoryRegistry::default();
        ParEndpoint::builder("https://as.example.com").clients(clients).observer(observer.clone())
    };
    block_on(builder().build().unwrap().ready()).unwrap();
    assert!(seen.lock().unwrap().is_empty());
    let down = builder().store(StoreDouble::new(Down)).build().unwrap();
    assert_eq!(block_on(down.clone().boxed().ready()).unwrap_err().reason(), NotReadyReason::Unavailable);
    block_on(down.ready()).unwrap_err();
    let line = "the request store cannot be asked: no route to 10.0.0.7".to_owned();
    assert_eq!(
        *seen.lock().unwrap(),
        [("not_ready", Level::Error, "unavailable", line.clone()), ("not_ready", Level::Error, "unavailable", line)]
    );
}

/// A memory store whose answer to the question does harm, or is wrong.
#[derive(Clone)]
struct Harmful {
    memory: MemoryStore,
    says_no: bool,
    last: Arc<Mutex<Option<Claim>>>,
}

impl RequestStore for Harmful {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        *self.last.lock().unwrap() = Some(Claim::new(request.key, request.owner.key));
        self.memory.insert(request, lifetime).await
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
        self.memory.remember(owner, marks).await
    }

    async fn ready(&self) -> Result<(), NotReady> {
        if self.says_no {
            return Err(NotReady::new(NotReadyReason::ReadOnly, "no"));
        }
        let last = *self.last.lock().unwrap();
        if let Some(claim) = last {
            let _ = self.memory.claim(claim, MINUTE).await;
        }
        Ok(())
    }
}

struct Manual(Harmful, ManualClock);

impl contract::Harness for Manual {
    type Store = Harmful;

    fn store(&self) -> Harmful {
        self.0.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(future)
    }

    fn pass(&self, time: Duration) {
        self.1.advance(time);
    }

    fn rounds(&self) -> usize {
        1
    }
}

#[test]
fn the_kit_finds_stores_whose_answer_is_wrong_or_does_harm() {
    let promise_broken = |says_no| {
        let clock = ManualClock::default();
        let memory = MemoryStore::default().with_clock(clock.clone());
        let store = Harmful { memory, says_no, last: Arc::default() };
        contract::check(&Manual(store, clock)).unwrap_err().promise()
    };
    assert_eq!(promise_broken(true), "a store that takes requests says that it is ready");
    assert_eq!(promise_broken(false), "to be asked whether it is ready changes nothing");
}
