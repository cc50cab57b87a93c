//! Requests that come through the browser, where nobody demands a push.

use parjar::{
    AuthorizationRequest, DenialCode, ErrorCode, InMemoryRegistry, ParEndpoint, Policy, Reason, Rejection,
    RequireCodeChallenge, ResponseMode, ResponseType,
};
use serde_json::json;

use crate::{
    host::{answer, page, push, redirected, respond},
    support::{
        CALLBACK, CHALLENGE, ISSUER, Server, basic, body, browser_with, client, code_request, form, public, with,
    },
};

fn plain(more: &[(&str, &str)]) -> String {
    format!("client_id=basic&{}", code_request(more))
}

#[test]
fn a_plain_request_is_opened() {
    let server = Server::new();
    let pending = server.authorize(&plain(&[("state", "s"), ("scope", "openid"), ("x", "y")]), None).unwrap();
    assert_eq!(pending.request_uri(), None);
    let names: Vec<_> = pending.request().parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "response_type", "redirect_uri", "state", "scope", "x"]);
    let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
    let location = respond(&granted, [("code", "c")]);
    assert_eq!(location.location(), Some("https://app.example.com/cb?code=c&state=s&iss=https%3A%2F%2Fas.example.com"));
    let denied = pollster::block_on(server.par.deny(&pending, DenialCode::LoginRequired)).unwrap();
    assert!(denied.location().unwrap().contains("error=login_required"));
    assert!(server.store.is_empty());
}

#[test]
fn credentials_and_token_parameters_are_left_out() {
    // P-36
    let server = Server::new();
    let more = [
        ("client_secret", "canary"),
        ("client_assertion", "canary"),
        ("client_assertion_type", "canary"),
        ("code_verifier", "canary"),
        ("password", "canary"),
        ("refresh_token", "canary"),
        ("code", "canary"),
        ("grant_type", "canary"),
    ];
    let pending = server.authorize(&plain(&more), None).unwrap();
    assert!(pending.request().parameters().iter().all(|(_, value)| !value.contains("canary")));
}

/// What breaks a request after its redirect URI was found good.
fn broken() -> Vec<(Vec<(&'static str, &'static str)>, &'static str)> {
    vec![
        (vec![("scope", "a  b")], "invalid_scope"),
        (vec![("scope", "secret")], "invalid_scope"),
        (vec![("scope", "\"")], "invalid_scope"),
        (vec![("code_challenge_method", "S256")], "invalid_request"),
        (vec![("code_challenge", CHALLENGE)], "invalid_request"),
        (vec![("code_challenge", CHALLENGE), ("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge", "short"), ("code_challenge_method", "S256")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("max_age", "-1")], "invalid_request"),
        (vec![("max_age", "+1")], "invalid_request"),
        (vec![("max_age", "18446744073709551616")], "invalid_request"),
        (vec![("claims", "{")], "invalid_request"),
        (vec![("claims", "[]")], "invalid_request"),
        (vec![("registration", "{}")], "registration_not_supported"),
        (vec![("resource", "relative")], "invalid_target"),
        (vec![("resource", "https://a.example/#f")], "invalid_target"),
        (vec![("authorization_details", "{}")], "invalid_authorization_details"),
        (vec![("authorization_details", r#"[{"type":"pay"}]"#)], "invalid_authorization_details"),
        (vec![("host", "no")], "access_denied"),
    ]
}

fn strict() -> ParEndpoint {
    const NO: Rejection = Rejection::new(ErrorCode::AccessDenied, "no", "not today");
    let registration = with(basic("basic"), json!({ "scope": "openid email" }));
    ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(registration)]).unwrap())
        .rule(
            |request: &AuthorizationRequest| if request.parameters().get("host").is_some() { Err(NO) } else { Ok(()) },
        )
        .build()
        .unwrap()
}

#[test]
fn the_browser_is_told_what_a_push_would_have_been_told() {
    // PAR-022, PAR-062, ISS-001, OIDC-015, O-02
    let par = strict();
    for (more, error) in broken() {
        let outcome =
            pollster::block_on(par.authorize(&plain(&[&more[..], &[("state", "a+b c")]].concat()), browser_with(None)));
        let (refusal, location) = redirected(outcome);
        let expected =
            [("error", error), ("error_description", refusal.description()), ("state", "a+b c"), ("iss", ISSUER)];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(answer(&location, CALLBACK), expected, "{more:?}");
        let pushed = body(&push(&par, "basic", &code_request(&more)));
        assert_eq!((&pushed["error"], &pushed["error_description"]), (&json!(error), &json!(refusal.description())));
    }
}

#[test]
fn no_error_ever_goes_to_a_redirect_uri_that_is_not_registered() {
    // F2-003, P-13, OIDC-014, R-23
    let par = strict();
    for evil in [
        "https://evil.example/cb",
        "https://app.example.com/cb/",
        "https://app.example.com/cb?a=b",
        "https://app.example.com/cb%2F",
        "https://app.example.com:443/cb",
        "HTTPS://app.example.com/cb",
        "https://app.example.com./cb",
        "https://app.example.com\\@evil.example/cb",
        "http://app.example.com/cb",
        "http://127.0.0.1/cb",
        "data:text/html,x",
        "cb",
    ] {
        for (more, _) in broken() {
            let query = form([("client_id", "basic"), ("response_type", "code"), ("redirect_uri", evil)]);
            let refusal =
                page(pollster::block_on(par.authorize(&format!("{query}&{}", form(more)), browser_with(None))));
            let expected = [ErrorCode::InvalidRequest, ErrorCode::RequestNotSupported, ErrorCode::InvalidRequestObject];
            let is_expected = expected.contains(&refusal.code());
            assert!(is_expected, "{evil} {refusal}");
        }
    }
}

#[test]
fn what_is_no_fault_of_a_known_client_gets_a_page() {
    // Section M: the decision order
    let machine = with(basic("machine"), json!({ "grant_types": ["client_credentials"] }));
    let two = with(basic("two"), json!({ "redirect_uris": [CALLBACK, "https://app.example.com/2"] }));
    let server = Server::with(Policy::oauth(), [basic("basic"), machine, two]);
    let cases = [
        ("".to_owned(), "missing_client_id"),
        (code_request(&[]), "missing_client_id"),
        (code_request(&[("client_id", "nobody")]), "unknown_client"),
        (code_request(&[("client_id", "Basic")]), "unknown_client"),
        (code_request(&[("client_id", "basic"), ("client_id", "basic")]), "duplicate_parameter"),
        (code_request(&[("client_id", "basic"), ("redirect_uri", CALLBACK)]), "duplicate_parameter"),
        (format!("{}%", plain(&[])), "malformed_encoding"),
        (format!("{}&x=%FF", plain(&[])), "not_utf8"),
        (format!("{}&x=%00", plain(&[])), "control_character"),
        (format!("{}&=x", plain(&[])), "malformed_name"),
        (code_request(&[("client_id", "machine")]), "no_authorization_flow"),
        ("client_id=machine&redirect_uri=https://evil.example".to_owned(), "no_authorization_flow"),
        ("client_id=two&response_type=code".to_owned(), "missing_redirect_uri"),
        ("client_id=basic&response_type=code&scope=openid".to_owned(), "missing_redirect_uri"),
        (plain(&[("response_mode", "jwt")]), "response_mode"),
        (plain(&[("response_mode", "query.jwt")]), "response_mode"),
        (plain(&[("response_mode", "QUERY")]), "response_mode"),
    ];
    for (query, reason) in cases {
        assert_eq!(page(server.authorize(&query, None)).reason().label(), reason, "{query}");
    }
}

#[test]
fn response_types_are_told_apart() {
    let mut policy = Policy::oauth();
    policy.response_types_supported = vec![ResponseType::CODE, ResponseType::ID_TOKEN];
    let server = Server::with(policy, [basic("basic")]);
    let cases = [
        ("", "invalid_request", '?'),
        ("response_type=", "invalid_request", '?'),
        ("response_type=bogus", "unsupported_response_type", '?'),
        ("response_type=code+code", "unsupported_response_type", '?'),
        ("response_type=none", "unsupported_response_type", '?'),
        ("response_type=token", "unsupported_response_type", '#'),
        ("response_type=id_token", "unauthorized_client", '#'),
    ];
    for (response_type, error, separator) in cases {
        let query = format!("client_id=basic&redirect_uri={CALLBACK}&{response_type}");
        let (refusal, location) = redirected(server.authorize(&query, None));
        assert_eq!(refusal.code().as_str(), error, "{response_type}");
        assert!(location.starts_with(&format!("{CALLBACK}{separator}error={error}")), "{location}");
    }
}

#[test]
fn a_response_mode_that_is_not_offered_gets_a_page_whatever_else_is_wrong() {
    // OIDC-013: nothing is sent in a mode that is switched off
    let mut policy = Policy::oauth();
    policy.response_modes_supported = vec![ResponseMode::Query];
    let server = Server::with(policy, [basic("basic")]);
    for more in [&[][..], &[("scope", "\"")], &[("request", "x")], &[("state", "é")]] {
        let query = plain(&[more, &[("response_mode", "form_post")]].concat());
        assert_eq!(page(server.authorize(&query, None)).status(), 400, "{more:?}");
    }
    let query = format!("client_id=basic&redirect_uri={CALLBACK}&response_type=bogus&response_mode=form_post");
    assert_eq!(page(server.authorize(&query, None)).status(), 400);
}

#[test]
fn a_response_mode_that_is_not_registered_gets_a_page_whatever_else_is_wrong() {
    // OIDC-013
    let server = Server::with(Policy::oauth(), [with(basic("basic"), json!({ "response_modes": ["query"] }))]);
    for more in [&[][..], &[("request", "x")], &[("state", "é")]] {
        let query = plain(&[more, &[("response_mode", "fragment")]].concat());
        assert_eq!(page(server.authorize(&query, None)).status(), 400, "{more:?}");
    }
}

#[test]
fn tokens_never_travel_in_a_query() {
    let mut policy = Policy::oauth();
    policy.response_types_supported = vec![ResponseType::CODE_ID_TOKEN, ResponseType::CODE];
    let registration =
        json!({ "grant_types": ["authorization_code", "implicit"], "response_types": ["code id_token"] });
    let server = Server::with(policy, [with(basic("basic"), registration)]);
    let query = |mode| {
        form([
            ("client_id", "basic"),
            ("response_type", "id_token code"),
            ("redirect_uri", CALLBACK),
            ("nonce", "n"),
            ("response_mode", mode),
        ])
    };
    assert_eq!(page(server.authorize(&query("query"), None)).reason(), Reason::ResponseMode);
    assert!(server.authorize(&query("fragment"), None).is_ok());
    assert!(server.authorize(&query("form_post"), None).is_ok());
    let opened = server.authorize(&query(""), None).unwrap();
    assert_eq!(opened.request().response_mode(), ResponseMode::Fragment);
}

#[test]
fn a_public_client_must_use_pkce() {
    let server = Server::with(Policy::oauth(), [public("public")]);
    let query = code_request(&[("client_id", "public")]);
    assert_eq!(redirected(server.authorize(&query, None)).0.reason(), Reason::MissingCodeChallenge);
    let challenge = [("client_id", "public"), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    assert!(server.authorize(&code_request(&challenge), None).is_ok());
}

#[test]
fn requirements_of_the_policy_hold_for_plain_requests() {
    let mut policy = Policy::oauth();
    policy.require_code_challenge = RequireCodeChallenge::Always;
    let server = Server::with(policy, [basic("basic")]);
    assert_eq!(redirected(server.authorize(&plain(&[]), None)).0.reason(), Reason::MissingCodeChallenge);

    let server = Server::with(Policy::oidc(), [basic("basic")]);
    let query = "client_id=basic&response_type=code";
    assert_eq!(page(server.authorize(query, None)).reason(), Reason::MissingRedirectUri);

    let mut policy = Policy::oauth();
    policy.require_signed_request_object = true;
    let server = Server::with(policy, [basic("basic")]);
    assert_eq!(redirected(server.authorize(&plain(&[]), None)).0.code(), ErrorCode::InvalidRequest);
}

#[test]
fn a_malformed_state_is_refused_and_not_echoed() {
    let server = Server::new();
    let (refusal, location) = redirected(server.authorize(&plain(&[("state", "\u{7f}é")]).replace("%7F", ""), None));
    assert_eq!(refusal.reason(), Reason::MalformedState);
    assert!(!location.contains("state="), "{location}");
}

#[test]
fn a_native_client_may_choose_its_loopback_port() {
    let native =
        with(public("native"), json!({ "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"] }));
    let server = Server::with(Policy::oauth(), [native]);
    let query = |redirect_uri| {
        form([
            ("client_id", "native"),
            ("response_type", "code"),
            ("redirect_uri", redirect_uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    };
    let pending = server.authorize(&query("http://127.0.0.1:50000/cb"), None).unwrap();
    assert!(pending.request().redirect_uri().is_loopback());
    for evil in
        ["http://localhost:50000/cb", "http://127.0.0.1:50000/cb2", "http://[::1]:50000/cb", "http://127.1:5/cb"]
    {
        assert_eq!(page(server.authorize(&query(evil), None)).code(), ErrorCode::InvalidRequest, "{evil}");
    }
}
