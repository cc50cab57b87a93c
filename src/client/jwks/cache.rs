//! When a JWK set is fetched, and when it is not.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::source::{DynJwksSource, FetchedJwks, JwksError, JwksSource};
use crate::{
    bounded_cache::BoundedCache,
    clock::{Clock, SystemClock},
    jose::VerificationKeys,
};

/// How often JWK sets are fetched, and how long they are believed.
///
/// ```
/// use std::time::Duration;
/// use parjar::{JwksCacheLimits, ParEndpoint};
///
/// let mut limits = JwksCacheLimits::default();
/// limits.lifetime = Duration::from_secs(300);
/// let builder = ParEndpoint::builder("https://as.example.com").jwks_cache(limits);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwksCacheLimits {
    /// How long a set is used before it is fetched again. Default 15 minutes. A shorter `max-age` of the response counts, down
    /// to the cooldown.
    pub lifetime: Duration,
    /// How long nothing is fetched from the same URL after a fetch, whether it has failed or not and whatever `kid` is asked
    /// for. At least a second; default 30 seconds.
    pub cooldown: Duration,
    /// How long a set whose lifetime is over goes on to be used while it cannot be fetched again. At most a day; default 1 hour.
    /// A key that its owner has taken out is good until then.
    pub stale_if_error: Duration,
    /// Sets that are kept at once: more than clients with a `jwks_uri` are busy at the same time. Default 10 000, at a few
    /// KiB for each key. Those that have not been used for long go first, and with them what is known of their last fetch.
    pub sets: usize,
}

impl Default for JwksCacheLimits {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(15 * 60),
            cooldown: Duration::from_secs(30),
            stale_if_error: Duration::from_secs(60 * 60),
            sets: 10_000,
        }
    }
}

impl JwksCacheLimits {
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.cooldown < Duration::from_secs(1) || self.cooldown > self.lifetime {
            return Err("cooldown: must be a second or more, and no more than the lifetime");
        }
        if self.stale_if_error > Duration::from_secs(24 * 60 * 60) {
            return Err("stale_if_error: must be a day or less");
        }
        if self.sets == 0 { Err("sets: must not be 0") } else { Ok(()) }
    }
}

/// The JWK sets of clients that have registered a `jwks_uri`, fetched when they are needed and kept. Clones share them, and so do
/// the endpoints that are given the same one: a set that several tenants of a server use is fetched and prepared once.
///
/// ```
/// use parjar::{InMemoryRegistry, JwksCache, JwksCacheLimits, ParEndpoint};
/// # use parjar::{FetchedJwks, JwksError, JwksSource};
/// # struct MyHttpClient;
/// # impl JwksSource for MyHttpClient {
/// #     async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> { Err(JwksError::new("offline")) }
/// # }
///
/// let jwks = JwksCache::new(MyHttpClient, JwksCacheLimits::default());
/// for issuer in ["https://one.example.com", "https://two.example.com"] {
///     ParEndpoint::builder(issuer).clients(InMemoryRegistry::default()).shared_jwks_cache(&jwks).build()?;
/// }
/// # Ok::<_, parjar::BuildError>(())
/// ```
#[derive(Clone)]
pub struct JwksCache(Arc<Cached>);

struct Cached {
    source: Arc<dyn DynJwksSource>,
    clock: Arc<dyn Clock>,
    limits: JwksCacheLimits,
    sets: BoundedCache<Box<str>, Arc<CachedSet>>,
}

/// One URL.
#[derive(Default)]
struct CachedSet {
    state: Mutex<State>,
    /// Held while fetching. A request that waited for it looks at the state again: mostly, the work has been done. A fetch that
    /// an earlier request began and gave up goes on from there, so that giving up neither keeps others from the keys nor makes
    /// the server fetch without end.
    fetching: tokio::sync::Mutex<Fetching>,
}

/// The fetches of one URL.
#[derive(Default)]
struct Fetching {
    /// One that its caller has given up.
    abandoned: Option<Begun>,
    /// Abandoned fetches that have failed since one was last seen through from its beginning.
    failed_unseen: u32,
    last_begun: Duration,
}

/// A fetch that has begun.
struct Begun {
    at: Duration,
    outcome: Pin<Box<dyn Future<Output = Result<FetchedJwks, JwksError>> + Send>>,
}

/// Puts a fetch that its caller gives up back into its place, for the next one; but not one that has panicked.
struct FetchInProgress<'a> {
    begun: Option<Begun>,
    place: &'a mut Option<Begun>,
}

/// Abandoned fetches that may fail before new ones are held to [`RESTART_INTERVAL`].
const FREE_RESTARTS: u32 = 8;

/// The least time between the beginnings of two fetches, for senders that give up one after the other. It is shorter than the
/// time limit of any source, so that a request that finds such a fetch can still see it through.
const RESTART_INTERVAL: Duration = Duration::from_secs(1);

impl Drop for FetchInProgress<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            *self.place = self.begun.take();
        }
    }
}

/// Times are by the clock's [`elapsed`](Clock::elapsed).
#[derive(Clone, Default)]
struct State {
    keys: Option<Arc<VerificationKeys>>,
    fresh_until: Duration,
    usable_until: Duration,
    /// Before this nothing is fetched.
    next_fetch: Duration,
}

/// The answer of the cache about a URL.
pub(crate) enum Lookup {
    /// Keys that were there.
    Known(Arc<VerificationKeys>),
    /// Keys that were fetched just now.
    Fetched(Arc<VerificationKeys>),
    /// None to be had, and the last attempt was a while ago.
    Unavailable,
    /// None were to be had just now; perhaps there are older ones to go on with.
    Failed { error: JwksError, stale: Option<Arc<VerificationKeys>> },
}

impl JwksCache {
    /// Makes a cache that is empty. An endpoint that is given limits out of their bounds cannot be built.
    #[must_use]
    pub fn new(source: impl JwksSource, limits: JwksCacheLimits) -> Self {
        Self::with_clock(source, limits, SystemClock)
    }

    /// The same, by another clock than the system's.
    #[must_use]
    pub fn with_clock(source: impl JwksSource, limits: JwksCacheLimits, clock: impl Clock) -> Self {
        Self::of(Arc::new(source), Arc::new(clock), limits)
    }

    pub(crate) fn of(source: Arc<dyn DynJwksSource>, clock: Arc<dyn Clock>, limits: JwksCacheLimits) -> Self {
        let sets = BoundedCache::of(limits.sets.div_ceil(2).max(1));
        Self(Arc::new(Cached { source, clock, limits, sets }))
    }

    /// Checks the limits.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        self.0.limits.check()
    }

    /// Returns `true` if both are the same cache.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The keys at this URL.
    pub(crate) async fn get(&self, uri: &str) -> Lookup {
        self.0.get(uri).await
    }

    /// Other keys than those that were `seen`, for a token whose `kid` is not among them: newer ones that are here already, or if
    /// it is not too soon those that are there now.
    pub(crate) async fn newer(&self, uri: &str, seen: &Arc<VerificationKeys>) -> Lookup {
        self.0.newer(uri, seen).await
    }
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

impl Cached {
    async fn get(&self, uri: &str) -> Lookup {
        let set = self.set(uri);
        let state = set.state();
        let now = self.clock.elapsed();
        match &state.keys {
            Some(keys) if now < state.fresh_until => return Lookup::Known(Arc::clone(keys)),
            _ if now < state.next_fetch => return state.usable(now),
            _ => {}
        }
        // While one request fetches, others go on for a little with the keys that there are.
        let recent = state.keys.filter(|_| now < state.fresh_until.saturating_add(self.limits.cooldown));
        let mut fetching = match (set.fetching.try_lock(), recent) {
            (Ok(fetching), _) => fetching,
            (Err(_), Some(keys)) => return Lookup::Known(keys),
            (Err(_), None) => set.fetching.lock().await,
        };
        let since = set.state();
        let now = self.clock.elapsed();
        if now < since.next_fetch { since.usable(now) } else { self.fetch(&set, &mut fetching, uri).await }
    }

    async fn newer(&self, uri: &str, seen: &Arc<VerificationKeys>) -> Lookup {
        let set = self.set(uri);
        let changed = |state: &State| state.keys.clone().filter(|keys| !Arc::ptr_eq(keys, seen));
        let state = set.state();
        if let Some(keys) = changed(&state) {
            return Lookup::Known(keys);
        }
        if self.clock.elapsed() < state.next_fetch {
            return Lookup::Unavailable;
        }
        let mut fetching = set.fetching.lock().await;
        let since = set.state();
        match changed(&since) {
            Some(keys) => Lookup::Known(keys),
            None if self.clock.elapsed() < since.next_fetch => Lookup::Unavailable,
            None => self.fetch(&set, &mut fetching, uri).await,
        }
    }

    async fn fetch(&self, set: &CachedSet, fetching: &mut Fetching, uri: &str) -> Lookup {
        let oldest = self.clock.elapsed().saturating_sub(self.limits.cooldown);
        if let Some(abandoned) = fetching.abandoned.take().filter(|begun| begun.at >= oldest) {
            // Its time limit ran while no request waited for it, so a failure would tell nothing about the source.
            match see_through(abandoned, &mut fetching.abandoned).await {
                Ok(fetched) => return self.keep(set, fetching, fetched),
                Err(_) => fetching.failed_unseen = fetching.failed_unseen.saturating_add(1),
            }
        }
        let now = self.clock.elapsed();
        if fetching.failed_unseen > FREE_RESTARTS && now < fetching.last_begun.saturating_add(RESTART_INTERVAL) {
            return set.state().usable(now);
        }
        fetching.last_begun = now;
        match see_through(self.begin(uri), &mut fetching.abandoned).await {
            Ok(fetched) => self.keep(set, fetching, fetched),
            Err(error) => {
                fetching.failed_unseen = 0;
                let now = self.clock.elapsed();
                set.change(|state| state.next_fetch = now.saturating_add(self.limits.cooldown));
                Lookup::Failed { error, stale: set.state().keys_usable_at(now) }
            }
        }
    }

    fn keep(
        &self,
        set: &CachedSet,
        fetching: &mut Fetching,
        (keys, max_age): (VerificationKeys, Option<Duration>),
    ) -> Lookup {
        fetching.failed_unseen = 0;
        let now = self.clock.elapsed();
        let keys = Arc::new(keys);
        let lifetime = max_age.map_or(self.limits.lifetime, |age| age.min(self.limits.lifetime));
        let fresh_until = now.saturating_add(lifetime.max(self.limits.cooldown));
        set.change(|state| {
            *state = State {
                keys: Some(Arc::clone(&keys)),
                fresh_until,
                usable_until: fresh_until.saturating_add(self.limits.stale_if_error),
                next_fetch: now.saturating_add(self.limits.cooldown),
            };
        });
        Lookup::Fetched(keys)
    }

    fn begin(&self, uri: &str) -> Begun {
        let (source, uri) = (Arc::clone(&self.source), uri.to_owned());
        Begun { at: self.clock.elapsed(), outcome: Box::pin(async move { source.fetch_boxed(&uri).await }) }
    }

    fn set(&self, uri: &str) -> Arc<CachedSet> {
        self.sets.get_or_put(uri, Arc::default)
    }
}

/// Waits for the end of a fetch, and puts it into `place` if the caller gives up before.
async fn see_through(
    begun: Begun,
    place: &mut Option<Begun>,
) -> Result<(VerificationKeys, Option<Duration>), JwksError> {
    let mut in_progress = FetchInProgress { begun: Some(begun), place };
    let fetched = match &mut in_progress.begun {
        Some(begun) => begun.outcome.as_mut().await,
        None => Err(JwksError::new("nothing was begun")),
    };
    in_progress.begun = None;
    fetched.and_then(FetchedJwks::read)
}

impl CachedSet {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> State {
        self.lock().clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }
}

impl State {
    fn usable(&self, now: Duration) -> Lookup {
        self.keys_usable_at(now).map_or(Lookup::Unavailable, Lookup::Known)
    }

    fn keys_usable_at(&self, now: Duration) -> Option<Arc<VerificationKeys>> {
        self.keys.clone().filter(|_| now < self.usable_until)
    }
}
