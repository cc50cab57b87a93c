//! One call of the store: a connection, a deadline, and statements that are run again when they meet others.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{
    connector::{Connect, Preparation},
    errors::{Failure, Verdict},
    lease::Lease,
    parameter::Parameter,
    rows::Row,
    turn::{Turn, Turns},
};

/// Limits how often a call runs something again. In a race that has a winner each time, more than there are connections
/// in a usual pool.
const RUNS: u32 = 32;

/// The place where a call runs its statements.
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
    pub(super) async fn begin(
        connector: &dyn Connect,
        preparation: Preparation,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let deadline = after(timeout);
        let lease = Lease::take(connector, deadline).await?;
        Ok(Self::at(Place::Pool(lease, preparation), deadline))
    }

    /// A call in a transaction of the host's, when the calls before it are over.
    pub(super) async fn begin_in(turns: &'t (dyn Turns + 't), timeout: Duration) -> Result<Self, Failure> {
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
            let answer = lease.ask()?.query(statement, parameters, preparation);
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
                    let forgetting = timeout_at(self.deadline, lease.forget_statements());
                    forgetting.await.map_err(|_| Failure::unavailable("no answer in time"))??;
                }
                Verdict::Forgotten => return Err(Failure::unavailable("prepared statements do not last")),
                Verdict::Refused => return Err(error.into()),
                Verdict::Disconnected => {
                    lease.close();
                    return Err(error.into());
                }
            }
        }
    }

    /// The same, for a statement that fails by itself when it has lost a race, or that the host's transaction should survive.
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
