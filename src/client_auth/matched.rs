//! The credentials that a request shows, held against those that the client has registered.

use std::sync::Arc;

use super::{
    assertion::CheckedAssertion, attestation::CheckedAttestation, certificate::ShownCertificate, presented::Checked,
    secret::ShownSecret,
};
use crate::{
    certificate::Subject,
    client::{Client, Credential, Credentials, KeySource, NoCredentials, Secrets, SharedSecrets},
    error::Reason,
    policy::Policy,
};

/// Credentials in a way that the client has registered, with what they are to be verified by.
pub(crate) enum Matched<'s, 'a> {
    Nothing(Credential<'s, NoCredentials>),
    Secret(Credential<'s, &'s Secrets>, &'a ShownSecret<'a>),
    SharedSecret(Credential<'s, &'s SharedSecrets>, &'s CheckedAssertion<'a>),
    PrivateKey(Credential<'s, &'s KeySource>, &'s CheckedAssertion<'a>),
    CertificateSubject(Credential<'s, &'s Subject>, &'s ShownCertificate),
    CertificateKey(Credential<'s, &'s KeySource>, &'s ShownCertificate),
    Attestation(Credential<'s, ()>, &'s CheckedAttestation<'a>),
}

impl<'s, 'a> Matched<'s, 'a> {
    /// Matches the two, if the policy offers the way in which the credentials are shown.
    pub(crate) fn of(client: &'s Arc<Client>, shown: &'s Checked<'a>, policy: &Policy) -> Result<Self, Reason> {
        let is_offered = |method| policy.offers_authentication_method(method);
        if !client.methods().iter().any(is_offered) {
            return Err(Reason::MethodNotOffered);
        }
        if let Some(method) = shown.method() {
            if !client.methods().contain(method) {
                return Err(Reason::WrongMethod);
            }
            if !is_offered(method) {
                return Err(Reason::MethodNotOffered);
            }
        }
        match (client.credentials(), shown) {
            (Credentials::None, Checked::Name(_)) => Ok(Self::Nothing(Credential::of(client, NoCredentials))),
            (Credentials::CertificateSubject(subject), Checked::Name(certificate)) => {
                Ok(Self::CertificateSubject(Credential::of(client, subject), demanded(certificate)?))
            }
            (Credentials::CertificateKey(keys), Checked::Name(certificate)) => {
                Ok(Self::CertificateKey(Credential::of(client, keys), demanded(certificate)?))
            }
            (Credentials::Secret(secrets), Checked::Secret(secret)) => {
                Ok(Self::Secret(Credential::of(client, secrets), secret))
            }
            (Credentials::SharedSecret(secrets), Checked::Assertion(assertion)) => {
                Ok(Self::SharedSecret(Credential::of(client, secrets), assertion))
            }
            (Credentials::PrivateKey(keys), Checked::Assertion(assertion)) => {
                Ok(Self::PrivateKey(Credential::of(client, keys), assertion))
            }
            (Credentials::Attestation, Checked::Attestation(attestation)) => {
                Ok(Self::Attestation(Credential::of(client, ()), attestation))
            }
            (_, Checked::Name(_)) => Err(Reason::MissingCredentials),
            (_, Checked::Secret(_) | Checked::Assertion(_) | Checked::Attestation(_)) => Err(Reason::WrongMethod),
        }
    }
}

/// The certificate, of a client that is known by it.
fn demanded(shown: &Option<Result<Box<ShownCertificate>, Reason>>) -> Result<&ShownCertificate, Reason> {
    match shown {
        Some(Ok(certificate)) => Ok(certificate),
        Some(Err(reason)) => Err(*reason),
        None => Err(Reason::MissingCertificate),
    }
}
