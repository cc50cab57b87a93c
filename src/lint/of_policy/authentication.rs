//! Client authentication, and tokens that are bound to keys.

use super::algorithms::others;
use crate::{
    jose::SigningAlgorithm,
    lint::{
        LintRule,
        Severity::{DoesNotConform, Note},
        profiles::{ALL, FAPI2},
    },
    policy::{FAPI_METHODS, FAPI1_ALGORITHMS, FAPI2_ALGORITHMS, Policy, Profile},
    protocol::authentication_method::AuthenticationMethod,
};

pub(super) const RULES: &[LintRule<Policy>] = &[
    // Client authentication.
    LintRule {
        severity: DoesNotConform,
        label: "authentication_method",
        member: "token_endpoint_auth_methods_supported",
        profiles: &[
            Profile::Fapi1Advanced,
            Profile::Brazil,
            Profile::Fapi2SecurityProfile,
            Profile::Fapi2MessageSigning,
        ],
        broken: |policy| policy.token_endpoint_auth_methods_supported.iter().any(|it| !FAPI_METHODS.contains(it)),
        requirement: "clients must authenticate with keys: private_key_jwt or mutual TLS (FAPI 1.0 Advanced section 5.2.2, FAPI \
                      2.0 Security Profile section 5.3.2.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "authentication_method",
        member: "token_endpoint_auth_methods_supported",
        profiles: &[Profile::Haip],
        broken: |policy| policy.token_endpoint_auth_methods_supported.iter().any(|it| !is_of_haip(*it)),
        requirement: "clients must authenticate with keys: by an attestation, private_key_jwt or mutual TLS (OpenID4VC HAIP, \
                      FAPI 2.0 Security Profile section 5.3.2.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "authentication_method",
        member: "token_endpoint_auth_methods_supported",
        profiles: &[Profile::Cdr, Profile::Atproto],
        broken: |policy| {
            let methods = &policy.token_endpoint_auth_methods_supported;
            methods.iter().any(|method| *method != AuthenticationMethod::PrivateKeyJwt)
        },
        requirement: "confidential clients must authenticate with private_key_jwt (AT Protocol, Consumer Data Standards)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "no_public_clients",
        member: "danger_allow_unauthenticated_clients",
        profiles: &[Profile::Atproto],
        broken: |policy| !policy.danger_allow_unauthenticated_clients,
        requirement: "public clients must be able to push (AT Protocol)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "assertion_algorithm",
        member: "token_endpoint_auth_signing_alg_values_supported",
        profiles: &[Profile::Fapi1Advanced, Profile::Cdr],
        broken: |policy| others(&policy.token_endpoint_auth_signing_alg_values_supported, FAPI1_ALGORITHMS),
        requirement: "only PS256 and ES256 may be used (FAPI 1.0 Advanced section 8.6)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "assertion_algorithm",
        member: "token_endpoint_auth_signing_alg_values_supported",
        profiles: FAPI2,
        broken: |policy| others(&policy.token_endpoint_auth_signing_alg_values_supported, FAPI2_ALGORITHMS),
        requirement: "only PS256, ES256 and EdDSA with Ed25519 may be used (FAPI 2.0 Security Profile section 5.4.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "assertion_algorithm",
        member: "token_endpoint_auth_signing_alg_values_supported",
        profiles: &[Profile::Brazil],
        broken: |policy| others(&policy.token_endpoint_auth_signing_alg_values_supported, &[SigningAlgorithm::Ps256]),
        requirement: "only PS256 may be used (Open Finance Brasil security profile)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "no_es256",
        member: "token_endpoint_auth_signing_alg_values_supported",
        profiles: &[Profile::Atproto, Profile::Haip],
        broken: |policy| !policy.token_endpoint_auth_signing_alg_values_supported.contains(&SigningAlgorithm::Es256),
        requirement: "ES256 must be supported (AT Protocol, OpenID4VC HAIP)",
    },
    LintRule {
        severity: Note,
        label: "long_assertion_lifetime",
        member: "client_assertion_lifetime",
        profiles: ALL,
        broken: |policy| policy.client_assertion_lifetime > 300,
        requirement: "assertions should be good for some minutes only (RFC 7523 section 3)",
    },
    // Sender-constrained tokens.
    LintRule {
        severity: DoesNotConform,
        label: "dpop_not_required",
        member: "require_dpop",
        profiles: &[Profile::Haip, Profile::Atproto],
        broken: |policy| !policy.require_dpop,
        requirement: "tokens must be bound with DPoP (OpenID4VC HAIP, AT Protocol)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "dpop_nonce_not_required",
        member: "require_dpop_nonce",
        profiles: &[Profile::Atproto],
        broken: |policy| !policy.require_dpop_nonce,
        requirement: "DPoP proofs must have a nonce of the server's (AT Protocol)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "dpop_algorithm",
        member: "dpop_signing_alg_values_supported",
        profiles: FAPI2,
        broken: |policy| others(&policy.dpop_signing_alg_values_supported, FAPI2_ALGORITHMS),
        requirement: "only PS256, ES256 and EdDSA with Ed25519 may be used (FAPI 2.0 Security Profile section 5.4.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "dpop_without_es256",
        member: "dpop_signing_alg_values_supported",
        profiles: &[Profile::Haip, Profile::Atproto],
        broken: |policy| !policy.dpop_signing_alg_values_supported.contains(&SigningAlgorithm::Es256),
        requirement: "ES256 must be supported for DPoP proofs (OpenID4VC HAIP, AT Protocol)",
    },
    LintRule {
        severity: Note,
        label: "long_dpop_proof_lifetime",
        member: "dpop_proof_lifetime",
        profiles: ALL,
        broken: |policy| policy.dpop_proof_lifetime > 60 && !policy.require_dpop_nonce,
        requirement: "without a nonce, proofs should be good for about a minute (RFC 9449 section 11.1)",
    },
];

/// Returns `true` for the methods of FAPI and for attestations, which HAIP has for wallets.
fn is_of_haip(method: AuthenticationMethod) -> bool {
    method.uses_attestation() || FAPI_METHODS.contains(&method)
}
