//! The presets against what their profiles accept and refuse, with real assertions and real request objects.

use std::sync::LazyLock;

use parjar::{
    AuthenticationMethod, FormRequest, InMemoryRegistry, ParEndpoint, Policy, Profile, Pushed, Reason, Refusal,
    ResponseType,
    jose::{DecryptionKeys, SigningAlgorithm, TokenFault},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    host::{page, redirected, respond},
    signed_responses::Signer,
    support::{CALLBACK, CHALLENGE, FORM, ISSUER, Server, authorization, basic, form, public, with},
    tokens::{
        ES256_KEY, NOW, OTHER_ES256_KEY, RSA_KEY, assertion_claims, changed, decode, decryption_key, encode, encrypt,
        fresh_id, object_claims, object_header, public_half, with_assertion,
    },
};

use Profile::{Atproto, Brazil, Cdr, Fapi1Advanced, Fapi2MessageSigning, Fapi2SecurityProfile, Haip};

const FAPI1: [Profile; 3] = [Fapi1Advanced, Brazil, Cdr];
const FAPI2: [Profile; 3] = [Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
const SIGNED: [Profile; 4] = [Fapi1Advanced, Brazil, Cdr, Fapi2MessageSigning];
const STRICT: [Profile; 7] = [Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto];

const TOKEN_ENDPOINT: &str = "https://as.example.com/token";
const PAR_ENDPOINT: &str = "https://as.example.com/authorize/par";
const ALGORITHMS: &[SigningAlgorithm] = &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256];

static RSA_DECRYPTION_KEY: LazyLock<Value> = LazyLock::new(|| decryption_key("RSA", "enc"));

/// A server of the profile, with the clients `client` (keys), `secret` and `public`.
pub(crate) fn server(profile: Profile) -> Server {
    let client = json!({
        "client_id": "client", "token_endpoint_auth_method": "private_key_jwt", "redirect_uris": [CALLBACK],
        "jwks": { "keys": [ES256_KEY.public(), RSA_KEY.public()] },
        "grant_types": ["authorization_code", "implicit"], "response_types": ["code", "code id_token"],
    });
    let secret = with(basic("secret"), json!({ "jwks": { "keys": [ES256_KEY.public()] } }));
    let keys = DecryptionKeys::parse(&json!({ "keys": [*RSA_DECRYPTION_KEY] }).to_string()).unwrap();
    Server::built(Policy::from(profile), [client, secret, public("public")], Default::default(), |builder| {
        builder.token_endpoint(TOKEN_ENDPOINT).response_signer(Signer(ALGORITHMS)).decryption_keys(keys)
    })
}

/// One server for each profile, for tests that leave nothing behind that others would mind.
static SERVERS: LazyLock<Vec<(Profile, Server)>> =
    LazyLock::new(|| STRICT.into_iter().map(|profile| (profile, server(profile))).collect());

fn shared(profile: Profile) -> &'static Server {
    SERVERS.iter().find(|(known, _)| *known == profile).map(|(_, server)| server).unwrap()
}

/// What the profile would have of a request, with a challenge of its own, and changes to that; `null` takes a member away.
pub(crate) fn claims(profile: Profile, others: Value) -> Value {
    let of_profile = match profile {
        Fapi1Advanced | Brazil | Cdr => json!({ "scope": "openid", "nonce": "n", "response_mode": "jwt" }),
        Atproto => json!({ "scope": "atproto" }),
        _ => json!({ "scope": "openid", "nonce": "n" }),
    };
    let fresh = json!({ "code_challenge": encode(Sha256::digest(fresh_id())) });
    changed(changed(object_claims("client", of_profile), fresh), others)
}

/// Signs as the profile allows.
pub(crate) fn sign(profile: Profile, claims: &Value) -> String {
    match profile {
        Brazil => RSA_KEY.sign(&object_header("PS256"), claims),
        _ => ES256_KEY.sign(&object_header("ES256"), claims),
    }
}

fn assertion(profile: Profile, others: Value) -> String {
    let claims = assertion_claims("client", others);
    match profile {
        Brazil => RSA_KEY.sign(&json!({ "alg": "PS256", "kid": "rsa" }), &claims),
        _ => ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "es256" }), &claims),
    }
}

/// The same request as plain parameters.
fn plain(claims: &Value) -> Vec<(&str, &str)> {
    let about_the_token = ["iss", "aud", "iat", "nbf", "exp"];
    let members = claims.as_object().unwrap().iter().filter(|(name, _)| !about_the_token.contains(&name.as_str()));
    members.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

/// Posts a form, with the DPoP proof that the profile wants.
fn send(server: &Server, profile: Profile, body: &str) -> Result<Pushed, Refusal> {
    let proof = proof(json!({ "nonce": server.par.dpop_nonce() }));
    let dpop = matches!(profile, Haip | Atproto).then_some(("dpop", proof.as_bytes()));
    let headers = [("content-type", FORM.as_bytes())].into_iter().chain(dpop);
    pollster::block_on(server.par.push(&FormRequest::new("POST", headers, body)))
}

/// A DPoP proof for a push, good now.
fn proof(others: Value) -> String {
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": OTHER_ES256_KEY.public() });
    let claims = json!({ "jti": fresh_id(), "htm": "POST", "htu": PAR_ENDPOINT, "iat": NOW });
    OTHER_ES256_KEY.sign(&header, &changed(claims, others))
}

fn push_object(server: &Server, profile: Profile, object: &str) -> Result<Pushed, Refusal> {
    let assertion = assertion(profile, json!({}));
    send(server, profile, &form([("request", object)].into_iter().chain(with_assertion(&assertion))))
}

fn push_plain(server: &Server, profile: Profile, claims: &Value) -> Result<Pushed, Refusal> {
    let assertion = assertion(profile, json!({}));
    send(server, profile, &form(plain(claims).into_iter().chain(with_assertion(&assertion))))
}

/// Pushes a request as the profile wants it: signed where it has to be.
pub(crate) fn push(profile: Profile, others: Value) -> Result<Pushed, Refusal> {
    let (server, claims) = (shared(profile), claims(profile, others));
    match SIGNED.contains(&profile) {
        true => push_object(server, profile, &sign(profile, &claims)),
        false => push_plain(server, profile, &claims),
    }
}

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>, (reason, code, status): Row, about: &str) {
    let refusal = outcome.expect_err(about);
    assert_eq!((refusal.reason(), refusal.code().as_str(), refusal.status()), (reason, code, status), "{about}");
}

type Row = (Reason, &'static str, u16);

const fn bad_request(reason: Reason) -> Row {
    (reason, "invalid_request", 400)
}

const fn bad_object(fault: TokenFault) -> Row {
    (Reason::RequestObject(fault), "invalid_request_object", 400)
}

const fn bad_client(reason: Reason) -> Row {
    (reason, "invalid_client", 401)
}

const fn bad_proof(reason: Reason) -> Row {
    (reason, "invalid_dpop_proof", 400)
}

#[test]
fn what_a_profile_asks_for_is_accepted_and_good_for_a_minute() {
    // F2-010, F2-018, BR-002, AU-002, N-11
    for profile in STRICT {
        let pushed = push(profile, json!({})).unwrap_or_else(|refusal| panic!("{profile}: {refusal}"));
        assert_eq!(pushed.expires_in(), 60, "{profile}");
    }
}

#[test]
fn parameters_that_profiles_refuse() {
    let no_challenge = json!({ "code_challenge": null, "code_challenge_method": null });
    let unregistered = || Reason::RedirectUri(parjar::RedirectUriError::Different);
    let not_offered = (Reason::ResponseTypeNotOffered, "unsupported_response_type", 400);
    let no_scope = (Reason::ScopeRequired, "invalid_scope", 400);
    let hybrid = json!({ "response_type": "code id_token", "response_mode": null, "nonce": "n" });
    let rows: Vec<(&str, &[Profile], Value, Row)> = vec![
        ("F2-009, HA-001, AT-002", &FAPI2, hybrid.clone(), not_offered),
        ("AU-005", &[Cdr, Atproto], hybrid, not_offered),
        ("F1-002, F2-009, BCP-001", &STRICT, json!({ "response_type": "token" }), not_offered),
        ("F1-002", &STRICT, json!({ "response_type": "id_token", "nonce": "n" }), not_offered),
        ("F1-002", &STRICT, json!({ "response_type": null }), bad_request(Reason::MissingResponseType)),
        ("F1-002, AU-005", &FAPI1, json!({ "response_mode": null }), bad_request(Reason::SignedResponseRequired)),
        ("F1-002", &FAPI1, json!({ "response_mode": "query" }), bad_request(Reason::SignedResponseRequired)),
        ("F1-002", &FAPI1, json!({ "response_mode": "form_post" }), bad_request(Reason::SignedResponseRequired)),
        ("F1-011, F2-013, PK-012", &STRICT, no_challenge, bad_request(Reason::MissingCodeChallenge)),
        (
            "F2-013, PK-004, AT-003",
            &STRICT,
            json!({ "code_challenge_method": "plain" }),
            bad_request(Reason::ChallengeMethod),
        ),
        ("PK-003", &STRICT, json!({ "code_challenge_method": null }), bad_request(Reason::ChallengeMethod)),
        ("F1-015, F2-014", &STRICT, json!({ "redirect_uri": null }), bad_request(Reason::MissingRedirectUri)),
        (
            "F1-015, RU-002",
            &STRICT,
            json!({ "redirect_uri": "https://app.example.com/other" }),
            bad_request(unregistered()),
        ),
        ("F2-016", &STRICT, json!({ "redirect_uri": "http://app.example.com/cb" }), bad_request(unregistered())),
        ("BR-004", &[Brazil], json!({ "id_token_hint": "a.b.c" }), bad_request(Reason::IdTokenHint)),
        ("AT-002", &[Atproto], json!({ "state": null }), bad_request(Reason::MissingState)),
        ("AT-002", &[Atproto], json!({ "scope": null }), no_scope),
        ("AT-002", &[Atproto], json!({ "scope": "transition:generic" }), no_scope),
    ];
    for (ids, profiles, others, row) in rows {
        for profile in profiles {
            let about = format!("{ids}, {profile}: {others}");
            let outcome = push(*profile, others.clone());
            // Which rule of redirect URIs is broken is not the matter here.
            if let (Err(refusal), Reason::RedirectUri(_)) = (&outcome, row.0) {
                assert!(matches!(refusal.reason(), Reason::RedirectUri(_)), "{about}: {refusal}");
                assert_eq!((refusal.code().as_str(), refusal.status()), (row.1, row.2), "{about}");
                continue;
            }
            assert_refused(outcome, row, &about);
        }
    }
}

#[test]
fn parameters_that_profiles_accept() {
    let hybrid = json!({ "response_type": "code id_token", "response_mode": null });
    let reversed = json!({ "response_type": "id_token code", "response_mode": "form_post" });
    let not_brazil = [Fapi1Advanced, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto];
    let not_atproto = [Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
    let rows: Vec<(&str, &[Profile], Value)> = vec![
        ("F1-002", &[Fapi1Advanced, Brazil], hybrid),
        ("F1-002, O2-009", &[Fapi1Advanced, Brazil], reversed),
        ("F1-002, AU-005", &FAPI1, json!({ "response_mode": "query.jwt" })),
        ("F1-002, AU-005", &FAPI1, json!({ "response_mode": "form_post.jwt" })),
        ("FM-006", &FAPI2, json!({ "response_mode": "jwt" })),
        ("F2-026", &not_atproto, json!({ "state": null })),
        ("F2-026", &FAPI2, json!({ "nonce": null })),
        ("F2-019", &FAPI2, json!({ "nonce": "n".repeat(64) })),
        ("F2-021", &not_atproto, json!({ "state": "s".repeat(4096) })),
        ("F2-026, O2-006", &FAPI2, json!({ "scope": "email openid" })),
        ("AT-002", &[Atproto], json!({ "scope": "transition:generic atproto" })),
        ("BR-006", &[Brazil], json!({ "scope": "openid consent:urn:bank:C1DD33123" })),
        ("OIDC-010", &not_brazil, json!({ "id_token_hint": "a.b.c" })),
    ];
    for (ids, profiles, others) in rows {
        for profile in profiles {
            let outcome = push(*profile, others.clone());
            assert!(outcome.is_ok(), "{ids}, {profile}: {others}: {outcome:?}");
        }
    }
}

#[test]
fn request_objects_that_profiles_refuse() {
    for profile in SIGNED {
        let server = shared(profile);
        let unsigned = push_plain(server, profile, &claims(profile, json!({})));
        assert_refused(unsigned, bad_request(Reason::SignatureRequired), "F1-001, FM-001, PAR-036");
        let rows = [
            ("F1-010, FM-003", json!({ "nbf": null }), TokenFault::MissingNotBefore),
            ("F1-006, FM-004", json!({ "exp": null }), TokenFault::MissingExpiry),
            ("F1-006, FM-004", json!({ "exp": NOW + 3601 }), TokenFault::Lifetime),
            ("F1-010, FM-003", json!({ "nbf": NOW - 3601, "exp": NOW - 3601 + 3600 + 60 }), TokenFault::Lifetime),
            ("FM-008", json!({ "exp": NOW }), TokenFault::Expired),
            ("F2-008", json!({ "nbf": NOW + 61 }), TokenFault::NotYetValid),
            ("F1-008, FM-002", json!({ "aud": "https://other.example.com" }), TokenFault::Audience),
            ("F1-008", json!({ "aud": PAR_ENDPOINT }), TokenFault::Audience),
            ("F1-008", json!({ "aud": TOKEN_ENDPOINT }), TokenFault::Audience),
            ("F1-008", json!({ "aud": null }), TokenFault::Audience),
            ("F1-004, JAR-009", json!({ "request_uri": "urn:x" }), TokenFault::Nested),
        ];
        for (ids, others, fault) in rows {
            let object = sign(profile, &claims(profile, others.clone()));
            let about = format!("{ids}, {profile}: {others}");
            assert_refused(push_object(server, profile, &object), bad_object(fault), &about);
        }
        let good = claims(profile, json!({}));
        let none = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(good.to_string()));
        let mut parts: Vec<String> = sign(profile, &good).split('.').map(str::to_owned).collect();
        let mut signature = decode(&parts[2]);
        signature[9] ^= 1;
        parts[2] = encode(signature);
        let of_other = OTHER_ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "other" }), &good);
        let es512 = ES256_KEY.sign_text(&json!({ "alg": "ES512" }).to_string(), &good.to_string(), "ES256");
        for (ids, object, fault) in [
            ("F1-012, F2-022, N-27", RSA_KEY.sign(&object_header("RS256"), &good), TokenFault::Algorithm),
            ("F1-012, F2-022", RSA_KEY.sign(&object_header("PS512"), &good), TokenFault::Algorithm),
            ("F1-012, F2-022", es512, TokenFault::Algorithm),
            ("F1-012, FM-008", none, TokenFault::Algorithm),
            ("FM-008", parts.join("."), TokenFault::Signature),
            ("FM-008, JAR-035", of_other, if profile == Brazil { TokenFault::Algorithm } else { TokenFault::NoKey }),
        ] {
            assert_refused(push_object(server, profile, &object), bad_object(fault), &format!("{ids}, {profile}"));
        }
    }
    // BR-003: PS256 alone
    let server = shared(Brazil);
    let es256 = ES256_KEY.sign(&object_header("ES256"), &claims(Brazil, json!({})));
    assert_refused(push_object(server, Brazil, &es256), bad_object(TokenFault::Algorithm), "BR-003");
}

#[test]
fn request_objects_that_profiles_accept() {
    for profile in STRICT {
        for (ids, others) in [
            ("FM-002, F1-008", json!({ "aud": ["https://other.example.com", ISSUER] })),
            ("F2-008, FM-008", json!({ "nbf": NOW + 8 })),
            ("F2-008", json!({ "iat": NOW + 10 })),
            ("F1-006, F1-010", json!({ "nbf": NOW - 3500, "exp": NOW + 90 })),
        ] {
            let object = sign(profile, &claims(profile, others.clone()));
            let outcome = push_object(shared(profile), profile, &object);
            assert!(outcome.is_ok(), "{ids}, {profile}: {others}: {outcome:?}");
        }
        // FM-005, F1-012
        let header = json!({ "alg": "PS256", "typ": "JWT" });
        let object = RSA_KEY.sign(&header, &claims(profile, json!({})));
        assert!(push_object(shared(profile), profile, &object).is_ok(), "{profile}");
    }
}

#[test]
fn encryption_is_that_of_the_profile() {
    // F1-013, BR-003
    let to_server = public_half(&RSA_DECRYPTION_KEY);
    for profile in STRICT {
        let server = shared(profile);
        let signed = |others| sign(profile, &claims(profile, others));
        let sealed = |algorithm: &str, encryption: &str, object: &str| {
            let header = json!({ "alg": algorithm, "enc": encryption, "cty": "JWT" });
            encrypt(&header, object.as_bytes(), &to_server)
        };
        let rsa_oaep = sealed("RSA-OAEP", "A256GCM", &signed(json!({})));
        assert!(push_object(server, profile, &rsa_oaep).is_ok(), "{profile}");

        let rest = rsa_oaep.split_once('.').unwrap().1;
        let rsa1_5 = format!("{}.{rest}", encode(r#"{"alg":"RSA1_5","enc":"A256GCM"}"#));
        assert_refused(push_object(server, profile, &rsa1_5), bad_object(TokenFault::Algorithm), "F1-013");
        for (algorithm, encryption) in [("RSA-OAEP-256", "A256GCM"), ("RSA-OAEP", "A128CBC-HS256")] {
            let outcome = push_object(server, profile, &sealed(algorithm, encryption, &signed(json!({}))));
            match profile {
                Brazil => assert_refused(outcome, bad_object(TokenFault::Algorithm), "BR-003"),
                _ => assert!(outcome.is_ok(), "{profile}: {outcome:?}"),
            }
        }
    }
}

#[test]
fn assertions_are_meant_for_the_issuer_or_for_an_endpoint_where_the_profile_has_it_so() {
    // F1-016, F2-004, AT-005, AU-006, N-01
    for profile in STRICT {
        for audience in
            [json!(ISSUER), json!([ISSUER]), json!(TOKEN_ENDPOINT), json!(PAR_ENDPOINT), json!([ISSUER, "x"])]
        {
            let server = shared(profile);
            let assertion = assertion(profile, json!({ "aud": audience }));
            let claims = claims(profile, json!({}));
            let object = sign(profile, &claims);
            let body = form([("request", &*object)].into_iter().chain(with_assertion(&assertion)));
            let about = format!("{profile}: {audience}");
            let outcome = send(server, profile, &body);
            if FAPI1.contains(&profile) || audience == json!(ISSUER) {
                assert!(outcome.is_ok(), "{about}: {outcome:?}");
            } else {
                let row = bad_client(Reason::ClientAssertion(TokenFault::Audience));
                assert_refused(outcome, row, &about);
            }
        }
        let server = shared(profile);
        let foreign = assertion(profile, json!({ "aud": "https://other.example.com" }));
        let row = bad_client(Reason::ClientAssertion(TokenFault::Audience));
        assert_refused(send(server, profile, &form(with_assertion(&foreign))), row, "CA-034");
    }
}

#[test]
fn assertions_have_the_dates_and_the_algorithms_of_the_profile() {
    let rows = [
        ("F2-008", json!({ "iat": NOW + 8, "nbf": NOW + 8 }), None),
        ("F2-008", json!({ "iat": NOW + 61 }), Some(TokenFault::NotYetValid)),
        ("F2-008", json!({ "nbf": NOW + 61 }), Some(TokenFault::NotYetValid)),
        ("AT-005", json!({ "iat": NOW - 59, "exp": NOW + 1 }), None),
        ("AT-005, AU-006", json!({ "jti": null }), Some(TokenFault::Id)),
        ("CA-036", json!({ "exp": NOW }), Some(TokenFault::Expired)),
    ];
    for profile in STRICT {
        let server = shared(profile);
        for (ids, others, fault) in rows.clone() {
            let object = sign(profile, &claims(profile, json!({})));
            let assertion = assertion(profile, others.clone());
            let outcome =
                send(server, profile, &form([("request", &*object)].into_iter().chain(with_assertion(&assertion))));
            let about = format!("{ids}, {profile}: {others}");
            match fault {
                None => assert!(outcome.is_ok(), "{about}: {outcome:?}"),
                Some(fault) => assert_refused(outcome, bad_client(Reason::ClientAssertion(fault)), &about),
            }
        }
        let object = sign(profile, &claims(profile, json!({})));
        let undated = assertion(profile, json!({ "iat": null }));
        let outcome = send(server, profile, &form([("request", &*object)].into_iter().chain(with_assertion(&undated))));
        if profile == Atproto {
            let row = bad_client(Reason::ClientAssertion(TokenFault::MissingIssuedAt));
            assert_refused(outcome, row, "AT-005");
        } else {
            assert!(outcome.is_ok(), "{profile}: {outcome:?}");
        }
        for algorithm in ["RS256", "RS384", "RS512", "PS384", "PS512"] {
            let header = json!({ "alg": algorithm, "kid": "rsa" });
            let assertion = RSA_KEY.sign(&header, &assertion_claims("client", json!({})));
            let row = bad_client(Reason::ClientAssertion(TokenFault::Algorithm));
            assert_refused(send(server, profile, &form(with_assertion(&assertion))), row, "F1-012, F2-022");
        }
        // AT-005, AU-006: none of them twice
        let assertion = assertion(profile, json!({}));
        let (object, again) = (sign(profile, &claims(profile, json!({}))), sign(profile, &claims(profile, json!({}))));
        let body = |object: &str| form([("request", object)].into_iter().chain(with_assertion(&assertion)));
        assert!(send(server, profile, &body(&object)).is_ok());
        let row = bad_client(Reason::ClientAssertion(TokenFault::Replayed));
        assert_refused(send(server, profile, &body(&again)), row, "AU-006");
    }
}

#[test]
fn only_clients_with_keys_push_except_where_the_profile_knows_others() {
    for profile in STRICT {
        let server = shared(profile);
        let body = |client_id: &str| {
            let claims = changed(claims(profile, json!({})), json!({ "client_id": client_id }));
            form(plain(&claims))
        };
        // F1-007, F1-009, F2-001, F2-002, AU-006
        let authorization = authorization("secret", "s3cret");
        let headers = [("content-type", FORM), ("authorization", &*authorization)];
        let reply = server.send(&headers, &body("secret"));
        assert_eq!((reply.status(), crate::support::error(&reply).as_str()), (401, "invalid_client"), "{profile}");
        let with_secret = format!("{}&client_secret=s3cret", body("secret"));
        assert_refused(send(server, profile, &with_secret), bad_client(Reason::MethodNotOffered), "F2-002");
        // F2-012: nobody pushes in the name of a client without showing something for it.
        assert_refused(send(server, profile, &body("client")), bad_client(Reason::MissingCredentials), "F2-012");
        // F2-001, AT-001
        match profile {
            Atproto => assert!(send(server, profile, &body("public")).is_ok()),
            _ => assert_refused(send(server, profile, &body("public")), bad_client(Reason::MethodNotOffered), "F2-001"),
        }
    }
}

#[test]
fn what_was_not_pushed_is_refused_where_the_profile_says_so() {
    for profile in STRICT {
        let server = shared(profile);
        let claims = claims(profile, json!({}));
        let object = sign(profile, &claims);
        let by_value = form([("client_id", "client"), ("request", &*object)]);
        let spelled_out = form(plain(&claims));
        if profile == Fapi1Advanced {
            // F1-005
            assert!(server.authorize(&by_value, None).is_ok());
            continue;
        }
        // F2-011, AT-001, AU-001, AU-004, BR-001
        for query in [by_value, spelled_out] {
            let error = server.authorize(&query, None).unwrap_err();
            assert_eq!(error.refusal().reason(), Reason::PushRequired, "{profile}");
            assert_eq!(error.refusal().code().as_str(), "invalid_request");
        }
    }
    // The client is told where its redirect URI is good.
    let query = form(plain(&claims(Fapi2SecurityProfile, json!({}))));
    assert_eq!(redirected(server(Fapi2SecurityProfile).authorize(&query, None)).0.reason(), Reason::PushRequired);
}

#[test]
fn what_was_pushed_is_opened_again_and_ended_once() {
    // F2-015, F2-020, F2-027, AU-003, PAR-074
    for profile in STRICT {
        let server = shared(profile);
        let object = sign(profile, &claims(profile, json!({})));
        let pushed = push_object(server, profile, &object).unwrap();
        let query = format!("client_id=client&request_uri={}&state=evil", pushed.request_uri());
        server.authorize(&query, Some("browser")).unwrap();
        let pending = server.authorize(&query, Some("browser")).unwrap();
        let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
        let location = respond(&granted, [("code", "abc")]).location().unwrap().to_owned();
        let answer: Vec<(String, String)> = crate::host::answer(&location, CALLBACK);
        if FAPI1.contains(&profile) {
            assert_eq!(answer.len(), 1, "{profile}: {location}");
            let claims: Value = serde_json::from_slice(&decode(answer[0].1.split('.').nth(1).unwrap())).unwrap();
            let of_response = ["iss", "aud", "code", "state"].map(|member| claims[member].as_str().unwrap());
            assert_eq!(of_response, [ISSUER, "client", "abc", "af0"]);
        } else {
            let expected = [("code", "abc"), ("state", "af0"), ("iss", ISSUER)];
            assert_eq!(answer, expected.map(|(name, value)| (name.to_owned(), value.to_owned())), "{profile}");
        }
        assert!(pollster::block_on(server.par.complete(&pending)).is_err());
        assert_eq!(page(server.authorize(&query, Some("browser"))).code().as_str(), "invalid_request_uri");
    }
}

#[test]
fn a_challenge_is_good_for_one_session_in_the_at_protocol() {
    // AT-003, PK-009
    for profile in STRICT {
        let server = &server(profile);
        let push = |state: &str| {
            let claims = claims(profile, json!({ "state": state, "code_challenge": CHALLENGE }));
            push_object(server, profile, &sign(profile, &claims))
        };
        assert!(push("first").is_ok());
        match profile {
            Atproto => {
                assert_refused(push("second"), bad_request(Reason::CodeChallengeReused), "AT-003");
                let public = changed(claims(profile, json!({})), json!({ "client_id": "public" }));
                assert!(send(server, profile, &form(plain(&public))).is_ok());
                let refused = send(server, profile, &form(plain(&public)));
                assert_refused(refused, bad_request(Reason::CodeChallengeReused), "AT-003");
            }
            _ => assert!(push("second").is_ok(), "{profile}"),
        }
    }
}

#[test]
fn authorizations_are_bound_to_a_key_where_the_profile_wants_that() {
    // HA-002, AT-004, F2-005, F2-007
    for profile in STRICT {
        let server = shared(profile);
        let push = |proof: Option<String>| {
            let (assertion, object) = (assertion(profile, json!({})), sign(profile, &claims(profile, json!({}))));
            let body = form([("request", &*object)].into_iter().chain(with_assertion(&assertion)));
            let dpop = proof.as_ref().map(|proof| ("dpop", proof.as_bytes()));
            let headers = [("content-type", FORM.as_bytes())].into_iter().chain(dpop);
            pollster::block_on(server.par.push(&FormRequest::new("POST", headers, &body)))
        };
        match profile {
            Haip | Atproto => assert_refused(push(None), bad_request(Reason::MissingDpopProof), "HA-002, AT-004"),
            _ => assert!(push(None).is_ok(), "{profile}"),
        }
        let without_nonce = push(Some(proof(json!({}))));
        match profile {
            Atproto => {
                let refusal = without_nonce.as_ref().unwrap_err();
                let nonce = parjar::Reply::from(refusal).header("dpop-nonce").map(str::to_owned);
                assert!(nonce.is_some() && nonce == server.par.dpop_nonce(), "AT-004: {nonce:?}");
                let row = (Reason::MissingDpopNonce, "use_dpop_nonce", 400);
                assert_refused(without_nonce, row, "AT-004, DP-012");
                assert!(push(Some(proof(json!({ "nonce": nonce })))).is_ok());
            }
            _ => assert!(without_nonce.is_ok(), "F2-005, {profile}: {without_nonce:?}"),
        }
        // What has been used to bind one is no proof for another.
        let used = proof(json!({ "nonce": server.par.dpop_nonce() }));
        assert!(push(Some(used.clone())).is_ok());
        let row = bad_proof(Reason::DpopProof(TokenFault::Replayed));
        assert_refused(push(Some(used)), row, "AT-004, DP-011");
    }
}

#[test]
fn a_proof_may_name_the_alias_for_clients_with_certificates() {
    // DP-009, SM-016
    const ALIAS: &str = "https://mtls.as.example.com/par";
    let par = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([crate::support::client(basic("basic"))]).unwrap())
        .mtls_pushed_authorization_request_endpoint(ALIAS)
        .clock(parjar::ManualClock::default())
        .build()
        .unwrap();
    let body = crate::support::code_request(&[]);
    for (target, good) in [(ALIAS, true), (PAR_ENDPOINT, true), ("https://mtls.as.example.com/other", false)] {
        let (proof, authorization) = (proof(json!({ "htu": target })), authorization("basic", "s3cret"));
        let headers = [("content-type", FORM), ("authorization", &*authorization), ("dpop", &*proof)];
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        let outcome = pollster::block_on(par.push(&FormRequest::new("POST", headers, &body)));
        assert_eq!(outcome.is_ok(), good, "{target}: {outcome:?}");
    }
}

#[test]
fn lifetimes_are_those_of_the_profile_as_long_as_the_policy_is_of_it() {
    // F2-018, BR-002, AU-002
    let build = |policy: Policy| {
        let builder = ParEndpoint::builder(ISSUER).policy(policy).response_signer(Signer(ALGORITHMS));
        let builder = builder.token_endpoint(TOKEN_ENDPOINT);
        builder.clients(InMemoryRegistry::default()).build()
    };
    for profile in Profile::ALL {
        let (least, most) = match profile {
            Fapi2SecurityProfile | Fapi2MessageSigning | Haip => (1, 599),
            Brazil => (60, 600),
            Cdr => (10, 90),
            _ => (1, 600),
        };
        for (lifetime, good) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
            let mut policy = Policy::from(*profile);
            policy.request_uri_lifetime = lifetime;
            let document = json!({ "preset": profile, "request_uri_lifetime": lifetime });
            let read: Result<Policy, _> = serde_json::from_value(document);
            assert_eq!(read.is_ok(), good, "{profile} {lifetime}");
            match build(policy.clone()) {
                Ok(_) => assert!(good, "{profile} {lifetime}"),
                Err(error) => {
                    assert!(!good, "{profile} {lifetime}: {error}");
                    assert!(error.to_string().starts_with("policy.request_uri_lifetime: must be "), "{error}");
                    // A policy that does not claim the profile is not held to it.
                    policy.profile = Profile::Oauth;
                    assert_eq!(build(policy).is_ok(), (1..=600).contains(&lifetime));
                }
            }
        }
    }
}

#[test]
fn every_preset_has_a_name_and_survives_a_file() {
    for profile in Profile::ALL {
        let policy = Policy::from(*profile);
        assert_eq!(policy.profile, *profile);
        assert_eq!(Profile::parse(profile.as_str()), Some(*profile));
        assert_eq!(serde_json::to_value(profile).unwrap(), profile.as_str());
        let read: Policy = serde_json::from_value(json!({ "preset": profile.as_str() })).unwrap();
        assert_eq!(read, policy, "{profile}");
        let written = serde_json::to_value(&policy).unwrap();
        assert_eq!(serde_json::from_value::<Policy>(written).unwrap(), policy, "{profile}");
    }
    assert_eq!(Profile::parse("FAPI"), None);
}

#[test]
fn discovery_is_that_of_the_profile() {
    // SM-003, SM-004, SM-008, SM-009, SM-010, SM-011, SM-017
    let fapi2 = json!(["PS256", "ES256", "EdDSA", "Ed25519"]);
    for (profile, pushed, signed, algorithms, types) in [
        (Fapi1Advanced, false, true, json!(["PS256", "ES256"]), json!(["code id_token", "code"])),
        (Brazil, true, true, json!(["PS256"]), json!(["code id_token", "code"])),
        (Cdr, true, true, json!(["PS256", "ES256"]), json!(["code"])),
        (Fapi2SecurityProfile, true, false, fapi2.clone(), json!(["code"])),
        (Fapi2MessageSigning, true, true, fapi2.clone(), json!(["code"])),
        (Haip, true, false, fapi2.clone(), json!(["code"])),
        (Atproto, true, false, fapi2.clone(), json!(["code"])),
    ] {
        let document = server(profile).par.metadata();
        assert_eq!(document["require_pushed_authorization_requests"], pushed, "{profile}");
        assert_eq!(document["require_signed_request_object"], signed, "{profile}");
        assert_eq!(document["request_object_signing_alg_values_supported"], algorithms, "{profile}");
        assert_eq!(document["token_endpoint_auth_signing_alg_values_supported"], algorithms, "{profile}");
        assert_eq!(document["response_types_supported"], types, "{profile}");
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        let methods = document["token_endpoint_auth_methods_supported"].as_array().unwrap();
        assert!(methods.contains(&json!("private_key_jwt")), "{profile}");
        assert_eq!(methods.contains(&json!("none")), profile == Atproto);
        // F1-007, F2-002, AU-006
        for mutual_tls in ["tls_client_auth", "self_signed_tls_client_auth"] {
            assert_eq!(methods.contains(&json!(mutual_tls)), !matches!(profile, Cdr | Atproto), "{profile}");
        }
        assert!(methods.iter().all(|method| !method.as_str().unwrap().starts_with("client_secret")), "{profile}");
        let encryption = document["request_object_encryption_alg_values_supported"].as_array().unwrap();
        assert!(encryption.iter().all(|algorithm| algorithm.as_str().unwrap().starts_with("RSA-OAEP")), "{profile}");
    }
    let brazil = server(Brazil).par.metadata();
    assert_eq!(brazil["request_object_encryption_alg_values_supported"], json!(["RSA-OAEP"]));
    assert_eq!(brazil["request_object_encryption_enc_values_supported"], json!(["A256GCM"]));
    let cdr = server(Cdr).par.metadata();
    assert_eq!(cdr["response_modes_supported"], json!(["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]));
    assert_eq!(cdr["authorization_signing_alg_values_supported"], json!(["PS256", "ES256"]));
}

#[test]
fn presets_that_need_signed_responses_need_a_signer() {
    // F1-002, AU-005, FM-006
    for profile in Profile::ALL {
        let builder = ParEndpoint::builder(ISSUER).policy(Policy::from(*profile)).token_endpoint(TOKEN_ENDPOINT);
        let built = builder.clients(InMemoryRegistry::default()).build();
        assert_eq!(built.is_err(), FAPI1.contains(profile), "{profile}");
    }
    let mut policy = Policy::fapi1_advanced();
    policy.response_types_supported = vec![ResponseType::CODE_ID_TOKEN];
    assert!(ParEndpoint::builder(ISSUER).policy(policy).clients(InMemoryRegistry::default()).build().is_ok());
}

#[test]
fn presets_have_no_danger_switch_on_but_what_their_profile_demands() {
    for profile in Profile::ALL {
        let policy = serde_json::to_value(Policy::from(*profile)).unwrap();
        let on =
            |(name, value): (&String, &Value)| (name.starts_with("danger_") && *value == true).then(|| name.clone());
        let dangers: Vec<String> = policy.as_object().unwrap().iter().filter_map(on).collect();
        match profile {
            Atproto => assert_eq!(dangers, ["danger_allow_unauthenticated_clients"]),
            // FAPI 1.0 lets clients name the token endpoint, as OpenID Connect Core section 9 does.
            Fapi1Advanced | Brazil | Cdr => {
                assert_eq!(dangers, ["danger_allow_legacy_assertion_audience"], "{profile}");
            }
            _ => assert!(dangers.is_empty(), "{profile}: {dangers:?}"),
        }
    }
    assert!(Policy::atproto().offers_authentication_method(AuthenticationMethod::None));
}
