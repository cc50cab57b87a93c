//! The check of a database, before requests rely on it.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::{
    connector::{Connect, Connection, Preparation},
    database_error::DatabaseError,
    errors::{Failure, PostgresStoreError},
    lease::Lease,
    parameter::Parameter::{self, Bytes, ManyBytes, MaybeBytes, Number, Numbers},
    statements::Statements,
};
use crate::random::{RandomSource as _, SystemRandom};

/// The look for a pooler that forgets statements is repeated, since another program may take the connection that is
/// looked for.
const ATTEMPTS: usize = 3;

/// The time that a statement has to get another connection of a pooler. One with a single connection to the server
/// waits for ever.
const PATIENCE: Duration = Duration::from_millis(500);

/// The time that a second connection may take.
const FOR_A_SECOND: Duration = Duration::from_secs(3);

/// Checks that the role may run the statements, that the tables are as the statements expect, and that prepared
/// statements last.
pub(super) async fn check(
    connector: &dyn Connect,
    statements: &Statements,
    preparation: Preparation,
    limit: Duration,
) -> Result<(), PostgresStoreError> {
    let now = Instant::now();
    let deadline = now.checked_add(limit).unwrap_or(now);
    let late = |_| Failure::unavailable("no answer in time");
    let mut lease = Lease::take(connector, deadline).await?;
    timeout_at(deadline, try_all(&mut lease, statements)).await.map_err(late)??;
    drop(lease);
    if preparation == Preparation::OncePerConnection
        && !timeout_at(deadline, statements_last(connector, deadline)).await.map_err(late)??
    {
        return Err(PostgresStoreError::PreparedStatements);
    }
    Ok(())
}

/// Runs each statement, in a transaction that is rolled back.
async fn try_all(lease: &mut Lease, statements: &Statements) -> Result<(), Failure> {
    let mut key = [0; 32];
    SystemRandom.fill(&mut key).map_err(Failure::unavailable)?;
    // Marks come in the order of their keys.
    let (mark, other) = (with_last(key, 0), with_last(key, 1));
    let keys: [&[u8]; 2] = [&mark, &other];
    let (key, mark, keys) = (Bytes(&key), Bytes(&mark), ManyBytes(&keys));
    let (browser, lifetime, lifetimes, none) = (MaybeBytes(None), Number(1_000), Numbers(&[1_000; 2]), Number(0));
    let runs: [(&str, &[Parameter<'_>]); 14] = [
        (&statements.insert, &[key, key, mark, lifetime]),
        (&statements.insert_with_marks, &[key, key, mark, lifetime, keys, lifetimes]),
        (&statements.open, &[key, key, browser, lifetime]),
        (&statements.read, &[key, key]),
        (&statements.bind, &[key, key, browser]),
        (&statements.look, &[key]),
        (&statements.annotate, &[key, key, browser, mark, none]),
        (&statements.extend, &[key, key, browser, lifetime, lifetime]),
        (&statements.consume, &[key, key, browser, lifetime]),
        (&statements.remember, &[mark, lifetime]),
        (&statements.remember_many, &[keys, lifetimes]),
        (&statements.ready, &[]),
        (&statements.sweep_requests, &[none]),
        (&statements.sweep_marks, &[none]),
    ];
    let connection = lease.ask_in_transaction()?;
    let in_transaction = async {
        connection.run("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        for (statement, parameters) in runs {
            connection.query(statement, parameters, Preparation::WithEachCall).await?;
        }
        Ok::<_, DatabaseError>(())
    };
    let outcome = in_transaction.await;
    let rolled_back = connection.run("ROLLBACK").await;
    if rolled_back.is_ok() {
        lease.answered();
    }
    outcome.and(rolled_back).map_err(Failure::from)
}

fn with_last(key: [u8; 32], byte: u8) -> [u8; 32] {
    let mut key = key;
    let [.., last] = &mut key;
    *last = byte;
    key
}

/// Returns `true` when a statement that is prepared in one transaction is known in the next. A pooler may run that on
/// another connection to the server: while a second client holds the one that the first has used, the first gets
/// another.
async fn statements_last(connector: &dyn Connect, deadline: Instant) -> Result<bool, Failure> {
    // Never told to be whole again, so that nothing of this is left in the pool.
    let mut first = Lease::take_out(connector, deadline).await?;
    let first = first.ask_in_transaction()?;
    // A role with a limit of connections may have no second one, nor may a pool. Then there is no telling.
    let until = Instant::now().checked_add(FOR_A_SECOND).map_or(deadline, |until| until.min(deadline));
    let Ok(mut second) = Lease::take_out(connector, until).await else { return Ok(true) };
    let second = second.ask_in_transaction()?;
    for _ in 0..ATTEMPTS {
        match attempt(first, second).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if error.is_forgotten() => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Returns `false` when the first got no answer while the second was in a transaction.
async fn attempt(first: &mut dyn Connection, second: &mut dyn Connection) -> Result<bool, DatabaseError> {
    const STATEMENT: &str = "SELECT true";
    first.query(STATEMENT, &[], Preparation::OncePerConnection).await?;
    second.run("BEGIN").await?;
    let outcome = timeout(PATIENCE, first.query(STATEMENT, &[], Preparation::OncePerConnection)).await;
    second.run("ROLLBACK").await?;
    outcome.map_or(Ok(false), |answer| answer.map(|_| true))
}
