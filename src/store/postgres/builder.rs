//! Describing a store.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    PostgresStore,
    connector::{PostgresConnector, Preparation},
    errors::PostgresStoreError,
    identifiers::Names,
    opened::Opened,
    statements::Statements,
};
use crate::store::{
    hygiene::{HygieneBounds, HygieneBudget},
    unauthenticated::{UnauthenticatedBounds, UnauthenticatedRoom},
};

/// A day. No caller waits longer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Describes a [`PostgresStore`].
#[derive(Clone)]
pub struct PostgresStoreBuilder {
    connector: PostgresConnector,
    schema: Option<String>,
    table_prefix: String,
    timeout: Duration,
    preparation: Preparation,
    hygiene: HygieneBounds,
    unauthenticated: UnauthenticatedBounds,
}

impl PostgresStoreBuilder {
    pub(super) fn new(connector: PostgresConnector) -> Self {
        Self {
            connector,
            schema: None,
            table_prefix: "parjar_".to_owned(),
            timeout: Duration::from_secs(2),
            preparation: Preparation::OncePerConnection,
            hygiene: HygieneBounds::default(),
            unauthenticated: UnauthenticatedBounds::default(),
        }
    }

    /// Sets the schema of the tables. Without one they are where the role's `search_path` finds them, as a role and a
    /// database of their own for this have it; set it when the database belongs to others as well.
    #[must_use]
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), ..self }
    }

    /// Sets the start of the names of the tables. Default `parjar_`. Stores with different prefixes know nothing of
    /// each other.
    #[must_use]
    pub fn table_prefix(self, prefix: impl Into<String>) -> Self {
        Self { table_prefix: prefix.into(), ..self }
    }

    /// Sets the time limit of an operation, with the wait for a connection. Default 2 s. A shorter limit of the pool counts as well.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sends the text of each statement with each call, where it would be prepared once for each connection and then be
    /// known by a name. The server parses it each time. For poolers that forget names between transactions, such as
    /// PgBouncer before 1.21 in transaction mode; connections of `sqlx` do not get along with those all the same, for they send a
    /// statement and what it is about in two transactions. Default `false`.
    #[must_use]
    pub fn unnamed_statements(self, unnamed: bool) -> Self {
        let preparation = if unnamed { Preparation::WithEachCall } else { Preparation::OncePerConnection };
        Self { preparation, ..self }
    }

    /// Sets how many marks of [hygiene](crate::store::MarkPurpose::Hygiene) this process keeps in the table, and how
    /// many of them for one client. Default 1 000 000, up to 200 MB for each node, and 100 000. What is beyond is left
    /// out. Clients that have not authenticated have half of it together. A process that has been started anew begins
    /// to count anew.
    #[must_use]
    pub fn hygiene_marks(self, marks: usize, marks_per_client: usize) -> Self {
        Self { hygiene: HygieneBounds { marks, marks_per_client }, ..self }
    }

    /// Sets how many requests of clients that have not [authenticated](crate::store::Owner::is_authenticated) this process
    /// keeps in the table, and how many bytes they may take with 250 for each: default 200 000, and 256 MiB. Beyond this
    /// they are refused ([`StoreRefusal::Full`](crate::store::StoreRefusal::Full)) until there is room. See
    /// [the store](PostgresStore#room).
    ///
    /// A request counts for its own lifetime, and once it is opened for that of a login: with 60 s and 600 s, the default is good for
    /// 3 000 pushes of such clients a second and process, or 300 logins. More time that the host gives to a login is not counted.
    #[must_use]
    pub fn unauthenticated_requests(self, requests: usize, bytes: usize) -> Self {
        Self { unauthenticated: UnauthenticatedBounds { requests, bytes, ..self.unauthenticated }, ..self }
    }

    /// Sets how many marks of proofs and request objects of such clients this process keeps in the table. Default
    /// 500 000, which are up to 100 MB. Beyond this, what comes with them is refused until there is room.
    #[must_use]
    pub fn unauthenticated_marks(self, marks: usize) -> Self {
        Self { unauthenticated: UnauthenticatedBounds { marks, ..self.unauthenticated }, ..self }
    }

    /// Makes the store. This does not connect.
    ///
    /// # Errors
    ///
    /// Schema or prefix are not letters, digits and `_`, or too long.
    pub fn build(self) -> Result<PostgresStore, PostgresStoreError> {
        let names = Names::new(self.schema.as_deref(), &self.table_prefix)?;
        Ok(PostgresStore {
            connector: self.connector,
            timeout: self.timeout.min(LONGEST_TIMEOUT),
            preparation: self.preparation,
            hygiene: Arc::new(HygieneBudget::new(self.hygiene)),
            room: Arc::new(UnauthenticatedRoom::new(self.unauthenticated)),
            opened: Arc::new(Opened::new()),
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
