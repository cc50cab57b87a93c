//! Challenges for attested clients, as the host hands them out.

use super::ParEndpoint;
use crate::http::Reply;

impl<C, S> ParEndpoint<C, S> {
    /// The challenge that the next proof of possession of an attested key must have, where the policy demands one
    /// ([`require_challenge`](crate::ClientAttestationPolicy::require_challenge)). A host may send it as
    /// `OAuth-Client-Attestation-Challenge` with any reply that is not cached.
    #[must_use]
    pub fn attestation_challenge(&self) -> Option<String> {
        self.parts.authenticator.attestations.next_challenge()
    }

    /// The reply of the challenge endpoint to a POST, where the policy demands challenges.
    #[must_use]
    pub fn challenge_reply(&self) -> Option<Reply> {
        // Base64url needs no escaping.
        let body = |challenge| format!(r#"{{"attestation_challenge":"{challenge}"}}"#);
        self.attestation_challenge().map(|challenge| Reply::json(200, body(challenge)))
    }
}
