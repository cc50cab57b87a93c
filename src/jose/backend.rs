//! The seam to the library that does the arithmetic: a trait for each thing it does, and the choice of one by features.
//!
//! A backend gets numbers and bytes whose lengths and bounds were checked, and knows nothing of JSON, headers or registrations. It
//! is chosen when the crate is compiled: `aws-lc-rs` if that is on, else `josekit`, else none, which can do nothing and has no keys.
//!
//! Digests and MACs are the same for all, and in [`mac`](super::mac).

use zeroize::Zeroizing;

use super::{KeyManagement, KeyProblem, SigningAlgorithm, agreement::Curve, public_key::PublicKey};

#[cfg(not(any(feature = "aws-lc-rs", feature = "josekit")))]
mod absent;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(all(feature = "josekit", not(feature = "aws-lc-rs")))]
mod josekit;

#[cfg(not(any(feature = "aws-lc-rs", feature = "josekit")))]
pub(super) use self::absent::{AgreementKey, Ciphers, RsaKey, VerifyingKey};
#[cfg(feature = "aws-lc-rs")]
pub(super) use self::aws_lc::{AgreementKey, Ciphers, RsaKey, VerifyingKey};
#[cfg(all(feature = "josekit", not(feature = "aws-lc-rs")))]
pub(super) use self::josekit::{AgreementKey, Ciphers, RsaKey, VerifyingKey};

/// Whether keys can be used at all.
pub(super) const IS_THERE: bool = cfg!(any(feature = "aws-lc-rs", feature = "josekit"));

/// A public key that is ready for one algorithm.
pub(super) trait Verify: Sized + Send + Sync {
    /// Makes a key ready for an algorithm that it [`supports`](PublicKey::supports). `None` if its numbers are no key.
    fn new(key: &PublicKey, algorithm: SigningAlgorithm) -> Option<Self>;

    /// Returns `true` if this is a signature of the key. It has the length of one.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// The numbers of a private RSA key, without zeros in front. The modulus has 2048 to 8192 bits.
#[cfg_attr(not(any(feature = "aws-lc-rs", feature = "josekit")), expect(dead_code))]
pub(super) struct RsaNumbers {
    pub(super) n: Vec<u8>,
    pub(super) e: Vec<u8>,
    pub(super) d: Zeroizing<Vec<u8>>,
    pub(super) p: Zeroizing<Vec<u8>>,
    pub(super) q: Zeroizing<Vec<u8>>,
    pub(super) dp: Zeroizing<Vec<u8>>,
    pub(super) dq: Zeroizing<Vec<u8>>,
    pub(super) qi: Zeroizing<Vec<u8>>,
}

/// A private RSA key, which unwraps by RSAES-OAEP.
pub(super) trait Unwrap: Sized + Send + Sync {
    /// `None` if the numbers do not belong together.
    fn new(numbers: &RsaNumbers) -> Option<Self>;

    /// Decrypts as many bytes as the modulus has, by `RSA-OAEP` or `RSA-OAEP-256`.
    fn unwrap(&self, algorithm: KeyManagement, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

/// A private key of a curve, which agrees on secrets. Public ones are [`uncompressed`](super::public_key::uncompressed) points, or
/// the bytes that RFC 7748 section 5 has for X25519.
pub(super) trait Agree: Sized + Send + Sync {
    /// Makes a key of both halves, whose lengths are those of the curve.
    fn new(curve: Curve, private: &[u8], public: &[u8]) -> Result<Self, KeyProblem>;

    /// The secret shared with the owner of a public key. `None` for one that is no point of the curve, and for a secret of zeros.
    fn agree(&self, public: &[u8]) -> Option<Zeroizing<Vec<u8>>>;
}

/// AES, by a key whose length says which. The parts have the lengths that they must have.
pub(super) trait Decrypt {
    /// Unwraps a key (RFC 3394).
    fn unwrap_key(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>>;

    /// Decrypts AES GCM. `None` for a wrong tag.
    fn open_gcm(key: &[u8], vector: &[u8], additional_data: &[u8], ciphertext: &[u8], tag: &[u8]) -> Option<Vec<u8>>;

    /// Decrypts AES CBC whose content was authenticated, and takes the padding off.
    fn decrypt_cbc(key: &[u8], vector: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>>;
}
