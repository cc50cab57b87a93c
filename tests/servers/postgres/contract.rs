//! The contract of stores, under each isolation level.

use std::{thread, time::Duration};

use parjar::store::{
    BoxedStore, PostgresConnector, PostgresStore, RequestStore,
    contract::{self, Harness},
};
use tokio::runtime::Runtime;

use super::{database::Database, drivers::OneEach};

struct Shared<S, B> {
    store: S,
    runtime: Runtime,
    rounds: usize,
    /// Another store over the same tables, with room for so much of hygiene and of public clients.
    bounded: B,
}

impl<S: RequestStore + Clone, B: Fn(usize) -> S + Sync> Harness for Shared<S, B> {
    type Store = S;

    fn store(&self) -> S {
        self.store.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.handle().block_on(future)
    }

    fn pass(&self, time: Duration) {
        thread::sleep(time);
    }

    fn rounds(&self) -> usize {
        self.rounds
    }

    fn bounded_store(&self, marks: usize) -> Option<S> {
        Some((self.bounded)(marks))
    }
}

fn check<S: RequestStore + Clone>(isolation: &str, rounds: usize, of: impl Fn(PostgresStore) -> S + Sync) {
    check_over(isolation, rounds, |database| database.pool(16).into(), of);
}

fn check_over<S: RequestStore + Clone>(
    isolation: &str,
    rounds: usize,
    connector: impl FnOnce(&Database) -> PostgresConnector,
    of: impl Fn(PostgresStore) -> S + Sync,
) {
    let runtime = Runtime::new().unwrap();
    let connector = runtime.block_on(async {
        let database = Database::new().await;
        let name = database.connect().await.query_one("SELECT current_database()", &[]).await.unwrap();
        let name: &str = name.get(0);
        database.run(&format!("ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")).await;
        connector(&database)
    });
    let builder = || PostgresStore::builder(connector.clone()).timeout(Duration::from_secs(20));
    let store = builder().build().unwrap();
    runtime.block_on(store.migrate()).unwrap();
    let bounded = |marks| {
        let builder = builder().hygiene_marks(marks, marks).unauthenticated_requests(marks, 1 << 20);
        of(builder.unauthenticated_marks(marks).build().unwrap())
    };
    contract::check(&Shared { store: of(store), runtime, rounds, bounded }).unwrap();
}

// S-08
#[test]
fn the_contract_is_kept_under_read_committed() {
    check("read committed", 10, |store| store);
}

#[test]
fn the_contract_is_kept_under_repeatable_read() {
    check("repeatable read", 5, |store| store);
}

#[test]
fn the_contract_is_kept_under_serializable() {
    check("serializable", 5, |store| store);
}

#[test]
fn the_contract_is_kept_by_a_boxed_store() {
    check("read committed", 2, BoxedStore::new);
}

#[test]
fn the_contract_is_kept_over_sqlx() {
    check_over("read committed", 10, |database| database.sqlx_pool(16).into(), |store| store);
}

#[test]
fn the_contract_is_kept_over_sqlx_under_serializable() {
    check_over("serializable", 3, |database| database.sqlx_pool(16).into(), |store| store);
}

#[test]
fn the_contract_is_kept_over_connections_of_a_host() {
    let connector = |database: &Database| PostgresConnector::new(OneEach::of(database));
    check_over("read committed", 3, connector, |store| store);
}
