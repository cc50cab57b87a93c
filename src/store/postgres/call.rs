//! One call of the store: a connection, a deadline, and statements that are run again when they meet others.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    errors::{Failure, Verdict},
    lease::Lease,
    parameter::Parameter,
    turn::{Turn, Turns},
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

/// The place where a call runs its statements.
#[expect(clippy::large_enum_variant, reason = "there is one on the stack for each call, mostly of the large kind")]
enum Place<'t> {
    /// A connection of the pool. Each statement is a transaction.
    Pool(Lease, Preparation),
    /// A transaction of the host's.
    Transaction(Turn<'t>),
}

pub(super) struct Call<'t> {
    place: Place<'t>,
    deadline: Instant,
    runs: u32,
    has_prepared_again: bool,
}

impl<'t> Call<'t> {
    pub(super) async fn begin(pool: &Pool, preparation: Preparation, timeout: Duration) -> Result<Self, Failure> {
        let deadline = after(timeout);
        let lease = Lease::take(pool, deadline).await?;
        Ok(Self::at(Place::Pool(lease, preparation), deadline))
    }

    /// A call in a transaction of the host's, when the calls before it are over.
    pub(super) async fn begin_in(turns: &'t Turns<'t>, timeout: Duration) -> Result<Self, Failure> {
        let deadline = after(timeout);
        let turn = timeout_at(deadline, turns.next()).await.map_err(|_| Failure::unavailable("no turn in time"))?;
        Ok(Self::at(Place::Transaction(turn), deadline))
    }

    fn at(place: Place<'t>, deadline: Instant) -> Self {
        Self { place, deadline, runs: 0, has_prepared_again: false }
    }

    /// Runs a statement, in a transaction of its own where the host has none, and returns its rows.
    pub(super) async fn query(&mut self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        loop {
            let (lease, preparation) = match &mut self.place {
                Place::Pool(lease, preparation) => (lease, *preparation),
                Place::Transaction(turn) => return turn.query(statement, parameters, self.deadline).await,
            };
            let answer = query(lease.ask()?, preparation, statement, parameters);
            let error = match timeout_at(self.deadline, answer).await {
                Ok(Ok(rows)) => {
                    lease.answered();
                    return Ok(rows);
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    lease.close();
                    return Err(Failure::unavailable("no answer in time"));
                }
            };
            lease.answered();
            match Verdict::of(&error) {
                Verdict::Raced => self.again().await?,
                Verdict::Forgotten if !self.has_prepared_again => {
                    self.has_prepared_again = true;
                    lease.forget_statements();
                }
                Verdict::Forgotten => return Err(Failure::unavailable("prepared statements do not last")),
                Verdict::Refused(failure) => return Err(failure),
                Verdict::Disconnected(failure) => {
                    lease.close();
                    return Err(failure);
                }
            }
        }
    }

    /// The same, for a statement that fails by itself when it has lost a race.
    pub(super) async fn query_or_fail(
        &mut self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Failure> {
        loop {
            match &mut self.place {
                Place::Pool(..) => return self.query(statement, parameters).await,
                Place::Transaction(turn) => {
                    if let Some(rows) = turn.query_or_undo(statement, parameters, self.deadline).await? {
                        return Ok(rows);
                    }
                }
            }
            self.again().await?;
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

fn after(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or(now)
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
