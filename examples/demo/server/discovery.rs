//! What clients read first: metadata (RFC 8414, OpenID Connect Discovery) and public keys.

use serde_json::json;

use super::Server;
use crate::demo::http::message::Answer;

/// The library's part, and what the endpoints of this server add to it.
pub(crate) fn metadata(server: &Server) -> Answer {
    let mut document = server.par.metadata();
    let own = [
        ("jwks_uri", server.issuer.url("/jwks").into()),
        ("grant_types_supported", json!(grants(server))),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["ES256"])),
    ];
    for (name, value) in own {
        document.entry(name).or_insert(value);
    }
    Answer::json(200, serde_json::Value::Object(document).to_string()).with("cache-control", "public, max-age=60")
}

/// The grants of this server: codes are traded at its token endpoint, and tokens may come straight from the page.
fn grants(server: &Server) -> Vec<&'static str> {
    let types = &server.par.policy().response_types_supported;
    let comes_with =
        |wanted: &[&str]| types.iter().any(|kind| kind.as_str().split(' ').any(|part| wanted.contains(&part)));
    let grants = [("authorization_code", comes_with(&["code"])), ("implicit", comes_with(&["token", "id_token"]))];
    grants.into_iter().filter_map(|(grant, is_offered)| is_offered.then_some(grant)).collect()
}

/// What clients read that know nothing but the API (RFC 9728): the origin stands for all that is behind it.
pub(crate) fn protected_resource(server: &Server) -> Answer {
    let issuer = server.issuer.as_str();
    let mut document = json!({
        "resource": issuer,
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
    });
    if let (Some(scopes), Some(members)) = (&server.par.policy().scopes_supported, document.as_object_mut()) {
        members.insert("scopes_supported".to_owned(), json!(scopes));
    }
    Answer::json(200, document.to_string()).with("cache-control", "public, max-age=60")
}

pub(crate) fn jwks(server: &Server) -> Answer {
    Answer::json(200, server.jwks.as_str()).with("cache-control", "public, max-age=60")
}
