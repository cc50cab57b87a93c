//! A symmetric key that both sides hold as it is.

use std::fmt;

use zeroize::Zeroizing;

use super::{
    ContentEncryption, KeyManagement, MAX_TOKEN, TokenFault, compact::Jwe, key_management::decrypt_with_shared_key,
};

/// A symmetric key for `dir`, AES key wrap and AES GCM key encryption. It is used as it is, so it must have the length that an
/// algorithm demands. (The keys of clients are derived from their secrets: see OpenID Connect Core section 10.2.)
#[derive(Clone)]
pub struct SharedKey(Zeroizing<Vec<u8>>);

impl SharedKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Zeroizing::new(key.to_vec()))
    }

    /// Decrypts a compact JWE that uses one of `algorithms` and `encryptions`.
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
        let fits = algorithm.is_symmetric() && self.0.len() == algorithm.key_length(encryption);
        let plaintext = || decrypt_with_shared_key(&self.0, &jwe, algorithm, encryption);
        fits.then(plaintext).flatten().ok_or(TokenFault::Decryption)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(..)")
    }
}
