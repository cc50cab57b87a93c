//! Client assertions and request objects (ES256), and what it takes to do no more than verify them.

use std::{
    hint::black_box,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{ecdsa::EcdsaSig, sha::sha256};
use serde_json::{Value, json};

use crate::{
    Fault,
    clients::{Clients, ISSUER, KEY_ID, REDIRECT_URI, SCOPE, WITH_KEY},
    process,
};

/// How long tokens are good for, in seconds. It is what all servers take.
const LIFETIME: u64 = 240;

/// An assertion and a request object, each good once.
pub(crate) struct Pair {
    pub(crate) assertion: String,
    pub(crate) object: String,
}

pub(crate) fn pairs(clients: &Clients, count: usize) -> Result<Vec<Pair>, Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    // Other processes make others.
    let run = now.as_nanos();
    let now = now.as_secs();
    (0..count)
        .map(|number| {
            let assertion = json!({
                "iss": WITH_KEY, "sub": WITH_KEY, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + LIFETIME,
                "jti": format!("assertion-{run}-{number}"),
            });
            let object = json!({
                "iss": WITH_KEY, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + LIFETIME, "jti": format!("object-{run}-{number}"),
                "client_id": WITH_KEY, "response_type": "code", "redirect_uri": REDIRECT_URI, "scope": SCOPE,
                "state": "duk681S8n00GsJpe7n9boxdzen", "nonce": "n-0S6_WzA2Mj-7n9boxdz",
                "code_challenge": "K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U", "code_challenge_method": "S256",
            });
            Ok(Pair {
                assertion: sign(clients, "JWT", &assertion)?,
                object: sign(clients, "oauth-authz-req+jwt", &object)?,
            })
        })
        .collect()
}

fn sign(clients: &Clients, typ: &str, claims: &Value) -> Result<String, Fault> {
    let header = json!({ "alg": "ES256", "typ": typ, "kid": KEY_ID });
    let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
    let signature = EcdsaSig::sign(&sha256(token.as_bytes()), &clients.key)?;
    let mut bytes = signature.r().to_vec_padded(32)?;
    bytes.extend(signature.s().to_vec_padded(32)?);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(bytes, &mut token);
    Ok(token)
}

/// Verifies the signatures of so many pairs, and nothing else. Returns the CPU time for a pair in microseconds.
pub(crate) fn verify(clients: &Clients, count: usize) -> Result<f64, Fault> {
    let mut signed = Vec::new();
    for Pair { assertion, object } in pairs(clients, count)? {
        for token in [assertion, object] {
            let (input, signature) = token.rsplit_once('.').ok_or("a token without a signature")?;
            let bytes = URL_SAFE_NO_PAD.decode(signature)?;
            let (r, s) = bytes.split_at(32);
            let number = openssl::bn::BigNum::from_slice;
            signed.push((input.to_owned(), EcdsaSig::from_private_components(number(r)?, number(s)?)?));
        }
    }
    let before = process::cpu_seconds("self")?;
    for (input, signature) in &signed {
        if !signature.verify(&sha256(black_box(input.as_bytes())), &clients.key)? {
            return Err("a signature that does not verify".into());
        }
    }
    Ok((process::cpu_seconds("self")? - before) * 1e6 / count as f64)
}
