//! The handle that a push returns: `urn:ietf:params:oauth:request_uri:` and 43 base64url characters for 32 random bytes
//! (RFC 9126 section 2.2). One grammar, checked before any store is asked.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::random::{RandomError, RandomSource};

const RANDOM_BYTES: usize = 32;
const REFERENCE_CHARACTERS: usize = 43;

/// A well-formed `request_uri`, whether or not a request is stored under it.
///
/// The text is all that it takes to open the request, so `Debug` keeps it back.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestUri(Box<str>);

impl RequestUri {
    /// The start of every `request_uri` that this library mints (RFC 9126 section 2.2).
    pub const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

    pub(crate) fn mint(random: &dyn RandomSource) -> Result<Self, RandomError> {
        let mut bytes = [0; RANDOM_BYTES];
        random.fill(&mut bytes)?;
        let text = [Self::PREFIX, &URL_SAFE_NO_PAD.encode(bytes)].concat();
        Ok(Self(text.into_boxed_str()))
    }

    /// Reads a `request_uri` exactly: nothing is trimmed, decoded or compared without regard to case.
    ///
    /// ```
    /// use parjar::RequestUri;
    ///
    /// let handle = format!("{}{}", RequestUri::PREFIX, "A".repeat(43));
    /// assert!(RequestUri::parse(&handle).is_some());
    /// assert!(RequestUri::parse(&handle.to_uppercase()).is_none());
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let reference = text.strip_prefix(Self::PREFIX)?;
        let well_formed = reference.len() == REFERENCE_CHARACTERS
            && reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        well_formed.then(|| Self(text.into()))
    }

    /// Returns the part after [`PREFIX`](Self::PREFIX).
    pub(crate) fn reference(&self) -> &str {
        self.0.get(Self::PREFIX.len()..).unwrap_or_default()
    }

    /// Returns the whole URI, as it goes over the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RequestUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestUri(..)")
    }
}
