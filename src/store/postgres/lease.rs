//! A connection of the pool, which goes back when it owes no answer.

use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout, timeout_at},
};

use super::errors::Failure;

/// The time that an abandoned connection has to answer before it is closed. Most statements take a millisecond, and a
/// new connection takes many.
const GRACE: Duration = Duration::from_millis(100);

/// A connection that a caller has for itself. Where the caller goes away between a question and its answer, the next
/// user of the connection would have to wait for that answer first, behind the lock that the question may wait for.
pub(super) struct Lease {
    /// `None` once it was of no more use.
    connection: Option<Object>,
    owes_answer: bool,
}

impl Lease {
    pub(super) async fn take(pool: &Pool, deadline: Instant) -> Result<Self, Failure> {
        let connection =
            timeout_at(deadline, pool.get()).await.map_err(|_| Failure::unavailable("no connection in time"))??;
        Ok(Self { connection: Some(connection), owes_answer: false })
    }

    /// The connection, to ask something until [`answered`](Self::answered) says that nothing is outstanding.
    pub(super) fn ask(&mut self) -> Result<&mut Object, Failure> {
        let connection = self.connection.as_mut().ok_or(Failure::unavailable("the connection is lost"))?;
        self.owes_answer = true;
        Ok(connection)
    }

    pub(super) fn answered(&mut self) {
        self.owes_answer = false;
    }

    /// Makes the connection prepare its statements again.
    pub(super) fn forget_statements(&self) {
        if let Some(connection) = &self.connection {
            connection.statement_cache.clear();
        }
    }

    /// Keeps the connection out of the pool: it may be broken, or wait for an answer that does not come.
    pub(super) fn close(&mut self) {
        drop(self.connection.take().map(Object::take));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.owes_answer {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(settle(connection))),
            Err(_) => drop(Object::take(connection)),
        }
    }
}

/// Gives back a connection whose answers have come, and closes one that goes on to wait.
async fn settle(connection: Object) {
    if !matches!(timeout(GRACE, connection.simple_query("")).await, Ok(Ok(_))) {
        drop(Object::take(connection));
    }
}
