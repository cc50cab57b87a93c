//! Whether a login is new enough for a request that demands a new one.

use parjar::{Clock as _, InMemoryRegistry, ParEndpoint, Pending, Policy};
use serde_json::json;

use crate::support::{CALLBACK, ISSUER, Server, basic, browser_with, client, code_request, form, with};

/// Pushes a request, lets so many seconds pass, and opens it.
fn opened(server: &Server, more: &[(&str, &str)], waits: u64) -> Pending {
    let handle = server.pushed(&code_request(more));
    server.pass(waits);
    server.open(&handle).unwrap()
}

/// Whether a login so many seconds before now is new enough.
fn is_new(server: &Server, pending: &Pending, ago: i64) -> bool {
    pending.is_login_new_enough(server.clock.now() - time::Duration::seconds(ago))
}

#[test]
fn without_a_demand_every_login_is_new_enough() {
    let server = Server::new();
    for more in [&[][..], &[("prompt", "consent")], &[("prompt", "select_account")]] {
        assert!(is_new(&server, &opened(&server, more, 0), 1_000_000));
    }
}

#[test]
fn prompt_login_asks_for_a_login_since_the_request_was_first_opened() {
    // OIDC Core 3.1.2.1: a login between the push and the first opening is one from before the user was asked.
    let server = Server::new();
    let pending = opened(&server, &[("prompt", "login consent")], 5);
    for (ago, expected) in [(0, true), (1, false), (5, false), (-1, true)] {
        assert_eq!(is_new(&server, &pending, ago), expected, "{ago} s ago");
    }
    // Back from the login page, on any node, with the page loaded again or not.
    server.pass(300);
    let handle = pending.request_uri().unwrap();
    let again = server.open(handle).unwrap();
    assert_eq!(again.asked_at(), pending.asked_at());
    assert!(is_new(&server, &again, 299));
    assert!(is_new(&server, &again, 300));
    assert!(!is_new(&server, &again, 301));
}

#[test]
fn a_browser_that_comes_back_is_asked_since_its_first_visit() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("prompt", "login")]));
    server.pass(20);
    let visit = |browser| server.authorize(&format!("client_id=basic&request_uri={handle}"), browser);
    let first = visit(None).unwrap().asked_at();
    assert_eq!(first, server.clock.now());
    server.pass(30);
    assert_eq!(visit(Some("one")).unwrap().asked_at(), first, "the cookie may come with the second visit");
    server.pass(30);
    assert!(visit(Some("two")).is_err());
    server.pass(30);
    assert_eq!(visit(Some("one")).unwrap().asked_at(), first);
}

#[test]
fn max_age_is_the_age_of_the_login_when_the_request_is_opened() {
    // OIDC Core 3.1.2.1
    let server = Server::new();
    let pending = opened(&server, &[("max_age", "60")], 0);
    for (ago, expected) in [(0, true), (60, true), (61, false)] {
        assert_eq!(is_new(&server, &pending, ago), expected, "{ago} s ago");
    }
    // A user who has logged in for this very request is not sent to the login page again, however long the rest has taken.
    server.pass(500);
    let again = server.open(pending.request_uri().unwrap()).unwrap();
    assert!(is_new(&server, &again, 499));
}

#[test]
fn max_age_of_zero_does_not_loop() {
    let server = Server::new();
    let pending = opened(&server, &[("max_age", "0")], 1);
    assert!(!is_new(&server, &pending, 2));
    server.pass(100);
    let again = server.open(pending.request_uri().unwrap()).unwrap();
    assert!(is_new(&server, &again, 99));
}

#[test]
fn the_default_of_the_client_counts() {
    let registration = with(basic("basic"), json!({ "default_max_age": 60 }));
    let server = Server::with(Policy::oauth(), [registration]);
    let pending = opened(&server, &[], 0);
    assert!(is_new(&server, &pending, 60) && !is_new(&server, &pending, 61));
    let pending = opened(&server, &[("max_age", "10")], 0);
    assert!(!is_new(&server, &pending, 11));
}

#[test]
fn every_node_knows_when_the_request_was_first_opened() {
    let server = Server::new();
    let pending = opened(&server, &[("prompt", "login")], 30);
    server.pass(40);
    let node = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .store(server.store.clone())
        .clock(server.clock.clone())
        .build()
        .unwrap();
    let query = format!("client_id=basic&request_uri={}", pending.request_uri().unwrap());
    let there = pollster::block_on(node.authorize(&query, browser_with(None))).unwrap();
    assert_eq!(there.asked_at(), pending.asked_at());
    assert!(is_new(&server, &there, 40) && !is_new(&server, &there, 41));
}

#[test]
fn the_host_says_when_a_request_in_the_query_was_first_opened() {
    let server = Server::new();
    let query = form([
        ("client_id", "basic"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("prompt", "login"),
        ("max_age", "1"),
    ]);
    let first = server.authorize(&query, None).unwrap();
    assert!(!is_new(&server, &first, 1));
    server.pass(60);
    let again = server.authorize(&query, None).unwrap();
    assert!(!is_new(&server, &again, 59), "by itself, the library cannot know");
    let again = again.asked_at_latest(first.asked_at());
    assert!(is_new(&server, &again, 59));
    assert!(!is_new(&server, &again.asked_at_latest(server.clock.now()), 61), "a later time has no effect");
}
