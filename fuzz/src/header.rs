//! The header of a token whose signature, or encryption, is right.

use std::sync::LazyLock;

use openssl::sha::sha256;
use parjar::{
    FormRequest, Policy,
    jose::{ContentEncryption, KeyManagement, SharedKey, SharedSecret, SigningAlgorithm},
};
use serde_json::{Value, json};

use super::{
    assertion::ASSERTION_TYPE,
    json::{get, members},
    server::{CALLBACK, FORM, ISSUER, NOW, SECRET, Server, check_refusal, encode, registration},
    tokens::{mac, seal},
};

/// Members that ask for another way of processing, or offer a key.
const FORBIDDEN: [&str; 4] = ["crit", "b64", "zip", "jwk"];

/// Members that point to keys. A server ignores them, and hosts that verify tokens by themselves are kept from them.
const HINTS: [&str; 3] = ["jku", "x5c", "x5u"];

type Members = [(String, Value)];

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let by_assertion = json!({ "token_endpoint_auth_method": "client_secret_jwt" });
    let by_object = json!({
        "request_object_signing_alg": "HS256",
        "request_object_encryption_alg": "dir",
        "request_object_encryption_enc": "A128GCM",
    });
    Server::new(Policy::oauth(), [registration("asserting", by_assertion), registration("c1", by_object)])
});

fn assertion() -> Value {
    json!({ "iss": "asserting", "sub": "asserting", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "1" })
}

fn object() -> Value {
    json!({
        "iss": "c1", "aud": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "client_id": "c1",
        "response_type": "code", "redirect_uri": CALLBACK, "state": "af0",
    })
}

pub fn run(bytes: &[u8]) {
    SERVER.store.clear();
    let mut members = std::str::from_utf8(bytes).ok().and_then(members);
    let mut bare = bytes.to_vec();
    if let Some(members) = &mut members
        && members.iter().any(|(name, _)| HINTS.contains(&&**name))
    {
        members.retain(|(name, _)| !HINTS.contains(&&**name));
        bare = Value::Object(members.iter().cloned().collect()).to_string().into_bytes();
    }
    signed(bytes, &bare, members.as_deref());
    encrypted(bytes, &bare, members.as_deref());
}

/// `bare` is the header without hints, and `members` are its members.
fn signed(header: &[u8], bare: &[u8], members: Option<&Members>) {
    let algorithm = text(members, "alg").unwrap_or_default();
    let with =
        |header: &[u8], payload: &Value| mac(header, payload.to_string().as_bytes(), algorithm, SECRET.as_bytes());
    let sign = |payload: &Value| with(header, payload);
    let token = sign(&object());
    let verify = |token: &str| SharedSecret::new(SECRET.as_bytes()).verify(token, SigningAlgorithm::ALL);
    assert!(header == bare || verify(&token).is_err(), "a hint is let through to a host");
    let verified = verify(&with(bare, &object()));
    if let Ok(payload) = &verified {
        assert_eq!(*payload, object().to_string().as_bytes());
        check_ours(members);
        assert!(["HS256", "HS384", "HS512"].contains(&algorithm));
        assert!(get(members.expect("a header"), "cty").is_none());
    }
    if members.is_some_and(|members| members.iter().all(is_harmless)) && algorithm.starts_with("HS") {
        assert!(verified.is_ok(), "{verified:?}");
    }

    let is_accepted = is_authenticated(&sign(&assertion()));
    assert!(verified.is_ok() || !is_accepted);
    assert!(!is_accepted || is_typed(members, "typ", "client-authentication+jwt"));

    let is_accepted = is_pushed(&token);
    assert!(verified.is_ok() || !is_accepted);
    assert!(!is_accepted || (is_typed(members, "typ", "oauth-authz-req+jwt") && algorithm == "HS256"));
}

fn encrypted(header: &[u8], bare: &[u8], members: Option<&Members>) {
    let encryption = text(members, "enc");
    let length = if encryption == Some("A256GCM") { 32 } else { 16 };
    let digest = sha256(SECRET.as_bytes());
    let key = &digest[..length];
    let inner = mac(br#"{"alg":"HS256"}"#, object().to_string().as_bytes(), "HS256", SECRET.as_bytes());
    let token = seal(header, inner.as_bytes(), key);
    let open = |token: &str| SharedKey::new(key).decrypt(token, KeyManagement::ALL, ContentEncryption::ALL);
    assert!(header == bare || open(&token).is_err(), "a hint is let through to a host");
    let opened = open(&seal(bare, inner.as_bytes(), key));
    if let Ok(plaintext) = &opened {
        assert_eq!(plaintext, inner.as_bytes());
        check_ours(members);
        assert_eq!(text(members, "alg"), Some("dir"));
        assert!(matches!(encryption, Some("A128GCM" | "A256GCM")));
    }
    if is_pushed(&token) {
        assert!(opened.is_ok());
        assert!(is_typed(members, "typ", "oauth-authz-req+jwt") && is_typed(members, "cty", "oauth-authz-req+jwt"));
        for name in ["iss", "sub", "aud"] {
            let repeated = get(members.expect("a header"), name);
            assert!(repeated.is_none() || repeated == object().get(name), "{name}: {repeated:?}");
        }
    }
}

/// What every header has in common that is accepted.
fn check_ours(members: Option<&Members>) {
    let members = members.expect("an object without repeated members");
    assert!(FORBIDDEN.into_iter().all(|name| get(members, name).is_none()));
    for name in ["alg", "enc", "kid", "typ", "cty"] {
        assert!(get(members, name).is_none_or(Value::is_string), "{name}");
    }
    assert!(get(members, "kid").and_then(Value::as_str).is_none_or(|kid| kid.len() <= 256));
}

fn is_harmless((name, value): &(String, Value)) -> bool {
    match (&**name, value) {
        ("alg", Value::String(algorithm)) => ["HS256", "HS384", "HS512"].contains(&&**algorithm),
        ("kid", Value::String(kid)) => kid.len() <= 256,
        ("typ", Value::String(_)) => true,
        _ => false,
    }
}

fn text<'a>(members: Option<&'a Members>, name: &str) -> Option<&'a str> {
    get(members?, name)?.as_str()
}

/// Whether the type is absent, `JWT` or the one that is wanted, as media types are compared.
fn is_typed(members: Option<&Members>, name: &str, wanted: &str) -> bool {
    let Some(value) = members.and_then(|members| get(members, name)) else { return true };
    let value = value.as_str().unwrap_or_default().to_ascii_lowercase();
    ["jwt", wanted].contains(&value.strip_prefix("application/").unwrap_or(&value))
}

fn is_authenticated(assertion: &str) -> bool {
    let body = format!("client_assertion_type={}&client_assertion={assertion}", encode(ASSERTION_TYPE));
    let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
    pollster::block_on(SERVER.par.authenticate_client(&request)).inspect_err(check_refusal).is_ok()
}

fn is_pushed(object: &str) -> bool {
    SERVER.push("c1", format!("request={object}").as_bytes()).is_ok()
}
