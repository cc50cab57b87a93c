//! The thumbprint of a public key (RFC 7638, with SHA-256), from its numbers.

use sha2::{Digest as _, Sha256};

use super::{SigningAlgorithm, base64url, prepared_key::PublicKey};
use crate::protocol::confirmation::Thumbprint;

impl PublicKey {
    /// The thumbprint, which tells the key from all others. Zeros that a JWK has in front of a number make no difference.
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
