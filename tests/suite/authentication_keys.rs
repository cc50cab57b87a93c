//! The key that a client authenticates with: it travels from the push to the code, and can be demanded again.

use parjar::{
    AuthenticatedClient, AuthenticationKey, ClientCertificate, FormRequest, Policy, Pushed, store::MemoryLimits,
};
use serde_json::{Value, json};

use crate::{
    attestations::{attested, policy as attestation_policy, wallet, with_attesters},
    certificate_maker::Maker,
    certificates::{push as push_with_certificate, self_signed, tls},
    jwks_cache::Source,
    proofs::{bare, thumbprint},
    support::{CALLBACK, FORM, Server, authenticate, authorization, basic, client, code_request, form, public, with},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, ES512_KEY, Key, LONG_SECRET, OTHER_ES256_KEY, RSA_KEY, asserter, assertion,
        assertion_claims, decode, encode, mac, with_assertion,
    },
};

/// A registration for `private_key_jwt` with these keys.
fn with_keys(keys: &[Value]) -> Value {
    with(asserter("c1"), json!({ "jwks": { "keys": keys } }))
}

/// An assertion of `c1` by a key, as the members of a form.
fn signed(key: &Key, algorithm: &str) -> String {
    key.sign(&json!({ "alg": algorithm, "kid": key.kid() }), &assertion_claims("c1", json!({})))
}

fn at_token_endpoint(server: &Server, assertion: &str) -> AuthenticatedClient {
    server.try_token(&form(with_assertion(assertion))).unwrap()
}

/// The key that the code of a pushed request is bound to.
fn granted(server: &Server, client_id: &str, pushed: &Pushed) -> Option<AuthenticationKey> {
    let pending =
        server.authorize(&format!("client_id={client_id}&request_uri={}", pushed.request_uri()), None).unwrap();
    let at_opening = pending.request().authentication_key().cloned();
    let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
    assert_eq!(granted.request().authentication_key(), at_opening.as_ref());
    at_opening
}

#[test]
fn the_key_of_an_assertion_travels_to_the_code_and_can_be_demanded_again() {
    // AT-009
    let kinds = [
        (&*ES256_KEY, "ES256"),
        (&ES384_KEY, "ES384"),
        (&ES512_KEY, "ES512"),
        (&ED25519_KEY, "EdDSA"),
        (&RSA_KEY, "PS256"),
    ];
    let server = Server::with(Policy::oauth(), [with_keys(&kinds.map(|(key, _)| key.public()))]);
    for (key, algorithm) in kinds {
        let pushed = server.try_form(&code_request(&with_assertion(&signed(key, algorithm)))).unwrap();
        let bound = granted(&server, "c1", &pushed).unwrap();
        assert_eq!((bound.kid(), bound.thumbprint()), (Some(key.kid()), thumbprint(key)), "{algorithm}");
        for (used, algorithm) in kinds {
            let client = at_token_endpoint(&server, &signed(used, algorithm));
            assert_eq!(client.authenticated_with(Some(&bound)), used.kid() == key.kid(), "{algorithm}");
            assert!(client.authenticated_with(None));
            let used = AuthenticationKey::new(thumbprint(used)).with_kid(used.kid());
            assert_eq!(client.authentication_key(), Some(&used));
        }
    }
}

#[test]
fn the_same_key_under_another_kid_is_the_same() {
    // AT-009: clients rename keys, and one without a kid has none to change
    let server = Server::with(Policy::oauth(), [with_keys(&[ES256_KEY.public()])]);
    let pushed = server.try_form(&code_request(&with_assertion(&signed(&ES256_KEY, "ES256")))).unwrap();
    let bound = granted(&server, "c1", &pushed).unwrap();
    let renamed = with(ES256_KEY.public(), json!({ "kid": "renamed" }));
    for (keys, kid) in
        [([bare(&ES256_KEY), bare(&OTHER_ES256_KEY)], None), ([renamed, bare(&OTHER_ES256_KEY)], Some("renamed"))]
    {
        server.registry.replace([client(with_keys(&keys))]).unwrap();
        let header = kid.map_or(json!({ "alg": "ES256" }), |kid| json!({ "alg": "ES256", "kid": kid }));
        let by = |key: &Key| at_token_endpoint(&server, &key.sign(&header, &assertion_claims("c1", json!({}))));
        let same = by(&ES256_KEY);
        assert!(same.authenticated_with(Some(&bound)));
        assert_eq!(same.authentication_key().unwrap().kid(), kid);
        if kid.is_none() {
            assert!(!by(&OTHER_ES256_KEY).authenticated_with(Some(&bound)));
        }
    }
    // As a host keeps it.
    let kept = AuthenticationKey::new(bound.thumbprint());
    assert!(at_token_endpoint(&server, &signed_as("renamed")).authenticated_with(Some(&kept)));
}

fn signed_as(kid: &str) -> String {
    ES256_KEY.sign(&json!({ "alg": "ES256", "kid": kid }), &assertion_claims("c1", json!({})))
}

#[test]
fn zeros_in_front_of_a_number_make_no_other_key() {
    // RFC 7638, RFC 7518 section 6.3.1.1
    let mut padded = RSA_KEY.public();
    let n = decode(padded["n"].as_str().unwrap());
    padded["n"] = encode([&[0], &*n].concat()).into();
    let server = Server::with(Policy::oauth(), [with_keys(&[padded])]);
    let client = at_token_endpoint(&server, &signed(&RSA_KEY, "PS256"));
    assert_eq!(client.authentication_key().unwrap().thumbprint(), thumbprint(&RSA_KEY));
}

#[test]
fn a_key_at_a_jwks_uri_is_known_alike() {
    // AT-009
    let source = Source::default();
    source.publish(&[OTHER_ES256_KEY.public(), ES256_KEY.public()]);
    let mut registration = asserter("c1");
    registration.as_object_mut().unwrap().remove("jwks");
    registration["jwks_uri"] = "https://app.example.com/jwks".into();
    let server = Server::built(Policy::oauth(), [registration], MemoryLimits::default(), |builder| {
        builder.jwks_source(source.clone())
    });
    let pushed = server.try_form(&code_request(&with_assertion(&signed(&ES256_KEY, "ES256")))).unwrap();
    let bound = granted(&server, "c1", &pushed).unwrap();
    assert_eq!((bound.kid(), bound.thumbprint()), (Some("es256"), thumbprint(&ES256_KEY)));
    assert!(!at_token_endpoint(&server, &signed(&OTHER_ES256_KEY, "ES256")).authenticated_with(Some(&bound)));
}

#[test]
fn the_key_of_a_certificate_is_known_by_its_thumbprint() {
    // CA-060, CA-066
    let registered = self_signed("registered", &[ES256_KEY.public(), bare(&RSA_KEY)]);
    let server = Server::with(Policy::oauth(), [tls("subject"), registered]);
    for (client_id, key, kid) in [
        ("subject", &*ES256_KEY, None),
        ("subject", &ED25519_KEY, None),
        ("registered", &ES256_KEY, Some("es256")),
        ("registered", &RSA_KEY, None),
    ] {
        let name = [("client_id", client_id)];
        let (der, renewed) = (Maker::new().key(key).der(), Maker::new().key(key).serial(9).der());
        let certificate = ClientCertificate::with_verified_chain(&der);
        let pushed = push_with_certificate(&server, certificate, &code_request(&name)).unwrap();
        let bound = granted(&server, client_id, &pushed).unwrap();
        assert_eq!((bound.kid(), bound.thumbprint()), (kid, thumbprint(key)), "{client_id}");
        let body = form(name);
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
        let again = ClientCertificate::with_verified_chain(&renewed);
        let client = authenticate(&server.par, &request.with_client_certificate(again)).unwrap();
        assert!(client.authenticated_with(Some(&bound)), "another certificate for the same key");
        assert!(!client.authenticated_with(Some(&AuthenticationKey::new(thumbprint(&ES384_KEY)))));
    }
}

#[test]
fn an_attested_instance_is_known_by_its_key() {
    // CA-089
    let server = Server::built(
        attestation_policy(),
        [wallet("wallet", "attest_jwt_client_auth")],
        MemoryLimits::default(),
        with_attesters,
    );
    let client = attested(&server);
    let key = client.authentication_key().unwrap();
    assert_eq!((Some(key.thumbprint()), key.kid()), (client.confirmation().client_instance, None));
}

#[test]
fn without_a_key_there_is_none_and_a_demanded_one_is_missed() {
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let by_mac =
        with(basic("mac"), json!({ "client_secret": LONG_SECRET, "token_endpoint_auth_method": "client_secret_jwt" }));
    let server = Server::with(policy, [basic("basic"), public("public"), by_mac, asserter("c1")]);
    let demanded = AuthenticationKey::new(thumbprint(&ES256_KEY));
    let token = mac(&json!({ "alg": "HS256" }), &assertion_claims("mac", json!({})), LONG_SECRET);
    let header = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
    for client in [
        authenticate(&server.par, &FormRequest::new("POST", headers, "")).unwrap(),
        server.try_token("client_id=public").unwrap(),
        server.try_token(&form(with_assertion(&token))).unwrap(),
    ] {
        assert_eq!(client.authentication_key(), None);
        assert!(client.authenticated_with(None) && !client.authenticated_with(Some(&demanded)));
    }
    // A request in the query was authenticated by none.
    let in_query =
        server.authorize(&form([("client_id", "c1"), ("response_type", "code"), ("redirect_uri", CALLBACK)]), None);
    assert_eq!(in_query.unwrap().request().authentication_key(), None);
    let pushed = server.try_form(&code_request(&with_assertion(&assertion("c1", json!({}))))).unwrap();
    assert_eq!(granted(&server, "c1", &pushed).unwrap().thumbprint(), thumbprint(&ES256_KEY));
}
