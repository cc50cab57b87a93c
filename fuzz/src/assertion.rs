//! The claims of a client assertion whose MAC is right.

use std::sync::LazyLock;

use parjar::{AuthenticatedClient, FormError, FormRequest, Policy, Reason, Refusal, jose::TokenFault};
use serde_json::{Value, json};

use super::{
    json::{get, members},
    server::{FORM, ISSUER, PAR_ENDPOINT, SECRET, Server, TOKEN_ENDPOINT, check_refusal, encode, registration},
    tokens::{check_dates, date, mac},
};

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let method = json!({ "token_endpoint_auth_method": "client_secret_jwt" });
    let legacy = json!({
        "token_endpoint_auth_method": "client_secret_jwt", "danger_allow_legacy_assertion_audience": true,
    });
    Server::new(Policy::oauth(), [registration("c1", method), registration("legacy", legacy)])
});

pub fn run(payload: &[u8]) {
    SERVER.store.clear();
    let assertion = mac(br#"{"alg":"HS256"}"#, payload, "HS256", SECRET.as_bytes());
    match authenticate(&assertion) {
        Ok(client) => {
            let claims = std::str::from_utf8(payload).ok().and_then(members);
            check_claims(client.client().client_id(), &claims.expect("an object without repeated members"));
            let again = authenticate(&assertion).expect_err("used twice");
            assert_eq!(again.reason(), Reason::ClientAssertion(TokenFault::Replayed));
        }
        Err(refusal)
            if refusal.reason() == Reason::Form(FormError::TooLarge)
                || refusal.reason() == Reason::Form(FormError::ValueTooLong) => {}
        Err(refusal) => {
            assert!(matches!(refusal.reason(), Reason::ClientAssertion(_) | Reason::UnknownClient), "{refusal}");
            assert_eq!((refusal.status(), refusal.code().as_str()), (401, "invalid_client"));
        }
    }
}

fn authenticate(assertion: &str) -> Result<AuthenticatedClient, Refusal> {
    let body = format!("client_assertion_type={}&client_assertion={assertion}", encode(ASSERTION_TYPE));
    let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
    let authenticated = pollster::block_on(SERVER.par.authenticate_client(&request)).inspect_err(check_refusal)?;
    assert!(authenticated.parameters().is_empty(), "credentials are no parameters");
    Ok(authenticated.into_parts().0)
}

fn check_claims(client_id: &str, claims: &[(String, Value)]) {
    for name in ["iss", "sub"] {
        assert!(get(claims, name).is_some_and(|value| value == client_id), "{name}");
    }
    for name in ["response_type", "redirect_uri"] {
        assert!(get(claims, name).is_none(), "{name} makes it another kind of token");
    }
    let id = get(claims, "jti").and_then(Value::as_str).expect("jti");
    assert!((1..=256).contains(&id.len()));
    let audience = get(claims, "aud").expect("aud");
    if client_id == "legacy" {
        let is_ours = |audience: &Value| [ISSUER, TOKEN_ENDPOINT, PAR_ENDPOINT].iter().any(|ours| audience == ours);
        assert!(audience.as_array().map_or(is_ours(audience), |several| several.iter().any(is_ours)), "{audience}");
    } else {
        assert!(audience == ISSUER || *audience == serde_json::json!([ISSUER]), "{audience}");
    }
    check_dates(claims, date(claims, "iat").or(date(claims, "nbf")), 300);
}
