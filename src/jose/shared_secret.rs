//! A secret that both sides hold: MACs, and keys derived from it.

use std::fmt;

use josekit::jws::{HS256, HS384, HS512, JwsSigner, alg::hmac::HmacJwsSigner};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    ContentEncryption, KeyManagement, MAX_TOKEN, SigningAlgorithm, TokenFault,
    compact::{Jwe, Jws},
    key_management,
    permitted::Permitted,
    verified::Verifier,
};
use crate::protocol::authentication_key::AuthenticationKey;

/// A secret that both sides hold, such as a `client_secret`. No key of another kind can become one, so that a public key is never
/// used as the key of a MAC.
#[derive(Clone)]
pub struct SharedSecret {
    secret: Zeroizing<Vec<u8>>,
    /// For HS256, HS384 and HS512, as far as the secret is long enough.
    signers: [Option<HmacJwsSigner>; 3],
}

impl SharedSecret {
    /// A secret of these bytes. To be used for a MAC it must be as long as its hash: 32, 48 or 64 bytes (RFC 7518 section 3.2).
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let signers = [HS256, HS384, HS512].map(|algorithm| algorithm.signer_from_bytes(secret).ok());
        Self { secret: Zeroizing::new(secret.to_vec()), signers }
    }

    /// Returns `true` if the secret is long enough for this algorithm.
    #[must_use]
    pub fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        self.signer(algorithm).is_some()
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
            0..=32 => Sha256::digest(&self.secret).to_vec(),
            33..=48 => Sha384::digest(&self.secret).to_vec(),
            _ => Sha512::digest(&self.secret).to_vec(),
        });
        let key = digest.get(..length).ok_or(TokenFault::Decryption)?;
        key_management::decrypt_with_shared_key(key, jwe, algorithm, encryption).ok_or(TokenFault::Decryption)
    }

    fn signer(&self, algorithm: SigningAlgorithm) -> Option<&HmacJwsSigner> {
        let [hs256, hs384, hs512] = &self.signers;
        match algorithm {
            SigningAlgorithm::Hs256 => hs256.as_ref(),
            SigningAlgorithm::Hs384 => hs384.as_ref(),
            SigningAlgorithm::Hs512 => hs512.as_ref(),
            _ => None,
        }
    }
}

impl Verifier for SharedSecret {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault> {
        let signer = self.signer(permitted.algorithm_of(jws)?).ok_or(TokenFault::NoKey)?;
        let expected = signer.sign(jws.signing_input.as_bytes()).map_err(|_| TokenFault::Signature)?;
        if expected.ct_eq(&jws.signature).into() { Ok(None) } else { Err(TokenFault::Signature) }
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}
