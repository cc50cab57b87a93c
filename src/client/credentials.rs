//! The registered way of a client to authenticate.

use std::sync::Arc;

use super::{
    keys::{ClientKeys, KeySource},
    registration::{ClientRegistration, RegistrationError},
    secret::{KnownSecrets, SecretTransport, Secrets},
    shared_secrets::SharedSecrets,
    subject,
};
use crate::{certificate::Subject, protocol::authentication_method::AuthenticationMethod};

/// The registered way of a client to authenticate, with the keys, secrets or names that its credentials are verified by.
pub(crate) enum Credentials {
    /// `none`
    None,
    /// `client_secret_basic`, `client_secret_post`
    Secret(Secrets),
    /// `client_secret_jwt`
    SharedSecret(Arc<SharedSecrets>),
    /// `private_key_jwt`
    PrivateKey(Arc<KeySource>),
    /// `tls_client_auth`
    CertificateSubject(Subject),
    /// `self_signed_tls_client_auth`
    CertificateKey(Arc<KeySource>),
    /// `attest_jwt_client_auth`, `attest_jwt_client_auth_dpop`
    Attestation(PossessionMethod),
}

/// The proof of an instance of a client that it has the key of its attestation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PossessionMethod {
    Jwt,
    Dpop,
}

impl Credentials {
    /// The credentials of a method, which its registration must have, and no certificate subject without a use.
    pub(super) fn of(
        registration: &ClientRegistration,
        method: AuthenticationMethod,
        secrets: KnownSecrets,
        keys: &ClientKeys,
    ) -> Result<Self, RegistrationError> {
        if method != AuthenticationMethod::TlsClientAuth {
            subject::check_absent(registration)?;
        }
        Ok(match method {
            AuthenticationMethod::None => Self::None,
            AuthenticationMethod::ClientSecretBasic => Self::Secret(Secrets::new(SecretTransport::Basic, secrets)),
            AuthenticationMethod::ClientSecretPost => Self::Secret(Secrets::new(SecretTransport::Post, secrets)),
            AuthenticationMethod::ClientSecretJwt => Self::SharedSecret(keys.shared_for_assertions(registration)?),
            AuthenticationMethod::PrivateKeyJwt => Self::PrivateKey(keys.of_assertions()?),
            AuthenticationMethod::TlsClientAuth => Self::CertificateSubject(subject::of(registration)?),
            AuthenticationMethod::SelfSignedTlsClientAuth => {
                Self::CertificateKey(keys.usable("token_endpoint_auth_method", None)?)
            }
            AuthenticationMethod::AttestJwtClientAuth => Self::Attestation(PossessionMethod::Jwt),
            AuthenticationMethod::AttestJwtClientAuthDpop => Self::Attestation(PossessionMethod::Dpop),
        })
    }

    pub(super) fn method(&self) -> AuthenticationMethod {
        match self {
            Self::None => AuthenticationMethod::None,
            Self::Secret(secrets) => match secrets.transport() {
                SecretTransport::Basic => AuthenticationMethod::ClientSecretBasic,
                SecretTransport::Post => AuthenticationMethod::ClientSecretPost,
            },
            Self::SharedSecret(_) => AuthenticationMethod::ClientSecretJwt,
            Self::PrivateKey(_) => AuthenticationMethod::PrivateKeyJwt,
            Self::CertificateSubject(_) => AuthenticationMethod::TlsClientAuth,
            Self::CertificateKey(_) => AuthenticationMethod::SelfSignedTlsClientAuth,
            Self::Attestation(PossessionMethod::Jwt) => AuthenticationMethod::AttestJwtClientAuth,
            Self::Attestation(PossessionMethod::Dpop) => AuthenticationMethod::AttestJwtClientAuthDpop,
        }
    }
}
