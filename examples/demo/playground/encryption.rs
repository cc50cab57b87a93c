//! Encryption of a signed request object to a key of the server, with what the metadata of the server offers.

use josekit::{
    JoseError,
    jwe::{self, ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP, RSA_OAEP_256},
    jwk::Jwk,
};
use serde_json::{Map, Value};

use crate::demo::server::Server;

/// From the one to take first to the last.
const KEY_ENCRYPTION: [&str; 5] = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256", "RSA-OAEP"];

/// Returns `true` if the server has a key that the playground can encrypt to.
pub(super) fn is_offered(server: &Server) -> bool {
    chosen(server).is_some()
}

/// The token, encrypted. `None` if the server offers nothing that the playground knows.
pub(super) fn encrypted(token: &str, server: &Server) -> Result<Option<String>, JoseError> {
    let Some((encrypter, encryption)) = chosen(server) else { return Ok(None) };
    let mut header = JweHeader::new();
    header.set_content_encryption(encryption);
    // RFC 7519 section 5.2: what is in there is a JWT itself.
    header.set_content_type("JWT");
    jwe::serialize_compact(token.as_bytes(), &header, &*encrypter).map(Some)
}

fn chosen(server: &Server) -> Option<(Box<dyn JweEncrypter>, String)> {
    let metadata = server.par.metadata();
    let offered = |member: &str| {
        let values = metadata.get(member).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let algorithms = offered("request_object_encryption_alg_values_supported");
    let encryption = *offered("request_object_encryption_enc_values_supported").first()?;
    let keys: Value = serde_json::from_str(&server.jwks).unwrap_or_default();
    let mut keys = keys.get("keys")?.as_array()?.iter().filter_map(Value::as_object);
    let fitting = |key: &Map<String, Value>| {
        let known = KEY_ENCRYPTION.iter().filter(|algorithm| algorithms.contains(algorithm));
        known.filter_map(|algorithm| encrypter(algorithm, key)).next()
    };
    let is_for_encryption = |key: &&Map<String, Value>| key.get("use").is_some_and(|usage| usage == "enc");
    let encrypter = keys.by_ref().filter(is_for_encryption).find_map(fitting)?;
    Some((encrypter, encryption.to_owned()))
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
