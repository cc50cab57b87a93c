//! What clients read first: metadata (RFC 8414, OpenID Connect Discovery) and public keys.

use serde_json::json;

use super::{Demo, message::Answer};

/// The library's part, and what the endpoints of this server add to it.
pub(crate) fn metadata(demo: &Demo) -> Answer {
    let mut document = demo.par.metadata();
    let own = [
        ("jwks_uri", demo.issuer.url("/jwks").into()),
        ("grant_types_supported", json!(grants(demo))),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["ES256"])),
    ];
    for (name, value) in own {
        document.entry(name).or_insert(value);
    }
    Answer::json(200, serde_json::Value::Object(document).to_string()).with("cache-control", "public, max-age=60")
}

/// The grants of this server: codes are traded at its token endpoint, and tokens may come straight from the page.
fn grants(demo: &Demo) -> Vec<&'static str> {
    let types = &demo.par.policy().response_types_supported;
    let comes_with =
        |wanted: &[&str]| types.iter().any(|kind| kind.as_str().split(' ').any(|part| wanted.contains(&part)));
    let grants = [("authorization_code", comes_with(&["code"])), ("implicit", comes_with(&["token", "id_token"]))];
    grants.into_iter().filter_map(|(grant, is_offered)| is_offered.then_some(grant)).collect()
}

pub(crate) fn jwks(demo: &Demo) -> Answer {
    Answer::json(200, demo.jwks.as_str()).with("cache-control", "public, max-age=60")
}
