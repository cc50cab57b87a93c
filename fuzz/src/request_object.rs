//! The claims of a request object whose MAC is right.

use std::sync::LazyLock;

use openssl::sha::sha256;
use parjar::{AuthorizationRequest, ParameterValue, Policy, Reason};
use serde_json::{Value, json};

use super::{
    json::{get, members},
    server::{CALLBACK, SECRET, Server, registration},
    tokens::{check_dates, date, is_meant_for_issuer, mac, seal},
};

const ABOUT_THE_TOKEN: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
const FOR_TOKEN_ENDPOINT: [&str; 5] = ["grant_type", "code", "code_verifier", "refresh_token", "password"];
const NEVER: [&str; 5] = ["request", "request_uri", "client_secret", "client_assertion", "client_assertion_type"];

static SERVER: LazyLock<Server> = LazyLock::new(|| server(Policy::oauth()));

static STRICT: LazyLock<Server> = LazyLock::new(|| {
    let mut policy = Policy::oauth();
    policy.require_request_object_nbf = true;
    policy.require_request_object_type = true;
    policy.single_use_request_objects = true;
    policy.require_signed_request_object = true;
    server(policy)
});

fn server(policy: Policy) -> Server {
    let members = json!({
        "request_object_signing_alg": "HS256",
        "request_object_encryption_alg": "dir",
        "request_object_encryption_enc": "A128GCM",
    });
    Server::new(policy, [registration("c1", members)])
}

pub fn run(payload: &[u8]) {
    let object = mac(br#"{"alg":"HS256","typ":"oauth-authz-req+jwt"}"#, payload, "HS256", SECRET.as_bytes());
    let pushed = push(&SERVER, &object);
    if pushed.is_ok() {
        let pending = SERVER.open("c1").expect("what was accepted can be opened");
        let claims = std::str::from_utf8(payload).ok().and_then(members);
        check_claims(&claims.expect("an object without repeated members"), pending.request());
        SERVER.complete(&pending);
    }

    // It makes no difference which way it comes.
    let by_value = SERVER.authorize(&format!("client_id=c1&request={object}"));
    let by_value = by_value.map(|pending| drop(SERVER.complete(&pending)));
    assert_eq!(by_value.map_err(|refused| refused.refusal().reason()), pushed);
    let sealed = seal(br#"{"alg":"dir","enc":"A128GCM"}"#, object.as_bytes(), &sha256(SECRET.as_bytes())[..16]);
    if sealed.len() <= SERVER.par.policy().limits.request_object {
        assert_eq!(push(&SERVER, &sealed), pushed);
    }

    // Who demands more accepts nothing more.
    if push(&STRICT, &object).is_ok() {
        assert_eq!(pushed, Ok(()));
        let claims = std::str::from_utf8(payload).ok().and_then(members).expect("claims");
        assert!(get(&claims, "nbf").is_some() && get(&claims, "jti").is_some());
        STRICT.complete(&STRICT.open("c1").expect("what was accepted can be opened"));
        let again = STRICT.push("c1", format!("request={object}").as_bytes()).expect_err("used twice");
        assert_eq!(again.reason().label(), "request_object_replayed");
    }
}

fn push(server: &Server, object: &str) -> Result<(), Reason> {
    server.store.clear();
    let pushed = server.push("c1", format!("request={object}").as_bytes());
    pushed.map(drop).map_err(|refusal| refusal.reason())
}

fn check_claims(claims: &[(String, Value)], request: &AuthorizationRequest) {
    for name in ["iss", "client_id"] {
        assert!(get(claims, name).is_some_and(|value| value == "c1"), "{name}");
    }
    assert!(get(claims, "sub").is_none_or(|subject| subject.is_string() && subject != "c1"));
    assert!(NEVER.into_iter().all(|name| get(claims, name).is_none()));
    assert!(is_meant_for_issuer(claims));
    check_dates(claims, date(claims, "nbf"), 3600);
    assert!(date(claims, "nbf").is_none_or(|date| date >= (super::server::NOW - 3600) as f64));

    assert_eq!(request.protection(), parjar::Protection::Signed);
    assert_eq!(request.redirect_uri().as_str(), CALLBACK);
    let mut expected: Vec<(&str, &Value)> = Vec::new();
    for (name, value) in claims {
        match value {
            _ if ABOUT_THE_TOKEN.contains(&&**name) || FOR_TOKEN_ENDPOINT.contains(&&**name) => {}
            Value::Array(several) if name == "resource" => expected.extend(several.iter().map(|one| (&**name, one))),
            value => expected.push((name, value)),
        }
    }
    expected.retain(|(_, value)| *value != "");
    let parameters = request.parameters();
    assert_eq!(parameters.len(), expected.len(), "something was dropped, or made up");
    for ((name, value), (expected_name, expected)) in parameters.iter_values().zip(expected) {
        assert_eq!(name, expected_name);
        assert!(!name.is_empty() && name.len() <= 64 && !name.chars().any(char::is_control));
        match value {
            ParameterValue::Text(text) => {
                assert_eq!(text, expected);
                assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
            }
            ParameterValue::Json(json) => {
                assert!(!expected.is_string());
                assert_eq!(serde_json::from_str::<Value>(json).as_ref().ok(), Some(expected), "{name}: {json}");
            }
        }
    }
}
