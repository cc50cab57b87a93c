//! Tables: how they come to be, and what damaged rows do.

use std::time::Duration;

use parjar::store::{
    Claim, ClaimError, InsertError, MarkPurpose, PostgresStore, PostgresStoreError, ReplayMark, RequestStore as _,
    StoreRefusal,
};

use super::{
    database::Database,
    endpoint::{LONG, Node, claim, client, key, mark, new_request, numbered},
};

/// Columns, types, options and indexes of the tables.
const SHAPE: &str = "
    SELECT string_agg(line, E'\n' ORDER BY line) FROM (
        SELECT format('%s %s %s %s %s', c.relname, a.attname, a.atttypid::regtype, a.attnotnull, a.attstorage) AS line
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' AND c.relname LIKE 'parjar%'
        UNION ALL SELECT format('%s %s', relname, reloptions) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'parjar%'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'parjar%'
        UNION ALL SELECT format('version %s', version) FROM parjar_schema_version
    ) AS lines";

pub(super) async fn shape(database: &Database) -> String {
    database.connect().await.query_one(SHAPE, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_once_by_any_number_of_nodes() {
    let database = Database::new().await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = PostgresStore::builder(database.pool(1)).build().unwrap();
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let migrated = shape(&database).await;
    database.store().await;
    assert_eq!(shape(&database).await, migrated);

    let by_hand = Database::new().await;
    let store = PostgresStore::builder(by_hand.pool(1)).build().unwrap();
    for _ in 0..2 {
        by_hand.run(&store.migration()).await;
    }
    assert_eq!(shape(&by_hand).await, migrated);
    store.insert(new_request(key()), LONG).await.unwrap();
}

#[tokio::test]
async fn tables_that_lack_columns_get_them_while_nodes_that_do_not_know_them_go_on() {
    let database = Database::new().await;
    let store = database.store().await;
    let migrated = shape(&database).await;
    let open = key();
    store.insert(new_request(open), LONG).await.unwrap();
    store.claim(claim(open), LONG).await.unwrap();
    for column in ["opened_at", "annotation", "revision", "sweep_at"] {
        database.run(&format!("ALTER TABLE parjar_requests DROP COLUMN {column}")).await;
        assert!(store.check().await.is_err(), "{column}");
    }
    store.migrate().await.unwrap();
    assert_eq!(shape(&database).await, migrated);
    assert!(store.claim(claim(open), LONG).await.unwrap().open_for.is_zero());
    store.consume(claim(open), LONG).await.unwrap();
}

#[tokio::test]
async fn tables_of_a_later_version_are_left_alone() {
    let database = Database::new().await;
    let store = database.store().await;
    database.run("INSERT INTO parjar_schema_version VALUES (7)").await;
    let before = shape(&database).await;
    assert!(matches!(store.migrate().await, Err(PostgresStoreError::NewerSchema { found: 7, known: 1 })));
    assert_eq!(shape(&database).await, before);
}

#[tokio::test]
async fn only_plain_names_are_taken() {
    // S-19
    let database = Database::new().await;
    let builder = || PostgresStore::builder(database.pool(1));
    for name in ["table x; drop", "a\"b", "a.b", "1a", "ä", "a-b", &"a".repeat(64)] {
        assert!(matches!(builder().schema(name).build(), Err(PostgresStoreError::Schema)), "{name}");
        assert!(matches!(builder().table_prefix(name).build(), Err(PostgresStoreError::TablePrefix)), "{name}");
    }
    assert!(matches!(builder().schema("").build(), Err(PostgresStoreError::Schema)));
    let store = builder().schema("Select").table_prefix("").build().unwrap();
    store.migrate().await.unwrap();
    store.insert(new_request(key()), LONG).await.unwrap();
    let count = "SELECT count(*) FROM \"Select\".requests";
    assert_eq!(database.connect().await.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn stores_with_different_names_know_nothing_of_each_other() {
    let database = Database::new().await;
    let plain = database.store().await;
    let other = PostgresStore::builder(database.pool(2)).table_prefix("other_").build().unwrap();
    let elsewhere = PostgresStore::builder(database.pool(2)).schema("elsewhere").build().unwrap();
    let key = key();
    let mark = mark(key);
    for store in [&plain, &other, &elsewhere] {
        store.migrate().await.unwrap();
        store.insert(new_request(key).with_marks(&[mark]), LONG).await.unwrap();
    }
    plain.claim(claim(key), LONG).await.unwrap();
    plain.consume(claim(key), LONG).await.unwrap();
    for store in [&other, &elsewhere] {
        store.claim(claim(key), LONG).await.unwrap();
    }
}

#[tokio::test]
async fn lifetimes_of_any_length_are_taken() {
    let database = Database::new().await;
    let store = database.store().await;
    let (key, lifetime) = (key(), Duration::MAX);
    let marks = [ReplayMark::new(MarkPurpose::Credential, key, lifetime)];
    store.insert(new_request(key).with_marks(&marks), lifetime).await.unwrap();
    store.claim(claim(key), lifetime).await.unwrap();
    store.consume(claim(key), lifetime).await.unwrap();
    let gone = new_request(super::endpoint::key());
    store.insert(gone, Duration::ZERO).await.unwrap();
    assert!(matches!(store.claim(claim(gone.key), LONG).await, Err(ClaimError::Unknown)));
    assert_eq!(store.sweep(10).await.unwrap(), 1);
}

#[tokio::test]
async fn reading_again_writes_nothing() {
    let database = Database::new().await;
    let store = database.store().await;
    let key = key();
    let bound = claim(key).by_browser(numbered(1));
    store.insert(new_request(key), LONG).await.unwrap();
    store.claim(bound, LONG).await.unwrap();
    let version = "SELECT ctid::text || xmin::text || xmax::text FROM parjar_requests";
    let client = database.connect().await;
    let before: String = client.query_one(version, &[]).await.unwrap().get(0);
    for _ in 0..3 {
        store.claim(bound, LONG).await.unwrap();
        assert!(matches!(store.claim(claim(key), LONG).await, Err(ClaimError::OtherBrowser)));
        assert!(matches!(
            store.claim(Claim::new(key, key).by_browser(numbered(1)), LONG).await,
            Err(ClaimError::OtherOwner)
        ));
    }
    assert_eq!(client.query_one(version, &[]).await.unwrap().get::<_, String>(0), before);
}

#[tokio::test]
async fn damaged_rows_are_refused() {
    // S-07
    let database = Database::new().await;
    let store = database.store().await;
    for damage in ["owner = substr(owner, 2)", "browser = 'x'", "state = 7", "owner = ''"] {
        let key = key();
        store.insert(new_request(key), LONG).await.unwrap();
        store.claim(claim(key), LONG).await.unwrap();
        database.run(&format!("UPDATE parjar_requests SET {damage}")).await;
        assert!(matches!(store.claim(claim(key), LONG).await, Err(ClaimError::Unreadable)), "{damage}");
        assert!(matches!(store.consume(claim(key), LONG).await, Err(ClaimError::Unreadable)), "{damage}");
        assert!(matches!(store.insert(new_request(key), LONG).await, Err(InsertError::Exists)), "{damage}");
        database.run("DELETE FROM parjar_requests").await;
    }
}

#[tokio::test]
async fn damaged_and_older_records_are_unknown_to_the_browser() {
    // S-07, O-04
    let database = Database::new().await;
    let node = Node::over(database.store().await);
    let damages = [
        "payload = set_byte(payload, 0, 2)",
        "payload = set_byte(payload, 0, 200)",
        "payload = substr(payload, 1, length(payload) - 1)",
        "payload = payload || 'x'",
        "payload = ''",
        "payload = '{}'",
        "owner = substr(owner, 2)",
        "state = -1",
    ];
    for damage in damages {
        let request_uri = node.pushed().await;
        database.run(&format!("UPDATE parjar_requests SET {damage}")).await;
        let refusal = node.open(&request_uri, "cookie").await.unwrap_err();
        assert_eq!(refusal.refusal().code().as_str(), "invalid_request_uri", "{damage}");
        assert_eq!(refusal.page_status(), 400, "{damage}");
        database.run("DELETE FROM parjar_requests").await;
    }
}

#[tokio::test]
async fn forgotten_statements_are_prepared_again() {
    let database = Database::new().await;
    let pool = database.pool(1);
    let store = PostgresStore::builder(pool.clone()).build().unwrap();
    store.migrate().await.unwrap();
    for forget in ["DISCARD ALL", "DEALLOCATE ALL"] {
        let between = || async { pool.get().await.unwrap().batch_execute(forget).await.unwrap() };
        // The second time, everything has been prepared.
        for _ in 0..2 {
            let (key, [first, second, third]) = (key(), [key(), key(), key()].map(mark));
            store.insert(new_request(key), LONG).await.unwrap();
            between().await;
            store.claim(claim(key), LONG).await.unwrap();
            between().await;
            store.consume(claim(key), LONG).await.unwrap();
            between().await;
            assert!(matches!(store.consume(claim(key), LONG).await, Err(ClaimError::Spent)));
            between().await;
            store.insert(new_request(first.key).with_marks(&[first]), LONG).await.unwrap();
            between().await;
            store.remember(client(), &[second]).await.unwrap();
            between().await;
            let replayed = store.remember(client(), &[third, first]).await;
            assert!(matches!(replayed, Err(StoreRefusal::Replayed { mark }) if mark == first.key));
            between().await;
            store.sweep(1).await.unwrap();
            between().await;
        }
    }
}
