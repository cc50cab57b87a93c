//! The tables, and how they come to be.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, Error, IsolationLevel};

use super::{
    errors::{Failure, PostgresStoreError, described},
    identifiers::Names,
    lease::Lease,
};
use crate::store::StoreError;

/// Goes up when nodes of an earlier version cannot use the tables any more.
pub(super) const VERSION: i32 = 1;

/// Covers the wait for locks, of other nodes that migrate and of sessions that look at the tables.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The number of the advisory lock under which tables are made: "parjar" in bytes.
const LOCK: i64 = 0x7061_726A_6172;

/// SQL that makes something, and an expression that says whether it is there: making it again takes rights that are not
/// needed for anything else, even where it says `IF NOT EXISTS`.
struct Step {
    is_there: String,
    make: String,
}

/// Returns the steps that make the tables.
///
/// Every update moves `expires_at`, which is indexed, so none can be heap-only and room left free in pages would be
/// wasted. Most rows die within minutes, so vacuum must not wait until there are many. Payloads are random or short:
/// compressing them would take time for nothing.
fn steps(names: &Names) -> Vec<Step> {
    let Names { schema, requests, requests_expiry, marks, marks_expiry, version } = names;
    let vacuum = "WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5)";
    let table = |name: &str, make: String| Step { is_there: format!("to_regclass('{name}') IS NOT NULL"), make };
    let column = |name: &str, of: &str, kind: &str| Step {
        is_there: format!(
            "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{of}') AND attname = '{name}')"
        ),
        make: format!("ALTER TABLE {of} ADD COLUMN IF NOT EXISTS {name} {kind};\n"),
    };
    let index = |name: &str, of: &str| Step {
        is_there: format!("to_regclass('{}') IS NOT NULL", names.in_schema(name)),
        make: format!("CREATE INDEX IF NOT EXISTS {name} ON {of} (expires_at);\n"),
    };
    let schema = schema.iter().map(|schema| Step {
        is_there: format!("to_regnamespace('{schema}') IS NOT NULL"),
        make: format!("CREATE SCHEMA IF NOT EXISTS {schema};\n"),
    });
    let tables = [
        table(
            requests,
            format!(
                "\
CREATE TABLE IF NOT EXISTS {requests} (
    key bytea PRIMARY KEY,
    owner bytea NOT NULL,
    browser bytea,
    state smallint NOT NULL,
    payload bytea NOT NULL,
    expires_at timestamptz NOT NULL
) {vacuum};
ALTER TABLE {requests} ALTER COLUMN payload SET STORAGE EXTERNAL;
"
            ),
        ),
        column("opened_at", requests, "timestamptz"),
        column("annotation", requests, "bytea NOT NULL DEFAULT ''"),
        column("revision", requests, "bigint NOT NULL DEFAULT 0"),
        index(requests_expiry, requests),
        table(
            marks,
            format!(
                "\
CREATE TABLE IF NOT EXISTS {marks} (
    key bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
) {vacuum};
"
            ),
        ),
        index(marks_expiry, marks),
        table(
            version,
            format!(
                "\
CREATE TABLE IF NOT EXISTS {version} (version integer PRIMARY KEY);
INSERT INTO {version} (version) VALUES ({VERSION}) ON CONFLICT DO NOTHING;
"
            ),
        ),
    ];
    schema.chain(tables).collect()
}

/// Returns SQL that makes the tables unless they are there.
pub(super) fn migration(names: &Names) -> String {
    steps(names).into_iter().map(|step| step.make).collect()
}

pub(super) async fn migrate(pool: &Pool, names: &Names) -> Result<(), PostgresStoreError> {
    let now = Instant::now();
    let deadline = now.checked_add(TIMEOUT).unwrap_or(now);
    let mut lease = Lease::take(pool, deadline).await?;
    let outcome = timeout_at(deadline, migrated(&mut lease, names)).await;
    match outcome.map_err(|_| Failure::unavailable("no answer in time"))?? {
        Some(found) if found > VERSION => Err(PostgresStoreError::NewerSchema { found, known: VERSION }),
        _ => Ok(()),
    }
}

/// Makes what is missing, and returns the version that was there before. Dropped half-way, the transaction is rolled
/// back.
async fn migrated(lease: &mut Lease, names: &Names) -> Result<Option<i32>, Failure> {
    let connection = lease.ask()?;
    let in_transaction = async {
        let (found, missing) = look(connection, names).await?;
        if missing.is_empty() {
            return Ok(found);
        }
        // With a snapshot of its own for each statement: one taken before waiting for the lock would not show what
        // others did.
        let transaction = connection.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
        transaction.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        let (found, missing) = look(transaction.client(), names).await?;
        if found.is_none_or(|found| found <= VERSION) {
            for make in missing {
                transaction.batch_execute(&make).await?;
            }
        }
        transaction.commit().await?;
        Ok(found)
    };
    let outcome = in_transaction.await;
    lease.answered();
    outcome.map_err(|error: Error| Failure::Unavailable(StoreError::new(described(&error))))
}

/// Returns the version of the tables, where the role may read it, and SQL for each step whose outcome is not there.
async fn look(client: &Client, names: &Names) -> Result<(Option<i32>, Vec<String>), Error> {
    let steps = steps(names);
    let table = &names.version;
    let questions: Vec<&str> = steps.iter().map(|step| &*step.is_there).collect();
    // A role that may not read the version gets on without: it is there for migrations.
    let may_read = format!("coalesce(has_table_privilege(to_regclass('{table}'), 'SELECT'), false)");
    let row = client.query_typed_one(&format!("SELECT {may_read}, {}", questions.join(", ")), &[]).await?;
    let mut missing = Vec::new();
    for (column, step) in (1..).zip(steps) {
        if !row.try_get::<_, bool>(column)? {
            missing.push(step.make);
        }
    }
    let found = if row.try_get(0)? {
        client.query_typed_one(&format!("SELECT max(version) FROM {table}"), &[]).await?.try_get(0)?
    } else {
        None
    };
    Ok((found, missing))
}
