//! Public keys as josekit reads them: RSA as PKCS#1 has it, so that the padding is added there, others as SubjectPublicKeyInfo.

use x509_cert::{
    der::{
        Encode as _,
        asn1::{Any, BitString, ObjectIdentifier, UintRef},
    },
    spki::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

use super::{PublicKey, SigningAlgorithm};
use crate::jose::{
    certificate_key::{EC, ED25519, P256, P384, P521},
    public_key::uncompressed,
};

pub(super) fn of(key: &PublicKey) -> Option<Vec<u8>> {
    match key {
        PublicKey::Rsa { modulus, exponent } => {
            let numbers = [UintRef::new(modulus).ok()?, UintRef::new(exponent).ok()?];
            numbers.to_der().ok()
        }
        PublicKey::Ec { algorithm, x, y } => {
            let curve = match algorithm {
                SigningAlgorithm::Es384 => P384,
                SigningAlgorithm::Es512 => P521,
                _ => P256,
            };
            info(EC, Some(Any::from(&curve)), &uncompressed(x, y))
        }
        PublicKey::Ed25519 { x } => info(ED25519, None, x),
    }
}

fn info(oid: ObjectIdentifier, parameters: Option<Any>, key: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters };
    let subject_public_key = BitString::from_bytes(key).ok()?;
    SubjectPublicKeyInfo { algorithm, subject_public_key }.to_der().ok()
}
