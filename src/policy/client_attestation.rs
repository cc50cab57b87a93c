//! The part of a policy about attestations of clients.

use serde::{Deserialize, Serialize};

use super::{error::PolicyError, presets::proof_algorithms};
use crate::jose::SigningAlgorithm;

/// The requirements for client attestations. See [`attesters`](crate::attesters).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ClientAttestationPolicy {
    /// The algorithms of attestations, asymmetric ones only. Default all but RS256, RS384 and RS512.
    pub signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// The algorithms of the proofs of possession that come with them, asymmetric ones only. Default all but RS256, RS384 and RS512.
    pub pop_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Seconds since its `iat` after which an attestation is not fresh, whatever its `exp` says. One without `iat` is
    /// not fresh either. Default `None`: good until its `exp`.
    pub max_age: Option<u32>,
    /// Seconds for which a proof of possession can be used, counted from its `iat`, 1 to 300. Default 60.
    pub pop_lifetime: u32,
    /// Requires a challenge of the server in proofs of possession, which shows that a proof was made just now. Default
    /// `false`. A DPoP proof that serves as one needs the challenge as its `nonce`.
    pub require_challenge: bool,
}

impl Default for ClientAttestationPolicy {
    fn default() -> Self {
        Self {
            signing_alg_values_supported: proof_algorithms(),
            pop_signing_alg_values_supported: proof_algorithms(),
            max_age: None,
            pop_lifetime: 60,
            require_challenge: false,
        }
    }
}

impl ClientAttestationPolicy {
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let algorithms = [
            ("client_attestation.signing_alg_values_supported", &self.signing_alg_values_supported),
            ("client_attestation.pop_signing_alg_values_supported", &self.pop_signing_alg_values_supported),
        ];
        for (member, offered) in algorithms {
            if offered.is_empty() || offered.iter().any(|algorithm| algorithm.is_symmetric()) {
                return Err(PolicyError::new(member, "must be asymmetric algorithms, and not empty"));
            }
        }
        if !(1..=300).contains(&self.pop_lifetime) {
            return Err(PolicyError::new("client_attestation.pop_lifetime", "must be 1 to 300 seconds"));
        }
        if self.max_age == Some(0) {
            return Err(PolicyError::new("client_attestation.max_age", "must be at least 1 second"));
        }
        Ok(())
    }
}
