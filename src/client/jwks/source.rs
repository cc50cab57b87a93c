//! The interface behind which the host fetches.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{cause::opaque_error, jose::VerificationKeys};

/// Fetches a JWK set. With the feature `reqwest`, `GuardedFetcher` is one; a host implements it with another HTTP client.
///
/// The library decides when: each set is fetched when it is first needed, kept for its lifetime, fetched again at most once for an
/// unknown `kid`, never by two at a time, and not at once again after a failure. See [`JwksCacheLimits`](crate::JwksCacheLimits).
///
/// An implementation guards the network. It should give up after a few seconds, follow no redirects, connect to public
/// addresses only (after the name was resolved: the text of a `jwks_uri` was checked when it was registered), ask for
/// `application/jwk-set+json` or `application/json`, take nothing but a 200, and read no more than 256 KiB.
///
/// A sender can tell by the time of a refusal that a fetch was made, and so that a client with a `jwks_uri` exists.
///
/// The future may begin in one task and end in another: when the request that began it is given up, the next one that needs the
/// keys goes on with it, or drops it when it is older than the cooldown. If it then fails, because its time limit ran out in
/// between for instance, a new one begins at once.
///
/// ```
/// use parjar::{FetchedJwks, JwksError, JwksSource};
///
/// struct MyHttpClient;
///
/// impl JwksSource for MyHttpClient {
///     async fn fetch(&self, jwks_uri: &str) -> Result<FetchedJwks, JwksError> {
///         # let get = async |_: &str| Ok::<_, std::io::Error>(r#"{ "keys": [] }"#);
///         let body = get(jwks_uri).await.map_err(JwksError::new)?;
///         Ok(FetchedJwks::new(body))
///     }
/// }
/// ```
pub trait JwksSource: Send + Sync + 'static {
    /// Fetches the set at this URL.
    ///
    /// # Errors
    ///
    /// When there is none to be had. The cache then goes on with the last one for a while, if there is one.
    fn fetch(&self, jwks_uri: &str) -> impl Future<Output = Result<FetchedJwks, JwksError>> + Send;
}

impl<T: JwksSource> JwksSource for Arc<T> {
    fn fetch(&self, jwks_uri: &str) -> impl Future<Output = Result<FetchedJwks, JwksError>> + Send {
        (**self).fetch(jwks_uri)
    }
}

/// The response to a fetch.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedJwks {
    body: String,
    max_age: Option<Duration>,
}

impl FetchedJwks {
    /// The body of the response.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), max_age: None }
    }

    /// The `max-age` of the response (RFC 9111 section 5.2.2.1). It shortens the lifetime in the cache, and does not lengthen it.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }
}

impl FetchedJwks {
    pub(super) fn read(self) -> Result<(VerificationKeys, Option<Duration>), JwksError> {
        let keys = VerificationKeys::parse_fetched(&self.body).map_err(JwksError::new)?;
        Ok((keys, self.max_age))
    }
}

impl fmt::Debug for FetchedJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedJwks").field("bytes", &self.body.len()).field("max_age", &self.max_age).finish()
    }
}

opaque_error! {
    /// A JWK set could not be fetched.
    JwksError, "the JWK set could not be fetched"
}

/// The twin of [`JwksSource`] that can be a trait object.
pub(crate) trait DynJwksSource: Send + Sync {
    fn fetch_boxed<'a>(
        &'a self,
        jwks_uri: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, JwksError>> + Send + 'a>>;
}

impl<T: JwksSource> DynJwksSource for T {
    fn fetch_boxed<'a>(
        &'a self,
        jwks_uri: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, JwksError>> + Send + 'a>> {
        Box::pin(self.fetch(jwks_uri))
    }
}

/// For an endpoint whose host has given no source.
pub(crate) struct NoSource;

impl JwksSource for NoSource {
    async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
        Err(JwksError::new("no JwksSource was given to the endpoint"))
    }
}
