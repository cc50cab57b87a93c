//! TLS: the server's certificate, and those that clients may show (RFC 8705).

use std::{fmt::Display, path::Path, sync::Arc};

use parjar::{ClientCertificate, Profile};
use rustls::{
    CipherSuite, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, ServerConnection,
    SignatureScheme, SupportedCipherSuite,
    client::danger::HandshakeSignatureValid,
    crypto::{self, CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use super::{command_line::TlsFiles, start_error::StartError};

#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    /// Whose certificates name clients by their subject. Without it no chain is verified.
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    asks_for_certificates: bool,
}

/// The certificate that a client has shown, with the key of which it has signed the handshake.
pub(crate) struct PeerCertificate {
    der: CertificateDer<'static>,
    chain_verified: bool,
}

impl PeerCertificate {
    /// How the library wants it.
    pub(crate) fn to_client_certificate(&self) -> ClientCertificate<'_> {
        match self.chain_verified {
            true => ClientCertificate::with_verified_chain(&self.der),
            false => ClientCertificate::with_unverified_chain(&self.der),
        }
    }
}

impl Tls {
    /// Reads the files. FAPI 1 leaves few cipher suites of TLS 1.2.
    pub(crate) fn load(files: &TlsFiles, profile: Profile) -> Result<Self, StartError> {
        let chain = certificates("--tls-cert", &files.cert)?;
        let key =
            PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable("--tls-key", &files.key, error))?;
        let mut provider = ring::default_provider();
        if matches!(profile, Profile::Fapi1Advanced | Profile::Brazil | Profile::Cdr) {
            provider.cipher_suites.retain(is_of_fapi1);
        }
        let provider = Arc::new(provider);
        let unusable = |error: Error| StartError::new("--tls-cert and --tls-key", error);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(unusable)?;
        let builder = match files.asks_for_certificates() {
            true => builder.with_client_cert_verifier(Arc::new(AnyCertificate(Arc::clone(&provider)))),
            false => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key).map_err(unusable)?;
        Ok(Self {
            config: Arc::new(config),
            authorities: files.client_authorities.as_deref().map(|path| authorities(path, provider)).transpose()?,
            asks_for_certificates: files.asks_for_certificates(),
        })
    }

    pub(crate) fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    pub(crate) fn asks_for_certificates(&self) -> bool {
        self.asks_for_certificates
    }

    /// Returns `true` if authorities vouch for the names in certificates.
    pub(crate) fn verifies_chains(&self) -> bool {
        self.authorities.is_some()
    }

    /// What the client has shown in a handshake that is over.
    pub(crate) fn peer(&self, connection: &ServerConnection) -> Option<PeerCertificate> {
        let (leaf, rest) = connection.peer_certificates()?.split_first()?;
        let verified = |authorities: &Arc<dyn ClientCertVerifier>| {
            authorities.verify_client_cert(leaf, rest, UnixTime::now()).is_ok()
        };
        Some(PeerCertificate {
            der: leaf.clone().into_owned(),
            chain_verified: self.authorities.as_ref().is_some_and(verified),
        })
    }
}

/// FAPI 1.0 Advanced section 8.5, as far as rustls goes: it has no exchange of keys by DHE. TLS 1.3 may be used as it is.
fn is_of_fapi1(suite: &SupportedCipherSuite) -> bool {
    let of_tls12 =
        [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384];
    suite.tls13().is_some() || of_tls12.contains(&suite.suite())
}

fn certificates(flag: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => Err(unreadable(flag, path, "has no certificate in PEM")),
        Ok(found) => Ok(found),
        Err(error) => Err(unreadable(flag, path, error)),
    }
}

fn authorities(path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, StartError> {
    const FLAG: &str = "--tls-client-auth";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(FLAG, path)? {
        roots.add(certificate).map_err(|error| unreadable(FLAG, path, error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| unreadable(FLAG, path, error))
}

fn unreadable(flag: &'static str, path: &Path, error: impl Display) -> StartError {
    StartError::new(flag, format_args!("{}: {error}", path.display()))
}

/// Takes any certificate whose key has signed the handshake, and demands none. Its client turns out later: by the key that
/// a client has registered, or by the authority that the chain leads to.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

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
