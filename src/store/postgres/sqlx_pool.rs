//! Connections of a pool of `sqlx`.

use std::{future::poll_fn, sync::Arc};

use sqlx::{
    Arguments as _, Connection as _, Error, Executor as _, PgConnection, PgPool, Postgres, error::BoxDynError,
    pool::PoolConnection, postgres::PgArguments,
};
use tokio::runtime::Handle;

use super::{
    connector::{Connect, Connection, Later, PostgresConnector, Preparation, Session},
    database_error::DatabaseError,
    parameter::Parameter,
    rows::Row,
};

/// Takes connections of a pool of `sqlx`, version 0.8, which prepares each statement once for each of them.
///
/// By default such a pool asks a connection whether it lives each time that it gives it out:
/// `test_before_acquire(false)` spares each operation that round trip.
impl From<PgPool> for PostgresConnector {
    fn from(pool: PgPool) -> Self {
        Self(Arc::new(pool))
    }
}

impl Connect for PgPool {
    fn connect(&self) -> Later<'_, Result<Box<dyn Connection>, DatabaseError>> {
        Box::pin(async move {
            let connection = Some(Source::Pooled(self.acquire().await?));
            let held = Held { connection, owes_answer: false, runtime: Handle::current() };
            Ok(Box::new(Taken::Idle(held)) as Box<dyn Connection>)
        })
    }

    fn status(&self) -> String {
        format!("sqlx: {} connections, {} idle", self.size(), self.num_idle())
    }
}

/// A connection of the pool. When it is dropped it goes back, unless it owes an answer.
struct Held {
    connection: Option<Source>,
    owes_answer: bool,
    /// The pool spawns tasks when connections come back.
    runtime: Handle,
}

enum Source {
    Pooled(PoolConnection<Postgres>),
    Alone(PgConnection),
}

impl Source {
    fn leave(self) -> PgConnection {
        match self {
            Self::Pooled(connection) => connection.detach(),
            Self::Alone(connection) => connection,
        }
    }
}

impl Held {
    fn connection(&mut self) -> Result<&mut PgConnection, DatabaseError> {
        self.owes_answer = true;
        match &mut self.connection {
            Some(Source::Pooled(connection)) => Ok(connection),
            Some(Source::Alone(connection)) => Ok(connection),
            None => Err(lost()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _runtime = self.runtime.enter();
        let connection = self.connection.take();
        if self.owes_answer {
            // Its socket is closed with it.
            drop(connection.map(Source::leave));
        }
    }
}

type Answer = Result<Vec<Row>, DatabaseError>;

/// A connection on loan. What it was asked can be waited for when the caller has gone away: sqlx does not promise that a connection
/// is whole when one of its futures was dropped half-way, so none is, unless its connection is closed with it.
enum Taken {
    Idle(Held),
    Asked(Later<'static, (Held, Answer)>),
    Gone,
}

impl Taken {
    /// Asks something.
    async fn ask<F>(&mut self, question: impl FnOnce(Held) -> F) -> Answer
    where
        F: Future<Output = (Held, Answer)> + Send + 'static,
    {
        let _ = self.answer().await;
        match std::mem::replace(self, Self::Gone) {
            Self::Idle(held) => *self = Self::Asked(Box::pin(question(held))),
            Self::Asked(_) | Self::Gone => return Err(lost()),
        }
        self.answer().await
    }

    /// The answer to what was asked, and none if nothing was. When it is dropped, it can be called again.
    async fn answer(&mut self) -> Answer {
        let Self::Asked(asked) = self else { return Ok(Vec::new()) };
        let (mut held, answer) = poll_fn(|context| asked.as_mut().poll(context)).await;
        held.owes_answer = false;
        *self = Self::Idle(held);
        answer
    }
}

impl Session for Taken {
    fn query<'a>(
        &'a mut self,
        statement: &'a str,
        parameters: &'a [Parameter<'a>],
        preparation: Preparation,
    ) -> Later<'a, Result<Vec<Row>, DatabaseError>> {
        let (statement, arguments) = (statement.to_owned(), arguments(parameters));
        Box::pin(self.ask(async move |mut held: Held| {
            let answer = match held.connection() {
                Ok(connection) => query(connection, &statement, arguments, preparation).await,
                Err(error) => Err(error),
            };
            (held, answer)
        }))
    }

    fn run<'a>(&'a mut self, statements: &'a str) -> Later<'a, Result<(), DatabaseError>> {
        let statements = statements.to_owned();
        Box::pin(async move {
            let answer = self.ask(async move |mut held: Held| {
                let answer = match held.connection() {
                    Ok(connection) => run(connection, &statements).await,
                    Err(error) => Err(error),
                };
                (held, answer.map(|()| Vec::new()))
            });
            answer.await.map(drop)
        })
    }
}

impl Connection for Taken {
    fn forget_statements(&mut self) -> Later<'_, ()> {
        Box::pin(async move {
            let forgotten = self.ask(async move |mut held: Held| {
                let answer = match held.connection() {
                    Ok(connection) => connection.clear_cached_statements().await.map_err(DatabaseError::from),
                    Err(error) => Err(error),
                };
                (held, answer.map(|()| Vec::new()))
            });
            drop(forgotten.await);
        })
    }

    fn settle(&mut self) -> Later<'_, bool> {
        // A refusal of the server is an answer too.
        Box::pin(async move { self.answer().await.map_or_else(|error| error.code().is_some(), |_| true) })
    }

    fn leave(mut self: Box<Self>) -> Box<dyn Connection> {
        if let Self::Idle(held) = &mut *self {
            let _runtime = held.runtime.enter();
            held.connection = held.connection.take().map(|connection| Source::Alone(connection.leave()));
        }
        self
    }

    fn close(mut self: Box<Self>) {
        if let Self::Idle(held) = &mut *self {
            held.owes_answer = true;
        }
    }
}

fn lost() -> DatabaseError {
    DatabaseError::Connection("the connection is lost".to_owned())
}

/// A transaction of the host's.
pub(super) struct InTransaction<'t>(pub(super) &'t mut PgConnection);

impl Session for InTransaction<'_> {
    /// Prepares nothing that stays: the connection is not the store's.
    fn query<'a>(
        &'a mut self,
        statement: &'a str,
        parameters: &'a [Parameter<'a>],
        _: Preparation,
    ) -> Later<'a, Result<Vec<Row>, DatabaseError>> {
        Box::pin(query(self.0, statement, arguments(parameters), Preparation::WithEachCall))
    }

    fn run<'a>(&'a mut self, statements: &'a str) -> Later<'a, Result<(), DatabaseError>> {
        Box::pin(run(self.0, statements))
    }
}

async fn query(
    connection: &mut PgConnection,
    statement: &str,
    arguments: Result<PgArguments, BoxDynError>,
    preparation: Preparation,
) -> Result<Vec<Row>, DatabaseError> {
    let arguments = arguments.map_err(Error::Encode)?;
    let query = sqlx::query_with::<Postgres, _>(statement, arguments);
    let rows = query.persistent(preparation == Preparation::OncePerConnection).fetch_all(connection).await?;
    Ok(rows.into_iter().map(Row::Sqlx).collect())
}

async fn run(connection: &mut PgConnection, statements: &str) -> Result<(), DatabaseError> {
    connection.execute(statements).await?;
    Ok(())
}

fn arguments(parameters: &[Parameter<'_>]) -> Result<PgArguments, BoxDynError> {
    let mut arguments = PgArguments::default();
    for parameter in parameters {
        match *parameter {
            Parameter::Bytes(value) => arguments.add(value)?,
            Parameter::MaybeBytes(value) => arguments.add(value)?,
            Parameter::ManyBytes(values) => arguments.add(values)?,
            Parameter::Number(value) => arguments.add(value)?,
            Parameter::Numbers(values) => arguments.add(values)?,
        }
    }
    Ok(arguments)
}

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Database(refused) => match refused.code() {
                Some(code) => Self::Refused { code: code.into_owned(), message: refused.message().to_owned() },
                None => Self::Connection(refused.message().to_owned()),
            },
            other => Self::Connection(other.to_string()),
        }
    }
}
