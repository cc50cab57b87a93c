//! DPoP where tokens are issued and where they are used (RFC 9449 sections 5 and 7).

use std::{
    sync::{Arc, Barrier, Mutex},
    thread,
};

use parjar::{
    BuildError, Confirmation, Event, InMemoryRegistry, ParEndpoint, Policy, Reason, Reply, Thumbprint,
    dpop::{ResourceRefusal, ResourceRequest},
    jose::TokenFault,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    proofs::{TOKEN_ENDPOINT, bound_to, dpop_server, nonce_policy, proof, reason, thumbprint},
    support::{ISSUER, Server, basic, code_request, form, with},
    tokens::{ES256_KEY, Key, NOW, OTHER_ES256_KEY, assertion, changed, encode, with_assertion},
};

const RESOURCE: &str = "https://api.example.com/accounts?page=2";
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

fn token_proof(others: Value) -> String {
    proof(&ES256_KEY, changed(json!({ "htu": TOKEN_ENDPOINT }), others))
}

#[test]
fn the_token_endpoint_is_told_the_key() {
    // DP-005
    let server = dpop_server(Policy::oauth());
    let client = server.token_with_proof(Some(&token_proof(json!({}))), "grant_type=authorization_code").unwrap();
    assert_eq!((client.client().client_id(), client.confirmation()), ("basic", bound_to(&ES256_KEY)));
    let without = server.token_with_proof(None, "grant_type=authorization_code").unwrap();
    assert_eq!(without.confirmation(), Confirmation::default());
}

#[test]
fn a_code_is_fulfilled_by_the_key_that_it_is_bound_to() {
    // DP-005
    let server = dpop_server(Policy::oauth());
    let pushed = server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).unwrap();
    let demanded = server.confirmation(&pushed);
    let by = |key: Option<&Key>| {
        let proof = key.map(|key| proof(key, json!({ "htu": TOKEN_ENDPOINT })));
        server.token_with_proof(proof.as_deref(), "grant_type=authorization_code").unwrap()
    };
    assert!(by(Some(&ES256_KEY)).fulfils(demanded));
    assert!(!by(Some(&OTHER_ES256_KEY)).fulfils(demanded));
    assert!(!by(None).fulfils(demanded));
    for key in [None, Some(&*ES256_KEY)] {
        assert!(by(key).fulfils(Confirmation::default()), "bound to nobody");
    }
    let mut certificate = bound_to(&ES256_KEY);
    certificate.x5t_s256 = Some(Thumbprint::from_bytes([1; 32]));
    assert!(!by(Some(&ES256_KEY)).fulfils(certificate), "both are demanded");
}

#[test]
fn a_proof_at_the_token_endpoint_is_for_the_token_endpoint() {
    // DP-007 to DP-011
    let server = dpop_server(Policy::oauth());
    for (others, fault) in [
        (json!({ "htu": crate::proofs::PAR_ENDPOINT }), TokenFault::TargetUri),
        (json!({ "htm": "GET" }), TokenFault::Method),
        (json!({ "iat": NOW - 61 }), TokenFault::Lifetime),
    ] {
        let refusal = server.token_with_proof(Some(&token_proof(others)), "").unwrap_err();
        assert_eq!(refusal.reason(), Reason::DpopProof(fault));
        let reply = Reply::from(refusal);
        assert_eq!((reply.status(), reply.header("www-authenticate")), (400, None));
    }
    // And one for the push is not for the token endpoint, so that their ids do not meet.
    let same_id = json!({ "jti": "j" });
    assert!(server.token_with_proof(Some(&token_proof(same_id.clone())), "").is_ok());
    assert!(server.push_proofs(&[&proof(&ES256_KEY, same_id.clone())], &code_request(&[])).is_ok());
    let again = server.token_with_proof(Some(&token_proof(same_id)), "");
    assert_eq!(reason(again), Some(Reason::DpopProof(TokenFault::Replayed)));
}

#[test]
fn assertion_and_proof_are_used_up_together() {
    // DP-011, DP-020
    let server = dpop_server(Policy::oauth());
    let (first, second) = (assertion("c1", json!({})), assertion("c1", json!({})));
    let token = token_proof(json!({}));
    assert!(server.token_with_proof(Some(&token), &form(with_assertion(&first))).is_ok());
    let replayed = server.token_with_proof(Some(&token), &form(with_assertion(&second)));
    assert_eq!(reason(replayed), Some(Reason::DpopProof(TokenFault::Replayed)));
    // The assertion of the refused request is still good, and its proof is not spent by a replayed assertion.
    let fresh = token_proof(json!({}));
    let replayed = server.token_with_proof(Some(&fresh), &form(with_assertion(&first)));
    assert_eq!(reason(replayed), Some(Reason::ClientAssertion(TokenFault::Replayed)));
    assert!(server.token_with_proof(Some(&fresh), &form(with_assertion(&second))).is_ok());
}

#[test]
fn clients_with_bound_tokens_have_to_bring_a_proof() {
    // DP-017, CM-021
    let bound = with(basic("basic"), json!({ "dpop_bound_access_tokens": true }));
    let server =
        Server::built(Policy::oauth(), [bound], Default::default(), |builder| builder.token_endpoint(TOKEN_ENDPOINT));
    let refusal = server.token_with_proof(None, "").unwrap_err();
    assert_eq!((refusal.reason(), refusal.status()), (Reason::MissingDpopProof, 400));
    let client = server.token_with_proof(Some(&token_proof(json!({}))), "").unwrap();
    assert!(client.client().must_use_dpop(&Policy::oauth()));
    // At the push only the policy can demand one.
    assert!(server.push_proofs(&[], &code_request(&[])).is_ok());

    let mut policy = Policy::oauth();
    policy.require_dpop = true;
    let server = dpop_server(policy);
    assert_eq!(reason(server.token_with_proof(None, "")), Some(Reason::MissingDpopProof));
    assert!(server.token_with_proof(Some(&token_proof(json!({}))), "").is_ok());
    let registration = serde_json::from_value::<parjar::ClientRegistration>(with(
        basic("basic"),
        json!({ "dpop_bound_access_tokens": "true" }),
    ));
    assert!(registration.is_err_and(|error| error.to_string().contains("dpop_bound_access_tokens")));
}

#[test]
fn a_refused_token_request_without_a_proof_uses_up_nothing() {
    let mut policy = Policy::oauth();
    policy.require_dpop = true;
    let server = dpop_server(policy);
    let body = form(with_assertion(&assertion("c1", json!({}))));
    assert_eq!(reason(server.token_with_proof(None, &body)), Some(Reason::MissingDpopProof));
    assert!(server.token_with_proof(Some(&token_proof(json!({}))), &body).is_ok());
}

#[test]
fn a_token_endpoint_without_a_url_takes_no_proofs() {
    // DP-009
    let server = Server::new();
    let refusal = server.token_with_proof(Some(&token_proof(json!({}))), "").unwrap_err();
    assert_eq!((refusal.reason(), refusal.status()), (Reason::UnknownTokenEndpoint, 400));
    assert_eq!(refusal.code().as_str(), "invalid_dpop_proof");
    assert!(server.token_with_proof(None, "").is_ok());
}

#[test]
fn policies_that_need_the_url_of_the_token_endpoint_are_not_built_without() {
    // DP-009, HA-002, AT-004
    let build = |policy: &Policy, token_endpoint: bool| {
        let builder = ParEndpoint::builder(ISSUER).policy(policy.clone()).clients(InMemoryRegistry::default());
        let builder = if token_endpoint { builder.token_endpoint(TOKEN_ENDPOINT) } else { builder };
        // Another URL of the endpoint does not stand for it.
        builder.mtls_token_endpoint("https://mtls.as.example.com/token").build()
    };
    let with_switch = |switch: fn(&mut Policy)| {
        let mut policy = Policy::oauth();
        switch(&mut policy);
        policy
    };
    let mut haip = Policy::haip();
    haip.require_dpop = false;
    for (policy, setting) in [
        (with_switch(|policy| policy.require_dpop = true), "policy.require_dpop"),
        (with_switch(|policy| policy.require_dpop_nonce = true), "policy.require_dpop_nonce"),
        (Policy::haip(), "policy.require_dpop"),
        (Policy::atproto(), "policy.require_dpop"),
        (haip, "policy.profile"),
    ] {
        let error = build(&policy, false).unwrap_err();
        assert_eq!(error, BuildError::TokenEndpoint(setting));
        assert_eq!(error.to_string(), format!("token_endpoint: was not given, and {setting} needs it"));
        assert!(build(&policy, true).is_ok(), "{setting}");
    }
    for policy in [Policy::oauth(), Policy::oidc(), Policy::fapi2_security_profile()] {
        assert!(build(&policy, false).is_ok(), "{}", policy.profile);
    }
}

fn ath(token: &str) -> String {
    encode(Sha256::digest(token))
}

fn api_proof(others: Value) -> String {
    let claims = json!({ "htm": "GET", "htu": "https://api.example.com/accounts", "ath": ath(TOKEN) });
    proof(&ES256_KEY, changed(claims, others))
}

fn api(server: &Server, headers: &[(&str, &str)], jkt: Thumbprint) -> Result<(), ResourceRefusal> {
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    let request = ResourceRequest::new("GET", RESOURCE, headers);
    pollster::block_on(server.par.verify_dpop_proof(&request, jkt))
}

/// With the token and these proofs.
fn with_proofs(server: &Server, proofs: &[&str]) -> Result<(), ResourceRefusal> {
    let authorization = format!("DPoP {TOKEN}");
    let proofs = proofs.iter().map(|proof| ("DPoP", *proof));
    let headers: Vec<_> = [("Authorization", &*authorization)].into_iter().chain(proofs).collect();
    api(server, &headers, thumbprint(&ES256_KEY))
}

fn api_reason(outcome: Result<(), ResourceRefusal>) -> Option<Reason> {
    outcome.err().map(|refused| refused.refusal().reason())
}

#[test]
fn a_resource_takes_a_token_with_the_proof_of_its_key() {
    // RFC 9449 section 7.1
    let server = dpop_server(Policy::oauth());
    let token = api_proof(json!({}));
    assert_eq!(api_reason(with_proofs(&server, &[&token])), None);
    let replayed = with_proofs(&server, &[&token]).unwrap_err();
    assert_eq!(replayed.refusal().reason(), Reason::DpopProof(TokenFault::Replayed));
    assert_eq!(replayed.status(), 401);
    let challenge = r#"DPoP error="invalid_dpop_proof", algs="ES256 ES384 ES512 PS256 PS384 PS512 EdDSA Ed25519""#;
    assert_eq!(replayed.challenge(), Some(challenge));
    let reply = Reply::from(replayed);
    assert_eq!((reply.status(), reply.header("www-authenticate")), (401, Some(challenge)));
    assert_eq!(reply.header("dpop-nonce"), None);
}

#[test]
fn a_resource_and_the_token_endpoint_leave_out_the_query_of_the_uri() {
    // RFC 9449 section 4.3, item 9
    let server = dpop_server(Policy::oauth());
    for uri in [RESOURCE, "https://api.example.com/accounts?page=3", "https://api.example.com/accounts#x"] {
        assert_eq!(api_reason(with_proofs(&server, &[&api_proof(json!({ "htu": uri }))])), None, "{uri}");
    }
    let token = token_proof(json!({ "htu": format!("{TOKEN_ENDPOINT}?x=1") }));
    assert!(server.token_with_proof(Some(&token), "grant_type=authorization_code").is_ok());
}

#[test]
fn a_resource_refuses_everything_else() {
    // DP-006 to DP-011 at a resource
    let server = dpop_server(Policy::oauth());
    for (others, fault) in [
        (json!({ "ath": null }), TokenFault::AccessToken),
        (json!({ "ath": ath("another token") }), TokenFault::AccessToken),
        (json!({ "htm": "POST" }), TokenFault::Method),
        (json!({ "htu": "https://api.example.com/others" }), TokenFault::TargetUri),
        (json!({ "iat": NOW - 61 }), TokenFault::Lifetime),
        (json!({ "iat": NOW + 11 }), TokenFault::NotYetValid),
        (json!({ "jti": "" }), TokenFault::Id),
    ] {
        let outcome = with_proofs(&server, &[&api_proof(others.clone())]);
        assert_eq!(api_reason(outcome), Some(Reason::DpopProof(fault)), "{others}");
    }
    assert_eq!(api_reason(with_proofs(&server, &[])), Some(Reason::DpopProof(TokenFault::Missing)));
    let [first, second] = [0, 1].map(|_| api_proof(json!({})));
    assert_eq!(api_reason(with_proofs(&server, &[&first, &second])), Some(Reason::DpopProof(TokenFault::Repeated)));
    let authorization = format!("DPoP {TOKEN}");
    let headers = [("authorization", &*authorization), ("dpop", &first)];
    let of_another = api(&server, &headers, thumbprint(&OTHER_ES256_KEY));
    assert_eq!(api_reason(of_another), Some(Reason::DpopProof(TokenFault::OtherKey)));
    assert_eq!(api_reason(with_proofs(&server, &[&first])), None, "nothing was used up");
}

#[test]
fn a_bound_token_is_no_bearer_token() {
    // RFC 9449 section 7.2
    let server = dpop_server(Policy::oauth());
    let shown = |value: &str| {
        let headers = [("Authorization", value.as_bytes())];
        ResourceRequest::new("GET", RESOURCE, headers).access_token().map(str::to_owned)
    };
    for value in [format!("DPoP {TOKEN}"), format!("dpop {TOKEN}"), format!("DPOP  {TOKEN}")] {
        assert_eq!(shown(&value).as_deref(), Some(TOKEN), "{value}");
    }
    assert_eq!(shown("DPoP a=="), Some("a==".into()));
    for value in [
        &format!("Bearer {TOKEN}"),
        TOKEN,
        "DPoP",
        "DPoP ",
        "DPoP =",
        "DPoP a b",
        "DPoP a,b",
        "DPoP a=b",
        "DPoP \u{e9}",
        "",
    ] {
        assert_eq!(shown(value), None, "{value}");
        let headers = [("authorization", value), ("dpop", &*api_proof(json!({})))];
        let outcome = api(&server, &headers, thumbprint(&ES256_KEY));
        assert_eq!(api_reason(outcome), Some(Reason::DpopProof(TokenFault::AccessToken)));
    }
    let value = format!("DPoP {TOKEN}");
    let twice = [("authorization", value.as_bytes()), ("Authorization", value.as_bytes())];
    let request = ResourceRequest::new("GET", RESOURCE, twice);
    assert_eq!(request.access_token(), None);
    assert!(!format!("{request:?}").contains(TOKEN));
}

#[test]
fn a_resource_asks_for_a_nonce() {
    // RFC 9449 section 9
    let server = dpop_server(nonce_policy());
    let refused = with_proofs(&server, &[&api_proof(json!({}))]).unwrap_err();
    let nonce = refused.refusal().dpop_nonce().unwrap().to_owned();
    let reply = Reply::from(refused);
    assert_eq!((reply.status(), reply.header("dpop-nonce")), (401, Some(&*nonce)));
    assert!(reply.header("www-authenticate").unwrap().starts_with(r#"DPoP error="use_dpop_nonce", algs="ES256 "#));
    assert_eq!(api_reason(with_proofs(&server, &[&api_proof(json!({ "nonce": nonce }))])), None);
    assert_eq!(server.par.dpop_nonce(), Some(nonce));
}

#[test]
fn of_many_requests_with_one_proof_one_is_answered() {
    // DP-011
    let server = dpop_server(Policy::oauth());
    let (token, barrier) = (api_proof(json!({})), Barrier::new(32));
    let answered = thread::scope(|scope| {
        let requests: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    with_proofs(&server, &[&token]).is_ok()
                })
            })
            .collect();
        requests.into_iter().map(|request| request.join().unwrap()).filter(|good| *good).count()
    });
    assert_eq!(answered, 1);
}

#[test]
fn a_store_that_is_full_is_no_fault_of_the_proof() {
    let mut limits = parjar::store::MemoryLimits::default();
    limits.marks = 0;
    let server = Server::built(Policy::oauth(), [basic("basic")], limits, |builder| builder);
    let refused = with_proofs(&server, &[&api_proof(json!({}))]).unwrap_err();
    assert!(matches!(refused.refusal().reason(), Reason::StoreFull | Reason::ClientLimit));
    assert_eq!((refused.challenge(), refused.status()), (None, refused.refusal().status()));
    let reply = Reply::from(refused);
    assert!(reply.header("retry-after").is_some() && reply.header("www-authenticate").is_none());
}

#[test]
fn refusals_at_a_resource_are_observed() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::built(Policy::oauth(), [basic("basic")], Default::default(), |builder| {
        builder.observer(move |event: &Event<'_>| {
            if let Event::Refused { stage, reason, client_id, .. } = event {
                log.lock().unwrap().push((stage.as_str(), reason.label(), client_id.map(str::to_owned)));
            }
        })
    });
    assert!(with_proofs(&server, &[&api_proof(json!({ "htm": "PUT" }))]).is_err());
    assert_eq!(*seen.lock().unwrap(), [("resource", "dpop_proof_htm", None)]);
}
