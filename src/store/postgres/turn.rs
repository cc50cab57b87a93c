//! The calls in a transaction of the host's, one after the other.

use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, timeout_at},
};
use tokio_postgres::{Error, Row, Transaction};

use super::{
    errors::{Failure, Verdict, described},
    parameter::Parameter,
};
use crate::store::StoreError;

/// A transaction of the host's, and whose turn it is in it: two calls at once would undo each other's statements.
pub(super) struct Turns<'t> {
    transaction: &'t Transaction<'t>,
    turn: Mutex<()>,
}

/// The turn of one call.
pub(super) struct Turn<'t> {
    transaction: &'t Transaction<'t>,
    _guard: MutexGuard<'t, ()>,
}

impl<'t> Turns<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Self {
        Self { transaction, turn: Mutex::new(()) }
    }

    pub(super) async fn next(&'t self) -> Turn<'t> {
        Turn { transaction: self.transaction, _guard: self.turn.lock().await }
    }
}

impl Turn<'_> {
    /// Runs a statement. An error leaves the host nothing to do but to roll back.
    pub(super) async fn query(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Vec<Row>, Failure> {
        let answer = self.transaction.query_typed(statement, parameters);
        in_time(deadline, answer).await?.map_err(|error| failed(&error))
    }

    /// Runs a statement that fails when it has lost a race. `None` when it did; it is then as if it had not been run, and the
    /// transaction can go on.
    pub(super) async fn query_or_undo(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Option<Vec<Row>>, Failure> {
        self.run("SAVEPOINT parjar", deadline).await?;
        let answer = in_time(deadline, self.transaction.query_typed(statement, parameters)).await?;
        match answer {
            Ok(rows) => {
                self.run("RELEASE SAVEPOINT parjar", deadline).await?;
                Ok(Some(rows))
            }
            Err(error) => {
                self.run("ROLLBACK TO SAVEPOINT parjar; RELEASE SAVEPOINT parjar", deadline).await?;
                match Verdict::of(&error) {
                    Verdict::Raced => Ok(None),
                    _ => Err(failed(&error)),
                }
            }
        }
    }

    async fn run(&self, command: &str, deadline: Instant) -> Result<(), Failure> {
        in_time(deadline, self.transaction.batch_execute(command)).await?.map_err(|error| failed(&error))
    }
}

async fn in_time<T>(
    deadline: Instant,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<Result<T, Error>, Failure> {
    timeout_at(deadline, answer).await.map_err(|_| Failure::unavailable("no answer in time"))
}

/// The connection is the host's, to keep or to close.
fn failed(error: &Error) -> Failure {
    match Verdict::of(error) {
        Verdict::Refused(failure) | Verdict::Disconnected(failure) => failure,
        Verdict::Raced | Verdict::Forgotten => Failure::Unavailable(StoreError::new(described(error))),
    }
}
