//! Clients that an attester vouches for.

use std::sync::Arc;

use super::{
    build_error::BuildError,
    issued_nonces::{IssuedNonces, NonceFault},
    server::Server,
    urls::is_secure_url,
};
use crate::{
    client::Credential,
    client_auth::{
        CheckedAttestation, VerifiedAttestation,
        attesters::{AttesterError, DynAttesterKeys},
    },
    dpop::RecentNonce,
    error::{Reason, Refusal},
    jose::{TokenFault, VerificationKeys},
    policy::Policy,
};

/// The settings of the host for attestations.
#[derive(Default)]
pub(super) struct AttestationSettings {
    pub(super) keys: Option<Box<dyn DynAttesterKeys>>,
    pub(super) challenge_endpoint: Option<Box<str>>,
}

/// Verifies attestations, with the keys of attesters that the host trusts.
pub(super) struct AttestationVerifier {
    server: Arc<Server>,
    settings: AttestationSettings,
    challenges: Arc<IssuedNonces>,
}

impl AttestationSettings {
    pub(super) fn build(self, server: &Arc<Server>, challenges: &Arc<IssuedNonces>) -> AttestationVerifier {
        AttestationVerifier { server: Arc::clone(server), settings: self, challenges: Arc::clone(challenges) }
    }

    pub(super) fn check(&self, policy: &Policy) -> Result<(), BuildError> {
        if policy.offers_attestation() && self.keys.is_none() {
            return Err(BuildError::AttesterKeys);
        }
        match &self.challenge_endpoint {
            Some(url) if !is_secure_url(url) => Err(BuildError::Endpoint("challenge_endpoint")),
            Some(_) if !policy.client_attestation.require_challenge => Err(BuildError::UnusedChallengeEndpoint),
            _ => Ok(()),
        }
    }
}

impl AttestationVerifier {
    pub(super) fn challenge_endpoint(&self) -> Option<&str> {
        self.settings.challenge_endpoint.as_deref()
    }

    /// Returns `true` if the host knows attesters.
    pub(super) fn has_attesters(&self) -> bool {
        self.settings.keys.is_some()
    }

    /// The challenge that the next proof of possession must have, where the policy demands one.
    pub(super) fn next_challenge(&self) -> Option<String> {
        let demanded = self.server.policy.client_attestation.require_challenge;
        if demanded { self.challenges.current(&self.server) } else { None }
    }

    pub(super) async fn verify<'a, 'c>(
        &self,
        client: Credential<'c, ()>,
        attestation: &CheckedAttestation<'a>,
    ) -> Result<VerifiedAttestation<'a, 'c>, Refusal> {
        let policy = &self.server.policy;
        let keys = self.attester_keys(client, attestation).await.map_err(Reason::ClientAttestation)?;
        let attestation = attestation.verify(client.resolved(&keys), policy)?;
        if !attestation.is_fresh(policy, self.server.now().unix_timestamp()) {
            return Err(Reason::StaleAttestation.into());
        }
        Ok(match self.check_challenge(&attestation)? {
            Some(challenge) => attestation.with_challenge(challenge),
            None => attestation,
        })
    }

    async fn attester_keys(
        &self,
        client: Credential<'_, ()>,
        attestation: &CheckedAttestation<'_>,
    ) -> Result<VerificationKeys, TokenFault> {
        let keys = self.settings.keys.as_ref().ok_or(TokenFault::NoKey)?;
        keys.keys_boxed(&attestation.attester(client.client())).await.map_err(|error| match error {
            AttesterError::Untrusted => TokenFault::NoKey,
            AttesterError::Unavailable => TokenFault::KeysUnavailable,
        })
    }

    fn check_challenge(&self, attestation: &VerifiedAttestation<'_, '_>) -> Result<Option<RecentNonce>, Refusal> {
        match attestation.challenge() {
            Some(challenge) if self.server.policy.client_attestation.require_challenge => {
                self.challenges.check(challenge, &self.server).map_err(challenge_fault)
            }
            _ => Ok(None),
        }
    }
}

fn challenge_fault(fault: NonceFault) -> Refusal {
    let (reason, next) = match fault {
        NonceFault::Missing(next) => (Reason::MissingAttestationChallenge, next),
        NonceFault::Stale(next) => (Reason::StaleAttestationChallenge, next),
    };
    Refusal::from(reason).with_attestation_challenge(next)
}
