//! Pushed requests and request objects.

use super::algorithms::others;
use crate::{
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    lint::{
        LintRule,
        Severity::{DoesNotConform, Note},
        profiles::{FAPI2, PUSHED, SIGNED},
    },
    policy::{FAPI1_ALGORITHMS, FAPI2_ALGORITHMS, Policy, Profile},
};

pub(super) const RULES: &[LintRule<Policy>] = &[
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
];
