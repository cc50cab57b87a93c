//! No library: there are no keys, so that nothing has to be done with one.

use zeroize::Zeroizing;

use super::{
    Agree, Curve, Decrypt, KeyManagement, KeyProblem, PublicKey, RsaNumbers, SigningAlgorithm, Unwrap, Verify,
};

pub(in crate::jose) enum VerifyingKey {}

impl Verify for VerifyingKey {
    fn new(_: &PublicKey, _: SigningAlgorithm) -> Option<Self> {
        None
    }

    fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}

pub(in crate::jose) enum RsaKey {}

impl Unwrap for RsaKey {
    fn new(_: &RsaNumbers) -> Option<Self> {
        None
    }

    fn unwrap(&self, _: KeyManagement, _: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match *self {}
    }
}

pub(in crate::jose) enum AgreementKey {}

impl Agree for AgreementKey {
    fn new(_: Curve, _: &[u8], _: &[u8]) -> Result<Self, KeyProblem> {
        Err(KeyProblem::NoBackend)
    }

    fn agree(&self, _: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match *self {}
    }
}

pub(in crate::jose) enum Ciphers {}

impl Decrypt for Ciphers {
    fn unwrap_key(_: &[u8], _: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        None
    }

    fn open_gcm(_: &[u8], _: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn decrypt_cbc(_: &[u8], _: &[u8], _: &[u8]) -> Option<Vec<u8>> {
        None
    }
}
