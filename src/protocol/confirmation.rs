//! The keys that tokens are to be bound to, as thumbprints that travel from the push to the token endpoint.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A SHA-256 thumbprint of a public key (RFC 7638) or of a certificate (RFC 8705 section 3.1).
///
/// `Display` gives the 43 characters of base64url that stand for it on the wire.
///
/// ```
/// use parjar::Thumbprint;
///
/// let jkt = Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap();
/// assert_eq!(jkt.to_string(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
/// assert_eq!(Thumbprint::parse("0ZcOCORZNYy"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// A thumbprint of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 43 characters of base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The thumbprint of a certificate, from its DER.
    pub(crate) fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

/// The keys to which the code, and the tokens it is traded for, are to be bound (`cnf`, RFC 7800). Nothing in it is a secret.
///
/// A host that keeps its parts with a code puts them together again:
///
/// ```
/// use parjar::{Confirmation, Thumbprint};
///
/// let mut confirmation = Confirmation::default();
/// confirmation.jkt = Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
/// assert!(!confirmation.is_empty());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmation {
    /// `jkt`: the key of the client's DPoP proofs (RFC 9449 section 10).
    pub jkt: Option<Thumbprint>,
    /// `x5t#S256`: the certificate of the client's TLS connection (RFC 8705 section 3.1). Of clients that are registered with
    /// [`tls_client_certificate_bound_access_tokens`](crate::ClientRegistration::tls_client_certificate_bound_access_tokens).
    pub x5t_s256: Option<Thumbprint>,
    /// The key of the client instance that an attester vouches for. It is no member of `cnf`: codes and refresh tokens are bound to
    /// it, for the one who redeems them authenticates with it (draft-ietf-oauth-attestation-based-client-auth, "Binding of OAuth
    /// protocol artifacts"), and access tokens are not.
    pub client_instance: Option<Thumbprint>,
}

impl Confirmation {
    /// Returns `true` if tokens are bound to no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
