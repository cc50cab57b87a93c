//! What is known of clients, and of names that are those of none. Each has its own room.

use std::{
    collections::hash_map::RandomState,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{limits::CachedRegistryLimits, prepared::Prepared};
use crate::client::{Client, RegistryError};

/// A hash that strangers cannot aim at, whatever other crates choose for the cache.
type Answered<T> = Cache<Box<str>, T, UnitWeighter, RandomState>;

/// The answers.
pub(super) struct Answers {
    clients: Answered<Arc<Known>>,
    others: Answered<Other>,
    /// Counts invalidations of all: what was known in an earlier epoch is not to be used.
    epoch: AtomicU64,
}

/// A client. Times are by [`Clock::elapsed`](crate::Clock::elapsed).
pub(super) struct Known {
    prepared: Prepared,
    epoch: u64,
    fresh_until: Duration,
    usable_until: Duration,
    /// Set when it could not be loaded again: the time before which that is not tried.
    retry_at: Option<Duration>,
}

/// A name that is no client's, as far as is known.
#[derive(Clone)]
struct Other {
    what: NoClient,
    until: Duration,
}

/// Why a name is none under which a client is kept.
#[derive(Clone)]
pub(super) enum NoClient {
    Absent,
    Unusable(RegistryError),
    /// A client is registered under this name, which differs in the case of letters.
    Alias(Box<str>),
    /// It could not be loaded, a moment ago.
    Failed(RegistryError),
}

/// What is known of a name.
pub(super) enum Answer {
    Client(Arc<Client>),
    /// To be used, and to be loaded again at once.
    Stale(Arc<Client>),
    None(NoClient),
    /// It has to be loaded.
    Unknown,
}

impl Answers {
    pub(super) fn with(limits: &CachedRegistryLimits) -> Self {
        Self { clients: of(limits.clients), others: of(limits.absent), epoch: AtomicU64::new(0) }
    }

    pub(super) fn get(&self, client_id: &str, now: Duration) -> Answer {
        if let Some(known) = self.clients.get(client_id).filter(|known| self.is_of_now(known)) {
            let client = || Arc::clone(&known.prepared.client);
            match known.retry_at {
                _ if now < known.fresh_until => return Answer::Client(client()),
                Some(retry_at) if now < known.usable_until && now < retry_at => return Answer::Client(client()),
                Some(_) if now < known.usable_until => return Answer::Stale(client()),
                _ => {}
            }
        }
        match self.others.get(client_id) {
            Some(other) if now < other.until => Answer::None(other.what),
            _ => Answer::Unknown,
        }
    }

    /// The client as it was last loaded, however long ago that was.
    pub(super) fn prepared(&self, client_id: &str) -> Option<Prepared> {
        self.clients.peek(client_id).map(|known| known.prepared.clone())
    }

    pub(super) fn put_client(
        &self,
        client_id: &str,
        prepared: Prepared,
        fresh_until: Duration,
        usable_until: Duration,
    ) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let known = Known { prepared, epoch, fresh_until, usable_until, retry_at: None };
        self.clients.insert(client_id.into(), Arc::new(known));
        self.others.remove(client_id);
    }

    pub(super) fn put_none(&self, client_id: &str, what: NoClient, until: Duration) {
        if !matches!(what, NoClient::Failed(_)) {
            self.clients.remove(client_id);
        }
        self.others.insert(client_id.into(), Other { what, until });
    }

    /// Notes that a client could not be loaded again. Returns it as it was, if it can be used.
    pub(super) fn put_failure(&self, client_id: &str, now: Duration, retry_at: Duration) -> Option<Arc<Client>> {
        let known = self.clients.peek(client_id).filter(|known| self.is_of_now(known) && now < known.usable_until)?;
        let client = Arc::clone(&known.prepared.client);
        let failing = Known { prepared: known.prepared.clone(), retry_at: Some(retry_at), ..*known };
        self.clients.insert(client_id.into(), Arc::new(failing));
        Some(client)
    }

    /// Keeps no more of a client than its keys.
    pub(super) fn forget(&self, client_id: &str) {
        if let Some(known) = self.clients.peek(client_id) {
            let (prepared, epoch) = (known.prepared.clone(), known.epoch);
            let never = Duration::ZERO;
            let forgotten = Known { prepared, epoch, fresh_until: never, usable_until: never, retry_at: None };
            self.clients.insert(client_id.into(), Arc::new(forgotten));
        }
        self.others.remove(client_id);
    }

    /// Keeps no more of all clients than their keys.
    pub(super) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.others.clear();
    }

    fn is_of_now(&self, known: &Known) -> bool {
        known.epoch == self.epoch.load(Ordering::SeqCst)
    }
}

fn of<T: Clone>(size: usize) -> Answered<T> {
    let weight = u64::try_from(size).unwrap_or(u64::MAX);
    Cache::with(size, weight, UnitWeighter, RandomState::new(), DefaultLifecycle::default())
}
