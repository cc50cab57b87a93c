//! Signed authorization responses (JARM): what is in them, who gets them, and what becomes of one that cannot be signed.

use std::{
    error::Error as _,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::Duration,
};

use josekit::{jwk::Jwk, jws::ES256, jwt};
use parjar::{
    AuthorizationResponse, AuthorizeRefusal, BuildError, Client, DenialCode, Event, Granted, InMemoryRegistry,
    ParEndpoint, Policy, Reason, Reply, ResponseMode, ResponseSigner, ResponseType, SignerError,
    jose::SigningAlgorithm,
};
use serde_json::{Value, json};

use crate::{
    host::{page, pause, respond},
    support::{CALLBACK, ISSUER, Server, basic, code_request, error, form, with},
    tokens::{ES256_KEY, NOW, decode},
};

/// Signs with [`ES256_KEY`] whatever the algorithm, and puts that into the header for tests to see.
pub(crate) struct Signer(pub(crate) &'static [SigningAlgorithm]);

impl ResponseSigner for Signer {
    fn algorithms(&self) -> &[SigningAlgorithm] {
        self.0
    }

    async fn sign(&self, client: &Client, algorithm: SigningAlgorithm, claims: &str) -> Result<String, SignerError> {
        let header =
            json!({ "alg": "ES256", "kid": ES256_KEY.kid(), "chosen": algorithm.as_str(), "for": client.client_id() });
        Ok(ES256_KEY.sign_text(&header.to_string(), claims, "ES256"))
    }
}

/// A signer whose key is out of reach.
struct Broken;

impl ResponseSigner for Broken {
    fn algorithms(&self) -> &[SigningAlgorithm] {
        &[SigningAlgorithm::Es256]
    }

    async fn sign(&self, _: &Client, _: SigningAlgorithm, _: &str) -> Result<String, SignerError> {
        Err(SignerError::new("canary: the key is out of reach"))
    }
}

const ES256_ALONE: &[SigningAlgorithm] = &[SigningAlgorithm::Es256];

fn server_with(policy: Policy, signer: impl ResponseSigner, members: Value) -> Server {
    Server::built(policy, [with(basic("basic"), members)], Default::default(), |builder| {
        builder.response_signer(signer)
    })
}

fn server() -> Server {
    server_with(Policy::oauth(), Signer(ES256_ALONE), json!({}))
}

/// A server for `code id_token` and `code`.
fn hybrid() -> Server {
    let mut policy = Policy::oauth();
    policy.response_types_supported.push(ResponseType::CODE_ID_TOKEN);
    let both = json!({
        "grant_types": ["authorization_code", "implicit"], "response_types": ["code", "code id_token"],
    });
    server_with(policy, Signer(ES256_ALONE), both)
}

fn grant(server: &Server, body: &str) -> Granted {
    let pending = server.open(&server.pushed(body)).unwrap();
    pollster::block_on(server.par.complete(&pending)).unwrap()
}

/// The header and the claims of a response, whose signature is verified.
fn verified(response: &str) -> (Value, Value) {
    let public = Jwk::from_map(ES256_KEY.public().as_object().unwrap().clone()).unwrap();
    jwt::decode_with_verifier(response, &ES256.verifier_from_jwk(&public).unwrap()).unwrap();
    let mut parts = response.split('.').map(|part| serde_json::from_slice(&decode(part)));
    (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap())
}

/// The one parameter of a `Location`, which is the response.
fn response(redirect: &AuthorizationResponse, separator: char) -> String {
    let location = redirect.location().expect("a Location");
    let rest = location.strip_prefix(CALLBACK).unwrap().strip_prefix(separator).unwrap();
    let response = rest.strip_prefix("response=").unwrap();
    assert!(!response.contains(['&', '=', '#']), "nothing beside the response: {location}");
    response.to_owned()
}

#[test]
fn a_signed_response_has_its_parameters_and_iss_inside_and_nothing_outside() {
    // ISS-004, FM-006
    for (mode, separator) in [("jwt", '?'), ("query.jwt", '?'), ("fragment.jwt", '#')] {
        let server = server();
        let state = "a \"quoted\" & state";
        let granted = grant(&server, &code_request(&[("state", state), ("response_mode", mode)]));
        server.pass(7);
        let forged = [("code", "abc"), ("iss", "https://evil.example"), ("aud", "x"), ("exp", "9"), ("state", "x")];
        let redirect = respond(&granted, forged);
        let (header, claims) = verified(&response(&redirect, separator));
        assert_eq!((&header["chosen"], &header["for"]), (&json!("ES256"), &json!("basic")));
        let expected = json!({ "iss": ISSUER, "aud": "basic", "exp": NOW + 307, "code": "abc", "state": state });
        assert_eq!(claims, expected, "{mode}");
        assert_eq!(Reply::from(redirect).status(), 303);
    }
}

#[test]
fn a_signed_response_can_be_posted() {
    let server = server();
    let redirect = respond(&grant(&server, &code_request(&[("response_mode", "form_post.jwt")])), [("code", "abc")]);
    assert_eq!(redirect.location(), None);
    let html = Reply::from(redirect).into_body();
    assert_eq!(html.matches("<input").count(), 1);
    let value = html.split(r#"name="response" value=""#).nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(verified(value).1["code"], "abc");
}

#[test]
fn the_default_of_jwt_follows_the_response_type() {
    let server = hybrid();
    for (response_type, separator, mode) in
        [("code", '?', ResponseMode::QueryJwt), ("code id_token", '#', ResponseMode::FragmentJwt)]
    {
        let pairs =
            [("response_type", response_type), ("redirect_uri", CALLBACK), ("nonce", "n"), ("response_mode", "jwt")];
        let granted = grant(&server, &form(pairs));
        assert_eq!(granted.request().response_mode(), mode);
        let redirect = respond(&granted, [("code", "c"), ("id_token", "a.b.c")]);
        let (_, claims) = verified(&response(&redirect, separator));
        assert_eq!((&claims["code"], &claims["id_token"]), (&json!("c"), &json!("a.b.c")));
    }
    // What is signed is not secret: tokens stay out of the query.
    let pairs = [
        ("response_type", "code id_token"),
        ("redirect_uri", CALLBACK),
        ("nonce", "n"),
        ("response_mode", "query.jwt"),
    ];
    let refusal = server.try_push(form(pairs).as_bytes()).unwrap_err();
    assert_eq!((refusal.reason(), refusal.status()), (Reason::ResponseMode, 400));
}

#[test]
fn errors_are_signed_too() {
    // ISS-001, ISS-004
    let server = server();
    let mode = [("state", "s"), ("response_mode", "jwt")];
    let pending = server.open(&server.pushed(&code_request(&mode))).unwrap();
    let denied = pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied)).unwrap();
    let (_, claims) = verified(&response(&denied, '?'));
    let expected = json!({ "iss": ISSUER, "aud": "basic", "exp": NOW + 300, "error": "access_denied", "state": "s" });
    assert_eq!(claims, expected);

    let query = code_request(&[&mode[..], &[("client_id", "basic"), ("prompt", "none login")]].concat());
    let Err(AuthorizeRefusal::Redirect(refused)) = server.authorize(&query, None) else { panic!("no redirect") };
    let (_, claims) = verified(&response(refused.response(), '?'));
    assert_eq!((&claims["error"], &claims["state"]), (&json!("invalid_request"), &json!("s")));
}

#[test]
fn without_a_signer_there_are_no_such_modes() {
    // SM-017
    let server = Server::new();
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        let refusal = server.try_push(code_request(&[("response_mode", mode)]).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason(), Reason::ResponseMode, "{mode}");
    }
    let document = server.par.metadata();
    assert_eq!(document["response_modes_supported"], json!(["query", "fragment", "form_post"]));
    assert!(!document.contains_key("authorization_signing_alg_values_supported"));
}

#[test]
fn discovery_tells_of_a_signer_and_of_its_algorithms() {
    // SM-017
    const BOTH: &[SigningAlgorithm] = &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256];
    let document = server_with(Policy::oauth(), Signer(BOTH), json!({})).par.metadata();
    let modes = ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"];
    assert_eq!(document["response_modes_supported"], json!(modes));
    assert_eq!(document["authorization_signing_alg_values_supported"], json!(["PS256", "ES256"]));

    // A policy without these modes makes no use of its signer.
    let mut policy = Policy::oauth();
    policy.response_modes_supported = vec![ResponseMode::Query, ResponseMode::FormPost];
    let server = server_with(policy, Signer(BOTH), json!({}));
    assert!(!server.par.metadata().contains_key("authorization_signing_alg_values_supported"));
    let refusal = server.try_push(code_request(&[("response_mode", "jwt")]).as_bytes()).unwrap_err();
    assert_eq!(refusal.reason(), Reason::ResponseMode);
}

#[test]
fn the_algorithm_is_the_one_that_the_client_is_registered_for() {
    // CM-026
    const MANY: &[SigningAlgorithm] = &[SigningAlgorithm::Ps256, SigningAlgorithm::Rs256, SigningAlgorithm::Ed25519];
    const FAPI: &[SigningAlgorithm] = &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256];
    for (algorithms, registered, chosen) in [
        (MANY, json!({}), Some("RS256")),
        (FAPI, json!({}), Some("PS256")),
        (FAPI, json!({ "authorization_signed_response_alg": "ES256" }), Some("ES256")),
        (MANY, json!({ "authorization_signed_response_alg": "EdDSA" }), Some("Ed25519")),
        (FAPI, json!({ "authorization_signed_response_alg": "RS256" }), None),
        (FAPI, json!({ "authorization_signed_response_alg": "HS256" }), None),
    ] {
        let server = server_with(Policy::oauth(), Signer(algorithms), registered.clone());
        let body = code_request(&[("response_mode", "jwt")]);
        match chosen {
            Some(chosen) => {
                let redirect = respond(&grant(&server, &body), [("code", "c")]);
                assert_eq!(verified(&response(&redirect, '?')).0["chosen"], chosen, "{registered}");
            }
            None => {
                let refusal = server.try_push(body.as_bytes()).unwrap_err();
                assert_eq!(refusal.reason(), Reason::ResponseMode, "{registered}");
                assert!(server.try_push(code_request(&[]).as_bytes()).is_ok());
            }
        }
    }
}

#[test]
fn a_client_with_an_algorithm_that_does_not_exist_gets_no_signed_responses() {
    for algorithm in ["none", "RS1"] {
        let registered = json!({ "authorization_signed_response_alg": algorithm });
        let server = server_with(Policy::oauth(), Signer(ES256_ALONE), registered.clone());
        let refusal = server.try_push(code_request(&[("response_mode", "jwt")]).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason(), Reason::ResponseMode);
        assert!(server.try_push(code_request(&[]).as_bytes()).is_ok());
        let only = with(with(basic("basic"), registered), json!({ "response_modes": ["jwt", "query.jwt"] }));
        let error = Client::try_from(serde_json::from_value::<parjar::ClientRegistration>(only).unwrap()).unwrap_err();
        assert_eq!(error.member(), "authorization_signed_response_alg");
    }
    let server = server_with(Policy::oauth(), Signer(ES256_ALONE), json!({ "authorization_signed_response_alg": "" }));
    assert!(server.try_push(code_request(&[("response_mode", "jwt")]).as_bytes()).is_ok());
}

#[test]
fn a_client_may_be_registered_for_signed_responses_alone() {
    // CM-024, FM-007
    let server = server_with(Policy::oauth(), Signer(ES256_ALONE), json!({ "response_modes": ["jwt"] }));
    assert!(server.try_push(code_request(&[("response_mode", "jwt")]).as_bytes()).is_ok());
    for body in [
        code_request(&[]),
        code_request(&[("response_mode", "query")]),
        code_request(&[("response_mode", "query.jwt")]),
    ] {
        assert_eq!(server.try_push(body.as_bytes()).unwrap_err().reason(), Reason::ResponseMode, "{body}");
    }
}

#[test]
fn a_policy_can_demand_signed_responses() {
    // FM-006
    let mut policy = Policy::fapi2_message_signing();
    policy.require_signed_authorization_response = true;
    policy.require_signed_request_object = false;
    policy.token_endpoint_auth_methods_supported = Policy::oauth().token_endpoint_auth_methods_supported;
    policy.token_endpoint_auth_signing_alg_values_supported =
        Policy::oauth().token_endpoint_auth_signing_alg_values_supported;
    let server = server_with(policy.clone(), Signer(ES256_ALONE), json!({}));
    let pkce = [("code_challenge", crate::support::CHALLENGE), ("code_challenge_method", "S256")];
    for mode in [None, Some("query"), Some("fragment"), Some("form_post")] {
        let more: Vec<_> = pkce.into_iter().chain(mode.map(|mode| ("response_mode", mode))).collect();
        let reply = server.push(&code_request(&more));
        assert_eq!((reply.status(), error(&reply)), (400, "invalid_request".to_owned()), "{mode:?}");
        let refusal = server.try_push(code_request(&more).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason(), Reason::SignedResponseRequired);
    }
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        let more: Vec<_> = pkce.into_iter().chain([("response_mode", mode)]).collect();
        assert_eq!(server.push(&code_request(&more)).status(), 201, "{mode}");
    }
    // And whoever builds such a server has to say who signs.
    let built = ParEndpoint::builder(ISSUER).policy(policy).clients(InMemoryRegistry::default()).build();
    let message = built.unwrap_err().to_string();
    assert_eq!(message, "response_signer: is missing, and the policy requires signed responses");
    let built = ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::default()).response_signer(Signer(&[])).build();
    assert_eq!(built.unwrap_err(), BuildError::ResponseSigner("has no algorithm"));
}

#[test]
fn a_response_type_with_an_id_token_is_signed_by_it() {
    // F1-002
    let mut policy = Policy::oauth();
    policy.response_types_supported = vec![ResponseType::CODE_ID_TOKEN];
    policy.require_signed_authorization_response = true;
    let both = json!({ "grant_types": ["authorization_code", "implicit"], "response_types": ["code id_token"] });
    let server = Server::with(policy, [with(basic("basic"), both)]);
    let body = form([("response_type", "code id_token"), ("redirect_uri", CALLBACK), ("nonce", "n")]);
    assert_eq!(server.push(&body).status(), 201);
}

/// What an observer is told, a line for each event.
fn watched(signer: impl ResponseSigner) -> (Server, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let observer = move |event: &Event<'_>| {
        seen.lock().unwrap().push(match event {
            Event::Refused { stage, reason, client_id, .. } => {
                format!("refused {} {reason} {}", stage.as_str(), client_id.unwrap_or("-"))
            }
            Event::ResponseNotSigned { client_id, error, .. } => {
                format!("{client_id}: {error}: {}", error.source().unwrap())
            }
            _ => return,
        });
    };
    let server = Server::built(Policy::oauth(), [basic("basic")], Default::default(), |builder| {
        builder.response_signer(signer).observer(observer)
    });
    (server, log)
}

/// The refusal is a page with status 500 that tells nothing, and its source is the signer's.
fn check_not_signed(refused: AuthorizeRefusal) {
    let source = refused.refusal().source().unwrap().to_string();
    assert_eq!(source, "canary: the key is out of reach");
    assert_eq!(page::<()>(Err(refused.clone())).reason(), Reason::ResponseNotSigned);
    assert!(!format!("{refused} {refused:?}").contains("canary"));
    let reply = Reply::from(refused);
    assert_eq!((reply.status(), reply.header("location"), reply.header("retry-after")), (500, None, None));
    assert!(reply.body().contains("server_error") && !reply.body().contains("canary"));
}

#[test]
fn a_response_that_cannot_be_signed_is_none_and_a_fault_that_shows() {
    let (server, log) = watched(Broken);
    let events = || std::mem::take(&mut *log.lock().unwrap());
    let not_signed = [
        "basic: the authorization response could not be signed: canary: the key is out of reach",
        "refused respond response_not_signed basic",
    ];
    let body = code_request(&[("response_mode", "jwt")]);

    let granted = grant(&server, &body);
    check_not_signed(pollster::block_on(granted.respond([("code", "canary")])).unwrap_err());
    assert_eq!(events(), not_signed);

    let pending = server.open(&server.pushed(&body)).unwrap();
    check_not_signed(pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied)).unwrap_err());
    assert_eq!(events(), not_signed);

    // Of an error response that cannot be signed, the error is seen too.
    let query = code_request(&[("client_id", "basic"), ("prompt", "none login"), ("response_mode", "jwt")]);
    check_not_signed(server.authorize(&query, None).unwrap_err());
    assert_eq!(events(), [&["refused authorize prompt_none basic"], &not_signed[..]].concat());

    // The other modes need no signature.
    assert!(respond(&grant(&server, &code_request(&[])), [("code", "c")]).location().is_some());
    assert!(events().is_empty());
}

/// Asks another machine, which takes its time.
struct Remote;

impl ResponseSigner for Remote {
    fn algorithms(&self) -> &[SigningAlgorithm] {
        ES256_ALONE
    }

    async fn sign(&self, client: &Client, algorithm: SigningAlgorithm, claims: &str) -> Result<String, SignerError> {
        pause().await;
        Signer(ES256_ALONE).sign(client, algorithm, claims).await
    }
}

#[test]
fn a_signer_may_wait() {
    let server = server_with(Policy::oauth(), Arc::new(Remote), json!({}));
    let body = code_request(&[("response_mode", "jwt")]);
    let granted = grant(&server, &body);
    let mut responding = Box::pin(granted.respond([("code", "c")]));
    // The thread is free in between.
    assert!(responding.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let (_, claims) = verified(&response(&pollster::block_on(responding).unwrap(), '?'));
    assert_eq!(claims["code"], "c");
    let pending = server.open(&server.pushed(&body)).unwrap();
    let denied = pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied)).unwrap();
    assert_eq!(verified(&response(&denied, '?')).1["error"], "access_denied");
    let query = code_request(&[("client_id", "basic"), ("prompt", "none login"), ("response_mode", "jwt")]);
    let Err(AuthorizeRefusal::Redirect(refused)) = server.authorize(&query, None) else { panic!("no redirect") };
    assert_eq!(verified(&response(refused.response(), '?')).1["error"], "invalid_request");
}

#[test]
fn a_signed_response_is_over_within_ten_minutes() {
    // JARM section 2.1
    let server = server();
    let granted = grant(&server, &code_request(&[("response_mode", "jwt")]));
    for later in [0, 1, 3600] {
        server.clock.advance(Duration::from_secs(later));
        let (_, claims) = verified(&response(&respond(&granted, [("code", "c")]), '?'));
        let left = claims["exp"].as_i64().unwrap() - parjar::Clock::now(&server.clock).unix_timestamp();
        assert!((1..=600).contains(&left), "{left}");
    }
}

#[test]
fn where_no_mode_can_be_served_the_answer_is_a_page() {
    // OIDC-013
    let mut policy = Policy::oauth();
    policy.require_signed_authorization_response = true;
    let server = server_with(policy, Signer(ES256_ALONE), json!({}));
    let refusal = page(server.authorize(&code_request(&[("client_id", "basic")]), None));
    assert_eq!(refusal.reason(), Reason::SignedResponseRequired);
}
