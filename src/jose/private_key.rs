//! One private JWK of the server: complete, strong enough, and with halves that belong together.

use josekit::{
    jwe::{ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A256KW, JweDecrypter, RSA_OAEP, RSA_OAEP_256},
    jwk::Jwk as JoseJwk,
};
use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey},
    rsa::Rsa,
};
use serde_json::{Map, Value};

use super::{
    KeyManagement, KeyProblem,
    jwk::Jwk,
    key_management::{Curve, Kind},
    roca,
};

/// Bits of an RSA modulus. The server chooses its own keys, so they may be larger than those of clients.
const RSA_BITS: std::ops::RangeInclusive<i32> = 2048..=8192;

const RSA: [KeyManagement; 2] = [KeyManagement::RsaOaep256, KeyManagement::RsaOaep];
const AGREEMENT: [KeyManagement; 3] = [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];

pub(super) struct PrivateKey {
    pub(super) kid: Box<str>,
    pub(super) kind: Kind,
    pub(super) decrypters: Vec<(KeyManagement, Box<dyn JweDecrypter>)>,
    /// The public half, which clients encrypt to.
    pub(super) public: Map<String, Value>,
}

impl PrivateKey {
    pub(super) fn parse(value: &Value) -> Result<Self, KeyProblem> {
        let jwk = Jwk::new(value)?;
        let (kind, algorithms, private): (_, &[_], &[_]) = match jwk.required("kty")? {
            "RSA" => (Kind::Rsa { modulus: rsa(jwk)? }, &RSA, &["d", "p", "q", "dp", "dq", "qi"]),
            kty => {
                let curve = Curve::parse(kty, jwk.text("crv")?.unwrap_or_default()).ok_or(KeyProblem::UnknownType)?;
                agreement(jwk, curve)?;
                (Kind::Agreement(curve), &AGREEMENT, &["d"])
            }
        };
        if !jwk.is_for("enc", &["decrypt", "unwrapKey", "deriveKey", "deriveBits"])? {
            return Err(KeyProblem::OtherPurpose);
        }
        let only = match jwk.text("alg")? {
            None => None,
            Some(text) => {
                let known = KeyManagement::parse(text).filter(|algorithm| algorithms.contains(algorithm));
                Some(known.ok_or(KeyProblem::OtherPurpose)?)
            }
        };
        let mut members = jwk.public_half()?;
        let kid = match jwk.kid()? {
            Some(kid) => kid,
            None => jwk.thumbprint()?.to_string().into(),
        };
        let mut public = Map::from_iter([("kid".to_owned(), Value::from(&*kid)), ("use".to_owned(), "enc".into())]);
        public.extend(jwk.copy(&["alg"]));
        public.extend(members.clone());
        members.extend(jwk.copy(private));
        let jwk = JoseJwk::from_map(members).map_err(|_| KeyProblem::Malformed { member: "kty" })?;
        let offered = algorithms.iter().copied().filter(|algorithm| only.is_none_or(|only| only == *algorithm));
        let decrypters = offered.map(|algorithm| Some((algorithm, decrypter(algorithm, &jwk)?)));
        let decrypters = decrypters.collect::<Option<_>>().ok_or(KeyProblem::Malformed { member: "d" })?;
        Ok(Self { kid, kind, decrypters, public })
    }
}

fn decrypter(algorithm: KeyManagement, jwk: &JoseJwk) -> Option<Box<dyn JweDecrypter>> {
    Some(match algorithm {
        KeyManagement::RsaOaep => Box::new(RSA_OAEP.decrypter_from_jwk(jwk).ok()?),
        KeyManagement::RsaOaep256 => Box::new(RSA_OAEP_256.decrypter_from_jwk(jwk).ok()?),
        KeyManagement::EcdhEs => Box::new(ECDH_ES.decrypter_from_jwk(jwk).ok()?),
        KeyManagement::EcdhEsA128Kw => Box::new(ECDH_ES_A128KW.decrypter_from_jwk(jwk).ok()?),
        KeyManagement::EcdhEsA256Kw => Box::new(ECDH_ES_A256KW.decrypter_from_jwk(jwk).ok()?),
        _ => return None,
    })
}

/// Checks the numbers and gives the bytes of the modulus.
fn rsa(jwk: Jwk<'_>) -> Result<usize, KeyProblem> {
    if jwk.text("d")?.is_none() {
        return Err(KeyProblem::Public);
    }
    let number =
        |member: &'static str| BigNum::from_slice(&jwk.number(member)?).map_err(|_| KeyProblem::Malformed { member });
    let [n, e, d, p, q, dp, dq, qi] = ["n", "e", "d", "p", "q", "dp", "dq", "qi"].map(number);
    let (n, e) = (n?, e?);
    if !RSA_BITS.contains(&n.num_bits())
        || e.num_bits() < 2
        || !e.is_bit_set(0)
        || roca::has_fingerprint(&jwk.number("n")?)
    {
        return Err(KeyProblem::Weak);
    }
    let modulus = usize::try_from(n.num_bytes()).map_err(|_| KeyProblem::Weak)?;
    let (d, p, q, dp, dq, qi) = (d?, p?, q?, dp?, dq?, qi?);
    let is_consistent = || Rsa::from_private_components(n, e, d, p, q, dp, dq, qi)?.check_key();
    if is_consistent().unwrap_or(false) { Ok(modulus) } else { Err(KeyProblem::Inconsistent) }
}

fn agreement(jwk: Jwk<'_>, curve: Curve) -> Result<(), KeyProblem> {
    if jwk.text("d")?.is_none() {
        return Err(KeyProblem::Public);
    }
    let (x, d) = (jwk.sized("x", curve.length())?, jwk.sized("d", curve.length())?);
    let nid = match curve {
        Curve::P256 => Nid::X9_62_PRIME256V1,
        Curve::P384 => Nid::SECP384R1,
        Curve::X25519 => {
            let public = || PKey::private_key_from_raw_bytes(&d, Id::X25519)?.raw_public_key();
            return if public().is_ok_and(|public| public == x) { Ok(()) } else { Err(KeyProblem::Inconsistent) };
        }
    };
    let y = jwk.sized("y", curve.length())?;
    let public = || -> Result<_, ErrorStack> {
        let group = EcGroup::from_curve_name(nid)?;
        let (x, y) = (BigNum::from_slice(&x)?, BigNum::from_slice(&y)?);
        let public = EcKey::from_public_key_affine_coordinates(&group, &x, &y)?;
        Ok((group, public))
    };
    let (group, public) = public().map_err(|_| KeyProblem::OffCurve)?;
    let is_consistent = || -> Result<(), ErrorStack> {
        let d = BigNum::from_slice(&d)?;
        EcKey::from_private_components(&group, &d, public.public_key())?.check_key()
    };
    is_consistent().map_err(|_| KeyProblem::Inconsistent)
}
