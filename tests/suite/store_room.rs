//! Room in a store: what is remembered for hygiene takes none of what protects, clients without credentials take none of what
//! others need, and a refusal says truly when there is room again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parjar::{
    Event, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Policy, RandomSource as _, Reply, SystemRandom,
    store::{
        InsertError, MarkPurpose, MemoryLimits, MemoryStore, NewRequest, Owner, RecordKey, Remembered, ReplayMark,
        RequestStore as _, StoreRefusal,
    },
};

use crate::support::{FORM, ISSUER, authorization, basic, client, code_request, error, public};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

fn fresh() -> RecordKey {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes).unwrap();
    RecordKey::from_bytes(bytes)
}

fn mark(purpose: MarkPurpose, lifetime: Duration) -> ReplayMark {
    ReplayMark::new(purpose, fresh(), lifetime)
}

struct Store {
    store: MemoryStore,
    clock: ManualClock,
}

impl Store {
    fn new(set: impl FnOnce(&mut MemoryLimits)) -> Self {
        let mut limits = MemoryLimits::default();
        set(&mut limits);
        let clock = ManualClock::default();
        Self { store: MemoryStore::new(limits).with_clock(clock.clone()), clock }
    }

    fn remember(&self, owner: Owner, purpose: MarkPurpose, lifetime: Duration) -> Result<Remembered, StoreRefusal> {
        pollster::block_on(self.store.remember(owner, &[mark(purpose, lifetime)]))
    }

    fn insert(&self, owner: Owner, payload: &[u8], lifetime: Duration) -> Result<Remembered, InsertError> {
        pollster::block_on(self.store.insert(NewRequest::new(fresh(), owner, payload), lifetime))
    }

    fn push(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, InsertError> {
        pollster::block_on(self.store.insert(NewRequest::new(fresh(), owner, b"").with_marks(marks), MINUTE))
    }
}

#[test]
fn a_client_that_pushes_all_day_is_never_refused() {
    // AT-003: a memory of a day, an assertion and a proof with each push. Bounds and pushes are a tenth of the usual bounds and of two
    // pushes a second.
    let server = Store::new(|limits| {
        (limits.marks, limits.marks_per_client) = (100_000, 10_000);
        (limits.hygiene_marks, limits.hygiene_marks_per_client) = (100_000, 10_000);
    });
    let owner = Owner::authenticated(fresh());
    let mut skipped = 0;
    for _ in 0..17_280 {
        let marks = [
            mark(MarkPurpose::Credential, Duration::from_secs(120)),
            mark(MarkPurpose::Credential, Duration::from_secs(360)),
            mark(MarkPurpose::Hygiene, DAY),
        ];
        skipped += server.push(owner, &marks).unwrap().skipped;
        server.clock.advance(Duration::from_secs(5));
    }
    assert_eq!(skipped, 7_280);
    assert!(server.remember(owner, MarkPurpose::Credential, MINUTE).is_ok(), "the token endpoint goes on");
    server.clock.advance(DAY);
    assert_eq!(server.remember(owner, MarkPurpose::Hygiene, DAY).unwrap(), Remembered::ALL);
}

#[test]
fn clients_without_credentials_take_nothing_that_others_need() {
    // AT-003, P-25: more client identifiers than there are shares
    let server = Store::new(|limits| {
        (limits.requests, limits.requests_per_client) = (1_000, 100);
        (limits.marks, limits.marks_per_client) = (1_000, 100);
        (limits.hygiene_marks, limits.hygiene_marks_per_client) = (1_000, 100);
    });
    for _ in 0..20 {
        let owner = Owner::unauthenticated(fresh());
        for _ in 0..200 {
            let _ = server.remember(owner, MarkPurpose::Hygiene, DAY);
            let _ = server.remember(owner, MarkPurpose::Credential, MINUTE);
            let _ = server.insert(owner, b"", MINUTE);
        }
    }
    assert_eq!(server.store.len(), 500);
    let refused = server.insert(Owner::unauthenticated(fresh()), b"", MINUTE);
    assert!(
        matches!(refused, Err(InsertError::Refused(StoreRefusal::Full { retry_after, .. })) if retry_after == MINUTE)
    );
    for _ in 0..5 {
        let owner = Owner::authenticated(fresh());
        for _ in 0..100 {
            assert_eq!(server.remember(owner, MarkPurpose::Hygiene, DAY).unwrap(), Remembered::ALL);
            assert!(server.remember(owner, MarkPurpose::Credential, MINUTE).is_ok());
            assert!(server.insert(owner, b"", MINUTE).is_ok());
        }
    }
    let full = server.remember(Owner::authenticated(fresh()), MarkPurpose::Credential, MINUTE);
    assert!(matches!(full, Err(StoreRefusal::Full { .. })), "{full:?}");
}

#[test]
fn a_host_with_public_clients_alone_can_give_them_all_of_it() {
    let server = Store::new(|limits| (limits.marks, limits.unauthenticated_percent) = (10, 100));
    for _ in 0..10 {
        assert!(server.remember(Owner::unauthenticated(fresh()), MarkPurpose::Credential, MINUTE).is_ok());
    }
    assert!(server.remember(Owner::unauthenticated(fresh()), MarkPurpose::Credential, MINUTE).is_err());
}

#[test]
fn a_client_that_has_begun_to_authenticate_keeps_what_it_has() {
    let server = Store::new(|_| {});
    let key = fresh();
    assert!(server.remember(Owner::unauthenticated(key), MarkPurpose::Credential, MINUTE).is_ok());
    assert!(server.insert(Owner::unauthenticated(key), b"", MINUTE).is_ok());
    assert!(server.insert(Owner::authenticated(key), b"", MINUTE).is_ok());
    assert_eq!(server.store.len(), 2);
    server.clock.advance(MINUTE);
    for _ in 0..2_000 {
        assert!(server.remember(Owner::authenticated(fresh()), MarkPurpose::Credential, MINUTE).is_ok());
    }
    assert_eq!(server.store.len(), 0);
}

fn retry_after(refused: StoreRefusal) -> Duration {
    match refused {
        StoreRefusal::OwnerLimit { retry_after } | StoreRefusal::Full { retry_after, .. } => retry_after,
        other => panic!("{other:?}"),
    }
}

/// Fills a store in different seconds, and comes back when it is told to, and a second before.
fn comes_back(set: fn(&mut MemoryLimits), attempt: impl Fn(&Store, Duration) -> Result<Remembered, StoreRefusal>) {
    let server = Store::new(set);
    let lifetimes = [300, 40, 3_000, 77, 200].map(Duration::from_secs);
    let mut held = 0;
    let refusal = loop {
        server.clock.advance(Duration::from_millis(1_700));
        match attempt(&server, lifetimes[held % 5]) {
            Ok(_) => held += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(held >= 2, "{held}");
    let mut refusal = refusal;
    for _ in 0..4 {
        let told = retry_after(refusal);
        assert!(told > Duration::from_secs(1), "{told:?}");
        server.clock.advance(told - Duration::from_secs(1));
        assert!(attempt(&server, lifetimes[0]).is_err(), "a second before {told:?}");
        server.clock.advance(Duration::from_secs(1));
        attempt(&server, lifetimes[0]).unwrap_or_else(|error| panic!("after {told:?}: {error:?}"));
        // Until it is full again, which it may be at once.
        refusal = loop {
            if let Err(refusal) = attempt(&server, lifetimes[0]) {
                break refusal;
            }
        };
    }
}

#[test]
fn a_refusal_says_when_there_is_room_again() {
    // P-25, O-06
    let one = Owner::authenticated(RecordKey::from_bytes([1; 32]));
    let anyone = || Owner::authenticated(fresh());
    let refused = |error| match error {
        InsertError::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    comes_back(|it| it.marks_per_client = 7, |it, time| it.remember(one, MarkPurpose::Credential, time));
    comes_back(|it| it.marks = 7, |it, time| it.remember(anyone(), MarkPurpose::Credential, time));
    let public = || Owner::unauthenticated(fresh());
    comes_back(|it| it.marks = 14, |it, time| it.remember(public(), MarkPurpose::Credential, time));
    comes_back(|it| it.requests_per_client = 7, |it, time| it.insert(one, b"", time).map_err(refused));
    comes_back(|it| it.requests = 7, |it, time| it.insert(anyone(), b"", time).map_err(refused));
    comes_back(|it| it.requests = 14, |it, time| it.insert(public(), b"", time).map_err(refused));
    comes_back(|it| it.bytes_per_client = 9_000, |it, time| it.insert(one, &[7; 1_000], time).map_err(refused));
    comes_back(|it| it.bytes = 9_000, |it, time| it.insert(anyone(), &[7; 1_000], time).map_err(refused));
}

#[test]
fn a_big_request_is_told_when_there_is_room_for_all_of_it() {
    let server = Store::new(|limits| limits.bytes_per_client = 10_000);
    let owner = Owner::authenticated(fresh());
    for seconds in [10, 20, 30, 40, 50] {
        assert!(server.insert(owner, &[7; 1_500], Duration::from_secs(seconds)).is_ok());
    }
    let refused = server.insert(owner, &[7; 5_000], MINUTE);
    let told = Duration::from_secs(30);
    let is_told = |error: &InsertError| matches!(error, InsertError::Refused(StoreRefusal::OwnerLimit { retry_after }) if *retry_after == told);
    assert!(refused.as_ref().is_err_and(is_told), "{refused:?}");
    server.clock.advance(told);
    assert!(server.insert(owner, &[7; 5_000], MINUTE).is_ok());
}

#[test]
fn pushes_go_on_when_challenges_are_no_longer_remembered_and_the_log_tells() {
    // PK-009, AT-003
    let mut limits = MemoryLimits::default();
    limits.hygiene_marks_per_client = 3;
    let (clock, told) = (ManualClock::default(), Arc::new(AtomicUsize::new(0)));
    let mut policy = Policy::oauth();
    (policy.code_challenge_memory, policy.danger_allow_unauthenticated_clients) = (86_400, true);
    let counter = told.clone();
    let par = ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients(InMemoryRegistry::new([basic("web"), public("app")].map(client)).unwrap())
        .store(MemoryStore::new(limits).with_clock(clock.clone()))
        .clock(clock.clone())
        .observer(move |event: &Event<'_>| {
            if let Event::HygieneSkipped { marks, .. } = event {
                counter.fetch_add(*marks, Ordering::Relaxed);
            }
        })
        .build()
        .unwrap();
    let push = |number: u32| -> Reply {
        let challenge = format!("{number:042}A");
        let body = code_request(&[("code_challenge", &challenge), ("code_challenge_method", "S256")]);
        let authorization = authorization("web", "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))))
    };
    for number in 0..20 {
        assert_eq!(push(number).status(), 201);
    }
    assert_eq!(told.load(Ordering::Relaxed), 17);
    for number in 0..3 {
        assert_eq!(error(&push(number)), "invalid_request", "one that is remembered is not good twice");
    }
    clock.advance(DAY);
    assert_eq!(push(100).status(), 201);
    assert_eq!(told.load(Ordering::Relaxed), 17);
}
