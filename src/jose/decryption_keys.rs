//! The server's own keys, to which clients encrypt.

use std::fmt;

use serde_json::{Value, json};

use super::{
    ContentEncryption, KeyError, KeyManagement, KeyProblem, KeySetError, MAX_TOKEN, MAX_TRIALS, TokenFault,
    compact::Jwe, private_key::PrivateKey,
};
use crate::{json, shared_value::SharedValue};

/// Keys in a set.
const MAX_KEYS: usize = 32;

/// Private keys to which clients encrypt. Clones share them, so that a clone kept by the host can replace them at run time.
///
/// Several serve for rotation: put a new key beside the old one, publish both, and take the old one out when no client uses it any
/// more. A token names its key by `kid`; without one, three keys that fit are tried.
///
/// ```
/// use parjar::jose::DecryptionKeys;
///
/// # let (private, next) = (
/// #   r#"{ "keys": [ { "kty": "OKP", "crv": "X25519", "use": "enc", "kid": "e1",
/// #   "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo", "d": "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo" } ] }"#,
/// #   r#"{ "keys": [] }"#);
/// let keys = DecryptionKeys::parse(private)?;
/// let handle = keys.clone();
/// // ... ParEndpoint::builder(..).decryption_keys(keys), and keys.public_jwks() at the host's jwks_uri ...
/// handle.replace(&DecryptionKeys::parse(next)?);
/// assert_eq!(keys.public_jwks(), serde_json::json!({ "keys": [] }));
/// # Ok::<_, parjar::jose::KeySetError>(())
/// ```
#[derive(Clone)]
pub struct DecryptionKeys(SharedValue<[PrivateKey]>);

impl DecryptionKeys {
    /// Reads a private JWK set: RSA from 2048 to 8192 bits, and P-256, P-384 and X25519, at most 32 keys. `use` may be absent or
    /// `enc`; `alg` narrows a key down to one algorithm; without `kid` a key is called by its thumbprint (RFC 7638). The text
    /// stays the host's to wipe.
    ///
    /// # Errors
    ///
    /// When a key of the set is unusable. The error has its position.
    pub fn parse(private_jwks: &str) -> Result<Self, KeySetError> {
        let set = json::parse(private_jwks).ok_or(KeySetError::NotASet)?;
        let listed = set.get("keys").and_then(Value::as_array).ok_or(KeySetError::NotASet)?;
        if listed.len() > MAX_KEYS {
            return Err(KeySetError::TooLarge);
        }
        let mut keys: Vec<PrivateKey> = Vec::with_capacity(listed.len());
        for (index, value) in listed.iter().enumerate() {
            let key = PrivateKey::parse(value).map_err(|problem| KeyError::new(index, problem))?;
            if keys.iter().any(|other| other.kid == key.kid) {
                return Err(KeyError::new(index, KeyProblem::DuplicateKid).into());
            }
            keys.push(key);
        }
        Ok(Self(SharedValue::new(keys)))
    }

    /// Puts other keys in the place of all present ones, at once and for every clone. A token that is being decrypted goes on
    /// with the keys that it has found.
    pub fn replace(&self, others: &Self) {
        self.0.replace(others.0.get());
    }

    /// The JWK set of the public halves, for the host to publish at its `jwks_uri`. Each has `use` and `kid`.
    #[must_use]
    pub fn public_jwks(&self) -> Value {
        let keys: Vec<Value> = self.0.get().iter().map(|key| Value::Object(key.public.clone())).collect();
        json!({ "keys": keys })
    }

    /// Decrypts a compact JWE that uses one of `algorithms` and `encryptions`. It may have come from any sender.
    ///
    /// # Errors
    ///
    /// When the token is malformed or of another algorithm. For a wrong key and for wrong content alike:
    /// [`Decryption`](TokenFault::Decryption).
    pub fn decrypt(
        &self,
        token: &str,
        algorithms: &[KeyManagement],
        encryptions: &[ContentEncryption],
    ) -> Result<Vec<u8>, TokenFault> {
        let jwe = Jwe::parse(token, MAX_TOKEN)?;
        let (algorithm, encryption) = jwe.algorithms_among(algorithms, encryptions)?;
        self.open(&jwe, algorithm, encryption)
    }

    pub(crate) fn open(
        &self,
        jwe: &Jwe<'_>,
        algorithm: KeyManagement,
        encryption: ContentEncryption,
    ) -> Result<Vec<u8>, TokenFault> {
        let kid = jwe.header.kid.as_deref();
        let keys = self.0.get();
        let candidates = keys.iter().filter(|key| {
            kid.is_none_or(|kid| *key.kid == *kid) && key.algorithms.contains(&algorithm) && key.secret.may_fit(jwe)
        });
        for key in candidates.take(MAX_TRIALS) {
            #[cfg(test)]
            crate::work::count(|work| &mut work.decryptions);
            if let Some(plaintext) = key.secret.decrypt(jwe, algorithm, encryption) {
                return Ok(plaintext);
            }
        }
        Err(TokenFault::Decryption)
    }

    /// The algorithms that some key is for.
    pub(crate) fn algorithms(&self) -> Vec<KeyManagement> {
        let keys = self.0.get();
        let offers = |algorithm: &KeyManagement| keys.iter().any(|key| key.algorithms.contains(algorithm));
        KeyManagement::ALL.iter().copied().filter(offers).collect()
    }
}

impl fmt::Debug for DecryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKeys").field("keys", &self.0.get().len()).finish_non_exhaustive()
    }
}
