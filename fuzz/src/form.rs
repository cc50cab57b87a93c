//! The body of a push, or the query of an authorization request.

use std::sync::LazyLock;

use parjar::{Limits, Parameters, Policy, Refusal};
use serde_json::json;
use url::form_urlencoded;

use super::server::{Server, check_refusal, registration};

const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];
/// Their white space may have line breaks, which are left out.
const JSON: [&str; 3] = ["claims", "authorization_details", "registration"];
const FOR_TOKEN_ENDPOINT: [&str; 5] = ["grant_type", "code", "code_verifier", "refresh_token", "password"];

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::new(Policy::oauth(), [registration("c1", json!({}))]));

pub fn run(bytes: &[u8]) {
    let wide = parse(bytes, &Limits::default());
    let narrow = parse(bytes, &tight());
    if narrow.is_some() {
        assert!(wide == narrow, "what fits tighter limits is the same within wider ones");
    }
    push(bytes, wide.as_ref());
}

fn tight() -> Limits {
    let mut limits = Limits::default();
    limits.body = 256;
    limits.parameters = 3;
    limits.name = 16;
    limits.value = 24;
    limits.json_value = 32;
    limits.request_object = 40;
    limits
}

fn parse(bytes: &[u8], limits: &Limits) -> Option<Parameters> {
    let parameters = match Parameters::parse(bytes, limits) {
        Ok(parameters) => parameters,
        Err(error) => {
            let refusal = Refusal::from(error);
            check_refusal(&refusal);
            assert_eq!(refusal.code().as_str(), "invalid_request");
            return None;
        }
    };
    assert!(bytes.len() <= limits.body);
    assert!(parameters.len() <= limits.parameters);
    for (name, value) in parameters.iter() {
        let limit = match name {
            "claims" | "authorization_details" => limits.json_value,
            "request" => limits.request_object,
            _ => limits.value,
        };
        assert!((1..=limits.name).contains(&name.len()), "{name:?}");
        assert!((1..=limit).contains(&value.len()), "{name:?}: {} bytes", value.len());
        assert!(!name.chars().chain(value.chars()).any(char::is_control), "{name:?}: {value:?}");
        assert!(!name.starts_with('\u{feff}'), "{name:?}");
        assert!(!CREDENTIALS.contains(&name), "{name}");
        assert!(name == "resource" || parameters.get_all(name).count() == 1, "{name:?} is there twice");
    }
    // Where nothing had to be refused, a decoder that never refuses anything finds the same.
    let lenient: Vec<_> = form_urlencoded::parse(bytes)
        .filter(|(name, value)| !value.is_empty() && !CREDENTIALS.contains(&&**name))
        .collect();
    assert_eq!(parameters.len(), lenient.len());
    for ((name, value), (lenient_name, lenient_value)) in parameters.iter().zip(&lenient) {
        assert_eq!(name, lenient_name);
        if JSON.contains(&name) && lenient_value.contains(['\t', '\n', '\r']) {
            assert_eq!(without_white_space(value), without_white_space(lenient_value), "{name}");
        } else {
            assert_eq!(value, lenient_value, "{name}");
        }
    }
    let again = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters.iter()).finish();
    if again.len() <= limits.body {
        assert!(Parameters::parse(again.as_bytes(), limits).is_ok_and(|other| other == parameters), "{again}");
    }
    Some(parameters)
}

fn without_white_space(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, ' ' | '\t' | '\n' | '\r')).collect()
}

/// What can be pushed can be opened, and is what was pushed.
fn push(bytes: &[u8], parameters: Option<&Parameters>) {
    SERVER.store.clear();
    if SERVER.push("c1", bytes).is_err() {
        return;
    }
    let parameters = parameters.expect("nothing is stored of a body that is no form");
    let pending = SERVER.open("c1").expect("what was accepted can be opened");
    let kept = |(name, _): &(&str, &str)| !FOR_TOKEN_ENDPOINT.contains(name);
    let mut expected: Vec<_> = parameters.iter().filter(kept).collect();
    if parameters.get("client_id").is_none() {
        expected.push(("client_id", "c1"));
    }
    assert!(pending.request().parameters().iter().eq(expected));
    SERVER.complete(&pending);
}
