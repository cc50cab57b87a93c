//! Servers that crash, answer late, or refuse, and pools that have nothing left.

use std::{sync::Arc, time::Duration};

use parjar::store::{ClaimError, InsertError, PostgresStore, Remembered, RequestStore, StoreError, StoreRefusal};

use super::{
    database::{Cluster, Database},
    endpoint::{Count, LONG, Node, claim, client, expect_refused_push, expect_unavailable, key, mark, new_request},
};
use crate::support::Wire;

/// Asks again while the store is unavailable, for a while.
async fn recovered<S: RequestStore>(store: &S) {
    for _ in 0..200 {
        match store.insert(new_request(key()), LONG).await {
            Ok(_) => return,
            Err(InsertError::Refused(StoreRefusal::Unavailable(_))) => {}
            Err(other) => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the store stays unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_loses_nothing_that_was_confirmed_and_nothing_happens_twice() {
    let cluster = Arc::new(Cluster::start());
    let database = Database::on(&cluster.config()).await;
    let pool = database.pool(8);
    let store = PostgresStore::builder(pool).timeout(Duration::from_secs(1)).build().unwrap();
    store.migrate().await.unwrap();
    let node = Node::over(store.clone());

    let (failures, stop) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, failures, stop) = (store.clone(), failures.clone(), stop.clone());
            tokio::spawn(async move {
                let mut spent = Vec::new();
                while stop.total() == 0 {
                    // Every call comes back, whatever becomes of the server.
                    match tokio::time::timeout(Duration::from_secs(30), log_in(&store)).await.unwrap() {
                        Outcome::Spent(key) => spent.push(key),
                        Outcome::Unavailable => {
                            failures.up();
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                }
                spent
            })
        })
        .collect();

    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (crashing, before) = (cluster.clone(), failures.total());
        tokio::task::spawn_blocking(move || crashing.crash()).await.unwrap();
        while failures.total() == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for _ in 0..5 {
            expect_refused_push(&node.push().await);
        }
        node.look().fault("push", "error connecting to server");
        let booting = cluster.clone();
        tokio::task::spawn_blocking(move || booting.boot()).await.unwrap();
        recovered(&store).await;
        node.pushed().await;
        node.look().back("push");
    }
    stop.up();
    let mut spent = Vec::new();
    for task in tasks {
        spent.extend(task.await.unwrap());
    }
    assert!(!spent.is_empty());
    for key in spent {
        assert!(matches!(store.consume(claim(key), LONG).await, Err(ClaimError::Spent)));
    }
}

enum Outcome {
    Spent(parjar::store::RecordKey),
    Unavailable,
}

/// A whole login whose end two callers try at once.
async fn log_in(store: &PostgresStore) -> Outcome {
    let key = key();
    match store.insert(new_request(key), LONG).await {
        Ok(_) => {}
        Err(InsertError::Refused(StoreRefusal::Unavailable(_))) => return Outcome::Unavailable,
        Err(other) => panic!("{other:?}"),
    }
    match store.claim(claim(key), LONG).await {
        Ok(claimed) => assert_eq!(claimed.payload, b"payload"),
        Err(ClaimError::Unavailable(_)) => return Outcome::Unavailable,
        Err(other) => panic!("{other:?}"),
    }
    let both = tokio::join!(store.consume(claim(key), LONG), store.consume(claim(key), LONG));
    let both = [both.0, both.1];
    for outcome in &both {
        assert!(matches!(outcome, Ok(()) | Err(ClaimError::Spent | ClaimError::Unavailable(_))), "{outcome:?}");
    }
    match both.iter().filter(|outcome| outcome.is_ok()).count() {
        0 => {
            assert!(both.iter().any(|outcome| matches!(outcome, Err(ClaimError::Unavailable(_)))));
            Outcome::Unavailable
        }
        1 => Outcome::Spent(key),
        _ => panic!("spent twice"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_answers_and_cut_wires_are_unavailable_and_pass() {
    let database = Database::new().await;
    database.store().await;
    let wire = Wire::to(database.address()).await;
    let pool = database.through(wire.address()).pool(4);
    let store = PostgresStore::builder(pool).timeout(Duration::from_millis(700)).build().unwrap();
    let node = Node::over(store.clone());
    recovered(&store).await;
    let request_uri = node.pushed().await;

    wire.delay_replies(Duration::from_secs(3));
    expect_unavailable(&node, &request_uri).await;
    node.look().fault("push", "in time").fault("authorize", "in time");
    wire.delay_replies(Duration::ZERO);
    recovered(&store).await;
    node.open(&request_uri, "cookie").await.unwrap();
    node.pushed().await;
    node.look().back("push").back("authorize");

    // Cut while an answer is on its way, once per connection.
    let patient = PostgresStore::builder(database.through(wire.address()).pool(1))
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let key = key();
    patient.insert(new_request(key), LONG).await.unwrap();
    patient.claim(claim(key), LONG).await.unwrap();
    wire.delay_replies(Duration::from_secs(10));
    let consuming = tokio::spawn({
        let patient = patient.clone();
        async move { patient.consume(claim(key), LONG).await }
    });
    // The server has done it, and its answer is held back.
    let watcher = database.store().await;
    while !matches!(watcher.claim(claim(key), LONG).await, Err(ClaimError::Spent)) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    wire.cut();
    assert!(matches!(consuming.await.unwrap(), Err(ClaimError::Unavailable(_))));
    wire.delay_replies(Duration::ZERO);
    assert!(matches!(patient.consume(claim(key), LONG).await, Err(ClaimError::Spent)));
    recovered(&store).await;
}

#[tokio::test]
async fn an_exhausted_pool_is_unavailable_and_passes() {
    let database = Database::new().await;
    let pool = database.pool(1);
    let store = PostgresStore::builder(pool.clone()).timeout(Duration::from_millis(300)).build().unwrap();
    store.migrate().await.unwrap();
    let node = Node::over(store.clone());
    let request_uri = node.pushed().await;
    let taken = pool.get().await.unwrap();
    expect_unavailable(&node, &request_uri).await;
    assert!(matches!(store.remember(client(), &[mark(key())]).await, Err(StoreRefusal::Unavailable(_))));
    assert!(store.sweep(10).await.is_err());
    node.look().fault("push", "no connection in time").fault("authorize", "no connection in time");
    drop(taken);
    node.open(&request_uri, "cookie").await.unwrap();
    node.look().back("authorize");
}

#[tokio::test]
async fn a_statement_that_waits_for_too_long_does_not_hold_up_the_next() {
    let database = Database::new().await;
    let pool = database.pool(1);
    let store = PostgresStore::builder(pool).timeout(Duration::from_millis(500)).build().unwrap();
    store.migrate().await.unwrap();
    let (locked, free) = (key(), key());
    for key in [locked, free] {
        store.insert(new_request(key), LONG).await.unwrap();
    }
    let node = Node::over(store.clone());
    let request_uri = node.pushed().await;
    let mut other = database.connect().await;
    let lock = other.transaction().await.unwrap();
    lock.execute("SELECT 1 FROM parjar_requests WHERE key <> $1 FOR UPDATE", &[&&free.as_bytes()[..]]).await.unwrap();
    assert!(matches!(store.claim(claim(locked), LONG).await, Err(ClaimError::Unavailable(_))));
    node.open(&request_uri, "cookie").await.unwrap_err();
    node.look().fault("authorize", "no answer in time");
    recovered(&store).await;
    store.claim(claim(free), LONG).await.unwrap();
    lock.rollback().await.unwrap();
    store.claim(claim(locked), LONG).await.unwrap();
    node.open(&request_uri, "cookie").await.unwrap();
    node.look().back("authorize");
}

#[tokio::test]
async fn a_full_disk_refuses_and_leaves_nothing_half_written() {
    let database = Database::new().await;
    let store = database.store().await;
    let node = Node::over(store.clone());
    let request_uri = node.pushed().await;
    raise(&database, "parjar_requests", "53100", "no space left on device").await;
    expect_refused_push(&node.push().await);
    node.look().limit("push", "store_full", "the disk or the memory of PostgreSQL");
    let mark = mark(key());
    let with_mark = store.insert(new_request(key()).with_marks(&[mark]), LONG).await;
    let outcomes = [store.insert(new_request(key()), LONG).await, with_mark];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(InsertError::Refused(StoreRefusal::Full { .. }))), "{outcome:?}");
    }
    node.open(&request_uri, "cookie").await.unwrap();
    store.remember(client(), &[mark]).await.unwrap();

    raise(&database, "parjar_marks", "53200", "out of memory").await;
    let several = [key(), key()].map(super::endpoint::mark);
    for marks in [&several[..1], &several[..]] {
        assert!(matches!(store.remember(client(), marks).await, Err(StoreRefusal::Full { .. })));
    }
    database.run("DROP TRIGGER raise ON parjar_requests; DROP TRIGGER raise ON parjar_marks").await;
    store.insert(new_request(key()).with_marks(&several), LONG).await.unwrap();
}

/// Makes every insert into a table fail.
async fn raise(database: &Database, table: &str, code: &str, message: &str) {
    database
        .run(&format!(
            "CREATE FUNCTION raise_{code}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE EXCEPTION '{message}' USING ERRCODE = '{code}', DETAIL = encode(NEW.key, 'hex');
             END $$;
             CREATE TRIGGER raise BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION raise_{code}()"
        ))
        .await;
}

#[tokio::test]
async fn errors_do_not_quote_what_is_stored() {
    let database = Database::new().await;
    let store = database.store().await;
    let key = key();
    let hex: String = key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    database.run("CREATE UNIQUE INDEX ON parjar_requests (owner)").await;
    store.insert(new_request(super::endpoint::key()), LONG).await.unwrap();
    let violation = refused(store.insert(new_request(key), LONG).await);
    assert!(text(&violation).contains("SQLSTATE 23505"), "{}", text(&violation));
    assert!(!text(&violation).contains("eeee"), "{}", text(&violation));
    raise(&database, "parjar_requests", "55000", "not now").await;
    let raised = refused(store.insert(new_request(key), LONG).await);
    assert!(text(&raised).contains("SQLSTATE 55000: not now"), "{}", text(&raised));
    assert!(!text(&raised).contains(&hex));
    let node = Node::over(store);
    expect_refused_push(&node.push().await);
    node.look().fault("push", "SQLSTATE 55000: not now");
}

#[tokio::test]
async fn missing_tables_and_wrong_addresses_say_what_is_wrong() {
    let database = Database::new().await;
    let store = PostgresStore::builder(database.pool(1)).build().unwrap();
    let missing = refused(store.insert(new_request(key()), LONG).await);
    assert!(text(&missing).contains("parjar_requests"), "{}", text(&missing));
    let node = Node::over(store.clone());
    expect_refused_push(&node.push().await);
    node.look().fault("push", "relation \"parjar_requests\" does not exist");
    store.migrate().await.unwrap();
    node.pushed().await;
    node.look().back("push");
    let nowhere = database.through((std::net::Ipv4Addr::LOCALHOST, crate::support::free_port()).into());
    let store = PostgresStore::builder(nowhere.pool(1)).build().unwrap();
    let unreachable = refused(store.insert(new_request(key()), LONG).await);
    assert!(text(&unreachable).contains("error connecting to server"), "{}", text(&unreachable));
    let node = Node::over(store);
    expect_refused_push(&node.push().await);
    node.look().fault("push", "error connecting to server");
}

#[tokio::test]
async fn a_replica_is_unavailable_and_its_connection_is_not_used_again() {
    // S-09
    let database = Database::new().await;
    let pool = database.pool(1);
    let store = PostgresStore::builder(pool.clone()).build().unwrap();
    store.migrate().await.unwrap();
    let become_replica = async || {
        pool.get().await.unwrap().batch_execute("SET default_transaction_read_only = on").await.unwrap();
    };
    become_replica().await;
    assert!(text(&refused(store.insert(new_request(key()), LONG).await)).contains("25006"));
    store.insert(new_request(key()), LONG).await.unwrap();
    let node = Node::over(store);
    become_replica().await;
    expect_refused_push(&node.push().await);
    node.look().fault("push", "25006");
    node.pushed().await;
    node.look().back("push");
}

fn refused(outcome: Result<Remembered, InsertError>) -> StoreError {
    match outcome {
        Err(InsertError::Refused(StoreRefusal::Unavailable(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// All that a log could show.
fn text(error: &StoreError) -> String {
    let source = std::error::Error::source(error).unwrap();
    format!("{error} {error:?} {source} {source:?}")
}
