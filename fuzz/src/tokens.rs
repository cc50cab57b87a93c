//! Tokens around whatever a fuzzer comes up with, and what is demanded of the dates in them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jws::{HS256, HS384, HS512, JwsSigner as _};
use openssl::symm::{Cipher, encrypt_aead};
use serde_json::Value;

use super::{
    json,
    server::{ISSUER, NOW},
};

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// A compact JWS with a MAC, whatever header and payload say. Unless `algorithm` is another MAC, it is HS256.
pub fn mac(header: &[u8], payload: &[u8], algorithm: &str, secret: &[u8]) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let algorithm = match algorithm {
        "HS384" => HS384,
        "HS512" => HS512,
        _ => HS256,
    };
    let mac = algorithm.signer_from_bytes(secret).and_then(|signer| signer.sign(input.as_bytes())).expect("a MAC");
    format!("{input}.{}", encode(mac))
}

/// A compact JWE by `dir`, whatever the header says: AES GCM, for a key of 16 or 32 bytes.
pub fn seal(header: &[u8], plaintext: &[u8], key: &[u8]) -> String {
    const VECTOR: [u8; 12] = [0; 12];
    let cipher = if key.len() == 32 { Cipher::aes_256_gcm() } else { Cipher::aes_128_gcm() };
    let header = encode(header);
    let mut tag = [0; 16];
    let ciphertext =
        encrypt_aead(cipher, key, Some(&VECTOR), header.as_bytes(), plaintext, &mut tag).expect("a ciphertext");
    format!("{header}..{}.{}.{}", encode(VECTOR), encode(ciphertext), encode(tag))
}

/// Whether `aud` is the issuer, or an array with it.
pub fn is_meant_for_issuer(claims: &[(String, Value)]) -> bool {
    match json::get(claims, "aud") {
        Some(Value::String(one)) => one == ISSUER,
        Some(Value::Array(several)) => several.iter().any(|one| one == ISSUER),
        _ => false,
    }
}

/// What holds for the dates of every token that is accepted, if it may live for `lifetime` seconds from its `start`. In floating
/// point, and therefore with a second to spare.
pub fn check_dates(claims: &[(String, Value)], start: Option<f64>, lifetime: i64) {
    const LEEWAY: f64 = 10.0;
    let now = NOW as f64;
    for name in ["nbf", "iat"] {
        if let Some(date) = date(claims, name) {
            assert!(date <= now + LEEWAY + 1.0, "{name} {date}");
        }
    }
    let expiry = date(claims, "exp").expect("exp");
    assert!(expiry >= now + 1.0, "expired at {expiry}");
    let start = start.unwrap_or(now + LEEWAY);
    assert!(expiry <= start + lifetime as f64 + 1.0, "from {start} to {expiry}");
}

/// A date, which must be a number where there is one.
pub fn date(claims: &[(String, Value)], name: &str) -> Option<f64> {
    json::get(claims, name).map(|value| value.as_f64().expect("a number"))
}
