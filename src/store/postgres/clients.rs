//! Connections of `tokio_postgres`, of any pool or other source.

use std::{error::Error as _, future::Future};

use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use tokio_postgres::{
    Client, Error, GenericClient, Statement, Transaction,
    types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

use super::{
    connector::{Connect, Connection, Later, PostgresConnector, Preparation, Session},
    database_error::DatabaseError,
    parameter::Parameter,
    rows::Row,
};
use crate::store::StoreError;

/// A source of connections of [`tokio_postgres`](crate::reexports::tokio_postgres), version 0.7. A pool of `deadpool_postgres` is one;
/// a host can make one of any other pool, or of what it writes itself.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use parjar::store::{PostgresClient, PostgresClients, PostgresConnector, PostgresStore, PostgresStoreError, StoreError};
/// use tokio_postgres::{Client, NoTls};
///
/// /// Keeps idle connections, and makes others.
/// #[derive(Clone)]
/// struct Few(Arc<Mutex<Vec<Client>>>, tokio_postgres::Config);
///
/// struct Taken { client: Option<Client>, from: Few }
///
/// impl PostgresClients for Few {
///     type Client = Taken;
///
///     async fn client(&self) -> Result<Taken, StoreError> {
///         let kept = self.0.lock().unwrap().pop().filter(|client| !client.is_closed());
///         let client = match kept {
///             Some(client) => client,
///             None => {
///                 let (client, connection) = self.1.connect(NoTls).await.map_err(StoreError::new)?;
///                 tokio::spawn(connection);
///                 client
///             }
///         };
///         Ok(Taken { client: Some(client), from: self.clone() })
///     }
/// }
///
/// impl PostgresClient for Taken {
///     fn client(&self) -> &Client {
///         self.client.as_ref().expect("it is there until it is dropped or closed")
///     }
///
///     fn close(mut self) {
///         self.client = None;
///     }
/// }
///
/// impl Drop for Taken {
///     fn drop(&mut self) {
///         self.from.0.lock().unwrap().extend(self.client.take());
///     }
/// }
///
/// fn store(config: tokio_postgres::Config) -> Result<PostgresStore, PostgresStoreError> {
///     PostgresStore::builder(PostgresConnector::new(Few(Arc::default(), config))).build()
/// }
/// ```
pub trait PostgresClients: Send + Sync + 'static {
    /// A connection on loan.
    type Client: PostgresClient;

    /// Gets a connection that no other caller uses, and that owes no caller an answer. The store bounds how long it waits, and drops the
    /// future then.
    ///
    /// # Errors
    ///
    /// There is none. The cause is for the log.
    fn client(&self) -> impl Future<Output = Result<Self::Client, StoreError>> + Send;
}

/// A connection on loan from [`PostgresClients`]. When it is dropped it goes back, whole.
pub trait PostgresClient: Send + Sync + 'static {
    /// Returns the connection.
    fn client(&self) -> &Client;

    /// Returns a statement that is prepared on this connection, once for all calls, under a name of its own. `None`, which
    /// is the default, says that this source keeps no statements: their texts are sent with each call then, and the server parses them
    /// each time. See [`PostgresStore`](crate::store::PostgresStore#drivers) for what that costs.
    fn prepared(&self, statement: &str) -> impl Future<Output = Result<Option<Statement>, Error>> + Send {
        let _ = statement;
        async { Ok(None) }
    }

    /// Forgets the statements that were prepared on this connection: the server does not know them any more.
    fn forget_statements(&self) {}

    /// Takes the connection out of the count of its pool, which may make another in its place. The check of a database holds two at
    /// once, and should not wait for itself in a pool of one. By default it stays, and the check waits for three seconds at most.
    #[must_use]
    fn leave(self) -> Self
    where
        Self: Sized,
    {
        self
    }

    /// Ends the connection, which is broken or waits for an answer that no caller will read: it must not go back to be given out again.
    fn close(self);
}

impl PostgresConnector {
    /// Gets connections from a source of the host's.
    pub fn new(clients: impl PostgresClients) -> Self {
        Self(std::sync::Arc::new(ByClients(clients)))
    }
}

/// Takes connections of a pool of `deadpool_postgres`, version 0.14, and prepares each statement once for each of them.
impl From<Pool> for PostgresConnector {
    fn from(pool: Pool) -> Self {
        Self(std::sync::Arc::new(pool))
    }
}

struct ByClients<P>(P);

impl<P: PostgresClients> Connect for ByClients<P> {
    fn connect(&self) -> Later<'_, Result<Box<dyn Connection>, DatabaseError>> {
        Box::pin(async move {
            let client = self.0.client().await.map_err(|error| DatabaseError::Connection(error.cause_text()))?;
            Ok(Box::new(Taken(client)) as Box<dyn Connection>)
        })
    }

    fn status(&self) -> String {
        "clients of the host".to_owned()
    }
}

impl Connect for Pool {
    fn connect(&self) -> Later<'_, Result<Box<dyn Connection>, DatabaseError>> {
        Box::pin(async move { Ok(Box::new(Taken(OfDeadpool::Pooled(self.get().await?))) as Box<dyn Connection>) })
    }

    fn status(&self) -> String {
        format!("{:?}", Pool::status(self))
    }
}

/// A connection of `deadpool_postgres`.
enum OfDeadpool {
    Pooled(Object),
    Alone(ClientWrapper),
}

impl OfDeadpool {
    fn wrapper(&self) -> &ClientWrapper {
        match self {
            Self::Pooled(object) => object,
            Self::Alone(wrapper) => wrapper,
        }
    }
}

impl PostgresClient for OfDeadpool {
    fn client(&self) -> &Client {
        self.wrapper()
    }

    async fn prepared(&self, statement: &str) -> Result<Option<Statement>, Error> {
        self.wrapper().prepare_cached(statement).await.map(Some)
    }

    fn forget_statements(&self) {
        self.wrapper().statement_cache.clear();
    }

    fn leave(self) -> Self {
        match self {
            Self::Pooled(object) => Self::Alone(Object::take(object)),
            Self::Alone(wrapper) => Self::Alone(wrapper),
        }
    }

    fn close(self) {
        drop(self.leave());
    }
}

/// A connection on loan.
struct Taken<C>(C);

impl<C: PostgresClient> Session for Taken<C> {
    fn query<'a>(
        &'a mut self,
        statement: &'a str,
        parameters: &'a [Parameter<'a>],
        preparation: Preparation,
    ) -> Later<'a, Result<Vec<Row>, DatabaseError>> {
        Box::pin(async move {
            let prepared = match preparation {
                Preparation::OncePerConnection => self.0.prepared(statement).await?,
                Preparation::WithEachCall => None,
            };
            let Some(prepared) = prepared else { return query_typed(self.0.client(), statement, parameters).await };
            let values: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
            rows(self.0.client().query(&prepared, &values).await)
        })
    }

    fn run<'a>(&'a mut self, statements: &'a str) -> Later<'a, Result<(), DatabaseError>> {
        Box::pin(async move { Ok(self.0.client().batch_execute(statements).await?) })
    }
}

impl<C: PostgresClient> Connection for Taken<C> {
    fn forget_statements(&mut self) -> Later<'_, ()> {
        self.0.forget_statements();
        Box::pin(std::future::ready(()))
    }

    fn settle(&mut self) -> Later<'_, bool> {
        Box::pin(async move { self.0.client().simple_query("").await.is_ok() })
    }

    fn leave(self: Box<Self>) -> Box<dyn Connection> {
        Box::new(Self(self.0.leave()))
    }

    fn close(self: Box<Self>) {
        self.0.close();
    }
}

/// A transaction of the host's.
pub(super) struct InTransaction<'t>(pub(super) &'t Transaction<'t>);

impl Session for InTransaction<'_> {
    /// Prepares nothing: it would stay with a connection that is not the store's.
    fn query<'a>(
        &'a mut self,
        statement: &'a str,
        parameters: &'a [Parameter<'a>],
        _: Preparation,
    ) -> Later<'a, Result<Vec<Row>, DatabaseError>> {
        Box::pin(query_typed(self.0, statement, parameters))
    }

    fn run<'a>(&'a mut self, statements: &'a str) -> Later<'a, Result<(), DatabaseError>> {
        Box::pin(async move { Ok(self.0.batch_execute(statements).await?) })
    }
}

/// Runs a statement that is not prepared.
async fn query_typed(
    client: &impl GenericClient,
    statement: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, DatabaseError> {
    let typed: Vec<(&(dyn ToSql + Sync), Type)> =
        parameters.iter().map(|value| (value as &(dyn ToSql + Sync), kind(value))).collect();
    rows(client.query_typed(statement, &typed).await)
}

fn rows(answer: Result<Vec<tokio_postgres::Row>, Error>) -> Result<Vec<Row>, DatabaseError> {
    Ok(answer?.into_iter().map(Row::TokioPostgres).collect())
}

fn kind(parameter: &Parameter<'_>) -> Type {
    match parameter {
        Parameter::Bytes(_) | Parameter::MaybeBytes(_) => Type::BYTEA,
        Parameter::ManyBytes(_) => Type::BYTEA_ARRAY,
        Parameter::Number(_) => Type::INT8,
        Parameter::Numbers(_) => Type::INT8_ARRAY,
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Bytes(value) => value.to_sql(kind, out),
            Self::MaybeBytes(value) => value.to_sql(kind, out),
            Self::ManyBytes(values) => values.to_sql(kind, out),
            Self::Number(value) => value.to_sql(kind, out),
            Self::Numbers(values) => values.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::BYTEA, Type::BYTEA_ARRAY, Type::INT8, Type::INT8_ARRAY].contains(kind)
    }

    to_sql_checked!();
}

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(refused) => {
                Self::Refused { code: refused.code().code().to_owned(), message: refused.message().to_owned() }
            }
            None => Self::Connection(
                error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
            ),
        }
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::Connection(other.to_string()),
        }
    }
}
