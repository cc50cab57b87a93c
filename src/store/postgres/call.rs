//! One call of the store: a connection, a deadline, and statements that are run again when they meet others.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::{Error, Row, types::ToSql};

use super::errors::{Failure, Verdict};

/// How often a call runs something again. In a race that somebody wins each time, more than there are connections in a usual
/// pool.
const RUNS: u32 = 32;

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

pub(super) struct Call {
    /// Gone when it was of no more use.
    connection: Option<Object>,
    deadline: Instant,
    runs: u32,
    has_prepared_again: bool,
}

impl Call {
    pub(super) async fn begin(pool: &Pool, timeout: Duration) -> Result<Self, Failure> {
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or(now);
        let connection =
            timeout_at(deadline, pool.get()).await.map_err(|_| Failure::unavailable("no connection in time"))??;
        Ok(Self { connection: Some(connection), deadline, runs: 0, has_prepared_again: false })
    }

    /// The rows that a statement gives back, in a transaction of its own.
    pub(super) async fn query(&mut self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        loop {
            let Some(connection) = &self.connection else {
                return Err(Failure::unavailable("the connection is lost"));
            };
            let error = match timeout_at(self.deadline, query(connection, statement, parameters)).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) => error,
                Err(_) => {
                    self.disconnect();
                    return Err(Failure::unavailable("no answer in time"));
                }
            };
            match Verdict::of(&error) {
                Verdict::Raced => self.again().await?,
                Verdict::Forgotten if !self.has_prepared_again => {
                    self.has_prepared_again = true;
                    connection.statement_cache.clear();
                }
                Verdict::Forgotten => return Err(Failure::unavailable("prepared statements do not last")),
                Verdict::Refused(failure) => return Err(failure),
                Verdict::Disconnected(failure) => {
                    self.disconnect();
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

    /// Keeps the connection out of the pool: it may be broken, or wait for an answer that the next call would have to wait for.
    fn disconnect(&mut self) {
        drop(self.connection.take().map(Object::take));
    }
}

async fn query(connection: &Object, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Error> {
    let statement = connection.prepare_cached(statement).await?;
    connection.query(&statement, parameters).await
}
