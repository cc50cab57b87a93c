//! What a DPoP proof must be, by itself (RFC 9449 section 4.3).

use std::sync::LazyLock;

use openssl::{hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Signer};
use parjar::{
    Clock as _, ManualClock, Policy,
    dpop::{Proof, Proven, Purpose, TargetUri},
    jose::{SigningAlgorithm, TokenFault},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    mangled_tokens::{change, changed as mangled},
    proofs::{PAR_ENDPOINT, bare, proof, proof_claims, proof_header, thumbprint},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, ES512_KEY, NOW, OTHER_ES256_KEY, RSA_KEY, assertion, changed, encode, mac,
        object,
    },
};

static TARGETS: LazyLock<[TargetUri; 1]> = LazyLock::new(|| [TargetUri::parse(PAR_ENDPOINT).unwrap()]);

fn verify_for(proof: &str, purpose: &Purpose<'_>) -> Result<Proven, TokenFault> {
    Proof::parse(proof)?.verify(purpose, &Policy::oauth(), ManualClock::default().now())
}

fn verify(proof: &str) -> Result<Proven, TokenFault> {
    verify_for(proof, &Purpose::new("POST", &*TARGETS))
}

fn fault(proof: &str) -> Option<TokenFault> {
    verify(proof).err()
}

/// The fault of a proof with these claims.
fn of_claims(others: Value) -> Option<TokenFault> {
    fault(&proof(&ES256_KEY, others))
}

/// The fault of a proof with members of the header added or replaced.
fn of_header(others: Value) -> Option<TokenFault> {
    let header = changed(proof_header("ES256", bare(&ES256_KEY)), others);
    fault(&ES256_KEY.sign(&header, &proof_claims(json!({}))))
}

#[test]
fn a_proof_tells_the_key_and_what_has_to_be_remembered() {
    let proven =
        verify(&proof(&ES256_KEY, json!({ "jti": "j", "iat": NOW - 5, "unknown": { "claim": [1] } }))).unwrap();
    assert_eq!(proven.thumbprint(), thumbprint(&ES256_KEY));
    assert_eq!((proven.id(), proven.target().as_str(), proven.expires_at()), ("j", PAR_ENDPOINT, NOW + 56));
}

#[test]
fn every_algorithm_that_is_offered_works_with_its_keys() {
    // DP-007, DP-018
    let keys = [&*ES256_KEY, &*ES384_KEY, &*ES512_KEY, &*ED25519_KEY, &*RSA_KEY];
    for key in keys {
        let mut good = 0;
        for algorithm in &Policy::oauth().dpop_signing_alg_values_supported {
            let name = algorithm.as_str();
            let is_for = match key.public()["crv"].as_str() {
                Some("P-256") => name == "ES256",
                Some("P-384") => name == "ES384",
                Some("P-521") => name == "ES512",
                Some(_) => name.starts_with("Ed"),
                None => name.starts_with("PS"),
            };
            if !is_for {
                // Whatever is in place of the signature.
                let header = proof_header(name, bare(key));
                let token =
                    format!("{}.{}.AAAA", encode(header.to_string()), encode(proof_claims(json!({})).to_string()));
                assert_eq!(fault(&token), Some(TokenFault::Algorithm), "{name}");
                continue;
            }
            for _ in 0..2 {
                let token = key.sign(&proof_header(name, bare(key)), &proof_claims(json!({})));
                assert_eq!(verify(&token).unwrap().thumbprint(), thumbprint(key), "{name}");
            }
            good += 1;
        }
        assert!(good > 0);
    }
}

#[test]
fn algorithms_that_are_not_offered_are_refused() {
    // DP-007, J-01
    let claims = proof_claims(json!({}));
    let none =
        format!("{}.{}.", encode(proof_header("none", bare(&ES256_KEY)).to_string()), encode(claims.to_string()));
    let rs256 = RSA_KEY.sign(&proof_header("RS256", bare(&RSA_KEY)), &claims);
    // The public key as the secret of a MAC.
    let secret = bare(&ES256_KEY).to_string();
    let hs256 = mac(&proof_header("HS256", bare(&ES256_KEY)), &claims, secret);
    let [rs384, rs512] = ["RS384", "RS512"].map(|alg| RSA_KEY.sign(&proof_header(alg, bare(&RSA_KEY)), &claims));
    for token in [&none, &rs256, &rs384, &rs512, &hs256] {
        assert_eq!(fault(token), Some(TokenFault::Algorithm));
    }
    for header in [json!({ "alg": "es256" }), json!({ "alg": "ES256K" }), json!({ "alg": "" })] {
        let token = ES256_KEY.sign_text(
            &changed(proof_header("", bare(&ES256_KEY)), header).to_string(),
            &claims.to_string(),
            "ES256",
        );
        assert_eq!(fault(&token), Some(TokenFault::Algorithm));
    }
    let mut policy = Policy::oauth();
    policy.dpop_signing_alg_values_supported = vec![SigningAlgorithm::Rs256];
    let parsed = Proof::parse(&rs256).unwrap();
    assert!(parsed.verify(&Purpose::new("POST", &*TARGETS), &policy, ManualClock::default().now()).is_ok());
}

#[test]
fn the_type_is_exactly_that_of_a_proof() {
    // DP-007, BCP-011
    for typ in ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt", "Application/dpop+jwt"] {
        assert_eq!(of_header(json!({ "typ": typ })), None, "{typ}");
    }
    for typ in [
        json!("JWT"),
        json!(null),
        json!("jwt"),
        json!("at+jwt"),
        json!("dpop"),
        json!("dpop+jwt "),
        json!("text/dpop+jwt"),
        json!(""),
    ] {
        assert_eq!(of_header(json!({ "typ": typ })), Some(TokenFault::Type), "{typ}");
    }
    for typ in [json!(1), json!(["dpop+jwt"])] {
        assert_eq!(of_header(json!({ "typ": typ })), Some(TokenFault::Malformed), "{typ}");
    }
    assert_eq!(of_header(json!({ "cty": "JWT" })), Some(TokenFault::Type));
}

#[test]
fn the_key_is_public_strong_and_a_key() {
    // DP-007
    let (ec, rsa, ed) = (bare(&ES256_KEY), bare(&RSA_KEY), bare(&ED25519_KEY));
    let with = |key: &Value, others: Value| changed(key.clone(), others);
    let padded = {
        let n = crate::tokens::decode(rsa["n"].as_str().unwrap());
        encode([vec![0], n].concat())
    };
    let even = {
        let mut n = crate::tokens::decode(rsa["n"].as_str().unwrap());
        *n.last_mut().unwrap() &= 0xFE;
        encode(n)
    };
    for jwk in [
        json!(null),
        json!("key"),
        json!([]),
        json!({}),
        json!({ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "kty": "none" }),
        ES256_KEY.private(),
        RSA_KEY.private(),
        ED25519_KEY.private(),
        with(&ec, json!({ "d": "" })),
        with(&ec, json!({ "k": "AAAA" })),
        with(&rsa, json!({ "oth": [] })),
        with(&ec, json!({ "kty": "RSA" })),
        with(&ec, json!({ "crv": "P-384" })),
        with(&ec, json!({ "crv": "secp256k1" })),
        with(&ec, json!({ "y": ec["x"] })),
        with(&ec, json!({ "x": encode([0; 32]), "y": encode([0; 32]) })),
        with(&ec, json!({ "y": null })),
        with(&ec, json!({ "x": format!("{}=", ec["x"].as_str().unwrap()) })),
        with(&ec, json!({ "use": "enc" })),
        with(&ec, json!({ "key_ops": ["sign"] })),
        with(&ec, json!({ "alg": "ES384" })),
        with(&ec, json!({ "kid": "k".repeat(257) })),
        with(&rsa, json!({ "e": "AQ" })),
        with(&rsa, json!({ "e": "Aw" })),
        with(&rsa, json!({ "e": "AAEAAQ" })),
        with(&rsa, json!({ "n": padded })),
        with(&rsa, json!({ "n": even })),
        with(&rsa, json!({ "n": encode([0xFF; 1025]) })),
        with(&ed, json!({ "x": encode([0; 32]) })),
        with(&ed, json!({ "crv": "X25519" })),
        with(&ed, json!({ "crv": "Ed448" })),
    ] {
        let algorithm = match jwk["kty"].as_str() {
            Some("RSA") => "PS256",
            Some("OKP") => "EdDSA",
            _ => "ES256",
        };
        let header = json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": jwk });
        // With the signature of the real key, so that it is the key that is refused.
        let signer = match algorithm {
            "PS256" => &*RSA_KEY,
            "EdDSA" => &*ED25519_KEY,
            _ => &*ES256_KEY,
        };
        assert_eq!(fault(&signer.sign(&header, &proof_claims(json!({})))), Some(TokenFault::Key), "{jwk}");
    }
    for members in [
        json!({ "use": "sig" }),
        json!({ "key_ops": ["verify"] }),
        json!({ "alg": "ES256" }),
        json!({ "kid": "k", "x5c": [1] }),
    ] {
        assert_eq!(of_header(json!({ "jwk": with(&ec, members) })), None);
    }
    let missing = ES256_KEY.sign(&json!({ "typ": "dpop+jwt", "alg": "ES256" }), &proof_claims(json!({})));
    assert_eq!(fault(&missing), Some(TokenFault::Key));
}

#[test]
fn a_weak_rsa_key_is_refused_with_its_own_good_signature() {
    // DP-007
    let claims = proof_claims(json!({})).to_string();
    for bits in [1024, 2047] {
        let rsa = Rsa::generate(bits).unwrap();
        let jwk = json!({ "kty": "RSA", "n": encode(rsa.n().to_vec()), "e": encode(rsa.e().to_vec()) });
        let input = format!("{}.{}", encode(proof_header("PS256", jwk).to_string()), encode(&claims));
        let key = PKey::from_rsa(rsa).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.set_rsa_padding(openssl::rsa::Padding::PKCS1_PSS).unwrap();
        let signature = signer.sign_oneshot_to_vec(input.as_bytes()).unwrap();
        assert_eq!(fault(&format!("{input}.{}", encode(signature))), Some(TokenFault::Key), "{bits}");
    }
}

#[test]
fn nothing_else_in_the_header_may_bring_a_key_or_ask_for_anything() {
    for (others, expected) in [
        (json!({ "x5c": ["MIIB"] }), TokenFault::KeyInHeader),
        (json!({ "jku": "https://evil.example" }), TokenFault::KeyInHeader),
        (json!({ "x5u": "https://evil.example" }), TokenFault::KeyInHeader),
        (json!({ "crit": ["exp"] }), TokenFault::Critical),
        (json!({ "b64": false }), TokenFault::Unencoded),
        (json!({ "zip": "DEF" }), TokenFault::Compressed),
        (json!({ "kid": "k".repeat(257) }), TokenFault::Malformed),
    ] {
        assert_eq!(of_header(others.clone()), Some(expected), "{others}");
    }
    assert_eq!(of_header(json!({ "kid": "anything", "foo": { "bar": 1 } })), None);
}

#[test]
fn the_signature_is_that_of_the_key_in_the_header() {
    // DP-007
    let foreign = OTHER_ES256_KEY.sign(&proof_header("ES256", bare(&ES256_KEY)), &proof_claims(json!({})));
    assert_eq!(fault(&foreign), Some(TokenFault::Signature));
    let good = proof(&ES256_KEY, json!({}));
    let (input, _) = good.rsplit_once('.').unwrap();
    for signature in ["", "AAAA", &encode([0; 64])] {
        assert_eq!(fault(&format!("{input}.{signature}")), Some(TokenFault::Signature));
    }
    // Whether the key was seen before or not.
    assert!(verify(&good).is_ok());
    assert_eq!(fault(&foreign), Some(TokenFault::Signature));
}

#[test]
fn a_proof_is_one_compact_token_of_strict_json() {
    // DP-006
    let good = proof(&ES256_KEY, json!({}));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for token in [
        String::new(),
        ".".into(),
        "..".into(),
        format!("{good}, {good}"),
        format!("{good},"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}."),
        format!("{good}="),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
    ] {
        assert_eq!(fault(&token), Some(TokenFault::Malformed), "{token}");
    }
    let key = bare(&ES256_KEY);
    let head = proof_header("ES256", key.clone()).to_string();
    let claims = proof_claims(json!({})).to_string();
    for (head, claims) in [
        (head.replacen('{', r#"{"alg":"ES256","#, 1), claims.clone()),
        (head.replacen('{', &format!(r#"{{"jwk":{key},"#), 1), claims.clone()),
        (head.replacen(r#""crv""#, r#""crv":"P-256","crv""#, 1), claims.clone()),
        (head.clone(), claims.replacen('{', r#"{"htm":"POST","#, 1)),
        (head.clone(), claims.replacen('{', r#"{"nonce":"a","nonce":"b","#, 1)),
        (head.clone(), "[]".into()),
        (head.clone(), format!("{claims} x")),
        ("{}x".into(), claims.clone()),
    ] {
        assert_eq!(
            fault(&ES256_KEY.sign_text(&head, &claims, "ES256")),
            Some(TokenFault::Malformed),
            "{head} {claims}"
        );
    }
    assert_eq!(of_claims(json!({ "x": "x".repeat(8192) })), Some(TokenFault::TooLarge));
    let dots = ".".repeat(1_000_000);
    assert_eq!(fault(&dots), Some(TokenFault::TooLarge));
}

#[test]
fn the_claims_of_a_proof_are_all_there_and_of_their_types() {
    // DP-011
    for (others, expected) in [
        (json!({ "htm": null }), TokenFault::Method),
        (json!({ "htu": null }), TokenFault::TargetUri),
        (json!({ "iat": null }), TokenFault::MissingIssuedAt),
        (json!({ "jti": null }), TokenFault::Id),
        (json!({ "jti": "" }), TokenFault::Id),
        (json!({ "jti": "x".repeat(257) }), TokenFault::Id),
        (json!({ "jti": 1 }), TokenFault::ClaimType),
        (json!({ "htm": ["POST"] }), TokenFault::ClaimType),
        (json!({ "htu": [PAR_ENDPOINT] }), TokenFault::ClaimType),
        (json!({ "iat": NOW.to_string() }), TokenFault::ClaimType),
        (json!({ "nonce": 1 }), TokenFault::ClaimType),
        (json!({ "ath": false }), TokenFault::ClaimType),
    ] {
        assert_eq!(of_claims(others.clone()), Some(expected), "{others}");
    }
    for id in ["x".to_owned(), "x".repeat(256), "\u{e9}".repeat(128)] {
        assert_eq!(of_claims(json!({ "jti": id })), None);
    }
    // DP-019, and a nonce that nobody asked for
    assert_eq!(of_claims(json!({ "ath": "whatever", "nonce": "of another server" })), None);
}

#[test]
fn the_method_is_compared_letter_by_letter() {
    // DP-008
    for method in ["post", "Post", "GET", "PUT", "", "POST ", " POST", "POST\u{0}", "P\u{d6}ST"] {
        assert_eq!(of_claims(json!({ "htm": method })), Some(TokenFault::Method), "{method:?}");
    }
    let get = proof(&ES256_KEY, json!({ "htm": "GET" }));
    assert!(verify_for(&get, &Purpose::new("GET", &*TARGETS)).is_ok());
    assert_eq!(verify_for(&get, &Purpose::new("get", &*TARGETS)).err(), Some(TokenFault::Method));
}

#[test]
fn the_uri_is_compared_after_normalization() {
    // DP-009
    for uri in [
        PAR_ENDPOINT,
        "HTTPS://as.example.com/authorize/par",
        "https://AS.EXAMPLE.COM/authorize/par",
        "https://as.example.com:443/authorize/par",
        "https://as.example.com:/authorize/par",
        "https://as.example.com/%61uthorize/p%41r".replace("p%41r", "p%61r").as_str(),
        "https://as.example.com/authorize/./par",
        "https://as.example.com/x/../authorize/par",
        "https://as.example.com/../authorize/par",
        "https://as.example.com/authorize/%2E/par",
        "https://as.example.com/authorize/x/%2e%2E/par",
        // RFC 9449 section 4.3, item 9: without query and fragment
        "https://as.example.com/authorize/par?",
        "https://as.example.com/authorize/par?x=1",
        "https://as.example.com/authorize/par#",
        "https://as.example.com/authorize/par?x=1#y",
    ] {
        assert_eq!(of_claims(json!({ "htu": uri })), None, "{uri}");
    }
    for uri in [
        "",
        "/authorize/par",
        "//as.example.com/authorize/par",
        "as.example.com/authorize/par",
        "http://as.example.com/authorize/par",
        "https:as.example.com/authorize/par",
        "https:/as.example.com/authorize/par",
        "https:///as.example.com/authorize/par",
        "https:\\\\as.example.com\\authorize\\par",
        "https://as.example.com",
        "https://as.example.com/authorize",
        "https://as.example.com/authorize/par/",
        "https://as.example.com/authorize//par",
        "https://as.example.com/authorize/PAR",
        "https://as.example.com/authorize%2Fpar",
        "https://as.example.com/authorize/par;x",
        "https://as.example.com/authorize/par/..",
        "https://as.example.com:8443/authorize/par",
        "https://as.example.com:80/authorize/par",
        "https://as.example.com:0443/authorize/par",
        "https://as.example.com./authorize/par",
        "https://as.example.com.evil.example/authorize/par",
        "https://evil.example/authorize/par",
        "https://user@as.example.com/authorize/par",
        "https://user:secret@as.example.com/authorize/par",
        "https://@as.example.com/authorize/par",
        "https://as.example.com@evil.example/authorize/par",
        "https://%61s.example.com/authorize/par",
        "https://as%2eexample.com/authorize/par",
        "https://as\u{3002}example.com/authorize/par",
        "https://\u{ff41}s.example.com/authorize/par",
        " https://as.example.com/authorize/par",
        "https://as.example.com/authorize/par\n",
        "https://as.example.com/auth\torize/par",
        "https://as.example.com/authorize/p%r",
        "https://as.example.com/authorize/p%6",
        "https://as.example.com/authorize/p%6\u{e9}r",
        "https://as.example.com/token",
    ] {
        assert_eq!(of_claims(json!({ "htu": uri })), Some(TokenFault::TargetUri), "{uri:?}");
    }
}

#[test]
fn an_endpoint_can_be_known_under_several_uris() {
    // DP-009: an alias for mutual TLS
    let targets = [PAR_ENDPOINT, "https://mtls.as.example.com/par"].map(|uri| TargetUri::parse(uri).unwrap());
    for (uri, good) in [
        (PAR_ENDPOINT, true),
        ("https://mtls.as.example.com/par", true),
        ("https://mtls.as.example.com/authorize/par", false),
        ("https://other.as.example.com/par", false),
    ] {
        let outcome = verify_for(&proof(&ES256_KEY, json!({ "htu": uri })), &Purpose::new("POST", &targets));
        assert_eq!(outcome.ok().map(|proven| proven.target().as_str().to_owned()), good.then(|| uri.to_owned()));
    }
    assert_eq!(
        verify_for(&proof(&ES256_KEY, json!({})), &Purpose::new("POST", &[])).err(),
        Some(TokenFault::TargetUri)
    );
    // An empty path is the root, and a query of the endpoint does not count.
    for endpoint in ["https://as.example.com", "https://as.example.com/", "https://as.example.com?tenant=1"] {
        let root = [TargetUri::parse(endpoint).unwrap()];
        for uri in ["https://as.example.com", "https://as.example.com/", "https://as.example.com:443"] {
            assert!(
                verify_for(&proof(&ES256_KEY, json!({ "htu": uri })), &Purpose::new("POST", &root)).is_ok(),
                "{uri}"
            );
        }
    }
}

#[test]
fn a_proof_is_from_the_last_minute() {
    // DP-010, F2-008: 10 s in the future are fine and 60 s are not
    for (seconds, expected) in [
        (0, None),
        (-10, None),
        (-60, None),
        (-61, Some(TokenFault::Lifetime)),
        (-3600, Some(TokenFault::Lifetime)),
        (8, None),
        (10, None),
        (11, Some(TokenFault::NotYetValid)),
        (61, Some(TokenFault::NotYetValid)),
        (3600, Some(TokenFault::NotYetValid)),
    ] {
        assert_eq!(of_claims(json!({ "iat": NOW + seconds })), expected, "{seconds}");
    }
    // What other JWTs say about their time holds for a proof that says it.
    for (others, expected) in [
        (json!({ "nbf": NOW + 10 }), None),
        (json!({ "nbf": NOW + 11 }), Some(TokenFault::NotYetValid)),
        (json!({ "exp": NOW + 1 }), None),
        (json!({ "exp": NOW }), Some(TokenFault::Expired)),
        (json!({ "iat": 1e300 }), Some(TokenFault::ClaimType)),
        (json!({ "iat": -1 }), Some(TokenFault::ClaimType)),
        (json!({ "iat": 0 }), Some(TokenFault::Lifetime)),
    ] {
        assert_eq!(of_claims(others.clone()), expected, "{others}");
    }
    let mut policy = Policy::oauth();
    (policy.dpop_proof_lifetime, policy.clock_leeway) = (300, 60);
    for (seconds, good) in [(-301, false), (-300, true), (60, true), (61, false)] {
        let token = proof(&ES256_KEY, json!({ "iat": NOW + seconds }));
        let purpose = Purpose::new("POST", &*TARGETS);
        let outcome = Proof::parse(&token).unwrap().verify(&purpose, &policy, ManualClock::default().now());
        assert_eq!(outcome.is_ok(), good, "{seconds}");
    }
}

#[test]
fn an_access_token_is_the_one_in_the_proof_and_bound_to_its_key() {
    // RFC 9449 section 7.1: the `ath` of its example
    let (token, ath) = ("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    let shown = |others: Value, access_token, key| {
        verify_for(&proof(&ES256_KEY, others), &Purpose::new("POST", &*TARGETS).with_access_token(access_token, key))
            .err()
    };
    let (own, other) = (thumbprint(&ES256_KEY), thumbprint(&OTHER_ES256_KEY));
    assert_eq!(shown(json!({ "ath": ath }), token, own), None);
    assert_eq!(shown(json!({ "ath": ath }), token, other), Some(TokenFault::OtherKey));
    for others in [
        json!({}),
        json!({ "ath": "" }),
        json!({ "ath": format!("{ath}=") }),
        json!({ "ath": ath.to_lowercase() }),
        json!({ "ath": token }),
    ] {
        assert_eq!(shown(others, token, own), Some(TokenFault::AccessToken));
    }
    assert_eq!(shown(json!({ "ath": ath }), "another token", own), Some(TokenFault::AccessToken));
}

#[test]
fn no_other_kind_of_token_is_a_proof() {
    // BCP-011, A-09
    for token in [assertion("c1", json!({})), object("basic", json!({}))] {
        assert!(matches!(fault(&token), Some(TokenFault::Key | TokenFault::Type)));
    }
    let with_key = json!({ "typ": "oauth-authz-req+jwt", "alg": "ES256", "jwk": bare(&ES256_KEY) });
    assert_eq!(fault(&ES256_KEY.sign(&with_key, &proof_claims(json!({})))), Some(TokenFault::Type));
}

#[test]
fn nothing_of_a_proof_is_shown() {
    let token = proof(&ES256_KEY, json!({ "jti": "secret-jti", "nonce": "secret-nonce" }));
    let parsed = Proof::parse(&token).unwrap();
    let purpose = Purpose::new("POST", &*TARGETS).with_access_token("secret-token", thumbprint(&ES256_KEY));
    let shown = format!("{parsed:?} {purpose:?} {:?}", verify(&token).unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}

static GENUINE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let signed =
        |key: &crate::tokens::Key, algorithm| key.sign(&proof_header(algorithm, bare(key)), &proof_claims(json!({})));
    vec![
        signed(&ES256_KEY, "ES256"),
        signed(&OTHER_ES256_KEY, "ES256"),
        signed(&ED25519_KEY, "EdDSA"),
        signed(&RSA_KEY, "PS256"),
        ES256_KEY.sign(&proof_header("ES256", bare(&ES256_KEY)), &proof_claims(json!({ "nonce": "n", "ath": "a" }))),
    ]
});

proptest! {
    #[test]
    fn a_changed_proof_is_not_believed(
        which in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..4),
    ) {
        let start = GENUINE[which.index(GENUINE.len())].clone();
        let token = changes.iter().fold(start, |token, change| mangled(&token, change, &GENUINE));
        prop_assume!(!GENUINE.contains(&token));
        prop_assert!(verify(&token).is_err(), "{}", token);
    }

    #[test]
    fn any_text_is_answered(text in ".{0,200}", dots in "[A-Za-z0-9_.-]{0,200}") {
        for token in [text, dots] {
            prop_assert!(verify(&token).is_err());
        }
    }

    #[test]
    fn any_uri_is_answered(uri in ".{0,60}", path in "[a-zA-Z0-9%./~-]{0,40}") {
        let _ = TargetUri::parse(&uri);
        if let Some(target) = TargetUri::parse(&format!("https://as.example.com/{path}")) {
            // Normalizing is done once and for all, and never leaves the host.
            prop_assert_eq!(TargetUri::parse(target.as_str()), Some(target.clone()));
            prop_assert!(target.as_str().starts_with("https://as.example.com/"));
            prop_assert!(!target.as_str().split('/').any(|segment| segment == "." || segment == ".."));
        }
    }
}
