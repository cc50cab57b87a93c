//! Clients that are URLs: their `client_id` is where a document about them is published.

mod budget;
mod builder;
mod client_url;
mod document;
mod error;
mod limits;
mod localhost;
mod origin;
mod registry;
mod rules;

pub use self::{
    builder::{MetadataDocumentLimitsError, MetadataDocumentRegistryBuilder},
    client_url::ClientUrl,
    error::MetadataDocumentError,
    limits::MetadataDocumentLimits,
    registry::MetadataDocumentRegistry,
};
