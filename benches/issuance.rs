//! How long it takes to issue a `request_uri`, from raw bytes to the reply, and to redeem it.
//!
//! `floor` is what no implementation can do without: one parse of the form, two SHA-256, 32 bytes from the system's generator,
//! and a hash map insert and remove. Read every row as a ratio to it, in the same run on the same machine.

#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::panic)]

mod support;

use std::{
    collections::HashMap,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use parjar::{
    Browser, Client, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Policy, Reply,
    store::{MemoryLimits, MemoryStore},
};
use rand::{TryRng as _, rngs::SysRng};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use self::support::{HEADERS, ISSUER, SteppedClock, now, registration};

const SECRET: &str = "7Fjfp0ZBr1KtDRbnfVdmIw-correct-horse";
const AUTHORIZATION: &[u8] = b"Basic YmVuY2g6N0ZqZnAwWkJyMUt0RFJibmZWZG1Jdy1jb3JyZWN0LWhvcnNl";
const EIGHT_PARAMETERS: &str = "response_type=code&client_id=bench\
    &redirect_uri=https%3A%2F%2Fclient.example.org%2Fcallback&scope=openid+accounts\
    &state=duk681S8n00GsJpe7n9boxdzen&nonce=n-0S6_WzA2Mj-7n9boxdz\
    &code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U&code_challenge_method=S256";

struct Bench {
    par: ParEndpoint,
    clock: ManualClock,
}

impl Bench {
    /// An endpoint whose requests wait for `lifetime` seconds by a clock that only the bench moves.
    fn new(method: &str, lifetime: u32) -> Self {
        let clock = ManualClock::default();
        let store = roomy_store().with_clock(SteppedClock(clock.clone()));
        Self { par: endpoint(method, lifetime, store), clock }
    }

    fn push(&self, request: &FormRequest<'_>) -> Reply {
        Reply::from(now(self.par.push(request)))
    }
}

fn roomy_store() -> MemoryStore {
    let mut limits = MemoryLimits::default();
    limits.requests = 10_000_000;
    limits.requests_per_client = 10_000_000;
    limits.bytes = usize::MAX;
    limits.bytes_per_client = usize::MAX;
    MemoryStore::new(limits)
}

fn endpoint(method: &str, lifetime: u32, store: MemoryStore) -> ParEndpoint {
    let secret = (method != "none").then_some(SECRET);
    let authentication = json!({ "token_endpoint_auth_method": method, "client_secret": secret });
    let client = Client::try_from(registration(authentication)).unwrap();
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    policy.request_uri_lifetime = lifetime;
    ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients(InMemoryRegistry::new([client]).unwrap())
        .store(store)
        .build()
        .unwrap()
}

fn headers(authorization: Option<&'static [u8]>) -> Vec<(&'static str, &'static [u8])> {
    HEADERS.into_iter().chain(authorization.map(|value| ("authorization", value))).collect()
}

fn floor(criterion: &mut Criterion) {
    let mut map = HashMap::new();
    criterion.bench_function("floor", |bencher| bencher.iter(|| least_work(&mut map)));
}

fn least_work(map: &mut HashMap<[u8; 32], u8>) {
    for (name, value) in url::form_urlencoded::parse(black_box(EIGHT_PARAMETERS).as_bytes()) {
        black_box((name, value));
    }
    black_box(Sha256::digest(black_box(SECRET)));
    let mut handle = [0u8; 32];
    SysRng.try_fill_bytes(&mut handle).unwrap();
    let key: [u8; 32] = Sha256::digest(handle).into();
    map.insert(key, 1u8);
    black_box(map.remove(&key));
}

fn pushes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("push");
    for (row, method) in [("basic", "client_secret_basic"), ("post", "client_secret_post"), ("plain", "none")] {
        let bench = Bench::new(method, 1);
        let headers = headers((row == "basic").then_some(AUTHORIZATION));
        let mut body = EIGHT_PARAMETERS.to_owned();
        if row == "post" {
            body.push_str(&format!("&client_secret={SECRET}"));
        }
        group.bench_function(row, |bencher| {
            bencher.iter(|| {
                bench.clock.advance(Duration::from_secs(2));
                let request = FormRequest::new("POST", headers.iter().copied(), black_box(&body));
                let reply = bench.push(&request);
                debug_assert_eq!(reply.status(), 201);
                reply
            });
        });
    }
    group.finish();
}

fn redemption(criterion: &mut Criterion) {
    let bench = Bench::new("client_secret_basic", 60);
    let headers = headers(Some(AUTHORIZATION));
    criterion.bench_function("authorize+complete", |bencher| {
        bencher.iter_batched(
            || {
                bench.clock.advance(Duration::from_millis(1));
                let request = FormRequest::new("POST", headers.iter().copied(), EIGHT_PARAMETERS);
                let pushed = now(bench.par.push(&request)).unwrap();
                format!("client_id=bench&request_uri={}", pushed.request_uri())
            },
            |query| {
                let pending = now(bench.par.authorize(&query, Browser::bound("browser").unwrap())).unwrap();
                now(bench.par.complete(&pending)).unwrap()
            },
            BatchSize::SmallInput,
        );
    });
}

/// As many pushes as expire at the same time keep the number of live requests steady.
fn live(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("push/live");
    let headers = headers(Some(AUTHORIZATION));
    let request = FormRequest::new("POST", headers.iter().copied(), EIGHT_PARAMETERS);
    let empty = Bench::new("client_secret_basic", 1);
    group.bench_function("0", |bencher| {
        bencher.iter(|| {
            empty.clock.advance(Duration::from_secs(2));
            empty.push(black_box(&request))
        });
    });

    let full = Bench::new("client_secret_basic", 500);
    let pushes = AtomicU64::new(0);
    // Two pushes a millisecond for 500 seconds are a million.
    let step = || {
        let even = pushes.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        full.clock.advance(Duration::from_millis(even.into()));
    };
    let before = resident_bytes();
    for _ in 0..1_000_000 {
        step();
        full.push(&request);
    }
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        eprintln!("memory per live request of 8 parameters: {} bytes", (after - before) / 1_000_000);
    }
    group.bench_function("1000000", |bencher| {
        bencher.iter(|| {
            step();
            full.push(black_box(&request))
        });
    });
    group.finish();
}

fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
}

/// Runs the same work on several threads at once, each `iterations` times.
fn at_once(threads: u64, iterations: u64, work: impl Fn(u64) + Sync) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(iterations));
        }
    });
    start.elapsed()
}

/// What the floor gains from a second thread is what the machine gives.
fn threads(criterion: &mut Criterion) {
    for threads in [1u64, 2] {
        let mut group = criterion.benchmark_group("threads");
        group.throughput(Throughput::Elements(threads));
        group.bench_function(format!("floor/{threads}"), |bencher| {
            bencher.iter_custom(|iterations| {
                at_once(threads, iterations, |iterations| {
                    let mut map = HashMap::new();
                    (0..iterations).for_each(|_| least_work(&mut map));
                })
            });
        });
        group.bench_function(format!("push/{threads}"), |bencher| {
            bencher.iter_custom(|iterations| {
                let par = endpoint("client_secret_basic", 1, roomy_store());
                let headers = headers(Some(AUTHORIZATION));
                at_once(threads, iterations, |iterations| {
                    for _ in 0..iterations {
                        let request = FormRequest::new("POST", headers.iter().copied(), EIGHT_PARAMETERS);
                        black_box(Reply::from(now(par.push(&request))));
                    }
                })
            });
        });
        group.finish();
    }
}

fn refusals(criterion: &mut Criterion) {
    const WRONG_SECRET: &[u8] = b"Basic YmVuY2g6N0ZqZnAwWkJyMUt0RFJibmZWZG1Jdy1jb3JyZWN0LWhvcnNF";
    const UNKNOWN_CLIENT: &[u8] = b"Basic YmVuY0g6N0ZqZnAwWkJyMUt0RFJibmZWZG1Jdy1jb3JyZWN0LWhvcnNl";
    let bench = Bench::new("client_secret_basic", 60);
    let unregistered = EIGHT_PARAMETERS.replace("%2Fcallback", "%2Felsewhere");
    let without_client_id = EIGHT_PARAMETERS.replace("&client_id=bench", "");
    let garbage = "%zz".repeat(EIGHT_PARAMETERS.len() / 3);
    let rows: [(&str, &'static [u8], &str, u16); 4] = [
        ("wrong_secret", WRONG_SECRET, &without_client_id, 401),
        ("unknown_client", UNKNOWN_CLIENT, &without_client_id, 401),
        ("unregistered_redirect_uri", AUTHORIZATION, &unregistered, 400),
        ("garbage", AUTHORIZATION, &garbage, 400),
    ];
    let mut group = criterion.benchmark_group("refuse");
    for (row, authorization, body, status) in rows {
        let headers = headers(Some(authorization));
        let request = FormRequest::new("POST", headers.iter().copied(), body);
        assert_eq!(bench.push(&request).status(), status, "{row}");
        group.bench_function(row, |bencher| bencher.iter(|| bench.push(black_box(&request))));
    }
    group.finish();
}

criterion_group!(benches, floor, pushes, live, threads, redemption, refusals);
criterion_main!(benches);
