//! Clients that are loaded from a database, or from another slow place, when they are needed, and kept for a while.

mod answers;
mod builder;
mod cached;
mod flights;
mod limits;
mod loader;
mod outcome;
mod prepared;

use std::{fmt, sync::Arc};

use self::cached::Cached;
pub use self::{
    builder::CachedRegistryBuilder,
    limits::{CachedRegistryLimits, CachedRegistryLimitsError},
    loader::{ClientLoader, LoadedClient},
};
use super::{Client, ClientRegistry, RegistryError, RegistryFaults};

/// The clients of a database, each loaded when it is first needed and kept for a while. Clones share them.
///
/// ```
/// use parjar::{CachedRegistry, ClientRegistration, ParEndpoint};
/// # #[derive(Clone)]
/// # struct Database;
/// # impl Database { async fn row(&self, _: &str) -> Result<Option<serde_json::Value>, std::io::Error> { Ok(None) } }
///
/// # let database = Database;
/// let clients = CachedRegistry::new(move |client_id: String| {
///     let database = database.clone();
///     // A JSON value is read as a `ClientRegistration`, and must have `client_id`.
///     async move { database.row(&client_id).await }
/// });
/// let par = ParEndpoint::builder("https://as.example.com").clients(clients.clone()).build()?;
///
/// // When a row has changed, or was added:
/// clients.invalidate("web");
/// # Ok::<_, parjar::BuildError>(())
/// ```
///
/// [`guide::recipes`](crate::guide::recipes) has such loaders over `sqlx` and over `tokio-postgres`.
///
/// # What is kept, and for how long
///
/// * A client, for [`lifetime`](CachedRegistryLimits::lifetime). Its prepared keys go on to be used after that if the registration has
///   not changed. A change that the host does not [announce](Self::invalidate) counts at the end of the lifetime.
/// * That there is no such client, and that its row cannot be used, for [`absent_lifetime`](CachedRegistryLimits::absent_lifetime).
///   These answers have room of their own, so that a stranger who makes up names does not push out clients.
///
/// One load at a time is under way for a client, whoever waits for it. It goes on when they all have gone, so that a sender who gives up
/// neither fails others nor keeps the client from being loaded, and it has a [time limit](CachedRegistryLimits::load_timeout).
///
/// # When the database is down
///
/// The last answer is used for [`stale_if_error`](CachedRegistryLimits::stale_if_error), in which time **a client that was taken out of
/// the database is still good**. Observers of the endpoint get an [`Event::ClientNotReloaded`](crate::Event::ClientNotReloaded) with the
/// cause for each load that failed, and requests do not wait for the next one, which is tried after
/// [`retry`](CachedRegistryLimits::retry). Without a last answer the request is refused with 503, and the cause is on its
/// [`Event::Refused`](crate::Event::Refused).
///
/// A row that cannot be used says nothing about the database: its client is refused with 401, as an unknown one is, and the reason is on
/// an [`Event::ClientUnusable`](crate::Event::ClientUnusable).
///
/// # Several nodes
///
/// Each node has a cache of its own. Announce changes to all of them (in PostgreSQL by `LISTEN` and `NOTIFY` for instance), and call
/// [`invalidate_all`](Self::invalidate_all) when announcements may have been missed; or choose a lifetime that is short enough.
///
/// Loads run on tokio, with its timer.
#[derive(Clone)]
pub struct CachedRegistry(Arc<Cached>);

impl CachedRegistry {
    /// Makes a registry with the default [limits](CachedRegistryLimits) that is empty as yet.
    #[must_use]
    pub fn new(loader: impl ClientLoader) -> Self {
        CachedRegistryBuilder::new(loader).checked()
    }

    /// Starts to describe a registry with other limits.
    #[must_use]
    pub fn builder(loader: impl ClientLoader) -> CachedRegistryBuilder {
        CachedRegistryBuilder::new(loader)
    }

    /// Forgets what is known of a client, by the name that it is registered under: its row was added, changed or taken out. Look-ups that
    /// begin from here on see what is in the database then. A load that is under way answers those who wait for it, and is not kept.
    ///
    /// The last good answer is forgotten as well, whether the database can be asked or not.
    pub fn invalidate(&self, client_id: &str) {
        self.0.invalidate(client_id);
    }

    /// Does so for all clients. Keys that were prepared are used again where the registration turns out to be the same. Call it when the
    /// database can be asked, such as after a `LISTEN` that has worked: while it is down, no client is known then.
    pub fn invalidate_all(&self) {
        self.0.invalidate_all();
    }
}

impl ClientRegistry for CachedRegistry {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        self.0.client(client_id).await
    }

    fn stand_in(&self) -> Option<Arc<Client>> {
        self.0.stand_in()
    }

    /// The first endpoint that is built over the registry, or over a clone of it, gets the reports.
    fn report_faults_to(&self, faults: RegistryFaults) {
        self.0.report_faults_to(faults);
    }
}

impl fmt::Debug for CachedRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedRegistry").field("limits", self.0.limits()).finish_non_exhaustive()
    }
}
