//! A stored request, as a store hands it out that was damaged, or written to by somebody else.

use std::sync::LazyLock;

use parjar::{AuthorizationRequest, AuthorizeRefusal, ParameterValue, Parameters, Policy};
use serde_json::json;
use url::form_urlencoded;

use super::server::{CALLBACK, Server, registration};

static SERVER: LazyLock<Server> = LazyLock::new(|| Server::new(Policy::oauth(), [registration("c1", json!({}))]));

pub fn run(record: &[u8]) {
    SERVER.store.put(record);
    let pending = match SERVER.open("c1") {
        Ok(pending) => pending,
        Err(AuthorizeRefusal::Page(refusal)) => {
            assert_eq!(refusal.status(), 400, "{refusal}");
            return;
        }
        Err(AuthorizeRefusal::Redirect(_) | AuthorizeRefusal::Answered(_)) => return,
    };
    let request = pending.request();
    check_request(request);
    let again = SERVER.open("c1").expect("opened once, it can be opened again");
    assert!(again.request().parameters() == request.parameters());
    assert_eq!(again.request().protection(), request.protection());
    SERVER.complete(&pending);
    push_again(request);
}

/// Returns `true` if a record is one that can be read.
pub fn is_read(record: &[u8]) -> bool {
    let server = Server::new(Policy::oauth(), [registration("c1", json!({}))]);
    server.store.put(record);
    server.open("c1").is_ok()
}

/// What validation promises, whatever was in the store.
fn check_request(request: &AuthorizationRequest) {
    assert_eq!(request.client_id(), "c1");
    assert_eq!(request.parameters().get("client_id"), Some("c1"));
    assert_eq!(request.redirect_uri().as_str(), CALLBACK);
    assert!(request.redirect_uri().is_registered());
    assert_eq!(request.response_type().as_str(), "code");
    assert!(request.state().is_none_or(|state| state.bytes().all(|byte| matches!(byte, 0x20..=0x7E))));
    assert!(request.scopes().all(|scope| scope.bytes().all(|byte| byte.is_ascii_graphic())));
    assert!(request.claims().is_none_or(|claims| claims.is_object()));
    assert_eq!(request.claims().is_some(), request.parameters().get("claims").is_some());
    assert!(request.authorization_details().is_empty(), "of a type that nobody made known");
    let seconds = request.parameters().get("max_age").map(|text| text.parse::<u64>().expect("a number"));
    assert_eq!(request.max_age(), seconds);
    let challenge = request.code_challenge().is_some();
    assert_eq!(challenge, request.parameters().get("code_challenge").is_some());
}

/// What was opened and could have come as a form can be pushed as one, and is then the same request.
fn push_again(request: &AuthorizationRequest) {
    const NOT_STORED: [&str; 7] =
        ["request", "request_uri", "grant_type", "code", "code_verifier", "refresh_token", "password"];
    let parameters = request.parameters();
    let is_plain = |(name, value): (&str, ParameterValue<'_>)| {
        matches!(value, ParameterValue::Text(_)) && !NOT_STORED.contains(&name)
    };
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters.iter()).finish();
    let limits = &SERVER.par.policy().limits;
    if parameters.iter_values().all(is_plain)
        && Parameters::parse(form.as_bytes(), limits).is_ok_and(|again| again == *parameters)
    {
        SERVER.push("c1", form.as_bytes()).expect("what was opened is valid");
        let again = SERVER.open("c1").expect("what was accepted can be opened");
        assert!(again.request().parameters() == parameters);
    }
}
