//! AWS-LC, by aws-lc-rs alone.

mod agreement;
mod ciphers;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{
        KeyPair, KeyPairComponents, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm,
        OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicKeyComponents,
    },
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, EcdsaVerificationAlgorithm,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    },
};
use zeroize::Zeroizing;

pub(in crate::jose) use self::{agreement::AgreementKey, ciphers::Ciphers};
use super::{
    Agree, Curve, Decrypt, KeyManagement, KeyProblem, PublicKey, RsaNumbers, SigningAlgorithm, Unwrap, Verify,
};
use crate::jose::public_key::uncompressed;

pub(in crate::jose) struct VerifyingKey(ParsedPublicKey);

impl Verify for VerifyingKey {
    fn new(key: &PublicKey, algorithm: SigningAlgorithm) -> Option<Self> {
        let parsed = match key {
            PublicKey::Rsa { modulus, exponent } => {
                PublicKeyComponents { n: modulus, e: exponent }.to_parsed_public_key(rsa(algorithm)?)
            }
            PublicKey::Ec { x, y, .. } => ParsedPublicKey::new(ecdsa(algorithm)?, uncompressed(x, y)),
            PublicKey::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        parsed.ok().map(Self)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

fn rsa(algorithm: SigningAlgorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        SigningAlgorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        SigningAlgorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        SigningAlgorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        SigningAlgorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        SigningAlgorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        SigningAlgorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

fn ecdsa(algorithm: SigningAlgorithm) -> Option<&'static EcdsaVerificationAlgorithm> {
    match algorithm {
        SigningAlgorithm::Es256 => Some(&ECDSA_P256_SHA256_FIXED),
        SigningAlgorithm::Es384 => Some(&ECDSA_P384_SHA384_FIXED),
        SigningAlgorithm::Es512 => Some(&ECDSA_P521_SHA512_FIXED),
        _ => None,
    }
}

pub(in crate::jose) struct RsaKey(OaepPrivateDecryptingKey);

impl Unwrap for RsaKey {
    fn new(numbers: &RsaNumbers) -> Option<Self> {
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: &*numbers.n, e: &*numbers.e },
            d: &*numbers.d,
            p: &*numbers.p,
            q: &*numbers.q,
            dP: &*numbers.dp,
            dQ: &*numbers.dq,
            qInv: &*numbers.qi,
        };
        let pkcs8: Pkcs8V1Der<'_> = KeyPair::from_components(&components).ok()?.as_der().ok()?;
        let private = PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref()).ok()?;
        let public = OaepPublicEncryptingKey::new(private.public_key()).ok()?;
        let key = Self(OaepPrivateDecryptingKey::new(private).ok()?);
        key.decrypts_for(&public).then_some(key)
    }

    fn unwrap(&self, algorithm: KeyManagement, encrypted_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm: &OaepAlgorithm = match algorithm {
            KeyManagement::RsaOaep => &OAEP_SHA1_MGF1SHA1,
            KeyManagement::RsaOaep256 => &OAEP_SHA256_MGF1SHA256,
            _ => return None,
        };
        let mut key = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self.0.decrypt(algorithm, encrypted_key, &mut key, None).ok()?.len();
        key.truncate(length);
        Some(key)
    }
}

impl RsaKey {
    /// AWS-LC does not look whether the factors are primes; with others, nothing comes back as it was.
    fn decrypts_for(&self, public: &OaepPublicEncryptingKey) -> bool {
        const TRIAL: &[u8] = b"parjar";
        let mut encrypted = vec![0; public.ciphertext_size()];
        let Ok(encrypted) = public.encrypt(&OAEP_SHA256_MGF1SHA256, TRIAL, &mut encrypted, None) else {
            return false;
        };
        self.unwrap(KeyManagement::RsaOaep256, encrypted).is_some_and(|back| **back == *TRIAL)
    }
}
