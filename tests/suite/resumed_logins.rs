//! Logins that span requests: what a form carries to come back, and requests that are opened by their values.

use parjar::{
    AuthorizeRefusal, Browser, Decision, Limits, Parameters, Pending, Policy, Reason, Reply, jose::TokenFault,
};
use serde_json::json;

use crate::{
    host::page,
    support::{CALLBACK, CHALLENGE, ISSUER, Server, basic, browser_with, code_request, form},
    tokens::{object, object_server, signer},
};

fn open(server: &Server, client_id: &str, request_uri: &str, browser: &str) -> Result<Pending, AuthorizeRefusal> {
    pollster::block_on(server.par.open(client_id, request_uri, Browser::bound(browser).unwrap()))
}

fn names_and_values(pending: &Pending) -> Vec<(String, String)> {
    let parameters = pending.request().parameters().iter();
    parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_pushed_request_is_opened_by_its_values() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("state", "s")]));
    let pending = open(&server, "basic", &handle, "one").unwrap();
    assert_eq!((pending.request().state(), pending.request_uri()), (Some("s"), Some(&*handle)));
    for (client_id, request_uri, browser, reason) in [
        ("basic", &*handle, "two", Reason::OtherBrowser),
        ("other", &handle, "one", Reason::ForeignRequestUri),
        ("nobody", &handle, "one", Reason::RequestUriOfUnknownClient),
        ("", &handle, "one", Reason::RequestUriOfUnknownClient),
        ("basic", "urn:ietf:params:oauth:request_uri:x", "one", Reason::MalformedRequestUri),
        ("basic", "https://client.example/object", "one", Reason::ExternalRequestUri),
        ("basic", "", "one", Reason::MalformedRequestUri),
    ] {
        assert_eq!(page(open(&server, client_id, request_uri, browser)).reason(), reason, "{client_id} {request_uri}");
    }
    // The values are no query: nothing in them is decoded.
    let encoded = handle.replace(':', "%3A");
    assert_eq!(page(open(&server, "basic", &encoded, "one")).reason(), Reason::MalformedRequestUri);
    open(&server, "basic", &handle, "one").unwrap();
}

/// What a handler does when the form comes back, whatever kind of request it was.
fn approve(server: &Server, value: &str, code: &str) -> Result<Reply, AuthorizeRefusal> {
    pollster::block_on(async {
        let pending = server.par.authorize_decision(value, Browser::bound("one").unwrap(), Decision::Approve).await?;
        Ok(server.par.complete(&pending).await?.respond([("code", code)]).await?.into())
    })
}

#[test]
fn one_value_brings_every_kind_of_request_back() {
    let server = object_server();
    let handle = server.pushed(&code_request(&[("state", "s")]));
    let token = object("basic", json!({ "claims": { "userinfo": {} } }));
    let plain = form([
        ("client_id", "basic"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("state", "a b&c=d+\u{7e}"),
        ("x", "\u{e9}\u{1f600} %41"),
        ("resource", "https://one.example/"),
        ("resource", "https://two.example/?a=b&c"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("client_secret", "not a parameter"),
        ("code", "not one either"),
    ]);
    let queries = [
        form([("client_id", "basic"), ("request_uri", &*handle), ("state", "without effect")]),
        form([("client_id", "basic"), ("request", &*token), ("state", "without effect")]),
        plain,
    ];
    for query in queries {
        let pending = server.authorize(&query, Some("one")).unwrap();
        let value = pending.to_query();
        assert!(!value.contains("effect") && !value.contains("not"), "{value}");
        let again = server.authorize(&value, Some("one")).unwrap();
        assert_eq!(names_and_values(&again), names_and_values(&pending));
        assert_eq!(again.request().protection(), pending.request().protection());
        assert_eq!(again.to_query(), value, "it can go round any number of times");
        let reply = approve(&server, &value, "the code").unwrap();
        assert!(reply.header("location").unwrap().contains("code=the+code"));
    }
}

#[test]
fn the_value_is_the_documented_query() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let pending = open(&server, "basic", &handle, "one").unwrap();
    assert_eq!(pending.to_query(), form([("client_id", "basic"), ("request_uri", &*handle)]));
    let token = object("basic", json!({}));
    let server = object_server();
    let pending = server.authorize(&form([("request", &*token), ("client_id", "basic")]), None).unwrap();
    assert_eq!(pending.to_query(), form([("client_id", "basic"), ("request", &*token)]));
    // Parameters without a value count as omitted.
    let plain = format!("client_id=basic&response_type=code&state=&redirect_uri={CALLBACK}");
    let pending = server.authorize(&plain, None).unwrap();
    assert_eq!(
        pending.to_query(),
        form([("client_id", "basic"), ("response_type", "code"), ("redirect_uri", CALLBACK)])
    );
}

#[test]
fn a_single_use_object_comes_back_until_it_is_used() {
    let mut policy = Policy::oauth();
    policy.single_use_request_objects = true;
    let server = Server::with(policy, [signer("basic")]);
    let token = object("basic", json!({ "jti": "j" }));
    let pending = server.authorize(&form([("client_id", "basic"), ("request", &*token)]), Some("one")).unwrap();
    let value = pending.to_query();
    server.authorize(&value, Some("one")).unwrap();
    approve(&server, &value, "first").unwrap();
    let pending = server.authorize(&value, Some("two")).unwrap();
    let replayed = pollster::block_on(server.par.complete(&pending));
    assert_eq!(page(replayed).reason(), Reason::RequestObject(TokenFault::Replayed));
}

#[test]
fn a_value_that_the_browser_has_changed_is_validated_as_any_query() {
    let server = Server::with(Policy::oauth(), [basic("basic")]);
    let plain = form([("client_id", "basic"), ("response_type", "code"), ("redirect_uri", CALLBACK)]);
    let value = server.authorize(&plain, None).unwrap().to_query();
    let changed = value.replace("app.example.com", "evil.example.com");
    assert_ne!(changed, value);
    let refused = page(pollster::block_on(server.par.authorize(&changed, browser_with(None))));
    assert!(matches!(refused.reason(), Reason::RedirectUri(_)), "{ISSUER}");
}

#[test]
fn parameters_are_encoded_as_they_are_read() {
    let limits = Limits::default();
    for (form, encoded) in [
        ("", ""),
        ("a=b", "a=b"),
        ("scope=openid%20email", "scope=openid+email"),
        ("x=%C3%A9%2B%26%3D%25&y=*-._~", "x=%C3%A9%2B%26%3D%25&y=*-._%7E"),
        ("resource=https://b&a=1&resource=https://c", "resource=https%3A%2F%2Fb&a=1&resource=https%3A%2F%2Fc"),
    ] {
        let parameters = Parameters::parse(form.as_bytes(), &limits).unwrap();
        assert_eq!(parameters.to_query(), encoded);
        assert!(Parameters::parse(encoded.as_bytes(), &limits).unwrap() == parameters, "{form}");
    }
}
