//! The tables, and how they come to be.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{
    connector::{Connect, Connection, Preparation},
    errors::{Failure, PostgresStoreError},
    identifiers::Names,
    lease::Lease,
    rows::column,
    statements::may_read_version,
};

/// Goes up when nodes of an earlier version cannot use the tables any more.
pub(super) const VERSION: i32 = 1;

/// Covers the wait for locks, of other nodes that migrate and of sessions that look at the tables.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The number of the advisory lock under which tables are made: "parjar" in bytes.
const LOCK: i64 = 0x7061_726A_6172;

/// The percentage of a page that inserts fill.
const FILL_FACTOR: u32 = 80;

/// SQL that makes something, and an expression that says whether it is there: making it again takes rights that are not
/// needed for anything else, even where it says `IF NOT EXISTS`.
struct Step {
    is_there: String,
    make: String,
}

/// Returns the steps that make the tables.
///
/// Payloads are random or short: compressing them would take time for nothing. They come last, and what never changes first: of a row's new
/// version, the log of the server holds what is between the first byte and the last that differ. Room is left in each page for the versions
/// of its rows. Most rows die within minutes, so vacuum must not wait until there are many.
fn steps(names: &Names) -> Vec<Step> {
    let Names { schema, requests, requests_due, requests_expiry, marks, marks_expiry, version } = names;
    let vacuum = "autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5";
    let table = |name: &str, make: String| Step { is_there: format!("to_regclass('{name}') IS NOT NULL"), make };
    let column = |name: &str, of: &str, kind: &str| Step {
        is_there: format!(
            "EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{of}') AND attname = '{name}')"
        ),
        make: format!("ALTER TABLE {of} ADD COLUMN IF NOT EXISTS {name} {kind};\n"),
    };
    let index = |name: &str, of: &str, on: &str| Step {
        is_there: format!("to_regclass('{}') IS NOT NULL", names.in_schema(name)),
        make: format!("CREATE INDEX IF NOT EXISTS {name} ON {of} ({on});\n"),
    };
    let no_index = |name: &str| Step {
        is_there: format!("to_regclass('{}') IS NULL", names.in_schema(name)),
        make: format!("DROP INDEX IF EXISTS {};\n", names.in_schema(name)),
    };
    let option = |name: &str, value: u32, of: &str| Step {
        // Whatever an administrator has set stays.
        is_there: format!(
            "EXISTS (SELECT FROM pg_class, unnest(reloptions) AS one WHERE oid = to_regclass('{of}') AND one LIKE '{name}=%')"
        ),
        make: format!("ALTER TABLE {of} SET ({name} = {value});\n"),
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
    opened_at timestamptz,
    expires_at timestamptz NOT NULL,
    sweep_at timestamptz NOT NULL DEFAULT now(),
    revision bigint NOT NULL DEFAULT 0,
    annotation bytea NOT NULL DEFAULT '',
    payload bytea NOT NULL
) WITH ({vacuum}, fillfactor = {FILL_FACTOR});
ALTER TABLE {requests} ALTER COLUMN payload SET STORAGE EXTERNAL;
"
            ),
        ),
        column("opened_at", requests, "timestamptz"),
        column("annotation", requests, "bytea NOT NULL DEFAULT ''"),
        column("revision", requests, "bigint NOT NULL DEFAULT 0"),
        // Due at once, so that sweeping finds out when.
        column("sweep_at", requests, "timestamptz NOT NULL DEFAULT now()"),
        index(requests_due, requests, "sweep_at"),
        no_index(requests_expiry),
        option("fillfactor", FILL_FACTOR, requests),
        table(
            marks,
            format!(
                "\
CREATE TABLE IF NOT EXISTS {marks} (
    key bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
) WITH ({vacuum});
"
            ),
        ),
        index(marks_expiry, marks, "expires_at"),
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

pub(super) async fn migrate(connector: &dyn Connect, names: &Names) -> Result<(), PostgresStoreError> {
    let now = Instant::now();
    let deadline = now.checked_add(TIMEOUT).unwrap_or(now);
    let mut lease = Lease::take(connector, deadline).await?;
    let outcome = timeout_at(deadline, migrated(&mut lease, names)).await;
    match outcome.map_err(|_| Failure::unavailable("no answer in time"))?? {
        Some(found) if found > VERSION => Err(PostgresStoreError::NewerSchema { found, known: VERSION }),
        _ => Ok(()),
    }
}

/// Makes what is missing, and returns the version that was there before. Dropped half-way, the connection is closed.
async fn migrated(lease: &mut Lease, names: &Names) -> Result<Option<i32>, Failure> {
    let connection = lease.ask_in_transaction()?;
    let (found, missing) = look(connection, names).await?;
    if missing.is_empty() {
        lease.answered();
        return Ok(found);
    }
    // With a snapshot of its own for each statement: one taken before waiting for the lock would not show what others did.
    connection.run("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let made = async {
        // The limit of the role, if it has one, is for operations on requests.
        connection.run(&format!("SET LOCAL statement_timeout = {}", TIMEOUT.as_millis())).await?;
        connection.run(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
        let (found, missing) = look(connection, names).await?;
        if found.is_none_or(|found| found <= VERSION) {
            for make in missing {
                connection.run(&make).await?;
            }
        }
        Ok::<_, Failure>(found)
    };
    let made = made.await;
    let ended = connection.run(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
    if ended.is_ok() {
        lease.answered();
    }
    let found = made?;
    ended?;
    Ok(found)
}

/// Returns the version of the tables, where the role may read it, and SQL for each step whose outcome is not there.
async fn look(connection: &mut dyn Connection, names: &Names) -> Result<(Option<i32>, Vec<String>), Failure> {
    let steps = steps(names);
    let questions: Vec<&str> = steps.iter().map(|step| &*step.is_there).collect();
    let questions = format!("SELECT {}, {}", may_read_version(names), questions.join(", "));
    let rows = connection.query(&questions, &[], Preparation::WithEachCall).await?;
    let mut missing = Vec::new();
    for (index, step) in (1..).zip(steps) {
        if !column(&rows, index)? {
            missing.push(step.make);
        }
    }
    let found = if column(&rows, 0)? {
        let version = format!("SELECT max(version) FROM {}", names.version);
        column(&connection.query(&version, &[], Preparation::WithEachCall).await?, 0)?
    } else {
        None
    };
    Ok((found, missing))
}
