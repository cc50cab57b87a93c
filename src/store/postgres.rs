//! PostgreSQL.

mod call;
mod errors;
mod identifiers;
mod schema;
mod statements;

use std::{fmt, sync::Arc, time::Duration};

use deadpool_postgres::Pool;
use tokio_postgres::{
    Row,
    types::{FromSql, FromSqlOwned},
};

pub use self::errors::PostgresStoreError;
use self::{
    call::{Call, Parameter},
    errors::Failure,
    identifiers::Names,
    statements::{OPEN, SPENT, Statements, WAITING},
};
use super::{Claim, ClaimError, InsertError, Key, Mark, NewRequest, RequestStore, StoreError, StoreRefusal};
use crate::clock::milliseconds;

/// A century. PostgreSQL has no dates for much longer.
const LONGEST_LIFETIME: i64 = 100 * 366 * 86_400_000;

/// A day. Whoever waits longer has gone.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Keeps requests in PostgreSQL.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    timeout: Duration,
    names: Arc<Names>,
    statements: Arc<Statements>,
}

/// Makes a [`PostgresStore`].
#[derive(Clone)]
pub struct PostgresStoreBuilder {
    pool: Pool,
    schema: Option<String>,
    table_prefix: String,
    timeout: Duration,
}

impl PostgresStore {
    /// A store over connections of this pool.
    #[must_use]
    pub fn builder(pool: Pool) -> PostgresStoreBuilder {
        PostgresStoreBuilder { pool, schema: None, table_prefix: "parjar_".to_owned(), timeout: Duration::from_secs(2) }
    }

    /// Makes the tables unless they are there. Any number of nodes may do so at once.
    ///
    /// It waits up to a minute for others who do the same. The role needs the right to create tables in the schema, the first
    /// time, and the right to create a schema if one is [set](PostgresStoreBuilder::schema).
    ///
    /// # Errors
    ///
    /// [`PostgresStoreError::NewerSchema`] when a later version of this library has made the tables, which then stay as they
    /// are. [`PostgresStoreError::Unavailable`] when the database could not be asked.
    pub async fn migrate(&self) -> Result<(), PostgresStoreError> {
        schema::migrate(&self.pool, &self.names).await
    }

    /// The SQL that [`migrate`](Self::migrate) runs, for those who run their own. It can be run again.
    #[must_use]
    pub fn migration(&self) -> String {
        schema::migration(&self.names)
    }

    /// Deletes expired requests and marks, up to `batch` rows in all, the oldest first. Less than `batch` says that there are
    /// no more, or that another node is at them.
    ///
    /// # Errors
    ///
    /// The database could not be asked. Of what was to be deleted nothing may be, or the requests.
    pub async fn sweep(&self, batch: u32) -> Result<u64, StoreError> {
        let mut call = self.call().await?;
        let requests = sweep(&mut call, &self.statements.sweep_requests, i64::from(batch)).await?;
        let left = i64::from(batch).saturating_sub(requests);
        let marks = sweep(&mut call, &self.statements.sweep_marks, left).await?;
        Ok(requests.saturating_add(marks).unsigned_abs())
    }

    async fn call(&self) -> Result<Call, Failure> {
        Call::begin(&self.pool, self.timeout).await
    }

    /// The request as it is, with nothing changed.
    async fn look(&self, call: &mut Call, claim: &Claim) -> Result<Stored, ClaimError> {
        let rows = call.query(&self.statements.look, &[&bytes(&claim.key)]).await?;
        Stored::read(rows.first().ok_or(ClaimError::Unknown)?, claim)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("requests", &self.names.requests)
            .field("pool", &self.pool.status())
            .finish_non_exhaustive()
    }
}

impl PostgresStoreBuilder {
    /// The schema of the tables. Without one they are where the role's `search_path` finds them, as a role and a database of
    /// their own for this have it; set it when the database belongs to others as well.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), ..self }
    }

    /// What the names of the tables start with. Default `parjar_`. Stores with different prefixes know nothing of each other.
    #[must_use]
    pub fn table_prefix(self, prefix: impl Into<String>) -> Self {
        Self { table_prefix: prefix.into(), ..self }
    }

    /// How long an operation may take, waiting for a connection included. Default 2 s.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The store. This does not connect.
    ///
    /// # Errors
    ///
    /// Schema or prefix are not letters, digits and `_`, or too long.
    pub fn build(self) -> Result<PostgresStore, PostgresStoreError> {
        let names = Names::new(self.schema.as_deref(), &self.table_prefix)?;
        Ok(PostgresStore {
            pool: self.pool,
            timeout: self.timeout.min(LONGEST_TIMEOUT),
            statements: Arc::new(Statements::new(&names)),
            names: Arc::new(names),
        })
    }
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStoreBuilder")
            .field("schema", &self.schema)
            .field("table_prefix", &self.table_prefix)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl RequestStore for PostgresStore {
    async fn insert(&self, request: NewRequest<'_>) -> Result<(), InsertError> {
        let (key, owner, lifetime) = (bytes(&request.key), bytes(&request.owner), lifetime(request.lifetime));
        let new: [Parameter<'_>; 4] = [&key, &owner, &request.payload, &lifetime];
        if request.marks.is_empty() {
            let inserted = self.call().await?.query(&self.statements.insert, &new).await?;
            return if inserted.is_empty() { Err(InsertError::Exists) } else { Ok(()) };
        }
        let marks = Marks::new(request.marks)?;
        let [key, owner, payload, lifetime] = new;
        let parameters = [key, owner, payload, lifetime, &marks.keys, &marks.lifetimes];
        let rows = self.call().await?.query(&self.statements.insert_with_marks, &parameters).await?;
        if let Some(mark) = known(&rows)? {
            return Err(InsertError::Refused(StoreRefusal::Replayed { mark }));
        }
        if column(&rows, 1)? { Err(InsertError::Exists) } else { Ok(()) }
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<u8>, ClaimError> {
        let (key, owner, browser) = (bytes(&claim.key), bytes(&claim.owner), claim.browser.as_ref().map(bytes));
        let lifetime = lifetime(claim.lifetime);
        let mut call = self.call().await?;
        loop {
            let rows = call.query(&self.statements.claim, &[&key, &owner, &browser, &lifetime]).await?;
            let row = rows.first().ok_or(ClaimError::Unknown)?;
            if read(row, 3)? || Stored::read(row, &claim)?.is_open_to(&claim) {
                return read(row, 4);
            }
            // It was there to be opened or bound, and another was faster.
            call.again().await?;
        }
    }

    async fn consume(&self, claim: Claim) -> Result<(), ClaimError> {
        let (key, owner, browser) = (bytes(&claim.key), bytes(&claim.owner), claim.browser.as_ref().map(bytes));
        let lifetime = lifetime(claim.lifetime);
        let mut call = self.call().await?;
        loop {
            let spent = call.query(&self.statements.consume, &[&key, &owner, &browser, &lifetime]).await?;
            if !spent.is_empty() {
                return Ok(());
            }
            if self.look(&mut call, &claim).await?.state == State::Waiting {
                return Err(ClaimError::Unknown);
            }
            // It was opened in between.
            call.again().await?;
        }
    }

    async fn remember(&self, _: Key, marks: &[Mark]) -> Result<(), StoreRefusal> {
        match marks {
            [] => Ok(()),
            [mark] => {
                let parameters: [Parameter<'_>; 2] = [&bytes(&mark.key), &lifetime(mark.lifetime)];
                let remembered = self.call().await?.query(&self.statements.remember, &parameters).await?;
                if remembered.is_empty() { Err(StoreRefusal::Replayed { mark: mark.key }) } else { Ok(()) }
            }
            several => {
                let marks = Marks::new(several)?;
                let parameters: [Parameter<'_>; 2] = [&marks.keys, &marks.lifetimes];
                let rows = self.call().await?.query(&self.statements.remember_many, &parameters).await?;
                known(&rows)?.map_or(Ok(()), |mark| Err(StoreRefusal::Replayed { mark }))
            }
        }
    }
}

/// Marks in the order of their keys, which all calls lock them in: two that lock them crosswise would wait for each other.
struct Marks<'a> {
    keys: Vec<&'a [u8]>,
    lifetimes: Vec<i64>,
}

impl<'a> Marks<'a> {
    fn new(marks: &'a [Mark]) -> Result<Self, StoreRefusal> {
        let mut sorted: Vec<&Mark> = marks.iter().collect();
        sorted.sort_unstable_by_key(|mark| mark.key);
        let repeated = sorted.iter().zip(sorted.iter().skip(1)).find(|(mark, next)| mark.key == next.key);
        if let Some((mark, _)) = repeated {
            return Err(StoreRefusal::Replayed { mark: mark.key });
        }
        Ok(Self {
            keys: sorted.iter().map(|mark| bytes(&mark.key)).collect(),
            lifetimes: sorted.iter().map(|mark| lifetime(mark.lifetime)).collect(),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Open,
}

/// A request that may be opened, read or spent by whoever claims it.
struct Stored {
    state: State,
    is_bound: bool,
}

impl Stored {
    fn read(row: &Row, claim: &Claim) -> Result<Self, ClaimError> {
        let owner = key(read(row, 1)?)?;
        let browser = read::<Option<&[u8]>>(row, 2)?.map(key).transpose()?;
        let state = read(row, 0)?;
        if owner != claim.owner {
            return Err(ClaimError::OtherOwner);
        }
        let state = match state {
            SPENT => return Err(ClaimError::Spent),
            WAITING => State::Waiting,
            OPEN => State::Open,
            _ => return Err(ClaimError::Unreadable),
        };
        if browser.is_some() && browser != claim.browser {
            return Err(ClaimError::OtherBrowser);
        }
        Ok(Self { state, is_bound: browser.is_some() })
    }

    /// Whether there is nothing to change.
    fn is_open_to(&self, claim: &Claim) -> bool {
        self.state == State::Open && (self.is_bound || claim.browser.is_none())
    }
}

fn read<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, ClaimError> {
    row.try_get(index).map_err(|_| ClaimError::Unreadable)
}

fn key(bytes: &[u8]) -> Result<Key, ClaimError> {
    bytes.try_into().map(Key::from_bytes).map_err(|_| ClaimError::Unreadable)
}

/// The known mark that a statement has found.
fn known(rows: &[Row]) -> Result<Option<Key>, Failure> {
    let mark: Option<Vec<u8>> = column(rows, 0)?;
    let key = |mark: Vec<u8>| mark.try_into().map(Key::from_bytes).map_err(|_| unreadable());
    mark.map(key).transpose()
}

/// A column of the only row.
fn column<T: FromSqlOwned>(rows: &[Row], index: usize) -> Result<T, Failure> {
    rows.first().ok_or_else(unreadable)?.try_get(index).map_err(|_| unreadable())
}

fn unreadable() -> Failure {
    Failure::unavailable("the server's answer cannot be read")
}

async fn sweep(call: &mut Call, statement: &str, batch: i64) -> Result<i64, Failure> {
    let swept = call.query(statement, &[&batch]).await?;
    Ok(i64::try_from(swept.len()).unwrap_or(i64::MAX))
}

fn bytes(key: &Key) -> &[u8] {
    key.as_bytes()
}

fn lifetime(lifetime: Duration) -> i64 {
    i64::try_from(milliseconds(lifetime)).unwrap_or(i64::MAX).min(LONGEST_LIFETIME)
}
