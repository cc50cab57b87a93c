//! The check of a database, before requests rely on it.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Error, IsolationLevel};

use super::{
    call::Preparation,
    errors::{Failure, PostgresStoreError, described, is_forgotten},
    lease::Lease,
    parameter::{Bytes, Parameter, bytes, bytes_of, number, numbers},
    statements::Statements,
};
use crate::{
    random::{RandomSource as _, SystemRandom},
    store::StoreError,
};

/// The look for a pooler that forgets statements is repeated, since another program may take the connection that is
/// looked for.
const ATTEMPTS: usize = 3;

/// The time that a statement has to get another connection of a pooler. One with a single connection to the server
/// waits for ever.
const PATIENCE: Duration = Duration::from_millis(500);

/// Checks that the role may run the statements, that the tables are as the statements expect, and that prepared
/// statements last.
pub(super) async fn check(
    pool: &Pool,
    statements: &Statements,
    preparation: Preparation,
    limit: Duration,
) -> Result<(), PostgresStoreError> {
    let now = Instant::now();
    let deadline = now.checked_add(limit).unwrap_or(now);
    let late = |_| Failure::unavailable("no answer in time");
    let mut lease = Lease::take(pool, deadline).await?;
    timeout_at(deadline, try_all(&mut lease, statements)).await.map_err(late)??;
    drop(lease);
    if preparation == Preparation::OncePerConnection
        && !timeout_at(deadline, statements_last(pool)).await.map_err(late)??
    {
        return Err(PostgresStoreError::PreparedStatements);
    }
    Ok(())
}

/// Runs each statement, in a transaction that is rolled back.
async fn try_all(lease: &mut Lease, statements: &Statements) -> Result<(), Failure> {
    let mut key = [0; 32];
    SystemRandom.fill(&mut key).map_err(|error| Failure::Unavailable(StoreError::new(error)))?;
    // Marks come in the order of their keys.
    let (mark, other) = (with_last(key, 0), with_last(key, 1));
    let (key, mark, keys) = (Bytes(&key), Bytes(&mark), [Bytes(&mark), Bytes(&other)].to_vec());
    let (browser, lifetime, lifetimes, none) = (None::<Bytes<'_>>, 1_000i64, vec![1_000i64; 2], 0i64);
    let claim = [bytes(&key), bytes(&key), bytes(&browser), number(&lifetime)];
    let new = [bytes(&key), bytes(&key), bytes(&mark), number(&lifetime)];
    let with_marks: Vec<Parameter<'_>> = new.iter().cloned().chain([bytes_of(&keys), numbers(&lifetimes)]).collect();
    let annotate = [bytes(&key), bytes(&key), bytes(&browser), bytes(&mark), number(&none)];
    let extend = [bytes(&key), bytes(&key), bytes(&browser), number(&lifetime), number(&lifetime)];
    let runs: [(&str, &[Parameter<'_>]); 11] = [
        (&statements.insert, &new),
        (&statements.insert_with_marks, &with_marks),
        (&statements.claim, &claim),
        (&statements.look, &[bytes(&key)]),
        (&statements.annotate, &annotate),
        (&statements.extend, &extend),
        (&statements.consume, &claim),
        (&statements.remember, &[bytes(&mark), number(&lifetime)]),
        (&statements.remember_many, &[bytes_of(&keys), numbers(&lifetimes)]),
        (&statements.sweep_requests, &[number(&none)]),
        (&statements.sweep_marks, &[number(&none)]),
    ];
    let connection = lease.ask()?;
    let in_transaction = async {
        let transaction = connection.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await?;
        for (statement, parameters) in runs {
            transaction.query_typed(statement, parameters).await?;
        }
        transaction.rollback().await
    };
    let outcome = in_transaction.await;
    lease.answered();
    outcome.map_err(|error| unavailable(&error))
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
async fn statements_last(pool: &Pool) -> Result<bool, Failure> {
    // Connections that do not go back to the pool, so that nothing of this is left in it.
    let first = Object::take(pool.get().await?);
    // A role with a limit of connections may have no second one. Then there is no telling.
    let Ok(second) = pool.get().await.map(Object::take) else { return Ok(true) };
    for _ in 0..ATTEMPTS {
        match attempt(&first, &second).await {
            Ok(()) => {}
            Err(error) if is_forgotten(&error) => return Ok(false),
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Ok(true)
}

async fn attempt(first: &ClientWrapper, second: &ClientWrapper) -> Result<(), Error> {
    let prepared = first.prepare("SELECT true").await?;
    second.batch_execute("BEGIN").await?;
    let outcome = timeout(PATIENCE, first.query(&prepared, &[])).await;
    second.batch_execute("ROLLBACK").await?;
    outcome.map_or(Ok(()), |answer| answer.map(drop))
}

fn unavailable(error: &Error) -> Failure {
    Failure::Unavailable(StoreError::new(described(error)))
}
