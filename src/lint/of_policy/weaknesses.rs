//! Settings that weaken any server.

use crate::{
    lint::{
        LintRule,
        Severity::{Dangerous, DoesNotConform},
        profiles::{ALL, NOT_ATPROTO, STRICT_AUDIENCE},
    },
    policy::{Policy, Profile},
};

pub(super) const RULES: &[LintRule<Policy>] = &[
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
];
