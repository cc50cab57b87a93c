//! What a document may say, where a registration may say more.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Map, Value};
use url::{Host, Url};

use super::ClientUrl;
use crate::{
    client::{ClientRegistration, RegistrationError},
    json,
};

/// Checks that a document has no secret (draft-ietf-oauth-client-id-metadata-document section 4.1), and nothing that only the host of
/// a server may switch on for a client.
pub(super) fn check(members: &Map<String, Value>) -> Result<(), RegistrationError> {
    const SECRETS: [&str; 3] = ["client_secret", "client_secret_expires_at", "client_secrets"];
    const OF_THE_HOST: [&str; 3] =
        ["danger_allow_legacy_assertion_audience", "danger_redirect_uri_patterns", "allow_per_request_redirect_uris"];
    let is_there = |name: &&str| members.get(*name).is_some_and(|value| !json::is_empty(value));
    if let Some(name) = SECRETS.into_iter().find(is_there) {
        return Err(RegistrationError::new(name, "must be absent: a published document has no secrets"));
    }
    if let Some(name) = OF_THE_HOST.into_iter().find(is_there) {
        return Err(RegistrationError::new(name, "must be absent: a client cannot decide on it"));
    }
    Ok(())
}

/// Fills in what a document leaves out. By RFC 7591 a client without a method has a secret, which such a client cannot have.
pub(super) fn complete(registration: &mut ClientRegistration) -> Result<(), RegistrationError> {
    const METHOD: &str = "token_endpoint_auth_method";
    let several = registration.token_endpoint_auth_methods.iter().flatten();
    let mut methods = registration.token_endpoint_auth_method.iter().chain(several);
    if methods.any(|method| method.starts_with("client_secret_")) {
        return Err(RegistrationError::new(
            METHOD,
            "must be none, or one with keys: a published document has no secrets",
        ));
    }
    let has_method = |method: &String| !method.is_empty();
    if registration.token_endpoint_auth_method.as_ref().is_some_and(has_method)
        || registration.token_endpoint_auth_methods.as_ref().is_some_and(|several| !several.is_empty())
    {
        return Ok(());
    }
    if registration.jwks.is_some() || registration.jwks_uri.is_some() {
        return Err(RegistrationError::new(METHOD, "is missing, although there are keys"));
    }
    registration.token_endpoint_auth_method = Some("none".to_owned());
    Ok(())
}

/// A stranger who publishes documents would else choose hosts that this server fetches keys from, as often as it is asked to, and outside of the
/// budgets for documents.
pub(super) fn check_jwks_uri(url: &ClientUrl, registration: &ClientRegistration) -> Result<(), RegistrationError> {
    match &registration.jwks_uri {
        Some(uri) if !uri.is_empty() && !is_at(uri, url) => {
            Err(RegistrationError::new("jwks_uri", "must be an https URL of the host of the client_id"))
        }
        _ => Ok(()),
    }
}

/// The rules of the AT Protocol (OAuth, "Clients"), on top.
pub(super) fn check_atproto(url: &ClientUrl, registration: &ClientRegistration) -> Result<(), RegistrationError> {
    let refuse = |member, problem| Err(RegistrationError::new(member, problem));
    if url.port().is_some() {
        return refuse("client_id", "must have no port");
    }
    let scopes = registration.scope.as_deref().unwrap_or_default();
    if !scopes.split(' ').any(|scope| scope == "atproto") {
        return refuse("scope", "must contain atproto");
    }
    if !registration.dpop_bound_access_tokens {
        return refuse("dpop_bound_access_tokens", "must be true");
    }
    let lacks = |list: &Option<Vec<String>>, value: &str| {
        list.as_ref().is_some_and(|list| !list.iter().any(|listed| listed == value))
    };
    if lacks(&registration.grant_types, "authorization_code") {
        return refuse("grant_types", "must contain authorization_code");
    }
    if lacks(&registration.response_types, "code") {
        return refuse("response_types", "must contain code");
    }
    match registration.token_endpoint_auth_method.as_deref() {
        Some("none") => {}
        Some("private_key_jwt") if registration.token_endpoint_auth_signing_alg.is_some() => {}
        Some("private_key_jwt") => return refuse("token_endpoint_auth_signing_alg", "is missing"),
        _ => return refuse("token_endpoint_auth_method", "must be none or private_key_jwt"),
    }
    if let Some(client_uri) = registration.other.get("client_uri").and_then(Value::as_str)
        && !is_at(client_uri, url)
    {
        return refuse("client_uri", "must be an https URL of the host of the client_id");
    }
    let is_native = registration.application_type.as_deref() == Some("native");
    match registration.redirect_uris.iter().find_map(|uri| redirect_uri_problem(uri, url, is_native)) {
        Some(problem) => refuse("redirect_uris", problem),
        None => Ok(()),
    }
}

fn is_at(uri: &str, url: &ClientUrl) -> bool {
    Url::parse(uri).is_ok_and(|uri| uri.scheme() == "https" && uri.host_str() == Some(url.host()))
}

fn redirect_uri_problem(uri: &str, url: &ClientUrl, is_native: bool) -> Option<&'static str> {
    let Ok(parsed) = Url::parse(uri) else { return Some("must be URIs") };
    match (parsed.scheme(), parsed.host()) {
        ("https", _) if is_at(uri, url) => None,
        ("https", _) => Some("must be of the host of the client_id, if they are https URLs"),
        ("http", Some(Host::Ipv4(Ipv4Addr::LOCALHOST))) if is_native => None,
        ("http", Some(Host::Ipv6(Ipv6Addr::LOCALHOST))) if is_native => None,
        ("http", _) => Some("must not be http URLs, but of loopback addresses for native clients"),
        _ if !is_native => Some("must be https URLs of a web client"),
        (scheme, None) if is_reversed(scheme, url.host()) => None,
        _ => Some("must have the reversed name of the host as scheme, and one slash after it"),
    }
}

/// Returns `true` for `com.example.app` and `app.example.com`.
fn is_reversed(scheme: &str, host: &str) -> bool {
    scheme.split('.').eq(host.rsplit('.'))
}
