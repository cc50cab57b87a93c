//! Certificates that a client authenticates with (RFC 8705 section 2).

use std::sync::Arc;

use crate::{
    certificate::{Certificate, Subject, client_certificate::ClientCertificate},
    client::{Client, Credential},
    error::Reason,
    jose::{TokenFault, VerificationKeys, thumbprint_of_certificate},
    protocol::{authentication_key::AuthenticationKey, authentication_method::AuthenticationMethod},
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
    /// Its key, if it is of a kind that can be registered.
    key: Option<AuthenticationKey>,
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
        if !expected.value().is_of(&self.certificate) {
            return Err(Reason::CertificateSubject);
        }
        let key = thumbprint_of_certificate(&self.certificate).map(AuthenticationKey::new);
        Ok(Recognized { client: expected.client(), method: AuthenticationMethod::TlsClientAuth, key })
    }

    /// `self_signed_tls_client_auth`: the client itself has registered it, or its key. Its issuer makes no difference.
    pub(crate) fn check_key<'c>(&self, keys: Credential<'c, &VerificationKeys>) -> Result<Recognized<'c>, TokenFault> {
        let key = keys.value().of_certificate(&self.certificate).ok_or(TokenFault::NoKey)?;
        let method = AuthenticationMethod::SelfSignedTlsClientAuth;
        Ok(Recognized { client: keys.client(), method, key: Some(key) })
    }
}

impl<'c> Recognized<'c> {
    pub(super) fn client(&self) -> &'c Arc<Client> {
        self.client
    }

    pub(super) fn method(&self) -> AuthenticationMethod {
        self.method
    }

    pub(super) fn key(&self) -> Option<&AuthenticationKey> {
        self.key.as_ref()
    }
}
