//! The key of a certificate, to be found among keys that are registered.

use x509_cert::{
    der::{
        Decode as _,
        asn1::{ObjectIdentifier, UintRef},
    },
    spki::SubjectPublicKeyInfoOwned,
};

use super::{SigningAlgorithm, public_key::PublicKey};
use crate::{certificate::Certificate, protocol::confirmation::Thumbprint};

/// RFC 3279 section 2.3.1
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 4055 section 1.2: an RSA key that is for RSASSA-PSS alone.
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
/// RFC 5480 section 2.1
pub(super) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// RFC 8410 section 3
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The thumbprint of the key of a certificate, if it is of a kind that can be registered.
pub(crate) fn thumbprint(certificate: &Certificate) -> Option<Thumbprint> {
    public_key(certificate.public_key()).map(|key| key.thumbprint())
}

/// It is compared with registered keys, which were checked when they were registered.
fn public_key(info: &SubjectPublicKeyInfoOwned) -> Option<PublicKey> {
    let bytes = info.subject_public_key.as_bytes()?;
    match info.algorithm.oid {
        RSA | RSASSA_PSS => {
            let numbers = Vec::<UintRef<'_>>::from_der(bytes).ok()?;
            let [modulus, exponent] = numbers.as_slice() else {
                return None;
            };
            Some(PublicKey::Rsa { modulus: modulus.as_bytes().into(), exponent: exponent.as_bytes().into() })
        }
        EC => {
            let curve = info.algorithm.parameters.as_ref()?.decode_as().ok()?;
            let (algorithm, length) = match curve {
                P256 => (SigningAlgorithm::Es256, 32),
                P384 => (SigningAlgorithm::Es384, 48),
                P521 => (SigningAlgorithm::Es512, 66),
                _ => return None,
            };
            let (x, y) = bytes.strip_prefix(&[4])?.split_at_checked(length)?;
            (y.len() == length).then(|| PublicKey::Ec { algorithm, x: x.into(), y: y.into() })
        }
        ED25519 => (bytes.len() == 32).then(|| PublicKey::Ed25519 { x: bytes.into() }),
        _ => None,
    }
}
