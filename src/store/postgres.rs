//! The store over PostgreSQL.
//!
//! A call takes a connection and runs one statement, which decides. When it changes nothing, a look at the row says why; and when the
//! row would have fitted by then, the statement is run again.

mod builder;
mod call;
mod check;
#[cfg(feature = "postgres")]
mod clients;
mod connector;
mod database_error;
mod errors;
mod identifiers;
mod lease;
mod marks;
mod opened;
mod operations;
mod parameter;
mod rows;
mod schema;
#[cfg(feature = "sqlx")]
mod sqlx_pool;
mod statements;
mod transaction;
mod turn;

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "postgres")]
pub use self::clients::{PostgresClient, PostgresClients};
pub use self::{
    builder::PostgresStoreBuilder, connector::PostgresConnector, errors::PostgresStoreError,
    transaction::PostgresTransactionStore,
};
use self::{
    connector::Preparation, identifiers::Names, opened::Opened, operations::Operations, parameter::Parameter::Number,
    rows::column, statements::Statements,
};
use super::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, NotReady, Owner,
    Remembered, ReplayMark, RequestStore, StoreError, StoreRefusal, hygiene::HygieneBudget,
    unauthenticated::UnauthenticatedRoom,
};

/// The shortest time limit of a check of the database.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// Keeps requests in PostgreSQL, version 12 or later, for any number of nodes. Clones share its connections.
///
/// The host brings the connections, and with them TLS and credentials. See [Drivers](#drivers).
///
#[cfg_attr(feature = "postgres", doc = "```")]
#[cfg_attr(not(feature = "postgres"), doc = "```ignore")]
/// use std::time::Duration;
/// use deadpool_postgres::{Manager, Pool};
/// use parjar::store::{PostgresStore, PostgresStoreError};
/// use tokio_postgres::{Config, NoTls};
///
/// async fn store() -> Result<PostgresStore, PostgresStoreError> {
///     let mut config = Config::new();
///     config
///         .host("db.internal")
///         .user("parjar")
///         .dbname("parjar")
///         .target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
///     let pool = Pool::builder(Manager::new(config, NoTls)).max_size(16).build().expect("a pool without timeouts");
///     let store = PostgresStore::builder(pool).schema("parjar").build()?;
///     store.migrate().await?;
///
///     let sweeper = store.clone();
///     tokio::spawn(async move {
///         loop {
///             // A full batch says that there is more.
///             if !matches!(sweeper.sweep(1_000).await, Ok(1_000)) {
///                 tokio::time::sleep(Duration::from_secs(10)).await;
///             }
///         }
///     });
///     Ok(store)
/// }
/// ```
///
/// # Drivers
///
/// | connections | feature | the store is made of |
/// | --- | --- | --- |
/// | `deadpool_postgres` 0.14 | `postgres` | a `deadpool_postgres::Pool` |
/// | `tokio_postgres` 0.7, from another pool or from the host | `postgres` | `PostgresConnector::new` with the host's `PostgresClients` |
/// | `sqlx` 0.8 | `sqlx` | an `sqlx::PgPool` |
///
/// The statements are the same for all, and so is what the store promises; stores of different drivers can share the tables.
/// (Version 0.9 of `sqlx` needs a later Rust than this library.) A pool of `sqlx` sends each statement in more pieces than the others do
/// and asks each connection whether it lives, before and after: with 16 callers or more at once, an operation takes 1.2 to 2.2 times as
/// long as over `deadpool_postgres` (`tests/servers/benches/store.rs`). It is there for hosts that have such a pool anyway: it saves them
/// a second one with its connections, and the store can take part in their transactions. While a server refuses connections, a pool of
/// `sqlx` tries again until the operation is over, and the error says no more than that there was no connection in time.
///
/// # Settings of the role
///
/// Two settings belong to the role, where they hold for every connection, behind a pooler too:
///
/// ```sql
/// ALTER ROLE parjar SET statement_timeout = '2s';
/// ALTER ROLE parjar SET default_transaction_isolation = 'read committed';
/// ```
///
/// The first keeps the server from working on for a caller that has gone or given up: as long as the
/// [timeout](PostgresStoreBuilder::timeout), or a little longer. The second is PostgreSQL's own default. The same in
/// `options` of a connection (`-c statement_timeout=2s`) is refused by PgBouncer, and `SET` on a connection of a pool
/// in transaction mode goes to any connection of the server.
///
/// # What it promises
///
/// What an operation changes, it changes by one statement in a transaction of its own, decided by the rows that it locks, whatever
/// isolation level the database has by default. A statement that has changed nothing is followed by one that asks why, or that reads
/// what was opened before: that is a second round trip for refusals, and for a page that is loaded again at a node that has not opened it.
/// When statements meet, they are run again within the
/// [timeout](PostgresStoreBuilder::timeout); under `serializable` that happens often, so let connections have `read
/// committed`. Lifetimes are counted by the database's clock, never by a node's. What has expired counts as gone, swept
/// or not.
///
/// Whatever happens to server, network or pool is [`StoreError`], an outage, and nothing is half done. An operation
/// that was not answered in time may have happened all the same, as with any store that is asked over a network: a
/// request may turn out to be spent although no caller was told so. Its connection is closed. So is the connection of
/// an operation whose caller goes away, unless its answer comes at once: no operation gets a connection that waits for
/// the answer of another. A disk or a memory that is full refuses new requests ([`StoreRefusal::Full`]).
///
/// # What is lost when
///
/// | event | waiting and open requests | spent requests and marks |
/// | --- | --- | --- |
/// | a node crashes, or all do | kept | kept |
/// | the server crashes | kept | kept |
/// | the server crashes, with `synchronous_commit = off` | the last ones are lost | **the last ones are forgotten** |
/// | an asynchronous replica is promoted | the last ones are lost | **the last ones are forgotten** |
/// | a synchronous replica is promoted | kept | kept |
/// | a backup is restored | those of the backup | **everything since is forgotten** |
///
/// A lost request costs its user a second login. A forgotten end or mark means that a request can be completed, or an
/// assertion be used, a second time while it lives: keep `synchronous_commit = on`, and `synchronous_standby_names` set
/// where replicas are promoted. After a restore, truncate both tables and wait as long as assertions live.
///
/// Connect to the primary only: a replica that reads is behind. `target_session_attrs=read-write` over a list of hosts
/// finds it. A connection whose server turns out to be read-only is closed, so that the next one finds the new primary.
///
/// # Proxies
///
/// Statements are prepared once per connection, by the protocol.
///
/// | PgBouncer | |
/// | --- | --- |
/// | session mode | works |
/// | transaction mode, 1.21 or later, with `max_prepared_statements` of 10 or more | works |
/// | transaction mode, older or without `max_prepared_statements` | with [`unnamed_statements`](PostgresStoreBuilder::unnamed_statements) |
/// | statement mode | refused |
///
/// [`migrate`](Self::migrate) and [`check`](Self::check) notice a pooler that forgets prepared statements, and say so
/// ([`PostgresStoreError::PreparedStatements`]). A connection that has lost its statements, by `DISCARD ALL` for
/// instance, prepares them again.
///
/// # Room
///
/// A request takes its record, often below 1 KiB, and about 350 bytes more with its indexes and the room that is left in each page;
/// spending it leaves 200. Opening it, each [note](RequestStore::annotate), an extension and spending it write a new version of the row in
/// that room, and no entry of an index; the server takes the old version away when it comes by. A mark takes about 200 bytes: a memory of
/// code challenges of a day is 86 400 rows and 17 MB for each push a second, up to the [bound](PostgresStoreBuilder::hygiene_marks) of
/// each node.
///
/// Any sender can use the names of public clients. Each node keeps no more than so many
/// [requests](PostgresStoreBuilder::unauthenticated_requests) and [marks](PostgresStoreBuilder::unauthenticated_marks)
/// of all of them alive, and refuses more ([`StoreRefusal::Full`]) while other clients go on. By default that is 256 MiB,
/// 100 MB, and half of the marks of hygiene, 100 MB: up to 470 MB for each node, times what waits for vacuum. A node that
/// has been started anew begins to count anew. A count for all nodes would be a row that each push of such a client has
/// to lock. Clients that authenticate have no bounds here: limit how often one may push in front of the server.
///
/// The host calls `sweep`, on one node or on all, every few seconds: nodes do not get in each other's way. The tables are
/// set to be vacuumed when a twentieth of them is dead; leave autovacuum on, and let no transaction of the server, in whatever database,
/// stay open for long: until it ends, no old version of a row can be taken away.
///
/// Do not partition the tables by time. A handle does not tell its time, so that each operation would look into every partition.
///
/// # Who may read it
///
/// Keys are digests: of handles, clients and browsers there is nothing that could be used. Records hold what clients
/// sent, which is personal data unless a `SealedStore` encrypts it.
///
/// The role needs `USAGE` on the schema, and `SELECT`, `INSERT`, `UPDATE` and `DELETE` on the tables. An administrator
/// can run [`migration`](Self::migration) with other rights; `migrate` then finds everything there and makes nothing.
/// Parameters show up in the server's log where `log_parameter_max_length` allows it: set it to 0 for this role.
#[derive(Clone)]
pub struct PostgresStore {
    connector: PostgresConnector,
    timeout: Duration,
    preparation: Preparation,
    hygiene: Arc<HygieneBudget>,
    room: Arc<UnauthenticatedRoom>,
    opened: Arc<Opened>,
    names: Arc<Names>,
    statements: Arc<Statements>,
}

impl PostgresStore {
    /// Starts to describe a store over connections of this pool.
    pub fn builder(connector: impl Into<PostgresConnector>) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(connector.into())
    }

    /// Makes of schema and tables what is not there, and [checks](Self::check) the database. Any number of nodes may do
    /// so at once.
    ///
    /// It waits up to a minute for others who do the same. The role needs rights for what is missing alone: to create a
    /// schema if one is [set](PostgresStoreBuilder::schema) and not there, and to create tables in it if they are not.
    ///
    /// # Errors
    ///
    /// [`PostgresStoreError::NewerSchema`] when a later version of this library has made the tables, which then stay as
    /// they are. Otherwise as for [`check`](Self::check).
    pub async fn migrate(&self) -> Result<(), PostgresStoreError> {
        schema::migrate(&*self.connector.0, &self.names).await?;
        self.check().await
    }

    /// Checks that the database will do: that the role may do to the tables what operations do to them, that the tables
    /// have the columns for it, and that prepared statements last from one transaction to the next. It leaves nothing
    /// behind, and opens two connections for a moment. For programs that start without [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// [`PostgresStoreError::PreparedStatements`] behind a pooler that forgets them.
    /// [`PostgresStoreError::Unavailable`] says what the database has refused, or that it could not be asked.
    pub async fn check(&self) -> Result<(), PostgresStoreError> {
        let limit = CHECK_TIMEOUT.max(self.timeout);
        check::check(&*self.connector.0, &self.statements, self.preparation, limit).await
    }

    /// Returns the SQL that makes schema and tables, for an administrator to run. It can be run again.
    #[must_use]
    pub fn migration(&self) -> String {
        schema::migration(&self.names)
    }

    /// Deletes expired requests and marks, up to `batch` rows in all, the oldest first. Less than `batch` says that
    /// there are no more that are due, or that another node is at them. A request that ended early can stay until its login would have ended.
    ///
    /// Each statement looks at no more than `batch` rows, and locks them until it is done: 20 ms of a processor for 1000, and 90 ms in the
    /// slowest measured. A request that was opened is looked at, and left alone, when it would have expired without; that does not count.
    ///
    /// # Errors
    ///
    /// The database could not be asked. Of what was to be deleted a part may be.
    pub async fn sweep(&self, batch: u32) -> Result<u64, StoreError> {
        let batch = i64::from(batch);
        let mut swept: i64 = 0;
        for statement in [&self.statements.sweep_requests, &self.statements.sweep_marks] {
            loop {
                let left = batch.saturating_sub(swept);
                let rows = Operations::of(self).call().await?.query(statement, &[Number(left)]).await?;
                let (due, deleted): (i64, i64) = (column(&rows, 0)?, column(&rows, 1)?);
                swept = swept.saturating_add(deleted);
                // What lives on is not due any more, so this comes to an end.
                if due < left || deleted == left {
                    break;
                }
            }
        }
        Ok(swept.unsigned_abs())
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("requests", &self.names.requests)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}

impl RequestStore for PostgresStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        Operations::of(self).insert(request, lifetime).await
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        Operations::of(self).claim(claim, login_lifetime).await
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        Operations::of(self).consume(claim, remembered_for).await
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        Operations::of(self).annotate(claim, annotation).await
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        Operations::of(self).extend(claim, extension).await
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        Operations::of(self).remember(owner, marks).await
    }

    async fn ready(&self) -> Result<(), NotReady> {
        Operations::of(self).ready().await
    }
}
