//! The key that a client has authenticated with.

use super::confirmation::Thumbprint;

/// The key that a client has authenticated with: its thumbprint (RFC 7638, with SHA-256), and its `kid` where it is registered with
/// one. Nothing in it is a secret.
///
/// A host keeps it with a code, and with a refresh token, where the same key is demanded again: see
/// [`AuthenticatedClient::authenticated_with`](crate::AuthenticatedClient::authenticated_with). It puts it together again from its
/// parts:
///
/// ```
/// use parjar::{AuthenticationKey, Thumbprint};
///
/// let thumbprint = Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
/// let key = AuthenticationKey::new(thumbprint).with_kid("2026");
/// assert_eq!((key.thumbprint(), key.kid()), (thumbprint, Some("2026")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationKey {
    thumbprint: Thumbprint,
    kid: Option<Box<str>>,
}

impl AuthenticationKey {
    /// A key without a `kid`.
    #[must_use]
    pub fn new(thumbprint: Thumbprint) -> Self {
        Self { thumbprint, kid: None }
    }

    /// The same key, with this `kid`.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<Box<str>>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// The thumbprint of the public key (RFC 7638), which tells it from all others.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// `kid` in the JWK set of the client. A client can give the same key another one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}
