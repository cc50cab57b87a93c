//! Certificates that a client authenticates with (RFC 8705 section 2).

use crate::{
    certificate::{Certificate, client_certificate::ClientCertificate},
    client::Client,
    error::Reason,
    jose::{TokenFault, VerificationKeys},
};

/// A certificate whose owner is at the other end of the connection. Whose it is has yet to be found out.
pub(crate) struct ShownCertificate {
    certificate: Certificate,
    chain_verified: bool,
}

/// A certificate was found to be that of the client.
pub(crate) struct Recognized(());

impl ShownCertificate {
    pub(crate) fn read(shown: ClientCertificate<'_>) -> Result<Self, Reason> {
        let certificate = Certificate::parse(shown.der()).ok_or(Reason::MalformedCertificate)?;
        Ok(Self { certificate, chain_verified: shown.chain_verified() })
    }

    /// `tls_client_auth`: a trusted authority says that the subject is the registered one.
    pub(crate) fn check_subject(&self, client: &Client) -> Result<Recognized, Reason> {
        if !self.chain_verified {
            return Err(Reason::UnverifiedCertificate);
        }
        let is_expected = client.certificate_subject().is_some_and(|subject| subject.is_of(&self.certificate));
        if is_expected { Ok(Recognized(())) } else { Err(Reason::CertificateSubject) }
    }

    /// `self_signed_tls_client_auth`: the client itself has registered it, or its key. Who signed it makes no difference.
    pub(crate) fn check_key(&self, keys: &VerificationKeys) -> Result<Recognized, TokenFault> {
        if keys.know(&self.certificate) { Ok(Recognized(())) } else { Err(TokenFault::NoKey) }
    }
}
