//! Certificates that a client authenticates with (RFC 8705 section 2).

use std::sync::Arc;

use crate::{
    certificate::{Certificate, Subject, client_certificate::ClientCertificate},
    client::{Client, Credential},
    error::Reason,
    jose::{TokenFault, VerificationKeys},
    protocol::authentication_method::AuthenticationMethod,
};

/// A certificate whose owner is at the other end of the connection. Its owner has yet to be found to be the client.
pub(crate) struct ShownCertificate {
    certificate: Certificate,
    chain_verified: bool,
}

/// A certificate that was found to be that of the client.
pub(crate) struct Recognized<'c> {
    client: &'c Arc<Client>,
    method: AuthenticationMethod,
}

impl ShownCertificate {
    pub(super) fn read(shown: ClientCertificate<'_>) -> Result<Self, Reason> {
        let certificate = Certificate::parse(shown.der()).ok_or(Reason::MalformedCertificate)?;
        Ok(Self { certificate, chain_verified: shown.chain_verified() })
    }

    /// `tls_client_auth`: a trusted authority says that the subject is the registered one.
    pub(crate) fn check_subject<'c>(&self, expected: Credential<'c, &Subject>) -> Result<Recognized<'c>, Reason> {
        if !self.chain_verified {
            return Err(Reason::UnverifiedCertificate);
        }
        let is_expected = expected.value().is_of(&self.certificate);
        let recognized = || Recognized { client: expected.client(), method: AuthenticationMethod::TlsClientAuth };
        is_expected.then(recognized).ok_or(Reason::CertificateSubject)
    }

    /// `self_signed_tls_client_auth`: the client itself has registered it, or its key. Its issuer makes no difference.
    pub(crate) fn check_key<'c>(&self, keys: Credential<'c, &VerificationKeys>) -> Result<Recognized<'c>, TokenFault> {
        let is_known = keys.value().know(&self.certificate);
        let recognized = || Recognized { client: keys.client(), method: AuthenticationMethod::SelfSignedTlsClientAuth };
        is_known.then(recognized).ok_or(TokenFault::NoKey)
    }
}

impl<'c> Recognized<'c> {
    pub(super) fn client(&self) -> &'c Arc<Client> {
        self.client
    }

    pub(super) fn method(&self) -> AuthenticationMethod {
        self.method
    }
}
