//! Nonces of the server's in DPoP proofs (RFC 9449 section 8).

use std::{error::Error, time::Duration};

use parjar::{
    BuildError, Clock as _, InMemoryRegistry, ManualClock, ParEndpoint, Policy, RandomError, RandomSource, Reason,
    Refusal, Reply, dpop::Nonces, jose::TokenFault,
};
use serde_json::{Value, json};

use crate::{
    proofs::{
        TOKEN_ENDPOINT, bare, bound_to, dpop_server, nonce_policy, proof, proof_claims, proof_header, reason,
        thumbprint,
    },
    support::{ISSUER, Server, basic, code_request, form},
    tokens::{ES256_KEY, assertion, with_assertion},
};

fn refused(server: &Server, others: Value) -> Refusal {
    server.push_proofs(&[&proof(&ES256_KEY, others)], &code_request(&[])).unwrap_err()
}

/// The nonce that a proof without one is answered with.
fn handed_out(server: &Server) -> String {
    refused(server, json!({})).dpop_nonce().unwrap().to_owned()
}

#[test]
fn a_proof_without_a_nonce_is_answered_with_one() {
    // DP-012, F2-005, AT-004, HTTP-009
    let server = dpop_server(nonce_policy());
    let refusal = refused(&server, json!({}));
    assert_eq!(refusal.reason(), Reason::MissingDpopNonce);
    let reply = Reply::from(&refusal);
    assert_eq!((reply.status(), crate::support::error(&reply)), (400, "use_dpop_nonce".into()));
    let nonces: Vec<_> = reply.headers().iter().filter(|(name, _)| *name == "dpop-nonce").collect();
    let [(_, nonce)] = nonces[..] else { panic!("{nonces:?}") };
    // DP-015
    assert!(nonce.len() >= 22 && nonce.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{nonce}");
    assert_eq!(reply.header("www-authenticate"), None);
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
    assert!(!format!("{refusal:?} {refusal}").contains(&**nonce));
}

#[test]
fn a_proof_with_the_nonce_is_good_and_the_reply_has_the_next() {
    // DP-012, DP-015
    let server = dpop_server(nonce_policy());
    let nonce = handed_out(&server);
    let token = proof(&ES256_KEY, json!({ "nonce": nonce }));
    let pushed = server.push_proofs(&[&token], &code_request(&[])).unwrap();
    assert_eq!(server.confirmation(&pushed), bound_to(&ES256_KEY));
    assert_eq!(pushed.dpop_nonce(), Some(&*nonce));
    let reply = Reply::from(pushed);
    assert_eq!((reply.status(), reply.header("dpop-nonce")), (201, Some(&*nonce)));
    // A nonce is no `jti`: it serves again, and the proof does not.
    assert!(server.push_proofs(&[&proof(&ES256_KEY, json!({ "nonce": nonce }))], &code_request(&[])).is_ok());
    assert_eq!(
        reason(server.push_proofs(&[&token], &code_request(&[]))),
        Some(Reason::DpopProof(TokenFault::Replayed))
    );
    // A push without a proof needs none, and its reply has one for the token endpoint.
    let named = code_request(&[("dpop_jkt", &*thumbprint(&ES256_KEY).to_string())]);
    assert_eq!(server.push_proofs(&[], &named).unwrap().dpop_nonce(), Some(&*nonce));
}

#[test]
fn a_nonce_was_handed_out_lately() {
    // DP-013, DP-014, AT-004: rotated within five minutes, and the one before is still good
    let server = dpop_server(nonce_policy());
    let first = handed_out(&server);
    let push = |nonce: &str| {
        let iat = server.clock.now().unix_timestamp();
        reason(server.push_proofs(&[&proof(&ES256_KEY, json!({ "nonce": nonce, "iat": iat }))], &code_request(&[])))
    };
    let mut seen = vec![first.clone()];
    let mut good_for = 0;
    for second in 0..=300 {
        let nonce = server.par.dpop_nonce().unwrap();
        assert_eq!(push(&nonce), None);
        if !seen.contains(&nonce) {
            seen.push(nonce);
        }
        match push(&first) {
            None => good_for = second,
            refused => assert_eq!(refused, Some(Reason::StaleDpopNonce)),
        }
        server.pass(1);
    }
    assert!((60..300).contains(&good_for), "{good_for}");
    assert!((3..=6).contains(&seen.len()), "{}", seen.len());
    // Once nonces are demanded, nothing goes without.
    assert_eq!(
        reason(server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[]))),
        Some(Reason::MissingDpopNonce)
    );
}

#[test]
fn a_nonce_of_somebody_else_is_refused_with_the_right_one() {
    // DP-013
    let server = dpop_server(nonce_policy());
    let own = handed_out(&server);
    let elsewhere = dpop_server(nonce_policy());
    assert_ne!(handed_out(&elsewhere), own, "every process has a key of its own");
    let mut shortened = own.clone();
    shortened.pop();
    for nonce in [
        handed_out(&elsewhere),
        String::new(),
        "x".into(),
        own.to_uppercase(),
        format!("{own}="),
        shortened,
        "\u{0}".into(),
    ] {
        let refusal = refused(&server, json!({ "nonce": nonce }));
        assert_eq!((refusal.reason(), refusal.dpop_nonce()), (Reason::StaleDpopNonce, Some(&*own)), "{nonce}");
    }
    assert_eq!(refused(&server, json!({ "nonce": 1 })).reason(), Reason::DpopProof(TokenFault::ClaimType));
}

#[test]
fn a_refusal_for_the_nonce_uses_up_nothing() {
    // DP-020, N-24
    let server = dpop_server(nonce_policy());
    let assertion = assertion("c1", json!({}));
    let body = code_request(&with_assertion(&assertion));
    let claims = proof_claims(json!({}));
    let header = proof_header("ES256", bare(&ES256_KEY));
    let refusal = server.push_proof_of_form(&ES256_KEY.sign(&header, &claims), &body).unwrap_err();
    assert_eq!(refusal.reason(), Reason::MissingDpopNonce);
    // The same assertion, and the same `jti` of the proof.
    let with_nonce = crate::tokens::changed(claims, json!({ "nonce": refusal.dpop_nonce() }));
    assert!(server.push_proof_of_form(&ES256_KEY.sign(&header, &with_nonce), &body).is_ok());
}

#[test]
fn the_nonce_comes_before_everything_else_about_the_proof() {
    let server = dpop_server(nonce_policy());
    for others in [json!({ "htm": "GET" }), json!({ "htu": "x" }), json!({ "iat": 0 })] {
        assert_eq!(refused(&server, others).reason(), Reason::MissingDpopNonce);
    }
    // What is no proof at all is told so.
    let refused = server.push_proofs(&["x"], &code_request(&[]));
    assert_eq!(reason(refused), Some(Reason::DpopProof(TokenFault::Malformed)));
}

#[test]
fn endpoints_with_the_same_key_know_the_nonces_of_each_other() {
    // DP-012, AT-004
    let with_keys = |issuer: &'static str, key: u8, replaced: &[u8]| {
        let mut builder = ParEndpoint::builder(issuer)
            .policy(nonce_policy())
            .token_endpoint(TOKEN_ENDPOINT)
            .clients(InMemoryRegistry::default())
            .clock(ManualClock::default())
            .dpop_nonce_key([key; 32]);
        for key in replaced {
            builder = builder.replaced_dpop_nonce_key([*key; 32]);
        }
        builder.build().unwrap().dpop_nonce().unwrap()
    };
    let nonce = with_keys(ISSUER, 1, &[]);
    assert_eq!(with_keys(ISSUER, 1, &[2]), nonce);
    assert_ne!(with_keys(ISSUER, 2, &[1]), nonce);
    assert_ne!(with_keys("https://other.example.com", 1, &[]), nonce, "issuers are kept apart");

    let keyed = |key: u8, replaced: Option<u8>| {
        Server::built(nonce_policy(), [basic("basic")], Default::default(), |builder| {
            let builder = builder.dpop_nonce_key([key; 32]).token_endpoint(TOKEN_ENDPOINT);
            match replaced {
                None => builder,
                Some(key) => builder.replaced_dpop_nonce_key([key; 32]),
            }
        })
    };
    for (server, good) in [(keyed(1, None), true), (keyed(2, None), false), (keyed(2, Some(1)), true)] {
        let outcome = server.push_proofs(&[&proof(&ES256_KEY, json!({ "nonce": nonce }))], &code_request(&[]));
        assert_eq!(outcome.is_ok(), good);
    }
}

#[test]
fn clocks_of_nodes_may_differ_a_little() {
    let clock = ManualClock::default();
    let nonces = Nonces::new(ISSUER, &[1; 32], &[]).unwrap();
    for _ in 0..240 {
        let (slow, fast) = (clock.now() - Duration::from_secs(30), clock.now());
        assert!(nonces.is_recent(&nonces.current(fast), slow) && nonces.is_recent(&nonces.current(slow), fast));
        clock.advance(Duration::from_secs(1));
    }
    assert!(!format!("{nonces:?}").contains('1'));
}

#[test]
fn the_token_endpoint_demands_nonces_too() {
    // DP-012, DP-020
    let server = dpop_server(nonce_policy());
    let token = |nonce: Option<&str>, body: &str| {
        let others = json!({ "htu": crate::proofs::TOKEN_ENDPOINT, "nonce": nonce });
        server.token_with_proof(Some(&proof(&ES256_KEY, others)), body)
    };
    let body = form(with_assertion(&assertion("c1", json!({}))));
    let refusal = token(None, &body).unwrap_err();
    assert_eq!(refusal.code().as_str(), "use_dpop_nonce");
    let nonce = refusal.dpop_nonce().unwrap();
    assert_eq!(token(Some(nonce), &body).unwrap().confirmation(), bound_to(&ES256_KEY));
    assert_eq!(reason(token(Some(nonce), &body)), Some(Reason::ClientAssertion(TokenFault::Replayed)));
}

#[test]
fn without_the_policy_there_are_no_nonces() {
    let server = dpop_server(Policy::oauth());
    assert_eq!(server.par.dpop_nonce(), None);
    let token = proof(&ES256_KEY, json!({ "nonce": "whatever" }));
    assert_eq!(server.push_proofs(&[&token], &code_request(&[])).unwrap().dpop_nonce(), None);
}

#[test]
fn a_nonce_key_of_zeros_is_refused_as_a_setting_that_was_forgotten() {
    assert!(Nonces::new(ISSUER, &[0; 32], &[]).is_err());
    assert!(Nonces::new(ISSUER, &[1; 32], &[[2; 32], [0; 32]]).is_err());
    let builder = |policy| {
        let builder = ParEndpoint::builder(ISSUER).token_endpoint(TOKEN_ENDPOINT);
        builder.clients(InMemoryRegistry::default()).policy(policy)
    };
    for policy in [nonce_policy(), Policy::oauth()] {
        let refused = [
            builder(policy.clone()).dpop_nonce_key([0; 32]),
            builder(policy.clone()).dpop_nonce_key([1; 32]).replaced_dpop_nonce_key([0; 32]),
        ];
        for builder in refused {
            let error = builder.build().err().unwrap();
            assert_eq!(error.to_string(), "dpop_nonce_key: a nonce key must be 32 random bytes, not zeros");
        }
        assert!(builder(policy).dpop_nonce_key([1; 32]).replaced_dpop_nonce_key([2; 32]).build().is_ok());
    }
}

struct Broken;

impl RandomSource for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError::new(Box::<dyn Error + Send + Sync>::from("broken")))
    }
}

#[test]
fn an_endpoint_without_a_key_for_its_nonces_is_not_built() {
    let builder = |policy| {
        let builder = ParEndpoint::builder(ISSUER).token_endpoint(TOKEN_ENDPOINT);
        builder.clients(InMemoryRegistry::default()).policy(policy).random(Broken)
    };
    assert_eq!(builder(nonce_policy()).build().err(), Some(BuildError::Random));
    assert!(builder(nonce_policy()).dpop_nonce_key([1; 32]).build().is_ok());
    assert!(builder(Policy::oauth()).build().is_ok());
}

#[test]
fn a_device_with_a_wrong_clock_can_log_in_where_nonces_are_demanded() {
    // RFC 9449 section 4.3, item 11: the time of the nonce counts
    let server = dpop_server(nonce_policy());
    let nonce = handed_out(&server);
    let now = server.clock.now().unix_timestamp();
    for iat in [0, now - 86_400, now - 61, now + 11, now + 86_400] {
        let token = proof(&ES256_KEY, json!({ "nonce": nonce, "iat": iat }));
        assert_eq!(reason(server.push_proofs(&[&token], &code_request(&[]))), None, "{iat}");
        // As long as the nonce is good, the proof is known.
        let replayed = Some(Reason::DpopProof(TokenFault::Replayed));
        assert_eq!(reason(server.push_proofs(&[&token], &code_request(&[]))), replayed, "{iat}");
    }
    assert_eq!(
        refused(&server, json!({ "nonce": nonce, "iat": null })).reason(),
        Reason::DpopProof(TokenFault::MissingIssuedAt)
    );
    let token = proof(&ES256_KEY, json!({ "nonce": nonce, "iat": now - 3600 }));
    server.push_proofs(&[&token], &code_request(&[])).unwrap();
    for _ in 0..400 {
        server.pass(1);
        let again = reason(server.push_proofs(&[&token], &code_request(&[])));
        let known = [Some(Reason::DpopProof(TokenFault::Replayed)), Some(Reason::StaleDpopNonce)];
        assert!(known.contains(&again), "{again:?}");
    }
}

#[test]
fn the_log_learns_by_how_much_a_clock_is_off() {
    let server = dpop_server(Policy::oauth());
    let now = server.clock.now().unix_timestamp();
    for (iat, offset) in [(now - 400, Some(400)), (now + 90, Some(-90))] {
        assert_eq!(refused(&server, json!({ "iat": iat })).clock_offset(), offset);
    }
    assert_eq!(refused(&server, json!({ "iat": now, "htm": "GET" })).clock_offset(), None);
}
