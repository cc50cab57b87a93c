//! Signed request objects at the PAR endpoint (RFC 9101): what of their claims is held against them.

use parjar::{Policy, jose::TokenFault};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, CHALLENGE, ISSUER, Server, form, public, with},
    tokens::{
        ES256_KEY, NOW, OTHER_ES256_KEY, asserter, assertion, assertion_claims, object, object_claims, object_fault,
        object_header, object_server, opened, signer, with_assertion,
    },
};

#[test]
fn a_signed_push_by_an_assertion_is_opened_with_what_the_object_says() {
    // PAR-050, PAR-053, JAR-001, JAR-036, JAR-042: the claims about the token are no parameters
    let server = Server::with(Policy::oauth(), [asserter("c1")]);
    let assertion = assertion("c1", json!({}));
    let object = object("c1", json!({ "max_age": 300, "scope": "openid email", "x": "y", "jti": "j", "sub": "user" }));
    let pushed = server.try_form(&form(with_assertion(&assertion).into_iter().chain([("request", &*object)]))).unwrap();
    let pending = server.authorize(&format!("client_id=c1&request_uri={}", pushed.request_uri()), None).unwrap();
    let request = pending.request();
    assert!(request.protection().is_signed() && !request.protection().is_encrypted());
    let expected = [
        ("client_id", "c1"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("state", "af0"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("max_age", "300"),
        ("scope", "openid email"),
        ("x", "y"),
    ];
    assert_eq!(request.parameters().iter().collect::<Vec<_>>(), expected);
    assert_eq!((request.max_age(), request.has_scope("openid")), (Some(300), true));
}

#[test]
fn plain_requests_are_not_taken_for_signed_ones() {
    let server = object_server();
    let uri = server.pushed(&crate::support::code_request(&[]));
    let protection = server.open(&uri).unwrap().request().protection();
    assert!(!protection.is_signed() && !protection.is_encrypted());
}

#[test]
fn an_object_must_be_of_its_client_and_for_this_server() {
    // PAR-054, PAR-055, JAR-005, JAR-006, JAR-053, JAR-063, JAR-076, A-10, A-11, A-14, A-15, A-49
    use TokenFault::{Audience, ClaimType, ClientId, Issuer, Subject};
    let server = object_server();
    let par = format!("{ISSUER}/authorize/par");
    let (slash, upper, query) = (format!("{ISSUER}/"), ISSUER.to_uppercase(), format!("{ISSUER}?"));
    let cases = [
        (json!({ "iss": null }), Issuer),
        (json!({ "iss": "" }), Issuer),
        (json!({ "iss": "other" }), Issuer),
        (json!({ "iss": "Basic" }), Issuer),
        (json!({ "iss": "basic " }), Issuer),
        (json!({ "iss": "basic\u{200b}" }), Issuer),
        (json!({ "iss": ISSUER }), Issuer),
        (json!({ "iss": ["basic"] }), ClaimType),
        (json!({ "iss": 1 }), ClaimType),
        (json!({ "client_id": null }), ClientId),
        (json!({ "client_id": "other" }), ClientId),
        (json!({ "client_id": "BASIC" }), ClientId),
        (json!({ "client_id": "basic " }), ClientId),
        (json!({ "client_id": "basic\u{200b}" }), ClientId),
        (json!({ "client_id": "" }), ClientId),
        (json!({ "client_id": ["basic"] }), ClaimType),
        (json!({ "client_id": true }), ClaimType),
        (json!({ "sub": "basic" }), Subject),
        (json!({ "sub": 7 }), ClaimType),
        (json!({ "sub": ["basic"] }), ClaimType),
        (json!({ "aud": null }), Audience),
        (json!({ "aud": "" }), Audience),
        (json!({ "aud": [] }), Audience),
        (json!({ "aud": slash }), Audience),
        (json!({ "aud": upper }), Audience),
        (json!({ "aud": query }), Audience),
        (json!({ "aud": par }), Audience),
        (json!({ "aud": "https://evil.example" }), Audience),
        (json!({ "aud": ["https://evil.example", par] }), Audience),
        (json!({ "aud": { "0": ISSUER } }), ClaimType),
        (json!({ "aud": [ISSUER, 1] }), ClaimType),
        (json!({ "aud": [[ISSUER]] }), ClaimType),
        (json!({ "aud": 1 }), ClaimType),
    ];
    for (others, fault) in cases {
        assert_eq!(object_fault(&server, &object("basic", others.clone())), fault, "{others}");
    }
    for others in [
        json!({ "aud": [ISSUER] }),
        json!({ "aud": ["https://other.example", ISSUER] }),
        json!({ "sub": "user" }),
        json!({ "sub": "other" }),
        json!({ "jti": "x".repeat(1000) }),
    ] {
        opened(&server, &object("basic", others));
    }
}

#[test]
fn a_claim_that_is_null_is_not_taken_for_absent() {
    // JAR-079
    let server = object_server();
    for name in ["iss", "client_id", "sub", "aud", "exp", "nbf", "iat", "jti"] {
        let mut claims = object_claims("basic", json!({}));
        claims[name] = Value::Null;
        let object = ES256_KEY.sign(&object_header("ES256"), &claims);
        assert_eq!(object_fault(&server, &object), TokenFault::ClaimType, "{name}");
    }
}

#[test]
fn an_object_must_be_good_now_and_not_for_long() {
    // JAR-077, JAR-078, A-18, A-19
    use TokenFault::{Expired, Lifetime, MissingExpiry, NotYetValid};
    let server = object_server();
    let refused = [
        (json!({ "exp": null }), MissingExpiry),
        (json!({ "exp": NOW }), Expired),
        (json!({ "exp": NOW - 1 }), Expired),
        (json!({ "exp": 0 }), Expired),
        (json!({ "nbf": NOW - 3601 }), Lifetime),
        (json!({ "nbf": 0 }), Lifetime),
        (json!({ "nbf": NOW + 11 }), NotYetValid),
        (json!({ "nbf": NOW + 61 }), NotYetValid),
        (json!({ "nbf": 253_402_300_799i64 }), NotYetValid),
        (json!({ "iat": NOW + 11 }), NotYetValid),
        (json!({ "nbf": NOW, "exp": NOW + 3601 }), Lifetime),
        (json!({ "nbf": NOW - 1, "exp": NOW + 3600 }), Lifetime),
        (json!({ "nbf": null, "exp": NOW + 3611 }), Lifetime),
        (json!({ "nbf": null, "iat": null, "exp": NOW + 3661 }), Lifetime),
        (json!({ "exp": 253_402_300_799i64 }), Lifetime),
    ];
    for (others, fault) in refused {
        assert_eq!(object_fault(&server, &object("basic", others.clone())), fault, "{others}");
    }
    for others in [
        json!({ "exp": NOW + 1 }),
        json!({ "nbf": NOW + 8 }),
        json!({ "nbf": NOW + 10, "iat": NOW + 10 }),
        json!({ "nbf": NOW - 3599, "exp": NOW + 1 }),
        json!({ "nbf": NOW, "exp": NOW + 3600 }),
        json!({ "nbf": null, "exp": NOW + 3600 }),
        json!({ "nbf": null, "iat": null, "exp": NOW + 60 }),
        json!({ "iat": 0 }),
    ] {
        opened(&server, &object("basic", others));
    }
}

#[test]
fn dates_are_numbers_and_within_the_calendar() {
    // JAR-079, J-12, J-13, A-17, A-20, O-06
    let server = object_server();
    let with_date = |name: &str, raw: &str| {
        let mut claims = object_claims("basic", json!({}));
        claims[name] = json!("DATE");
        let payload = claims.to_string().replace("\"DATE\"", raw);
        ES256_KEY.sign_text(&object_header("ES256").to_string(), &payload, "ES256")
    };
    let impossible = [
        "1e300",
        "1e19",
        "1e99999",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
        "253402300800",
        "1e12",
        "-1",
        "-0",
        "-0.5",
        "\"1700000300\"",
        "\"5\"",
        "\"x\"",
        "null",
        "true",
        "[1]",
        "{}",
    ];
    for name in ["exp", "nbf", "iat"] {
        for raw in impossible {
            assert_eq!(object_fault(&server, &with_date(name, raw)), TokenFault::ClaimType, "{name} {raw}");
        }
        for raw in ["NaN", "Infinity", "1700000300.", "01700000300", "+1700000300", "0x6553F2AC", "1e"] {
            assert_eq!(object_fault(&server, &with_date(name, raw)), TokenFault::Malformed, "{name} {raw}");
        }
    }
    for raw in ["1700000060.5", "1700000060.999", "1.70000006e9", "170000006E+1", "17000000601e-1"] {
        opened(&server, &with_date("exp", raw));
    }
    // The fraction is cut off, so this one is over.
    assert_eq!(object_fault(&server, &with_date("exp", "1700000000.9")), TokenFault::Expired);
}

#[test]
fn the_policy_sets_how_strict_dates_are() {
    let server = |change: fn(&mut Policy)| {
        let mut policy = Policy::oauth();
        change(&mut policy);
        Server::with(policy, [signer("basic")])
    };
    let strict = server(|policy| policy.require_request_object_nbf = true);
    assert_eq!(object_fault(&strict, &object("basic", json!({ "nbf": null }))), TokenFault::MissingNotBefore);
    opened(&strict, &object("basic", json!({})));

    let short = server(|policy| policy.request_object_lifetime = 60);
    assert_eq!(object_fault(&short, &object("basic", json!({ "exp": NOW + 61 }))), TokenFault::Lifetime);
    assert_eq!(
        object_fault(&short, &object("basic", json!({ "nbf": NOW - 61, "exp": NOW + 1 }))),
        TokenFault::Lifetime
    );
    opened(&short, &object("basic", json!({ "exp": NOW + 60 })));

    let exact = server(|policy| policy.clock_leeway = 0);
    assert_eq!(object_fault(&exact, &object("basic", json!({ "nbf": NOW + 1 }))), TokenFault::NotYetValid);
    let generous = server(|policy| policy.clock_leeway = 60);
    opened(&generous, &object("basic", json!({ "nbf": NOW + 60 })));
    assert_eq!(object_fault(&generous, &object("basic", json!({ "nbf": NOW + 61 }))), TokenFault::NotYetValid);
    assert_eq!(object_fault(&generous, &object("basic", json!({ "exp": NOW }))), TokenFault::Expired);
}

#[test]
fn objects_without_an_end_are_taken_behind_the_danger_switch_only() {
    //
    let mut policy = Policy::oauth();
    policy.danger_allow_request_objects_without_exp = true;
    let server = Server::with(policy, [signer("basic")]);
    opened(&server, &object("basic", json!({ "exp": null })));
    for (others, fault) in [
        (json!({ "exp": NOW }), TokenFault::Expired),
        (json!({ "exp": "never" }), TokenFault::ClaimType),
        (json!({ "exp": null, "nbf": NOW - 3601 }), TokenFault::Lifetime),
        (json!({ "exp": null, "nbf": NOW + 11 }), TokenFault::NotYetValid),
    ] {
        assert_eq!(object_fault(&server, &object("basic", others.clone())), fault, "{others}");
    }
}

#[test]
fn other_tokens_of_the_same_client_are_not_request_objects() {
    // A-10, T09: what the client signs for another purpose, and what servers sign
    let server = object_server();
    let id_token = json!({ "iss": ISSUER, "sub": "user", "aud": "basic", "exp": NOW + 60, "iat": NOW, "nonce": "n" });
    for (typ, claims, fault) in [
        (None, assertion_claims("basic", json!({})), TokenFault::ClientId),
        (Some("JWT"), assertion_claims("basic", json!({})), TokenFault::ClientId),
        (Some("client-authentication+jwt"), assertion_claims("basic", json!({})), TokenFault::Type),
        (Some("JWT"), assertion_claims("basic", json!({ "client_id": "basic" })), TokenFault::Subject),
        (None, id_token.clone(), TokenFault::Issuer),
        (Some("JWT"), id_token, TokenFault::Issuer),
    ] {
        let mut header = json!({ "alg": "ES256" });
        header.as_object_mut().unwrap().extend(typ.map(|typ| ("typ".to_owned(), json!(typ))));
        assert_eq!(object_fault(&server, &ES256_KEY.sign(&header, &claims)), fault, "{header} {claims}");
    }
}

#[test]
fn an_object_of_another_client_is_refused_whoever_signed_it() {
    // JAR-032, JAR-035, A-14: `other` has a key of its own
    let other = with(signer("other"), json!({ "jwks": { "keys": [OTHER_ES256_KEY.public()] } }));
    let server = Server::with(Policy::oauth(), [signer("basic"), other]);
    let header = object_header("ES256");
    let by_other = |claims: &Value| OTHER_ES256_KEY.sign(&header, claims);
    assert_eq!(object_fault(&server, &by_other(&object_claims("basic", json!({})))), TokenFault::Signature);
    assert_eq!(object_fault(&server, &by_other(&object_claims("other", json!({})))), TokenFault::Signature);
    assert_eq!(object_fault(&server, &object("other", json!({}))), TokenFault::Issuer);
    assert_eq!(object_fault(&server, &object("basic", json!({ "client_id": "other" }))), TokenFault::ClientId);
    assert_eq!(
        server.push_as("other", &form([("request", &*by_other(&object_claims("other", json!({}))))])).status(),
        201
    );
}

#[test]
fn a_public_client_with_keys_may_sign_and_one_without_may_not() {
    // N-31, OIDC-032
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let with_keys = with(public("signs"), json!({ "jwks": { "keys": [ES256_KEY.public()] } }));
    let server = Server::with(policy, [with_keys, public("plain")]);
    let push = |client_id: &str, object: &str| server.try_form(&form([("client_id", client_id), ("request", object)]));
    assert!(push("signs", &object("signs", json!({}))).is_ok());
    let refusal = push("plain", &object("plain", json!({}))).unwrap_err();
    assert_eq!(refusal.reason(), parjar::Reason::RequestObject(TokenFault::NoKey));
    let mut forged = object("signs", json!({}));
    forged.replace_range(forged.len() - 10.., "AAAAAAAAAA");
    assert!(push("signs", &forged).is_err());
}
