//! Clients that an attester vouches for.

use std::sync::Arc;

use super::{ParEndpoint, authenticate::Authenticated};
use crate::{
    client::{Client, ClientRegistry},
    client_auth::{
        Attestation, AuthenticatedClient,
        attesters::{Attester, AttesterError, DynAttesterKeys},
        check_method, permitted_for_attesters,
    },
    error::{Reason, Refusal},
    http::Reply,
    jose::{TokenFault, verify_with_decoy_key},
    store::RequestStore,
};

/// What the host has said about attestations.
#[derive(Default)]
pub(super) struct AttestationSettings {
    pub(super) keys: Option<Box<dyn DynAttesterKeys>>,
    pub(super) challenge_endpoint: Option<Box<str>>,
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    pub(super) async fn authenticate_by_attestation(
        &self,
        attestation: &Attestation<'_>,
        client: Option<Arc<Client>>,
    ) -> Result<Authenticated, Refusal> {
        let policy = self.policy();
        let now = self.settings.clock.now().unix_timestamp();
        let good = attestation.check(self.issuer(), policy, now);
        let refuse = |refusal: Refusal| {
            // As for assertions: how long it takes should not tell which clients exist.
            if good.is_ok() && refusal.reason() != Reason::ClientAttestation(TokenFault::Signature) {
                verify_with_decoy_key(attestation.jws(), &policy.client_attestation.signing_alg_values_supported);
            }
            refusal
        };
        let client = client.ok_or_else(|| refuse(Reason::UnknownClient.into()))?;
        good?;
        check_method(&client, attestation.method(), policy).map_err(refuse)?;
        let attester = Attester {
            client: &client,
            issuer: attestation.issuer(),
            kid: attestation.jws().kid(),
            certificates: attestation.certificates(),
        };
        let keys = match &self.settings.attestation.keys {
            Some(keys) => keys.keys_boxed(&attester).await,
            None => Err(AttesterError::Untrusted),
        };
        let keys = keys.map_err(|error| match error {
            AttesterError::Untrusted => TokenFault::NoKey,
            AttesterError::Unavailable => TokenFault::KeysUnavailable,
        });
        let verified = match &keys {
            Ok(keys) => keys.check(attestation.jws(), &permitted_for_attesters(policy)),
            Err(fault) => Err(*fault),
        };
        let verified = verified.map_err(|fault| refuse(Reason::ClientAttestation(fault).into()))?;
        let attested = attestation.accept(verified, policy)?;
        // Nobody without an attestation by the attester gets to know this much.
        if !attestation.is_fresh(policy, now) {
            return Err(Reason::StaleAttestation.into());
        }
        self.check_challenge(attestation)?;
        let instance = attested.instance;
        let mark = attested
            .single_use
            .map(|(id, expires_at)| self.settings.replay.attestation_proof(instance, id, expires_at));
        let proof_key = mark.is_none().then_some(instance);
        Ok(Authenticated { client: AuthenticatedClient::by_attestation(client, &attested), mark, proof_key })
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

    fn check_challenge(&self, attestation: &Attestation<'_>) -> Result<(), Refusal> {
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
