//! josekit, which verifies signatures, unwraps keys by RSA and by AES, and OpenSSL below it for the rest.
//!
//! Keys come from DER and not from JWKs, and josekit sees no header: reading either takes regular expressions, whose code is
//! larger than this crate.

mod agreement;
mod ciphers;
mod der;

use josekit::{
    JoseError,
    jwe::{JweDecrypter, JweHeader, RSA_OAEP, RSA_OAEP_256, enc::A128GCM},
    jws::{ES256, ES384, ES512, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512},
};
use openssl::{bn::BigNum, error::ErrorStack, rsa::Rsa};
use zeroize::Zeroizing;

pub(in crate::jose) use self::{agreement::AgreementKey, ciphers::Ciphers};
use super::{
    Agree, Curve, Decrypt, KeyManagement, KeyProblem, PublicKey, RsaNumbers, SigningAlgorithm, Unwrap, Verify,
};

pub(in crate::jose) struct VerifyingKey(Box<dyn JwsVerifier>);

impl Verify for VerifyingKey {
    fn new(key: &PublicKey, algorithm: SigningAlgorithm) -> Option<Self> {
        let der = der::of(key)?;
        match algorithm {
            SigningAlgorithm::Es256 => boxed(ES256.verifier_from_der(der)),
            SigningAlgorithm::Es384 => boxed(ES384.verifier_from_der(der)),
            SigningAlgorithm::Es512 => boxed(ES512.verifier_from_der(der)),
            SigningAlgorithm::EdDsa | SigningAlgorithm::Ed25519 => boxed(EdDSA.verifier_from_der(der)),
            SigningAlgorithm::Ps256 => boxed(PS256.verifier_from_der(der)),
            SigningAlgorithm::Ps384 => boxed(PS384.verifier_from_der(der)),
            SigningAlgorithm::Ps512 => boxed(PS512.verifier_from_der(der)),
            SigningAlgorithm::Rs256 => boxed(RS256.verifier_from_der(der)),
            SigningAlgorithm::Rs384 => boxed(RS384.verifier_from_der(der)),
            SigningAlgorithm::Rs512 => boxed(RS512.verifier_from_der(der)),
            SigningAlgorithm::Hs256 | SigningAlgorithm::Hs384 | SigningAlgorithm::Hs512 => None,
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature).is_ok()
    }
}

fn boxed<V: JwsVerifier + 'static>(made: Result<V, JoseError>) -> Option<VerifyingKey> {
    made.ok().map(|verifier| VerifyingKey(Box::new(verifier)))
}

/// OpenSSL ties an RSA key to its padding, so there is one for each.
pub(in crate::jose) struct RsaKey {
    oaep: Box<dyn JweDecrypter>,
    oaep_256: Box<dyn JweDecrypter>,
}

impl Unwrap for RsaKey {
    fn new(numbers: &RsaNumbers) -> Option<Self> {
        let der = consistent(numbers).ok().flatten()?;
        Some(Self {
            oaep: Box::new(RSA_OAEP.decrypter_from_der(&*der).ok()?),
            oaep_256: Box::new(RSA_OAEP_256.decrypter_from_der(&*der).ok()?),
        })
    }

    fn unwrap(&self, algorithm: KeyManagement, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let decrypter = match algorithm {
            KeyManagement::RsaOaep => &self.oaep,
            KeyManagement::RsaOaep256 => &self.oaep_256,
            _ => return None,
        };
        decrypted(&**decrypter, encrypted_key)
    }
}

/// The private key as PKCS#1 has it, if its numbers belong together.
fn consistent(numbers: &RsaNumbers) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorStack> {
    let number = |bytes: &[u8]| BigNum::from_slice(bytes);
    let key = Rsa::from_private_components(
        number(&numbers.n)?,
        number(&numbers.e)?,
        number(&numbers.d)?,
        number(&numbers.p)?,
        number(&numbers.q)?,
        number(&numbers.dp)?,
        number(&numbers.dq)?,
        number(&numbers.qi)?,
    )?;
    if key.check_key()? { key.private_key_to_der().map(|der| Some(Zeroizing::new(der))) } else { Ok(None) }
}

/// Unwraps by an algorithm that takes nothing from the header, whatever the content is encrypted with.
fn decrypted(decrypter: &dyn JweDecrypter, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = decrypter.decrypt(Some(encrypted_key), &A128GCM, &JweHeader::new()).ok()?;
    Some(Zeroizing::new(key.into_owned()))
}
