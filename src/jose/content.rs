//! The content of a JWE (RFC 7518 section 5): the tag is whole, it is compared in constant time, and it comes before the padding.

use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::PKey,
    sign::Signer,
    symm::{self, Cipher},
};
use subtle::ConstantTimeEq as _;

use super::{ContentEncryption, compact::Jwe};

/// Bytes of an AES block, and of the tag of AES GCM.
const BLOCK: usize = 16;
/// Bytes of the initialization vector of AES GCM.
const GCM_VECTOR: usize = 12;

impl ContentEncryption {
    /// Returns `true` if the public parts have their lengths. OpenSSL takes shorter tags, and panics on missing vectors.
    pub(super) fn fits(self, jwe: &Jwe<'_>) -> bool {
        let (vector, tag, blocks) = match self {
            Self::A128Gcm | Self::A256Gcm => (GCM_VECTOR, BLOCK, true),
            Self::A128CbcHs256 | Self::A256CbcHs512 => {
                let blocks = !jwe.ciphertext.is_empty() && jwe.ciphertext.len().is_multiple_of(BLOCK);
                (BLOCK, self.key_length() / 2, blocks)
            }
        };
        jwe.initialization_vector.len() == vector && jwe.tag.len() == tag && blocks
    }

    /// Decrypts content that [`fits`](Self::fits), with a key of the right length. `None` for a wrong key, tag or padding alike.
    pub(super) fn decrypt(self, key: &[u8], jwe: &Jwe<'_>) -> Option<Vec<u8>> {
        match self {
            Self::A128Gcm => gcm(Cipher::aes_128_gcm(), key, jwe),
            Self::A256Gcm => gcm(Cipher::aes_256_gcm(), key, jwe),
            Self::A128CbcHs256 => cbc(Cipher::aes_128_cbc(), MessageDigest::sha256(), key, jwe),
            Self::A256CbcHs512 => cbc(Cipher::aes_256_cbc(), MessageDigest::sha512(), key, jwe),
        }
    }
}

fn gcm(cipher: Cipher, key: &[u8], jwe: &Jwe<'_>) -> Option<Vec<u8>> {
    let vector = Some(&*jwe.initialization_vector);
    symm::decrypt_aead(cipher, key, vector, jwe.additional_data.as_bytes(), &jwe.ciphertext, &jwe.tag).ok()
}

/// RFC 7518 section 5.2.2.2.
fn cbc(cipher: Cipher, digest: MessageDigest, key: &[u8], jwe: &Jwe<'_>) -> Option<Vec<u8>> {
    let (mac_key, key) = key.split_at_checked(key.len() / 2)?;
    let expected = authenticate(digest, mac_key, jwe).ok()?;
    let expected = expected.get(..mac_key.len())?;
    if !bool::from(expected.ct_eq(&jwe.tag)) {
        return None;
    }
    symm::decrypt(cipher, key, Some(&jwe.initialization_vector), &jwe.ciphertext).ok()
}

fn authenticate(digest: MessageDigest, key: &[u8], jwe: &Jwe<'_>) -> Result<Vec<u8>, ErrorStack> {
    let key = PKey::hmac(key)?;
    let mut signer = Signer::new(digest, &key)?;
    let bits = (jwe.additional_data.len() as u64).wrapping_mul(8);
    for part in [jwe.additional_data.as_bytes(), &jwe.initialization_vector, &jwe.ciphertext, &bits.to_be_bytes()] {
        signer.update(part)?;
    }
    signer.sign_to_vec()
}
