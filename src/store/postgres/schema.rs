//! The tables, and how they come to be.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::time::timeout;
use tokio_postgres::{Client, Error, IsolationLevel};

use super::{
    errors::{Failure, PostgresStoreError, described},
    identifiers::Names,
};
use crate::store::StoreError;

/// Goes up when the tables change.
const VERSION: i32 = 1;

/// Locks of other nodes that migrate, and of those who look at the tables, are waited for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Of the advisory lock under which tables are made. "parjar" in bytes.
const LOCK: i64 = 0x7061_726A_6172;

/// SQL that makes the tables unless they are there.
///
/// Every update moves `expires_at`, which is indexed, so none can be heap-only and room left free in pages would be wasted. Most
/// rows die within minutes, so vacuum must not wait until there are many. Payloads are random or short: compressing them
/// would take time for nothing.
pub(super) fn migration(names: &Names) -> String {
    let Names { schema, requests, requests_expiry, marks, marks_expiry, version } = names;
    let schema = schema.as_ref().map_or_else(String::new, |schema| format!("CREATE SCHEMA IF NOT EXISTS {schema};\n"));
    let vacuum = "WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5)";
    format!(
        "{schema}\
CREATE TABLE IF NOT EXISTS {requests} (
    key bytea PRIMARY KEY,
    owner bytea NOT NULL,
    browser bytea,
    state smallint NOT NULL,
    payload bytea NOT NULL,
    expires_at timestamptz NOT NULL
) {vacuum};
ALTER TABLE {requests} ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS {requests_expiry} ON {requests} (expires_at);
CREATE TABLE IF NOT EXISTS {marks} (
    key bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
) {vacuum};
CREATE INDEX IF NOT EXISTS {marks_expiry} ON {marks} (expires_at);
CREATE TABLE IF NOT EXISTS {version} (version integer PRIMARY KEY);
INSERT INTO {version} (version) VALUES ({VERSION}) ON CONFLICT DO NOTHING;
"
    )
}

pub(super) async fn migrate(pool: &Pool, names: &Names) -> Result<(), PostgresStoreError> {
    let found =
        timeout(TIMEOUT, migrated(pool, names)).await.map_err(|_| Failure::unavailable("no answer in time"))??;
    match found {
        Some(found) if found > VERSION => Err(PostgresStoreError::NewerSchema { found, known: VERSION }),
        _ => Ok(()),
    }
}

/// The version that was there before. Dropped half-way, the transaction is rolled back.
async fn migrated(pool: &Pool, names: &Names) -> Result<Option<i32>, Failure> {
    let mut connection = pool.get().await?;
    let in_transaction = async {
        // With a snapshot of its own for each statement: one taken before waiting for the lock would not show what others did.
        let transaction = connection.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let found = version(transaction.client(), names).await?;
        if found.is_none_or(|found| found < VERSION) {
            transaction.batch_execute(&migration(names)).await?;
        }
        transaction.commit().await?;
        Ok(found)
    };
    in_transaction.await.map_err(|error: Error| Failure::Unavailable(StoreError::new(described(&error))))
}

/// The version of the tables that are there.
async fn version(client: &Client, names: &Names) -> Result<Option<i32>, Error> {
    let table = &names.version;
    let is_there: bool = client.query_one_scalar("SELECT to_regclass($1) IS NOT NULL", &[table]).await?;
    if !is_there {
        return Ok(None);
    }
    client.query_one_scalar(&format!("SELECT max(version) FROM {table}"), &[]).await
}
