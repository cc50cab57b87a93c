//! Clients that authenticate with a JWT: `private_key_jwt` and `client_secret_jwt` (RFC 7523).

use parjar::{
    AuthenticationMethod, FormError, Policy, Pushed, Reason, Refusal, Reply,
    jose::{SigningAlgorithm, TokenFault},
    store::MemoryLimits,
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, ISSUER, Server, authorization, basic, code_request, form, public, with},
    tokens::{
        ASSERTION_TYPE, ED25519_KEY, ES256_KEY, ES384_KEY, ES512_KEY, Key, LONG_SECRET, NOW, OTHER_ES256_KEY, RSA_KEY,
        asserter, assertion, assertion_claims, mac, object_claims, with_assertion,
    },
};

const TOKEN_ENDPOINT: &str = "https://as.example.com/token";
const PAR_ENDPOINT: &str = "https://as.example.com/authorize/par";

/// A registration for `client_secret_jwt`.
fn secret_jwt(client_id: &str) -> Value {
    let members = json!({ "token_endpoint_auth_method": "client_secret_jwt", "client_secret": LONG_SECRET });
    with(basic(client_id), members)
}

fn with_clients(clients: impl IntoIterator<Item = Value>) -> Server {
    let finish = |builder: parjar::ParEndpointBuilder| builder.token_endpoint(TOKEN_ENDPOINT);
    Server::built(Policy::oauth(), clients, MemoryLimits::default(), finish)
}

fn server() -> Server {
    with_clients([asserter("c1"), asserter("c2"), secret_jwt("s1")])
}

fn push(server: &Server, assertion: &str) -> Result<Pushed, Refusal> {
    server.try_form(&code_request(&with_assertion(assertion)))
}

/// Why an assertion is refused, at both endpoints. Whatever it is, the client is told what it is told of a wrong secret.
fn fault(server: &Server, assertion: &str) -> TokenFault {
    let at_push = push(server, assertion).expect_err("a refusal");
    let at_token = server.try_token(&form(with_assertion(assertion))).expect_err("a refusal");
    assert_eq!(at_push.reason(), at_token.reason());
    let Reason::ClientAssertion(fault) = at_push.reason() else { panic!("{at_push}") };
    for refusal in [at_push, at_token] {
        let reply = Reply::from(refusal);
        assert_eq!(reply.status(), 401);
        let told = r#"{"error":"invalid_client","error_description":"client authentication failed"}"#;
        assert_eq!(reply.body(), told);
        assert!(reply.header("www-authenticate").unwrap().starts_with("Basic realm="));
    }
    fault
}

fn es256(claims: &Value) -> String {
    ES256_KEY.sign(&json!({ "alg": "ES256" }), claims)
}

#[test]
fn every_asymmetric_algorithm_authenticates_its_client() {
    // CA-040, CA-046, N-27, JAR-087
    let keys: [(&Key, &[&str]); 5] = [
        (&ES256_KEY, &["ES256"]),
        (&ES384_KEY, &["ES384"]),
        (&ES512_KEY, &["ES512"]),
        (&ED25519_KEY, &["EdDSA", "Ed25519"]),
        (&RSA_KEY, &["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]),
    ];
    let client = |members: Value| {
        let jwks = json!({ "jwks": { "keys": keys.map(|(key, _)| key.public()) } });
        with_clients([with(with(asserter("c1"), jwks), members)])
    };
    let any = client(json!({}));
    for (key, algorithms) in keys {
        for algorithm in algorithms {
            let header = json!({ "alg": algorithm, "kid": key.kid() });
            let token = || key.sign(&header, &assertion_claims("c1", json!({})));
            if algorithm.starts_with("RS") {
                assert_eq!(fault(&any, &token()), TokenFault::Algorithm);
            } else {
                push(&any, &token()).unwrap();
                let client = any.try_token(&form(with_assertion(&token()))).unwrap();
                assert_eq!(client.method(), AuthenticationMethod::PrivateKeyJwt);
                assert_eq!(client.client().client_id(), "c1");
            }
            push(&client(json!({ "token_endpoint_auth_signing_alg": algorithm })), &token()).unwrap();
            let other = if *algorithm == "ES256" { "ES384" } else { "ES256" };
            let registered_other = client(json!({ "token_endpoint_auth_signing_alg": other }));
            assert_eq!(fault(&registered_other, &token()), TokenFault::Algorithm, "{algorithm}");
        }
    }
    for algorithm in ["RS256", "RS384", "RS512"] {
        let key = with(RSA_KEY.public(), json!({ "alg": algorithm }));
        let by_key = with_clients([with(asserter("c1"), json!({ "jwks": { "keys": [key] } }))]);
        push(&by_key, &RSA_KEY.sign(&json!({ "alg": algorithm }), &assertion_claims("c1", json!({})))).unwrap();
    }
}

#[test]
fn hints_at_the_key_in_a_header_are_ignored_or_refused_as_the_policy_says() {
    // A-05, F1-014, F2-021
    let mut strict = Policy::oauth();
    strict.refuse_key_hints_in_token_headers = true;
    let (lenient, strict) = (with_clients([asserter("c1")]), Server::with(strict, [asserter("c1")]));
    for hint in crate::request_object_signatures::hints() {
        let header = with(json!({ "alg": "ES256" }), hint.clone());
        let token = |key: &Key| key.sign(&header, &assertion_claims("c1", json!({})));
        push(&lenient, &token(&ES256_KEY)).unwrap();
        assert_eq!(fault(&lenient, &token(&OTHER_ES256_KEY)), TokenFault::Signature, "{hint}");
        assert_eq!(fault(&strict, &token(&ES256_KEY)), TokenFault::KeyInHeader, "{hint}");
    }
}

#[test]
fn every_symmetric_algorithm_authenticates_its_client() {
    // CA-043
    let registered = |algorithm: &str| {
        with_clients([with(secret_jwt("s1"), json!({ "token_endpoint_auth_signing_alg": algorithm }))])
    };
    for algorithm in ["HS256", "HS384", "HS512"] {
        let token = || mac(&json!({ "alg": algorithm }), &assertion_claims("s1", json!({})), LONG_SECRET);
        push(&server(), &token()).unwrap();
        push(&registered(algorithm), &token()).unwrap();
        let client = server().try_token(&form(with_assertion(&token()))).unwrap();
        assert_eq!(client.method(), AuthenticationMethod::ClientSecretJwt);
        for other in ["HS256", "HS384", "HS512"].into_iter().filter(|other| *other != algorithm) {
            assert_eq!(fault(&registered(other), &token()), TokenFault::Algorithm, "{algorithm} {other}");
        }
        let wrong = mac(&json!({ "alg": algorithm }), &assertion_claims("s1", json!({})), &LONG_SECRET[1..]);
        assert_eq!(fault(&server(), &wrong), TokenFault::Signature);
    }
    // A secret that is long enough for HS256 only is taken for that only.
    let short = with(secret_jwt("s1"), json!({ "client_secret": &LONG_SECRET[..32] }));
    let server = with_clients([short]);
    let token =
        |algorithm: &str| mac(&json!({ "alg": algorithm }), &assertion_claims("s1", json!({})), &LONG_SECRET[..32]);
    push(&server, &token("HS256")).unwrap();
    assert_eq!(fault(&server, &token("HS384")), TokenFault::NoKey);
}

#[test]
fn the_policy_narrows_the_algorithms_and_methods_down() {
    // CA-042
    let mut policy = Policy::oauth();
    policy.token_endpoint_auth_signing_alg_values_supported = vec![SigningAlgorithm::Es384, SigningAlgorithm::Hs512];
    let server = Server::with(policy, [asserter("c1"), secret_jwt("s1")]);
    assert_eq!(fault(&server, &assertion("c1", json!({}))), TokenFault::Algorithm);
    let by_secret =
        |algorithm: &str| mac(&json!({ "alg": algorithm }), &assertion_claims("s1", json!({})), LONG_SECRET);
    assert_eq!(fault(&server, &by_secret("HS256")), TokenFault::Algorithm);
    push(&server, &by_secret("HS512")).unwrap();

    let mut policy = Policy::oauth();
    policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::PrivateKeyJwt];
    let server = Server::with(policy, [asserter("c1"), secret_jwt("s1"), basic("basic")]);
    push(&server, &assertion("c1", json!({}))).unwrap();
    assert_eq!(push(&server, &by_secret("HS256")).unwrap_err().reason(), Reason::MethodNotOffered);
    assert_eq!(server.push(&code_request(&[])).status(), 401);
}

#[test]
fn symmetric_and_asymmetric_methods_do_not_mix() {
    // C-11, A-02, CM-007
    let server = with_clients([
        with(asserter("c1"), json!({ "client_secret": LONG_SECRET })),
        with(secret_jwt("s1"), json!({ "jwks": { "keys": [ES256_KEY.public()] } })),
    ]);
    let by_secret =
        |client_id: &str| mac(&json!({ "alg": "HS256" }), &assertion_claims(client_id, json!({})), LONG_SECRET);
    assert_eq!(fault(&server, &by_secret("c1")), TokenFault::NoKey);
    assert_eq!(fault(&server, &assertion("s1", json!({}))), TokenFault::NoKey);
    push(&server, &assertion("c1", json!({}))).unwrap();
    push(&server, &by_secret("s1")).unwrap();
    let public_key = ES256_KEY.public().to_string();
    let forged = mac(&json!({ "alg": "HS256", "kid": "es256" }), &assertion_claims("c1", json!({})), &public_key);
    assert_eq!(fault(&server, &forged), TokenFault::NoKey);
}

#[test]
fn only_clients_that_are_registered_for_assertions_authenticate_with_one() {
    // CA-007, C-14, C-15: they have the key all the same
    let keys = json!({ "jwks": { "keys": [ES256_KEY.public()] } });
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let server =
        Server::with(policy, [with(basic("basic"), keys.clone()), with(public("public"), keys), asserter("c1")]);
    for client_id in ["basic", "public"] {
        let refusal = push(&server, &assertion(client_id, json!({}))).unwrap_err();
        assert_eq!(refusal.reason(), Reason::WrongMethod, "{client_id}");
    }
    // And the other way round.
    assert_eq!(server.push_as("c1", &code_request(&[])).status(), 401);
    let named = code_request(&[("client_id", "c1")]);
    assert_eq!(server.try_form(&named).unwrap_err().reason(), Reason::MissingCredentials);
    let with_secret = code_request(&[("client_id", "c1"), ("client_secret", "s3cret")]);
    assert_eq!(server.try_form(&with_secret).unwrap_err().reason(), Reason::WrongMethod);
    // A bad assertion is not forgotten because the client could do without.
    let bad = assertion("c1", json!({ "exp": 1 }));
    let body = code_request(&[&with_assertion(&bad)[..], &[("client_id", "public")]].concat());
    assert_eq!(server.try_form(&body).unwrap_err().status(), 401);
}

#[test]
fn an_assertion_names_its_client_twice_and_everywhere_the_same() {
    // CA-005, CA-031, CA-032, CA-033, C-10
    use TokenFault::{ClaimType, Issuer, Subject};
    let server = server();
    for (others, expected) in [
        (json!({ "iss": null }), Issuer),
        (json!({ "sub": null }), Subject),
        (json!({ "iss": "c2" }), Subject),
        (json!({ "sub": "c2" }), Subject),
        (json!({ "sub": "c1 " }), Subject),
        (json!({ "sub": "C1" }), Subject),
        (json!({ "sub": "c1\u{200b}" }), Subject),
        (json!({ "iss": ["c1"] }), ClaimType),
        (json!({ "sub": 1 }), ClaimType),
    ] {
        assert_eq!(fault(&server, &assertion("c1", others.clone())), expected, "{others}");
    }
    // Signed by one client in the name of another.
    let other = with(asserter("other"), json!({ "jwks": { "keys": [OTHER_ES256_KEY.public()] } }));
    let two = with_clients([asserter("c1"), other]);
    let forged = OTHER_ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims("c1", json!({})));
    assert_eq!(fault(&two, &forged), TokenFault::Signature);
    // The form may name the client as well.
    let named = |client_id| {
        let assertion = assertion("c1", json!({}));
        server.try_form(&code_request(&[&with_assertion(&assertion)[..], &[("client_id", client_id)]].concat()))
    };
    named("c1").unwrap();
    for client_id in ["c2", "C1", "c1 ", "nobody"] {
        let refusal = named(client_id).unwrap_err();
        assert_eq!((refusal.reason(), refusal.status()), (Reason::ClientMismatch, 401), "{client_id}");
    }
}

#[test]
fn the_audience_is_the_issuer_and_nothing_else() {
    // PAR-009, F2-004, CA-034, CA-035, C-08, N-01
    let server = server();
    let (slash, upper) = (format!("{ISSUER}/"), ISSUER.to_uppercase());
    for audience in [
        json!(TOKEN_ENDPOINT),
        json!(PAR_ENDPOINT),
        json!("https://as.example.com/authorize"),
        json!([ISSUER, ISSUER]),
        json!([ISSUER, "https://evil.example"]),
        json!([]),
        json!(""),
        json!(slash),
        json!(upper),
        json!("https://AS.example.com"),
        json!("https://as.example.com:443"),
        json!("https://evil.example"),
    ] {
        assert_eq!(fault(&server, &assertion("c1", json!({ "aud": audience }))), TokenFault::Audience, "{audience}");
    }
    assert_eq!(fault(&server, &assertion("c1", json!({ "aud": null }))), TokenFault::Audience);
    for audience in [json!(1), json!({ "0": ISSUER }), json!([ISSUER, 1])] {
        assert_eq!(fault(&server, &assertion("c1", json!({ "aud": audience }))), TokenFault::ClaimType, "{audience}");
    }
    push(&server, &assertion("c1", json!({ "aud": ISSUER }))).unwrap();
    // Many libraries write every audience as an array.
    push(&server, &assertion("c1", json!({ "aud": [ISSUER] }))).unwrap();
}

#[test]
fn old_clients_may_mean_one_of_the_endpoints() {
    // PAR-008, F1-016, CA-045, N-01: only the client that is registered for it
    let legacy = with(asserter("c1"), json!({ "danger_allow_legacy_assertion_audience": true }));
    let server = with_clients([legacy.clone(), asserter("c2")]);
    let audiences = [
        json!(TOKEN_ENDPOINT),
        json!(PAR_ENDPOINT),
        json!([TOKEN_ENDPOINT]),
        json!([PAR_ENDPOINT, "https://other.example"]),
    ];
    for audience in &audiences {
        push(&server, &assertion("c1", json!({ "aud": audience }))).unwrap();
        server.try_token(&form(with_assertion(&assertion("c1", json!({ "aud": audience }))))).unwrap();
        assert_eq!(fault(&server, &assertion("c2", json!({ "aud": audience }))), TokenFault::Audience, "{audience}");
    }
    push(&server, &assertion("c1", json!({ "aud": ISSUER }))).unwrap();
    for audience in
        [json!("https://as.example.com/authorize"), json!(format!("{TOKEN_ENDPOINT}/")), json!([]), json!("")]
    {
        assert_eq!(fault(&server, &assertion("c1", json!({ "aud": audience }))), TokenFault::Audience, "{audience}");
    }
    // An endpoint that the server does not know is not meant.
    let without = Server::with(Policy::oauth(), [legacy]);
    assert_eq!(fault(&without, &assertion("c1", json!({ "aud": TOKEN_ENDPOINT }))), TokenFault::Audience);
    push(&without, &assertion("c1", json!({ "aud": PAR_ENDPOINT }))).unwrap();
}

#[test]
fn an_assertion_is_good_now_and_not_for_long() {
    // CA-036, CA-037, CA-038, C-29, C-06
    use TokenFault::{ClaimType, Expired, Lifetime, MissingExpiry, NotYetValid};
    let server = server();
    for (others, expected) in [
        (json!({ "exp": null }), MissingExpiry),
        (json!({ "exp": NOW }), Expired),
        (json!({ "exp": NOW - 301 }), Expired),
        (json!({ "exp": "1700000060" }), ClaimType),
        (json!({ "exp": 1e300 }), ClaimType),
        (json!({ "exp": -1 }), ClaimType),
        (json!({ "nbf": "x" }), ClaimType),
        (json!({ "iat": [NOW] }), ClaimType),
        (json!({ "iat": NOW + 11 }), NotYetValid),
        (json!({ "iat": NOW + 61, "exp": NOW + 120 }), NotYetValid),
        (json!({ "nbf": NOW + 11 }), NotYetValid),
        (json!({ "nbf": NOW + 61, "exp": NOW + 120 }), NotYetValid),
        (json!({ "iat": NOW, "exp": NOW + 301 }), Lifetime),
        (json!({ "iat": NOW - 250, "exp": NOW + 60 }), Lifetime),
        (json!({ "iat": 0, "exp": NOW + 60 }), Lifetime),
        (json!({ "iat": null, "exp": NOW + 311 }), Lifetime),
        (json!({ "iat": null, "nbf": NOW - 250, "exp": NOW + 60 }), Lifetime),
        (json!({ "exp": NOW + 315_360_000 }), Lifetime),
        (json!({ "exp": 253_402_300_799i64 }), Lifetime),
    ] {
        assert_eq!(fault(&server, &assertion("c1", others.clone())), expected, "{others}");
    }
    for others in [
        json!({ "iat": NOW + 8, "nbf": NOW + 8 }),
        json!({ "iat": NOW + 10, "exp": NOW + 310 }),
        json!({ "iat": NOW, "exp": NOW + 300 }),
        json!({ "iat": null }),
        json!({ "iat": null, "exp": NOW + 300 }),
        json!({ "exp": NOW + 1 }),
        json!({ "iat": NOW - 200, "exp": NOW + 60 }),
    ] {
        push(&server, &assertion("c1", others)).unwrap();
    }
    let mut policy = Policy::oauth();
    policy.client_assertion_lifetime = 3600;
    policy.clock_leeway = 60;
    let generous = Server::with(policy, [asserter("c1")]);
    push(&generous, &assertion("c1", json!({ "iat": NOW + 60, "exp": NOW + 3660 }))).unwrap();
    assert_eq!(fault(&generous, &assertion("c1", json!({ "exp": NOW + 3601 }))), Lifetime);
    assert_eq!(fault(&generous, &assertion("c1", json!({ "exp": NOW }))), Expired);
}

#[test]
fn other_tokens_are_no_assertions() {
    // CA-044, CA-048, N-19, C-09, C-38, A-11, JAR-053
    let server = server();
    let typed = |typ: &str| ES256_KEY.sign(&json!({ "alg": "ES256", "typ": typ }), &assertion_claims("c1", json!({})));
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt", "application/JWT"] {
        push(&server, &typed(typ)).unwrap();
    }
    for typ in ["oauth-authz-req+jwt", "at+jwt", "dpop+jwt", "logout+jwt", "entity-statement+jwt", "", "JOSE"] {
        assert_eq!(fault(&server, &typed(typ)), TokenFault::Type, "{typ}");
    }
    for others in [
        json!({ "response_type": "code" }),
        json!({ "redirect_uri": CALLBACK }),
        json!({ "response_type": null, "redirect_uri": [] }),
    ] {
        assert_eq!(fault(&server, &assertion("c1", others.clone())), TokenFault::ForeignClaim, "{others}");
    }
    // The client's request object, without a type, and with everything that an assertion needs.
    let claims = object_claims("c1", json!({ "sub": "c1", "jti": "j" }));
    assert_eq!(fault(&server, &es256(&claims)), TokenFault::ForeignClaim);
    push(&server, &assertion("c1", json!({ "client_id": "c1", "x": { "y": [1] }, "scope": "a" }))).unwrap();
}

#[test]
fn headers_and_claims_of_assertions_are_read_strictly() {
    // A-01, A-05, A-06, A-07, A-08, A-33, A-34, C-12, C-31
    use TokenFault::{Algorithm, Compressed, Critical, KeyInHeader, Malformed, NoKey, Signature, Type, Unencoded};
    let server = server();
    let claims = assertion_claims("c1", json!({}));
    let header = |others: Value| with(json!({ "alg": "ES256" }), others).to_string();
    let signed = |header: &str| ES256_KEY.sign_text(header, &claims.to_string(), "ES256");
    for (text, expected) in [
        (header(json!({ "alg": "none" })), Algorithm),
        (header(json!({ "alg": "None" })), Algorithm),
        (header(json!({ "alg": "" })), Algorithm),
        (header(json!({ "alg": "es256" })), Algorithm),
        (header(json!({ "alg": "HS256" })), NoKey),
        (header(json!({ "alg": "ES384" })), NoKey),
        (header(json!({ "alg": "RS256" })), Algorithm),
        (header(json!({ "kid": "unknown" })), NoKey),
        (header(json!({ "kid": "" })), NoKey),
        (header(json!({ "kid": "../../dev/null" })), NoKey),
        (header(json!({ "kid": "' OR 1=1--" })), NoKey),
        (header(json!({ "kid": "es256\0" })), NoKey),
        (header(json!({ "kid": "x".repeat(257) })), Malformed),
        (header(json!({ "crit": ["exp"] })), Critical),
        (header(json!({ "b64": false })), Unencoded),
        (header(json!({ "zip": "DEF" })), Compressed),
        (header(json!({ "jwk": ES256_KEY.public() })), KeyInHeader),
        (header(json!({ "cty": "JWT" })), Type),
        (r#"{"alg":"none","alg":"ES256"}"#.to_owned(), Malformed),
        ("{}".to_owned(), Algorithm),
        ("[]".to_owned(), Malformed),
    ] {
        assert_eq!(fault(&server, &signed(&text)), expected, "{text}");
    }
    push(&server, &signed(&header(json!({ "kid": "es256", "x": 1 })))).unwrap();
    let again = format!("{},\"iss\":\"c1\"}}", &claims.to_string()[..claims.to_string().len() - 1]);
    assert_eq!(fault(&server, &ES256_KEY.sign_text(r#"{"alg":"ES256"}"#, &again, "ES256")), Malformed);
    let good = es256(&assertion_claims("c1", json!({})));
    let (input, signature) = good.rsplit_once('.').unwrap();
    for (token, expected) in [
        (format!("{input}."), Signature),
        (format!("{input}.{}", "A".repeat(86)), Signature),
        (format!("{input}.{}", &signature[..84]), Signature),
        (format!("{good}="), Malformed),
        (format!("{good} "), Malformed),
        (format!("{good}.x.y"), Malformed),
        ("....".to_owned(), Malformed),
        ("x".to_owned(), Malformed),
        (".".repeat(8192), Malformed),
    ] {
        assert_eq!(fault(&server, &token), expected, "{token}");
    }
    push(&server, &good).unwrap();
    let long = push(&server, &"x".repeat(8193)).unwrap_err();
    assert_eq!((long.reason(), long.status()), (Reason::Form(FormError::ValueTooLong), 400));
}

#[test]
fn the_type_of_an_assertion_is_named_exactly_and_belongs_to_one() {
    // CA-030, CA-047, C-30
    let server = server();
    let send = |pairs: &[(&str, &str)]| server.try_form(&code_request(pairs)).unwrap_err();
    let good = assertion("c1", json!({}));
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let (trailing, upper) = (format!("{ASSERTION_TYPE} "), ASSERTION_TYPE.to_uppercase());
    for kind in ["", saml, &*trailing, &*upper, "jwt-bearer", "urn:ietf:params:oauth:grant-type:jwt-bearer"] {
        let refusal = send(&[("client_assertion", &good), ("client_assertion_type", kind)]);
        assert_eq!((refusal.reason(), refusal.status()), (Reason::AssertionType, 400), "{kind}");
    }
    for half in [&[("client_assertion", &*good)][..], &[("client_assertion_type", ASSERTION_TYPE)]] {
        assert_eq!(send(half).reason(), Reason::HalfAssertion);
        assert_eq!(send(&[half, &[("client_id", "c1")]].concat()).reason(), Reason::HalfAssertion);
    }
    let with_secret = [&with_assertion(&good)[..], &[("client_secret", "x")]].concat();
    assert_eq!(send(&with_secret).reason(), Reason::SeveralMethods);
    assert_eq!(send(&with_assertion("")).reason(), Reason::ClientAssertion(TokenFault::Malformed));
    let header = authorization("c1", "x");
    let headers = [("content-type", crate::support::FORM), ("authorization", &*header)];
    assert_eq!(server.send(&headers, &code_request(&with_assertion(&good))).status(), 400);
    // None of that has used the assertion up.
    push(&server, &good).unwrap();
}

#[test]
fn unknown_clients_are_refused_like_known_ones() {
    // CA-010, CA-041, C-18, C-37
    let server = with_clients([asserter("c1"), secret_jwt("s1"), basic("basic")]);
    let forged =
        |client_id: &str| OTHER_ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims(client_id, json!({})));
    let by_secret =
        |client_id: &str| mac(&json!({ "alg": "HS256" }), &assertion_claims(client_id, json!({})), "x".repeat(32));
    let reply = |token: &str| Reply::from(push(&server, token).unwrap_err());
    let expected = Reply::from(server.try_form("client_id=basic&client_secret=wrong").unwrap_err());
    for client_id in ["c1", "s1", "basic", "nobody", "", "n\u{f6}body", "c1\0"] {
        for token in [forged(client_id), by_secret(client_id)] {
            assert_eq!(reply(&token), expected, "{client_id}");
        }
    }
    let unknown = push(&server, &forged("nobody")).unwrap_err();
    assert_eq!(unknown.reason(), Reason::UnknownClient);
}

#[test]
fn an_unsigned_claim_decides_nothing_but_whose_key_is_tried() {
    // C-12: whoever may do without an assertion's rules may not because somebody says so
    let server = server();
    for others in [json!({ "alg": "ES256" }), json!({ "token_endpoint_auth_method": "none" })] {
        let forged = OTHER_ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims("c1", others));
        assert_eq!(fault(&server, &forged), TokenFault::Signature);
    }
}

#[test]
fn secrets_for_assertions_rotate_and_expire() {
    // CA-011, C-22
    let other = LONG_SECRET.to_uppercase();
    let gone = LONG_SECRET.replace('a', "b");
    let registration = with(
        secret_jwt("s1"),
        json!({
            "client_secret_expires_at": NOW + 60,
            "client_secrets": [
                { "client_secret": gone, "client_secret_expires_at": NOW - 1 },
                { "client_secret": other, "client_secret_expires_at": 0 },
            ],
        }),
    );
    let server = with_clients([registration]);
    let token = |secret: &str| {
        let now = parjar::Clock::now(&server.clock).unix_timestamp();
        mac(&json!({ "alg": "HS256" }), &assertion_claims("s1", json!({ "iat": now, "exp": now + 60 })), secret)
    };
    push(&server, &token(LONG_SECRET)).unwrap();
    push(&server, &token(&other)).unwrap();
    assert_eq!(fault(&server, &token(&gone)), TokenFault::Signature);
    server.pass(59);
    push(&server, &token(LONG_SECRET)).unwrap();
    server.pass(1);
    assert_eq!(fault(&server, &token(LONG_SECRET)), TokenFault::Signature);
    push(&server, &token(&other)).unwrap();

    let all_gone = with(secret_jwt("s1"), json!({ "client_secret_expires_at": NOW }));
    let token = mac(&json!({ "alg": "HS256" }), &assertion_claims("s1", json!({})), LONG_SECRET);
    assert_eq!(fault(&with_clients([all_gone]), &token), TokenFault::NoKey);
}
