//! A secret that both sides hold: MACs, and keys derived from it.

use std::fmt;

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    ContentEncryption, KeyManagement, MAX_TOKEN, SigningAlgorithm, TokenFault,
    compact::{Jwe, Jws},
    key_management,
    mac::Hash,
    permitted::Permitted,
    verified::Verifier,
};
use crate::protocol::authentication_key::AuthenticationKey;

/// A secret that both sides hold, such as a `client_secret`. No key of another kind can become one, so that a public key is never
/// used as the key of a MAC.
#[derive(Clone)]
pub struct SharedSecret(Zeroizing<Vec<u8>>);

impl SharedSecret {
    /// A secret of these bytes. To be used for a MAC it must be as long as its hash: 32, 48 or 64 bytes (RFC 7518 section 3.2).
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Zeroizing::new(secret.to_vec()))
    }

    /// Returns `true` if the secret is long enough for this algorithm.
    #[must_use]
    pub fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        self.hash_for(algorithm).is_some()
    }

    /// Verifies the MAC of a compact JWS that uses one of `algorithms`, and gives its payload. As for
    /// [`VerificationKeys::verify`](super::VerificationKeys::verify), its claims have yet to be checked.
    ///
    /// # Errors
    ///
    /// When the token is malformed, of another algorithm, or has the MAC of another secret.
    pub fn verify(&self, token: &str, algorithms: &[SigningAlgorithm]) -> Result<Vec<u8>, TokenFault> {
        Jws::parse(token, MAX_TOKEN)?.verify_payload(self, &Permitted::any_of(algorithms))
    }

    /// Decrypts with a key derived from the secret (OpenID Connect Core section 10.2).
    pub(crate) fn decrypt(
        &self,
        jwe: &Jwe<'_>,
        algorithm: KeyManagement,
        encryption: ContentEncryption,
    ) -> Result<Vec<u8>, TokenFault> {
        let length = algorithm.key_length(encryption);
        let digest = Zeroizing::new(match length {
            0..=32 => Sha256::digest(&self.0).to_vec(),
            33..=48 => Sha384::digest(&self.0).to_vec(),
            _ => Sha512::digest(&self.0).to_vec(),
        });
        let key = digest.get(..length).ok_or(TokenFault::Decryption)?;
        key_management::decrypt_with_shared_key(key, jwe, algorithm, encryption).ok_or(TokenFault::Decryption)
    }

    /// The hash function of an algorithm that the secret is long enough for.
    fn hash_for(&self, algorithm: SigningAlgorithm) -> Option<Hash> {
        let hash = match algorithm {
            SigningAlgorithm::Hs256 => Hash::Sha256,
            SigningAlgorithm::Hs384 => Hash::Sha384,
            SigningAlgorithm::Hs512 => Hash::Sha512,
            _ => return None,
        };
        (self.0.len() >= hash.length()).then_some(hash)
    }
}

impl Verifier for SharedSecret {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault> {
        let hash = self.hash_for(permitted.algorithm_of(jws)?).ok_or(TokenFault::NoKey)?;
        #[cfg(test)]
        crate::work::count(|work| &mut work.macs);
        let expected = hash.mac(&self.0, &[jws.signing_input.as_bytes()]).ok_or(TokenFault::Signature)?;
        if expected.ct_eq(&jws.signature).into() { Ok(None) } else { Err(TokenFault::Signature) }
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}
