//! The certificate of a connection, as the host hands it in.

use std::fmt;

use crate::protocol::confirmation::Thumbprint;

/// The certificate with which a client proved possession of its key in the TLS handshake (RFC 8705).
///
/// Take the leaf from the TLS stack of the host, and nothing else of the chain. Where a proxy ends TLS, see
/// [`ForwardedCertificate`](crate::ForwardedCertificate). Never fill it from a header that a client could have sent.
#[derive(Clone, Copy)]
pub struct ClientCertificate<'a> {
    der: &'a [u8],
    chain_verified: bool,
}

impl<'a> ClientCertificate<'a> {
    /// Takes the leaf certificate, DER, of a chain that the TLS stack has verified up to a root that is trusted to name
    /// clients, its dates included. `tls_client_auth` needs one. Its roots should be few (RFC 8705 section 7.4): an
    /// attacker who gets a certificate of one of them for the registered name is the client.
    #[must_use]
    pub fn with_verified_chain(der: &'a [u8]) -> Self {
        Self { der, chain_verified: true }
    }

    /// Takes the leaf certificate, DER, of a chain that has not been verified. It serves `self_signed_tls_client_auth`
    /// and the binding of tokens, and is refused for `tls_client_auth`.
    #[must_use]
    pub fn with_unverified_chain(der: &'a [u8]) -> Self {
        Self { der, chain_verified: false }
    }

    /// Returns the leaf certificate, DER.
    #[must_use]
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Returns `true` if the chain was verified.
    #[must_use]
    pub fn chain_verified(&self) -> bool {
        self.chain_verified
    }

    /// Returns the `x5t#S256` that a token is bound to (RFC 8705 section 3.1).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of(self.der)
    }
}

impl fmt::Debug for ClientCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("chain_verified", &self.chain_verified).finish_non_exhaustive()
    }
}
