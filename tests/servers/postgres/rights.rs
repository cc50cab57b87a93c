//! Roles that may do little: what an administrator has made is used as it is.

use parjar::store::{PostgresStore, PostgresStoreError, RequestStore as _};

use super::{
    database::Database,
    endpoint::{LONG, Node, claim, client, expect_refused_push, key, mark, new_request},
};

const ALL: &str = "SELECT, INSERT, UPDATE, DELETE";

/// A store of a role in a schema of its own.
fn store_of(database: &Database, role: &str) -> PostgresStore {
    PostgresStore::builder(database.as_role(role).pool(2)).schema("par").build().unwrap()
}

async fn works(store: &PostgresStore) {
    let (key, marks) = (key(), [mark(key())]);
    store.insert(new_request(key).with_marks(&marks), LONG).await.unwrap();
    store.claim(claim(key), LONG).await.unwrap();
    store.consume(claim(key), LONG).await.unwrap();
    assert!(store.remember(client(), &marks).await.is_err());
    store.sweep(1).await.unwrap();
}

fn refused_for(outcome: Result<(), PostgresStoreError>, what: &str) {
    let error = outcome.unwrap_err();
    // The text of the error itself, without looking for its source.
    let text = error.to_string();
    assert!(text.contains("42501") && text.contains(what), "{text}");
    assert_eq!(format!("{error:?}"), text);
}

#[tokio::test]
async fn a_role_that_may_make_nothing_uses_what_an_administrator_has_made() {
    let database = Database::new().await;
    let role = database.role().await;
    let store = store_of(&database, &role);
    refused_for(store.migrate().await, "permission denied for database");
    database.run(&store.migration()).await;
    refused_for(store.migrate().await, "permission denied for schema");
    database.run(&format!("GRANT USAGE ON SCHEMA par TO {role}")).await;
    refused_for(store.migrate().await, "permission denied for table parjar_requests");
    let node = Node::over(store.clone());
    expect_refused_push(&node.push().await);
    node.look().fault("push", "permission denied for table parjar_requests");
    database.run(&format!("GRANT {ALL} ON par.parjar_requests TO {role}")).await;
    refused_for(store.check().await, "permission denied for table parjar_marks");
    database.run(&format!("GRANT {ALL} ON par.parjar_marks TO {role}")).await;
    // The version is there for migrations, and needs no right.
    for _ in 0..2 {
        store.migrate().await.unwrap();
    }
    works(&store).await;
    node.pushed().await;
    node.look().back("push");
    database.run(&format!("GRANT SELECT ON par.parjar_schema_version TO {role}")).await;
    store.migrate().await.unwrap();
    database.run("INSERT INTO par.parjar_schema_version VALUES (7)").await;
    assert!(matches!(store.migrate().await, Err(PostgresStoreError::NewerSchema { found: 7, .. })));
}

#[tokio::test]
async fn a_role_that_may_make_no_schema_makes_tables_in_the_one_that_is_there() {
    let database = Database::new().await;
    let role = database.role().await;
    database.run(&format!("CREATE SCHEMA par AUTHORIZATION {role}")).await;
    let store = store_of(&database, &role);
    for _ in 0..2 {
        store.migrate().await.unwrap();
    }
    works(&store).await;
}

#[tokio::test]
async fn what_is_missing_is_made_and_nothing_else() {
    let database = Database::new().await;
    let role = database.role().await;
    database.run(&format!("CREATE SCHEMA par AUTHORIZATION {role}")).await;
    let store = store_of(&database, &role);
    store.migrate().await.unwrap();
    database.run("DROP INDEX par.parjar_marks_expires_at; DROP TABLE par.parjar_schema_version").await;
    store.migrate().await.unwrap();
    let client = database.connect().await;
    let there = "SELECT to_regclass('par.parjar_marks_expires_at') IS NOT NULL AND max(version) = 1 FROM par.parjar_schema_version";
    assert!(client.query_one(there, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn tables_with_other_columns_are_noticed_at_start() {
    let database = Database::new().await;
    let store = database.store().await;
    store.check().await.unwrap();
    database.run("ALTER TABLE parjar_requests RENAME COLUMN browser TO agent").await;
    let text = store.check().await.unwrap_err().to_string();
    assert!(text.contains("42703"), "{text}");
    database.run("DROP TABLE parjar_requests").await;
    let text = store.check().await.unwrap_err().to_string();
    assert!(text.contains("42P01"), "{text}");
}

#[tokio::test]
async fn a_check_leaves_nothing_behind() {
    let database = Database::new().await;
    let store = database.store().await;
    let before = database.dump().await;
    for _ in 0..3 {
        store.check().await.unwrap();
    }
    assert_eq!(database.dump().await, before);
}
