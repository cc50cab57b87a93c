//! Signed and encrypted tokens, and keys: the vectors of Project Wycheproof.

#![cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use parjar::jose::{
    ContentEncryption, DecryptionKeys, KeyManagement, SharedKey, SharedSecret, SigningAlgorithm, VerificationKeys,
};
use serde_json::{Value, json};

const EXCLUSIONS: &str = include_str!("vectors/wycheproof/exclusions.json");

/// What came out of a token, or in words why nothing did.
type Answer = Result<Vec<u8>, String>;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn id(case: &Value) -> u64 {
    case["id"].as_u64().unwrap()
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fault(fault: impl std::fmt::Debug) -> String {
    format!("{fault:?}")
}

/// The one secret of a group; a shared secret has no members, so the algorithm of the key is what its client registered.
fn secret(group: &Value) -> Option<(Vec<u8>, &str)> {
    match items(&group["private"]["keys"]) {
        [key] if key["kty"] == "oct" => Some((decoded(text(&key["k"])), text(&key["alg"]))),
        _ => None,
    }
}

/// The set to verify with: the public one, or one with secrets in it, which is not to be taken.
fn verification_set(group: &Value) -> String {
    group.get("public").unwrap_or(&group["private"]).to_string()
}

fn verified(group: &Value, token: &str) -> Answer {
    if let Some((secret, algorithm)) = secret(group) {
        let registered: Vec<_> = SigningAlgorithm::parse(algorithm).into_iter().collect();
        return SharedSecret::new(&secret).verify(token, &registered).map_err(fault);
    }
    let jwks = verification_set(group);
    let answer = VerificationKeys::parse(&jwks)
        .map_err(fault)
        .and_then(|keys| keys.verify(token, SigningAlgorithm::ALL).map_err(fault));
    // Keys that were fetched are read with more patience, but no token profits by it.
    let fetched = VerificationKeys::parse_fetched(&jwks)
        .map_err(fault)
        .and_then(|keys| keys.verify(token, SigningAlgorithm::ALL).map_err(fault));
    assert_eq!(answer.as_ref().ok(), fetched.as_ref().ok(), "{jwks} {token}");
    answer
}

fn decrypted(group: &Value, token: &str) -> Answer {
    let Some((secret, algorithm)) = secret(group) else {
        return DecryptionKeys::parse(&group["private"].to_string())
            .map_err(fault)
            .and_then(|keys| keys.decrypt(token, KeyManagement::ALL, ContentEncryption::ALL).map_err(fault));
    };
    let keys = SharedKey::new(&secret);
    // A key for the content itself is used directly.
    let answer = match ContentEncryption::parse(algorithm) {
        Some(encryption) => keys.decrypt(token, &[KeyManagement::Dir], &[encryption]),
        None => {
            let registered: Vec<_> = KeyManagement::parse(algorithm).into_iter().collect();
            keys.decrypt(token, &registered, ContentEncryption::ALL)
        }
    };
    answer.map_err(fault)
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&decoded(token.split('.').next().unwrap())).unwrap()
}

/// Whether an exclusion is for the reason that it gives.
fn holds(exclusion: &Value, group: &Value, case: &Value) -> bool {
    let (token, keys) = (text(&case["token"]), items(&group["private"]["keys"]));
    let valid = case["result"] == "valid";
    match text(&exclusion["because"]) {
        "algorithm" => {
            let header = header(token);
            let offered = match text(&group["kind"]) {
                "jws" => SigningAlgorithm::parse(text(&header["alg"])).is_some(),
                _ => {
                    KeyManagement::parse(text(&header["alg"])).is_some()
                        && ContentEncryption::parse(text(&header["enc"])).is_some()
                }
            };
            valid && !offered
        }
        "key-algorithm" => valid && keys.iter().all(|key| key["alg"] != header(token)["alg"]),
        "compression" => valid && header(token).get("zip").is_some(),
        "alphabet" => {
            valid && !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        }
        "secret-set" => valid && keys.len() > 1 && keys.iter().all(|key| key["kty"] == "oct"),
        "repeated" => {
            let mut cases = items(&group["cases"]).iter();
            !valid
                && cases.any(|other| {
                    other["id"] == exclusion["same_as"] && other["result"] == "valid" && other["token"] == token
                })
        }
        _ => false,
    }
}

/// Answers every case of a file and compares with what upstream says, turned round where the exclusions say so. Returns how many
/// cases there are, and how many of them are accepted.
fn answers(name: &str, vectors: &str) -> (usize, usize) {
    let (vectors, exclusions) = (parsed(vectors), parsed(EXCLUSIONS));
    let exclusions = items(&exclusions[name]);
    let excluded = |case: &Value| {
        exclusions.iter().find(|exclusion| items(&exclusion["ids"]).iter().any(|excluded| *excluded == case["id"]))
    };
    let (mut cases, mut accepted, mut turned, mut wrong) = (0, 0, 0, Vec::new());
    for group in items(&vectors["groups"]) {
        for case in items(&group["cases"]) {
            let token = text(&case["token"]);
            let answer = match text(&group["kind"]) {
                "jws" => verified(group, token),
                _ => decrypted(group, token),
            };
            let exclusion = excluded(case);
            if let Some(exclusion) = exclusion {
                turned += 1;
                assert!(holds(exclusion, group, case), "{name} {}: not {}", id(case), exclusion["because"]);
            }
            let valid = match text(&case["result"]) {
                "valid" => true,
                "invalid" => false,
                other => panic!("{name} {}: {other}", id(case)),
            };
            if answer.is_ok() != (valid != exclusion.is_some()) {
                wrong.push(format!("{} {} {}: {answer:?}", id(case), case["comment"], case["result"]));
            }
            if let Ok(content) = &answer {
                accepted += 1;
                if group["kind"] == "jws" {
                    assert_eq!(*content, decoded(token.split('.').nth(1).unwrap()), "{name} {}", id(case));
                } else if let Some(plaintext) = case.get("plaintext") {
                    assert_eq!(hex(content), text(plaintext), "{name} {}", id(case));
                }
            }
            cases += 1;
        }
    }
    let listed: usize = exclusions.iter().map(|exclusion| items(&exclusion["ids"]).len()).sum();
    println!("{name}: {cases} cases, {accepted} accepted, {} refused, {turned} not as upstream says", cases - accepted);
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    assert_eq!(turned, listed, "{name}: an exclusion names no case, or one twice");
    (cases, accepted)
}

#[test]
fn every_signature_is_answered_as_wycheproof_says() {
    let vectors = include_str!("vectors/wycheproof/json_web_signature.json");
    assert_eq!(answers("json_web_signature", vectors), (401, 42));
}

#[test]
fn every_encryption_is_answered_as_wycheproof_says() {
    let vectors = include_str!("vectors/wycheproof/json_web_encryption.json");
    assert_eq!(answers("json_web_encryption", vectors), (139, 42));
}

#[test]
fn every_key_is_answered_as_wycheproof_says() {
    let vectors = include_str!("vectors/wycheproof/json_web_key.json");
    assert_eq!(answers("json_web_key", vectors), (26, 4));
}

#[test]
fn every_mixed_case_is_answered_as_wycheproof_says() {
    let vectors = include_str!("vectors/wycheproof/json_web_crypto.json");
    assert_eq!(answers("json_web_crypto", vectors), (83, 5));
}

#[test]
fn no_private_or_secret_key_passes_for_a_public_one() {
    for vectors in [
        include_str!("vectors/wycheproof/json_web_signature.json"),
        include_str!("vectors/wycheproof/json_web_encryption.json"),
        include_str!("vectors/wycheproof/json_web_key.json"),
        include_str!("vectors/wycheproof/json_web_crypto.json"),
    ] {
        for group in items(&parsed(vectors)["groups"]) {
            let jwks = group["private"].to_string();
            assert!(VerificationKeys::parse(&jwks).is_err(), "{jwks}");
        }
    }
}

#[test]
fn the_examples_whose_keys_name_a_wrong_algorithm_verify_without_it() {
    // Else ES512 had no vector at all.
    let vectors = parsed(include_str!("vectors/wycheproof/json_web_signature.json"));
    let mut verified = Vec::new();
    for group in items(&vectors["groups"]) {
        for case in items(&group["cases"]).iter().filter(|case| [346, 347, 350, 351].contains(&id(case))) {
            let mut key = group["public"]["keys"][0].clone();
            key.as_object_mut().unwrap().remove("alg").unwrap();
            let keys = VerificationKeys::parse(&json!({ "keys": [key] }).to_string()).unwrap();
            let payload = keys.verify(text(&case["token"]), SigningAlgorithm::ALL).unwrap();
            assert!(payload.starts_with(b"It\xe2\x80\x99s a dangerous business, Frodo"));
            verified.push(id(case));
        }
    }
    assert_eq!(verified, [346, 347, 350, 351]);
}

#[test]
fn only_points_on_the_curve_are_keys() {
    let vectors = parsed(include_str!("vectors/wycheproof/ec_public_keys.json"));
    let (mut on, mut off) = (0, 0);
    for case in items(&vectors["cases"]) {
        let jwks = json!({ "keys": [case["key"]] }).to_string();
        let (keys, fetched) = (VerificationKeys::parse(&jwks), VerificationKeys::parse_fetched(&jwks).unwrap());
        if case["result"] == "valid" {
            on += 1;
            assert_eq!((keys.unwrap().len(), fetched.len()), (1, 1), "{case}");
        } else {
            off += 1;
            assert!(keys.is_err(), "{case}");
            assert_eq!((fetched.len(), fetched.skipped().len()), (0, 1), "{case}");
        }
    }
    assert_eq!((on, off), (142, 51));
}
