//! A signed token, held against many keys.

use std::{collections::HashSet, sync::LazyLock};

use parjar::jose::{SharedSecret, SigningAlgorithm, TokenFault, VerificationKeys};
use serde::Deserialize;
use serde_json::Value;

use super::tokens::decode;

#[derive(Deserialize)]
struct Data {
    sets: Vec<Value>,
    secrets: Vec<String>,
    genuine: HashSet<String>,
}

struct Keys {
    sets: Vec<VerificationKeys>,
    secrets: Vec<SharedSecret>,
    /// All tokens that anybody ever made with these keys.
    genuine: HashSet<String>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let data: Data = serde_json::from_str(include_str!("../data/jws.json")).expect("keys");
    Keys {
        sets: data.sets.iter().map(|set| VerificationKeys::parse(&set.to_string()).expect("a set")).collect(),
        secrets: data.secrets.iter().map(|secret| SharedSecret::new(&decode(secret))).collect(),
        genuine: data.genuine,
    }
});

pub fn run(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    for set in &KEYS.sets {
        check(token, |algorithms| set.verify(token, algorithms));
    }
    for secret in &KEYS.secrets {
        check(token, |algorithms| secret.verify(token, algorithms));
    }
}

fn check(token: &str, verify: impl Fn(&[SigningAlgorithm]) -> Result<Vec<u8>, TokenFault>) {
    use TokenFault::{
        Algorithm, Compressed, Critical, KeyInHeader, Malformed, NoKey, Signature, TooLarge, Type, Unencoded,
    };
    match verify(SigningAlgorithm::ALL) {
        Ok(payload) => {
            assert!(KEYS.genuine.contains(token), "a forgery: {token}");
            let segments: Vec<_> = token.split('.').collect();
            let [header, encoded, _] = *segments else { panic!("not of three segments: {token}") };
            assert_eq!(payload, decode(encoded));
            let header: Value = serde_json::from_slice(&decode(header)).expect("a header");
            let algorithm = header["alg"].as_str().and_then(SigningAlgorithm::parse).expect("an algorithm");
            let others: Vec<_> =
                SigningAlgorithm::ALL.iter().copied().filter(|other| !other.is_same(algorithm)).collect();
            assert_eq!(verify(&others), Err(Algorithm), "by an algorithm that is not offered: {token}");
            assert!(verify(&[algorithm]).is_ok_and(|again| again == payload));
        }
        Err(
            TooLarge | Malformed | Critical | Unencoded | Compressed | KeyInHeader | Type | Algorithm | NoKey
            | Signature,
        ) => {}
        Err(other) => panic!("{other} is nothing that a signature can be: {token}"),
    }
}
