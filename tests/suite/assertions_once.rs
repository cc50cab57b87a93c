//! An assertion authenticates its client once, wherever it is sent, and a refused push does not use it up (RFC 7523 section 3).

use std::{
    sync::{Barrier, Mutex},
    thread,
    time::Duration,
};

use parjar::{
    FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Policy, Reason,
    jose::TokenFault,
    store::{MemoryLimits, MemoryStore},
};
use serde_json::json;

use crate::{
    support::{CALLBACK, FORM, ISSUER, Server, basic, client, code_request, form, request_uri, with},
    tokens::{
        ES256_KEY, LONG_SECRET, NOW, asserter, assertion, assertion_claims, encode, mac, object, object_claims,
        object_header, with_assertion,
    },
};

const REPLAYED: Reason = Reason::ClientAssertion(TokenFault::Replayed);

fn server() -> Server {
    Server::with(Policy::oauth(), ["c1", "c2", "a", "ab"].map(asserter))
}

fn body(assertion: &str) -> String {
    code_request(&with_assertion(assertion))
}

/// The reason for which a push is refused, if it is.
fn reason(server: &Server, body: &str) -> Option<Reason> {
    server.try_form(body).err().map(|refusal| refusal.reason())
}

#[test]
fn an_id_is_required_and_bounded() {
    // CA-039, C-06
    let server = server();
    for (others, fault) in [
        (json!({ "jti": null }), TokenFault::Id),
        (json!({ "jti": "" }), TokenFault::Id),
        (json!({ "jti": "x".repeat(257) }), TokenFault::Id),
        (json!({ "jti": "\u{e9}".repeat(129) }), TokenFault::Id),
        (json!({ "jti": 1 }), TokenFault::ClaimType),
        (json!({ "jti": ["j"] }), TokenFault::ClaimType),
    ] {
        assert_eq!(reason(&server, &body(&assertion("c1", others))), Some(Reason::ClientAssertion(fault)));
    }
    for id in ["x".to_owned(), "x".repeat(256), "\u{e9}".repeat(128), " ".to_owned(), "\0".to_owned()] {
        assert_eq!(reason(&server, &body(&assertion("c1", json!({ "jti": id })))), None, "{id}");
        assert_eq!(reason(&server, &body(&assertion("c1", json!({ "jti": id })))), Some(REPLAYED), "{id}");
    }
}

#[test]
fn an_assertion_is_good_for_one_request_to_either_endpoint() {
    // CA-049, C-01, C-34
    let server = server();
    let at_token = |assertion: &str| {
        let refusal = server.try_token(&form(with_assertion(assertion))).err();
        refusal.map(|refusal| refusal.reason())
    };
    let pushed = assertion("c1", json!({}));
    assert_eq!(reason(&server, &body(&pushed)), None);
    assert_eq!(reason(&server, &body(&pushed)), Some(REPLAYED));
    assert_eq!(at_token(&pushed), Some(REPLAYED));
    assert_eq!(server.store.len(), 1);

    let sent_to_token_endpoint = assertion("c1", json!({}));
    assert_eq!(at_token(&sent_to_token_endpoint), None);
    assert_eq!(at_token(&sent_to_token_endpoint), Some(REPLAYED));
    assert_eq!(reason(&server, &body(&sent_to_token_endpoint)), Some(REPLAYED));
    assert_eq!(server.store.len(), 1);
}

#[test]
fn another_token_with_the_same_id_is_a_replay() {
    let server = server();
    assert_eq!(reason(&server, &body(&assertion("c1", json!({ "jti": "j" })))), None);
    let other = assertion("c1", json!({ "jti": "j", "exp": NOW + 61 }));
    assert_eq!(reason(&server, &body(&other)), Some(REPLAYED));
}

#[test]
fn every_client_has_ids_of_its_own() {
    // C-03
    let server = server();
    for (client_id, id) in [("a", "bc"), ("ab", "c"), ("c1", "j"), ("c2", "j"), ("a", "j"), ("a", "b"), ("ab", "")] {
        let outcome = reason(&server, &body(&assertion(client_id, json!({ "jti": id }))));
        let expected = id.is_empty().then_some(Reason::ClientAssertion(TokenFault::Id));
        assert_eq!(outcome, expected, "{client_id} {id}");
    }
}

#[test]
fn an_id_is_remembered_for_as_long_as_its_assertion_could_be_used() {
    // C-01, C-06
    let server = server();
    let token = assertion("c1", json!({ "exp": NOW + 300 }));
    assert_eq!(reason(&server, &body(&token)), None);
    for _ in 0..29 {
        server.pass(10);
        assert_eq!(reason(&server, &body(&token)), Some(REPLAYED));
    }
    server.clock.advance(Duration::from_millis(9_999));
    assert_eq!(reason(&server, &body(&token)), Some(REPLAYED));
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(reason(&server, &body(&token)), Some(Reason::ClientAssertion(TokenFault::Expired)));
    // Its id may be used again once nobody can send the old one any more.
    server.pass(10);
    assert_eq!(reason(&server, &body(&assertion("c1", json!({ "iat": NOW + 310, "exp": NOW + 320 })))), None);
}

#[test]
fn an_assertion_that_is_refused_uses_up_nothing() {
    // C-04: anybody could void the assertion of somebody else by sending it to the wrong place
    let server = server();
    let id = json!({ "jti": "j" });
    let claims = |others| assertion_claims("c1", with(id.clone(), others));
    let sign = |claims| ES256_KEY.sign(&json!({ "alg": "ES256" }), &claims);
    let good = sign(claims(json!({})));
    let forged = format!("{}.{}", good.rsplit_once('.').unwrap().0, encode([1; 64]));
    let wrong_key = crate::tokens::OTHER_ES256_KEY.sign(&json!({ "alg": "ES256" }), &claims(json!({})));
    for token in [
        forged,
        wrong_key,
        sign(claims(json!({ "aud": "https://other.example" }))),
        sign(claims(json!({ "exp": 1 }))),
        sign(claims(json!({ "iat": NOW + 60 }))),
        sign(claims(json!({ "sub": "c2" }))),
        ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "other" }), &claims(json!({}))),
        ES256_KEY.sign(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims(json!({}))),
    ] {
        assert!(
            matches!(reason(&server, &body(&token)), Some(Reason::ClientAssertion(fault)) if fault != TokenFault::Replayed)
        );
    }
    assert_eq!(reason(&server, &body(&good)), None);
}

#[test]
fn a_push_that_is_refused_after_authentication_does_not_use_the_assertion_up() {
    // C-04, C-05: each of these is refused, and then the same assertion succeeds
    let mut policy = Policy::oauth();
    policy.single_use_request_objects = true;
    let server = Server::with(policy, [asserter("c1")]);
    let used = object("c1", json!({ "jti": "used" }));
    let first = assertion("c1", json!({}));
    assert!(server.try_form(&form(with_assertion(&first).into_iter().chain([("request", &*used)]))).is_ok());
    let expired = object("c1", json!({ "jti": "o1", "exp": NOW }));
    let forged = format!("{}A", &expired[..expired.len() - 1]);
    let bad_parameters = object("c1", json!({ "jti": "o2", "prompt": "none login" }));
    let wrong_uri = object("c1", json!({ "jti": "o3", "redirect_uri": "https://evil.example" }));
    let refused: [&[(&str, &str)]; 12] = [
        &[],
        &[("response_type", "token"), ("redirect_uri", CALLBACK)],
        &[("response_type", "code"), ("redirect_uri", "https://evil.example/cb")],
        &[("response_type", "code"), ("prompt", "none login")],
        &[("response_type", "code"), ("code_challenge", "short")],
        &[("response_type", "code"), ("max_age", "-1")],
        &[("request", "x")],
        &[("request", &expired)],
        &[("request", &forged)],
        &[("request", &bad_parameters)],
        &[("request", &wrong_uri)],
        &[("request", &used)],
    ];
    for pairs in refused.into_iter().chain([&[("request", &*used), ("scope", "a")][..]]) {
        let assertion = assertion("c1", json!({}));
        let send = |pairs: &[(&str, &str)]| {
            server.try_form(&form(with_assertion(&assertion).into_iter().chain(pairs.iter().copied())))
        };
        let refusal = send(pairs).expect_err("a refusal");
        assert!(refusal.status() == 400 && !matches!(refusal.reason(), Reason::ClientAssertion(_)), "{refusal}");
        assert!(send(&[("response_type", "code")]).is_ok(), "after {refusal}");
        assert_eq!(send(&[("response_type", "code")]).unwrap_err().reason(), REPLAYED);
    }
}

#[test]
fn a_replayed_assertion_does_not_use_the_object_up_nor_the_other_way_round() {
    // C-05: both marks are taken, or none
    let mut policy = Policy::oauth();
    policy.single_use_request_objects = true;
    let server = Server::with(policy, [asserter("c1")]);
    let send = |assertion: &str, object: &str| {
        reason(&server, &form(with_assertion(assertion).into_iter().chain([("request", object)])))
    };
    let [a1, a2] = [(); 2].map(|()| assertion("c1", json!({})));
    let [o1, o2] = ["o1", "o2"].map(|id| object("c1", json!({ "jti": id })));
    assert_eq!(send(&a1, &o1), None);
    assert_eq!(send(&a1, &o2), Some(REPLAYED));
    assert_eq!(send(&a2, &o1), Some(Reason::RequestObject(TokenFault::Replayed)));
    assert_eq!(send(&a2, &o2), None);
    // One id in both kinds of token is two ids.
    let [a3, o3] = [assertion("c1", json!({ "jti": "same" })), object("c1", json!({ "jti": "same" }))];
    assert_eq!(send(&a3, &o3), None);
}

#[test]
fn a_store_without_room_refuses_the_push_and_keeps_the_assertion() {
    // C-06, C-07, P-25
    let mut share = MemoryLimits::default();
    share.requests_per_client = 1;
    let mut total = MemoryLimits::default();
    total.requests = 1;
    for (limits, reason_when_full, status) in [(share, Reason::ClientLimit, 429), (total, Reason::StoreFull, 503)] {
        let server = Server::built(Policy::oauth(), [asserter("c1")], limits, |builder| builder);
        assert_eq!(reason(&server, &body(&assertion("c1", json!({})))), None);
        let token = assertion("c1", json!({ "exp": NOW + 300 }));
        let refusal = server.try_form(&body(&token)).unwrap_err();
        assert_eq!((refusal.reason(), refusal.status()), (reason_when_full, status));
        assert!(refusal.retry_after().is_some());
        server.pass(61);
        assert_eq!(reason(&server, &body(&token)), None);
        assert_eq!(reason(&server, &body(&token)), Some(REPLAYED));
    }
}

#[test]
fn a_store_without_room_for_ids_accepts_no_assertion() {
    // C-06, C-07: what cannot be remembered could be replayed
    let mut share = MemoryLimits::default();
    share.marks_per_client = 3;
    let mut total = MemoryLimits::default();
    total.marks = 3;
    for (limits, reason_when_full, status) in [(share, Reason::ClientLimit, 429), (total, Reason::StoreFull, 503)] {
        let server = Server::built(Policy::oauth(), [asserter("c1")], limits, |builder| builder);
        let used: Vec<String> = (0..3).map(|_| assertion("c1", json!({ "exp": NOW + 60 }))).collect();
        assert!(used.iter().all(|token| reason(&server, &body(token)).is_none()));
        let token = assertion("c1", json!({ "exp": NOW + 300 }));
        let at_push = server.try_form(&body(&token)).unwrap_err();
        let at_token = server.try_token(&form(with_assertion(&token))).unwrap_err();
        assert_eq!([at_push.reason(), at_token.reason()], [reason_when_full; 2]);
        assert_eq!([at_push.status(), at_token.status()], [status; 2]);
        assert_eq!(server.store.len(), 3);
        assert!(used.iter().all(|token| reason(&server, &body(token)) == Some(REPLAYED)));
        // When the first ones are forgotten, there is room, and nothing was lost.
        server.pass(121);
        assert_eq!(reason(&server, &body(&token)), None);
    }
}

#[test]
fn of_64_requests_with_one_assertion_one_succeeds() {
    // C-02, C-05, at both endpoints at once
    let server = server();
    for round in 0..20 {
        let token = assertion("c1", json!({}));
        let (barrier, outcomes) = (Barrier::new(64), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for caller in 0..64 {
                let (server, barrier, outcomes, token) = (&server, &barrier, &outcomes, &token);
                scope.spawn(move || {
                    barrier.wait();
                    let outcome = if caller % 2 == 0 {
                        server.try_form(&body(token)).map(|_| ())
                    } else {
                        server.try_token(&form(with_assertion(token))).map(|_| ())
                    };
                    outcomes.lock().unwrap().push(outcome.err().map(|refusal| refusal.reason()));
                });
            }
        });
        let outcomes = outcomes.into_inner().unwrap();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 1, "round {round}");
        assert!(outcomes.iter().flatten().all(|reason| *reason == REPLAYED));
    }
    assert!(server.store.len() <= 20);
}

#[test]
fn assertions_with_a_secret_are_used_up_as_well() {
    // C-01
    let registration =
        with(basic("s1"), json!({ "token_endpoint_auth_method": "client_secret_jwt", "client_secret": LONG_SECRET }));
    let server = Server::with(Policy::oauth(), [registration]);
    let token = mac(&json!({ "alg": "HS256" }), &assertion_claims("s1", json!({})), LONG_SECRET);
    assert_eq!(reason(&server, &body(&token)), None);
    assert_eq!(reason(&server, &body(&token)), Some(REPLAYED));
}

#[test]
fn an_assertion_that_comes_twice_because_its_claims_serve_two_purposes_is_refused_as_an_object() {
    // JAR-053, C-38
    let server = server();
    let token = assertion("c1", json!({ "client_id": "c1" }));
    let sent = form(with_assertion(&token).into_iter().chain([("request", &*token)]));
    assert_eq!(reason(&server, &sent), Some(Reason::RequestObject(TokenFault::Subject)));
    let both = ES256_KEY.sign(&object_header("ES256"), &object_claims("c1", json!({ "sub": "c1", "jti": "j" })));
    let sent = form(with_assertion(&both).into_iter().chain([("request", &*both)]));
    assert_eq!(reason(&server, &sent), Some(Reason::ClientAssertion(TokenFault::Type)));
}

#[test]
fn a_node_whose_clock_is_behind_does_not_take_a_used_assertion_for_new() {
    // A-47, C-01: marks live by the store's clock, dates by that of a node
    let node = |clock: &ManualClock, store: &MemoryStore| {
        let clients = InMemoryRegistry::new([client(asserter("c1"))]).unwrap();
        ParEndpoint::builder(ISSUER).clients(clients).store(store.clone()).clock(clock.clone()).build().unwrap()
    };
    let (ahead, behind) = (ManualClock::default(), ManualClock::default());
    let store = MemoryStore::default().with_clock(ahead.clone());
    let nodes = [node(&ahead, &store), node(&behind, &store)];
    let token = assertion("c1", json!({ "exp": NOW + 60 }));
    let push = |node: &ParEndpoint| {
        let body = body(&token);
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
        pollster::block_on(node.push(&request)).map_err(|refusal| refusal.reason())
    };
    ahead.advance(Duration::from_secs(58));
    behind.advance(Duration::from_secs(28));
    assert!(push(&nodes[0]).is_ok());
    for _ in 0..31 {
        assert_eq!(push(&nodes[1]).unwrap_err(), REPLAYED);
        ahead.advance(Duration::from_secs(1));
        behind.advance(Duration::from_secs(1));
    }
}

#[test]
fn a_single_use_object_is_good_for_a_push_or_a_login_and_not_for_both() {
    //
    let mut policy = Policy::oauth();
    policy.single_use_request_objects = true;
    let server = Server::with(policy, [asserter("c1")]);
    let object = object("c1", json!({ "exp": NOW + 30, "jti": "once" }));
    let in_query = server.authorize(&form([("client_id", "c1"), ("request", &object)]), None).unwrap();
    let token = assertion("c1", json!({}));
    let pushed = server.push_form(&form(with_assertion(&token).into_iter().chain([("request", &*object)])));
    let query = format!("client_id=c1&request_uri={}", request_uri(&pushed));
    let pending = server.authorize(&query, None).unwrap();
    assert!(pollster::block_on(server.par.complete(&pending)).is_ok());
    for _ in 0..60 {
        assert!(pollster::block_on(server.par.complete(&in_query)).is_err());
        server.pass(10);
    }
}
