//! An HTTP client that may be given a stranger's URL.

use std::{
    error::Error,
    fmt,
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use reqwest::{
    Client, ClientBuilder, Response, StatusCode,
    dns::Resolve,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE},
    redirect,
};

use super::{
    DocumentSource, FetchError, FetchedDocument,
    address_guard::AddressGuard,
    lifetime::lifetime,
    resolver::{ForbiddenAddress, GuardedResolver, SystemResolver},
    url_rules::permitted_url,
};

/// Fetches key sets and metadata documents at URLs that strangers choose, over `reqwest`: a [`JwksSource`](crate::JwksSource) and a
/// [`DocumentSource`]. Clones share their connections. Its futures run on tokio.
///
/// * It fetches `https` URLs only, on port 443 or one from 1024 on, follows no redirects, and takes nothing but a 200.
/// * It connects to public addresses only. Every address that a connection is made to was checked by the resolver of that connection,
///   so that a name whose answer changes gains nothing; an address in the URL is checked as well. Private, link-local,
///   loopback, multicast, shared (RFC 6598), reserved and documentation addresses are refused, and so is what stands for an IPv4 address
///   that is: mapped ones, and those of NAT64. Of metadata services of clouds all known addresses are among them.
/// * It goes through no proxy, since a proxy would resolve the name. A host that has to use one implements the two traits itself.
/// * It reads 64 KiB at most, counted as they come, and nothing that is compressed.
/// * It gives up after 5 seconds, from the resolution of the name to the last byte.
///
/// # TLS
///
/// `parjar` takes `reqwest` without its default features, so the host chooses what does TLS: it depends on `reqwest` with, for
/// instance, `rustls` or `native-tls`, and can give the [builder](Self::builder) its certificate authorities. **Without any of these
/// features each fetch fails** with [`FetchError::Connection`].
///
/// ```toml
/// parjar = { version = "0.1", features = ["reqwest"] }
/// reqwest = { version = "0.13", default-features = false, features = ["rustls"] }
/// ```
///
/// ```
/// use parjar::{GuardedFetcher, InMemoryRegistry, ParEndpoint};
///
/// let fetcher = GuardedFetcher::new()?;
/// let par = ParEndpoint::builder("https://as.example.com")
///     .clients(InMemoryRegistry::default())
///     .jwks_source(fetcher)
///     .build()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GuardedFetcher {
    client: Client,
    guard: AddressGuard,
    body_limit: usize,
}

/// Describes a [`GuardedFetcher`].
#[must_use]
pub struct GuardedFetcherBuilder {
    client: ClientBuilder,
    resolver: Arc<dyn Resolve>,
    guard: AddressGuard,
    time_limit: Duration,
    body_limit: usize,
}

impl GuardedFetcher {
    /// Makes a fetcher with the TLS settings that `reqwest` has by itself.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be set up.
    pub fn new() -> Result<Self, FetchError> {
        Self::builder(Client::builder()).build()
    }

    /// Describes a fetcher over a client of the host's: its TLS settings, its `User-Agent`, its default headers. What guards is
    /// set over it: redirects, proxies, the resolver, compression and time limits.
    pub fn builder(client: ClientBuilder) -> GuardedFetcherBuilder {
        GuardedFetcherBuilder {
            client,
            resolver: Arc::new(SystemResolver),
            guard: AddressGuard::default(),
            time_limit: Duration::from_secs(5),
            body_limit: 64 * 1024,
        }
    }

    async fn get(&self, url: &str, accept: &'static str) -> Result<FetchedDocument, FetchError> {
        let url = permitted_url(url, &self.guard)?;
        let request = self.client.get(url).header(ACCEPT, accept).header(ACCEPT_ENCODING, "identity");
        let response = request.send().await.map_err(from_reqwest)?;
        // The resolver and the check of the URL have seen to it already, unless the client of the host has names of its own.
        if response.remote_addr().is_some_and(|address| !self.guard.permits(address.ip())) {
            return Err(FetchError::ForbiddenAddress);
        }
        check_head(&response)?;
        let max_age = lifetime(response.headers(), SystemTime::now());
        let document = FetchedDocument::new(self.body_of(response).await?);
        Ok(match max_age {
            Some(max_age) => document.with_max_age(max_age),
            None => document,
        })
    }

    async fn body_of(&self, mut response: Response) -> Result<String, FetchError> {
        let limit = self.body_limit;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(from_reqwest)? {
            if piece.len() > limit.saturating_sub(body.len()) {
                return Err(FetchError::TooLarge(limit));
            }
            body.extend_from_slice(&piece);
        }
        String::from_utf8(body).map_err(|_| FetchError::NotUtf8)
    }

    /// Fetches in a task of its own, which ends by its time limit. A request that is given up leaves no connection behind that is not
    /// read from.
    pub(crate) async fn get_to_the_end(&self, url: &str, accept: &'static str) -> Result<FetchedDocument, FetchError> {
        let (fetcher, url) = (self.clone(), url.to_owned());
        let task = tokio::spawn(async move { fetcher.get(&url, accept).await });
        task.await.unwrap_or_else(|error| Err(FetchError::other(error)))
    }
}

fn check_head(response: &Response) -> Result<(), FetchError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(FetchError::Redirect(status.as_u16()));
    }
    if status != StatusCode::OK {
        return Err(FetchError::Status(status.as_u16()));
    }
    let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if header(CONTENT_ENCODING).is_some_and(|encoding| !encoding.trim().eq_ignore_ascii_case("identity")) {
        return Err(FetchError::ContentEncoding);
    }
    if header(CONTENT_TYPE).is_some_and(is_json) { Ok(()) } else { Err(FetchError::ContentType) }
}

/// `application/json` and what is written in it, `application/jwk-set+json` for instance.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

fn from_reqwest(error: reqwest::Error) -> FetchError {
    if is_of_forbidden_address(&error) {
        return FetchError::ForbiddenAddress;
    }
    let error = error.without_url();
    match &error {
        timeout if timeout.is_timeout() => FetchError::TimeLimit,
        name if name.is_dns() => FetchError::Name(error.into()),
        connection if connection.is_connect() => FetchError::Connection(error.into()),
        // No TLS is compiled in, or the URL cannot be one of HTTP.
        unsent if unsent.is_builder() => FetchError::Connection(error.into()),
        _ => FetchError::Broken(error.into()),
    }
}

fn is_of_forbidden_address(error: &(dyn Error + 'static)) -> bool {
    error.is::<ForbiddenAddress>() || error.source().is_some_and(is_of_forbidden_address)
}

impl DocumentSource for GuardedFetcher {
    fn fetch(&self, url: &str) -> impl Future<Output = Result<FetchedDocument, FetchError>> + Send {
        self.get_to_the_end(url, "application/json")
    }
}

impl fmt::Debug for GuardedFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedFetcher")
            .field("guard", &self.guard)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

impl GuardedFetcherBuilder {
    /// How long a fetch may take, from the resolution of the name to the last byte. Default 5 seconds.
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// The most bytes that a body may have. Default 64 KiB.
    pub fn body_limit(self, body_limit: usize) -> Self {
        Self { body_limit, ..self }
    }

    /// Resolves names in another way than the operating system's. The addresses that it finds are checked as well.
    pub fn resolver(self, resolver: impl Resolve + 'static) -> Self {
        Self { resolver: Arc::new(resolver), ..self }
    }

    /// Refuses further addresses: those for which this returns `true`. For networks of the host's own that have public addresses, and
    /// for the NAT64 prefix of its network if that is not `64:ff9b::/96`. IPv4-mapped addresses come as IPv4 ones.
    pub fn refuse_addresses(mut self, is_refused: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.guard.refused = Some(Arc::new(is_refused));
        self
    }

    /// **For development and tests only.** Connects to addresses that are not public too, so that **a client that names a URL makes this
    /// server speak to machines in its own network**, and can tell by the answers what is there.
    pub fn danger_allow_private_addresses(mut self) -> Self {
        self.guard.allow_private = true;
        self
    }

    /// Makes the fetcher.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be set up.
    pub fn build(self) -> Result<GuardedFetcher, FetchError> {
        let Self { client, resolver, guard, time_limit, body_limit } = self;
        let client = client
            .https_only(true)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .timeout(time_limit)
            // A host is asked every some minutes. The next time its name is resolved and checked again.
            .pool_max_idle_per_host(0)
            .dns_resolver(GuardedResolver { inner: resolver, guard: guard.clone() })
            .build()
            .map_err(|error| FetchError::other(error.without_url()))?;
        Ok(GuardedFetcher { client, guard, body_limit })
    }
}

impl fmt::Debug for GuardedFetcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedFetcherBuilder")
            .field("guard", &self.guard)
            .field("time_limit", &self.time_limit)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}
