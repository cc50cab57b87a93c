//! The JWTs of a client: assertions (RFC 7523), and request objects (RFC 9101), which may be encrypted as well.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jwe::{self, ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP, RSA_OAEP_256},
    jwk::Jwk,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value, json, value::RawValue};

use crate::demo::{
    http::message::Answer,
    server::{Server, accounts::unix_time, issuer::Issuer, random, signer::Signer},
};

pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Seconds that either kind is good for: long enough to be sent, and not much more.
const LIFE: u64 = 60;

/// Who the client is, for one request to the server that is the audience.
pub(super) fn assertion(client_id: &str, signer: &Signer, audience: &str) -> Result<String, Answer> {
    let now = unix_time();
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": random::token()?,
        "iat": now,
        "exp": now.saturating_add(LIFE),
    });
    Ok(signer.sign("client-authentication+jwt", &claims.to_string())?)
}

/// A whole authorization request, signed.
pub(super) fn request_object(
    client_id: &str,
    parameters: &[(String, String)],
    signer: &Signer,
    issuer: &Issuer,
) -> Result<String, JoseError> {
    let claims = serde_json::to_string(&Claims { client_id, issuer, now: unix_time(), parameters });
    signer.sign("oauth-authz-req+jwt", &claims.map_err(|error| JoseError::InvalidClaim(error.into()))?)
}

/// The claims of a request object. The parameters keep their order, and their numbers every digit.
struct Claims<'a> {
    client_id: &'a str,
    issuer: &'a Issuer,
    now: u64,
    parameters: &'a [(String, String)],
}

impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut claims = serializer.serialize_map(None)?;
        claims.serialize_entry("iss", self.client_id)?;
        claims.serialize_entry("aud", self.issuer.as_str())?;
        claims.serialize_entry("nbf", &self.now)?;
        claims.serialize_entry("exp", &self.now.saturating_add(LIFE))?;
        let mut resource_done = false;
        for (name, value) in self.parameters {
            if name == "resource" {
                // What is repeated in a form is an array here (RFC 9101 section 4).
                if !std::mem::replace(&mut resource_done, true) {
                    let all = self.parameters.iter().filter(|(name, _)| name == "resource").map(|(_, value)| value);
                    claims.serialize_entry(name, &all.collect::<Vec<_>>())?;
                }
                continue;
            }
            match json_of(name, value) {
                Some(json) => claims.serialize_entry(name, json)?,
                None => claims.serialize_entry(name, value)?,
            }
        }
        claims.end()
    }
}

/// Objects and arrays, and the one parameter that is a number, are no strings in a request object.
fn json_of<'a>(name: &str, value: &'a str) -> Option<&'a RawValue> {
    let is_number = name == "max_age" && value.parse::<u64>().is_ok();
    if is_number || value.starts_with(['{', '[']) { serde_json::from_str(value).ok() } else { None }
}

/// From the one to take first to the last.
const KEY_ENCRYPTION: [&str; 5] = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256", "RSA-OAEP"];

/// Encrypts a signed token to a key of the server, with what the server's metadata offers. `None` if it offers nothing that
/// the playground knows.
pub(super) fn encrypted(token: &str, server: &Server) -> Result<Option<String>, JoseError> {
    let metadata = server.par.metadata();
    let offered = |member: &str| {
        let values = metadata.get(member).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let algorithms = offered("request_object_encryption_alg_values_supported");
    let encryptions = offered("request_object_encryption_enc_values_supported");
    let keys: Value = serde_json::from_str(&server.jwks).unwrap_or_default();
    let keys = keys.get("keys").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let fitting = |key: &Map<String, Value>| {
        let known = KEY_ENCRYPTION.iter().filter(|algorithm| algorithms.contains(algorithm));
        known.filter_map(|algorithm| encrypter(algorithm, key)).next()
    };
    let encrypter = keys.filter(|key| key.get("use").is_some_and(|usage| usage == "enc")).find_map(fitting);
    let (Some(encrypter), Some(encryption)) = (encrypter, encryptions.first()) else { return Ok(None) };
    let mut header = JweHeader::new();
    header.set_content_encryption(*encryption);
    // RFC 7519 section 5.2: what is in there is a JWT itself.
    header.set_content_type("JWT");
    jwe::serialize_compact(token.as_bytes(), &header, &*encrypter).map(Some)
}

fn encrypter(algorithm: &str, key: &Map<String, Value>) -> Option<Box<dyn JweEncrypter>> {
    let jwk = Jwk::from_map(key.clone()).ok()?;
    Some(match algorithm {
        "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&jwk).ok()?),
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&jwk).ok()?),
        "ECDH-ES" => Box::new(ECDH_ES.encrypter_from_jwk(&jwk).ok()?),
        "ECDH-ES+A128KW" => Box::new(ECDH_ES_A128KW.encrypter_from_jwk(&jwk).ok()?),
        "ECDH-ES+A256KW" => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&jwk).ok()?),
        _ => return None,
    })
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
        let text = |segment: &&str| String::from_utf8(URL_SAFE_NO_PAD.decode(segment).ok()?).ok();
        Self { title, parts: segments.iter().take(legible).filter_map(text).collect(), open }
    }
}
