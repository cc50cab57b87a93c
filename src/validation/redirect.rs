//! `redirect_uri`: which rules the request may use, and what using the widest one costs.

use super::provenance::Arrival;
use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::Policy,
    protocol::{
        parameters::{Name, Parameters},
        redirect_uri::{RedirectUri, RedirectUriError, RedirectUriRule},
        response_type::{ResponseMode, ResponseType},
    },
};

pub(super) fn check(
    parameters: &Parameters,
    client: &Client,
    policy: &Policy,
    arrival: Arrival,
) -> Result<RedirectUri, Refusal> {
    let Some(requested) = parameters.known(Name::RedirectUri) else {
        return only_registered(parameters, client, policy);
    };
    let mut outcome = by_rule(client, RedirectUriRule::Exact, requested);
    if outcome.is_err() && client.is_native() {
        outcome = by_rule(client, RedirectUriRule::Loopback, requested);
    }
    if outcome.is_err() && arrival == Arrival::Pushed && client.may_use_per_request_redirect_uris(policy) {
        let below_registered_path = policy.restrict_per_request_redirect_uris_to_registered_path;
        outcome = by_rule(client, RedirectUriRule::SameOrigin { below_registered_path }, requested);
    }
    Ok(outcome?)
}

/// The first registered URI that fits, or what was wrong about the last.
fn by_rule(client: &Client, rule: RedirectUriRule, requested: &str) -> Result<RedirectUri, RedirectUriError> {
    let mut outcome = Err(RedirectUriError::Different);
    for registered in client.redirect_uris() {
        outcome = registered.matches(rule, requested);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// RFC 6749 section 3.1.2.3 lets a client with one registered URI leave it out; OpenID Connect Core does not.
fn only_registered(parameters: &Parameters, client: &Client, policy: &Policy) -> Result<RedirectUri, Refusal> {
    let openid = parameters.known(Name::Scope).is_some_and(|scope| scope.split(' ').any(|token| token == "openid"));
    match client.redirect_uris() {
        [only] if !policy.require_redirect_uri && !openid => Ok(only.matches(RedirectUriRule::Exact, only.as_str())?),
        _ => Err(Reason::MissingRedirectUri.into()),
    }
}

/// A page elsewhere on the origin may pass on what it gets, so a per-request URI is good for a code alone, which PKCE makes
/// worthless to others.
pub(super) fn check_response(
    redirect_uri: &RedirectUri,
    response_type: ResponseType,
    response_mode: ResponseMode,
) -> Result<(), Refusal> {
    let safe = response_type == ResponseType::CODE && !response_mode.is_in_fragment();
    if redirect_uri.is_registered() || safe { Ok(()) } else { Err(Reason::PerRequestRedirectUriFlow.into()) }
}
