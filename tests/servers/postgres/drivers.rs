//! The store over `sqlx`, and over connections that a host keeps itself: what a driver can get wrong.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use parjar::store::{
    ClaimError, InsertError, PostgresClient, PostgresClients, PostgresConnector, PostgresStore, RequestStore as _,
    StoreError, StoreRefusal,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Client, Error, Statement};

use super::{
    database::{Cluster, Database},
    endpoint::{LONG, Node, claim, client, expect_unavailable, key, mark, new_request},
};
use crate::support::Wire;

/// Up to 16 connections, with their statements: what a host might write that has no pool.
#[derive(Clone)]
pub(super) struct OneEach {
    url: String,
    kept: Arc<Mutex<Vec<Kept>>>,
    permits: Arc<Semaphore>,
}

struct Kept {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
}

pub(super) struct Taken {
    kept: Option<Kept>,
    from: OneEach,
    _permit: OwnedSemaphorePermit,
}

impl OneEach {
    pub(super) fn of(database: &Database) -> Self {
        Self { url: database.url(), kept: Arc::default(), permits: Arc::new(Semaphore::new(16)) }
    }
}

impl PostgresClients for OneEach {
    type Client = Taken;

    async fn client(&self) -> Result<Taken, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(StoreError::new)?;
        let kept = self.kept.lock().unwrap().pop().filter(|kept| !kept.client.is_closed());
        let kept = match kept {
            Some(kept) => kept,
            None => {
                let connecting = tokio_postgres::connect(&self.url, tokio_postgres::NoTls);
                let (client, connection) = connecting.await.map_err(StoreError::new)?;
                tokio::spawn(connection);
                Kept { client, statements: Mutex::default() }
            }
        };
        Ok(Taken { kept: Some(kept), from: self.clone(), _permit: permit })
    }
}

impl Taken {
    fn kept(&self) -> &Kept {
        self.kept.as_ref().unwrap()
    }
}

impl PostgresClient for Taken {
    fn client(&self) -> &Client {
        &self.kept().client
    }

    async fn prepared(&self, statement: &str) -> Result<Option<Statement>, Error> {
        let known = self.kept().statements.lock().unwrap().get(statement).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let prepared = self.client().prepare(statement).await?;
        self.kept().statements.lock().unwrap().insert(statement.to_owned(), prepared.clone());
        Ok(Some(prepared))
    }

    fn forget_statements(&self) {
        self.kept().statements.lock().unwrap().clear();
    }

    fn close(mut self) {
        self.kept = None;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.from.kept.lock().unwrap().extend(self.kept.take());
    }
}

async fn works(store: &PostgresStore) {
    let (key, marks) = (key(), [mark(key()), mark(key())]);
    store.insert(new_request(key).with_marks(&marks), LONG).await.unwrap();
    store.claim(claim(key), LONG).await.unwrap();
    store.consume(claim(key), LONG).await.unwrap();
    assert!(matches!(store.consume(claim(key), LONG).await, Err(ClaimError::Spent)));
    assert!(matches!(store.remember(client(), &marks).await, Err(StoreRefusal::Replayed { .. })));
    assert!(matches!(store.remember(client(), &marks[..1]).await, Err(StoreRefusal::Replayed { .. })));
    store.sweep(10).await.unwrap();
    store.ready().await.unwrap();
}

/// A store of each driver over so many connections to the database.
fn stores(database: &Database, connections: u32, timeout: Duration) -> [PostgresStore; 3] {
    let build = |connector: PostgresConnector| PostgresStore::builder(connector).timeout(timeout).build().unwrap();
    let few = OneEach { permits: Arc::new(Semaphore::new(connections as usize)), ..OneEach::of(database) };
    [
        build(database.pool(connections as usize).into()),
        build(database.sqlx_pool(connections).into()),
        build(PostgresConnector::new(few)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_of_all_drivers_share_their_tables() {
    let database = Database::new().await;
    let stores = stores(&database, 4, Duration::from_secs(20));
    let [first, second, third] = &stores;
    for store in &stores {
        store.migrate().await.unwrap();
        works(store).await;
    }
    let (key, marks) = (key(), [mark(key()), mark(key())]);
    first.insert(new_request(key).with_marks(&marks), LONG).await.unwrap();
    second.claim(claim(key), LONG).await.unwrap();
    third.consume(claim(key), LONG).await.unwrap();
    assert!(matches!(second.consume(claim(key), LONG).await, Err(ClaimError::Spent)));
    match second.remember(client(), &marks).await {
        Err(StoreRefusal::Replayed { mark }) => assert!(marks.iter().any(|known| known.key == mark)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_over_sqlx_migrates_at_once_with_others_over_one_connection() {
    let database = Database::new().await;
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let store = PostgresStore::builder(database.sqlx_pool(1)).schema("par").build().unwrap();
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_driver_waits_for_the_answer_of_a_call_that_was_cancelled() {
    // S-18
    let database = Database::new().await;
    database.store().await;
    for store in stores(&database, 1, Duration::from_secs(20)) {
        let locked = key();
        store.insert(new_request(locked), LONG).await.unwrap();
        let mut other = database.connect().await;
        let held = other.transaction().await.unwrap();
        held.execute("SELECT 1 FROM parjar_requests FOR UPDATE", &[]).await.unwrap();
        for _ in 0..3 {
            let cancelled = tokio::spawn({
                let store = store.clone();
                async move { store.claim(claim(locked), LONG).await }
            });
            wait_for_a_waiter(&database).await;
            cancelled.abort();
            assert!(cancelled.await.unwrap_err().is_cancelled());
            works(&store).await;
        }
        held.rollback().await.unwrap();
        store.claim(claim(locked), LONG).await.unwrap();
    }
}

async fn wait_for_a_waiter(database: &Database) {
    let watcher = database.connect().await;
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Polls so often, and drops.
async fn give_up<F: Future>(future: F, polls: usize) {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(|context| {
        left = left.saturating_sub(1);
        if left == 0 || future.as_mut().poll(context).is_ready() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_whole_after_any_number_of_cancelled_calls() {
    // At each place where a call can be given up, in the middle of preparing its statement for instance.
    let database = Database::new().await;
    database.store().await;
    for store in stores(&database, 1, Duration::from_secs(20)) {
        for polls in (1..12).cycle().take(66) {
            let (key, marks) = (key(), [mark(key()), mark(key())]);
            give_up(store.insert(new_request(key).with_marks(&marks), LONG), polls).await;
            let inserted = match store.claim(claim(key), LONG).await {
                Ok(claimed) => {
                    assert_eq!(claimed.payload, b"payload");
                    true
                }
                Err(error) => {
                    assert!(matches!(error, ClaimError::Unknown), "{error:?}");
                    false
                }
            };
            assert_eq!(store.remember(client(), &marks).await.is_err(), inserted);
            give_up(store.consume(claim(key), LONG), polls).await;
            give_up(store.ready(), polls).await;
            give_up(store.migrate(), polls).await;
        }
        works(&store).await;
    }
}

#[test]
fn a_call_over_sqlx_can_be_dropped_outside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let store = runtime.block_on(async {
        let database = Database::new().await;
        let store = PostgresStore::builder(database.sqlx_pool(1)).build().unwrap();
        store.migrate().await.unwrap();
        store
    });
    for polls in 1..5 {
        let mut call = Box::pin(store.insert(new_request(key()), LONG));
        runtime.block_on(async {
            for _ in 0..polls {
                if poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        drop(call);
        runtime.block_on(works(&store));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_driver_uses_a_connection_to_a_server_that_takes_no_writes_again() {
    // S-09
    let database = Database::new().await;
    database.store().await;
    for store in stores(&database, 1, Duration::from_secs(20)) {
        works(&store).await;
        let name = database.connect().await.query_one("SELECT current_database()", &[]).await.unwrap();
        let name: &str = name.get(0);
        let read_only = |on: &str| format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        database.run(&read_only("on")).await;
        // The connections that there are do not know of it.
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.run(others).await;
        let refused = loop {
            match store.insert(new_request(key()), LONG).await {
                Err(InsertError::Refused(StoreRefusal::Unavailable(error))) => {
                    let text = std::error::Error::source(&error).unwrap().to_string();
                    if text.contains("25006") {
                        break text;
                    }
                }
                other => panic!("{other:?}"),
            }
        };
        assert!(refused.contains("read-only"), "{refused}");
        let admin = database.connect().await;
        admin.batch_execute("SET default_transaction_read_only = off").await.unwrap();
        admin.batch_execute(&read_only("off")).await.unwrap();
        store.insert(new_request(key()), LONG).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_is_unavailable_over_sqlx_and_loses_nothing() {
    let cluster = Arc::new(Cluster::start());
    let database = Database::on(&cluster.config()).await;
    let store = PostgresStore::builder(database.sqlx_pool(4)).timeout(Duration::from_millis(700)).build().unwrap();
    store.migrate().await.unwrap();
    let node = Node::over(store.clone());
    let request_uri = node.pushed().await;
    let spent = key();
    store.insert(new_request(spent), LONG).await.unwrap();
    store.claim(claim(spent), LONG).await.unwrap();
    store.consume(claim(spent), LONG).await.unwrap();
    let crashing = cluster.clone();
    tokio::task::spawn_blocking(move || crashing.crash()).await.unwrap();
    expect_unavailable(&node, &request_uri).await;
    assert!(store.ready().await.is_err());
    let booting = cluster.clone();
    tokio::task::spawn_blocking(move || booting.boot()).await.unwrap();
    recovered(&store).await;
    node.open(&request_uri, "cookie").await.unwrap();
    assert!(matches!(store.consume(claim(spent), LONG).await, Err(ClaimError::Spent)));
}

/// Asks until the store is there again.
async fn recovered(store: &PostgresStore) {
    for _ in 0..200 {
        if store.ready().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the store stays unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_answers_over_sqlx_are_unavailable_and_pass() {
    let database = Database::new().await;
    database.store().await;
    let wire = Wire::to(database.address()).await;
    let pool = database.through(wire.address()).sqlx_pool(2);
    let store = PostgresStore::builder(pool).timeout(Duration::from_millis(700)).build().unwrap();
    let node = Node::over(store.clone());
    recovered(&store).await;
    let request_uri = node.pushed().await;
    wire.delay_replies(Duration::from_secs(3));
    expect_unavailable(&node, &request_uri).await;
    wire.delay_replies(Duration::ZERO);
    recovered(&store).await;
    wire.cut();
    recovered(&store).await;
    node.open(&request_uri, "cookie").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_the_server_has_forgotten_are_prepared_again_by_each_driver() {
    let database = Database::new().await;
    database.store().await;
    for store in stores(&database, 1, Duration::from_secs(20)) {
        works(&store).await;
        // A trigger makes the server forget what is prepared on the store's own connection.
        database
            .run(
                "CREATE OR REPLACE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DEALLOCATE ALL; RETURN NULL; END $$;
                 CREATE OR REPLACE TRIGGER forget AFTER INSERT ON parjar_marks FOR EACH STATEMENT EXECUTE FUNCTION forget()",
            )
            .await;
        store.remember(client(), &[mark(key())]).await.unwrap();
        database.run("DROP TRIGGER forget ON parjar_marks").await;
        works(&store).await;
    }
}
