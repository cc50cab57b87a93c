//! How long it takes to issue a `request_uri`, from raw bytes to the reply, and to redeem it.
//!
//! `floor` is what no implementation can do without: one parse of the form, two SHA-256, 32 bytes from the system's generator,
//! and a hash map insert and remove. Read every row as a ratio to it, in the same run on the same machine.

#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::panic)]

mod pushes;
mod support;

use std::{
    collections::HashMap,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use parjar::{Browser, FormRequest, Reply};
use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};

use self::{
    pushes::{AUTHORIZATION, Bench, EIGHT_PARAMETERS, SECRET, endpoint, headers, roomy_store},
    support::now,
};

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
    criterion.bench_function("authorize+complete", |bencher| {
        bencher.iter_batched(
            || bench.pushed(),
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
    let bench = Bench::new("client_secret_basic", 60);
    let mut group = criterion.benchmark_group("refuse");
    for refused in pushes::refusals() {
        let headers = headers(Some(refused.authorization));
        let request = FormRequest::new("POST", headers.iter().copied(), &refused.body);
        assert_eq!(bench.push(&request).status(), refused.status, "{}", refused.name);
        group.bench_function(refused.name, |bencher| bencher.iter(|| bench.push(black_box(&request))));
    }
    group.finish();
}

criterion_group!(benches, floor, pushes, live, threads, redemption, refusals);
criterion_main!(benches);
