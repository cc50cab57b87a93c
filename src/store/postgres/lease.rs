//! A connection of the pool, which goes back when it owes no answer.

use std::time::Duration;

use tokio::{
    runtime::Handle,
    time::{Instant, timeout, timeout_at},
};

use super::{
    connector::{Connect, Connection},
    errors::Failure,
};

/// The time that an abandoned connection has to answer before it is closed. Most statements take a millisecond, and a
/// new connection takes many.
const GRACE: Duration = Duration::from_millis(100);

/// A connection that a caller has for itself. Where the caller goes away between a question and its answer, the next
/// user of the connection would have to wait for that answer first, behind the lock that the question may wait for.
pub(super) struct Lease {
    /// `None` once it was of no more use.
    connection: Option<Box<dyn Connection>>,
    owes_answer: bool,
    is_in_transaction: bool,
}

impl Lease {
    pub(super) async fn take(connector: &dyn Connect, deadline: Instant) -> Result<Self, Failure> {
        let connection = timeout_at(deadline, connector.connect())
            .await
            .map_err(|_| Failure::unavailable("no connection in time"))??;
        Ok(Self { connection: Some(connection), owes_answer: false, is_in_transaction: false })
    }

    /// The same, of a connection that its pool may make another for.
    pub(super) async fn take_out(connector: &dyn Connect, deadline: Instant) -> Result<Self, Failure> {
        let mut lease = Self::take(connector, deadline).await?;
        lease.connection = lease.connection.take().map(Connection::leave);
        Ok(lease)
    }

    /// The connection, to ask something until [`answered`](Self::answered) says that nothing is outstanding.
    pub(super) fn ask(&mut self) -> Result<&mut dyn Connection, Failure> {
        let connection =
            self.connection.as_deref_mut().ok_or_else(|| Failure::unavailable("the connection is lost"))?;
        self.owes_answer = true;
        Ok(connection)
    }

    /// The same, for several statements in one transaction. A connection that is given up in the middle of it is closed.
    pub(super) fn ask_in_transaction(&mut self) -> Result<&mut dyn Connection, Failure> {
        self.is_in_transaction = true;
        self.ask()
    }

    pub(super) fn answered(&mut self) {
        (self.owes_answer, self.is_in_transaction) = (false, false);
    }

    /// Makes the connection prepare its statements again.
    pub(super) async fn forget_statements(&mut self) -> Result<(), Failure> {
        self.ask()?.forget_statements().await;
        self.answered();
        Ok(())
    }

    /// Keeps the connection out of the pool: it may be broken, or wait for an answer that does not come.
    pub(super) fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !self.owes_answer {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) if !self.is_in_transaction => drop(runtime.spawn(settle(connection))),
            _ => connection.close(),
        }
    }
}

/// Gives back a connection whose answers have come, and closes one that goes on to wait.
async fn settle(mut connection: Box<dyn Connection>) {
    if !timeout(GRACE, connection.settle()).await.unwrap_or(false) {
        connection.close();
    }
}
