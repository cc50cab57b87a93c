//! Rules for policies.

use super::{
    About, Finding, LintRule,
    Severity::{Dangerous, DoesNotConform, Note},
    profiles::{ALL, FAPI_AND_ATPROTO, FAPI1, FAPI2, NOT_ATPROTO, PUSHED, REGISTERED_URIS, SIGNED, STRICT_AUDIENCE},
};
use crate::{
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    policy::{FAPI_METHODS, FAPI1_ALGORITHMS, FAPI2_ALGORITHMS, Policy, Profile, RequireCodeChallenge},
    protocol::{authentication_method::AuthenticationMethod, response_type::ResponseType},
};

/// Seconds of a day.
const DAY: u32 = 86_400;

pub(super) fn findings(policy: &Policy, profile: Profile) -> Vec<Finding> {
    let of_rules = RULES.iter().filter_map(|rule| rule.finding(profile, policy, None));
    of_rules.chain(request_uri_lifetime(policy, profile)).collect()
}

/// The bounds of the profile that is asked about, which need not be that of the policy.
fn request_uri_lifetime(policy: &Policy, profile: Profile) -> Option<Finding> {
    let (lifetimes, requirement) = profile.request_uri_lifetimes();
    (!lifetimes.contains(&policy.request_uri_lifetime)).then_some(Finding {
        severity: DoesNotConform,
        label: "request_uri_lifetime",
        about: About::Policy,
        member: "request_uri_lifetime",
        requirement: requirement.into(),
    })
}

const RULES: &[LintRule<Policy>] = &[
    // Settings that weaken any server.
    LintRule {
        severity: Dangerous,
        label: "unauthenticated_clients",
        member: "danger_allow_unauthenticated_clients",
        profiles: NOT_ATPROTO,
        broken: |policy| policy.danger_allow_unauthenticated_clients,
        requirement: "an attacker can push in the name of a public client; FAPI knows none (FAPI 2.0 Security Profile section \
                      5.3.2.2, FAPI 1.0 Advanced section 5.2.2)",
    },
    LintRule {
        severity: Dangerous,
        label: "request_objects_without_exp",
        member: "danger_allow_request_objects_without_exp",
        profiles: ALL,
        broken: |policy| policy.danger_allow_request_objects_without_exp,
        requirement: "a request object without exp starts its authorization again for ever (FAPI 2.0 Message Signing section 5.3.1)",
    },
    LintRule {
        severity: Dangerous,
        label: "decryption_by_value",
        member: "danger_decrypt_request_objects_by_value",
        profiles: ALL,
        broken: |policy| policy.danger_decrypt_request_objects_by_value,
        requirement: "an attacker can make the server work with its private keys; encrypted request objects should be pushed",
    },
    LintRule {
        severity: Dangerous,
        label: "plain_code_challenge",
        member: "danger_allow_plain_code_challenge",
        profiles: ALL,
        broken: |policy| policy.danger_allow_plain_code_challenge,
        requirement: "only S256 keeps the verifier from an attacker who sees the request (RFC 9700 section 2.1.1)",
    },
    LintRule {
        severity: Dangerous,
        label: "redirect_uri_schemes_without_dot",
        member: "danger_allow_redirect_uri_schemes_without_dot",
        profiles: ALL,
        broken: |policy| policy.danger_allow_redirect_uri_schemes_without_dot,
        requirement: "any app on the device can claim a scheme that is not the reversed name of a domain (RFC 8252 sections 7.1 \
                      and 8.4)",
    },
    LintRule {
        severity: Dangerous,
        label: "legacy_assertion_audience",
        member: "danger_allow_legacy_assertion_audience",
        profiles: STRICT_AUDIENCE,
        broken: |policy| policy.danger_allow_legacy_assertion_audience,
        requirement: "the aud of an assertion must be the issuer alone, or another server can use it here (RFC 7523bis, FAPI \
                      2.0 Security Profile section 5.3.2.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "assertion_audience_array",
        member: "accept_client_assertion_audience_array",
        profiles: &[Profile::Fapi2SecurityProfile, Profile::Fapi2MessageSigning, Profile::Haip, Profile::Atproto],
        broken: |policy| policy.accept_client_assertion_audience_array,
        requirement: "the aud of an assertion must be the issuer as a string (FAPI 2.0 Security Profile section 5.3.2.1)",
    },
    LintRule {
        severity: Dangerous,
        label: "access_token_in_response",
        member: "response_types_supported",
        profiles: ALL,
        broken: |policy| policy.response_types_supported.iter().any(|kind| kind.has_token()),
        requirement: "access tokens should not come through the browser (RFC 9700 section 2.1.2)",
    },
    // Pushed requests.
    LintRule {
        severity: DoesNotConform,
        label: "push_switched_off",
        member: "pushed_authorization_requests",
        profiles: PUSHED,
        broken: |policy| !policy.pushed_authorization_requests,
        requirement: "pushed requests must be supported (FAPI 2.0 Security Profile section 5.3.2.2, AT Protocol, Consumer Data \
                      Standards)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "push_not_required",
        member: "require_pushed_authorization_requests",
        profiles: PUSHED,
        broken: |policy| !policy.require_pushed_authorization_requests,
        requirement: "requests that were not pushed must be refused (FAPI 2.0 Security Profile section 5.3.2.2, AT Protocol, \
                      Consumer Data Standards)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "neither_pushed_nor_encrypted",
        member: "require_pushed_authorization_requests",
        profiles: &[Profile::Brazil],
        broken: |policy| !policy.require_pushed_authorization_requests && !policy.require_encrypted_request_object,
        requirement: "requests must be pushed or encrypted (Open Finance Brasil security profile)",
    },
    LintRule {
        severity: Note,
        label: "long_request_uri_lifetime",
        member: "request_uri_lifetime",
        profiles: &[Profile::Atproto],
        broken: |policy| policy.request_uri_lifetime > 300,
        requirement: "a request_uri should be good for a short time only (RFC 9101 section 10.2)",
    },
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
    // Request objects.
    LintRule {
        severity: DoesNotConform,
        label: "unsigned_requests",
        member: "require_signed_request_object",
        profiles: SIGNED,
        broken: |policy| !policy.require_signed_request_object,
        requirement: "requests must be signed (FAPI 1.0 Advanced section 5.2.2, FAPI 2.0 Message Signing section 5.3.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "request_objects_without_nbf",
        member: "require_request_object_nbf",
        profiles: SIGNED,
        broken: |policy| !policy.require_request_object_nbf,
        requirement: "request objects must have nbf (FAPI 1.0 Advanced section 5.2.2, FAPI 2.0 Message Signing section 5.3.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "request_object_algorithm",
        member: "request_object_signing_alg_values_supported",
        profiles: &[Profile::Fapi1Advanced, Profile::Cdr],
        broken: |policy| others(&policy.request_object_signing_alg_values_supported, FAPI1_ALGORITHMS),
        requirement: "only PS256 and ES256 may be used (FAPI 1.0 Advanced section 8.6)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "request_object_algorithm",
        member: "request_object_signing_alg_values_supported",
        profiles: FAPI2,
        broken: |policy| others(&policy.request_object_signing_alg_values_supported, FAPI2_ALGORITHMS),
        requirement: "only PS256, ES256 and EdDSA with Ed25519 may be used (FAPI 2.0 Security Profile section 5.4.1)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "request_object_algorithm",
        member: "request_object_signing_alg_values_supported",
        profiles: &[Profile::Brazil],
        broken: |policy| others(&policy.request_object_signing_alg_values_supported, &[SigningAlgorithm::Ps256]),
        requirement: "only PS256 may be used (Open Finance Brasil security profile)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "encryption_algorithm",
        member: "request_object_encryption_alg_values_supported",
        profiles: &[Profile::Brazil],
        broken: |policy| policy.request_object_encryption_alg_values_supported != [KeyManagement::RsaOaep],
        requirement: "keys must be encrypted with RSA-OAEP (Open Finance Brasil security profile)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "content_encryption",
        member: "request_object_encryption_enc_values_supported",
        profiles: &[Profile::Brazil],
        broken: |policy| policy.request_object_encryption_enc_values_supported != [ContentEncryption::A256Gcm],
        requirement: "content must be encrypted with A256GCM (Open Finance Brasil security profile)",
    },
    LintRule {
        severity: Note,
        label: "encryption_with_secrets",
        member: "request_object_encryption_alg_values_supported",
        profiles: &[
            Profile::Fapi1Advanced,
            Profile::Cdr,
            Profile::Fapi2SecurityProfile,
            Profile::Fapi2MessageSigning,
            Profile::Haip,
            Profile::Atproto,
        ],
        broken: |policy| policy.request_object_encryption_alg_values_supported.iter().any(|it| it.is_symmetric()),
        requirement: "no client has a secret to encrypt with",
    },
    LintRule {
        severity: DoesNotConform,
        label: "clock_leeway",
        member: "clock_leeway",
        profiles: FAPI2,
        broken: |policy| policy.clock_leeway < 10,
        requirement: "dates up to 10 seconds in the future must be accepted (FAPI 2.0 Security Profile section 5.3.2.1)",
    },
    // Parameters.
    LintRule {
        severity: DoesNotConform,
        label: "code_challenge_not_required",
        member: "require_code_challenge",
        profiles: &[Profile::Fapi2SecurityProfile, Profile::Fapi2MessageSigning, Profile::Haip, Profile::Atproto],
        broken: |policy| policy.require_code_challenge != RequireCodeChallenge::Always,
        requirement: "every request must use PKCE with S256 (FAPI 2.0 Security Profile section 5.3.2.2, AT Protocol)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "code_challenge_not_required",
        member: "require_code_challenge",
        profiles: FAPI1,
        broken: |policy| policy.require_code_challenge == RequireCodeChallenge::PublicClients,
        requirement: "every pushed request must use PKCE with S256 (FAPI 1.0 Advanced section 5.2.2, item 18)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "scope_not_required",
        member: "require_scope",
        profiles: FAPI1,
        broken: |policy| !policy.require_scope && policy.required_scopes.is_empty(),
        requirement: "scope must be in every request (FAPI 1.0 Advanced section 5.2.3)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "nonce_or_state_not_required",
        member: "require_nonce_or_state",
        profiles: FAPI1,
        broken: |policy| !policy.require_nonce_or_state,
        requirement: "a request with openid in its scope must have a nonce, and every other one a state (FAPI 1.0 Baseline \
                      sections 5.2.2.2 and 5.2.2.3)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "code_challenge_memory",
        member: "code_challenge_memory",
        profiles: &[Profile::Atproto],
        broken: |policy| policy.code_challenge_memory < DAY,
        requirement: "a challenge must not be used for another session, for a day for instance (AT Protocol)",
    },
    LintRule {
        severity: Note,
        label: "code_challenge_memory_cost",
        member: "code_challenge_memory",
        profiles: ALL,
        broken: |policy| policy.code_challenge_memory > 0,
        requirement: "each push leaves a mark in the store for so long; a memory of a day takes 86 400 marks for each push a second, \
                      up to 22 MB in memory, about 18 MB in PostgreSQL or Redis; beyond the bounds of the store, challenges \
                      are not remembered",
    },
    LintRule {
        severity: DoesNotConform,
        label: "redirect_uri_not_required",
        member: "require_redirect_uri",
        profiles: &[
            Profile::Oidc,
            Profile::Fapi1Advanced,
            Profile::Brazil,
            Profile::Cdr,
            Profile::Fapi2SecurityProfile,
            Profile::Fapi2MessageSigning,
            Profile::Haip,
            Profile::Atproto,
        ],
        broken: |policy| !policy.require_redirect_uri,
        requirement: "redirect_uri must be in every request (OpenID Connect Core section 3.1.2.1, FAPI 2.0 Security Profile \
                      section 5.3.2.2)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "per_request_redirect_uris",
        member: "allow_per_request_redirect_uris",
        profiles: REGISTERED_URIS,
        broken: |policy| policy.allow_per_request_redirect_uris,
        requirement: "redirect_uri must be a registered one, compared exactly (OpenID Connect Core section 3.1.2.1, FAPI 1.0 \
                      Baseline section 5.2.2)",
    },
    LintRule {
        severity: Note,
        label: "per_request_redirect_uris_on_any_path",
        member: "restrict_per_request_redirect_uris_to_registered_path",
        profiles: ALL,
        broken: |policy| {
            policy.allow_per_request_redirect_uris && !policy.restrict_per_request_redirect_uris_to_registered_path
        },
        requirement: "where clients share an origin, each could use the redirect URIs of the others (RFC 9126 section 7.2)",
    },
    LintRule {
        severity: Note,
        label: "key_hints_in_token_headers",
        member: "refuse_key_hints_in_token_headers",
        profiles: FAPI_AND_ATPROTO,
        broken: |policy| !policy.refuse_key_hints_in_token_headers,
        requirement: "keys are registered, and the header of a token should not point to others (RFC 8725 section 3.10)",
    },
    LintRule {
        severity: Note,
        label: "localhost_on_any_port",
        member: "allow_localhost_redirect_uris_on_any_port",
        profiles: FAPI_AND_ATPROTO,
        broken: |policy| policy.allow_localhost_redirect_uris_on_any_port,
        requirement: "the port may differ on 127.0.0.1 and [::1] alone (RFC 8252 sections 7.3 and 8.3)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "state_not_required",
        member: "require_state",
        profiles: &[Profile::Atproto],
        broken: |policy| !policy.require_state,
        requirement: "state must be in every request (AT Protocol)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "scope_not_required",
        member: "required_scopes",
        profiles: &[Profile::Atproto],
        broken: |policy| !policy.required_scopes.iter().any(|scope| scope == "atproto"),
        requirement: "every request must ask for the scope atproto (AT Protocol)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "id_token_hint",
        member: "refuse_id_token_hint",
        profiles: &[Profile::Brazil],
        broken: |policy| !policy.refuse_id_token_hint,
        requirement: "id_token_hint must be refused (Open Finance Brasil security profile)",
    },
    // Responses.
    LintRule {
        severity: DoesNotConform,
        label: "response_type",
        member: "response_types_supported",
        profiles: PUSHED,
        broken: |policy| policy.response_types_supported != [ResponseType::CODE],
        requirement: "response_type must be code (FAPI 2.0 Security Profile section 5.3.2.2, AT Protocol, Consumer Data \
                      Standards)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "response_type",
        member: "response_types_supported",
        profiles: &[Profile::Fapi1Advanced, Profile::Brazil],
        broken: |policy| {
            let good = [ResponseType::CODE, ResponseType::CODE_ID_TOKEN];
            policy.response_types_supported.iter().any(|kind| !good.contains(kind))
        },
        requirement: "response_type must be code id_token, or code with a signed response (FAPI 1.0 Advanced section 5.2.2)",
    },
    LintRule {
        severity: DoesNotConform,
        label: "unsigned_responses",
        member: "require_signed_authorization_response",
        profiles: FAPI1,
        broken: |policy| !policy.require_signed_authorization_response,
        requirement: "a response must be signed, by the ID token in it or as a whole (FAPI 1.0 Advanced section 5.2.2)",
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

fn others(offered: &[SigningAlgorithm], good: &[SigningAlgorithm]) -> bool {
    offered.iter().any(|algorithm| !good.contains(algorithm))
}

/// Returns `true` for the methods of FAPI and for attestations, which HAIP has for wallets.
fn is_of_haip(method: AuthenticationMethod) -> bool {
    method.uses_attestation() || FAPI_METHODS.contains(&method)
}
