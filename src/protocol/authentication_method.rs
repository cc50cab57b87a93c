//! The methods of client authentication.

use serde::{Deserialize, Serialize};

/// A `token_endpoint_auth_method` (RFC 7591 section 2). It applies at the PAR endpoint as at the token endpoint (RFC 9126
/// section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthenticationMethod {
    /// `none`: the client has no credentials.
    None,
    /// `client_secret_basic`: secret in the `Authorization` header.
    ClientSecretBasic,
    /// `client_secret_post`: secret in the body.
    ClientSecretPost,
    /// `client_secret_jwt`: a JWT with a MAC by the secret (OpenID Connect Core section 9).
    ClientSecretJwt,
    /// `private_key_jwt`: a JWT signed with a key of the client's (OpenID Connect Core section 9).
    PrivateKeyJwt,
    /// `tls_client_auth`: a certificate with the registered subject, by a trusted authority (RFC 8705 section 2.1).
    TlsClientAuth,
    /// `self_signed_tls_client_auth`: a certificate with a registered key (RFC 8705 section 2.2).
    SelfSignedTlsClientAuth,
    /// `attest_jwt_client_auth`: a JWT in which an attester vouches for a key of the client's, and another that is signed with
    /// that key. See [`attesters`](crate::attesters).
    AttestJwtClientAuth,
    /// `attest_jwt_client_auth_dpop`: the same, with a [DPoP proof](crate::dpop) by that key in the place of the other JWT.
    AttestJwtClientAuthDpop,
}

impl AuthenticationMethod {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::AttestJwtClientAuth,
        Self::AttestJwtClientAuthDpop,
        Self::None,
    ];

    /// Returns the method of this name, which is compared exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }

    /// Returns `true` if the client sends its secret.
    #[must_use]
    pub const fn sends_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// Returns `true` if the client sends a JWT.
    #[must_use]
    pub const fn uses_assertion(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }

    /// Returns `true` if the client authenticates with the certificate of its connection.
    #[must_use]
    pub const fn uses_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }

    /// Returns `true` if an attester vouches for the client.
    #[must_use]
    pub const fn uses_attestation(self) -> bool {
        matches!(self, Self::AttestJwtClientAuth | Self::AttestJwtClientAuthDpop)
    }

    /// Returns `true` if the client proves that it has a key, so that it takes a library to use one.
    pub(crate) const fn needs_keys(self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::SelfSignedTlsClientAuth) || self.uses_attestation()
    }

    /// Returns the value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::AttestJwtClientAuth => "attest_jwt_client_auth",
            Self::AttestJwtClientAuthDpop => "attest_jwt_client_auth_dpop",
        }
    }
}
