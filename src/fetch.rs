//! Fetching what clients publish: key sets and metadata documents, at URLs that strangers choose.

#[cfg(feature = "reqwest")]
mod address;
#[cfg(feature = "reqwest")]
mod address_guard;
mod document;
mod error;
#[cfg(feature = "reqwest")]
mod guarded;
#[cfg(feature = "reqwest")]
mod lifetime;
#[cfg(feature = "reqwest")]
mod resolver;
#[cfg(feature = "reqwest")]
mod url_rules;

#[cfg(feature = "metadata-documents")]
pub(crate) use self::document::DynDocumentSource;
#[cfg(feature = "reqwest")]
pub use self::guarded::{GuardedFetcher, GuardedFetcherBuilder};
pub use self::{
    document::{DocumentSource, FetchedDocument},
    error::FetchError,
};
