//! The verification of credentials: one match over what the client has registered and what it presents.

use std::sync::Arc;

use super::{
    attest::AttestationVerifier,
    client_keys::{ClientKeys, may_be_by_new_key},
    server::Server,
    urls::Urls,
};
use crate::{
    client::{Client, Credential, KeySource},
    client_auth::{Audiences, Checked, CheckedAssertion, Matched, Presented, VerifiedAssertion, Vouched},
    error::{Reason, Refusal},
    jose::{TokenFault, VerificationKeys, Verifier},
};

/// Authenticates clients, the same at all endpoints.
pub(super) struct Authenticator {
    server: Arc<Server>,
    urls: Arc<Urls>,
    client_keys: Arc<ClientKeys>,
    pub(super) attestations: AttestationVerifier,
}

impl Authenticator {
    pub(super) fn new(
        server: &Arc<Server>,
        urls: &Arc<Urls>,
        client_keys: &Arc<ClientKeys>,
        attestations: AttestationVerifier,
    ) -> Self {
        Self { server: Arc::clone(server), urls: Arc::clone(urls), client_keys: Arc::clone(client_keys), attestations }
    }

    /// Verifies the credentials of a request, in the one way that the client has registered. `client` is the one that the
    /// request names, if there is one; `stand_in` is asked for a client to do the work with where there is none.
    pub(super) async fn verify<'a>(
        &self,
        presented: &'a Presented<'_>,
        client: Option<&Arc<Client>>,
        stand_in: impl FnOnce() -> Option<Arc<Client>>,
    ) -> Result<Vouched<'a>, Refusal> {
        let Server { issuer, policy, .. } = &*self.server;
        let checked = presented.check(issuer, policy, || self.server.now().unix_timestamp());
        let outcome = match (client, &checked) {
            (None, _) => Err(Reason::UnknownClient.into()),
            (Some(_), Err(reason)) => Err((*reason).into()),
            (Some(client), Ok(checked)) => self.verify_checked(client, checked).await,
        };
        if let (Err(refusal), Ok(checked)) = (&outcome, &checked) {
            checked.hide(refusal.reason(), policy, stand_in, || self.server.now()).await?;
        }
        Ok(outcome?.bound_to(presented.certificate()))
    }

    async fn verify_checked<'a>(&self, client: &Arc<Client>, checked: &Checked<'a>) -> Result<Vouched<'a>, Refusal> {
        Ok(match Matched::of(client, checked, &self.server.policy)? {
            Matched::Nothing(none) => none.into(),
            Matched::Secret(secrets, shown) => shown.verify(secrets, || self.server.now()).await?.into(),
            Matched::SharedSecret(secrets, assertion) => {
                let current = secrets.value().at(self.server.now());
                let verified = self.verify_assertion(assertion, secrets.resolved(&current));
                verified.map_err(Reason::ClientAssertion)?.into()
            }
            Matched::PrivateKey(keys, assertion) => {
                self.verify_signed(assertion, keys).await.map_err(Reason::ClientAssertion)?.into()
            }
            Matched::CertificateSubject(subject, certificate) => certificate.check_subject(subject)?.into(),
            Matched::CertificateKey(keys, certificate) => {
                let is_unknown = |fault| fault == TokenFault::NoKey;
                let recognized = self.client_keys.attempt(keys, |keys| certificate.check_key(keys), is_unknown).await;
                recognized.map_err(certificate_fault)?.into()
            }
            Matched::Attestation(client, attestation) => self.attestations.verify(client, attestation).await?.into(),
        })
    }

    async fn verify_signed<'a, 'c>(
        &self,
        assertion: &CheckedAssertion<'a>,
        keys: Credential<'c, &KeySource>,
    ) -> Result<VerifiedAssertion<'a, 'c>, TokenFault> {
        // A token that can be refused without keys must not make the server fetch them.
        assertion.check_algorithm(keys.client(), &self.server.policy)?;
        let verify = |keys: Credential<'c, &VerificationKeys>| self.verify_assertion(assertion, keys);
        self.client_keys.attempt(keys, verify, may_be_by_new_key(assertion.names_key())).await
    }

    fn verify_assertion<'a, 'c>(
        &self,
        assertion: &CheckedAssertion<'a>,
        keys: Credential<'c, &impl Verifier>,
    ) -> Result<VerifiedAssertion<'a, 'c>, TokenFault> {
        assertion.verify(keys, &self.audiences(keys.client()), &self.server.policy)
    }

    /// The audiences that an assertion of this client may have.
    fn audiences(&self, client: &Client) -> Audiences<'_> {
        let legacy = self.server.policy.danger_allow_legacy_assertion_audience || client.allows_legacy_audience();
        let endpoints = legacy.then(|| self.urls.of_client_authentication());
        Audiences { issuer: &self.server.issuer, endpoints }
    }
}

fn certificate_fault(fault: TokenFault) -> Reason {
    match fault {
        TokenFault::KeysUnavailable => Reason::CertificateKeysUnavailable,
        _ => Reason::UnregisteredCertificate,
    }
}
