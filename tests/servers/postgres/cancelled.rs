//! Callers that go away in the middle of an operation.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use deadpool_postgres::Pool;
use parjar::store::{PostgresStore, RequestStore as _};

use super::{
    database::Database,
    endpoint::{LONG, claim, client, key, mark, new_request},
};

/// A statement of another connection waits for a lock.
async fn wait_for_a_waiter(database: &Database) {
    let watcher = database.connect().await;
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_does_not_wait_for_the_answer_of_one_that_was_cancelled() {
    // S-18
    let database = Database::new().await;
    let store = PostgresStore::builder(database.pool(1)).build().unwrap();
    store.migrate().await.unwrap();
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
        store.insert(new_request(key()), LONG).await.unwrap();
        store.remember(client(), &[mark(key())]).await.unwrap();
    }
    held.rollback().await.unwrap();
    store.claim(claim(locked), LONG).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_does_not_wait_for_a_cancelled_migration() {
    let database = Database::new().await;
    let store = database.store().await;
    let fresh = Database::new().await;
    let migrating = PostgresStore::builder(fresh.pool(1)).build().unwrap();
    let holder = fresh.connect().await;
    holder.batch_execute("SELECT pg_advisory_lock(x'7061726A6172'::bigint)").await.unwrap();
    let cancelled = tokio::spawn({
        let migrating = migrating.clone();
        async move { migrating.migrate().await }
    });
    wait_for_a_waiter(&fresh).await;
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    fresh.run(&store.migration()).await;
    migrating.insert(new_request(key()), LONG).await.unwrap();
}

async fn process(pool: &Pool) -> i32 {
    pool.get().await.unwrap().query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Polls so often, and drops.
async fn give_up<F: Future>(future: F, polls: usize) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        left = left.saturating_sub(1);
        if left == 0 || future.as_mut().poll(context).is_ready() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_cost_a_connection() {
    let database = Database::new().await;
    let pool = database.pool(1);
    let store = PostgresStore::builder(pool.clone()).build().unwrap();
    store.migrate().await.unwrap();
    let before = process(&pool).await;
    for polls in (2..5).cycle().take(30) {
        give_up(store.insert(new_request(key()), LONG), polls).await;
        give_up(store.remember(client(), &[mark(key())]), polls).await;
    }
    assert_eq!(process(&pool).await, before);
    store.insert(new_request(key()), LONG).await.unwrap();
}

#[test]
fn a_call_can_be_dropped_outside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (store, pool) = runtime.block_on(async {
        let database = Database::new().await;
        let pool = database.pool(1);
        let store = PostgresStore::builder(pool.clone()).build().unwrap();
        store.migrate().await.unwrap();
        (store, pool)
    });
    let mut call = Box::pin(store.insert(new_request(key()), LONG));
    runtime.block_on(poll_fn(|context| {
        let _ = call.as_mut().poll(context);
        Poll::Ready(())
    }));
    drop(call);
    runtime.block_on(async { store.insert(new_request(key()), LONG).await.unwrap() });
    assert!(pool.status().size <= 1);
}
