//! One call of the store: a connection, a deadline, and statements that are run again when they meet others.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    errors::{Failure, Verdict},
    lease::Lease,
    parameter::Parameter,
};

/// Limits how often a call runs something again. In a race that has a winner each time, more than there are connections
/// in a usual pool.
const RUNS: u32 = 32;

/// The way in which statements are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// Once for each connection.
    OncePerConnection,
    /// With each call, without a name that a pooler would have to know.
    WithEachCall,
}

pub(super) struct Call {
    lease: Lease,
    preparation: Preparation,
    deadline: Instant,
    runs: u32,
    has_prepared_again: bool,
}

impl Call {
    pub(super) async fn begin(pool: &Pool, preparation: Preparation, timeout: Duration) -> Result<Self, Failure> {
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or(now);
        let lease = Lease::take(pool, deadline).await?;
        Ok(Self { lease, preparation, deadline, runs: 0, has_prepared_again: false })
    }

    /// Runs a statement in a transaction of its own, and returns its rows.
    pub(super) async fn query(&mut self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        loop {
            let answer = query(self.lease.ask()?, self.preparation, statement, parameters);
            let error = match timeout_at(self.deadline, answer).await {
                Ok(Ok(rows)) => {
                    self.lease.answered();
                    return Ok(rows);
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    self.lease.close();
                    return Err(Failure::unavailable("no answer in time"));
                }
            };
            self.lease.answered();
            match Verdict::of(&error) {
                Verdict::Raced => self.again().await?,
                Verdict::Forgotten if !self.has_prepared_again => {
                    self.has_prepared_again = true;
                    self.lease.forget_statements();
                }
                Verdict::Forgotten => return Err(Failure::unavailable("prepared statements do not last")),
                Verdict::Refused(failure) => return Err(failure),
                Verdict::Disconnected(failure) => {
                    self.lease.close();
                    return Err(failure);
                }
            }
        }
    }

    /// Lets what was met pass, a little longer each time.
    pub(super) async fn again(&mut self) -> Result<(), Failure> {
        self.runs = self.runs.saturating_add(1);
        if self.runs >= RUNS {
            return Err(Failure::unavailable("too many others at the same rows"));
        }
        let pause = Duration::from_millis(u64::from(self.runs.saturating_sub(1)));
        timeout_at(self.deadline, sleep(pause)).await.map_err(|_| Failure::unavailable("no turn in time"))
    }
}

async fn query(
    connection: &Object,
    preparation: Preparation,
    statement: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, Error> {
    match preparation {
        Preparation::WithEachCall => connection.query_typed(statement, parameters).await,
        Preparation::OncePerConnection => {
            let statement = connection.prepare_cached(statement).await?;
            let values: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|(value, _)| *value).collect();
            connection.query(&statement, &values).await
        }
    }
}
