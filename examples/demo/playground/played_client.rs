//! A client that the playground plays, and what it can prove itself with.

use std::sync::Arc;

use parjar::jose::SigningAlgorithm;

use super::{certificate::OwnCertificate, client_key::ClientKey};

pub(crate) struct PlayedClient {
    pub(crate) client_id: String,
    pub(crate) authentication: Authentication,
    /// Its keys, with which it can sign requests whatever it authenticates with. The first one is used unless another is chosen.
    pub(crate) keys: Vec<ClientKey>,
    /// Whether pages may show the secret.
    pub(crate) is_public_knowledge: bool,
    pub(crate) about: &'static str,
}

pub(crate) enum Authentication {
    /// `client_secret_basic`: a secret in the header.
    Basic(String),
    /// `client_secret_post`: a secret in the body.
    Post(String),
    /// `client_secret_jwt`: a JWT with a MAC by the secret.
    Mac(String),
    /// `private_key_jwt`: a JWT signed with the key.
    Key,
    /// `self_signed_tls_client_auth`: a certificate in the TLS handshake. A client has the same one at every server that knows it.
    Certificate(Arc<OwnCertificate>),
}

impl Authentication {
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Basic(_) => "client_secret_basic",
            Self::Post(_) => "client_secret_post",
            Self::Mac(_) => "client_secret_jwt",
            Self::Key => "private_key_jwt",
            Self::Certificate(_) => "self_signed_tls_client_auth",
        }
    }

    pub(crate) fn secret(&self) -> Option<&str> {
        match self {
            Self::Basic(secret) | Self::Post(secret) | Self::Mac(secret) => Some(secret),
            Self::Key | Self::Certificate(_) => None,
        }
    }

    /// What the client shows in TLS handshakes.
    pub(crate) fn certificate(&self) -> Option<&OwnCertificate> {
        match self {
            Self::Certificate(certificate) => Some(certificate),
            _ => None,
        }
    }
}

impl PlayedClient {
    /// The key for an algorithm, or the first one where the client has none for it.
    pub(super) fn key(&self, algorithm: &str) -> Option<&ClientKey> {
        let wanted = SigningAlgorithm::parse(algorithm);
        self.keys.iter().find(|key| Some(key.algorithm()) == wanted).or_else(|| self.keys.first())
    }
}
