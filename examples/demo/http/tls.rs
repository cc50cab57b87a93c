//! TLS that the server ends itself, and the certificates that clients show there (RFC 8705).

use std::sync::Arc;

use parjar::{ClientCertificate, PeerCertificate};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, ServerConfig, ServerConnection, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{self, CryptoProvider},
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) asks_for_certificates: bool,
    /// Whose certificates name clients by their subject. Without it no chain is verified.
    pub(crate) authorities: Option<Arc<dyn ClientCertVerifier>>,
}

impl Tls {
    /// What the client has shown in a handshake that is over.
    pub(crate) fn peer(&self, connection: &ServerConnection) -> Option<PeerCertificate> {
        let (leaf, rest) = connection.peer_certificates()?.split_first()?;
        let verified = |authorities: &Arc<dyn ClientCertVerifier>| {
            authorities.verify_client_cert(leaf, rest, UnixTime::now()).is_ok()
        };
        Some(match self.authorities.as_ref().is_some_and(verified) {
            true => ClientCertificate::with_verified_chain(leaf).into(),
            false => ClientCertificate::with_unverified_chain(leaf).into(),
        })
    }
}

/// Takes any certificate whose key has signed the handshake, and demands none. Its client turns out later: by the key that
/// a client has registered, or by the authority that the chain leads to.
#[derive(Debug)]
pub(crate) struct AnyCertificate(pub(crate) Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
