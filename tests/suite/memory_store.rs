//! The store in memory: bounded, fair between clients, and exact in its accounts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use parjar::{
    Clock, DenialCode, InMemoryRegistry, ManualClock, ParEndpoint, Policy, Reason, Reply,
    store::{
        Claim, ClaimError, Claimed, InsertError, MarkPurpose, MemoryLimits, MemoryStore, NewRequest, Owner, RecordKey,
        Remembered, ReplayMark, RequestStore, StoreRefusal,
    },
};

use crate::{
    host::{HostStore, builder, open, page, push},
    support::{ISSUER, browser_with, code_request, error, request_uri},
};

struct Bounded {
    par: ParEndpoint<InMemoryRegistry, MemoryStore>,
    store: MemoryStore,
    clock: ManualClock,
}

impl Bounded {
    fn new(set: impl FnOnce(&mut MemoryLimits)) -> Self {
        let mut limits = MemoryLimits::default();
        set(&mut limits);
        let clock = ManualClock::default();
        let store = MemoryStore::new(limits).with_clock(clock.clone());
        let mut policy = Policy::oauth();
        policy.login_lifetime = 600;
        Self { par: builder(ISSUER).policy(policy).store(store.clone()).build().unwrap(), store, clock }
    }

    fn push(&self, client_id: &str) -> Reply {
        push(&self.par, client_id, &code_request(&[]))
    }

    fn complete(&self, handle: &str) -> bool {
        let pending = open(&self.par, handle, None).unwrap();
        pollster::block_on(self.par.complete(&pending)).is_ok()
    }

    fn seconds(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// And when to come back.
fn is_refused(reply: &Reply, status: u16) -> u64 {
    assert_eq!((reply.status(), error(reply).as_str()), (status, "temporarily_unavailable"));
    assert!(!reply.body().contains("request_uri"));
    reply.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn a_client_has_its_share_and_no_more() {
    // P-25
    let server = Bounded::new(|limits| limits.requests_per_client = 3);
    let handles: Vec<_> = (0..3).map(|_| request_uri(&server.push("basic"))).collect();
    for _ in 0..100 {
        assert_eq!(is_refused(&server.push("basic"), 429), 60);
    }
    assert_eq!(server.push("other").status(), 201);
    assert_eq!(server.store.len(), 4);
    assert!(handles.iter().all(|handle| open(&server.par, handle, None).is_ok()));
}

#[test]
fn a_full_store_refuses_everybody_and_evicts_nobody() {
    // P-25
    let server = Bounded::new(|limits| (limits.requests, limits.requests_per_client) = (1_000, 990));
    let others: Vec<_> = (0..10).map(|_| request_uri(&server.push("other"))).collect();
    let mine: Vec<_> = (0..990).map(|_| request_uri(&server.push("basic"))).collect();
    for _ in 0..10 {
        is_refused(&server.push("basic"), 429);
        is_refused(&server.push("other"), 503);
    }
    assert_eq!(server.store.len(), 1_000);
    for handle in others {
        assert!(
            pollster::block_on(
                server.par.authorize(&format!("client_id=other&request_uri={handle}"), browser_with(None))
            )
            .is_ok()
        );
    }
    assert!(mine.iter().all(|handle| open(&server.par, handle, None).is_ok()));
}

#[test]
fn bytes_are_bounded_for_each_client_and_in_all() {
    // P-25
    let body = code_request(&[("x", &"x".repeat(8_000))]);
    let pushes = |server: &Bounded, client_id: &str| {
        (0..100).map(|_| push(&server.par, client_id, &body)).find(|reply| reply.status() != 201).unwrap()
    };
    let server = Bounded::new(|limits| limits.bytes_per_client = 55_000);
    is_refused(&pushes(&server, "basic"), 429);
    assert!((4..=6).contains(&server.store.len()), "{}", server.store.len());
    let server = Bounded::new(|limits| limits.bytes = 55_000);
    is_refused(&pushes(&server, "basic"), 503);
    assert!((4..=6).contains(&server.store.len()), "{}", server.store.len());
    assert_eq!(server.push("other").status(), 201, "a small one still fits");
}

#[test]
fn room_is_made_at_the_second_of_expiry_and_not_before() {
    // P-22, P-25
    let server = Bounded::new(|limits| limits.requests = 300);
    (0..300).for_each(|_| assert_eq!(server.push("basic").status(), 201));
    server.seconds(59);
    assert_eq!(is_refused(&server.push("other"), 503), 1);
    server.seconds(1);
    (0..300).for_each(|_| assert_eq!(server.push("other").status(), 201));
    is_refused(&server.push("other"), 503);
}

#[test]
fn an_open_request_takes_its_place_until_the_login_ends() {
    let server = Bounded::new(|limits| limits.requests = 1);
    let handle = request_uri(&server.push("basic"));
    assert!(open(&server.par, &handle, None).is_ok());
    assert_eq!(is_refused(&server.push("basic"), 503), 600);
    server.seconds(599);
    assert_eq!(is_refused(&server.push("basic"), 503), 1);
    server.seconds(1);
    assert_eq!(server.push("basic").status(), 201);
}

#[test]
fn an_end_makes_room_at_once() {
    let server = Bounded::new(|limits| (limits.requests, limits.requests_per_client) = (1, 1));
    for _ in 0..50 {
        assert!(server.complete(&request_uri(&server.push("basic"))));
        assert!(server.store.is_empty());
        let pending = open(&server.par, &request_uri(&server.push("other")), None);
        assert_eq!(page(pending).reason(), Reason::ForeignRequestUri);
        server.seconds(60);
        let pending = open(&server.par, &request_uri(&server.push("basic")), None).unwrap();
        assert!(pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied)).is_ok());
    }
}

#[test]
fn usage_goes_back_to_nothing() {
    // S-16
    let server = Bounded::new(|_| {});
    (0..1_000).for_each(|_| assert_eq!(server.push("other").status(), 201));
    let half_done: Vec<_> = (0..1_000).map(|_| request_uri(&server.push("basic"))).collect();
    assert!(half_done.iter().all(|handle| open(&server.par, handle, None).is_ok()));
    assert_eq!(server.store.len(), 2_000);
    server.seconds(600);
    for _ in 0..5_000 {
        assert!(server.complete(&request_uri(&server.push("basic"))));
    }
    assert_eq!(server.store.len(), 0);
}

#[test]
fn what_is_spent_is_remembered_as_far_as_there_is_room() {
    // P-18: a forgotten one is refused all the same
    let server = Bounded::new(|limits| limits.requests = 100);
    let handles: Vec<_> = (0..500)
        .map(|_| request_uri(&server.push("basic")))
        .inspect(|handle| assert!(server.complete(handle)))
        .collect();
    let refusals = handles.iter().map(|handle| page(open(&server.par, handle, None)).reason());
    let remembered = refusals.inspect(|reason| assert_eq!(reason.code().as_str(), "invalid_request_uri"));
    assert_eq!(remembered.filter(|reason| *reason == Reason::SpentRequestUri).count(), 100);
    server.seconds(600);
    let handle = request_uri(&server.push("basic"));
    (0..2_000).for_each(|_| assert!(server.complete(&request_uri(&server.push("basic")))));
    assert!(server.complete(&handle));
    assert_eq!(server.store.len(), 0);
}

#[test]
fn a_store_without_room_refuses_and_does_not_panic() {
    let server = Bounded::new(|limits| (limits.requests, limits.marks) = (0, 0));
    is_refused(&server.push("basic"), 503);
    assert!(remember(&server.store, 1, 60).is_err());
    let server = Bounded::new(|limits| (limits.bytes, limits.bytes_per_client) = (0, usize::MAX));
    is_refused(&server.push("basic"), 503);
    let server = Bounded::new(|limits| {
        (limits.requests, limits.bytes) = (usize::MAX, usize::MAX);
        (limits.requests_per_client, limits.bytes_per_client) = (usize::MAX, usize::MAX);
    });
    assert_eq!(server.push("basic").status(), 201);
}

fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    bytes[31] = number.to_le_bytes()[0];
    RecordKey::from_bytes(bytes)
}

fn insert(store: &MemoryStore, number: u64, owner: u64, lifetime: Duration) -> Result<Remembered, InsertError> {
    push_with_marks(store, number, owner, lifetime, &[])
}

fn push_with_marks(
    store: &MemoryStore,
    number: u64,
    owner: u64,
    lifetime: Duration,
    marks: &[ReplayMark],
) -> Result<Remembered, InsertError> {
    let request = NewRequest::new(key(number), client(owner), &[7; 100]).with_marks(marks);
    pollster::block_on(store.insert(request, lifetime))
}

const MINUTE: Duration = Duration::from_secs(60);

fn client(number: u64) -> Owner {
    Owner::authenticated(key(number))
}

fn claim(store: &MemoryStore, number: u64, owner: u64, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
    pollster::block_on(store.claim(Claim::new(key(number), key(owner)), login_lifetime))
}

fn consume(store: &MemoryStore, number: u64, owner: u64, remembered_for: Duration) -> Result<(), ClaimError> {
    pollster::block_on(store.consume(Claim::new(key(number), key(owner)), remembered_for))
}

fn mark(number: u64, seconds: u64) -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, key(number), Duration::from_secs(seconds))
}

/// On the account of one of three clients.
fn remember(store: &MemoryStore, number: u64, seconds: u64) -> Result<Remembered, StoreRefusal> {
    remember_for(store, number % 3, &[mark(number, seconds)])
}

fn remember_for(store: &MemoryStore, owner: u64, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
    pollster::block_on(store.remember(client(owner), marks))
}

fn is_replay(outcome: &Result<Remembered, StoreRefusal>) -> bool {
    matches!(outcome, Err(StoreRefusal::Replayed { .. }))
}

#[test]
fn marks_are_bounded_and_fail_closed() {
    // C-07, S-02
    let server = Bounded::new(|limits| limits.marks = 3);
    for number in 0..3 {
        assert!(remember(&server.store, number, 10).is_ok());
    }
    server.seconds(9);
    assert!(remember(&server.store, 3, 10).is_err());
    for number in 0..3 {
        assert!(is_replay(&remember(&server.store, number, 10)), "still known in a full store");
    }
    server.seconds(1);
    for number in 3..6 {
        assert!(remember(&server.store, number, 10).is_ok());
    }
    assert!(remember(&server.store, 0, 10).is_err());
}

#[test]
fn a_mark_lives_to_the_millisecond() {
    let server = Bounded::new(|_| {});
    assert!(remember(&server.store, 1, 10).is_ok());
    server.clock.advance(Duration::from_millis(9_999));
    assert!(is_replay(&remember(&server.store, 1, 10)));
    server.clock.advance(Duration::from_millis(1));
    assert!(remember(&server.store, 1, 10).is_ok());
    assert!(is_replay(&remember(&server.store, 1, 10)));
}

#[test]
fn a_client_has_its_share_of_marks_and_no_more() {
    // C-07, P-25
    let minute = Duration::from_secs(60);
    let server = Bounded::new(|limits| limits.marks_per_client = 3);
    assert!(remember_for(&server.store, 1, &[mark(1, 60), mark(2, 60)]).is_ok());
    assert!(matches!(
        remember_for(&server.store, 1, &[mark(3, 60), mark(4, 60)]),
        Err(StoreRefusal::OwnerLimit { retry_after }) if retry_after == minute
    ));
    assert!(push_with_marks(&server.store, 1, 1, minute, &[mark(3, 5)]).is_ok());
    assert!(matches!(
        push_with_marks(&server.store, 2, 1, minute, &[mark(4, 5)]),
        Err(InsertError::Refused(StoreRefusal::OwnerLimit { retry_after })) if retry_after == Duration::from_secs(5)
    ));
    assert_eq!(server.store.len(), 1);
    assert!(insert(&server.store, 2, 1, minute).is_ok(), "without a mark there is room");
    assert!(push_with_marks(&server.store, 3, 2, minute, &[mark(4, 60), mark(5, 60), mark(6, 60)]).is_ok());
    server.seconds(5);
    assert!(remember_for(&server.store, 1, &[mark(7, 60)]).is_ok(), "one has expired");
    assert!(remember_for(&server.store, 1, &[mark(8, 60)]).is_err());
}

#[test]
fn a_full_store_burns_no_mark() {
    // C-04, C-06
    let minute = Duration::from_secs(60);
    let fill: [fn(&mut MemoryLimits); 6] = [
        |limits| limits.requests_per_client = 5,
        |limits| limits.requests = 5,
        |limits| limits.bytes_per_client = 2_000,
        |limits| limits.bytes = 2_000,
        |limits| limits.marks_per_client = 11,
        |limits| limits.marks = 11,
    ];
    for (limit, set) in fill.into_iter().enumerate() {
        let server = Bounded::new(set);
        let marks_of = |number| [mark(2 * number, 60), mark(2 * number + 1, 60)];
        let push = |number| push_with_marks(&server.store, number, 1, minute, &marks_of(number));
        let held = (0..).find(|number| push(*number).is_err()).unwrap();
        for _ in 0..10 {
            match push(held).unwrap_err() {
                InsertError::Refused(StoreRefusal::OwnerLimit { .. }) => assert_eq!(limit % 2, 0),
                InsertError::Refused(StoreRefusal::Full { .. }) => assert_eq!(limit % 2, 1),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(server.store.len() as u64, held);
        if limit < 4 {
            assert!(remember_for(&server.store, 1, &marks_of(held)).is_ok(), "{limit}");
        } else {
            let [first, second] = marks_of(held);
            assert!(remember_for(&server.store, 1, &[second]).is_ok(), "{limit}");
            assert!(!is_replay(&remember_for(&server.store, 1, &[first])), "{limit}");
        }
        server.seconds(60);
        (0..held).for_each(|number| assert!(push(number).is_ok(), "{limit}"));
        assert!(push(held).is_err());
    }
}

#[test]
fn a_replay_is_told_as_one_in_a_full_store() {
    // C-04, C-06
    let minute = Duration::from_secs(60);
    let server = Bounded::new(|limits| (limits.requests, limits.marks) = (1, 2));
    assert!(push_with_marks(&server.store, 1, 1, minute, &[mark(1, 60)]).is_ok());
    for _ in 0..10 {
        for marks in [&[mark(1, 60)][..], &[mark(2, 60), mark(3, 60), mark(1, 60)], &[mark(2, 60), mark(2, 60)]] {
            assert!(is_replay(&remember_for(&server.store, 1, marks)));
            let pushed = push_with_marks(&server.store, 2, 1, minute, marks);
            assert!(matches!(pushed, Err(InsertError::Refused(StoreRefusal::Replayed { .. }))), "{pushed:?}");
            let pushed = push_with_marks(&server.store, 1, 1, minute, marks);
            assert!(matches!(pushed, Err(InsertError::Refused(StoreRefusal::Replayed { .. }))), "{pushed:?}");
        }
    }
    assert!(remember_for(&server.store, 1, &[mark(2, 60)]).is_ok());
    assert!(is_replay(&remember_for(&server.store, 1, &[mark(3, 60), mark(3, 60)])));
}

#[test]
fn marks_that_have_expired_make_room_for_those_of_a_request() {
    let server = Bounded::new(|limits| limits.marks = 300);
    let minute = Duration::from_secs(60);
    (0..300).for_each(|number| assert!(remember(&server.store, number, 60).is_ok()));
    server.clock.advance(Duration::from_millis(59_999));
    assert!(push_with_marks(&server.store, 1, 1, minute, &[mark(300, 60)]).is_err());
    server.clock.advance(Duration::from_millis(1));
    for number in 0..100u64 {
        let marks = [mark(3 * number, 60), mark(3 * number + 1, 60), mark(3 * number + 2, 60)];
        assert!(push_with_marks(&server.store, number, 1, minute, &marks).is_ok(), "{number}");
    }
    assert!(push_with_marks(&server.store, 100, 1, minute, &[mark(300, 60)]).is_err());
}

#[test]
fn an_expired_key_that_comes_back_is_counted_once() {
    let server = Bounded::new(|_| {});
    for _ in 0..1_000 {
        assert!(insert(&server.store, 1, 1, Duration::from_millis(300)).is_ok());
        assert!(matches!(insert(&server.store, 1, 1, Duration::from_millis(300)), Err(InsertError::Exists)));
        assert_eq!(server.store.len(), 1);
        server.clock.advance(Duration::from_millis(300));
    }
}

#[test]
fn the_longest_times_do_not_overflow() {
    // P-23, O-06
    let server = Bounded::new(|_| {});
    for number in 0..3 {
        assert!(insert(&server.store, number, 1, Duration::MAX).is_ok());
        assert!(claim(&server.store, number, 1, Duration::MAX).is_ok());
        assert!(number == 2 || consume(&server.store, number, 1, Duration::MAX).is_ok());
        let marks =
            [number, number + 10].map(|number| ReplayMark::new(MarkPurpose::Credential, key(number), Duration::MAX));
        let taken = push_with_marks(&server.store, number, 1, Duration::MAX, &marks);
        assert!(matches!(taken, Err(InsertError::Exists)));
        assert!(remember_for(&server.store, 1, &marks).is_ok());
        server.clock.advance(Duration::from_secs(u64::MAX / 4_000));
    }
    assert!(claim(&server.store, 2, 1, Duration::from_secs(1)).is_ok());
    server.clock.advance(Duration::from_millis(u64::MAX / 8));
    let _ = insert(&server.store, 9, 1, Duration::MAX);
    assert!(insert(&server.store, 10, 1, Duration::ZERO).is_ok());
    assert!(matches!(claim(&server.store, 10, 1, Duration::from_secs(1)), Err(ClaimError::Unknown)));
}

#[test]
fn a_manual_clock_never_goes_back() {
    // S-11, the promise of `Clock::elapsed`
    let clock = ManualClock::default();
    clock.advance(Duration::from_secs(1));
    let (elapsed, now) = (clock.elapsed(), clock.now());
    clock.advance(Duration::MAX);
    assert!(clock.elapsed() >= elapsed && clock.now() >= now);
}

/// Fills a store with requests of equal size, and tells how many it takes.
fn capacity(store: &MemoryStore, base: u64) -> (u64, u64) {
    let second = Duration::from_secs(1);
    let requests = (0..).find(|number| insert(store, base + number, base + number % 3, second).is_err()).unwrap();
    let marks = (0..).find(|number| remember(store, base + number, 1).is_err()).unwrap();
    (requests, marks)
}

#[test]
fn accounts_do_not_drift_under_contention() {
    // P-25, S-16
    let bounded = || {
        Bounded::new(|limits| {
            (limits.requests, limits.requests_per_client, limits.bytes) = (120, 50, 35_000);
            (limits.marks, limits.marks_per_client) = (40, 15);
        })
    };
    let fresh = bounded();
    let expected = capacity(&fresh.store, 1 << 40);
    let server = bounded();
    thread::scope(|scope| {
        for caller in 0..16u64 {
            let (store, clock) = (&server.store, &server.clock);
            scope.spawn(move || {
                let mut random = caller + 1;
                for _ in 0..5_000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let (number, owner, seconds) = ((random >> 33) % 200, (random >> 50) % 5, (random >> 20) % 4);
                    match random >> 61 {
                        0 => drop(insert(store, number, owner, Duration::from_millis(seconds * 700))),
                        1 => {
                            let marks = [mark(number / 10, seconds), mark(number % 10, 2)];
                            drop(push_with_marks(store, number, owner, Duration::from_millis(seconds * 700), &marks));
                        }
                        2 | 3 => drop(claim(store, number, owner, Duration::from_secs(seconds))),
                        4 | 5 => drop(consume(store, number, owner, Duration::from_secs(seconds))),
                        6 => drop(remember(store, number, seconds)),
                        _ => clock.advance(Duration::from_millis(50)),
                    }
                    assert!(store.len() <= 120);
                }
            });
        }
    });
    server.seconds(100);
    assert_eq!(capacity(&server.store, 1 << 40), expected);
    server.seconds(100);
    assert_eq!(capacity(&server.store, 1 << 41), expected);
}

#[test]
fn it_behaves_like_a_plain_table() {
    // Whatever order things happen in: the sharded store and the simple one never disagree
    let clock = ManualClock::default();
    let store = MemoryStore::default().with_clock(clock.clone());
    let table = HostStore::new(clock.clone());
    let mut random = 1u64;
    let mut draw = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for step in 0..100_000u64 {
        let (number, owner, lifetime) = (draw(30), draw(2), Duration::from_millis(draw(4_000)));
        let browser = [None, Some(key(100)), Some(key(101))][usize::try_from(draw(3)).unwrap()];
        let claim = browser.into_iter().fold(Claim::new(key(number), key(owner)), Claim::by_browser);
        let payload = step.to_le_bytes();
        let marks = [draw(20), draw(20), draw(20)]
            .map(|number| ReplayMark::new(MarkPurpose::Credential, key(number), lifetime));
        let marks = &marks[..usize::try_from(draw(4)).unwrap()];
        let request = NewRequest::new(key(number), client(owner), &payload).with_marks(marks);
        let outcomes = match draw(10) {
            0..=2 => [insert_as_text(&store, request, lifetime), insert_as_text(&table, request, lifetime)],
            3..=5 => [claim_as_text(&store, claim, lifetime), claim_as_text(&table, claim, lifetime)],
            6 | 7 => [
                format!("{:?}", pollster::block_on(store.consume(claim, lifetime))),
                format!("{:?}", pollster::block_on(table.consume(claim, lifetime))),
            ],
            8 => [
                format!("{:?}", pollster::block_on(store.remember(client(owner), marks))),
                format!("{:?}", pollster::block_on(table.remember(client(owner), marks))),
            ],
            _ => {
                clock.advance(Duration::from_millis(draw(400)));
                continue;
            }
        };
        assert_eq!(outcomes[0], outcomes[1], "step {step}");
    }
}

fn insert_as_text(store: &impl RequestStore, request: NewRequest<'_>, lifetime: Duration) -> String {
    format!("{:?}", pollster::block_on(store.insert(request, lifetime)))
}

fn claim_as_text(store: &impl RequestStore, claim: Claim, lifetime: Duration) -> String {
    let claimed = pollster::block_on(store.claim(claim, lifetime));
    format!("{:?}", claimed.map(|claimed| (claimed.payload, claimed.open_for)))
}

/// A clock that breaks down now and then.
#[derive(Clone)]
struct Fragile {
    clock: ManualClock,
    broken: Arc<AtomicBool>,
}

impl Clock for Fragile {
    fn now(&self) -> time::OffsetDateTime {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        assert!(!self.broken.load(Ordering::SeqCst), "broken on purpose");
        self.clock.elapsed()
    }
}

#[test]
fn a_panic_of_others_does_not_disable_the_store() {
    // S-17
    let clock = Fragile { clock: ManualClock::default(), broken: Arc::default() };
    let store = MemoryStore::default().with_clock(clock.clone());
    assert!(insert(&store, 1, 1, Duration::from_secs(60)).is_ok());
    clock.broken.store(true, Ordering::SeqCst);
    for number in 0..300 {
        let attempt = || {
            let _ = insert(&store, number, 1, Duration::from_secs(60));
        };
        assert!(catch_unwind(AssertUnwindSafe(attempt)).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| claim(&store, 1, 1, MINUTE).is_ok())).is_err());
    }
    clock.broken.store(false, Ordering::SeqCst);
    assert_eq!(store.len(), 1);
    assert!(claim(&store, 1, 1, MINUTE).is_ok());
    assert!((2..300).all(|number| insert(&store, number, 1, Duration::from_secs(60)).is_ok()));
}

#[test]
fn a_future_that_is_never_polled_does_nothing() {
    // S-18
    let server = Bounded::new(|_| {});
    assert!(insert(&server.store, 1, 1, Duration::from_secs(60)).is_ok());
    assert!(claim(&server.store, 1, 1, MINUTE).is_ok());
    let marks = [mark(4, 60)];
    drop(server.store.insert(NewRequest::new(key(2), client(1), b"").with_marks(&marks), MINUTE));
    drop(server.store.consume(Claim::new(key(1), key(1)), MINUTE));
    drop(server.store.remember(client(1), &[mark(3, 60)]));
    assert_eq!(server.store.len(), 1);
    assert!(remember_for(&server.store, 1, &[mark(3, 60), mark(4, 60)]).is_ok());
    assert!(consume(&server.store, 1, 1, MINUTE).is_ok());
}
