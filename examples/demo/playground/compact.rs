//! JWTs in their compact form, and how a person can read them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{JoseError, jws::JwsSigner};
use serde_json::{Map, Value};

use super::wire::shortened;

pub(super) fn header(token_type: &str, algorithm: &str) -> Map<String, Value> {
    Map::from_iter([("typ".to_owned(), token_type.into()), ("alg".to_owned(), algorithm.into())])
}

pub(super) fn signed(header: &Map<String, Value>, claims: &str, signer: &dyn JwsSigner) -> Result<String, JoseError> {
    let message = message(header, claims);
    let signature = signer.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", encoded(signature)))
}

/// A token of the algorithm `none`, which no server may take.
pub(super) fn unsigned(token_type: &str, claims: &str) -> String {
    format!("{}.", message(&header(token_type, "none"), claims))
}

/// The token with other claims under the same signature.
pub(super) fn tampered(token: &str, claims: &str) -> String {
    let mut segments = token.split('.');
    let (header, signature) = (segments.next().unwrap_or_default(), segments.nth(1).unwrap_or_default());
    format!("{header}.{}.{signature}", encoded(claims))
}

fn message(header: &Map<String, Value>, claims: &str) -> String {
    let header = serde_json::to_string(header).unwrap_or_default();
    format!("{}.{}", encoded(header), encoded(claims))
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a token whose signature is not looked at.
pub(super) fn claims(token: &str) -> Option<Map<String, Value>> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// A token as a person can read it.
pub(super) struct Decoded {
    pub(super) title: &'static str,
    /// The header, and where that is legible the claims.
    pub(super) parts: Vec<String>,
    /// Whether it is shown without being asked for.
    pub(super) open: bool,
}

impl Decoded {
    pub(super) fn of(title: &'static str, token: &str, open: bool) -> Self {
        let segments: Vec<&str> = token.split('.').collect();
        // Of the five segments of an encrypted token, only the header says anything.
        let legible = if segments.len() == 3 { 2 } else { 1 };
        let text = |segment: &&str| {
            let bytes = URL_SAFE_NO_PAD.decode(segment).ok()?;
            String::from_utf8(bytes).ok().map(shortened)
        };
        Self { title, parts: segments.iter().take(legible).filter_map(text).collect(), open }
    }
}
