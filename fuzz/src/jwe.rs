//! An encrypted token, held against many keys.

use std::{collections::HashMap, sync::LazyLock};

use parjar::jose::{ContentEncryption, DecryptionKeys, KeyManagement, SharedKey, TokenFault};
use serde::Deserialize;
use serde_json::Value;

use super::tokens::{decode, encode};

#[derive(Deserialize)]
struct Data {
    sets: Vec<Value>,
    shared: Vec<String>,
    genuine: HashMap<String, String>,
}

struct Keys {
    sets: Vec<DecryptionKeys>,
    shared: Vec<SharedKey>,
    /// All tokens that anybody ever made for these keys, and what is in them.
    genuine: HashMap<String, String>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let data: Data = serde_json::from_str(include_str!("../data/jwe.json")).expect("keys");
    let sets = data.sets.iter().map(|set| DecryptionKeys::parse(&set.to_string()).expect("a set"));
    let shared = data.shared.iter().map(|key| SharedKey::new(&decode(key)));
    Keys { sets: sets.collect(), shared: shared.collect(), genuine: data.genuine }
});

pub fn run(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    for keys in &KEYS.sets {
        check(token, |algorithms, encryptions| keys.decrypt(token, algorithms, encryptions));
    }
    for key in &KEYS.shared {
        check(token, |algorithms, encryptions| key.decrypt(token, algorithms, encryptions));
    }
}

fn check(token: &str, decrypt: impl Fn(&[KeyManagement], &[ContentEncryption]) -> Result<Vec<u8>, TokenFault>) {
    use TokenFault::{Algorithm, Compressed, Critical, Decryption, KeyInHeader, Malformed, TooLarge, Unencoded};
    match decrypt(KeyManagement::ALL, ContentEncryption::ALL) {
        Ok(plaintext) => {
            assert_eq!(KEYS.genuine.get(token), Some(&encode(&plaintext)), "a forgery: {token}");
            let header = token.split('.').next().expect("a header");
            let header: Value = serde_json::from_slice(&decode(header)).expect("a header");
            let (algorithm, encryption) = (header["alg"].as_str(), header["enc"].as_str());
            let algorithms: Vec<_> =
                KeyManagement::ALL.iter().copied().filter(|other| Some(other.as_str()) != algorithm).collect();
            let encryptions: Vec<_> =
                ContentEncryption::ALL.iter().copied().filter(|other| Some(other.as_str()) != encryption).collect();
            for (algorithms, encryptions) in
                [(&*algorithms, ContentEncryption::ALL), (KeyManagement::ALL, &*encryptions)]
            {
                let outcome = decrypt(algorithms, encryptions);
                assert_eq!(outcome, Err(Algorithm), "by an algorithm that is not offered: {token}");
            }
        }
        Err(TooLarge | Malformed | Critical | Unencoded | Compressed | KeyInHeader | Algorithm | Decryption) => {}
        Err(other) => panic!("{other} says too much: {token}"),
    }
}
