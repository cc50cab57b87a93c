//! AES by AWS-LC.

use aws_lc_rs::{
    aead::{self, Aad, LessSafeKey, Nonce},
    cipher::{self, DecryptingKey, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    iv::FixedLength,
    key_wrap::{self, AesKek, KeyWrap as _},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Decrypt;

/// Bytes of half a block, in which keys are wrapped.
const SEMIBLOCK: usize = 8;

/// What comes out beside a key that was wrapped (RFC 3394 section 2.2.3.1).
const INTEGRITY: [u8; SEMIBLOCK] = [0xA6; SEMIBLOCK];

pub(in crate::jose) enum Ciphers {}

impl Decrypt for Ciphers {
    fn unwrap_key(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let kek = match key.len() {
            16 => AesKek::new(&key_wrap::AES_128, key).ok()?,
            24 => return unwrap_by_192_bits(key, wrapped),
            _ => AesKek::new(&key_wrap::AES_256, key).ok()?,
        };
        let mut output = Zeroizing::new(vec![0; wrapped.len()]);
        let length = kek.unwrap(wrapped, &mut output).ok()?.len();
        output.truncate(length);
        Some(output)
    }

    fn open_gcm(key: &[u8], vector: &[u8], additional_data: &[u8], ciphertext: &[u8], tag: &[u8]) -> Option<Vec<u8>> {
        let algorithm = match key.len() {
            16 => &aead::AES_128_GCM,
            24 => &aead::AES_192_GCM,
            _ => &aead::AES_256_GCM,
        };
        let key = LessSafeKey::new(aead::UnboundKey::new(algorithm, key).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(vector).ok()?;
        let mut plaintext = vec![0; ciphertext.len()];
        key.open_separate_gather(nonce, Aad::from(additional_data), ciphertext, tag, &mut plaintext).ok()?;
        Some(plaintext)
    }

    fn decrypt_cbc(key: &[u8], vector: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
        let algorithm = if key.len() == 16 { &cipher::AES_128 } else { &cipher::AES_256 };
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
        let context = DecryptionContext::Iv128(FixedLength::try_from(vector).ok()?);
        let mut plaintext = ciphertext.to_vec();
        let length = key.decrypt(&mut plaintext, context).ok()?.len();
        plaintext.truncate(length);
        Some(plaintext)
    }
}

/// RFC 3394 section 2.2.2, for the one length of a key that aws-lc-rs does not wrap with.
fn unwrap_by_192_bits(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = DecryptingKey::ecb(UnboundCipherKey::new(&cipher::AES_192, key).ok()?).ok()?;
    let (integrity, semiblocks) = wrapped.split_first_chunk::<SEMIBLOCK>()?;
    let mut integrity = *integrity;
    let mut unwrapped = Zeroizing::new(semiblocks.to_vec());
    let count = unwrapped.len().checked_div(SEMIBLOCK)?;
    for round in (0..6usize).rev() {
        for (index, semiblock) in unwrapped.chunks_exact_mut(SEMIBLOCK).enumerate().rev() {
            let step = count.checked_mul(round)?.checked_add(index)?.checked_add(1)? as u64;
            let mut block = Zeroizing::new([0; 2 * SEMIBLOCK]);
            let (first, second) = block.split_at_mut(SEMIBLOCK);
            first.copy_from_slice(&(u64::from_be_bytes(integrity) ^ step).to_be_bytes());
            second.copy_from_slice(semiblock);
            key.decrypt(&mut *block, DecryptionContext::None).ok()?;
            let (first, second) = block.split_at(SEMIBLOCK);
            integrity.copy_from_slice(first);
            semiblock.copy_from_slice(second);
        }
    }
    bool::from(integrity.ct_eq(&INTEGRITY)).then_some(unwrapped)
}

#[cfg(test)]
mod tests {
    use super::{Ciphers, Decrypt as _};

    #[test]
    fn keys_are_unwrapped_as_the_examples_of_the_specification() {
        // RFC 3394 sections 4.2 and 4.4
        const KEK: &str = "000102030405060708090a0b0c0d0e0f1011121314151617";
        const SHORT: &str = "00112233445566778899aabbccddeeff";
        const LONG: &str = "00112233445566778899aabbccddeeff0001020304050607";
        let kek = bytes(KEK);
        for (wrapped, key) in [
            ("96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d", SHORT),
            ("031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2", LONG),
        ] {
            let mut wrapped = bytes(wrapped);
            assert_eq!(**Ciphers::unwrap_key(&kek, &wrapped).unwrap(), bytes(key));
            wrapped[3] ^= 1;
            assert!(Ciphers::unwrap_key(&kek, &wrapped).is_none());
        }
    }

    fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().map(|digit| char::from(digit).to_digit(16).unwrap() as u8).collect();
        digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }
}
