//! Request objects in the query of the authorization endpoint (RFC 9101 section 5.1).

use parjar::{AuthorizeRefusal, DenialCode, ErrorCode, Granted, Pending, Policy, Reason, jose::TokenFault};
use serde_json::json;

use crate::{
    host::{answer, page, redirected, respond},
    support::{CALLBACK, ISSUER, Server, basic, browser_with, form, with},
    tokens::{ES256_KEY, NOW, object, object_claims, object_header, object_server, signer},
};

fn authorize(server: &Server, object: &str, others: &[(&str, &str)]) -> Result<Pending, AuthorizeRefusal> {
    let named = [("client_id", "basic"), ("request", object)];
    server.authorize(&form(named.into_iter().chain(others.iter().copied())), None)
}

fn complete(server: &Server, pending: &Pending) -> Result<Granted, AuthorizeRefusal> {
    pollster::block_on(server.par.complete(pending))
}

fn with_policy(change: impl FnOnce(&mut Policy)) -> Server {
    let mut policy = Policy::oauth();
    change(&mut policy);
    Server::with(policy, [signer("basic")])
}

const REPLAYED: Reason = Reason::RequestObject(TokenFault::Replayed);

#[test]
fn nothing_beside_the_object_has_any_effect() {
    // JAR-014, JAR-036, JAR-052, A-13, A-43, P-11
    let server = object_server();
    let outside = [
        ("response_type", "token"),
        ("redirect_uri", "https://evil.example/cb"),
        ("scope", "admin"),
        ("state", "outside"),
        ("nonce", "outside"),
        ("response_mode", "fragment"),
        ("x", "outside"),
    ];
    let inside = object("basic", json!({ "scope": "openid", "state": null }));
    let pending = authorize(&server, &inside, &outside).unwrap();
    let request = pending.request();
    let names: Vec<_> = request.parameters().iter().map(|(name, _)| name).collect();
    let expected = ["client_id", "response_type", "redirect_uri", "code_challenge", "code_challenge_method", "scope"];
    assert_eq!(names, expected);
    assert_eq!((request.state(), request.nonce()), (None, None));
    assert_eq!(request.scopes().collect::<Vec<_>>(), ["openid"]);
    assert!(request.protection().is_signed());
    assert_eq!(pending.request_uri(), None);
    let granted = complete(&server, &pending).unwrap();
    let redirect = respond(&granted, [("code", "c")]);
    let expected = [("code".to_owned(), "c".to_owned()), ("iss".to_owned(), ISSUER.to_owned())];
    assert_eq!(answer(redirect.location().unwrap(), CALLBACK), expected);
}

#[test]
fn what_the_object_leaves_out_is_missing() {
    // JAR-001
    let server = object_server();
    let without = object("basic", json!({ "response_type": null }));
    let (refusal, location) = redirected(authorize(&server, &without, &[("response_type", "code")]));
    assert_eq!(refusal.reason(), Reason::MissingResponseType);
    assert!(answer(&location, CALLBACK).contains(&("state".to_owned(), "af0".to_owned())));
}

#[test]
fn an_object_that_is_not_good_is_a_page_whatever_else_is_in_the_query() {
    // A-46, P-13, JAR-039
    let server = object_server();
    let good = object("basic", json!({}));
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    let elsewhere = object("basic", json!({ "redirect_uri": "https://evil.example/cb" }));
    let outside = [("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "s")];
    let cases = [
        (unsigned, Reason::RequestObject(TokenFault::Signature)),
        ("x".to_owned(), Reason::RequestObject(TokenFault::Malformed)),
        (object("basic", json!({ "exp": NOW })), Reason::RequestObject(TokenFault::Expired)),
        (object("basic", json!({ "aud": "https://other.example" })), Reason::RequestObject(TokenFault::Audience)),
        (object("other", json!({})), Reason::RequestObject(TokenFault::Issuer)),
        (object("basic", json!({ "client_id": "other" })), Reason::RequestObject(TokenFault::ClientId)),
        (object("basic", json!({ "request_uri": "urn:x" })), Reason::RequestObject(TokenFault::Nested)),
        (object("basic", json!({ "redirect_uri": [CALLBACK] })), Reason::RequestObject(TokenFault::Parameter)),
    ];
    for (object, reason) in cases {
        for others in [&outside[..], &[]] {
            let refusal = page(authorize(&server, &object, others));
            assert_eq!(refusal.reason(), reason);
            assert_eq!(refusal.code(), ErrorCode::InvalidRequestObject);
        }
    }
    assert!(matches!(page(authorize(&server, &elsewhere, &outside)).reason(), Reason::RedirectUri(_)));
    // Once it is known to be the client's, the client is told, and where the object says.
    let invalid = object("basic", json!({ "prompt": "none login", "response_mode": "fragment" }));
    let (refusal, location) = redirected(authorize(&server, &invalid, &[("response_mode", "query"), ("state", "s")]));
    assert_eq!(refusal.reason(), Reason::PromptNone);
    assert!(location.starts_with(&format!("{CALLBACK}#")), "{location}");
    assert!(answer(&location, CALLBACK).contains(&("state".to_owned(), "af0".to_owned())));
}

#[test]
fn the_client_in_the_query_is_the_one_whose_object_it_must_be() {
    // JAR-012, JAR-037
    let server = Server::with(Policy::oauth(), [signer("basic"), signer("other")]);
    let send = |pairs: &[(&str, &str)]| server.authorize(&form(pairs.iter().copied()), None);
    let good = object("basic", json!({}));
    assert!(send(&[("client_id", "basic"), ("request", &good)]).is_ok());
    assert_eq!(page(send(&[("request", &good)])).reason(), Reason::MissingClientId);
    assert_eq!(page(send(&[("client_id", "nobody"), ("request", &good)])).reason(), Reason::UnknownClient);
    // Both have the same key, so that only the claims can tell.
    let issuer = Reason::RequestObject(TokenFault::Issuer);
    assert_eq!(page(send(&[("client_id", "other"), ("request", &good)])).reason(), issuer);
    let uri = format!("urn:ietf:params:oauth:request_uri:{}", "A".repeat(43));
    for uri in [&*uri, "https://app.example.com/object.jwt"] {
        let both = send(&[("client_id", "basic"), ("request", &good), ("request_uri", uri)]);
        assert_eq!(page(both).reason(), Reason::RequestAndRequestUri);
    }
}

#[test]
fn who_has_to_push_cannot_use_the_query() {
    // P-12, PAR-064
    let required = with(signer("basic"), json!({ "require_pushed_authorization_requests": true }));
    let by_policy = with_policy(|policy| policy.require_pushed_authorization_requests = true);
    for server in [Server::with(Policy::oauth(), [required]), by_policy] {
        let good = object("basic", json!({}));
        assert_eq!(redirected(authorize(&server, &good, &[])).0.reason(), Reason::PushRequired);
        let outside = [("redirect_uri", CALLBACK), ("response_type", "code"), ("prompt", "none")];
        let (refusal, _) = redirected(authorize(&server, &good, &outside));
        assert_eq!((refusal.reason(), refusal.code()), (Reason::PushRequired, ErrorCode::InvalidRequest));
        assert!(server.open(&server.pushed(&form([("request", &*good)]))).is_ok());
    }
}

#[test]
fn request_objects_can_be_switched_off() {
    // JAR-040, OIDC-020
    let server = with_policy(|policy| policy.request_parameter_supported = false);
    let good = object("basic", json!({}));
    let outside = [("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "s")];
    let (refusal, location) = redirected(authorize(&server, &good, &outside));
    assert_eq!(refusal.code(), ErrorCode::RequestNotSupported);
    assert!(answer(&location, CALLBACK).contains(&("error".to_owned(), "request_not_supported".to_owned())));
    let elsewhere = [("redirect_uri", "https://evil.example/cb")];
    assert_eq!(page(authorize(&server, &good, &elsewhere)).reason(), Reason::RequestNotSupported);
    for body in [form([("request", &*good)]), form([("request", "x"), ("scope", "a")])] {
        let refusal = server.try_push(body.as_bytes()).unwrap_err();
        assert_eq!((refusal.code(), refusal.status()), (ErrorCode::RequestNotSupported, 400));
    }
}

#[test]
fn a_repeatable_object_is_granted_each_time() {
    let server = object_server();
    let pending = authorize(&server, &object("basic", json!({ "jti": "j" })), &[]).unwrap();
    assert!(complete(&server, &pending).is_ok() && complete(&server, &pending).is_ok());
}

pub(crate) fn single_use() -> Server {
    with_policy(|policy| policy.single_use_request_objects = true)
}

#[test]
fn a_single_use_object_needs_an_id_of_its_own() {
    // JAR-090, N-21
    let server = single_use();
    for (others, fault) in [
        (json!({}), TokenFault::Id),
        (json!({ "jti": "" }), TokenFault::Id),
        (json!({ "jti": "x".repeat(257) }), TokenFault::Id),
        (json!({ "jti": 1 }), TokenFault::ClaimType),
    ] {
        assert_eq!(page(authorize(&server, &object("basic", others), &[])).reason(), Reason::RequestObject(fault));
    }
    assert!(authorize(&server, &object("basic", json!({ "jti": "x".repeat(256) })), &[]).is_ok());
}

#[test]
fn a_single_use_object_is_opened_any_number_of_times_and_granted_once() {
    // A-47, JAR-090, P-18, P-19
    let server = single_use();
    let object = object("basic", json!({ "jti": "j1" }));
    let tabs: Vec<_> = (0..3).map(|_| authorize(&server, &object, &[]).unwrap()).collect();
    assert!(complete(&server, &tabs[1]).is_ok());
    for tab in &tabs {
        let refusal = page(complete(&server, tab));
        assert_eq!((refusal.reason(), refusal.code()), (REPLAYED, ErrorCode::InvalidRequestObject));
        let denied = pollster::block_on(server.par.deny(tab, DenialCode::AccessDenied));
        assert_eq!(page(denied).reason(), REPLAYED);
    }
    let again = authorize(&server, &object, &[]).unwrap();
    assert_eq!(page(complete(&server, &again)).reason(), REPLAYED);
}

#[test]
fn a_second_click_on_a_single_use_object_gets_the_same_answer() {
    // A-47, P-18
    let server = single_use();
    let query = form([("client_id", "basic"), ("request", &object("basic", json!({ "jti": "j1" })))]);
    let open = |browser| server.authorize(&query, Some(browser)).unwrap();
    let [first, second, elsewhere] = ["one", "one", "two"].map(open);
    let granted = complete(&server, &first).unwrap();
    let response = pollster::block_on(granted.respond([("code", "c")])).unwrap();
    match complete(&server, &second) {
        Err(AuthorizeRefusal::Answered(answer)) => assert!(*answer.response() == response),
        other => panic!("{other:?}"),
    }
    assert_eq!(page(complete(&server, &elsewhere)).reason(), REPLAYED);
}

#[test]
fn a_denial_uses_up_a_single_use_object() {
    //
    let server = single_use();
    let pending = authorize(&server, &object("basic", json!({ "jti": "j1" })), &[]).unwrap();
    let redirect = pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied)).unwrap();
    assert!(redirect.location().unwrap().contains("error=access_denied"));
    assert_eq!(page(complete(&server, &pending)).reason(), REPLAYED);
}

#[test]
fn a_single_use_object_is_good_for_one_push_or_one_login_in_the_query() {
    //
    let server = single_use();
    let first = object("basic", json!({ "jti": "j1" }));
    server.pushed(&form([("request", &*first)]));
    let refusal = server.try_push(form([("request", &*first)]).as_bytes()).unwrap_err();
    assert_eq!((refusal.reason(), refusal.status()), (REPLAYED, 400));
    assert_eq!(page(complete(&server, &authorize(&server, &first, &[]).unwrap())).reason(), REPLAYED);

    let second = object("basic", json!({ "jti": "j2" }));
    assert!(complete(&server, &authorize(&server, &second, &[]).unwrap()).is_ok());
    assert_eq!(server.try_push(form([("request", &*second)]).as_bytes()).unwrap_err().reason(), REPLAYED);

    // Another object with the same id is a replay too: the id is what counts.
    let same_id = object("basic", json!({ "jti": "j1", "scope": "other" }));
    assert_eq!(server.try_push(form([("request", &*same_id)]).as_bytes()).unwrap_err().reason(), REPLAYED);
}

#[test]
fn the_ids_of_two_clients_are_not_confused() {
    // C-03
    let mut policy = Policy::oauth();
    policy.single_use_request_objects = true;
    let server = Server::with(policy, ["basic", "a", "ab"].map(signer));
    for (client_id, id) in [("basic", "j"), ("a", "bc"), ("ab", "c"), ("a", "j"), ("ab", "j")] {
        let object = object(client_id, json!({ "jti": id }));
        assert_eq!(server.push_as(client_id, &form([("request", &*object)])).status(), 201, "{client_id} {id}");
    }
}

#[test]
fn a_refused_push_does_not_use_up_the_object() {
    // C-04, C-05
    let server = single_use();
    let claims = object_claims("basic", json!({ "jti": "j1" }));
    let header = object_header("ES256");
    let bad = ES256_KEY.sign(&header, &with(claims.clone(), json!({ "prompt": "none login" })));
    assert_eq!(server.try_push(form([("request", &*bad)]).as_bytes()).unwrap_err().reason(), Reason::PromptNone);
    server.pushed(&form([("request", &*ES256_KEY.sign(&header, &claims))]));
}

#[test]
fn a_single_use_object_is_remembered_for_as_long_as_it_could_be_used() {
    //
    let server = single_use();
    let object = object("basic", json!({ "jti": "j1", "exp": NOW + 300 }));
    server.pushed(&form([("request", &*object)]));
    for _ in 0..29 {
        server.pass(10);
        assert_eq!(server.try_push(form([("request", &*object)]).as_bytes()).unwrap_err().reason(), REPLAYED);
    }
    server.pass(10);
    let over = Reason::RequestObject(TokenFault::Expired);
    assert_eq!(server.try_push(form([("request", &*object)]).as_bytes()).unwrap_err().reason(), over);
}

#[test]
fn a_single_use_object_is_granted_once_even_to_a_login_that_takes_longer_than_the_object_lives() {
    // two tabs are opened just before the object is over, and their logins end minutes apart.
    let server = single_use();
    let object = object("basic", json!({ "jti": "j1", "exp": NOW + 5 }));
    let [first, second] = [(); 2].map(|()| authorize(&server, &object, &[]).unwrap());
    assert!(complete(&server, &first).is_ok());
    server.pass(120);
    assert!(complete(&server, &second).is_err(), "granted twice");
}

#[test]
fn encrypted_objects_must_be_pushed_unless_the_danger_switch_is_on() {
    // whoever knows a client_id could make the server use its private keys.
    let private = crate::tokens::decryption_key("P-256", "enc");
    let public = crate::tokens::public_half(&private);
    let keys = || parjar::jose::DecryptionKeys::parse(&json!({ "keys": [private] }).to_string()).unwrap();
    let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "enc", "cty": "JWT" });
    let encrypted = crate::tokens::encrypt(&header, object("basic", json!({})).as_bytes(), &public);
    for switch in [false, true] {
        let mut policy = Policy::oauth();
        policy.danger_decrypt_request_objects_by_value = switch;
        let server =
            Server::built(policy, [signer("basic")], Default::default(), |builder| builder.decryption_keys(keys()));
        let outcome = authorize(&server, &encrypted, &[("redirect_uri", CALLBACK)]);
        if switch {
            let protection = outcome.unwrap().request().protection();
            assert!(protection.is_signed() && protection.is_encrypted());
        } else {
            let refused = Reason::RequestObject(TokenFault::Unauthenticated);
            assert_eq!(page(outcome).reason(), refused);
        }
        assert!(
            server
                .open(&server.pushed(&form([("request", &*encrypted)])))
                .unwrap()
                .request()
                .protection()
                .is_encrypted()
        );
    }
}

#[test]
fn a_body_is_read_like_a_query() {
    // OIDC-001
    let server = object_server();
    let body = form([("client_id", "basic"), ("request", &*object("basic", json!({})))]);
    assert!(pollster::block_on(server.par.authorize(body.as_bytes(), browser_with(Some("browser")))).is_ok());
}

#[test]
fn objects_by_reference_are_never_fetched() {
    // A-40, JAR-021, OIDC-021
    let registration = with(basic("basic"), json!({ "request_uris": ["https://app.example.com/object.jwt"] }));
    let server = Server::with(Policy::oauth(), [registration]);
    for uri in ["https://app.example.com/object.jwt", "http://169.254.169.254/", "HTTPS://x.example/"] {
        let query = form([("client_id", "basic"), ("request_uri", uri), ("redirect_uri", CALLBACK)]);
        assert_eq!(page(server.authorize(&query, None)).code(), ErrorCode::RequestUriNotSupported, "{uri}");
    }
    for uri in ["file:///etc/passwd", "urn:x:y", "data:application/oauth-authz-req+jwt,x"] {
        let query = form([("client_id", "basic"), ("request_uri", uri)]);
        assert_eq!(page(server.authorize(&query, None)).code(), ErrorCode::InvalidRequestUri, "{uri}");
    }
}
