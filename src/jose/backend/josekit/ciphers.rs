//! AES: key wrapping by josekit, content by OpenSSL.

use josekit::jwe::{A128KW, A192KW, A256KW};
use openssl::symm::{self, Cipher};
use zeroize::Zeroizing;

use super::{Decrypt, decrypted};

pub(in crate::jose) enum Ciphers {}

impl Decrypt for Ciphers {
    fn unwrap_key(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = match key.len() {
            16 => A128KW,
            24 => A192KW,
            _ => A256KW,
        };
        decrypted(&algorithm.decrypter_from_bytes(key).ok()?, wrapped)
    }

    fn open_gcm(key: &[u8], vector: &[u8], additional_data: &[u8], ciphertext: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
        let cipher = match key.len() {
            16 => Cipher::aes_128_gcm(),
            24 => Cipher::aes_192_gcm(),
            _ => Cipher::aes_256_gcm(),
        };
        symm::decrypt_aead(cipher, key, Some(vector), additional_data, ciphertext, tag).ok()
    }

    fn decrypt_cbc(key: &[u8], vector: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
        let cipher = if key.len() == 16 { Cipher::aes_128_cbc() } else { Cipher::aes_256_cbc() };
        symm::decrypt(cipher, key, Some(vector), ciphertext).ok()
    }
}
