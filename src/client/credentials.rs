//! The registered credentials of a client.

use std::sync::Arc;

use super::{
    ClientRegistration, RegistrationError,
    keys::{ClientKeys, KeySource},
    secret::Secrets,
    shared_secrets::SharedSecrets,
    subject,
};
use crate::{certificate::Subject, protocol::authentication_method::AuthenticationMethod};

/// The registered credentials of a client: the keys, secrets or names that what it shows is verified by.
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
    Attestation,
}

impl Credentials {
    /// The credentials for a method, which its registration must have, and no certificate subject without a use.
    pub(super) fn of(
        registration: &ClientRegistration,
        method: AuthenticationMethod,
        secrets: Secrets,
        keys: &ClientKeys,
    ) -> Result<Self, RegistrationError> {
        if method != AuthenticationMethod::TlsClientAuth {
            subject::check_absent(registration)?;
        }
        Ok(match method {
            AuthenticationMethod::None => Self::None,
            AuthenticationMethod::ClientSecretBasic | AuthenticationMethod::ClientSecretPost => Self::Secret(secrets),
            AuthenticationMethod::ClientSecretJwt => Self::SharedSecret(keys.shared_for_assertions(registration)?),
            AuthenticationMethod::PrivateKeyJwt => Self::PrivateKey(keys.of_assertions()?),
            AuthenticationMethod::TlsClientAuth => Self::CertificateSubject(subject::of(registration)?),
            AuthenticationMethod::SelfSignedTlsClientAuth => {
                Self::CertificateKey(keys.usable("token_endpoint_auth_method", None)?)
            }
            AuthenticationMethod::AttestJwtClientAuth | AuthenticationMethod::AttestJwtClientAuthDpop => {
                Self::Attestation
            }
        })
    }
}
