//! Clients that an attester vouches for.

use super::{ParEndpoint, authenticate::Verified};
use crate::{
    client::{ClientRegistry, Credential},
    client_auth::{
        CheckedAttestation, VerifiedAttestation,
        attesters::{AttesterError, DynAttesterKeys},
    },
    error::{Reason, Refusal},
    http::Reply,
    jose::{TokenFault, VerificationKeys},
    store::RequestStore,
};

/// The settings of the host for attestations.
#[derive(Default)]
pub(super) struct AttestationSettings {
    pub(super) keys: Option<Box<dyn DynAttesterKeys>>,
    pub(super) challenge_endpoint: Option<Box<str>>,
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    pub(super) async fn verify_attestation(
        &self,
        client: Credential<'_, ()>,
        attestation: &CheckedAttestation<'_>,
    ) -> Result<Verified, Refusal> {
        let policy = self.policy();
        let keys = self.attester_keys(client, attestation).await.map_err(Reason::ClientAttestation)?;
        let attestation = attestation.verify(client.resolved(&keys), policy)?;
        if !attestation.is_fresh(policy, self.settings.clock.now().unix_timestamp()) {
            return Err(Reason::StaleAttestation.into());
        }
        self.check_challenge(&attestation)?;
        Ok(Verified { mark: self.settings.replay.attestation_proof(&attestation), vouched: attestation.into() })
    }

    async fn attester_keys(
        &self,
        client: Credential<'_, ()>,
        attestation: &CheckedAttestation<'_>,
    ) -> Result<VerificationKeys, TokenFault> {
        let keys = self.settings.attestation.keys.as_ref().ok_or(TokenFault::NoKey)?;
        keys.keys_boxed(&attestation.attester(client.client())).await.map_err(|error| match error {
            AttesterError::Untrusted => TokenFault::NoKey,
            AttesterError::Unavailable => TokenFault::KeysUnavailable,
        })
    }
}

impl<C, S> ParEndpoint<C, S> {
    /// The challenge that the next proof of possession of an attested key must have, where the policy demands one
    /// ([`require_challenge`](crate::ClientAttestationPolicy::require_challenge)). A host may send it as
    /// `OAuth-Client-Attestation-Challenge` with any reply that is not cached.
    #[must_use]
    pub fn attestation_challenge(&self) -> Option<String> {
        let nonces = self.settings.nonces.as_ref().filter(|_| self.policy().client_attestation.require_challenge)?;
        Some(nonces.current(self.settings.clock.now()))
    }

    /// The reply of the challenge endpoint to a POST, where the policy demands challenges.
    #[must_use]
    pub fn challenge_reply(&self) -> Option<Reply> {
        // Base64url needs no escaping.
        let body = |challenge| format!(r#"{{"attestation_challenge":"{challenge}"}}"#);
        self.attestation_challenge().map(|challenge| Reply::json(200, body(challenge)))
    }

    fn check_challenge(&self, attestation: &VerifiedAttestation<'_, '_>) -> Result<(), Refusal> {
        let (Some(challenge), Some(current), Some(nonces)) =
            (attestation.challenge(), self.attestation_challenge(), &self.settings.nonces)
        else {
            return Ok(());
        };
        let reason = match challenge {
            Some(challenge) if nonces.is_recent(challenge, self.settings.clock.now()) => return Ok(()),
            Some(_) => Reason::StaleAttestationChallenge,
            None => Reason::MissingAttestationChallenge,
        };
        Err(Refusal::from(reason).with_attestation_challenge(current))
    }
}
