//! The calls in a transaction of the host's, one after the other.

use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, timeout_at},
};

use super::{
    connector::{Later, Preparation, Session},
    database_error::DatabaseError,
    errors::{Failure, Verdict},
    parameter::Parameter,
    rows::Row,
};

/// A transaction of the host's, and whose turn it is in it: two calls at once would undo each other's statements.
pub(super) trait Turns: Send + Sync {
    fn next(&self) -> Later<'_, Turn<'_>>;
}

impl<S: Session> Turns for Mutex<S> {
    fn next(&self) -> Later<'_, Turn<'_>> {
        Box::pin(async move { Turn(Box::new(self.lock().await)) })
    }
}

impl<S: Session> Session for MutexGuard<'_, S> {
    fn query<'a>(
        &'a mut self,
        statement: &'a str,
        parameters: &'a [Parameter<'a>],
        preparation: Preparation,
    ) -> Later<'a, Result<Vec<Row>, DatabaseError>> {
        (**self).query(statement, parameters, preparation)
    }

    fn run<'a>(&'a mut self, statements: &'a str) -> Later<'a, Result<(), DatabaseError>> {
        (**self).run(statements)
    }
}

/// The turn of one call.
pub(super) struct Turn<'t>(Box<dyn Session + 't>);

impl Turn<'_> {
    /// Runs a statement. An error leaves the host nothing to do but to roll back.
    pub(super) async fn query(
        &mut self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Vec<Row>, Failure> {
        Ok(self.ask(statement, parameters, deadline).await??)
    }

    /// Runs a statement that fails when it has lost a race. `None` when it did; it is then as if it had not been run, and the
    /// transaction can go on.
    pub(super) async fn query_or_undo(
        &mut self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Option<Vec<Row>>, Failure> {
        self.run("SAVEPOINT parjar", deadline).await?;
        match self.ask(statement, parameters, deadline).await? {
            Ok(rows) => {
                self.run("RELEASE SAVEPOINT parjar", deadline).await?;
                Ok(Some(rows))
            }
            Err(error) => {
                self.run("ROLLBACK TO SAVEPOINT parjar; RELEASE SAVEPOINT parjar", deadline).await?;
                if Verdict::of(&error) == Verdict::Raced { Ok(None) } else { Err(error.into()) }
            }
        }
    }

    async fn ask(
        &mut self,
        statement: &str,
        parameters: &[Parameter<'_>],
        deadline: Instant,
    ) -> Result<Result<Vec<Row>, DatabaseError>, Failure> {
        in_time(deadline, self.0.query(statement, parameters, Preparation::WithEachCall)).await
    }

    async fn run(&mut self, command: &str, deadline: Instant) -> Result<(), Failure> {
        Ok(in_time(deadline, self.0.run(command)).await??)
    }
}

async fn in_time<T>(deadline: Instant, answer: impl Future<Output = T>) -> Result<T, Failure> {
    timeout_at(deadline, answer).await.map_err(|_| Failure::unavailable("no answer in time"))
}
