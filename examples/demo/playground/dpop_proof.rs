//! Proofs of possession (RFC 9449): a JWT in a header, by a key that tokens are bound to.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::client_key::ClientKey;
use crate::demo::{
    http::message::Answer,
    server::{accounts::unix_time, random},
};

/// A proof for one request. `nonce` is the one that the server has asked for last.
pub(super) fn sign(
    key: &ClientKey,
    method: &str,
    url: &str,
    nonce: Option<&str>,
    access_token: Option<&str>,
) -> Result<String, Answer> {
    let mut claims = json!({ "jti": random::token()?, "htm": method, "htu": url, "iat": unix_time() });
    if let Some(claims) = claims.as_object_mut() {
        let hash = access_token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        claims.extend(nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
        claims.extend(hash.map(|hash| ("ath".to_owned(), hash.into())));
    }
    Ok(key.sign_with_header("dpop+jwt", ("jwk", bare(key).into()), &claims.to_string())?)
}

/// The thumbprint of the key (RFC 7638), for requests that cannot carry a proof.
pub(super) fn thumbprint(key: &ClientKey) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(Value::Object(bare(key)).to_string()))
}

/// The members that make the key, in the order in which they are hashed.
fn bare(key: &ClientKey) -> Map<String, Value> {
    let copy = |name: &&str| key.public().get(*name).map(|value| ((*name).to_owned(), value.clone()));
    ["crv", "kty", "x", "y"].iter().filter_map(copy).collect()
}
