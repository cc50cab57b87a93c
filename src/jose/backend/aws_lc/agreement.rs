//! Key agreement by AWS-LC.

use aws_lc_rs::agreement::{
    Algorithm, ECDH_P256, ECDH_P384, ParsedPublicKey, PrivateKey, UnparsedPublicKey, X25519, agree,
};
use zeroize::Zeroizing;

use super::{Agree, Curve, KeyProblem};

pub(in crate::jose) struct AgreementKey(PrivateKey);

impl Agree for AgreementKey {
    fn new(curve: Curve, private: &[u8], public: &[u8]) -> Result<Self, KeyProblem> {
        let algorithm = match curve {
            Curve::P256 => &ECDH_P256,
            Curve::P384 => &ECDH_P384,
            Curve::X25519 => &X25519,
        };
        parsed(algorithm, public).ok_or(KeyProblem::OffCurve)?;
        let private = PrivateKey::from_private_key(algorithm, private).map_err(|_| KeyProblem::Inconsistent)?;
        let is_consistent = private.compute_public_key().is_ok_and(|computed| computed.as_ref() == public);
        if is_consistent { Ok(Self(private)) } else { Err(KeyProblem::Inconsistent) }
    }

    fn agree(&self, public: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let public = parsed(self.0.algorithm(), public)?;
        agree(&self.0, public, (), |secret| Ok(Zeroizing::new(secret.to_vec()))).ok()
    }
}

fn parsed(algorithm: &'static Algorithm, public: &[u8]) -> Option<ParsedPublicKey> {
    UnparsedPublicKey::new(algorithm, public).try_into().ok()
}
