//! The registry of clients that are URLs.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use super::{
    ClientUrl, MetadataDocumentError, MetadataDocumentLimits, MetadataDocumentRegistryBuilder, localhost,
    origin::DocumentOrigin,
};
use crate::{
    client::{
        Client, ClientRegistry, RegistryError, RegistryFaults,
        fetched_values::{FetchedValues, Found},
    },
    fetch::DocumentSource,
};

/// Clients whose `client_id` is the URL of a metadata document (draft-ietf-oauth-client-id-metadata-document, AT Protocol OAuth): the
/// document is fetched when its client first comes, and kept as its response says. Clones share what they have fetched. Its
/// futures run on tokio.
///
/// A document is good if it is JSON, its `client_id` is its URL byte for byte, it has no secret, and what it describes could be
/// [registered](crate::ClientRegistration). Without `token_endpoint_auth_method` it is that of a public client, unless it has keys.
/// Keys at a `jwks_uri`, which must be of the same host, are fetched by the [`JwksSource`](crate::JwksSource) of the endpoint: give that the
/// guarded fetcher as well.
/// Members that only the host may decide on (`danger_...`, `allow_per_request_redirect_uris`) make it unusable; of those that this library
/// does not know, the texts for the consent page are kept.
///
/// * **Clients that are registered come first**: `(registered, documents)` is a registry too, and asks the second for what the first
///   does not know.
/// * A name that is not such a URL is unknown here, and nothing is fetched.
/// * A document that cannot be fetched or used refuses its client as an unknown one is refused, with the reason for observers
///   ([`Event::ClientUnusable`](crate::Event::ClientUnusable)): a stranger chose the URL, so that this is no outage of this server. `temporarily_unavailable` is
///   for what is on this side: [too many fetches](MetadataDocumentLimits), and a rule of the host's that cannot tell.
/// * While the host of a document is down, the last good one is used for [a while](MetadataDocumentLimits::stale_if_error), and observers
///   are told ([`Event::ClientNotReloaded`](crate::Event::ClientNotReloaded)).
/// * [`ParEndpoint::metadata`](crate::ParEndpoint::metadata) says `client_id_metadata_document_supported`.
///
/// Most of these clients are public, so the policy has to allow those:
/// [`danger_allow_unauthenticated_clients`](crate::Policy::danger_allow_unauthenticated_clients), as [`Policy::atproto`](crate::Policy::atproto) does. Show the
/// [host](ClientUrl::host) of the `client_id` on the consent page: the name and the logo are the client's own words. And limit how often one
/// sender may ask: each new URL is a fetch.
///
/// ```
/// use parjar::{InMemoryRegistry, MetadataDocumentRegistry, ParEndpoint, Policy};
/// # use parjar::{DocumentSource, FetchError, FetchedDocument};
/// # #[derive(Clone)]
/// # struct Fetcher;
/// # impl DocumentSource for Fetcher {
/// #     async fn fetch(&self, _: &str) -> Result<FetchedDocument, FetchError> {
/// #         Ok(FetchedDocument::new(
/// #             r#"{ "client_id": "https://app.example.com/oauth-client-metadata.json", "redirect_uris": ["https://app.example.com/cb"],
/// #                  "scope": "atproto", "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true }"#,
/// #         ))
/// #     }
/// # }
/// # impl parjar::JwksSource for Fetcher {
/// #     async fn fetch(&self, _: &str) -> Result<parjar::FetchedJwks, parjar::JwksError> { Err(parjar::JwksError::new("")) }
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use parjar::ClientRegistry;
///
/// # let registered = InMemoryRegistry::default();
/// # let fetcher = Fetcher; // let fetcher = GuardedFetcher::new()?;
/// let documents = MetadataDocumentRegistry::builder(fetcher.clone())
///     .atproto()
///     .allow_localhost_clients()
///     .allow_if(|client| client.host() != "bad.example.net")
///     .build()?;
/// let client = documents.client("https://app.example.com/oauth-client-metadata.json").await?;
/// assert_eq!(client.unwrap().redirect_uris()[0].as_str(), "https://app.example.com/cb");
///
/// let par = ParEndpoint::builder("https://as.example.com")
///     .policy(Policy::atproto())
///     .token_endpoint("https://as.example.com/token")
///     .clients((registered, documents))
///     .jwks_source(fetcher)
///     .build()?;
/// assert_eq!(par.metadata()["client_id_metadata_document_supported"], true);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MetadataDocumentRegistry(pub(super) Arc<Documents>);

pub(super) struct Documents {
    pub(super) fetched: FetchedValues<DocumentOrigin>,
    pub(super) limits: MetadataDocumentLimits,
    pub(super) allow: Option<Allow>,
    pub(super) allow_localhost: bool,
    /// Where the use of an old document is reported.
    pub(super) faults: OnceLock<RegistryFaults>,
}

pub(super) type Allow = Box<dyn Fn(ClientUrl) -> Allowed + Send + Sync>;
pub(super) type Allowed = Pin<Box<dyn Future<Output = Result<bool, RegistryError>> + Send>>;

impl MetadataDocumentRegistry {
    /// Describes a registry over this source.
    pub fn builder(source: impl DocumentSource) -> MetadataDocumentRegistryBuilder {
        MetadataDocumentRegistryBuilder::new(source)
    }
}

impl ClientRegistry for MetadataDocumentRegistry {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        if self.0.allow_localhost
            && let Some(query) = localhost::query(client_id)
        {
            let client = localhost::client(client_id, query).map_err(RegistryError::unusable_client)?;
            return Ok(Some(Arc::new(client)));
        }
        match ClientUrl::parse(client_id) {
            Some(url) => self.0.client(url).await.map(Some),
            None => Ok(None),
        }
    }

    /// The first endpoint that is built over the registry, or over a clone of it, gets the reports.
    fn report_faults_to(&self, faults: RegistryFaults) {
        let _ = self.0.faults.set(faults);
    }

    fn has_metadata_documents(&self) -> bool {
        true
    }
}

impl Documents {
    async fn client(&self, url: ClientUrl) -> Result<Arc<Client>, RegistryError> {
        if let Some(allow) = &self.allow
            && !allow(url.clone()).await?
        {
            return Err(MetadataDocumentError::NotAllowed.into());
        }
        match self.fetched.get(url.as_str()).await {
            Found::Known(client) | Found::Fetched(client) => Ok(client),
            Found::Unavailable(error) => Err(error.unwrap_or(MetadataDocumentError::Interrupted).into()),
            Found::Failed { error, stale: None } => Err(error.into()),
            Found::Failed { error, stale: Some(client) } => {
                if let Some(faults) = self.faults.get() {
                    faults.not_reloaded(url.as_str(), &error.into());
                }
                Ok(client)
            }
        }
    }
}

impl fmt::Debug for MetadataDocumentRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataDocumentRegistry").field("limits", &self.0.limits).finish_non_exhaustive()
    }
}
