//! Whether the next push would be taken: each way in which a database would not, and each driver.

use std::{sync::Arc, time::Duration};

use parjar::{
    CauseText,
    store::{NotReadyReason, PostgresStore, RequestStore},
};

use super::{
    database::{Cluster, Database},
    endpoint::{LONG, Node, claim, key, mark, new_request},
};
use crate::support::Wire;

/// A store over each driver.
fn stores(database: &Database) -> [PostgresStore; 2] {
    let build = |connector: parjar::store::PostgresConnector| {
        PostgresStore::builder(connector).timeout(Duration::from_secs(5)).build().unwrap()
    };
    [build(database.pool(2).into()), build(database.sqlx_pool(2).into())]
}

async fn expect(store: &PostgresStore, reason: NotReadyReason, text: &str) {
    let error = store.ready().await.unwrap_err();
    let cause = CauseText(&error).to_string();
    assert_eq!(error.reason(), reason, "{cause}");
    assert!(cause.contains(text), "{cause}");
    // What it says of the next push is true.
    assert!(store.insert(new_request(key()).with_marks(&[mark(key())]), LONG).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_missing_or_others_are_told_apart() {
    let database = Database::new().await;
    for store in stores(&database) {
        expect(&store, NotReadyReason::Schema, "SQLSTATE 42P01: relation \"parjar_").await;
        expect(&store, NotReadyReason::Schema, "PostgresStore::migrate").await;
        store.migrate().await.unwrap();
        store.ready().await.unwrap();
        database.run("ALTER TABLE parjar_requests DROP COLUMN revision").await;
        expect(&store, NotReadyReason::Schema, "42703").await;
        store.migrate().await.unwrap();
        store.ready().await.unwrap();
        database.run("DROP TABLE parjar_marks").await;
        expect(&store, NotReadyReason::Schema, "parjar_marks").await;
        database.run("DROP TABLE parjar_requests, parjar_schema_version").await;
        let elsewhere = PostgresStore::builder(database.pool(1)).schema("nowhere").build().unwrap();
        expect(&elsewhere, NotReadyReason::Schema, "nowhere").await;
    }
}

#[tokio::test]
async fn tables_of_a_later_version_are_not_used() {
    let database = Database::new().await;
    let store = database.store().await;
    database.run("INSERT INTO parjar_schema_version VALUES (7)").await;
    let error = store.ready().await.unwrap_err();
    assert_eq!(error.reason(), NotReadyReason::Schema);
    assert!(CauseText(&error).to_string().contains("of version 7"), "{}", CauseText(&error));
    // A role that may not read the version gets on without.
    let role = database.role().await;
    database.run(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON parjar_requests, parjar_marks TO {role}")).await;
    PostgresStore::builder(database.as_role(&role).pool(1)).build().unwrap().ready().await.unwrap();
    // Nor does it need a table of versions.
    database.run("DROP TABLE parjar_schema_version").await;
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_revoked_are_named() {
    let database = Database::new().await;
    database.store().await;
    let role = database.role().await;
    let all = "SELECT, INSERT, UPDATE, DELETE ON parjar_requests, parjar_marks";
    for right in ["INSERT ON parjar_requests", "UPDATE ON parjar_marks", "INSERT ON parjar_marks", all] {
        database.run(&format!("GRANT {all} TO {role}")).await;
        for store in stores(&database.as_role(&role)) {
            store.ready().await.unwrap();
            database.run(&format!("REVOKE {right} FROM {role}")).await;
            expect(&store, NotReadyReason::NotPermitted, "42501: permission denied for table parjar_").await;
            database.run(&format!("GRANT {all} TO {role}")).await;
            store.ready().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_read_only_is_not_ready() {
    let database = Database::new().await;
    database.store().await;
    let role = database.role().await;
    database.run(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON parjar_requests, parjar_marks TO {role}")).await;
    database.run(&format!("ALTER ROLE {role} SET default_transaction_read_only = on")).await;
    for store in stores(&database.as_role(&role)) {
        for _ in 0..3 {
            expect(&store, NotReadyReason::ReadOnly, "25006").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_not_ready_until_it_is_promoted() {
    let primary = Cluster::start();
    let database = Database::on(&primary.config()).await;
    database.store().await;
    let standby = primary.standby();
    for store in stores(&database.on_server(&standby.config())) {
        expect(&store, NotReadyReason::ReadOnly, "25006").await;
    }
    standby.promote();
    for store in stores(&database.on_server(&standby.config())) {
        for _ in 0..400 {
            if store.ready().await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        store.ready().await.unwrap();
        store.insert(new_request(key()), LONG).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_or_hangs_is_not_ready_in_time() {
    let cluster = Arc::new(Cluster::start());
    let database = Database::on(&cluster.config()).await;
    database.store().await;
    let wire = Wire::to(database.address()).await;
    let through = database.through(wire.address());
    let build = |connector: parjar::store::PostgresConnector| {
        PostgresStore::builder(connector).timeout(Duration::from_millis(500)).build().unwrap()
    };
    let stores = [build(through.pool(2).into()), build(through.sqlx_pool(2).into())];
    for store in &stores {
        ready_again(store).await;
    }
    wire.delay_replies(Duration::from_secs(60));
    for store in &stores {
        let error = tokio::time::timeout(Duration::from_secs(20), store.ready()).await.unwrap().unwrap_err();
        assert_eq!(error.reason(), NotReadyReason::Unavailable);
    }
    wire.delay_replies(Duration::ZERO);
    wire.cut();
    for store in &stores {
        ready_again(store).await;
    }
    let crashing = cluster.clone();
    tokio::task::spawn_blocking(move || crashing.crash()).await.unwrap();
    for store in &stores {
        let error = tokio::time::timeout(Duration::from_secs(20), store.ready()).await.unwrap().unwrap_err();
        assert_eq!(error.reason(), NotReadyReason::Unavailable);
    }
    let booting = cluster.clone();
    tokio::task::spawn_blocking(move || booting.boot()).await.unwrap();
    for store in &stores {
        ready_again(store).await;
    }
}

async fn ready_again(store: &PostgresStore) {
    for _ in 0..400 {
        if store.ready().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    store.ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_writes_nothing_and_takes_no_transaction() {
    // With no others who would take transactions.
    let cluster = Cluster::start();
    let database = Database::on(&cluster.config()).await;
    let store = database.store().await;
    let open = key();
    store.insert(new_request(open).with_marks(&[mark(key())]), LONG).await.unwrap();
    store.claim(claim(open), LONG).await.unwrap();
    let client = database.connect().await;
    let next = async || -> i64 {
        client.query_one("SELECT txid_snapshot_xmax(txid_current_snapshot())", &[]).await.unwrap().get(0)
    };
    let (before, stored) = (next().await, database.dump().await);
    for store in stores(&database) {
        for _ in 0..20 {
            store.ready().await.unwrap();
        }
    }
    assert_eq!(database.dump().await, stored);
    // The server may have taken some for itself, but not one for each of 40 questions.
    assert!(next().await < before + 20);
}

#[tokio::test]
async fn the_endpoint_says_what_its_store_says() {
    let database = Database::new().await;
    let store = PostgresStore::builder(database.pool(2)).build().unwrap();
    let node = Node::over(store.clone());
    assert_eq!(node.0.ready().await.unwrap_err().reason(), NotReadyReason::Schema);
    store.migrate().await.unwrap();
    node.0.ready().await.unwrap();
    node.pushed().await;
}
