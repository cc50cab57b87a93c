//! Policy and registration may change between the push and the login (RFC 9126 section 7.4).

use parjar::{
    AuthorizationRequest, AuthorizeRefusal, ErrorCode, InMemoryRegistry, ManualClock, ParEndpoint, ParEndpointBuilder,
    Pending, Policy, Reason, Rejection, RequireCodeChallenge, ResponseMode, store::MemoryStore,
};
use serde_json::{Value, json};

use crate::{
    host::{answer, builder, open, page, push, redirected},
    support::{CALLBACK, CHALLENGE, ISSUER, Server, basic, client, code_request, form, request_uri, with},
};

/// Pushes a request of `basic`, changes the registration, and opens the request.
fn after_registration(policy: Policy, before: Value, now: Value, body: &str) -> Result<Pending, AuthorizeRefusal> {
    let server = Server::with(policy, [before]);
    let handle = server.pushed(body);
    server.registry.replace([client(now)]).unwrap();
    server.open(&handle)
}

/// Pushes a request of `basic` at one node and opens it at another that is configured differently.
fn after_policy(registration: Value, before: Policy, now: Policy, body: &str) -> Result<Pending, AuthorizeRefusal> {
    let registry = InMemoryRegistry::new([client(registration)]).unwrap();
    let store = MemoryStore::default();
    let node = |policy: Policy| {
        let builder = ParEndpoint::builder(ISSUER).clients(registry.clone()).store(store.clone());
        builder.policy(policy).build().unwrap()
    };
    let handle = request_uri(&push(&node(before), "basic", body));
    open(&node(now), &handle, None)
}

const PER_REQUEST: &str = "https://app.example.com/elsewhere?x=1";

fn per_request() -> (Policy, Value, String) {
    let mut policy = Policy::oauth();
    policy.allow_per_request_redirect_uris = true;
    let switches = json!({ "allow_per_request_redirect_uris": true, "require_pushed_authorization_requests": true });
    let body = form([
        ("response_type", "code"),
        ("redirect_uri", PER_REQUEST),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    (policy, with(basic("basic"), switches), body)
}

fn is_withdrawn(outcome: Result<Pending, AuthorizeRefusal>) {
    let refusal = page(outcome);
    assert_eq!((refusal.code(), refusal.reason()), (ErrorCode::InvalidRequestUri, Reason::RedirectUriWithdrawn));
    assert_eq!(refusal.description(), Reason::UnknownRequestUri.description());
}

#[test]
fn requests_of_a_removed_client_are_refused_while_it_is_gone() {
    // PAR-080, CM-029
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    server.registry.replace([]).unwrap();
    let refusal = page(server.open(&handle));
    assert_eq!((refusal.code(), refusal.status()), (ErrorCode::InvalidRequestUri, 400));
    assert_eq!(refusal.description(), Reason::UnknownRequestUri.description());
    server.registry.replace([client(basic("basic"))]).unwrap();
    assert!(server.open(&handle).is_ok());
}

#[test]
fn a_withdrawn_redirect_uri_is_an_invalid_handle() {
    // P-15, PAR-072
    let moved = with(basic("basic"), json!({ "redirect_uris": ["https://app.example.com/new"] }));
    is_withdrawn(after_registration(Policy::oauth(), basic("basic"), moved, &code_request(&[("state", "s")])));
}

#[test]
fn a_second_registered_redirect_uri_makes_the_choice_unclear() {
    let two = with(basic("basic"), json!({ "redirect_uris": [CALLBACK, "https://app.example.com/new"] }));
    is_withdrawn(after_registration(Policy::oauth(), basic("basic"), two, "response_type=code"));
}

#[test]
fn per_request_redirect_uris_need_their_switches_when_they_are_used() {
    // P-15, P-27, P-28
    let (policy, registered, body) = per_request();
    let opened = after_registration(policy.clone(), registered.clone(), registered.clone(), &body).unwrap();
    assert_eq!(opened.request().redirect_uri().as_str(), PER_REQUEST);
    assert!(!opened.request().redirect_uri().is_registered());
    for change in [
        json!({ "allow_per_request_redirect_uris": false }),
        json!({ "require_pushed_authorization_requests": false }),
        json!({ "sector_identifier_uri": "https://app.example.com/sector.json" }),
        json!({ "token_endpoint_auth_method": "none", "client_secret": null }),
        json!({ "redirect_uris": ["https://other.example.com/cb"] }),
        json!({ "redirect_uris": ["https://app.example.com:8443/cb"] }),
    ] {
        is_withdrawn(after_registration(policy.clone(), registered.clone(), with(registered.clone(), change), &body));
    }
    is_withdrawn(after_policy(registered.clone(), policy.clone(), Policy::oauth(), &body));
    let mut narrower = policy.clone();
    narrower.restrict_per_request_redirect_uris_to_registered_path = true;
    is_withdrawn(after_policy(registered, policy, narrower, &body));
}

#[test]
fn a_withdrawn_permission_is_told_to_the_client() {
    // PAR-072: the redirect URI is still good, so the client is told
    let implicit = json!({ "grant_types": ["implicit"], "response_types": ["id_token"] });
    let registrations = [
        (json!({ "scope": "openid" }), "invalid_scope"),
        (implicit, "unauthorized_client"),
        (json!({ "require_signed_request_object": true }), "invalid_request"),
        (json!({ "require_encrypted_request_object": true }), "invalid_request"),
    ];
    let body = code_request(&[("scope", "email phone"), ("state", "a b")]);
    for (change, expected) in registrations {
        let outcome = after_registration(Policy::oauth(), basic("basic"), with(basic("basic"), change), &body);
        is_told(outcome, expected);
    }

    let changed = |change: &dyn Fn(&mut Policy)| {
        let mut policy = Policy::oauth();
        change(&mut policy);
        policy
    };
    let policies = [
        (changed(&|policy| policy.scopes_supported = Some(vec!["openid".into()])), "invalid_scope"),
        (changed(&|policy| policy.require_code_challenge = RequireCodeChallenge::Always), "invalid_request"),
        (changed(&|policy| policy.require_signed_request_object = true), "invalid_request"),
        (changed(&|policy| policy.limits.scope_tokens = 1), "invalid_scope"),
    ];
    for (policy, expected) in policies {
        is_told(after_policy(basic("basic"), Policy::oauth(), policy, &body), expected);
    }
}

fn is_told(outcome: Result<Pending, AuthorizeRefusal>, error: &str) {
    let (refusal, location) = redirected(outcome);
    assert_eq!(refusal.code().as_str(), error);
    let expected = [("error", error), ("error_description", refusal.description()), ("state", "a b"), ("iss", ISSUER)];
    let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(answer(&location, CALLBACK), expected);
}

#[test]
fn a_response_mode_that_is_withdrawn_is_a_page() {
    // OIDC-013
    let body = code_request(&[("response_mode", "form_post")]);
    let fewer = with(basic("basic"), json!({ "response_modes": ["query"] }));
    let refusal = page(after_registration(Policy::oauth(), basic("basic"), fewer, &body));
    assert_eq!(refusal.reason(), Reason::ResponseMode);
    let mut policy = Policy::oauth();
    policy.response_modes_supported = vec![ResponseMode::Query];
    assert_eq!(page(after_policy(basic("basic"), Policy::oauth(), policy, &body)).reason(), Reason::ResponseMode);
}

#[test]
fn a_client_without_any_flow_left_is_a_page() {
    let machine = with(basic("basic"), json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }));
    let refusal = page(after_registration(Policy::oauth(), basic("basic"), machine, &code_request(&[])));
    assert_eq!((refusal.code(), refusal.reason()), (ErrorCode::UnauthorizedClient, Reason::NoAuthorizationFlow));
}

#[test]
fn rules_and_detail_types_of_the_host_count_again() {
    // PAR-063, PAR-023, PAR-072
    const NO: Rejection = Rejection::new(ErrorCode::AccessDenied, "closed", "closed for today");
    let store = MemoryStore::default();
    let open_shop: fn() -> ParEndpointBuilder = || {
        builder(ISSUER)
            .authorization_details_type("pay", |_: &parjar::Client, _: &serde_json::Map<String, Value>| Ok(()))
    };
    let handles: Vec<String> = {
        let par = open_shop().store(store.clone()).build().unwrap();
        let body = code_request(&[("authorization_details", r#"[{"type":"pay"}]"#)]);
        (0..2).map(|_| request_uri(&push(&par, "basic", &body))).collect()
    };
    let closed = open_shop().rule(|_: &AuthorizationRequest| Err(NO)).store(store.clone()).build().unwrap();
    assert_eq!(redirected(open(&closed, &handles[0], None)).0.reason(), Reason::Host(NO));
    let without_type = builder(ISSUER).store(store.clone()).build().unwrap();
    assert_eq!(redirected(open(&without_type, &handles[1], None)).0.reason(), Reason::DetailTypeNotOffered);
    let par = open_shop().store(store).build().unwrap();
    assert!(handles.iter().all(|handle| open(&par, handle, None).is_ok()), "a refused opening spends nothing");
}

#[test]
fn a_change_counts_for_an_open_request_too() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("scope", "email")]));
    assert!(server.open(&handle).is_ok());
    server.registry.replace([client(with(basic("basic"), json!({ "scope": "openid" })))]).unwrap();
    assert_eq!(redirected(server.open(&handle)).0.code(), ErrorCode::InvalidScope);
    server.registry.replace([client(basic("basic"))]).unwrap();
    assert!(server.open(&handle).is_ok());
}

#[test]
fn two_nodes_of_one_issuer_share_a_store() {
    let store = MemoryStore::default();
    let node = || builder(ISSUER).store(store.clone()).build().unwrap();
    let (pushing, opening, ending) = (node(), node(), node());
    let handle = request_uri(&push(&pushing, "basic", &code_request(&[])));
    let pending = open(&opening, &handle, Some("one")).unwrap();
    assert!(pollster::block_on(ending.complete(&pending)).is_ok());
    assert_eq!(page(open(&pushing, &handle, Some("one"))).reason(), Reason::SpentRequestUri);
}

#[test]
fn two_issuers_over_one_store_never_share_a_request() {
    // P-06
    let clock = ManualClock::default();
    let store = MemoryStore::default().with_clock(clock);
    let issuers = [ISSUER, "https://as.example.com/", "https://as.example.com/tenant", "https://AS.example.com"];
    let endpoints = issuers.map(|issuer| builder(issuer).store(store.clone()).build().unwrap());
    for (home, par) in endpoints.iter().enumerate() {
        let handle = request_uri(&push(par, "basic", &code_request(&[])));
        for (elsewhere, other) in endpoints.iter().enumerate() {
            if elsewhere != home {
                assert_eq!(page(open(other, &handle, None)).reason(), Reason::UnknownRequestUri);
            }
        }
        assert!(open(par, &handle, None).is_ok());
    }
}
