//! Why a client that is a URL cannot be used.

use std::{error::Error, fmt, sync::Arc};

use crate::{
    client::{RegistrationError, RegistryError},
    error_text::debug_by_display,
    fetch::FetchError,
};

/// There is no client to be had from a metadata document. Nothing of the document is in it but the names of members.
#[derive(Clone)]
#[non_exhaustive]
pub enum MetadataDocumentError {
    /// The host of this server does not allow the client.
    NotAllowed,
    /// The document could not be fetched.
    Fetch(Arc<FetchError>),
    /// It is longer than [`MetadataDocumentLimits::document_bytes`](crate::MetadataDocumentLimits::document_bytes).
    TooLarge(usize),
    /// It is not a JSON object, or names a member twice.
    NotJson,
    /// Its `client_id` is not its URL, byte for byte.
    OtherClientId,
    /// It describes no client that can be used.
    Registration(RegistrationError),
    /// This server fetches as many documents as it may just now, of this host or in all. The request can be repeated.
    TooManyFetches,
    /// The fetch came to no end: there is no tokio runtime, or the source panicked.
    Interrupted,
}

impl fmt::Display for MetadataDocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAllowed => "this server does not allow the client",
            Self::Fetch(_) => "the metadata document could not be fetched",
            Self::TooLarge(bytes) => return write!(f, "the metadata document is longer than {bytes} bytes"),
            Self::NotJson => "the metadata document is not a JSON object",
            Self::OtherClientId => "client_id in the metadata document is not its URL",
            Self::Registration(_) => "the metadata document cannot be used",
            Self::TooManyFetches => "too many metadata documents are being fetched",
            Self::Interrupted => "the metadata document was not fetched to the end",
        })
    }
}

impl Error for MetadataDocumentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Fetch(error) => Some(&**error),
            Self::Registration(error) => Some(error),
            _ => None,
        }
    }
}

debug_by_display!(MetadataDocumentError);

impl MetadataDocumentError {
    /// Returns `true` if the cause is on this server's side, so that the client is told to come again.
    #[must_use]
    pub fn is_of_this_server(&self) -> bool {
        matches!(self, Self::TooManyFetches | Self::Interrupted)
    }

    /// Returns `true` if the client has no usable document any more, so that an older one must not be used.
    pub(super) fn ends_use(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_gone(),
            Self::NotAllowed | Self::TooManyFetches | Self::Interrupted => false,
            Self::TooLarge(_) | Self::NotJson | Self::OtherClientId | Self::Registration(_) => true,
        }
    }
}

impl From<MetadataDocumentError> for RegistryError {
    fn from(error: MetadataDocumentError) -> Self {
        if error.is_of_this_server() { Self::new(error) } else { Self::unusable_client(error) }
    }
}
