//! The interface behind which documents are fetched.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::FetchError;

/// Fetches metadata documents of clients. [`GuardedFetcher`](crate::GuardedFetcher) is one, with the feature `reqwest`; a host
/// implements it over another HTTP client.
///
/// The URL is chosen by a stranger, so an implementation guards the network: https only, no redirects, public addresses only, checked
/// after the name was resolved and for the connection that is made; no more than some seconds, and no more than some KiB.
///
/// ```
/// use std::time::Duration;
/// use parjar::{DocumentSource, FetchError, FetchedDocument};
///
/// struct MyHttpClient;
///
/// impl DocumentSource for MyHttpClient {
///     async fn fetch(&self, url: &str) -> Result<FetchedDocument, FetchError> {
///         # let get = async |_: &str| Ok::<_, std::io::Error>((200, "{}"));
///         match get(url).await.map_err(FetchError::other)? {
///             (200, body) => Ok(FetchedDocument::new(body).with_max_age(Duration::from_secs(600))),
///             (status, _) => Err(FetchError::Status(status)),
///         }
///     }
/// }
/// ```
pub trait DocumentSource: Send + Sync + 'static {
    /// Fetches the document at this URL.
    ///
    /// # Errors
    ///
    /// When there is none to be had.
    fn fetch(&self, url: &str) -> impl Future<Output = Result<FetchedDocument, FetchError>> + Send;
}

impl<T: DocumentSource> DocumentSource for Arc<T> {
    fn fetch(&self, url: &str) -> impl Future<Output = Result<FetchedDocument, FetchError>> + Send {
        (**self).fetch(url)
    }
}

/// The response to a fetch.
#[derive(Clone, PartialEq, Eq)]
pub struct FetchedDocument {
    body: String,
    max_age: Option<Duration>,
}

impl FetchedDocument {
    /// The body of the response.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), max_age: None }
    }

    /// For how long the response says that it is fresh: by `Cache-Control` or `Expires`, less its `Age` (RFC 9111 section 4.2).
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn into_body(self) -> String {
        self.body
    }

    /// Returns for how long the response says that it is fresh.
    #[must_use]
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }
}

impl fmt::Debug for FetchedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedDocument").field("bytes", &self.body.len()).field("max_age", &self.max_age).finish()
    }
}

/// The twin of [`DocumentSource`] that can be a trait object.
#[cfg(feature = "metadata-documents")]
pub(crate) trait DynDocumentSource: Send + Sync {
    fn fetch_boxed<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

#[cfg(feature = "metadata-documents")]
type Fetching<'a> = std::pin::Pin<Box<dyn Future<Output = Result<FetchedDocument, FetchError>> + Send + 'a>>;

#[cfg(feature = "metadata-documents")]
impl<T: DocumentSource> DynDocumentSource for T {
    fn fetch_boxed<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(self.fetch(url))
    }
}
