//! The parameters of requests, and responses.

use crate::{
    lint::{
        LintRule,
        Severity::{DoesNotConform, Note},
        profiles::{ALL, FAPI_AND_ATPROTO, FAPI1, PUSHED, REGISTERED_URIS},
    },
    policy::{Policy, Profile, RequireCodeChallenge},
    protocol::response_type::ResponseType,
};

/// Seconds of a day.
const DAY: u32 = 86_400;

pub(super) const RULES: &[LintRule<Policy>] = &[
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
];
