//! Clients that an attester vouches for (draft-ietf-oauth-attestation-based-client-auth).

use std::{
    sync::{Barrier, Mutex},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{
    AuthenticatedClient, AuthenticationMethod, ClientCertificate, FormRequest, HostEndpoint, Limits,
    ParEndpointBuilder, Policy, Pushed, Reason, Refusal, Reply,
    attesters::{Attester, AttesterError, AttesterKeys},
    jose::{TokenFault, VerificationKeys},
    store::MemoryLimits,
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, FORM, ISSUER, Server, authenticate, authorization, basic, code_request, form},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, Key, LONG_SECRET, NOW, OTHER_ES256_KEY, RSA_KEY, asserter, assertion,
        changed, encode, fresh_id, mac, with_assertion,
    },
};

const ATTESTATION: &str = "OAuth-Client-Attestation";
const PROOF: &str = "oauth-client-attestation-pop";
const ATTESTER: &str = "https://attester.example.com";
const TOKEN_ENDPOINT: &str = "https://as.example.com/token";

/// Trusts the attester with [`OTHER_ES256_KEY`], and the one with certificates for [`ES384_KEY`].
pub(crate) struct Trusted;

impl AttesterKeys for Trusted {
    async fn keys(&self, attester: &Attester<'_>) -> Result<VerificationKeys, AttesterError> {
        assert!(attester.client().client_id().starts_with("wallet"));
        let keys = |key: &Key| VerificationKeys::parse(&json!({ "keys": [key.public()] }).to_string()).unwrap();
        match (attester.issuer(), attester.certificates()) {
            (Some(ATTESTER) | None, []) => Ok(keys(&OTHER_ES256_KEY)),
            (Some(ATTESTER), [leaf, next]) if leaf == b"leaf" && next == b"next" => Ok(keys(&ES384_KEY)),
            (Some("https://down.example.com"), _) => Err(AttesterError::Unavailable),
            _ => Err(AttesterError::Untrusted),
        }
    }
}

pub(crate) fn wallet(client_id: &str, method: &str) -> Value {
    json!({ "client_id": client_id, "token_endpoint_auth_method": method, "redirect_uris": [CALLBACK] })
}

pub(crate) fn policy() -> Policy {
    let mut policy = Policy::oauth();
    policy
        .token_endpoint_auth_methods_supported
        .extend([AuthenticationMethod::AttestJwtClientAuth, AuthenticationMethod::AttestJwtClientAuthDpop]);
    policy
}

pub(crate) fn with_attesters(builder: ParEndpointBuilder) -> ParEndpointBuilder {
    builder.attester_keys(Trusted).token_endpoint(TOKEN_ENDPOINT)
}

fn server_with(policy: Policy) -> Server {
    let clients = [
        wallet("wallet", "attest_jwt_client_auth"),
        wallet("wallet-dpop", "attest_jwt_client_auth_dpop"),
        basic("basic"),
        asserter("asserter"),
    ];
    Server::built(policy, clients, MemoryLimits::default(), with_attesters)
}

fn server() -> Server {
    server_with(policy())
}

fn attestation_claims(others: Value) -> Value {
    let claims = json!({
        "iss": ATTESTER, "sub": "wallet", "iat": NOW, "exp": NOW + 3600, "cnf": { "jwk": ES256_KEY.public() },
    });
    changed(claims, others)
}

fn attestation_header(others: Value) -> Value {
    changed(json!({ "typ": "oauth-client-attestation+jwt", "alg": "ES256", "kid": "other" }), others)
}

fn attestation(others: Value) -> String {
    OTHER_ES256_KEY.sign(&attestation_header(json!({})), &attestation_claims(others))
}

fn proof_header(others: Value) -> Value {
    changed(json!({ "typ": "oauth-client-attestation-pop+jwt", "alg": "ES256" }), others)
}

fn proof_claims(others: Value) -> Value {
    changed(json!({ "aud": ISSUER, "jti": fresh_id(), "iat": NOW }), others)
}

fn proof(others: Value) -> String {
    ES256_KEY.sign(&proof_header(json!({})), &proof_claims(others))
}

/// The same request to both endpoints.
fn push(server: &Server, headers: &[(&str, &str)], body: &str) -> Result<Pushed, Refusal> {
    let headers = [("content-type", FORM)].into_iter().chain(headers.iter().copied());
    let request = FormRequest::new("POST", headers.map(|(name, value)| (name, value.as_bytes())), body);
    pollster::block_on(server.par.push(&request))
}

fn token(server: &Server, headers: &[(&str, &str)], body: &str) -> Result<AuthenticatedClient, Refusal> {
    let headers = [("content-type", FORM)].into_iter().chain(headers.iter().copied());
    let request = FormRequest::new("POST", headers.map(|(name, value)| (name, value.as_bytes())), body);
    authenticate(&server.par, &request)
}

/// The client of a good attestation at the token endpoint.
pub(crate) fn attested(server: &Server) -> AuthenticatedClient {
    token(server, &[(ATTESTATION, &attestation(json!({}))), (PROOF, &proof(json!({})))], "").unwrap()
}

/// Why these headers are refused, at both endpoints. Whatever it is, the client is told what it is told of a wrong secret.
fn reason(server: &Server, headers: &[(&str, &str)], body: &[(&str, &str)]) -> Reason {
    let before = server.store.len();
    let at_push = push(server, headers, &code_request(body)).expect_err("a refusal");
    let at_token = token(server, headers, &form(body.iter().copied())).expect_err("a refusal");
    assert_eq!(at_push.reason(), at_token.reason());
    assert_eq!(server.store.len(), before);
    let reason = at_push.reason();
    for refusal in [at_push, at_token] {
        let reply = Reply::from(refusal);
        assert_eq!(reply.status(), 401, "{reason}");
        let told = r#"{"error":"invalid_client","error_description":"client authentication failed"}"#;
        assert_eq!(reply.body(), told);
    }
    reason
}

fn fault_of_attestation(server: &Server, attestation: &str) -> TokenFault {
    match reason(server, &[(ATTESTATION, attestation), (PROOF, &proof(json!({})))], &[]) {
        Reason::ClientAttestation(fault) => fault,
        reason => panic!("{reason}"),
    }
}

fn fault_of_proof(server: &Server, proof: &str) -> TokenFault {
    match reason(server, &[(ATTESTATION, &attestation(json!({}))), (PROOF, proof)], &[]) {
        Reason::AttestationProof(fault) => fault,
        reason => panic!("{reason}"),
    }
}

#[test]
fn an_attested_instance_authenticates_at_both_endpoints() {
    // CA-080 to CA-083, CA-086, HA-003, HA-004
    let server = server();
    let attested = attestation(json!({}));
    for body in [&[][..], &[("client_id", "wallet")][..]] {
        // One attestation serves many requests, each with a proof of its own.
        push(&server, &[(ATTESTATION, &attested), (PROOF, &proof(json!({})))], &code_request(body)).unwrap();
        let body = form(body.iter().copied());
        let client = token(&server, &[(ATTESTATION, &attested), (PROOF, &proof(json!({})))], &body).unwrap();
        assert_eq!(client.method(), AuthenticationMethod::AttestJwtClientAuth);
        assert_eq!(client.client().client_id(), "wallet");
    }
    let mismatch = reason(&server, &[(ATTESTATION, &attested), (PROOF, &proof(json!({})))], &[("client_id", "basic")]);
    assert_eq!(mismatch, Reason::ClientMismatch);
}

#[test]
fn a_request_is_bound_to_the_key_of_the_instance() {
    // CA-089
    let server = server();
    let pushed =
        push(&server, &[(ATTESTATION, &attestation(json!({}))), (PROOF, &proof(json!({})))], &code_request(&[]));
    let query = format!("client_id=wallet&request_uri={}", pushed.unwrap().request_uri());
    let bound_to = server.authorize(&query, None).unwrap().request().confirmation();
    assert!(bound_to.client_instance.is_some());
    assert_eq!((bound_to.jkt, bound_to.x5t_s256), (None, None));

    let same = token(&server, &[(ATTESTATION, &attestation(json!({}))), (PROOF, &proof(json!({})))], "").unwrap();
    assert!(same.fulfils(bound_to));
    assert_eq!(same.confirmation(), bound_to);
    let of_other = attestation(json!({ "cnf": { "jwk": ED25519_KEY.public() } }));
    let by_other = ED25519_KEY.sign(&proof_header(json!({ "alg": "EdDSA" })), &proof_claims(json!({})));
    let other = token(&server, &[(ATTESTATION, &of_other), (PROOF, &by_other)], "").unwrap();
    assert!(!other.fulfils(bound_to));
    assert_ne!(other.confirmation(), bound_to);
}

#[test]
fn the_certificate_of_the_connection_is_taken_down_beside_the_key_of_the_instance() {
    let mut bound = wallet("wallet", "attest_jwt_client_auth");
    bound["tls_client_certificate_bound_access_tokens"] = true.into();
    let server = Server::built(policy(), [bound], MemoryLimits::default(), with_attesters);
    let certificate = ClientCertificate::with_unverified_chain(b"any");
    let (attested, proof) = (attestation(json!({})), proof(json!({})));
    let headers = [("content-type", FORM), (ATTESTATION, &attested), (PROOF, &proof)];
    let request = FormRequest::new("POST", headers.map(|(name, value)| (name, value.as_bytes())), "");
    let client = authenticate(&server.par, &request.with_client_certificate(certificate));
    let confirmation = client.unwrap().confirmation();
    assert_eq!(confirmation.x5t_s256, Some(certificate.thumbprint()));
    assert!(confirmation.client_instance.is_some());
}

#[test]
fn bad_attestations_are_refused_in_the_same_words() {
    // CA-080 to CA-082, HA-003
    let server = server();
    let signed =
        |header: Value, claims: Value| OTHER_ES256_KEY.sign(&attestation_header(header), &attestation_claims(claims));
    let jwk = |jwk: Value| json!({ "cnf": { "jwk": jwk } });
    let weak = changed(RSA_KEY.public(), json!({ "e": "Aw" }));
    let off_curve = changed(ES256_KEY.public(), json!({ "x": encode([1; 32]) }));
    let good = attestation(json!({}));
    let table = [
        ("no sub", signed(json!({}), json!({ "sub": null })), TokenFault::Subject),
        ("sub is no text", signed(json!({}), json!({ "sub": 1 })), TokenFault::ClaimType),
        ("iss is no text", signed(json!({}), json!({ "iss": [ATTESTER] })), TokenFault::ClaimType),
        ("no exp", signed(json!({}), json!({ "exp": null })), TokenFault::MissingExpiry),
        ("issued in the future", signed(json!({}), json!({ "iat": NOW + 11 })), TokenFault::NotYetValid),
        ("good later", signed(json!({}), json!({ "nbf": NOW + 11 })), TokenFault::NotYetValid),
        ("no cnf", signed(json!({}), json!({ "cnf": null })), TokenFault::Key),
        ("cnf without a key", signed(json!({}), json!({ "cnf": { "kid": "1" } })), TokenFault::Key),
        ("private key", signed(json!({}), jwk(ES256_KEY.private())), TokenFault::Key),
        ("shared key", signed(json!({}), jwk(json!({ "kty": "oct", "k": "AAAA" }))), TokenFault::Key),
        ("weak key", signed(json!({}), jwk(weak)), TokenFault::Key),
        ("no typ", signed(json!({ "typ": null }), json!({})), TokenFault::Type),
        ("typ of any JWT", signed(json!({ "typ": "JWT" }), json!({})), TokenFault::Type),
        ("typ of the proof", signed(json!({ "typ": "oauth-client-attestation-pop+jwt" }), json!({})), TokenFault::Type),
        ("key in the header", signed(json!({ "jwk": OTHER_ES256_KEY.public() }), json!({})), TokenFault::KeyInHeader),
        ("address of keys", signed(json!({ "jku": ATTESTER }), json!({})), TokenFault::KeyInHeader),
        ("empty chain", signed(json!({ "x5c": [] }), json!({})), TokenFault::Malformed),
        ("chain of one text", signed(json!({ "x5c": "bGVhZg==" }), json!({})), TokenFault::Malformed),
        ("chain in base64url", signed(json!({ "x5c": ["_-8"] }), json!({})), TokenFault::Malformed),
        ("long chain", signed(json!({ "x5c": vec!["bGVhZg=="; 9] }), json!({})), TokenFault::Malformed),
        ("other kid", signed(json!({ "kid": "nobody" }), json!({})), TokenFault::NoKey),
        ("strange attester", signed(json!({}), json!({ "iss": "https://evil.example.com" })), TokenFault::NoKey),
        ("unknown chain", signed(json!({ "x5c": ["bGVhZg=="] }), json!({})), TokenFault::NoKey),
        ("attester away", signed(json!({}), json!({ "iss": "https://down.example.com" })), TokenFault::KeysUnavailable),
        (
            "signed by the instance itself",
            ES256_KEY.sign(&attestation_header(json!({})), &attestation_claims(json!({}))),
            TokenFault::Signature,
        ),
        (
            "MAC",
            mac(&attestation_header(json!({ "alg": "HS256" })), &attestation_claims(json!({})), LONG_SECRET),
            TokenFault::Algorithm,
        ),
        (
            "no signature",
            format!(
                "{}.{}.",
                encode(r#"{"typ":"oauth-client-attestation+jwt","alg":"none"}"#),
                good.split('.').nth(1).unwrap()
            ),
            TokenFault::Algorithm,
        ),
        ("two in one header", format!("{good},{good}"), TokenFault::Malformed),
        ("nothing", String::new(), TokenFault::Malformed),
        ("a disclosure", format!("{good}~"), TokenFault::Malformed),
        ("too much", "a".repeat(16 * 1024 + 1), TokenFault::TooLarge),
    ];
    for (name, attestation, fault) in table {
        assert_eq!(fault_of_attestation(&server, &attestation), fault, "{name}");
    }
    // A key that is none is noticed when it is used.
    let off_curve = attestation(jwk(off_curve));
    let unusable = reason(&server, &[(ATTESTATION, &off_curve), (PROOF, &proof(json!({})))], &[]);
    assert_eq!(unusable, Reason::AttestationProof(TokenFault::Key));
    for (sub, expected) in [("nobody", Reason::UnknownClient), ("basic", Reason::WrongMethod)] {
        let attestation = attestation(json!({ "sub": sub }));
        assert_eq!(reason(&server, &[(ATTESTATION, &attestation), (PROOF, &proof(json!({})))], &[]), expected);
    }
    push(&server, &[(ATTESTATION, &good), (PROOF, &proof(json!({})))], &code_request(&[])).unwrap();
}

#[test]
fn bad_proofs_are_refused_in_the_same_words() {
    // CA-083, CA-088
    let server = server();
    let signed = |header: Value, claims: Value| ES256_KEY.sign(&proof_header(header), &proof_claims(claims));
    let table = [
        ("no audience", signed(json!({}), json!({ "aud": null })), TokenFault::Audience),
        ("other audience", signed(json!({}), json!({ "aud": "https://rs.example.com" })), TokenFault::Audience),
        ("the token endpoint", signed(json!({}), json!({ "aud": TOKEN_ENDPOINT })), TokenFault::Audience),
        ("a list", signed(json!({}), json!({ "aud": [ISSUER] })), TokenFault::Audience),
        ("no id", signed(json!({}), json!({ "jti": null })), TokenFault::Id),
        ("empty id", signed(json!({}), json!({ "jti": "" })), TokenFault::Id),
        ("no iat", signed(json!({}), json!({ "iat": null })), TokenFault::MissingIssuedAt),
        ("too old", signed(json!({}), json!({ "iat": NOW - 61 })), TokenFault::Lifetime),
        ("from the future", signed(json!({}), json!({ "iat": NOW + 11 })), TokenFault::NotYetValid),
        ("over by its own account", signed(json!({}), json!({ "exp": NOW })), TokenFault::Expired),
        ("challenge is no text", signed(json!({}), json!({ "challenge": 1 })), TokenFault::ClaimType),
        ("no typ", signed(json!({ "typ": null }), json!({})), TokenFault::Type),
        ("typ of any JWT", signed(json!({ "typ": "JWT" }), json!({})), TokenFault::Type),
        (
            "typ of the attestation",
            signed(json!({ "typ": "oauth-client-attestation+jwt" }), json!({})),
            TokenFault::Type,
        ),
        ("typ of DPoP", signed(json!({ "typ": "dpop+jwt" }), json!({})), TokenFault::Type),
        ("a key of its own", signed(json!({ "jwk": ES256_KEY.public() }), json!({})), TokenFault::KeyInHeader),
        ("certificates", signed(json!({ "x5c": ["bGVhZg=="] }), json!({})), TokenFault::KeyInHeader),
        (
            "MAC",
            mac(&proof_header(json!({ "alg": "HS256" })), &proof_claims(json!({})), LONG_SECRET),
            TokenFault::Algorithm,
        ),
        (
            "signed by the attester",
            OTHER_ES256_KEY.sign(&proof_header(json!({})), &proof_claims(json!({}))),
            TokenFault::Signature,
        ),
        (
            "signed by a key of another kind",
            ES384_KEY.sign(&proof_header(json!({ "alg": "ES384" })), &proof_claims(json!({}))),
            TokenFault::Algorithm,
        ),
        ("nothing", String::new(), TokenFault::Malformed),
    ];
    for (name, proof, fault) in table {
        assert_eq!(fault_of_proof(&server, &proof), fault, "{name}");
    }
    for iat in [NOW - 60, NOW + 10] {
        let proof = signed(json!({}), json!({ "iat": iat }));
        push(&server, &[(ATTESTATION, &attestation(json!({}))), (PROOF, &proof)], &code_request(&[])).unwrap();
    }
}

#[test]
fn both_headers_are_there_once() {
    // CA-080, CA-083
    let server = server();
    let (attested, proven) = (attestation(json!({})), proof(json!({})));
    let named = [("client_id", "wallet")];
    assert_eq!(reason(&server, &[], &named), Reason::MissingCredentials);
    assert_eq!(reason(&server, &[(PROOF, &proven)], &named), Reason::MissingCredentials);
    let alone = reason(&server, &[(ATTESTATION, &attested)], &named);
    assert_eq!(alone, Reason::AttestationProof(TokenFault::Missing));
    for headers in [
        [(ATTESTATION, &*attested), (ATTESTATION, &*attested), (PROOF, &*proven)],
        [(ATTESTATION, &*attested), (PROOF, &*proven), ("OAUTH-CLIENT-ATTESTATION-POP", &*proven)],
    ] {
        let refusal = push(&server, &headers, &code_request(&named)).unwrap_err();
        assert_eq!((refusal.reason(), refusal.status()), (Reason::RepeatedHeader, 400));
    }
    push(&server, &[(ATTESTATION, &attested), (PROOF, &proven)], &code_request(&named)).unwrap();
}

#[test]
fn a_chain_of_certificates_is_for_the_host_to_judge() {
    // CA-082, HA-003
    let server = server();
    let x5c = [STANDARD.encode("leaf"), STANDARD.encode("next")];
    let header = json!({ "typ": "oauth-client-attestation+jwt", "alg": "ES384", "x5c": x5c });
    let attested = ES384_KEY.sign(&header, &attestation_claims(json!({})));
    push(&server, &[(ATTESTATION, &attested), (PROOF, &proof(json!({})))], &code_request(&[])).unwrap();
    let forged = OTHER_ES256_KEY.sign(&changed(header, json!({ "alg": "ES256" })), &attestation_claims(json!({})));
    assert_eq!(fault_of_attestation(&server, &forged), TokenFault::NoKey);
}

#[test]
fn a_good_attestation_that_is_not_fresh_is_to_be_replaced() {
    // CA-085
    let mut policy = policy();
    policy.client_attestation.max_age = Some(300);
    let server = server_with(policy);
    let outcome = |attestation: &str, proof: &str| {
        push(&server, &[(ATTESTATION, attestation), (PROOF, proof)], &code_request(&[])).map_err(|refusal| {
            let reply = Reply::from(&refusal);
            (refusal.reason(), reply.status(), refusal.code().as_str())
        })
    };
    let stale = (Reason::StaleAttestation, 400, "use_fresh_attestation");
    for others in
        [json!({ "exp": NOW }), json!({ "exp": NOW - 1 }), json!({ "iat": NOW - 301 }), json!({ "iat": null })]
    {
        assert_eq!(outcome(&attestation(others.clone()), &proof(json!({}))).unwrap_err(), stale, "{others}");
        // Who has it not from the attester, or has not the key, is told nothing.
        let forged = ES256_KEY.sign(&attestation_header(json!({})), &attestation_claims(others.clone()));
        assert_eq!(outcome(&forged, &proof(json!({}))).unwrap_err().1, 401);
        let by_other = OTHER_ES256_KEY.sign(&proof_header(json!({})), &proof_claims(json!({})));
        assert_eq!(outcome(&attestation(others), &by_other).unwrap_err().1, 401);
    }
    for others in [json!({ "exp": NOW + 1 }), json!({ "iat": NOW - 300 })] {
        outcome(&attestation(others), &proof(json!({}))).unwrap();
    }
}

#[test]
fn a_challenge_is_handed_out_and_demanded() {
    // CA-084
    let mut policy = policy();
    policy.client_attestation.require_challenge = true;
    let server = server_with(policy);
    let attested = attestation(json!({}));
    let send = |proof: &str| push(&server, &[(ATTESTATION, &attested), (PROOF, proof)], &code_request(&[]));
    let without = send(&proof(json!({}))).unwrap_err();
    assert_eq!(without.reason(), Reason::MissingAttestationChallenge);
    let reply = Reply::from(&without);
    assert_eq!((reply.status(), without.code().as_str()), (400, "use_attestation_challenge"));
    let challenge = reply.header("oauth-client-attestation-challenge").unwrap().to_owned();
    assert_eq!(without.attestation_challenge(), Some(&*challenge));
    assert_eq!(server.par.attestation_challenge().as_ref(), Some(&challenge));
    let endpoint = server.par.challenge_reply().unwrap();
    let body: Value = serde_json::from_str(endpoint.body()).unwrap();
    assert_eq!(body, json!({ "attestation_challenge": challenge }));
    assert!(endpoint.header("cache-control").unwrap().contains("no-store"));

    // The same attestation with another proof. A refusal has used up nothing, not even the id.
    let retried = |challenge: &str, id: &str, iat: i64| {
        ES256_KEY
            .sign(&proof_header(json!({})), &proof_claims(json!({ "challenge": challenge, "jti": id, "iat": iat })))
    };
    let made_up = send(&retried("made up", "j", NOW)).unwrap_err();
    assert_eq!(made_up.reason(), Reason::StaleAttestationChallenge);
    assert!(made_up.attestation_challenge().is_some());
    send(&retried(&challenge, "j", NOW)).unwrap();
    let replayed = send(&retried(&challenge, "j", NOW)).unwrap_err();
    assert_eq!(replayed.reason(), Reason::AttestationProof(TokenFault::Replayed));

    server.pass(300);
    let late = send(&retried(&challenge, "k", NOW + 300)).unwrap_err();
    assert_eq!(late.reason(), Reason::StaleAttestationChallenge);
    send(&retried(late.attestation_challenge().unwrap(), "k", NOW + 300)).unwrap();

    // The time of the challenge counts in place of `iat`, so that a device may have a wrong clock.
    for iat in [0, NOW - 86_400, NOW + 86_400] {
        let challenge = server.par.attestation_challenge().unwrap();
        send(&retried(&challenge, &format!("at {iat}"), iat)).unwrap();
        let replayed = send(&retried(&challenge, &format!("at {iat}"), iat)).unwrap_err();
        assert_eq!(replayed.reason(), Reason::AttestationProof(TokenFault::Replayed));
    }

    // Such a device has to be told its first challenge as well.
    for iat in [0, NOW + 86_400] {
        let refusal =
            send(&ES256_KEY.sign(&proof_header(json!({})), &proof_claims(json!({ "iat": iat })))).unwrap_err();
        assert_eq!(refusal.reason(), Reason::MissingAttestationChallenge, "{iat}");
        assert!(refusal.attestation_challenge().is_some());
    }

    // A proof by another key learns no challenge, and other refusals bring none.
    let by_other = OTHER_ES256_KEY.sign(&proof_header(json!({})), &proof_claims(json!({ "iat": NOW + 300 })));
    let refusal = send(&by_other).unwrap_err();
    assert_eq!(refusal.reason(), Reason::AttestationProof(TokenFault::Signature));
    assert_eq!(refusal.attestation_challenge(), None);
}

#[test]
fn a_proof_is_good_once_for_both_endpoints() {
    // CA-088
    let server = server();
    let (attested, proven) = (attestation(json!({})), proof(json!({})));
    let headers = [(ATTESTATION, &*attested), (PROOF, &*proven)];
    let replayed = Reason::AttestationProof(TokenFault::Replayed);
    // A push that is refused for something else can be repeated.
    let refusal = push(&server, &headers, &form([("response_type", "token"), ("redirect_uri", CALLBACK)])).unwrap_err();
    assert_eq!(refusal.reason(), Reason::ResponseTypeNotOffered);
    push(&server, &headers, &code_request(&[])).unwrap();
    assert_eq!(reason(&server, &headers, &[]), replayed);
    // Another attestation of the same key makes no difference.
    let renewed = attestation(json!({ "exp": NOW + 7200 }));
    assert_eq!(reason(&server, &[(ATTESTATION, &renewed), (PROOF, &proven)], &[]), replayed);
    server.pass(60);
    assert_eq!(reason(&server, &headers, &[]), replayed);
    server.pass(1);
    // Its age is looked at before its id.
    assert_eq!(reason(&server, &headers, &[]), Reason::AttestationProof(TokenFault::Lifetime));

    // Every key has ids of its own.
    let now = NOW + 61;
    let same_id = |key: &Key, algorithm: &str| {
        key.sign(&proof_header(json!({ "alg": algorithm })), &proof_claims(json!({ "jti": "same", "iat": now })))
    };
    let of_other = attestation(json!({ "cnf": { "jwk": ED25519_KEY.public() } }));
    token(&server, &[(ATTESTATION, &attested), (PROOF, &same_id(&ES256_KEY, "ES256"))], "").unwrap();
    token(&server, &[(ATTESTATION, &of_other), (PROOF, &same_id(&ED25519_KEY, "EdDSA"))], "").unwrap();
}

#[test]
fn of_many_at_once_one_proof_gets_through() {
    // CA-088
    const RACERS: usize = 8;
    for _ in 0..10 {
        let server = server();
        let (attested, proven) = (attestation(json!({})), proof(json!({})));
        let (barrier, won) = (Barrier::new(RACERS), Mutex::new(0));
        thread::scope(|scope| {
            for racer in 0..RACERS {
                let (server, barrier, won, attested, proven) = (&server, &barrier, &won, &attested, &proven);
                scope.spawn(move || {
                    let headers = [(ATTESTATION, &**attested), (PROOF, &**proven)];
                    barrier.wait();
                    let outcome = if racer % 2 == 0 {
                        push(server, &headers, &code_request(&[])).map(|_| ())
                    } else {
                        token(server, &headers, "").map(|_| ())
                    };
                    match outcome {
                        Ok(()) => *won.lock().unwrap() += 1,
                        Err(refusal) => {
                            assert_eq!(refusal.reason(), Reason::AttestationProof(TokenFault::Replayed));
                        }
                    }
                });
            }
        });
        assert_eq!(*won.lock().unwrap(), 1);
    }
}

#[test]
fn beside_other_credentials_an_attestation_is_not_looked_at() {
    // CA-001, CA-091
    let server = server();
    let by_secret = authorization("basic", "s3cret");
    for headers in [
        [("authorization", &*by_secret), (ATTESTATION, "nonsense"), (PROOF, "nonsense")],
        [("authorization", &*by_secret), (ATTESTATION, &*attestation(json!({}))), (PROOF, &*proof(json!({})))],
    ] {
        let client = token(&server, &headers, "").unwrap();
        assert_eq!(client.client().client_id(), "basic");
        assert!(client.confirmation().is_empty());
    }
    let asserted = assertion("asserter", json!({}));
    let headers = [(ATTESTATION, &*attestation(json!({}))), (PROOF, &*proof(json!({})))];
    push(&server, &headers, &code_request(&with_assertion(&asserted))).unwrap();
    // It is no way around the registered method, in either direction.
    let as_wallet = authorization("wallet", "s3cret");
    let headers = [("authorization", &*as_wallet), headers[0], headers[1]];
    assert_eq!(reason(&server, &headers, &[]), Reason::WrongMethod);
}

/// A DPoP proof for pushes.
fn dpop(key: &Key, others: Value) -> String {
    let jwk = changed(key.public(), json!({ "kid": null }));
    let claims = json!({ "htm": "POST", "htu": format!("{ISSUER}/authorize/par"), "iat": NOW, "jti": fresh_id() });
    key.sign(&json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }), &changed(claims, others))
}

#[test]
fn a_dpop_proof_by_the_attested_key_is_a_proof_of_possession() {
    // CA-087
    let server = server();
    let attested = attestation(json!({ "sub": "wallet-dpop" }));
    let send = |headers: &[(&str, &str)]| push(&server, headers, &code_request(&[]));
    let proven = dpop(&ES256_KEY, json!({}));
    let pushed = send(&[(ATTESTATION, &attested), ("dpop", &proven)]).unwrap();
    let query = format!("client_id=wallet-dpop&request_uri={}", pushed.request_uri());
    let bound_to = server.authorize(&query, None).unwrap().request().confirmation();
    assert!(bound_to.jkt.is_some());
    assert_eq!(bound_to.client_instance, bound_to.jkt);

    let at_token = dpop(&ES256_KEY, json!({ "htu": TOKEN_ENDPOINT }));
    let client = token(&server, &[(ATTESTATION, &attested), ("dpop", &at_token)], "").unwrap();
    assert_eq!(client.method(), AuthenticationMethod::AttestJwtClientAuthDpop);
    assert!(client.fulfils(bound_to));

    let refused = |headers: &[(&str, &str)]| send(headers).unwrap_err().reason();
    let replayed = Reason::DpopProof(TokenFault::Replayed);
    assert_eq!(refused(&[(ATTESTATION, &attested), ("dpop", &proven)]), replayed);
    let by_other = dpop(&OTHER_ES256_KEY, json!({}));
    let other_key = Reason::AttestationProof(TokenFault::OtherKey);
    assert_eq!(refused(&[(ATTESTATION, &attested), ("dpop", &by_other)]), other_key);
    let forged = dpop(&ES256_KEY, json!({ "htm": "GET" }));
    assert_eq!(refused(&[(ATTESTATION, &attested), ("dpop", &forged)]), Reason::DpopProof(TokenFault::Method));
    let fresh = dpop(&ES256_KEY, json!({}));
    let twice = [(ATTESTATION, &*attested), ("dpop", &*fresh), ("dpop", &*fresh)];
    assert_eq!(refused(&twice), Reason::DpopProof(TokenFault::Repeated));
    // `dpop_jkt` proves nothing.
    let jkt = bound_to.jkt.unwrap().to_string();
    let named = push(&server, &[(ATTESTATION, &attested)], &code_request(&[("dpop_jkt", &jkt)]));
    assert_eq!(named.unwrap_err().reason(), Reason::AttestationProof(TokenFault::Missing));
    // The two methods do not stand in for each other.
    let both = [(ATTESTATION, &*attested), (PROOF, &*proof(json!({}))), ("dpop", &*fresh)];
    assert_eq!(refused(&both), Reason::WrongMethod);
    let of_wallet = attestation(json!({}));
    assert_eq!(refused(&[(ATTESTATION, &of_wallet), ("dpop", &fresh)]), Reason::WrongMethod);
    // Beside a proof of possession, a DPoP proof may be by any key.
    let both = [(ATTESTATION, &*of_wallet), (PROOF, &*proof(json!({}))), ("dpop", &*by_other)];
    let pushed = send(&both).unwrap();
    let query = format!("client_id=wallet&request_uri={}", pushed.request_uri());
    let bound_to = server.authorize(&query, None).unwrap().request().confirmation();
    assert_ne!(bound_to.client_instance, bound_to.jkt);
    assert!(bound_to.jkt.is_some() && bound_to.client_instance.is_some());
}

#[test]
fn a_wallet_that_is_registered_for_both_proofs_uses_either() {
    // CA-080, CA-087
    let mut either = wallet("wallet", "attest_jwt_client_auth_dpop");
    either["token_endpoint_auth_methods"] = json!(["attest_jwt_client_auth", "attest_jwt_client_auth_dpop"]);
    let server = Server::built(policy(), [either], MemoryLimits::default(), with_attesters);
    let attested = attestation(json!({}));
    let by_jwt = token(&server, &[(ATTESTATION, &attested), (PROOF, &proof(json!({})))], "").unwrap();
    assert_eq!(by_jwt.method(), AuthenticationMethod::AttestJwtClientAuth);
    let at_token = dpop(&ES256_KEY, json!({ "htu": TOKEN_ENDPOINT }));
    let by_dpop = token(&server, &[(ATTESTATION, &attested), ("dpop", &at_token)], "").unwrap();
    assert_eq!(by_dpop.method(), AuthenticationMethod::AttestJwtClientAuthDpop);
    let by_other = dpop(&OTHER_ES256_KEY, json!({ "htu": TOKEN_ENDPOINT }));
    let refused = token(&server, &[(ATTESTATION, &attested), ("dpop", &by_other)], "").unwrap_err();
    assert_eq!(refused.reason(), Reason::AttestationProof(TokenFault::OtherKey));
}

#[test]
fn the_challenge_of_a_dpop_proof_is_its_nonce() {
    // CA-084, CA-087
    let mut policy = policy();
    policy.client_attestation.require_challenge = true;
    let server = server_with(policy);
    let attested = attestation(json!({ "sub": "wallet-dpop" }));
    let send = |dpop: &str| push(&server, &[(ATTESTATION, &attested), ("dpop", dpop)], &code_request(&[]));
    let without = send(&dpop(&ES256_KEY, json!({}))).unwrap_err();
    assert_eq!((without.reason(), without.status()), (Reason::MissingDpopNonce, 400));
    let challenge = server.par.attestation_challenge().unwrap();
    assert_eq!(without.dpop_nonce(), Some(&*challenge));
    send(&dpop(&ES256_KEY, json!({ "nonce": challenge }))).unwrap();
    let made_up = send(&dpop(&ES256_KEY, json!({ "nonce": "made up" }))).unwrap_err();
    assert_eq!(made_up.reason(), Reason::StaleDpopNonce);
    // Other clients' DPoP proofs need none.
    let by_secret = authorization("basic", "s3cret");
    let headers = [("authorization", &*by_secret), ("dpop", &*dpop(&ES256_KEY, json!({})))];
    push(&server, &headers, &code_request(&[])).unwrap();
    assert_eq!(server.par.dpop_nonce(), None);
}

#[test]
fn the_client_that_an_attestation_is_for_is_read_before_a_policy_is_chosen() {
    let (attestation, proof) = (attestation(json!({})), proof(json!({})));
    let headers = [("content-type", FORM), (ATTESTATION, &attestation), (PROOF, &proof)];
    let request = FormRequest::new("POST", headers.map(|(name, value)| (name, value.as_bytes())), "scope=x");
    assert_eq!(request.claimed_client_id(&Limits::default()).unwrap().as_deref(), Some("wallet"));
    let request = FormRequest::new("POST", headers.map(|(name, value)| (name, value.as_bytes())), "client_id=other");
    assert_eq!(request.claimed_client_id(&Limits::default()).unwrap_err().reason(), Reason::ClientMismatch);
}

#[test]
fn an_attestation_that_is_proved_by_dpop_needs_a_proof_at_every_endpoint() {
    const REVOCATION: &str = "https://as.example.com/revoke";
    let clients = [wallet("wallet-dpop", "attest_jwt_client_auth_dpop")];
    let server = Server::built(policy(), clients, MemoryLimits::default(), |builder| {
        with_attesters(builder).host_endpoint(HostEndpoint::Revocation, REVOCATION)
    });
    let attestation = attestation(json!({ "sub": "wallet-dpop" }));
    let send = |proof: Option<&str>| {
        let headers = [("content-type", Some(FORM)), (ATTESTATION, Some(&*attestation)), ("dpop", proof)];
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?.as_bytes())));
        let request = FormRequest::new("POST", headers, "token=t");
        pollster::block_on(server.par.authenticate_client_at(HostEndpoint::Revocation, &request))
    };
    assert_eq!(send(None).unwrap_err().reason(), Reason::AttestationProof(TokenFault::Missing));
    let proof = crate::proofs::proof(&ES256_KEY, json!({ "htu": REVOCATION }));
    assert_eq!(send(Some(&proof)).unwrap().client().client().client_id(), "wallet-dpop");
}
