//! DPoP at the push: the authorization is bound to the key of a proof, or to the one that `dpop_jkt` names (RFC 9449 section 10).

use std::{sync::Barrier, thread};

use parjar::{Confirmation, FormError, FormRequest, Policy, Reason, Refusal, Reply, jose::TokenFault};
use serde_json::json;

use crate::{
    proofs::{TOKEN_ENDPOINT, bare, bound_to, dpop_server, proof, proof_claims, proof_header, reason, thumbprint},
    support::{CALLBACK, FORM, Server, authorization, basic, code_request, form},
    tokens::{ES256_KEY, NOW, OTHER_ES256_KEY, assertion, encode, fresh_id, object, object_server, with_assertion},
};

const fn faulty(fault: TokenFault) -> Option<Reason> {
    Some(Reason::DpopProof(fault))
}

fn check_is_invalid_proof(refusal: Refusal) {
    let reply = Reply::from(refusal);
    assert_eq!(reply.status(), 400);
    let told = r#"{"error":"invalid_dpop_proof","error_description":"the DPoP proof is not acceptable"}"#;
    assert_eq!(reply.body(), told);
    assert_eq!(reply.header("www-authenticate"), None, "only resources challenge");
    assert_eq!(reply.header("dpop-nonce"), None);
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
}

#[test]
fn a_request_is_bound_to_the_key_of_its_proof() {
    // DP-001, DP-002, F2-007
    let server = dpop_server(Policy::oauth());
    let pushed = server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).unwrap();
    assert_eq!(server.confirmation(&pushed), bound_to(&ES256_KEY));
    assert_eq!(pushed.dpop_nonce(), None);
    assert_eq!(Reply::from(pushed).header("dpop-nonce"), None);
}

#[test]
fn a_request_is_bound_to_the_key_that_dpop_jkt_names() {
    // DP-001, DP-004, DP-005
    let server = dpop_server(Policy::oauth());
    let jkt = thumbprint(&ES256_KEY).to_string();
    let pushed = server.push_proofs(&[], &code_request(&[("dpop_jkt", &jkt)])).unwrap();
    assert_eq!(server.confirmation(&pushed), bound_to(&ES256_KEY));
    let granted = pollster::block_on(server.par.complete(&server.open(pushed.request_uri()).unwrap())).unwrap();
    assert_eq!(granted.request().confirmation(), bound_to(&ES256_KEY));
    // Without either, it is bound to nobody.
    let pushed = server.push_proofs(&[], &code_request(&[("dpop_jkt", "")])).unwrap();
    assert_eq!(server.confirmation(&pushed), Confirmation::default());
}

#[test]
fn proof_and_dpop_jkt_have_to_agree() {
    // DP-003, P-30
    let server = dpop_server(Policy::oauth());
    let body = |key| code_request(&[("dpop_jkt", &*thumbprint(key).to_string())]);
    let pushed = server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &body(&ES256_KEY)).unwrap();
    assert_eq!(server.confirmation(&pushed), bound_to(&ES256_KEY));

    let other = proof(&OTHER_ES256_KEY, json!({}));
    let refusal = server.push_proofs(&[&other], &body(&ES256_KEY)).unwrap_err();
    assert_eq!(refusal.reason().label(), "dpop_proof_other_key");
    check_is_invalid_proof(refusal);
    // What is refused uses up nothing.
    assert!(server.push_proofs(&[&other], &body(&OTHER_ES256_KEY)).is_ok());
}

#[test]
fn a_dpop_jkt_is_a_thumbprint() {
    // DP-004
    let server = dpop_server(Policy::oauth());
    let good = thumbprint(&ES256_KEY).to_string();
    for jkt in [
        good[1..].to_owned(),
        format!("{good}A"),
        format!("{good}="),
        format!("{}+", &good[1..]),
        format!("{}B", "A".repeat(42)),
        good.replace(|_: char| true, " "),
        "x".into(),
    ] {
        let refusal = server.push_proofs(&[], &code_request(&[("dpop_jkt", &jkt)])).unwrap_err();
        assert_eq!((refusal.reason(), refusal.code().as_str()), (Reason::MalformedDpopJkt, "invalid_request"), "{jkt}");
    }
    let twice = code_request(&[("dpop_jkt", &good), ("dpop_jkt", &good)]);
    assert_eq!(reason(server.push_proofs(&[], &twice)), Some(Reason::Form(FormError::DuplicateParameter)));
}

#[test]
fn a_request_object_names_its_key_too() {
    // DP-003, DP-004
    let server = object_server();
    let of_object =
        |others, proofs: &[&str]| server.push_proofs(proofs, &form([("request", &*object("basic", others))]));
    let jkt = thumbprint(&ES256_KEY).to_string();
    let pushed = of_object(json!({ "dpop_jkt": jkt }), &[]).unwrap();
    assert_eq!(server.confirmation(&pushed), bound_to(&ES256_KEY));
    let pushed = of_object(json!({}), &[&proof(&OTHER_ES256_KEY, json!({}))]).unwrap();
    assert_eq!(server.confirmation(&pushed), bound_to(&OTHER_ES256_KEY));
    let both = of_object(json!({ "dpop_jkt": jkt }), &[&proof(&OTHER_ES256_KEY, json!({}))]);
    assert_eq!(reason(both), faulty(TokenFault::OtherKey));
    assert_eq!(reason(of_object(json!({ "dpop_jkt": "x" }), &[])), Some(Reason::MalformedDpopJkt));
    let of_other_type = of_object(json!({ "dpop_jkt": 1 }), &[]);
    assert_eq!(reason(of_other_type), Some(Reason::RequestObject(TokenFault::Parameter)));
}

#[test]
fn dpop_jkt_counts_in_the_query_of_the_authorization_endpoint() {
    // DP-004
    let server = dpop_server(Policy::oauth());
    let jkt = thumbprint(&ES256_KEY).to_string();
    let pending = server.authorize(&code_request(&[("client_id", "basic"), ("dpop_jkt", &jkt)]), None).unwrap();
    assert_eq!(pending.request().confirmation(), bound_to(&ES256_KEY));
    let refused = server.authorize(&code_request(&[("client_id", "basic"), ("dpop_jkt", "x")]), None).unwrap_err();
    assert_eq!(refused.refusal().reason(), Reason::MalformedDpopJkt);
    let location = Reply::from(refused).header("location").unwrap().to_owned();
    assert!(location.starts_with(&format!("{CALLBACK}?error=invalid_request&")), "{location}");
    // Only the one of the push counts for what was pushed.
    let pushed = server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).unwrap();
    let other = thumbprint(&OTHER_ES256_KEY);
    let query = format!("client_id=basic&request_uri={}&dpop_jkt={other}", pushed.request_uri());
    assert_eq!(server.authorize(&query, None).unwrap().request().confirmation(), bound_to(&ES256_KEY));
}

#[test]
fn there_is_one_header_with_one_proof() {
    // DP-006, H-03, HTTP-011, P-30
    let server = dpop_server(Policy::oauth());
    let [first, second] = [0, 1].map(|_| proof(&ES256_KEY, json!({})));
    let body = code_request(&[]);
    assert_eq!(reason(server.push_proofs(&[&first, &second], &body)), faulty(TokenFault::Repeated));
    assert_eq!(reason(server.push_proofs(&[&first, &first], &body)), faulty(TokenFault::Repeated));
    assert_eq!(reason(server.push_proofs(&[&first, ""], &body)), faulty(TokenFault::Repeated));
    for value in ["", " ", ",", "x", &format!("{first},{second}"), &format!("{first}, {second}")] {
        let refusal = server.push_proofs(&[value], &body).unwrap_err();
        assert_eq!(Some(refusal.reason()), faulty(TokenFault::Malformed), "{value}");
        check_is_invalid_proof(refusal);
    }
    let authorization = authorization("basic", "s3cret");
    let headers =
        [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes()), ("dPoP", &b"\xff\xfe"[..])];
    let outcome = pollster::block_on(server.par.push(&FormRequest::new("POST", headers, &body)));
    assert_eq!(reason(outcome), faulty(TokenFault::Malformed));
    assert!(server.push_proofs(&[&first], &body).is_ok(), "nothing was used up");
}

#[test]
fn a_proof_that_is_not_good_refuses_the_push() {
    // DP-002, DP-007 to DP-011: the rest of the table is in `dpop_proofs`
    let server = dpop_server(Policy::oauth());
    for (others, fault) in [
        (json!({ "htm": "GET" }), TokenFault::Method),
        (json!({ "htu": "https://as.example.com/token" }), TokenFault::TargetUri),
        (json!({ "htu": "https://evil.example/authorize/par" }), TokenFault::TargetUri),
        (json!({ "iat": NOW - 61 }), TokenFault::Lifetime),
        (json!({ "iat": NOW + 11 }), TokenFault::NotYetValid),
        (json!({ "jti": null }), TokenFault::Id),
    ] {
        let refusal = server.push_proofs(&[&proof(&ES256_KEY, others)], &code_request(&[])).unwrap_err();
        assert_eq!(Some(refusal.reason()), faulty(fault));
        check_is_invalid_proof(refusal);
    }
    assert_eq!(server.store.len(), 0);
}

#[test]
fn the_host_header_is_not_believed() {
    // DP-009
    let server = dpop_server(Policy::oauth());
    let authorization = authorization("basic", "s3cret");
    let proof = proof(&ES256_KEY, json!({ "htu": "https://evil.example/authorize/par" }));
    let headers = [
        ("content-type", FORM),
        ("authorization", &*authorization),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("dpop", &*proof),
    ];
    let body = code_request(&[]);
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    let outcome = pollster::block_on(server.par.push(&FormRequest::new("POST", headers, &body)));
    assert_eq!(reason(outcome), faulty(TokenFault::TargetUri));
}

#[test]
fn the_uri_of_a_proof_is_the_one_that_was_configured() {
    // DP-009
    let server = Server::built(Policy::oauth(), [basic("basic")], Default::default(), |builder| {
        builder.pushed_authorization_request_endpoint("https://LOGIN.example.com:443/tenant/%7Ea/par")
    });
    let push = |uri| reason(server.push_proofs(&[&proof(&ES256_KEY, json!({ "htu": uri }))], &code_request(&[])));
    assert_eq!(push("https://login.example.com/tenant/~a/par"), None);
    assert_eq!(push("https://login.example.com/tenant/b/../%7ea/par"), None);
    assert_eq!(push("https://as.example.com/authorize/par"), faulty(TokenFault::TargetUri));
}

#[test]
fn clients_authenticate_before_proofs_are_looked_at() {
    // A stranger makes nobody verify signatures
    let server = dpop_server(Policy::oauth());
    let authorization = authorization("basic", "wrong");
    let headers = [("content-type", FORM), ("authorization", &*authorization), ("dpop", "no proof")];
    let reply = server.send(&headers, &code_request(&[]));
    assert_eq!((reply.status(), crate::support::error(&reply)), (401, "invalid_client".into()));
}

#[test]
fn other_tokens_do_not_pass_for_proofs_nor_proofs_for_others() {
    // BCP-011, A-09, JAR-080, CA-044
    let server = dpop_server(Policy::oauth());
    let objects = object_server();
    for token in [assertion("c1", json!({})), object("basic", json!({}))] {
        assert!(matches!(
            reason(server.push_proofs(&[&token], &code_request(&[]))),
            Some(Reason::DpopProof(TokenFault::Key))
        ));
    }
    // All claims of both kinds in one token, with and without the key in its header.
    let claims = json!({
        "iss": "c1", "sub": "c1", "aud": crate::support::ISSUER, "exp": NOW + 60, "iat": NOW, "jti": fresh_id(),
        "htm": "POST", "htu": crate::proofs::PAR_ENDPOINT, "client_id": "basic",
    });
    let with_key = ES256_KEY.sign(&proof_header("ES256", bare(&ES256_KEY)), &claims);
    let without_key = ES256_KEY.sign(&json!({ "alg": "ES256", "typ": "dpop+jwt" }), &claims);
    for (token, fault) in [(&with_key, TokenFault::KeyInHeader), (&without_key, TokenFault::Type)] {
        let refused = server.try_form(&code_request(&with_assertion(token)));
        assert_eq!(reason(refused), Some(Reason::ClientAssertion(fault)));
        let refused = objects.try_push(form([("request", &**token)]).as_bytes());
        assert_eq!(reason(refused), Some(Reason::RequestObject(fault)));
    }
}

#[test]
fn a_proof_is_good_for_one_push() {
    // DP-011
    let server = dpop_server(Policy::oauth());
    let token = proof(&ES256_KEY, json!({}));
    let push = |token: &str| reason(server.push_proofs(&[token], &code_request(&[])));
    assert_eq!(push(&token), None);
    for _ in 0..6 {
        let refusal = server.push_proofs(&[&token], &code_request(&[])).unwrap_err();
        assert_eq!(refusal.reason().label(), "dpop_proof_replayed");
        check_is_invalid_proof(refusal);
        server.pass(10);
    }
    assert_eq!(push(&token), faulty(TokenFault::Replayed), "in its last second");
    server.pass(1);
    assert_eq!(push(&token), faulty(TokenFault::Lifetime));
    assert_eq!(server.store.len(), 1);
}

#[test]
fn every_key_has_ids_of_its_own() {
    // DP-011
    let server = dpop_server(Policy::oauth());
    let push = |key, id| reason(server.push_proofs(&[&proof(key, json!({ "jti": id }))], &code_request(&[])));
    assert_eq!(push(&ES256_KEY, "j"), None);
    assert_eq!(push(&OTHER_ES256_KEY, "j"), None);
    assert_eq!(push(&ES256_KEY, "k"), None);
    assert_eq!(push(&ES256_KEY, "j"), faulty(TokenFault::Replayed), "another proof, with the same id");
}

#[test]
fn a_proof_that_another_client_brings_is_good_once_for_that_one_and_takes_nothing_from_the_first() {
    let server = dpop_server(Policy::oauth());
    let token = proof(&ES256_KEY, json!({}));
    let other = authorization("other", "s3cret");
    let headers = [("content-type", FORM), ("authorization", &*other), ("dpop", &*token)];
    assert_eq!(server.send(&headers, &code_request(&[])).status(), 201);
    assert_eq!(crate::support::error(&server.send(&headers, &code_request(&[]))), "invalid_dpop_proof");
    let pushed = server.push_proofs(&[&token], &code_request(&[])).unwrap();
    // What comes of it is bound to the key of the proof.
    assert_eq!(server.open(pushed.request_uri()).unwrap().request().confirmation(), bound_to(&ES256_KEY));
    assert_eq!(reason(server.push_proofs(&[&token], &code_request(&[]))), faulty(TokenFault::Replayed));
}

#[test]
fn a_push_that_is_refused_uses_up_no_proof() {
    // DP-011, DP-020
    let server = dpop_server(Policy::oauth());
    let (token, assertion) = (proof(&ES256_KEY, json!({})), assertion("c1", json!({})));
    let body = |more: (&str, &str)| {
        let mut pairs = with_assertion(&assertion).to_vec();
        pairs.push(more);
        code_request(&pairs)
    };
    let refused = server.push_proof_of_form(&token, &body(("prompt", "none login")));
    assert_eq!(reason(refused), Some(Reason::PromptNone));
    assert!(server.push_proof_of_form(&token, &body(("state", "s"))).is_ok());
    // Each of the two says what was used before.
    let refused = server.push_proof_of_form(&proof(&ES256_KEY, json!({})), &body(("state", "s")));
    assert_eq!(reason(refused), Some(Reason::ClientAssertion(TokenFault::Replayed)));
    let fresh = crate::tokens::assertion("c1", json!({}));
    let refused = server.push_proof_of_form(&token, &code_request(&with_assertion(&fresh)));
    assert_eq!(reason(refused), faulty(TokenFault::Replayed));
    assert!(server.push_proof_of_form(&proof(&ES256_KEY, json!({})), &code_request(&with_assertion(&fresh))).is_ok());
}

#[test]
fn of_many_pushes_with_one_proof_one_succeeds() {
    // DP-011
    for _ in 0..5 {
        let server = dpop_server(Policy::oauth());
        let (token, barrier) = (proof(&ES256_KEY, json!({})), Barrier::new(32));
        let outcomes: Vec<_> = thread::scope(|scope| {
            let pushes: Vec<_> = (0..32)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        reason(server.push_proofs(&[&token], &code_request(&[])))
                    })
                })
                .collect();
            pushes.into_iter().map(|push| push.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|reason| reason.is_none()).count(), 1);
        assert!(outcomes.into_iter().flatten().all(|reason| Some(reason) == faulty(TokenFault::Replayed)));
        assert_eq!(server.store.len(), 1);
    }
}

#[test]
fn the_policy_can_demand_a_key_of_every_authorization() {
    // DP-017
    let mut policy = Policy::oauth();
    policy.require_dpop = true;
    let server = dpop_server(policy);
    let refusal = server.push_proofs(&[], &code_request(&[])).unwrap_err();
    assert_eq!((refusal.reason(), refusal.code().as_str()), (Reason::MissingDpopProof, "invalid_request"));
    assert!(server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).is_ok());
    let named = code_request(&[("dpop_jkt", &*thumbprint(&ES256_KEY).to_string())]);
    assert!(server.push_proofs(&[], &named).is_ok());
    let in_query = server.authorize(&code_request(&[("client_id", "basic")]), None).unwrap_err();
    assert_eq!(in_query.refusal().reason(), Reason::MissingDpopProof);
    assert!(server.authorize(&format!("client_id=basic&{named}"), None).is_ok());
}

#[test]
fn the_demand_counts_for_what_was_pushed_before_it() {
    let free = dpop_server(Policy::oauth());
    let pushed = free.push_proofs(&[], &code_request(&[])).unwrap();
    let mut policy = Policy::oauth();
    policy.require_dpop = true;
    let strict = Server::built(policy, [basic("basic")], Default::default(), |builder| {
        builder.store(free.store.clone()).token_endpoint(TOKEN_ENDPOINT)
    });
    assert_eq!(strict.open(pushed.request_uri()).unwrap_err().refusal().reason(), Reason::MissingDpopProof);
}

#[test]
fn reasons_have_labels_and_fixed_texts() {
    for (reason, label, code) in [
        (Reason::MissingDpopProof, "missing_dpop_proof", "invalid_request"),
        (Reason::MissingDpopNonce, "missing_dpop_nonce", "use_dpop_nonce"),
        (Reason::StaleDpopNonce, "stale_dpop_nonce", "use_dpop_nonce"),
        (Reason::MalformedDpopJkt, "malformed_dpop_jkt", "invalid_request"),
        (Reason::DpopProof(TokenFault::Method), "dpop_proof_htm", "invalid_dpop_proof"),
        (Reason::DpopProof(TokenFault::TargetUri), "dpop_proof_htu", "invalid_dpop_proof"),
    ] {
        assert_eq!((reason.label(), reason.code().as_str(), reason.status()), (label, code, 400));
    }
}

#[test]
fn keys_that_others_made_up_do_not_slow_a_client_down() {
    // More keys than are remembered: each is verified, and the first still is.
    let server = dpop_server(Policy::oauth());
    assert!(server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).is_ok());
    for number in 0u32..200 {
        let x = [&number.to_be_bytes()[..], &[7; 28]].concat();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) });
        let token = ES256_KEY.sign_text(
            &json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk }).to_string(),
            &proof_claims(json!({})).to_string(),
            "ES256",
        );
        let refused = reason(server.push_proofs(&[&token], &code_request(&[])));
        assert!(matches!(refused, Some(Reason::DpopProof(TokenFault::Signature | TokenFault::Key))), "{refused:?}");
    }
    assert!(server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).is_ok());
}
