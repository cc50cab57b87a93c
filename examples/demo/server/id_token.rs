//! The ID token (OpenID Connect Core section 2): who signed in, told to the client by a signed JWT.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::JoseError;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Server, accounts::unix_time, grant::Grant};

const LIFE: u64 = 600;

pub(crate) fn id_token(server: &Server, grant: &Grant) -> Result<String, JoseError> {
    id_token_with(server, grant, &[])
}

/// An ID token that also vouches for what travels beside it: pairs of a claim (`c_hash`, `at_hash`, `s_hash`) and the value
/// it is the hash of.
pub(crate) fn id_token_with(server: &Server, grant: &Grant, beside: &[(&str, &str)]) -> Result<String, JoseError> {
    let now = unix_time();
    let mut claims = json!({
        "iss": server.issuer.as_str(),
        "sub": grant.account.subject_in(server.par.policy().profile),
        "aud": grant.request.client_id(),
        "exp": now.saturating_add(LIFE),
        "iat": now,
        "auth_time": grant.signed_in_at.unix_timestamp(),
    });
    let mut add = |name: &str, value: Value| {
        claims.as_object_mut().map(|claims| claims.insert(name.to_owned(), value));
    };
    if let Some(nonce) = grant.request.nonce() {
        add("nonce", nonce.into());
    }
    for (name, value) in beside {
        add(name, left_half_hash(value).into());
    }
    server.signer.sign("JWT", &claims.to_string())
}

/// OpenID Connect Core section 3.3.2.11, for a signature with SHA-256.
fn left_half_hash(value: &str) -> String {
    let hash = Sha256::digest(value);
    URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or_default())
}
