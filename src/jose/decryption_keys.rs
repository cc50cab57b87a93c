//! The server's own keys, to which clients encrypt.

use std::{fmt, sync::Arc};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    ContentEncryption, KeyError, KeyManagement, KeyProblem, MAX_TRIALS, TokenFault,
    compact::{Jwe, Token},
    key_management,
    private_key::PrivateKey,
    verification_keys::MAX_TOKEN,
};
use crate::json;

/// Keys in a set.
const MAX_KEYS: usize = 32;

/// Private keys to which others encrypt. Clones are cheap.
///
/// Several serve for rotation: publish a new key beside the old one, and take the old one out when no client uses it any more.
/// A token names its key by `kid`; without one, three keys that fit are tried.
#[derive(Clone)]
pub struct DecryptionKeys(Arc<Keys>);

enum Keys {
    Private(Vec<PrivateKey>),
    Shared(Zeroizing<Vec<u8>>),
}

impl DecryptionKeys {
    /// Reads a private JWK set: RSA from 2048 bits, and P-256, P-384 and X25519. `use` may be absent or `enc`; `alg` narrows a
    /// key down to one algorithm; without `kid` a key is called by its thumbprint (RFC 7638).
    ///
    /// # Errors
    ///
    /// Which key of the set is unusable, and why.
    pub fn parse(private_jwks: &str) -> Result<Self, KeyError> {
        let set = json::parse(private_jwks).ok_or(KeyError::NOT_A_SET)?;
        let listed = set.get("keys").and_then(Value::as_array).ok_or(KeyError::NOT_A_SET)?;
        if listed.len() > MAX_KEYS {
            return Err(KeyError::TOO_LARGE);
        }
        let mut keys: Vec<PrivateKey> = Vec::with_capacity(listed.len());
        for (index, value) in listed.iter().enumerate() {
            let key = PrivateKey::parse(value).map_err(|problem| KeyError::of_key(index, problem))?;
            if keys.iter().any(|other| other.kid == key.kid) {
                return Err(KeyError::of_key(index, KeyProblem::DuplicateKid));
            }
            keys.push(key);
        }
        Ok(Self(Arc::new(Keys::Private(keys))))
    }

    /// One symmetric key that the sender holds too, for `dir`, AES key wrap and AES GCM key encryption. It is used as it is, so
    /// it must have the length that an algorithm wants.
    #[must_use]
    pub fn from_shared_key(key: &[u8]) -> Self {
        Self(Arc::new(Keys::Shared(Zeroizing::new(key.to_vec()))))
    }

    /// The JWK set of the public halves, for the host to publish at its `jwks_uri`. Each has `use` and `kid`.
    #[must_use]
    pub fn public_jwks(&self) -> Value {
        let keys: Vec<Value> = self.private().iter().map(|key| Value::Object(key.public.clone())).collect();
        json!({ "keys": keys })
    }

    /// Decrypts a compact JWE that uses one of `algorithms` and `encryptions`. That it came from anybody in particular is not
    /// said by that.
    ///
    /// # Errors
    ///
    /// Why not, as far as it shows from outside; all that concerns keys and content is
    /// [`Decryption`](TokenFault::Decryption).
    pub fn decrypt(
        &self,
        token: &str,
        algorithms: &[KeyManagement],
        encryptions: &[ContentEncryption],
    ) -> Result<Vec<u8>, TokenFault> {
        let Token::Encrypted(jwe) = Token::parse(token, MAX_TOKEN)? else {
            return Err(TokenFault::Malformed);
        };
        let (algorithm, encryption) = jwe.algorithms()?;
        if !algorithms.contains(&algorithm) || !encryptions.contains(&encryption) {
            return Err(TokenFault::Algorithm);
        }
        self.open(&jwe, algorithm, encryption)
    }

    pub(crate) fn open(
        &self,
        jwe: &Jwe<'_>,
        algorithm: KeyManagement,
        encryption: ContentEncryption,
    ) -> Result<Vec<u8>, TokenFault> {
        if let Keys::Shared(key) = &*self.0 {
            let fits = key.len() == algorithm.key_length(encryption) && algorithm.is_symmetric();
            let plaintext = || key_management::decrypt_with_shared_key(key, jwe, algorithm, encryption);
            return fits.then(plaintext).flatten().ok_or(TokenFault::Decryption);
        }
        let kid = jwe.header.kid.as_deref();
        let candidates = self.private().iter().filter(|key| kid.is_none_or(|kid| *key.kid == *kid));
        let decrypters = candidates.filter_map(|key| {
            let (_, decrypter) = key.decrypters.iter().find(|(offered, _)| *offered == algorithm)?;
            Some((key.kind, decrypter))
        });
        for (kind, decrypter) in decrypters.take(MAX_TRIALS) {
            let opened = key_management::decrypt_with_private_key(&**decrypter, kind, jwe, algorithm, encryption);
            if let Some(plaintext) = opened {
                return Ok(plaintext);
            }
        }
        Err(TokenFault::Decryption)
    }

    /// The algorithms that some key is for.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = KeyManagement> {
        let offers = |algorithm: &KeyManagement| {
            self.private().iter().any(|key| key.decrypters.iter().any(|(offered, _)| offered == algorithm))
        };
        KeyManagement::ALL.iter().copied().filter(offers)
    }

    fn private(&self) -> &[PrivateKey] {
        match &*self.0 {
            Keys::Private(keys) => keys,
            Keys::Shared(_) => &[],
        }
    }
}

impl fmt::Debug for DecryptionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKeys").field("keys", &self.private().len()).finish_non_exhaustive()
    }
}
