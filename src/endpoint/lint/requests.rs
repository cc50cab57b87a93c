//! Rules of the host for requests, and what clients may ask for.

use super::{Endpoint, Registered};
use crate::lint::{
    LintRule,
    Severity::{Dangerous, Note},
    profiles::ALL,
};

pub(super) fn rules<'a>() -> Vec<LintRule<Endpoint<'a>>> {
    vec![LintRule {
        severity: Dangerous,
        label: "redirect_uri_matcher",
        member: "danger_redirect_uri_matcher",
        profiles: ALL,
        broken: |it| it.parts.validator.redirect_uri_matcher.is_some(),
        requirement: "a redirect URI must be a registered one, compared exactly (RFC 9700 section 2.1), or codes may go elsewhere",
    }]
}

pub(super) fn of_clients<'a>() -> Vec<LintRule<Registered<'a>>> {
    vec![
        LintRule {
            severity: Note,
            label: "redirect_uri_patterns_without_effect",
            member: "danger_redirect_uri_patterns",
            profiles: ALL,
            broken: |it| {
                let has_matcher = it.at.parts.validator.redirect_uri_matcher.is_some();
                !it.client.redirect_uri_patterns().is_empty() && !has_matcher
            },
            requirement: "the endpoint has no danger_redirect_uri_matcher, so that nothing matches these patterns",
        },
        LintRule {
            severity: Note,
            label: "authorization_details_type_unknown",
            member: "authorization_details_types",
            profiles: ALL,
            broken: |it| {
                let known = &it.at.parts.validator.detail_types;
                let mut registered = it.client.authorization_details_types().unwrap_or_default().iter();
                registered.any(|name| !known.contains_key(name.as_str()))
            },
            requirement: "the client is registered for a type that the endpoint has no check for (authorization_details_type), and \
                          refuses (RFC 9396 section 5)",
        },
        LintRule {
            severity: Note,
            label: "dpop_without_token_endpoint",
            member: "dpop_bound_access_tokens",
            profiles: ALL,
            broken: |it| it.client.must_use_dpop(it.at.policy) && it.at.parts.urls.token.url.is_none(),
            requirement: "the client must bring DPoP proofs to the token endpoint, whose URL was not given (token_endpoint), so that \
                          all of them are refused (RFC 9449 section 4.3)",
        },
    ]
}
