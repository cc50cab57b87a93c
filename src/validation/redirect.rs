//! `redirect_uri`: the rules that a request may use, and the conditions of the widest ones.

use super::{
    provenance::Arrival,
    redirect_matcher::{RedirectUriMatch, RedirectUriMatcher},
};
use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::Policy,
    protocol::{
        parameters::{Name, Parameters},
        redirect_uri::{RedirectUri, RedirectUriError, RedirectUriRule, RegisteredRedirectUri, RequestedRedirectUri},
        response_type::{ResponseMode, ResponseType},
    },
};

pub(super) fn check(
    parameters: &Parameters,
    client: &Client,
    policy: &Policy,
    arrival: Arrival,
    matcher: Option<&dyn RedirectUriMatcher>,
) -> Result<RedirectUri, Refusal> {
    let Some(requested) = parameters.known(Name::RedirectUri) else {
        return only_registered(parameters, client, policy);
    };
    check_requested(requested, client, policy, arrival, matcher)
}

/// Checks a redirect URI that is there.
pub(super) fn check_requested(
    requested: &str,
    client: &Client,
    policy: &Policy,
    arrival: Arrival,
    matcher: Option<&dyn RedirectUriMatcher>,
) -> Result<RedirectUri, Refusal> {
    let accepted = match (matched(client, policy, arrival, requested), matcher) {
        (Err(fault), Some(matcher)) => matched_by_host(client, matcher, requested).ok_or(fault)?,
        (outcome, _) => outcome?,
    };
    check_scheme(accepted, policy)
}

/// A URI that passes the checks of the text, which hold for every rule, and then the rule of the host.
fn matched_by_host(client: &Client, matcher: &dyn RedirectUriMatcher, requested: &str) -> Option<RedirectUri> {
    let requested = RequestedRedirectUri::parse_for_host(requested).ok()?;
    let needs_code_with_pkce = match matcher.match_redirect_uri(client, &requested) {
        RedirectUriMatch::No => return None,
        RedirectUriMatch::CodeWithPkce => true,
        RedirectUriMatch::AsRegistered => false,
    };
    Some(RedirectUri::accepted_by_host(&requested, needs_code_with_pkce))
}

fn matched(
    client: &Client,
    policy: &Policy,
    arrival: Arrival,
    requested: &str,
) -> Result<RedirectUri, RedirectUriError> {
    let mut outcome = first(client, |registered| registered.matches_exactly(requested));
    let loopback =
        client.may_choose_loopback_port().then_some(match policy.allow_localhost_redirect_uris_on_any_port {
            true => RedirectUriRule::LoopbackOrLocalhost,
            false => RedirectUriRule::Loopback,
        });
    let below_registered_path = policy.restrict_per_request_redirect_uris_to_registered_path;
    let per_request = (arrival == Arrival::Pushed && client.may_use_per_request_redirect_uris(policy))
        .then_some(RedirectUriRule::SameOrigin { below_registered_path });
    let wider: Vec<RedirectUriRule> = [loopback, per_request].into_iter().flatten().collect();
    if outcome.is_err() && !wider.is_empty() {
        let parsed = RequestedRedirectUri::parse(requested)?;
        for rule in wider {
            if outcome.is_err() {
                outcome = first(client, |registered| registered.matches_widely(rule, &parsed));
            }
        }
    }
    outcome
}

/// The first registered URI that fits, or the problem with the last.
fn first(
    client: &Client,
    matches: impl Fn(&RegisteredRedirectUri) -> Result<RedirectUri, RedirectUriError>,
) -> Result<RedirectUri, RedirectUriError> {
    let mut outcome = Err(RedirectUriError::Different);
    for registered in client.redirect_uris() {
        outcome = matches(registered);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Refuses a scheme without a dot where the policy does: a registration does not know the policy.
fn check_scheme(matched: RedirectUri, policy: &Policy) -> Result<RedirectUri, Refusal> {
    if matched.has_scheme_without_dot() && !policy.danger_allow_redirect_uri_schemes_without_dot {
        return Err(RedirectUriError::Scheme.into());
    }
    Ok(matched)
}

/// RFC 6749 section 3.1.2.3 lets a client with one registered URI leave it out; OpenID Connect Core does not.
fn only_registered(parameters: &Parameters, client: &Client, policy: &Policy) -> Result<RedirectUri, Refusal> {
    let openid = parameters.known(Name::Scope).is_some_and(|scope| scope.split(' ').any(|token| token == "openid"));
    match client.redirect_uris() {
        [only] if client.redirect_uri_patterns().is_empty() && !policy.require_redirect_uri && !openid => {
            check_scheme(only.matches_exactly(only.as_str())?, policy)
        }
        _ => Err(Reason::MissingRedirectUri.into()),
    }
}

/// A page elsewhere on the origin may pass on a response, and another app may have claimed a scheme without a dot. So these URIs
/// are good for a code alone, which PKCE makes worthless to others.
pub(super) fn check_response(
    redirect_uri: &RedirectUri,
    response_type: ResponseType,
    response_mode: ResponseMode,
) -> Result<(), Refusal> {
    if !redirect_uri.needs_code_with_pkce() {
        return Ok(());
    }
    if response_type != ResponseType::CODE {
        return Err(Reason::PerRequestRedirectUriFlow.into());
    }
    if response_mode.is_in_fragment() { Err(Reason::PerRequestRedirectUriMode.into()) } else { Ok(()) }
}
