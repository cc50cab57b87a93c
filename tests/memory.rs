//! What a long-lived memory store takes of its process (S-16). A program of its own, and one test at a time in it: nothing else may
//! allocate while the process is measured. Only Linux tells what is measured here.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::{
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use parjar::{
    Browser, Client, ClientRegistration, FormRequest, InMemoryRegistry, JwksCache, JwksCacheLimits, JwksError,
    ManualClock, ParEndpoint, Policy, Reason,
    jose::DecryptionKeys,
    store::{
        Claim, InsertError, MarkPurpose, MemoryLimits, MemoryStore, NewRequest, Owner, RecordKey, Remembered,
        ReplayMark, RequestStore, StoreRefusal,
    },
};

const MINUTE: Duration = Duration::from_secs(60);

struct Bounded {
    store: MemoryStore,
    clock: ManualClock,
    before: usize,
    _alone: MutexGuard<'static, ()>,
}

impl Bounded {
    fn new(change: impl FnOnce(&mut MemoryLimits)) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut limits = MemoryLimits::default();
        change(&mut limits);
        let clock = ManualClock::default();
        let store = MemoryStore::new(limits).with_clock(clock.clone());
        Self { store, clock, before: resident(), _alone: alone }
    }

    fn insert(&self, number: u64, owner: u64, payload: &[u8], marks: &[ReplayMark]) -> Result<Remembered, InsertError> {
        let request = NewRequest::new(key(number), client(owner), payload).with_marks(marks);
        pollster::block_on(self.store.insert(request, MINUTE))
    }

    fn open_and_spend(&self, number: u64, owner: u64, spend: bool) {
        let claim = Claim::new(key(number), key(owner));
        assert!(pollster::block_on(self.store.claim(claim, MINUTE)).is_ok());
        assert!(!spend || pollster::block_on(self.store.consume(claim, MINUTE)).is_ok());
    }

    fn remember(&self, owner: u64, number: u64) -> Result<Remembered, StoreRefusal> {
        pollster::block_on(self.store.remember(client(owner), &[mark(number)]))
    }

    /// Bytes that the process has grown by.
    fn grown(&self) -> usize {
        resident().saturating_sub(self.before)
    }
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("/proc/self/status has VmRSS");
    line.trim().strip_suffix(" kB").expect("VmRSS is in kB").parse::<usize>().unwrap() * 1024
}

fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    bytes[31] = number.to_le_bytes()[0];
    RecordKey::from_bytes(bytes)
}

fn client(number: u64) -> Owner {
    Owner::authenticated(key(number))
}

fn mark(number: u64) -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, key(number), MINUTE)
}

#[test]
fn what_is_left_behind_is_measured() {
    let bounded = Bounded::new(|_| {});
    let left = vec![7; 64 << 20];
    assert!(bounded.grown() > left.len() / 2, "{} bytes of {}", bounded.grown(), left.len());
}

#[test]
fn a_hundred_thousand_requests_leave_nothing_behind() {
    // 400 MB pass through, about a thousand requests live at any time
    let bounded = Bounded::new(|_| {});
    for number in 0..100_000 {
        assert!(bounded.insert(number, number, &[7; 4_096], &[mark(number)]).is_ok());
        if number % 2 == 0 {
            bounded.open_and_spend(number, number, number % 4 != 0);
        }
        assert!(bounded.remember(number % 3, number + (1 << 40)).is_ok());
        bounded.clock.advance(Duration::from_millis(60));
        assert!(bounded.store.len() < 2_000, "{}", bounded.store.len());
    }
    assert!(bounded.grown() < 128 << 20, "{} bytes", bounded.grown());
}

#[test]
fn requests_that_end_early_leave_nothing_behind_either() {
    // A client that opens and denies as fast as it can stays below every limit
    let bounded = Bounded::new(|limits| limits.requests = 10);
    for number in 0..1_000_000 {
        assert!(bounded.insert(number, 1, b"", &[]).is_ok());
        bounded.open_and_spend(number, 1, true);
    }
    assert!(bounded.grown() < 40 << 20, "{} bytes for a store of ten requests", bounded.grown());
}

#[test]
fn marks_that_are_taken_back_leave_nothing_behind() {
    // A client that is refused as fast as it can push
    let bounded = Bounded::new(|limits| (limits.requests, limits.marks, limits.marks_per_client) = (0, 10, 5));
    for number in 0..1_000_000u64 {
        let refused = bounded.insert(number, 1, b"", &[mark(2 * number), mark(2 * number + 1)]);
        assert!(matches!(refused, Err(InsertError::Refused(StoreRefusal::Full { .. }))));
    }
    assert!(bounded.grown() < 40 << 20, "{} bytes for a store of ten marks", bounded.grown());
    for owner in 0..2 {
        (0..5).for_each(|number| assert!(bounded.remember(owner, 5 * owner + number).is_ok()));
    }
    assert!(matches!(bounded.remember(3, 10), Err(StoreRefusal::Full { .. })));
}

struct Offline;

impl parjar::JwksSource for Offline {
    async fn fetch(&self, _: &str) -> Result<parjar::FetchedJwks, JwksError> {
        Err(JwksError::new("offline"))
    }
}

/// The tenants of one server: everything that can be shared is shared, and each has its own issuer.
fn tenants(store: &MemoryStore, count: usize) -> Vec<ParEndpoint> {
    let registration: ClientRegistration = serde_json::from_str(
        r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
    )
    .unwrap();
    let clients = InMemoryRegistry::new([Client::try_from(registration).unwrap()]).unwrap();
    let jwks = JwksCache::new(Offline, JwksCacheLimits::default());
    let keys = DecryptionKeys::parse(r#"{ "keys": [] }"#).unwrap();
    let policy = std::sync::Arc::new(Policy::oauth());
    let tenant = |number| {
        ParEndpoint::builder(format!("https://as.example.com/tenants/{number}"))
            .clients(clients.clone())
            .store(store.clone())
            .policy(std::sync::Arc::clone(&policy))
            .shared_jwks_cache(&jwks)
            .decryption_keys(keys.clone())
            .token_endpoint(format!("https://as.example.com/tenants/{number}/token"))
            .build()
            .unwrap()
    };
    (0..count).map(tenant).collect()
}

#[test]
fn ten_thousand_issuers_share_one_store_at_four_kibibytes_each() {
    let bounded = Bounded::new(|_| {});
    // The first ones pay for what is shared.
    drop(tenants(&bounded.store, 100));
    let before = resident();
    let tenants = tenants(&bounded.store, 10_000);
    let each = resident().saturating_sub(before) / tenants.len();
    println!("{each} bytes for each endpoint");
    assert!((512..4_096).contains(&each), "{each} bytes for each endpoint");

    let browser = Browser::bound("cookie").unwrap();
    let mut before = String::new();
    for par in &tenants {
        let headers =
            [("content-type", &b"application/x-www-form-urlencoded"[..]), ("authorization", b"Basic d2ViOnMzY3JldA==")];
        let pushed = pollster::block_on(par.push(&FormRequest::new("POST", headers, b"response_type=code"))).unwrap();
        let pending = pollster::block_on(par.open("web", pushed.request_uri(), browser)).unwrap();
        pollster::block_on(par.complete(&pending)).unwrap();
        // That of another issuer is not known here, spent or not.
        if !before.is_empty() {
            let foreign = pollster::block_on(par.open("web", &before, browser)).unwrap_err();
            assert_eq!(foreign.refusal().reason(), Reason::UnknownRequestUri);
        }
        before = pushed.request_uri().to_owned();
    }
}
