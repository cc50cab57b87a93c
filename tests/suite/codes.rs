//! What a code is bound to, when it is redeemed at the token endpoint of the host.

use std::sync::{Arc, Mutex};

use parjar::{
    AuthenticatedRequest, CodeBinding, ErrorCode, Event, FormRequest, Level, Policy, Profile, Reason, Reply, Stage,
    TokenErrorCode, store::MemoryLimits,
};
use serde_json::{Value, json};

use crate::{
    proofs::{TOKEN_ENDPOINT, dpop_server, proof, thumbprint},
    support::{CALLBACK, CHALLENGE, FORM, ISSUER, Server, authorization, basic, body, code_request, form, with},
    tokens::{ES256_KEY, Key, OTHER_ES256_KEY, asserter, assertion_claims, with_assertion},
};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

/// The binding of the code for a request, after it was kept and read again.
fn kept(server: &Server, client_id: &str, request_uri: &str) -> CodeBinding {
    let query = form([("client_id", client_id), ("request_uri", request_uri)]);
    let pending = server.authorize(&query, Some("browser")).unwrap();
    let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
    let binding = CodeBinding::of(granted.request());
    let text = serde_json::to_string(&binding).unwrap();
    let read: CodeBinding = serde_json::from_str(&text).unwrap();
    assert!(read == binding, "{text}");
    read
}

fn at_token_endpoint(server: &Server, client_id: &str, body: &str) -> AuthenticatedRequest {
    let authorization = authorization(client_id, "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    pollster::block_on(server.par.authenticate_client(&FormRequest::new("POST", headers, body))).unwrap()
}

fn reason(server: &Server, request: &AuthenticatedRequest, binding: &CodeBinding) -> Option<Reason> {
    server.par.check_code(request, binding).err().map(|refusal| refusal.reason())
}

#[test]
fn a_code_is_redeemed_by_its_client_with_its_redirect_uri_and_verifier_alone() {
    let server = Server::new();
    let with_challenge = kept(&server, "basic", &server.pushed(&code_request(&PKCE)));
    let without = kept(&server, "basic", &server.pushed(&code_request(&[])));
    let other_verifier = VERIFIER.replace('d', "e");
    let (callback, elsewhere) = (("redirect_uri", CALLBACK), ("redirect_uri", "https://app.example.com/other"));
    let (verifier, other) = (("code_verifier", VERIFIER), ("code_verifier", &*other_verifier));
    let too_short = ("code_verifier", "abc");
    type Case<'a> = (&'a str, &'a CodeBinding, &'a [(&'a str, &'a str)], Option<Reason>);
    let cases: &[Case<'_>] = &[
        ("basic", &with_challenge, &[callback, verifier], None),
        ("basic", &without, &[callback], None),
        ("other", &with_challenge, &[callback, verifier], Some(Reason::CodeOfOtherClient)),
        ("basic", &with_challenge, &[verifier], Some(Reason::CodeOfOtherRedirectUri)),
        ("basic", &with_challenge, &[elsewhere, verifier], Some(Reason::CodeOfOtherRedirectUri)),
        ("basic", &with_challenge, &[callback], Some(Reason::MissingCodeVerifier)),
        ("basic", &with_challenge, &[callback, other], Some(Reason::WrongCodeVerifier)),
        ("basic", &with_challenge, &[callback, too_short], Some(Reason::WrongCodeVerifier)),
        ("basic", &without, &[callback, verifier], Some(Reason::StrayCodeVerifier)),
    ];
    for (client_id, binding, parameters, expected) in cases {
        let request = at_token_endpoint(&server, client_id, &form(parameters.iter().copied()));
        assert_eq!(reason(&server, &request, binding), *expected, "{parameters:?}");
    }
}

#[test]
fn a_redirect_uri_that_the_request_did_not_name_need_not_be_named() {
    // RFC 6749 section 4.1.3
    let server = Server::new();
    let binding = kept(&server, "basic", &server.pushed(&form([("response_type", "code")])));
    assert_eq!(reason(&server, &at_token_endpoint(&server, "basic", "grant_type=authorization_code"), &binding), None);
}

#[test]
fn a_refused_code_is_answered_as_token_endpoints_do_and_observed() {
    // RFC 6749 section 5.2
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = Arc::clone(&seen);
    let server = Server::built(Policy::oauth(), [basic("basic")], MemoryLimits::default(), |builder| {
        builder.observer(move |event: &Event<'_>| {
            if let Event::Refused { stage, reason, client_id, .. } = event {
                observer.lock().unwrap().push((*stage, *reason, client_id.map(str::to_owned)));
            }
        })
    });
    let binding = kept(&server, "basic", &server.pushed(&code_request(&PKCE)));
    let request = at_token_endpoint(&server, "basic", &form([("redirect_uri", CALLBACK)]));
    let refusal = server.par.check_code(&request, &binding).unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::InvalidGrant);
    let reply = Reply::from(refusal);
    assert_eq!(
        (reply.status(), body(&reply)),
        (400, json!({ "error": "invalid_grant", "error_description": "code_verifier is missing" }))
    );
    assert_eq!(*seen.lock().unwrap(), [(Stage::Token, Reason::MissingCodeVerifier, Some("basic".to_owned()))]);
}

#[test]
fn a_code_is_bound_to_the_key_of_a_proof() {
    // RFC 9449 section 10, DP-005
    let server = dpop_server(Policy::oauth());
    let pushed = server.push_proofs(&[&proof(&ES256_KEY, json!({}))], &code_request(&[])).unwrap();
    let binding = kept(&server, "basic", pushed.request_uri());
    assert_eq!(binding.confirmation().jkt, Some(thumbprint(&ES256_KEY)));
    let parameters = form([("redirect_uri", CALLBACK)]);
    let by = |key: Option<&Key>| {
        let proof = key.map(|key| proof(key, json!({ "htu": TOKEN_ENDPOINT })));
        let authorization = authorization("basic", "s3cret");
        let headers = [("content-type", FORM), ("authorization", &*authorization)].into_iter();
        let headers = headers.chain(proof.as_deref().map(|proof| ("dpop", proof)));
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        let request = FormRequest::new("POST", headers, &parameters);
        pollster::block_on(server.par.authenticate_client(&request)).unwrap()
    };
    assert_eq!(reason(&server, &by(Some(&ES256_KEY)), &binding), None);
    assert_eq!(reason(&server, &by(Some(&OTHER_ES256_KEY)), &binding), Some(Reason::CodeOfOtherKey));
    assert_eq!(reason(&server, &by(None), &binding), Some(Reason::CodeOfOtherKey));
}

#[test]
fn the_at_protocol_binds_a_code_to_the_key_that_its_push_was_authenticated_with() {
    // AT-009
    let keys = json!({ "jwks": { "keys": [ES256_KEY.public(), OTHER_ES256_KEY.public()] } });
    let assertion =
        |key: &Key| key.sign(&json!({ "alg": "ES256", "kid": key.kid() }), &assertion_claims("c1", json!({})));
    for (profile, expected) in [(Profile::Atproto, Some(Reason::CodeOfOtherAuthenticationKey)), (Profile::Oauth, None)]
    {
        let mut policy = Policy::oauth();
        policy.profile = profile;
        let clients = [with(asserter("c1"), keys.clone())];
        let server =
            Server::built(policy, clients, MemoryLimits::default(), |builder| builder.token_endpoint(TOKEN_ENDPOINT));
        let pushed = server.try_form(&code_request(&with_assertion(&assertion(&ES256_KEY)))).unwrap();
        let binding = kept(&server, "c1", pushed.request_uri());
        for (key, expected) in [(&*ES256_KEY, None), (&OTHER_ES256_KEY, expected)] {
            let token = assertion(key);
            let parameters: Vec<_> = with_assertion(&token).into_iter().chain([("redirect_uri", CALLBACK)]).collect();
            let parameters = form(parameters);
            let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &parameters);
            let request = pollster::block_on(server.par.authenticate_client(&request)).unwrap();
            assert_eq!(reason(&server, &request, &binding), expected, "{profile:?}");
        }
    }
}

#[test]
fn a_kept_binding_is_the_documented_map_and_nothing_else_is_one() {
    let server = Server::new();
    let binding = kept(&server, "basic", &server.pushed(&code_request(&PKCE)));
    let map = serde_json::to_value(&binding).unwrap();
    let expected = json!({
        "client_id": "basic", "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    });
    assert_eq!(map, expected);
    let whole = with(
        expected,
        json!({
            "jkt": CHALLENGE, "x5t#S256": CHALLENGE, "client_instance": CHALLENGE,
            "authentication_key": CHALLENGE, "kid": "2026",
        }),
    );
    let read: CodeBinding = serde_json::from_value(whole.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), whole);
    assert_eq!(read.authentication_key().unwrap().kid(), Some("2026"));
    for broken in [
        json!({ "issuer": ISSUER }),
        json!({ "client_id": null }),
        json!({ "code_challenge": "short" }),
        json!({ "code_challenge": null }),
        json!({ "code_challenge_method": null }),
        json!({ "code_challenge_method": "S512" }),
        json!({ "jkt": "short" }),
        json!({ "x5t#S256": 1 }),
    ] {
        let broken = with(whole.clone(), broken);
        assert!(serde_json::from_value::<CodeBinding>(broken.clone()).is_err(), "{broken}");
    }
    let text = format!("{read:?}");
    assert!(!text.contains(CALLBACK) && !text.contains(CHALLENGE), "{text}");
    let without: Value = json!({ "client_id": "basic" });
    assert_eq!(serde_json::to_value(serde_json::from_value::<CodeBinding>(without.clone()).unwrap()).unwrap(), without);
}

#[test]
fn what_the_host_refuses_is_observed_and_a_client_with_a_proof_gets_a_nonce() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let observer = Arc::clone(&seen);
    let mut policy = Policy::oauth();
    policy.require_dpop_nonce = true;
    let server = Server::built(policy, [basic("basic")], MemoryLimits::default(), |builder| {
        builder.token_endpoint(TOKEN_ENDPOINT).observer(move |event: &Event<'_>| {
            if let Event::TokenRefused { client_id, error, .. } = event {
                observer.lock().unwrap().push((client_id.to_string(), *error, event.level()));
            }
        })
    });
    let request = at_token_endpoint(&server, "basic", "grant_type=authorization_code&code=guessed");
    let reply = Reply::from(server.par.refuse_token(&request, TokenErrorCode::InvalidGrant));
    assert_eq!((reply.status(), reply.header("dpop-nonce")), (400, None));
    assert_eq!(body(&reply)["error"], "invalid_grant");
    server.par.refuse_token(&request, TokenErrorCode::ServerError);

    let nonce = server.par.dpop_nonce();
    let by_proof = proof(&ES256_KEY, json!({ "htu": TOKEN_ENDPOINT, "nonce": nonce }));
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM), ("authorization", &*authorization), ("dpop", &*by_proof)];
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    let request = FormRequest::new("POST", headers, "grant_type=authorization_code");
    let request = pollster::block_on(server.par.authenticate_client(&request)).unwrap();
    let reply = Reply::from(server.par.refuse_token(&request, TokenErrorCode::InvalidGrant));
    assert!(reply.header("dpop-nonce").is_some());
    let expected = [
        (TokenErrorCode::InvalidGrant, Level::Info),
        (TokenErrorCode::ServerError, Level::Error),
        (TokenErrorCode::InvalidGrant, Level::Info),
    ];
    assert_eq!(*seen.lock().unwrap(), expected.map(|(error, level)| ("basic".to_owned(), error, level)));
}
