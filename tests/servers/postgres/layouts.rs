//! Tables of the layout before this one, with what lives in them, and with nodes that know no other.

use std::time::Duration;

use parjar::store::{ClaimError, PostgresStore, RecordKey, RequestStore as _};

use super::{
    database::Database,
    endpoint::{LONG, claim, key, new_request, numbered},
    tables::shape,
};

const TABLES: &str = "
    CREATE TABLE parjar_requests (
        key bytea PRIMARY KEY, owner bytea NOT NULL, browser bytea, state smallint NOT NULL, payload bytea NOT NULL,
        expires_at timestamptz NOT NULL, opened_at timestamptz, annotation bytea NOT NULL DEFAULT '',
        revision bigint NOT NULL DEFAULT 0
    ) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5);
    ALTER TABLE parjar_requests ALTER COLUMN payload SET STORAGE EXTERNAL;
    CREATE INDEX parjar_requests_expires_at ON parjar_requests (expires_at);
    CREATE TABLE parjar_marks (key bytea PRIMARY KEY, expires_at timestamptz NOT NULL)
        WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5);
    CREATE INDEX parjar_marks_expires_at ON parjar_marks (expires_at);
    CREATE TABLE parjar_schema_version (version integer PRIMARY KEY);
    INSERT INTO parjar_schema_version VALUES (1);";

/// What a node of that layout writes.
const INSERT: &str = "INSERT INTO parjar_requests AS present (key, owner, state, payload, expires_at)
    VALUES ($1, $2, 0, $3, now() + interval '1 minute')
    ON CONFLICT (key) DO UPDATE SET
        owner = excluded.owner, browser = NULL, state = 0, opened_at = NULL, annotation = '', revision = 0,
        payload = excluded.payload, expires_at = excluded.expires_at
    WHERE present.expires_at <= now()";
const OPEN: &str = "UPDATE parjar_requests SET state = 1, opened_at = now(), expires_at = now() + interval '10 minutes'
    WHERE key = $1 AND owner = $2 AND state = 0 AND expires_at > now()";
const SPEND: &str = "UPDATE parjar_requests
    SET state = 2, payload = '', annotation = '', expires_at = now() + interval '10 minutes'
    WHERE key = $1 AND owner = $2 AND state = 1 AND expires_at > now()";

async fn in_the_old_way(database: &Database, statement: &str, key: RecordKey) {
    let request = new_request(key);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&&key.as_bytes()[..], &&request.owner.key.as_bytes()[..], &request.payload];
    let used = if statement == INSERT { 3 } else { 2 };
    assert_eq!(database.connect().await.execute(statement, &parameters[..used]).await.unwrap(), 1, "{statement}");
}

#[tokio::test]
async fn tables_of_the_layout_before_become_as_new_ones_and_keep_what_lives_in_them() {
    let database = Database::new().await;
    database.run(TABLES).await;
    let [waiting, open, spent] = [key(), key(), key()];
    for key in [waiting, open, spent] {
        in_the_old_way(&database, INSERT, key).await;
    }
    for key in [open, spent] {
        in_the_old_way(&database, OPEN, key).await;
    }
    in_the_old_way(&database, SPEND, spent).await;
    let gone = key();
    in_the_old_way(&database, INSERT, gone).await;
    let bytes = gone.as_bytes();
    let expire = "UPDATE parjar_requests SET expires_at = now() - interval '1 second' WHERE key = $1";
    database.connect().await.execute(expire, &[&&bytes[..]]).await.unwrap();

    let store = PostgresStore::builder(database.pool(2)).build().unwrap();
    assert!(store.check().await.is_err());
    store.migrate().await.unwrap();
    let fresh = Database::new().await;
    fresh.store().await;
    assert_eq!(shape(&database).await, shape(&fresh).await);

    // All are due until it was found out when they expire.
    assert_eq!(store.sweep(10).await.unwrap(), 1);
    assert_eq!(store.sweep(10).await.unwrap(), 0);
    for key in [waiting, open] {
        assert_eq!(store.claim(claim(key), LONG).await.unwrap().payload, new_request(key).payload);
        store.consume(claim(key), LONG).await.unwrap();
    }
    assert!(matches!(store.claim(claim(spent), LONG).await, Err(ClaimError::Spent)));
    assert!(matches!(store.claim(claim(gone), LONG).await, Err(ClaimError::Unknown)));
}

#[tokio::test]
async fn nodes_of_the_layout_before_go_on_in_tables_of_this_one() {
    let database = Database::new().await;
    let store = database.store().await;
    let [theirs, ours, again] = [key(), key(), key()];
    in_the_old_way(&database, INSERT, theirs).await;
    store.insert(new_request(ours), LONG).await.unwrap();
    // What they insert is due at once, and stays while it lives.
    assert_eq!(store.sweep(10).await.unwrap(), 0);
    in_the_old_way(&database, OPEN, ours).await;
    store.claim(claim(ours).by_browser(numbered(1)), LONG).await.unwrap();
    store.claim(claim(theirs), LONG).await.unwrap();
    in_the_old_way(&database, SPEND, theirs).await;
    assert!(matches!(store.consume(claim(theirs), LONG).await, Err(ClaimError::Spent)));
    // Under a key of ours that has expired, they insert anew.
    store.insert(new_request(again), Duration::ZERO).await.unwrap();
    in_the_old_way(&database, INSERT, again).await;
    assert_eq!(store.sweep(10).await.unwrap(), 0);
    store.claim(claim(again), LONG).await.unwrap();
    database.run("UPDATE parjar_requests SET expires_at = now(), sweep_at = now()").await;
    assert_eq!(store.sweep(10).await.unwrap(), 3);
}
