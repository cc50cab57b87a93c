//! The content of a JWE (RFC 7518 section 5): the tag is whole, it is compared in constant time, and it comes before the padding.

use subtle::ConstantTimeEq as _;

use super::{
    ContentEncryption,
    backend::{Ciphers, Decrypt as _},
    compact::Jwe,
    mac::Hash,
};

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
            Self::A128Gcm | Self::A256Gcm => {
                let additional_data = jwe.additional_data.as_bytes();
                Ciphers::open_gcm(key, &jwe.initialization_vector, additional_data, &jwe.ciphertext, &jwe.tag)
            }
            Self::A128CbcHs256 => cbc(Hash::Sha256, key, jwe),
            Self::A256CbcHs512 => cbc(Hash::Sha512, key, jwe),
        }
    }
}

/// RFC 7518 section 5.2.2.2.
fn cbc(hash: Hash, key: &[u8], jwe: &Jwe<'_>) -> Option<Vec<u8>> {
    let (mac_key, key) = key.split_at_checked(key.len() / 2)?;
    let additional_data = jwe.additional_data.as_bytes();
    let bits = (additional_data.len() as u64).wrapping_mul(8).to_be_bytes();
    let expected = hash.mac(mac_key, &[additional_data, &jwe.initialization_vector, &jwe.ciphertext, &bits])?;
    let expected = expected.get(..mac_key.len())?;
    if !bool::from(expected.ct_eq(&jwe.tag)) {
        return None;
    }
    Ciphers::decrypt_cbc(key, &jwe.initialization_vector, &jwe.ciphertext)
}
