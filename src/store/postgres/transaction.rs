//! The store in a transaction of the host's.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::Mutex;

#[cfg(feature = "postgres")]
use super::clients;
#[cfg(feature = "sqlx")]
use super::sqlx_pool;
use super::{
    PostgresStore,
    operations::{Operations, Place},
    turn::Turns,
};
use crate::store::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, NotReady, Owner,
    Remembered, ReplayMark, RequestStore, StoreRefusal,
};

/// A [`PostgresStore`] whose operations are part of a transaction of the host's. Made by
/// `PostgresStore::in_transaction` and `PostgresStore::in_sqlx_transaction`. Clones are of the same transaction.
#[derive(Clone)]
pub struct PostgresTransactionStore<'t> {
    store: PostgresStore,
    turns: Arc<dyn Turns + 't>,
}

#[cfg(feature = "postgres")]
impl PostgresStore {
    /// Returns this store with its operations as part of a transaction: they take effect when the host commits it, together
    /// with what the host has written in it, and never when it is rolled back. See
    /// [`ParEndpoint::with_store`](crate::ParEndpoint::with_store).
    ///
    /// The transaction is of a connection to the database of this store. That of `deadpool_postgres` is taken as well, by
    /// reference.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, AuthorizationResponse, Browser, Decision, ParEndpoint, store::PostgresStore};
    /// use deadpool_postgres::Pool;
    ///
    /// # struct Failed;
    /// # impl From<AuthorizeRefusal> for Failed { fn from(_: AuthorizeRefusal) -> Self { Self } }
    /// # impl From<tokio_postgres::Error> for Failed { fn from(_: tokio_postgres::Error) -> Self { Self } }
    /// # impl From<deadpool_postgres::PoolError> for Failed { fn from(_: deadpool_postgres::PoolError) -> Self { Self } }
    /// # fn random_code() -> String { "SplxlOBeZQQYbYS6WxSbIA".to_owned() }
    /// async fn approve(
    ///     par: &ParEndpoint,
    ///     store: &PostgresStore,
    ///     pool: &Pool,
    ///     form: &str,
    ///     browser: Browser<'_>,
    /// ) -> Result<AuthorizationResponse, Failed> {
    ///     let mut connection = pool.get().await?;
    ///     let transaction = connection.transaction().await?;
    ///     let granted = {
    ///         let par = par.with_store(store.in_transaction(&transaction));
    ///         let pending = par.authorize_decision(form, browser, Decision::Approve).await?;
    ///         par.complete(&pending).await?
    ///     };
    ///     let code = random_code();
    ///     let client_id = granted.request().client_id();
    ///     transaction.execute("INSERT INTO codes (code, client_id) VALUES ($1, $2)", &[&code, &client_id]).await?;
    ///     transaction.commit().await?;
    ///     Ok(granted.respond([("code", code.as_str())]).await?)
    /// }
    /// ```
    ///
    /// # Time and locks
    ///
    /// A request that is opened for the first time, or spent, is locked until the transaction ends, and calls of others for the
    /// same request wait for that: keep transactions short, and open the request for the login page without one. The
    /// [timeout](crate::store::PostgresStoreBuilder::timeout) holds for each operation. Statements are not prepared.
    ///
    /// # When it fails
    ///
    /// An error of the database ends a transaction, so that after a refusal with
    /// [`StoreUnavailable`](crate::Reason::StoreUnavailable) nothing is left but to roll back, and to begin again or to refuse.
    /// Under `repeatable read` and `serializable` this happens whenever two transactions meet; with `read committed` it does
    /// not.
    #[must_use]
    pub fn in_transaction<'t>(&self, transaction: &'t tokio_postgres::Transaction<'t>) -> PostgresTransactionStore<'t> {
        let turns = Arc::new(Mutex::new(clients::InTransaction(transaction)));
        PostgresTransactionStore { store: self.clone(), turns }
    }
}

#[cfg(feature = "sqlx")]
impl PostgresStore {
    /// Returns this store with its operations as part of a transaction of `sqlx`: they take effect when the host commits it, together
    /// with what the host has written in it, and never when it is rolled back. See
    /// [`ParEndpoint::with_store`](crate::ParEndpoint::with_store).
    ///
    /// The transaction is of a connection to the database of this store, whose own connections may be of any driver. A request that is
    /// opened for the first time, or spent, is locked until the transaction ends, and an error of the database leaves nothing but to
    /// roll back: after a refusal with [`StoreUnavailable`](crate::Reason::StoreUnavailable), or when a call was dropped half-way.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, AuthorizationResponse, Browser, Decision, ParEndpoint, store::PostgresStore};
    /// use sqlx::PgPool;
    ///
    /// # struct Failed;
    /// # impl From<AuthorizeRefusal> for Failed { fn from(_: AuthorizeRefusal) -> Self { Self } }
    /// # impl From<sqlx::Error> for Failed { fn from(_: sqlx::Error) -> Self { Self } }
    /// # fn random_code() -> String { "SplxlOBeZQQYbYS6WxSbIA".to_owned() }
    /// async fn approve(
    ///     par: &ParEndpoint,
    ///     store: &PostgresStore,
    ///     pool: &PgPool,
    ///     form: &str,
    ///     browser: Browser<'_>,
    /// ) -> Result<AuthorizationResponse, Failed> {
    ///     let mut transaction = pool.begin().await?;
    ///     let granted = {
    ///         let par = par.with_store(store.in_sqlx_transaction(&mut transaction));
    ///         let pending = par.authorize_decision(form, browser, Decision::Approve).await?;
    ///         par.complete(&pending).await?
    ///     };
    ///     let code = random_code();
    ///     let insert = sqlx::query("INSERT INTO codes (code, client_id) VALUES ($1, $2)");
    ///     insert.bind(&code).bind(granted.request().client_id()).execute(&mut *transaction).await?;
    ///     transaction.commit().await?;
    ///     Ok(granted.respond([("code", code.as_str())]).await?)
    /// }
    /// ```
    #[must_use]
    pub fn in_sqlx_transaction<'t>(&self, transaction: &'t mut sqlx::PgConnection) -> PostgresTransactionStore<'t> {
        let turns = Arc::new(Mutex::new(sqlx_pool::InTransaction(transaction)));
        PostgresTransactionStore { store: self.clone(), turns }
    }
}

impl PostgresTransactionStore<'_> {
    fn operations(&self) -> Operations<'_> {
        Operations { store: &self.store, place: Place::Transaction(&*self.turns) }
    }
}

impl RequestStore for PostgresTransactionStore<'_> {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        self.operations().insert(request, lifetime).await
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        self.operations().claim(claim, login_lifetime).await
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        self.operations().consume(claim, remembered_for).await
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.operations().annotate(claim, annotation).await
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        self.operations().extend(claim, extension).await
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.operations().remember(owner, marks).await
    }

    /// Looks at the rights of the transaction's connection. A refusal does not end the transaction.
    async fn ready(&self) -> Result<(), NotReady> {
        self.operations().ready().await
    }
}

impl fmt::Debug for PostgresTransactionStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTransactionStore").field("store", &self.store).finish_non_exhaustive()
    }
}
