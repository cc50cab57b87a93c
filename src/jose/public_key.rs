//! The numbers of a public key.

use sha2::{Digest as _, Sha256};

use super::{SigningAlgorithm, base64url};
use crate::protocol::confirmation::Thumbprint;

/// The numbers of a public key, checked.
#[derive(Clone)]
pub(super) enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { algorithm: SigningAlgorithm, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    pub(super) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.is_rsa(),
            Self::Ec { algorithm: only, .. } => algorithm == *only,
            Self::Ed25519 { .. } => algorithm.is_same(SigningAlgorithm::Ed25519),
        }
    }

    /// Returns `true` if a signature has the length of those of this key.
    pub(super) fn is_length_of_signature(&self, length: usize) -> bool {
        match self {
            Self::Rsa { modulus, .. } => length == modulus.len(),
            Self::Ec { x, y, .. } => length == x.len().saturating_add(y.len()),
            Self::Ed25519 { .. } => length == 64,
        }
    }

    /// The thumbprint (RFC 7638, with SHA-256), which tells the key from all others. Zeros that a JWK has in front of a number make no difference.
    pub(super) fn thumbprint(&self) -> Thumbprint {
        let encoded = |bytes: &[u8]| base64url::encode(bytes);
        let text = match self {
            Self::Rsa { modulus, exponent } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encoded(exponent), encoded(modulus))
            }
            Self::Ec { algorithm, x, y } => {
                let curve = match algorithm {
                    SigningAlgorithm::Es384 => "P-384",
                    SigningAlgorithm::Es512 => "P-521",
                    _ => "P-256",
                };
                format!(r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#, encoded(x), encoded(y))
            }
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encoded(x)),
        };
        Thumbprint::from_bytes(Sha256::digest(text).into())
    }
}

/// A point as SEC 1 section 2.3.3 writes it, uncompressed.
pub(super) fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}
