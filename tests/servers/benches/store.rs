//! What a store costs beside its engine: each operation against the barest command that could do it, through the same client and
//! the same connections, on a server of its own.
//!
//! | operation | Redis | PostgreSQL |
//! | --- | --- | --- |
//! | `insert` | `SET key value PX` | `INSERT` into a table of the same form |
//! | `claim`, `consume` | `GETDEL key` | `DELETE ... RETURNING payload` |
//!
//! The store over `sqlx` is held against the store over `deadpool_postgres`, whose statements are the same: with a pool as it is by default,
//! which asks a connection whether it lives before it gives it out, and with one that does not.
//!
//! Neither server waits for a disk (no persistence, `fsync` off), which would hide what a store costs. It prints ratios. Store and floor take turns, so that a noisy machine treats both alike, and the best turn of each counts:
//! `cargo bench -p parjar-servers --bench store`, or with `-- redis`, `-- postgres` or `-- sqlx` for one of them. `PARJAR_TEST_REDIS_URL` and `PARJAR_TEST_POSTGRES_URL` name other servers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
// The tests use more of these.
#![allow(dead_code, unused_imports)]

#[path = "../postgres/database.rs"]
mod database;
#[path = "../redis/servers.rs"]
mod servers;
#[path = "../support.rs"]
mod support;

use std::{
    env,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool_postgres::Pool;
use parjar::store::{Claim, NewRequest, Owner, PostgresConnector, PostgresStore, RecordKey, RedisStore, RequestStore};
use redis::aio::MultiplexedConnection;

use self::{database::Database, servers::Redis};

const LIFETIME: Duration = Duration::from_secs(600);
const TURNS: usize = 15;

#[derive(Clone, Copy)]
enum Operation {
    Insert,
    Claim,
    Consume,
}

/// An engine, and a store over it.
trait Engine: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// Operations in a turn.
    const COUNT: u64;

    fn store(&self) -> &impl RequestStore;

    /// What a floor needs to be there.
    fn prepare(&self, operation: Operation, number: u64) -> impl Future<Output = ()> + Send;

    fn floor(&self, operation: Operation, number: u64) -> impl Future<Output = ()> + Send;

    fn ours(&self, operation: Operation, number: u64) -> impl Future<Output = ()> + Send {
        run(self.store(), operation, number)
    }
}

async fn run(store: &impl RequestStore, operation: Operation, number: u64) {
    let claim = Claim::new(key(number), owner()).by_browser(owner());
    match operation {
        Operation::Insert => {
            let request = NewRequest::new(key(number), Owner::authenticated(owner()), payload());
            store.insert(request, LIFETIME).await.unwrap();
        }
        Operation::Claim => {
            assert_eq!(store.claim(claim, LIFETIME).await.unwrap().payload.len(), payload().len());
        }
        Operation::Consume => store.consume(claim, LIFETIME).await.unwrap(),
    }
}

/// A digest, as far as an engine can tell.
fn key(number: u64) -> RecordKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    bytes[8..16].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

fn owner() -> RecordKey {
    RecordKey::from_bytes([9; 32])
}

/// As long as a request of eight parameters.
fn payload() -> &'static [u8] {
    &[42; 350]
}

#[derive(Clone)]
struct OverRedis {
    connection: MultiplexedConnection,
    store: RedisStore,
}

impl OverRedis {
    fn name(number: u64) -> String {
        let digits: String = key(number).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{{floor}}:r:{digits}")
    }

    /// As large as a record of the store.
    async fn set(&self, name: &str) {
        let mut connection = self.connection.clone();
        let value = [payload(), &[0; 66]].concat();
        let mut command = redis::cmd("SET");
        command.arg(name).arg(&value[..]).arg("PX").arg(600_000);
        command.query_async::<()>(&mut connection).await.unwrap();
    }
}

impl Engine for OverRedis {
    const NAME: &'static str = "Redis";
    const COUNT: u64 = 4096;

    fn store(&self) -> &impl RequestStore {
        &self.store
    }

    async fn prepare(&self, _: Operation, number: u64) {
        self.set(&Self::name(number)).await;
    }

    async fn floor(&self, operation: Operation, number: u64) {
        let name = Self::name(number);
        match operation {
            Operation::Insert => self.set(&name).await,
            Operation::Claim | Operation::Consume => {
                let mut connection = self.connection.clone();
                let mut command = redis::cmd("GETDEL");
                let value: Vec<u8> = command.arg(name).query_async(&mut connection).await.unwrap();
                assert!(value.len() >= payload().len());
            }
        }
    }
}

#[derive(Clone)]
struct OverPostgres {
    pool: Pool,
    store: PostgresStore,
}

impl OverPostgres {
    async fn put(&self, number: u64) {
        const INSERT: &str = "INSERT INTO floor VALUES ($1, $2, $3, 0, $4, now() + interval '10 minutes')";
        let client = self.pool.get().await.unwrap();
        let statement = client.prepare_cached(INSERT).await.unwrap();
        let (key, owner) = (key(number), owner());
        let owner = &owner.as_bytes()[..];
        assert_eq!(
            client.execute(&statement, &[&&key.as_bytes()[..], &owner, &Some(owner), &payload()]).await.unwrap(),
            1
        );
    }
}

impl Engine for OverPostgres {
    const NAME: &'static str = "PostgreSQL";
    const COUNT: u64 = 1024;

    fn store(&self) -> &impl RequestStore {
        &self.store
    }

    async fn prepare(&self, _: Operation, number: u64) {
        self.put(number).await;
    }

    async fn floor(&self, operation: Operation, number: u64) {
        match operation {
            Operation::Insert => self.put(number).await,
            Operation::Claim | Operation::Consume => {
                let client = self.pool.get().await.unwrap();
                let delete = "DELETE FROM floor WHERE key = $1 RETURNING payload";
                let statement = client.prepare_cached(delete).await.unwrap();
                let key = key(number);
                let row = client.query_one(&statement, &[&&key.as_bytes()[..]]).await.unwrap();
                assert_eq!(row.get::<_, &[u8]>(0), payload());
            }
        }
    }
}

/// The store over `sqlx`, and as its floor the one over `deadpool_postgres`.
#[derive(Clone)]
struct OverSqlx<const IS_TESTED: bool> {
    floor: PostgresStore,
    store: PostgresStore,
}

/// The numbers of a floor that is a store as well.
const APART: u64 = 1 << 48;

impl<const IS_TESTED: bool> Engine for OverSqlx<IS_TESTED> {
    const NAME: &'static str = if IS_TESTED { "sqlx" } else { "sqlx bare" };
    const COUNT: u64 = 1024;

    fn store(&self) -> &impl RequestStore {
        &self.store
    }

    async fn prepare(&self, operation: Operation, number: u64) {
        run(&self.floor, Operation::Insert, APART + number).await;
        if matches!(operation, Operation::Consume) {
            run(&self.floor, Operation::Claim, APART + number).await;
        }
    }

    async fn floor(&self, operation: Operation, number: u64) {
        run(&self.floor, operation, APART + number).await;
    }
}

/// Runs `call` for so many numbers, `concurrency` at a time, and gives the time that each took.
async fn spread<F: Future<Output = ()> + Send + 'static>(
    concurrency: u64,
    numbers: std::ops::Range<u64>,
    call: impl Fn(u64) -> F + Clone + Send + 'static,
) -> f64 {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let count = numbers.end - numbers.start;
    let started = Instant::now();
    let tasks: Vec<_> = (0..concurrency)
        .map(|_| {
            let (next, call, end) = (Arc::clone(&next), call.clone(), numbers.end);
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    call(number).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    started.elapsed().as_secs_f64() * 1e6 / count as f64
}

async fn compare<E: Engine>(engine: &E) {
    let mut fresh = 0;
    for concurrency in [1, 16, 64] {
        for (operation, name) in
            [(Operation::Insert, "insert"), (Operation::Claim, "claim"), (Operation::Consume, "consume")]
        {
            let (mut floor, mut ours) = (f64::MAX, f64::MAX);
            for _ in 0..TURNS {
                let numbers = fresh..fresh + E::COUNT;
                fresh += E::COUNT;
                ready(engine, operation, numbers.clone()).await;
                let e = engine.clone();
                let floor_call = move |number| {
                    let e = e.clone();
                    async move { e.floor(operation, number).await }
                };
                floor = floor.min(spread(concurrency, numbers.clone(), floor_call).await);
                let e = engine.clone();
                let our_call = move |number| {
                    let e = e.clone();
                    async move { e.ours(operation, number).await }
                };
                ours = ours.min(spread(concurrency, numbers, our_call).await);
            }
            let ratio = ours / floor;
            println!("{:<10} {concurrency:>3} {name:<8} {floor:>8.1} us {ours:>8.1} us {ratio:>6.2}", E::NAME);
        }
    }
}

/// Puts there what the operation is about.
async fn ready<E: Engine>(engine: &E, operation: Operation, numbers: std::ops::Range<u64>) {
    let e = engine.clone();
    let put = move |number| {
        let e = e.clone();
        async move {
            if !matches!(operation, Operation::Insert) {
                e.prepare(operation, number).await;
                e.ours(Operation::Insert, number).await;
            }
            if matches!(operation, Operation::Consume) {
                e.ours(Operation::Claim, number).await;
            }
        }
    };
    spread(64, numbers, put).await;
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs this as well.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_wanted = |engine: &str| {
        let mut named = env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
        named.peek().is_none() || named.any(|name| name == engine)
    };
    println!("{:<10} {:>3} {:<8} {:>11} {:>11} {:>6}", "engine", "at", "", "floor", "store", "ratio");
    if is_wanted("redis") {
        let redis = Redis::any();
        let connection = redis.connection().await;
        let store = RedisStore::builder(redis.client()).timeout(Duration::from_secs(30)).build().await.unwrap();
        compare(&OverRedis { connection, store }).await;
    }

    let database = Database::new().await;
    let pool = database.pool(16);
    let over = |connector: PostgresConnector| {
        PostgresStore::builder(connector).timeout(Duration::from_secs(30)).build().unwrap()
    };
    let store = over(pool.clone().into());
    store.migrate().await.unwrap();
    if is_wanted("postgres") {
        database.run("CREATE TABLE floor (LIKE parjar_requests INCLUDING ALL)").await;
        compare(&OverPostgres { pool, store: store.clone() }).await;
    }
    if is_wanted("sqlx") {
        let tested = database.sqlx_pool(16);
        let options = tested.options().clone().test_before_acquire(false);
        let bare = options.connect_lazy_with(tested.connect_options().as_ref().clone());
        compare(&OverSqlx::<true> { floor: store.clone(), store: over(tested.into()) }).await;
        // The numbers begin anew.
        database.run("TRUNCATE parjar_requests, parjar_marks").await;
        compare(&OverSqlx::<false> { floor: store, store: over(bare.into()) }).await;
    }
}
