//! Ways to get connections, whatever driver makes them.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::{database_error::DatabaseError, parameter::Parameter, rows::Row};

/// Gets connections for a [`PostgresStore`](super::PostgresStore), one for each call.
///
/// Made from a pool of `deadpool_postgres` or from any other [source](super::PostgresClients) of `tokio_postgres` clients (feature
/// `postgres`), or from a pool of `sqlx` (feature `sqlx`). The statements are the same.
#[derive(Clone)]
pub struct PostgresConnector(pub(super) Arc<dyn Connect>);

impl fmt::Debug for PostgresConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresConnector").field(&self.0.status()).finish()
    }
}

pub(super) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to get connections, as a trait object.
pub(super) trait Connect: Send + Sync {
    fn connect(&self) -> Later<'_, Result<Box<dyn Connection>, DatabaseError>>;

    /// What `Debug` shows of it.
    fn status(&self) -> String;
}

/// Where statements are run: a connection, or a transaction of the host's.
pub(super) trait Session: Send {
    /// Runs a statement, in a transaction of its own unless there is one.
    fn query<'a>(
        &'a mut self,
        statement: &'a str,
        parameters: &'a [Parameter<'a>],
        preparation: Preparation,
    ) -> Later<'a, Result<Vec<Row>, DatabaseError>>;

    /// Runs statements without parameters.
    fn run<'a>(&'a mut self, statements: &'a str) -> Later<'a, Result<(), DatabaseError>>;
}

/// A connection of any driver, for one caller.
pub(super) trait Connection: Session {
    /// Makes the connection prepare its statements again.
    fn forget_statements(&mut self) -> Later<'_, ()>;

    /// Waits for the answer to what a caller that has gone away has asked, and returns `true` if the connection is whole.
    fn settle(&mut self) -> Later<'_, bool>;

    /// Takes the connection out of the count of its pool, where that can be.
    fn leave(self: Box<Self>) -> Box<dyn Connection>;

    /// Keeps the connection out of its pool, and ends it.
    fn close(self: Box<Self>);
}

/// The way in which statements are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// Once for each connection.
    OncePerConnection,
    /// With each call, without a name that a pooler would have to know.
    WithEachCall,
}
