//! Where requests have to be pushed, nothing else starts an authorization.

use parjar::{ErrorCode, Policy, Reason};
use serde_json::{Value, json};

use crate::{
    host::{answer, page, redirected},
    support::{CALLBACK, ISSUER, Server, basic, code_request, form, public, with},
};

fn by_policy() -> Server {
    let mut policy = Policy::oauth();
    policy.require_pushed_authorization_requests = true;
    Server::with(policy, [basic("basic"), public("public")])
}

fn required(registration: Value) -> Value {
    with(registration, json!({ "require_pushed_authorization_requests": true }))
}

fn by_client() -> Server {
    Server::with(Policy::oauth(), [required(basic("basic")), required(public("public")), basic("free")])
}

/// Ways into the authorization endpoint that are no pushed request.
fn doors() -> Vec<Vec<(&'static str, &'static str)>> {
    vec![
        vec![],
        vec![("prompt", "none")],
        vec![("response_mode", "fragment")],
        vec![("request", "eyJhbGciOiJub25lIn0.e30.")],
        vec![("request", "x"), ("prompt", "none")],
        vec![("scope", "openid"), ("nonce", "n")],
        vec![("code_challenge", "short"), ("max_age", "x"), ("claims", "{")],
    ]
}

#[test]
fn every_other_door_is_closed() {
    // PAR-064, PAR-082, P-12
    for (server, client_id) in
        [(by_policy(), "basic"), (by_policy(), "public"), (by_client(), "basic"), (by_client(), "public")]
    {
        for door in doors() {
            let query = form([("client_id", client_id), ("response_type", "code"), ("redirect_uri", CALLBACK)]);
            let query = format!("{query}&{}&state=a%26b", form(door.clone()));
            let (refusal, location) = redirected(server.authorize(&query, None));
            assert_eq!(
                (refusal.code(), refusal.reason()),
                (ErrorCode::InvalidRequest, Reason::PushRequired),
                "{door:?}"
            );
            let answer = answer(&location, CALLBACK);
            assert_eq!(answer[0], ("error".into(), "invalid_request".into()));
            assert!(answer.contains(&("state".into(), "a&b".into())), "{location}");
            assert!(answer.contains(&("iss".into(), ISSUER.into())), "{location}");
        }
    }
}

#[test]
fn a_request_object_by_reference_is_no_door_either() {
    // PAR-064, P-12: refused as invalid_request where a push is required
    for server in [by_policy(), by_client()] {
        for reference in ["https://c1.example/ro.jwt", "http://c1.example/ro.jwt"] {
            let query = code_request(&[("client_id", "basic"), ("request_uri", reference)]);
            let refusal = server.authorize(&query, None).unwrap_err().refusal().clone();
            assert_eq!(refusal.code(), ErrorCode::InvalidRequest, "{reference}");
        }
    }
}

#[test]
fn a_pushed_request_gets_in() {
    for server in [by_policy(), by_client()] {
        assert!(server.open(&server.pushed(&code_request(&[]))).is_ok());
    }
}

#[test]
fn the_demand_of_one_client_does_not_bind_another() {
    assert!(by_client().authorize(&code_request(&[("client_id", "free")]), None).is_ok());
}

#[test]
fn a_redirect_uri_that_is_not_registered_gets_a_page() {
    // P-13, OIDC-014
    for server in [by_policy(), by_client()] {
        for evil in [
            "https://evil.example/cb",
            "https://app.example.com/cb/",
            "https://app.example.com/CB",
            "https://app.example.com/cb?x",
            "https://app.example.com/cb#",
            "https://app.example.com:443/cb",
            "https://app.example.com@evil.example/cb",
            "javascript:alert(1)",
            "//evil.example/cb",
        ] {
            for door in doors() {
                let query = form([("client_id", "basic"), ("response_type", "code"), ("redirect_uri", evil)]);
                let refusal = page(server.authorize(&format!("{query}&{}", form(door)), None));
                assert_eq!(refusal.code(), ErrorCode::InvalidRequest, "{evil}");
            }
        }
    }
}

#[test]
fn without_a_redirect_uri_the_only_registered_one_is_told() {
    let (_, location) = redirected(by_policy().authorize("client_id=basic&response_type=code", None));
    assert!(location.starts_with("https://app.example.com/cb?error=invalid_request"), "{location}");

    let two = with(required(basic("basic")), json!({ "redirect_uris": [CALLBACK, "https://app.example.com/2"] }));
    let server = Server::with(Policy::oauth(), [two]);
    assert_eq!(page(server.authorize("client_id=basic&response_type=code", None)).code(), ErrorCode::InvalidRequest);
}

#[test]
fn a_per_request_redirect_uri_is_never_told_unless_it_was_pushed() {
    // P-13, P-27
    let mut policy = Policy::oauth();
    policy.allow_per_request_redirect_uris = true;
    let registration = with(required(basic("basic")), json!({ "allow_per_request_redirect_uris": true }));
    let server = Server::with(policy, [registration]);
    let query = "client_id=basic&response_type=code&redirect_uri=https://app.example.com/other";
    assert_eq!(page(server.authorize(query, None)).reason(), Reason::PushRequired);
}

#[test]
fn a_response_mode_that_cannot_be_served_gets_a_page() {
    // OIDC-013
    let query = code_request(&[("client_id", "basic"), ("response_mode", "web_message")]);
    assert_eq!(page(by_policy().authorize(&query, None)).status(), 400);

    let registration = with(required(basic("basic")), json!({ "response_modes": ["query"] }));
    let query = code_request(&[("client_id", "basic"), ("response_mode", "form_post")]);
    assert_eq!(page(Server::with(Policy::oauth(), [registration]).authorize(&query, None)).status(), 400);
}

#[test]
fn a_malformed_state_is_not_echoed() {
    let query = code_request(&[("client_id", "basic"), ("state", "é")]);
    let (_, location) = redirected(by_policy().authorize(&query, None));
    assert!(!location.contains("state="), "{location}");
}

#[test]
fn a_client_without_a_flow_gets_a_page() {
    // Decided before the redirect URI is looked at
    let machine = json!({ "grant_types": ["client_credentials"] });
    let server = Server::with(Policy::oauth(), [with(required(basic("basic")), machine)]);
    let refusal = page(server.authorize(&code_request(&[("client_id", "basic")]), None));
    assert_eq!(refusal.code(), ErrorCode::UnauthorizedClient);
}

#[test]
fn nothing_is_told_to_anybody_about_a_bad_handle() {
    // P-13: whatever redirect_uri stands beside it
    let handle = format!("{}{}", parjar::RequestUri::PREFIX, "A".repeat(43));
    for server in [by_policy(), by_client()] {
        for redirect_uri in [CALLBACK, "https://evil.example/cb"] {
            for client_id in ["basic", "public", "nobody"] {
                for handle in [handle.as_str(), "bogus"] {
                    let query = form([
                        ("client_id", client_id),
                        ("request_uri", handle),
                        ("redirect_uri", redirect_uri),
                        ("response_type", "code"),
                        ("state", "s"),
                    ]);
                    assert_eq!(page(server.authorize(&query, None)).code(), ErrorCode::InvalidRequestUri);
                }
            }
        }
    }
}

#[test]
fn an_unknown_client_gets_a_page() {
    // P-13
    let server = by_policy();
    for redirect_uri in [CALLBACK, "https://evil.example/cb"] {
        let query = form([("client_id", "nobody"), ("response_type", "code"), ("redirect_uri", redirect_uri)]);
        assert_eq!(page(server.authorize(&query, None)).reason(), Reason::UnknownClient);
    }
}
