//! The files of TLS: certificate and key of the server, and the authorities of its clients.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

use parjar::Profile;
use rustls::{
    CipherSuite, Error, RootCertStore, ServerConfig, SupportedCipherSuite,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::start_error::StartError;
use crate::demo::http::tls::{AnyCertificate, Tls};

pub(crate) struct TlsFiles {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) asks_for_certificates: bool,
    /// Who vouches for the names in certificates of clients.
    pub(crate) client_authorities: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads them. FAPI 1 leaves few cipher suites of TLS 1.2.
    pub(crate) fn load(&self, profile: Profile) -> Result<Tls, StartError> {
        let chain = certificates("--tls-cert", &self.cert)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unreadable("--tls-key", &self.key, error))?;
        let mut provider = ring::default_provider();
        if matches!(profile, Profile::Fapi1Advanced | Profile::Brazil | Profile::Cdr) {
            provider.cipher_suites.retain(is_of_fapi1);
        }
        let provider = Arc::new(provider);
        let unusable = |error: Error| StartError::new("--tls-cert and --tls-key", error);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.map_err(unusable)?;
        let builder = match self.asks_for_certificates {
            true => builder.with_client_cert_verifier(Arc::new(AnyCertificate(Arc::clone(&provider)))),
            false => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key).map_err(unusable)?;
        let authorities = self.client_authorities.as_deref().map(|path| authorities(path, provider)).transpose()?;
        Ok(Tls { config: Arc::new(config), asks_for_certificates: self.asks_for_certificates, authorities })
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
