//! Grants that are refused, or kept by their parts and answered later by another process.

use std::sync::{Arc, Mutex};

use parjar::{
    AuthorizeRefusal, Decision, DenialCode, Event, Granted, ParEndpoint, Policy, Reason, Reply, ResponseTarget,
    ResponseType,
    store::{MemoryLimits, MemoryStore},
};
use serde_json::{Value, json};

use crate::{
    host::{answer, page},
    support::{CALLBACK, CHALLENGE, ISSUER, Server, basic, browser_with, client, code_request, form, with},
};

fn granted(server: &Server, parameters: &[(&str, &str)]) -> Granted {
    let handle = server.pushed(&code_request(parameters));
    let pending = server.authorize(&form([("client_id", "basic"), ("request_uri", &*handle)]), Some("one")).unwrap();
    pollster::block_on(server.par.complete(&pending)).unwrap()
}

/// Another process: an endpoint with the same settings, and nothing else in common.
fn elsewhere(issuer: &str, policy: Policy, registration: Value) -> ParEndpoint {
    let clients = parjar::InMemoryRegistry::new([client(registration)]).unwrap();
    ParEndpoint::builder(issuer).policy(policy).clients(clients).store(MemoryStore::default()).build().unwrap()
}

fn respond(par: &ParEndpoint, target: &ResponseTarget) -> Result<Reply, AuthorizeRefusal> {
    pollster::block_on(par.respond(target, [("code", "c"), ("state", "not this")])).map(Reply::from)
}

#[test]
fn a_grant_is_answered_later_by_another_process() {
    let server = Server::new();
    let other = elsewhere(ISSUER, Policy::oauth(), basic("basic"));
    for mode in ["query", "fragment", "form_post"] {
        for state in [Some("a b\u{7e}"), None] {
            let mut parameters = vec![("response_mode", mode)];
            parameters.extend(state.map(|state| ("state", state)));
            let granted = granted(&server, &parameters);
            let kept = serde_json::to_string(&granted.target()).unwrap();
            let target: ResponseTarget = serde_json::from_str(&kept).unwrap();
            assert_eq!(target, granted.target());
            let parts = (target.issuer(), target.client_id(), target.redirect_uri(), target.state());
            assert_eq!(parts, (ISSUER, "basic", CALLBACK, state));
            assert_eq!(target.response_mode().as_str(), mode);
            let here = pollster::block_on(granted.respond([("code", "c")])).unwrap();
            assert!(respond(&other, &target).unwrap() == Reply::from(here));
        }
    }
}

#[test]
fn the_encoding_is_the_documented_one() {
    let server = Server::new();
    let kept = serde_json::to_value(granted(&server, &[("state", "s")]).target()).unwrap();
    let expected = json!({
        "issuer": ISSUER, "client_id": "basic", "redirect_uri": CALLBACK, "response_mode": "query",
        "is_pushed": true, "state": "s",
    });
    assert_eq!(kept, expected);
    let without = serde_json::to_value(granted(&server, &[]).target()).unwrap();
    assert!(without.get("state").is_none());
}

#[test]
fn a_target_shows_no_state_and_no_redirect_uri() {
    let target = granted(&Server::new(), &[("state", "canary")]).target();
    let shown = format!("{target:?}");
    assert!(!shown.contains("canary") && !shown.contains("app.example.com"), "{shown}");
}

#[test]
fn what_has_changed_since_counts() {
    let server = Server::new();
    let target = granted(&server, &[]).target();
    let moved = with(basic("basic"), json!({ "redirect_uris": ["https://app.example.com/new"] }));
    let reason = |par: &ParEndpoint| page(respond(par, &target).map(|_| ())).reason();
    assert_eq!(reason(&elsewhere(ISSUER, Policy::oauth(), moved)), Reason::RedirectUriWithdrawn);
    assert_eq!(reason(&elsewhere(ISSUER, Policy::oauth(), basic("other"))), Reason::UnknownClient);
    let foreign = elsewhere("https://other.example.com", Policy::oauth(), basic("basic"));
    let refused = page(respond(&foreign, &target).map(|_| ()));
    assert_eq!((refused.reason(), refused.status()), (Reason::ForeignTarget, 500));
}

/// A redirect URI that only a pushed request can have stays good for a grant that was pushed, and for no other.
#[test]
fn a_per_request_redirect_uri_is_kept() {
    let mut policy = Policy::oauth();
    policy.allow_per_request_redirect_uris = true;
    policy.require_pushed_authorization_requests = true;
    let registration = with(
        basic("basic"),
        json!({ "allow_per_request_redirect_uris": true, "require_pushed_authorization_requests": true }),
    );
    let server = Server::with(policy.clone(), [registration.clone()]);
    let body = form([
        ("response_type", "code"),
        ("redirect_uri", "https://app.example.com/other"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let handle = server.pushed(&body);
    let pending = server.open(&handle).unwrap();
    let target = pollster::block_on(server.par.complete(&pending)).unwrap().target();
    let other = elsewhere(ISSUER, policy, registration);
    assert!(
        respond(&other, &target).unwrap().header("location").unwrap().starts_with("https://app.example.com/other?")
    );
    let kept = with(serde_json::to_value(&target).unwrap(), json!({ "is_pushed": false }));
    let forged: ResponseTarget = serde_json::from_value(kept).unwrap();
    assert_eq!(page(respond(&other, &forged).map(|_| ())).reason(), Reason::RedirectUriWithdrawn);
}

/// The page that was answered elsewhere is not answered here.
#[test]
fn a_second_click_on_a_grant_that_is_kept_is_told_so() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let query = form([("client_id", "basic"), ("request_uri", &*handle)]);
    let click = || {
        pollster::block_on(async {
            let browser = browser_with(Some("one"));
            let pending = server.par.authorize_decision(&query, browser, Decision::Approve).await?;
            server.par.complete(&pending).await
        })
    };
    drop(click().unwrap().target());
    assert_eq!(page(click().map(|_| ())).reason(), Reason::AlreadyAnswered);
}

fn watched() -> (Server, Arc<Mutex<Vec<String>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&events);
    let server = Server::built(Policy::oauth(), [basic("basic")], MemoryLimits::default(), |builder| {
        builder.observer(move |event: &Event<'_>| match event {
            Event::Completed { client_id, .. } => written.lock().unwrap().push(format!("completed {client_id}")),
            Event::Denied { client_id, error, .. } => {
                written.lock().unwrap().push(format!("denied {client_id} {}", error.as_str()));
            }
            _ => {}
        })
    });
    (server, events)
}

#[test]
fn a_grant_that_comes_to_nothing_is_refused_to_the_client() {
    // RFC 6749 section 4.1.2.1, RFC 9207
    let (server, events) = watched();
    let expected = [("error", "server_error"), ("state", "s"), ("iss", ISSUER)];
    let granted = granted(&server, &[("state", "s")]);
    let here = pollster::block_on(granted.refuse(DenialCode::ServerError)).unwrap();
    let there = pollster::block_on(server.par.refuse(&granted.target(), DenialCode::ServerError)).unwrap();
    assert!(here == there);
    let told = answer(here.location().unwrap(), CALLBACK);
    assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let denied = "denied basic server_error";
    assert_eq!(*events.lock().unwrap(), ["completed basic", denied, denied]);
}

#[test]
fn a_second_click_gets_the_refusal_again() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let query = form([("client_id", "basic"), ("request_uri", &*handle)]);
    let pending = server.authorize(&query, Some("one")).unwrap();
    let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
    let first = pollster::block_on(granted.refuse(DenialCode::TemporarilyUnavailable)).unwrap();
    match pollster::block_on(server.par.complete(&pending)) {
        Err(AuthorizeRefusal::Answered(again)) => assert!(*again.response() == first),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_response_of_a_flow_in_the_fragment_stays_there() {
    let mut policy = Policy::oidc();
    policy.response_types_supported = vec![ResponseType::CODE, ResponseType::CODE_ID_TOKEN];
    let registration = with(
        basic("basic"),
        json!({ "grant_types": ["authorization_code", "implicit"], "response_types": ["code id_token"] }),
    );
    let server = Server::with(policy.clone(), [registration.clone()]);
    let body =
        form([("response_type", "code id_token"), ("redirect_uri", CALLBACK), ("scope", "openid"), ("nonce", "n")]);
    let pending = server.open(&server.pushed(&body)).unwrap();
    let target = pollster::block_on(server.par.complete(&pending)).unwrap().target();
    let reply = respond(&elsewhere(ISSUER, policy, registration), &target).unwrap();
    assert!(reply.header("location").unwrap().starts_with(&format!("{CALLBACK}#code=c")));
}
