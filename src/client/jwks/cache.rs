//! When a JWK set is fetched, and when it is not.

use std::{fmt, sync::Arc, time::Duration};

use super::source::{DynJwksSource, JwksError, JwksSource};
use crate::{
    client::fetched_values::{Fetch, FetchedValues, Found, Lifetimes, Origin},
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
    /// KiB for each key. Those that have not been used for long go first, and with them what is known of their last fetch. As many
    /// URLs again that have given no set are remembered, so that those drive no set out.
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
    limits: JwksCacheLimits,
    sets: FetchedValues<JwksOrigin>,
}

/// Fetches sets from the source of the host.
struct JwksOrigin(Arc<dyn DynJwksSource>);

impl Origin for JwksOrigin {
    type Value = VerificationKeys;
    type Error = JwksError;

    fn fetch(self: &Arc<Self>, uri: &str, _: bool) -> Fetch<VerificationKeys, JwksError> {
        let (source, uri) = (Arc::clone(&self.0), uri.to_owned());
        Box::pin(async move { source.fetch_boxed(&uri).await?.read() })
    }

    fn interrupted() -> JwksError {
        JwksError::new("nothing was begun")
    }
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
        let lifetimes = Lifetimes {
            unsaid: limits.lifetime,
            least: limits.cooldown,
            most: limits.lifetime,
            cooldown: limits.cooldown,
            stale_if_error: limits.stale_if_error,
        };
        let sets = FetchedValues::new(JwksOrigin(source), clock, lifetimes, limits.sets);
        Self(Arc::new(Cached { limits, sets }))
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
        self.0.sets.get(uri).await.into()
    }

    /// Other keys than those that were `seen`, for a token whose `kid` is not among them: newer ones that are here already, or if
    /// it is not too soon those that are there now.
    pub(crate) async fn newer(&self, uri: &str, seen: &Arc<VerificationKeys>) -> Lookup {
        self.0.sets.newer(uri, seen).await.into()
    }
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}

impl From<Found<JwksOrigin>> for Lookup {
    fn from(found: Found<JwksOrigin>) -> Self {
        match found {
            Found::Known(keys) => Self::Known(keys),
            Found::Fetched(keys) => Self::Fetched(keys),
            Found::Unavailable(_) => Self::Unavailable,
            Found::Failed { error, stale } => Self::Failed { error, stale },
        }
    }
}
