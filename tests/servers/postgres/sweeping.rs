//! What is swept, and what the indexes are for.

use parjar::store::{Annotation, ClaimError, Extension, RequestStore as _};

use super::{
    database::Database,
    endpoint::{LONG, claim, key, new_request, numbered},
};

#[tokio::test]
async fn what_has_expired_is_swept_in_batches_and_nothing_else() {
    // S-12
    let database = Database::new().await;
    let store = database.store().await;
    fill(&database, 70, "- interval '1 second'").await;
    fill(&database, 30, "+ interval '1 hour'").await;
    let mut swept = Vec::new();
    for _ in 0..4 {
        swept.push(store.sweep(50).await.unwrap());
    }
    assert_eq!(swept, [50, 50, 40, 0]);
    assert_eq!(rows(&database).await, (30, 30));
}

#[tokio::test]
async fn sweepers_do_not_wait_for_each_other_nor_for_anyone() {
    // S-12
    let database = Database::new().await;
    let store = database.store().await;
    fill(&database, 100, "- interval '1 second'").await;
    let mut other = database.connect().await;
    let held = other.transaction().await.unwrap();
    held.execute("SELECT 1 FROM parjar_requests ORDER BY expires_at LIMIT 40 FOR UPDATE", &[]).await.unwrap();
    assert_eq!(store.sweep(1000).await.unwrap(), 160);
    held.rollback().await.unwrap();
    let (one, two) = tokio::join!(store.sweep(1000), store.sweep(1000));
    assert_eq!(one.unwrap() + two.unwrap(), 40);
    assert_eq!(rows(&database).await, (0, 0));
}

#[tokio::test]
async fn the_index_finds_what_has_expired() {
    // S-12
    let database = Database::new().await;
    database.store().await;
    fill(&database, 20_000, "+ interval '1 hour'").await;
    database.run("ANALYZE parjar_requests").await;
    let plan =
        "EXPLAIN SELECT key FROM parjar_requests WHERE sweep_at <= now() ORDER BY sweep_at LIMIT 1000 FOR UPDATE";
    let plan = database.connect().await.query(plan, &[]).await.unwrap();
    let plan: String = plan.iter().map(|row| row.get::<_, String>(0)).collect();
    assert!(plan.contains("parjar_requests_sweep_at"), "{plan}");
}

#[tokio::test]
async fn requests_that_live_on_are_passed_over_until_they_expire() {
    // S-12
    let database = Database::new().await;
    let store = database.store().await;
    let (open, spent) = (key(), key());
    for key in [open, spent] {
        store.insert(new_request(key), LONG).await.unwrap();
        store.claim(claim(key), LONG).await.unwrap();
    }
    store.consume(claim(spent), LONG).await.unwrap();
    // The time has come at which both would have expired unopened; what has expired became due after that.
    database.run("UPDATE parjar_requests SET sweep_at = now() - interval '1 hour'").await;
    fill(&database, 10, "- interval '1 second'").await;
    assert_eq!(store.sweep(10).await.unwrap(), 10);
    assert_eq!(store.sweep(100).await.unwrap(), 10);
    assert_eq!(rows(&database).await, (2, 0));
    let due = "SELECT bool_and(sweep_at = expires_at) FROM parjar_requests";
    assert!(database.connect().await.query_one(due, &[]).await.unwrap().get::<_, bool>(0));
    assert_eq!(store.claim(claim(open), LONG).await.unwrap().payload, new_request(open).payload);
    assert!(matches!(store.claim(claim(spent), LONG).await, Err(ClaimError::Spent)));
    database.run("UPDATE parjar_requests SET expires_at = now(), sweep_at = now()").await;
    assert_eq!(store.sweep(10).await.unwrap(), 2);
}

#[tokio::test]
async fn what_happens_to_a_request_writes_no_entry_of_an_index() {
    let database = Database::new().await;
    let store = database.store().await;
    let mut connection = database.connect().await;
    let transaction = connection.transaction().await.unwrap();
    let within = store.in_transaction(&transaction);
    let key = key();
    within.insert(new_request(key), LONG).await.unwrap();
    within.claim(claim(key), LONG).await.unwrap();
    within.claim(claim(key).by_browser(numbered(1)), LONG).await.unwrap();
    let claim = claim(key).by_browser(numbered(1));
    within.annotate(claim, Annotation::new(b"note", 0)).await.unwrap();
    within.extend(claim, Extension::new(2 * LONG, 2 * LONG)).await.unwrap();
    within.consume(claim, LONG).await.unwrap();
    let updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'parjar_requests'";
    let row = transaction.query_one(updates, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (5, 5));
}

/// Rows in both tables, that expire then.
async fn fill(database: &Database, count: u32, then: &str) {
    let key = "decode(md5(random()::text) || md5(random()::text), 'hex')";
    let series = format!("FROM generate_series(1, {count})");
    database
        .run(&format!(
            "INSERT INTO parjar_requests (key, owner, state, payload, expires_at, sweep_at)
                 SELECT {key}, {key}, 0, '', now() {then}, now() {then} {series};
             INSERT INTO parjar_marks SELECT {key}, now() {then} {series}"
        ))
        .await;
}

async fn rows(database: &Database) -> (i64, i64) {
    let query = "SELECT (SELECT count(*) FROM parjar_requests), (SELECT count(*) FROM parjar_marks)";
    let row = database.connect().await.query_one(query, &[]).await.unwrap();
    (row.get(0), row.get(1))
}
