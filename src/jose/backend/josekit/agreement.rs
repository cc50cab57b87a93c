//! Key agreement by OpenSSL.

use openssl::{
    bn::{BigNum, BigNumContext},
    derive::Deriver,
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Private, Public},
};
use zeroize::Zeroizing;

use super::{Agree, Curve, KeyProblem};

pub(in crate::jose) struct AgreementKey {
    curve: Curve,
    private: PKey<Private>,
}

impl Agree for AgreementKey {
    fn new(curve: Curve, private: &[u8], public: &[u8]) -> Result<Self, KeyProblem> {
        let private = match nid(curve) {
            None => of_x25519(private, public).ok().flatten(),
            Some(nid) => {
                let public = point(nid, public).map_err(|_| KeyProblem::OffCurve)?;
                of_curve(private, &public).ok()
            }
        };
        private.map(|private| Self { curve, private }).ok_or(KeyProblem::Inconsistent)
    }

    fn agree(&self, public: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let agreed = || -> Result<Vec<u8>, ErrorStack> {
            let public: PKey<Public> = match nid(self.curve) {
                None => PKey::public_key_from_raw_bytes(public, Id::X25519)?,
                Some(nid) => PKey::from_ec_key(point(nid, public)?)?,
            };
            let mut deriver = Deriver::new(&self.private)?;
            deriver.set_peer(&public)?;
            deriver.derive_to_vec()
        };
        agreed().ok().map(Zeroizing::new)
    }
}

fn nid(curve: Curve) -> Option<Nid> {
    match curve {
        Curve::P256 => Some(Nid::X9_62_PRIME256V1),
        Curve::P384 => Some(Nid::SECP384R1),
        Curve::X25519 => None,
    }
}

fn point(nid: Nid, public: &[u8]) -> Result<EcKey<Public>, ErrorStack> {
    let group = EcGroup::from_curve_name(nid)?;
    let point = EcPoint::from_bytes(&group, public, &mut *BigNumContext::new()?)?;
    let key = EcKey::from_public_key(&group, &point)?;
    key.check_key()?;
    Ok(key)
}

fn of_curve(private: &[u8], public: &EcKey<Public>) -> Result<PKey<Private>, ErrorStack> {
    let private = BigNum::from_slice(private)?;
    let key = EcKey::from_private_components(public.group(), &private, public.public_key())?;
    key.check_key()?;
    PKey::from_ec_key(key)
}

fn of_x25519(private: &[u8], public: &[u8]) -> Result<Option<PKey<Private>>, ErrorStack> {
    let key = PKey::private_key_from_raw_bytes(private, Id::X25519)?;
    Ok(if key.raw_public_key()? == public { Some(key) } else { None })
}
