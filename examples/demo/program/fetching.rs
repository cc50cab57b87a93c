//! Fetching what clients publish: their keys, and documents about clients that are URLs.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use parjar::{GuardedFetcher, MetadataDocumentRegistry, Profile};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::start_error::StartError;

/// How the command line says to fetch.
pub(crate) struct FetchSettings {
    /// Who vouches for the hosts of documents and keys, in the place of the system's authorities.
    pub(crate) authorities: Option<PathBuf>,
    /// Where to fetch from, whatever the name of the host is.
    pub(crate) danger_from: Option<SocketAddr>,
}

impl FetchSettings {
    pub(crate) fn fetcher(&self) -> Result<GuardedFetcher, StartError> {
        let mut client = reqwest::Client::builder().user_agent("parjar-demo");
        if let Some(file) = &self.authorities {
            client = client.tls_certs_only(certificates(file)?);
        }
        let mut builder = GuardedFetcher::builder(client);
        if let Some(address) = self.danger_from {
            builder = builder.resolver(Always(address)).danger_allow_private_addresses();
        }
        builder.build().map_err(|error| StartError::new("--fetch", error))
    }
}

/// Clients that are URLs. Those of the AT Protocol have more rules, and developers of them have a client without a document.
pub(crate) fn documents(fetcher: GuardedFetcher, profile: Profile) -> Result<MetadataDocumentRegistry, StartError> {
    let builder = MetadataDocumentRegistry::builder(fetcher);
    let builder = match profile {
        Profile::Atproto => builder.atproto().allow_localhost_clients(),
        _ => builder,
    };
    builder.build().map_err(|error| StartError::new("--fetch", error))
}

fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>, StartError> {
    let place = || format!("--fetch-authorities: {}", file.display());
    let pem = std::fs::read(file).map_err(|error| StartError::new(place(), error))?;
    let read = reqwest::Certificate::from_pem_bundle(&pem).ok().filter(|certificates| !certificates.is_empty());
    read.ok_or_else(|| StartError::new(place(), "must hold certificates in PEM"))
}

/// Gives every name the same address.
struct Always(SocketAddr);

impl Resolve for Always {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
