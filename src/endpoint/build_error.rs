//! The mistakes that keep an endpoint from being built.

use crate::{dpop::NonceKeyError, error_text::debug_by_display, policy::PolicyError};

/// A mistake that keeps an endpoint from being built. `Display` names the setting in one line.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The issuer cannot be one.
    #[error(
        "issuer: must be an https URL, or an http one on a loopback host, without user information, query and fragment"
    )]
    Issuer,
    /// The URL of an endpoint cannot be one. That of the PAR endpoint has no query either, and has to be given when the
    /// authorization endpoint has one.
    #[error(
        "{0}: must be an https URL, or an http one on a loopback host, without user information and fragment, and without \
         query if pushes go there"
    )]
    Endpoint(&'static str),
    /// A nonce key is all zeros.
    #[error("dpop_nonce_key: {0}")]
    NonceKey(#[from] NonceKeyError),
    /// A type of `authorization_details` was given two checks.
    #[error("authorization_details_type: {0:?} is there twice")]
    DuplicateDetailType(String),
    /// The policy contradicts itself or leaves its bounds.
    #[error("policy.{0}")]
    Policy(#[from] PolicyError),
    /// The times or the size of the cache of JWK sets.
    #[error("jwks_cache.{0}")]
    JwksCache(&'static str),
    /// The token endpoint was not given, and what is named here needs it: DPoP proofs are made for a URL (RFC 9449 section 4.2).
    #[error("token_endpoint: was not given, and {0} needs it")]
    TokenEndpoint(&'static str),
    /// The policy requires signed responses, and no signer was given; or there is a signer without an algorithm.
    #[error("response_signer: {0}")]
    ResponseSigner(&'static str),
    /// The policy offers authentication by attestation, and no source of the keys of attesters was given.
    #[error("attester_keys: were not given, and policy.token_endpoint_auth_methods_supported needs them")]
    AttesterKeys,
    /// A challenge endpoint was given, and the policy demands no challenges.
    #[error("challenge_endpoint: needs policy.client_attestation.require_challenge")]
    UnusedChallengeEndpoint,
    /// No key could be drawn for the nonces of DPoP proofs, or the challenges of attested clients.
    #[error("random: the source failed, and the policy demands nonces, which need a key")]
    Random,
    /// No registry was given.
    #[error("clients: no client registry was given")]
    Clients,
}

debug_by_display!(BuildError);
