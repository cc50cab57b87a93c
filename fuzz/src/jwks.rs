//! A JWK set: as a client registers it, as it is fetched, and as the server's own with private halves.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parjar::jose::{DecryptionKeys, KeySetError, SigningAlgorithm, VerificationKeys};
use serde::Deserialize;
use serde_json::Value;

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A token, and the member that tells its key from all others.
#[derive(Deserialize)]
struct Signed {
    token: String,
    member: String,
    value: Value,
}

static SIGNED: LazyLock<Vec<Signed>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/signed.json")).expect("tokens"));

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let listed = serde_json::from_str::<Value>(text).ok();
    let listed = listed.as_ref().and_then(|set| set["keys"].as_array());
    let registered = VerificationKeys::parse(text);
    let fetched = VerificationKeys::parse_fetched(text);
    check_modes(&registered, &fetched);
    if let Ok(keys) = &fetched {
        check_public(keys, listed.expect("a set"));
    }
    match DecryptionKeys::parse(text) {
        Ok(private) => {
            check_private(&private, listed.expect("a set"));
            assert!(listed.is_some_and(Vec::is_empty) || registered.is_err(), "a private set passes for a public one");
        }
        Err(error) => check_error(error),
    }
}

/// What was fetched is read with more patience, and no differently.
fn check_modes(registered: &Result<VerificationKeys, KeySetError>, fetched: &Result<VerificationKeys, KeySetError>) {
    match (registered, fetched) {
        (Ok(registered), Ok(fetched)) => {
            assert_eq!((registered.len(), registered.skipped()), (fetched.len(), fetched.skipped()));
        }
        (Err(error), Ok(fetched)) => {
            check_error(*error);
            let KeySetError::Key(key) = error else { panic!("{error}, but not when it is fetched") };
            assert!(fetched.skipped().contains(key));
        }
        (Err(error), Err(other)) => {
            check_error(*error);
            assert_eq!(error, other);
            assert!(!matches!(error, KeySetError::Key(_)));
        }
        (Ok(_), Err(error)) => panic!("{error}, but only when it is fetched"),
    }
}

fn check_error(error: KeySetError) {
    let text = error.to_string();
    assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x7E) && byte != b'"'), "{text}");
}

fn check_public(keys: &VerificationKeys, listed: &[Value]) {
    assert!(keys.len() <= 512);
    assert_eq!(keys.len() + keys.skipped().len(), listed.len());
    let is_usable = |index: usize| keys.skipped().iter().all(|skipped| skipped.index() != index);
    let usable: Vec<_> = (0..listed.len()).filter(|index| is_usable(*index)).map(|index| &listed[index]).collect();
    assert_eq!(usable.len(), keys.len());
    for key in &usable {
        assert!(PRIVATE.into_iter().all(|member| key.get(member).is_none_or(is_empty)), "{key}");
        assert!(key.get("use").is_none_or(|usage| usage == "sig" || is_empty(usage)), "{key}");
        match key["kty"].as_str() {
            Some("RSA") => {
                let (modulus, exponent) = (number(&key["n"]), number(&key["e"]));
                assert!((256..=512).contains(&modulus.len()) && modulus.last().is_some_and(|byte| byte % 2 == 1));
                assert!(exponent.len() > 2 && exponent.last().is_some_and(|byte| byte % 2 == 1), "{key}");
            }
            Some("EC") => assert!(matches!(key["crv"].as_str(), Some("P-256" | "P-384" | "P-521")), "{key}"),
            Some("OKP") => assert_eq!(key["crv"], "Ed25519", "{key}"),
            _ => panic!("no key to verify with: {key}"),
        }
    }
    for Signed { token, member, value } in &*SIGNED {
        if keys.verify(token, SigningAlgorithm::ALL).is_ok() {
            let is_signer = |key: &&Value| number(&key[member]) == number(value);
            assert!(usable.iter().any(is_signer), "a foreign key verifies {token}");
        }
    }
}

/// As good as absent.
fn is_empty(value: &Value) -> bool {
    [Value::Null, "".into(), Value::Array(Vec::new()), Value::Object(Default::default())].contains(value)
}

/// The bytes of a number, without leading zeros.
fn number(value: &Value) -> Vec<u8> {
    let bytes = value.as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

fn check_private(keys: &DecryptionKeys, listed: &[Value]) {
    let public = keys.public_jwks();
    let published = public["keys"].as_array().expect("a set");
    assert_eq!(published.len(), listed.len());
    for (index, key) in published.iter().enumerate() {
        assert!(PRIVATE.into_iter().all(|member| key.get(member).is_none()), "{key}");
        assert_eq!(key["use"], "enc");
        assert!(key["kid"].is_string());
        assert!(published.iter().skip(index + 1).all(|other| other["kid"] != key["kid"]), "{public}");
    }
    // They are to encrypt to, and nobody can take them for keys to verify with.
    assert!(VerificationKeys::parse_fetched(&public.to_string()).is_ok_and(|keys| keys.is_empty()), "{public}");
}
