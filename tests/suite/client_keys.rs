//! Keys of clients: which can be registered, and which are left out.

use parjar::{
    Client, ClientRegistration, Policy,
    jose::{KeyProblem, KeySetError, SigningAlgorithm, VerificationKeys},
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, Server, form, with},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, ES512_KEY, Key, LONG_SECRET, OTHER_ES256_KEY, RSA_KEY, decode, encode,
        object_claims, object_header,
    },
};

fn registered(members: Value) -> Result<Client, parjar::RegistrationError> {
    let registration = with(json!({ "client_id": "c1", "redirect_uris": [CALLBACK] }), members);
    Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap())
}

/// The member that a registration is refused for, and the text.
fn refused(members: Value) -> (&'static str, String) {
    let error = registered(members.clone()).err().unwrap_or_else(|| panic!("accepted: {:.200}", members.to_string()));
    (error.member(), error.to_string())
}

pub(crate) fn with_keys(keys: &[Value]) -> Value {
    json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": keys } })
}

/// Which key of a set is to blame, and for what.
pub(crate) fn blamed(error: KeySetError) -> Option<(usize, KeyProblem)> {
    if let KeySetError::Key(key) = error { Some((key.index(), key.problem())) } else { None }
}

pub(crate) fn parse(keys: &[Value]) -> Result<VerificationKeys, KeySetError> {
    VerificationKeys::parse(&json!({ "keys": keys }).to_string())
}

pub(crate) fn unnamed(key: &Key) -> Value {
    let mut public = key.public();
    public.as_object_mut().unwrap().shift_remove("kid");
    public
}

/// A point of Ed25519 by the hexadecimal digits of its 32 bytes.
fn ed25519(hex: &str) -> Value {
    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(bytes) })
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": encode(modulus), "e": encode(exponent) })
}

#[test]
fn keys_that_prove_nothing_are_refused() {
    // JAR-086, J-23, A-26, A-36, A-37
    let n = decode(RSA_KEY.public()["n"].as_str().unwrap());
    let e = [1, 0, 1];
    let mut even = n.clone();
    even[255] &= 0xFE;
    let half = [&[0x80][..], &[1; 127]].concat();
    let short = [&[0x7F][..], &[0xFF; 255]].concat();
    let (p256, other) = (ES256_KEY.public(), OTHER_ES256_KEY.public());
    let (p384, p521) = (ES384_KEY.public(), ES512_KEY.public());
    let cut = |key: &Value, member: &str| {
        with(key.clone(), json!({ member: encode(&decode(key[member].as_str().unwrap())[1..]) }))
    };
    let grown = |key: &Value, member: &str| {
        let bytes = [&[0][..], &decode(key[member].as_str().unwrap())].concat();
        with(key.clone(), json!({ member: encode(bytes) }))
    };
    let zero = encode([0; 32]);
    let cases = [
        (json!(null), KeyProblem::NotAnObject),
        (json!("key"), KeyProblem::NotAnObject),
        (json!({}), KeyProblem::Malformed { member: "kty" }),
        (json!({ "kty": 5 }), KeyProblem::Malformed { member: "kty" }),
        (json!({ "kty": "EC", "crv": "P-256" }), KeyProblem::Malformed { member: "x" }),
        (json!({ "kty": "RSA", "n": encode(&n) }), KeyProblem::Malformed { member: "e" }),
        (with(p256.clone(), json!({ "x": 1 })), KeyProblem::Malformed { member: "x" }),
        (with(p256.clone(), json!({ "x": "=" })), KeyProblem::Malformed { member: "x" }),
        (
            with(p256.clone(), json!({ "x": format!("{}=", p256["x"].as_str().unwrap()) })),
            KeyProblem::Malformed { member: "x" },
        ),
        (with(p256.clone(), json!({ "kid": 1 })), KeyProblem::Malformed { member: "kid" }),
        (with(p256.clone(), json!({ "kid": "x".repeat(257) })), KeyProblem::Malformed { member: "kid" }),
        (with(p256.clone(), json!({ "use": ["sig"] })), KeyProblem::Malformed { member: "use" }),
        (with(p256.clone(), json!({ "key_ops": "verify" })), KeyProblem::Malformed { member: "key_ops" }),
        (with(p256.clone(), json!({ "key_ops": [1] })), KeyProblem::Malformed { member: "key_ops" }),
        (with(p256.clone(), json!({ "alg": 256 })), KeyProblem::Malformed { member: "alg" }),
        (cut(&p256, "x"), KeyProblem::Malformed { member: "x" }),
        (cut(&p384, "y"), KeyProblem::Malformed { member: "y" }),
        (cut(&p521, "x"), KeyProblem::Malformed { member: "x" }),
        (grown(&p256, "y"), KeyProblem::Malformed { member: "y" }),
        (with(p256.clone(), json!({ "crv": "P-384" })), KeyProblem::Malformed { member: "x" }),
        (with(p256.clone(), json!({ "x": other["x"] })), KeyProblem::OffCurve),
        (with(p256.clone(), json!({ "x": p256["y"], "y": p256["x"] })), KeyProblem::OffCurve),
        (with(p256.clone(), json!({ "x": zero, "y": zero })), KeyProblem::OffCurve),
        (with(p256.clone(), json!({ "x": encode([0xFF; 32]) })), KeyProblem::OffCurve),
        (rsa(&half, &e), KeyProblem::Weak),
        (rsa(&short, &e), KeyProblem::Weak),
        (rsa(&even, &e), KeyProblem::Weak),
        (rsa(&n, &[1]), KeyProblem::Weak),
        (rsa(&n, &[3]), KeyProblem::Weak),
        (rsa(&n, &[17]), KeyProblem::Weak),
        (rsa(&n, &[1, 0, 0]), KeyProblem::Weak),
        (rsa(&n, &[0xFF; 9]), KeyProblem::Weak),
        (rsa(&n, &[]), KeyProblem::Malformed { member: "e" }),
        (rsa(&n, &[0, 0]), KeyProblem::Malformed { member: "e" }),
        (rsa(&[], &e), KeyProblem::Malformed { member: "n" }),
        (rsa(&[0xFF; 513], &e), KeyProblem::Weak),
        (rsa(&[0xFF; 2048], &e), KeyProblem::Weak),
        (rsa(&[0xFF; 2049], &e), KeyProblem::Weak),
        (json!({ "kty": "OKP", "crv": "Ed25519", "x": encode([9; 31]) }), KeyProblem::Malformed { member: "x" }),
        (json!({ "kty": "OKP", "crv": "Ed25519", "x": encode([9; 33]) }), KeyProblem::Malformed { member: "x" }),
    ];
    for (key, problem) in cases {
        // Alone it is refused, and beside a good one left out.
        assert_eq!(blamed(parse(std::slice::from_ref(&key)).unwrap_err()), Some((0, problem)), "{key}");
        let (member, text) = refused(with_keys(std::slice::from_ref(&key)));
        assert_eq!((member, text), ("jwks", format!("jwks: keys[0] {problem}")), "{key}");
        let set = [ES256_KEY.public(), key.clone()];
        let registered = registered(with_keys(&set)).unwrap();
        let jwks = json!({ "keys": set }).to_string();
        for keys in [VerificationKeys::parse(&jwks).unwrap(), VerificationKeys::parse_fetched(&jwks).unwrap()] {
            let skipped: Vec<_> = keys.skipped().iter().map(|key| (key.index(), key.problem())).collect();
            assert_eq!((keys.len(), skipped), (1, vec![(1, problem)]), "{key}");
            assert_eq!(registered.skipped_keys(), keys.skipped());
        }
        let ignored: Vec<_> = registered.ignored().iter().map(ToString::to_string).collect();
        assert_eq!(ignored, [format!("jwks: keys[1] {problem}")]);
        // A key that is there does not help an algorithm that it is not for.
        let (member, text) = refused(with(with_keys(&set), json!({ "token_endpoint_auth_signing_alg": "ES384" })));
        assert_eq!((member, text.contains(&format!("keys[1] {problem}"))), ("jwks", true), "{text}");
    }
    // Zeros in front are what some libraries write.
    assert_eq!(parse(&[rsa(&[&[0][..], &n].concat(), &[0, 1, 0, 1])]).unwrap().len(), 1);
}

#[test]
fn points_of_small_order_are_no_keys() {
    // anybody can sign for them
    for hex in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ] {
        assert_eq!(blamed(parse(&[ed25519(hex)]).unwrap_err()), Some((0, KeyProblem::OffCurve)), "{hex}");
    }
    assert_eq!(parse(&[ED25519_KEY.public()]).unwrap().len(), 1);
}

#[test]
fn secrets_do_not_belong_into_a_public_set() {
    // CM-008, A-02, A-36
    let oct = json!({ "kty": "oct", "k": encode(LONG_SECRET) });
    let mut cases = vec![oct.clone(), json!({ "kty": "oct" }), json!({ "kty": "unknown", "d": "AAAA" })];
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        cases.push(with(RSA_KEY.public(), json!({ member: "AAAA" })));
        cases.push(with(ES256_KEY.public(), json!({ member: 0, "use": "enc" })));
    }
    cases.extend([&ES256_KEY, &ED25519_KEY, &RSA_KEY].map(|key| key.private()));
    for key in cases {
        let error = parse(&[ES256_KEY.public(), key.clone()]).unwrap_err();
        assert_eq!(blamed(error), Some((1, KeyProblem::Private)), "{key}");
        let (member, text) = refused(with_keys(&[key]));
        assert_eq!(member, "jwks");
        assert!(!text.contains("AAAA"));
    }
}

#[test]
fn keys_for_somebody_else_are_left_out_and_reported() {
    // CM-009, A-36
    let keys = [
        (json!({ "kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA" }), Some(KeyProblem::UnknownType)),
        (json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }), Some(KeyProblem::UnknownType)),
        (json!({ "kty": "OKP", "crv": "Ed448", "x": "AA" }), Some(KeyProblem::UnknownType)),
        (json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }), Some(KeyProblem::OtherPurpose)),
        (with(RSA_KEY.public(), json!({ "use": "enc" })), Some(KeyProblem::OtherPurpose)),
        (with(RSA_KEY.public(), json!({ "use": "SIG" })), Some(KeyProblem::OtherPurpose)),
        (with(RSA_KEY.public(), json!({ "alg": "RSA1_5" })), Some(KeyProblem::OtherPurpose)),
        (with(RSA_KEY.public(), json!({ "alg": "RSA-OAEP" })), Some(KeyProblem::OtherPurpose)),
        (with(ES256_KEY.public(), json!({ "alg": "ES384" })), Some(KeyProblem::OtherPurpose)),
        (with(ES256_KEY.public(), json!({ "alg": "HS256" })), Some(KeyProblem::OtherPurpose)),
        (with(ES256_KEY.public(), json!({ "alg": "none" })), Some(KeyProblem::OtherPurpose)),
        (with(ES384_KEY.public(), json!({ "key_ops": ["deriveKey"] })), Some(KeyProblem::OtherPurpose)),
        (with(ES256_KEY.public(), json!({ "key_ops": ["sign"] })), Some(KeyProblem::OtherPurpose)),
        (with(ES256_KEY.public(), json!({ "use": "sig", "key_ops": ["sign", "verify"], "alg": "ES256" })), None),
        (with(ED25519_KEY.public(), json!({ "alg": "Ed25519", "x5t": "AAAA", "unknown": {} })), None),
    ];
    let set: Vec<Value> = keys.iter().map(|(key, _)| key.clone()).collect();
    let expected: Vec<_> =
        keys.iter().enumerate().filter_map(|(index, (_, problem))| Some((index, (*problem)?))).collect();
    let client = registered(with_keys(&set)).unwrap();
    assert_eq!(client.skipped_keys().iter().map(|key| (key.index(), key.problem())).collect::<Vec<_>>(), expected);
    let parsed = parse(&set).unwrap();
    assert_eq!((parsed.len(), parsed.is_empty(), parsed.skipped().len()), (2, false, 13));
    assert_eq!(client.token_endpoint_auth_method().as_str(), "private_key_jwt");
}

/// Different keys on P-256.
fn many_keys(count: usize) -> Vec<Value> {
    let generate = |number: usize| {
        let jwk = josekit::jwk::Jwk::generate_ec_key(josekit::jwk::alg::ec::EcCurve::P256).unwrap();
        let key = json!(jwk.to_public_key().unwrap().as_ref());
        with(key, json!({ "kid": format!("key-{number}"), "use": "sig", "alg": "ES256" }))
    };
    (0..count).map(generate).collect()
}

#[test]
fn sets_of_33_and_of_400_keys_work_registered_and_fetched() {
    //
    for count in [33, 400] {
        let mut keys = many_keys(count - 1);
        keys.push(ES256_KEY.public());
        let jwks = json!({ "keys": keys }).to_string();
        for parsed in [VerificationKeys::parse(&jwks).unwrap(), VerificationKeys::parse_fetched(&jwks).unwrap()] {
            assert_eq!((parsed.len(), parsed.skipped().len()), (count, 0));
            let token = ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "es256" }), &json!({}));
            assert!(parsed.verify(&token, SigningAlgorithm::ALL).is_ok());
        }
        assert!(registered(with_keys(&keys)).unwrap().ignored().is_empty());
    }
    // Keys for somebody else, and the same one over and over, count for nothing.
    let mut keys = vec![json!({ "kty": "new" }); 400];
    keys.extend(vec![with(RSA_KEY.public(), json!({ "use": "enc" })); 40]);
    keys.extend(vec![ES256_KEY.public(); 40]);
    let parsed = parse(&keys).unwrap();
    assert_eq!((parsed.len(), parsed.skipped().len()), (1, 479));
}

#[test]
fn the_same_key_twice_is_one_key() {
    //
    let (es256, other) = (ES256_KEY.public(), OTHER_ES256_KEY.public());
    let parsed = parse(&[es256.clone(), other.clone(), es256.clone()]).unwrap();
    let skipped: Vec<_> = parsed.skipped().iter().map(|key| (key.index(), key.problem())).collect();
    assert_eq!((parsed.len(), skipped), (2, vec![(2, KeyProblem::Repeated)]));
    let client = registered(with_keys(&[es256.clone(), es256.clone()])).unwrap();
    assert_eq!(client.ignored()[0].to_string(), "jwks: keys[1] is there twice");
    // The same one for several algorithms, or under several names, is several.
    let alg = |alg: &str| with(RSA_KEY.public(), json!({ "alg": alg }));
    assert_eq!(parse(&[alg("PS256"), alg("PS384"), RSA_KEY.public(), unnamed(&RSA_KEY)]).unwrap().len(), 4);
}

#[test]
fn empty_members_of_a_key_count_as_absent() {
    let empties = [json!(null), json!(""), json!([]), json!({})];
    for empty in &empties {
        for member in ["alg", "use", "kid", "x5c", "key_ops", "d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5t", "x5u"]
        {
            for key in [ES256_KEY.public(), RSA_KEY.public(), ED25519_KEY.public()] {
                let key = with(key, json!({ member: empty }));
                let parsed = parse(std::slice::from_ref(&key)).unwrap();
                assert_eq!((parsed.len(), parsed.skipped().len(), parsed.remarks().len()), (1, 0, 0), "{key}");
                assert!(registered(with_keys(&[key])).unwrap().ignored().is_empty());
            }
        }
        let all = json!({ "alg": empty, "use": empty, "kid": empty, "x5c": empty, "key_ops": empty, "d": empty });
        let keys = parse(&[with(ES256_KEY.public(), all)]).unwrap();
        let token = ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "any" }), &json!({}));
        assert!(
            keys.verify(&token, SigningAlgorithm::ALL).is_ok(),
            "a key without a name may be the one that is meant"
        );
        // What makes up the key may not be empty.
        for member in ["kty", "crv", "x", "y"] {
            assert!(parse(&[with(ES256_KEY.public(), json!({ member: empty }))]).is_err(), "{member}: {empty}");
        }
    }
    for private in [json!(0), json!(false), json!("AAAA"), json!([0])] {
        let error = parse(&[ES256_KEY.public(), with(RSA_KEY.public(), json!({ "d": private }))]).unwrap_err();
        assert_eq!(blamed(error), Some((1, KeyProblem::Private)), "{private}");
    }
}

#[test]
fn empty_keys_of_a_registration_count_as_absent_and_are_reported() {
    // CM-008
    for jwks in [json!({}), json!([]), json!(""), json!(null)] {
        let client = registered(json!({ "client_secret": LONG_SECRET, "jwks": jwks })).unwrap();
        let ignored: Vec<_> = client.ignored().iter().map(|ignored| ignored.member()).collect();
        assert_eq!(ignored, if jwks.is_null() { &[][..] } else { &["jwks"] }, "{jwks}");
        let uri = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://c1.example/jwks" });
        assert!(registered(with(uri.clone(), json!({ "jwks": jwks }))).is_ok(), "{jwks}");
        assert!(registered(with(uri, json!({ "jwks": { "keys": [] } }))).is_ok());
        let alone = refused(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks }));
        assert!(["jwks", "token_endpoint_auth_method"].contains(&alone.0), "{alone:?}");
    }
    for jwks in [json!({ "keys": null }), json!({ "keys": "" }), json!({ "keys": {} })] {
        let client = registered(json!({ "client_secret": LONG_SECRET, "jwks": jwks })).unwrap();
        assert_eq!(client.ignored()[0].member(), "jwks", "{jwks}");
    }
    let keys = with_keys(&[ES256_KEY.public()]);
    for uri in [json!(""), json!([]), json!({}), json!(null)] {
        assert!(registered(with(keys.clone(), json!({ "jwks_uri": uri }))).is_ok(), "{uri}");
    }
}

#[test]
fn a_set_is_bounded_in_bytes() {
    //
    let padded = |length: usize| {
        let set = |padding: String| json!({ "keys": [unnamed(&ES256_KEY)], "x": padding });
        set("y".repeat(length - set(String::new()).to_string().len()))
    };
    assert!(VerificationKeys::parse(&padded(262_144).to_string()).is_ok());
    assert!(VerificationKeys::parse(&padded(262_145).to_string()).is_err());
    for set in [json!({ "key": 1 }), json!({ "keys": {} }), json!({ "keys": null }), json!("x"), json!(1), json!([1])] {
        let (member, text) = refused(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": set }));
        assert_eq!(member, "jwks", "{set}");
        assert!(text.contains("JWK set"), "{text}");
    }
    let set = json!({ "keys": [with(ES256_KEY.public(), json!({ "x5c": ["A".repeat(262_144)] }))] });
    assert_eq!(refused(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": set })).0, "jwks");
    // As many as fit, up to a number.
    let ed25519 = |number: u32| {
        let x = [&number.to_be_bytes()[..], &[9; 28]].concat();
        json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) })
    };
    let parsed = parse(&(0..600).map(ed25519).collect::<Vec<_>>()).unwrap();
    assert_eq!((parsed.len(), parsed.skipped().len()), (512, 88));
    assert!(parsed.skipped().iter().all(|key| key.problem() == KeyProblem::TooMany));
}

#[test]
fn registrations_that_could_never_authenticate_are_refused() {
    // CM-007, CM-008, CM-011, CM-012, A-03, JAR-065, N-22
    let es256 = json!({ "keys": [ES256_KEY.public()] });
    let jwt = |method: &str, members: Value| with(json!({ "token_endpoint_auth_method": method }), members);
    let encrypted =
        |members: Value| with(json!({ "client_secret": "s", "require_encrypted_request_object": true }), members);
    let cases = [
        ("jwks", jwt("private_key_jwt", json!({ "jwks": es256, "jwks_uri": "https://c1.example/jwks" }))),
        ("token_endpoint_auth_method", jwt("private_key_jwt", json!({}))),
        ("token_endpoint_auth_method", jwt("private_key_jwt", json!({ "client_secret": LONG_SECRET }))),
        ("jwks", jwt("private_key_jwt", json!({ "jwks": { "keys": [] } }))),
        (
            "jwks",
            jwt("private_key_jwt", json!({ "jwks": { "keys": [with(ES256_KEY.public(), json!({ "use": "enc" }))] } })),
        ),
        ("jwks", jwt("private_key_jwt", json!({ "jwks": es256, "token_endpoint_auth_signing_alg": "PS256" }))),
        (
            "token_endpoint_auth_signing_alg",
            jwt("private_key_jwt", json!({ "jwks": es256, "token_endpoint_auth_signing_alg": "HS256" })),
        ),
        (
            "token_endpoint_auth_signing_alg",
            jwt("private_key_jwt", json!({ "jwks": es256, "token_endpoint_auth_signing_alg": "none" })),
        ),
        (
            "token_endpoint_auth_signing_alg",
            jwt("private_key_jwt", json!({ "jwks": es256, "token_endpoint_auth_signing_alg": "es256" })),
        ),
        (
            "token_endpoint_auth_signing_alg",
            jwt(
                "client_secret_jwt",
                json!({ "client_secret": LONG_SECRET, "token_endpoint_auth_signing_alg": "ES256" }),
            ),
        ),
        ("client_secret", jwt("client_secret_jwt", json!({}))),
        ("client_secret", jwt("client_secret_jwt", json!({ "client_secret": "x".repeat(31) }))),
        (
            "client_secret",
            jwt(
                "client_secret_jwt",
                json!({ "client_secret": "x".repeat(47), "token_endpoint_auth_signing_alg": "HS384" }),
            ),
        ),
        (
            "client_secret",
            jwt(
                "client_secret_jwt",
                json!({ "client_secret": "x".repeat(63), "token_endpoint_auth_signing_alg": "HS512" }),
            ),
        ),
        (
            "client_secret",
            jwt("client_secret_jwt", json!({ "client_secrets": [{ "client_secret_sha256": "0".repeat(64) }] })),
        ),
        (
            "client_secret",
            jwt(
                "client_secret_jwt",
                json!({ "client_secret": LONG_SECRET, "client_secrets": [{ "client_secret": "short" }] }),
            ),
        ),
        (
            "request_object_signing_alg",
            json!({ "client_secret": "s", "request_object_signing_alg": "none", "require_signed_request_object": true }),
        ),
        ("request_object_signing_alg", json!({ "client_secret": "s", "request_object_signing_alg": "ES256" })),
        ("jwks", json!({ "client_secret": "s", "jwks": es256, "request_object_signing_alg": "EdDSA" })),
        ("client_secret", json!({ "client_secret": "x".repeat(31), "request_object_signing_alg": "HS256" })),
        (
            "client_secret",
            json!({ "client_secrets": [{ "client_secret_sha256": "0".repeat(64) }], "request_object_encryption_alg": "dir" }),
        ),
        ("client_secret", jwt("none", json!({ "request_object_encryption_alg": "dir" }))),
        ("client_secret", jwt("none", json!({ "request_object_signing_alg": "HS256" }))),
        ("request_object_encryption_alg", encrypted(json!({ "request_object_encryption_alg": "RSA1_5" }))),
        ("request_object_encryption_alg", encrypted(json!({ "request_object_encryption_alg": "PBES2-HS256+A128KW" }))),
        (
            "request_object_encryption_enc",
            encrypted(
                json!({ "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A192GCM" }),
            ),
        ),
        ("request_object_encryption_enc", encrypted(json!({ "request_object_encryption_enc": "A128GCM" }))),
    ];
    for (expected, members) in cases {
        let (member, text) = refused(members.clone());
        assert_eq!(member, expected, "{members}: {text}");
        assert!(!text.contains(LONG_SECRET) && !text.contains("xxx"), "{text}");
    }
    for members in [
        jwt("private_key_jwt", json!({ "jwks": es256, "token_endpoint_auth_signing_alg": "ES256" })),
        jwt(
            "private_key_jwt",
            json!({ "jwks_uri": "https://c1.example/jwks", "token_endpoint_auth_signing_alg": "PS512" }),
        ),
        jwt("client_secret_jwt", json!({ "client_secret": "x".repeat(32) })),
        jwt(
            "client_secret_jwt",
            json!({ "client_secret": "x".repeat(64), "token_endpoint_auth_signing_alg": "HS512" }),
        ),
        jwt("none", json!({ "jwks": es256, "request_object_signing_alg": "ES256" })),
        json!({ "client_secret": "short", "request_object_encryption_alg": "dir" }),
        json!({ "client_secret": "short", "jwks": { "keys": [] } }),
    ] {
        if let Err(error) = registered(members.clone()) {
            panic!("{members}: {error}");
        }
    }
}

#[test]
fn an_algorithm_that_the_client_does_not_use_is_reported_and_does_not_matter() {
    // CM-011, CM-012
    let secret = |members: Value| with(json!({ "client_secret": LONG_SECRET }), members);
    let keys = with_keys(&[ES256_KEY.public()]);
    let unsigned = json!({ "response_modes": ["jwt"] });
    for (member, members) in [
        ("token_endpoint_auth_signing_alg", secret(json!({ "token_endpoint_auth_signing_alg": "none" }))),
        ("token_endpoint_auth_signing_alg", secret(json!({ "token_endpoint_auth_signing_alg": "ES256K" }))),
        ("request_object_signing_alg", secret(json!({ "request_object_signing_alg": "none" }))),
        ("request_object_signing_alg", with(keys.clone(), json!({ "request_object_signing_alg": "ES256K" }))),
        ("request_object_encryption_alg", secret(json!({ "request_object_encryption_alg": "RSA1_5" }))),
        ("request_object_encryption_enc", secret(json!({ "request_object_encryption_enc": "A128GCM" }))),
        (
            "request_object_encryption_enc",
            secret(json!({ "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A192GCM" })),
        ),
        ("authorization_signed_response_alg", secret(json!({ "authorization_signed_response_alg": "ES256K" }))),
    ] {
        let client = registered(members.clone()).unwrap_or_else(|error| panic!("{members}: {error}"));
        let ignored: Vec<_> = client.ignored().iter().map(|ignored| ignored.member()).collect();
        assert_eq!(ignored, [member], "{members}");
    }
    for (member, members) in [
        ("token_endpoint_auth_signing_alg", with(keys.clone(), json!({ "token_endpoint_auth_signing_alg": "ES256K" }))),
        (
            "authorization_signed_response_alg",
            secret(with(unsigned, json!({ "authorization_signed_response_alg": "ES256K" }))),
        ),
    ] {
        assert_eq!(refused(members.clone()).0, member, "{members}");
    }
    // And what it would have kept out stays out.
    let registration = |alg: &str| {
        let base = with(json!({ "client_id": "c1", "redirect_uris": [CALLBACK] }), keys.clone());
        with(base, json!({ "request_object_signing_alg": alg }))
    };
    let object = ES256_KEY.sign(&object_header("ES256"), &object_claims("c1", json!({})));
    for (alg, good) in [("ES256", true), ("none", false), ("ES256K", false)] {
        let server = Server::with(Policy::oauth(), [registration(alg)]);
        let outcome = server.authorize(&form([("client_id", "c1"), ("request", &object)]), None);
        assert_eq!(outcome.is_ok(), good, "{alg}");
    }
}

#[test]
fn a_jwks_uri_is_an_https_url_of_a_host_with_a_name() {
    // CM-008, A-41
    let uri = |uri: &str| json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri });
    for text in [
        "",
        "c1.example/jwks",
        "http://c1.example/jwks",
        "file:///etc/passwd",
        "data:application/json,{}",
        "ftp://c1.example/",
        "https://",
        "https://localhost/jwks",
        "https://LOCALHOST/jwks",
        "https://localhost./jwks",
        "https://x.localhost/jwks",
        "https://127.0.0.1/jwks",
        "https://127.1/jwks",
        "https://2130706433/jwks",
        "https://0x7f000001/jwks",
        "https://0177.0.0.1/jwks",
        "https://0/jwks",
        "https://0.0.0.0/jwks",
        "https://10.0.0.1/jwks",
        "https://172.16.0.1/jwks",
        "https://192.168.1.1/jwks",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/jwks",
        "https://[::]/jwks",
        "https://[::ffff:10.0.0.1]/jwks",
        "https://[::ffff:127.0.0.1]/jwks",
        "https://[::127.0.0.1]/jwks",
        "https://[fe80::1]/jwks",
        "https://[fd00::1]/jwks",
        "https://100.100.100.200/latest/meta-data",
        "https://[64:ff9b::a00:1]/jwks",
        "https://93.184.216.34/jwks",
        "https://[2606:2800:220:1::1]/jwks",
        "https://user@c1.example/jwks",
        "https://user:password@c1.example/jwks",
        "https://@c1.example/jwks",
        "https://c1.example/jwks#fragment",
        "https://c1.example\\@127.0.0.1/jwks",
        "https://c1.example/jw ks",
        "https://c1.example/jwks\n",
        " https://c1.example/jwks",
        "https://b\u{fc}cher.example/jwks",
    ] {
        assert_eq!(refused(uri(text)).0, "jwks_uri", "{text}");
    }
    assert_eq!(refused(uri(&format!("https://c1.example/{}", "x".repeat(2048)))).0, "jwks_uri");
    for text in [
        "https://c1.example/jwks",
        "HTTPS://C1.example/jwks",
        "https://c1.example:8443/jwks?tenant=1",
        "https://xn--bcher-kva.example/jwks",
    ] {
        assert!(registered(uri(text)).is_ok(), "{text}");
    }
}
