//! One private JWK of the server: complete, strong enough, and with halves that belong together.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    KeyManagement, KeyProblem,
    agreement::Curve,
    backend::{self, Agree as _, AgreementKey, RsaKey, RsaNumbers, Unwrap as _},
    jwk::Jwk,
    key_management::Secret,
    number::{self, MAX_EXPONENT},
    public_key::uncompressed,
    roca,
};

/// Bits of an RSA modulus. The server chooses its own keys, so they may be larger than those of clients.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Values of an RSA exponent.
const EXPONENTS: std::ops::RangeInclusive<u64> = 2..=MAX_EXPONENT;

const RSA: [KeyManagement; 2] = [KeyManagement::RsaOaep256, KeyManagement::RsaOaep];
const AGREEMENT: [KeyManagement; 3] = [KeyManagement::EcdhEs, KeyManagement::EcdhEsA128Kw, KeyManagement::EcdhEsA256Kw];

pub(super) struct PrivateKey {
    pub(super) kid: Box<str>,
    pub(super) secret: Secret,
    /// The algorithms that it is for.
    pub(super) algorithms: Vec<KeyManagement>,
    /// The public half, which clients encrypt to.
    pub(super) public: Map<String, Value>,
}

impl PrivateKey {
    pub(super) fn parse(value: &Value) -> Result<Self, KeyProblem> {
        if !backend::IS_THERE {
            return Err(KeyProblem::NoBackend);
        }
        let jwk = Jwk::new(value)?;
        let (secret, algorithms): (_, &[_]) = match jwk.required("kty")? {
            "RSA" => (rsa(jwk)?, &RSA),
            kty => {
                let curve = Curve::parse(kty, jwk.text("crv")?.unwrap_or_default()).ok_or(KeyProblem::UnknownType)?;
                (agreement(jwk, curve)?, &AGREEMENT)
            }
        };
        if !jwk.is_for("enc", &["decrypt", "unwrapKey", "deriveKey", "deriveBits"])? {
            return Err(KeyProblem::OtherPurpose);
        }
        let algorithms = match jwk.text("alg")? {
            None => algorithms.to_vec(),
            Some(text) => {
                let known = KeyManagement::parse(text).filter(|algorithm| algorithms.contains(algorithm));
                vec![known.ok_or(KeyProblem::OtherPurpose)?]
            }
        };
        let kid = match jwk.kid()? {
            Some(kid) => kid,
            None => jwk.thumbprint()?.to_string().into(),
        };
        let mut public = Map::from_iter([("kid".to_owned(), Value::from(&*kid)), ("use".to_owned(), "enc".into())]);
        public.extend(jwk.copy(&["alg"]));
        public.extend(jwk.public_half()?);
        Ok(Self { kid, secret, algorithms, public })
    }
}

fn rsa(jwk: Jwk<'_>) -> Result<Secret, KeyProblem> {
    if jwk.text("d")?.is_none() {
        return Err(KeyProblem::Public);
    }
    let (n, e) = (jwk.number("n")?, jwk.number("e")?);
    let is_exponent = number::small(&e).is_some_and(|value| EXPONENTS.contains(&value)) && number::is_odd(&e);
    if !RSA_BITS.contains(&number::bits(&n)) || !is_exponent || roca::has_fingerprint(&n) {
        return Err(KeyProblem::Weak);
    }
    let private = |member| jwk.number(member).map(Zeroizing::new);
    let modulus = n.len();
    let numbers = RsaNumbers {
        n,
        e,
        d: private("d")?,
        p: private("p")?,
        q: private("q")?,
        dp: private("dp")?,
        dq: private("dq")?,
        qi: private("qi")?,
    };
    // With a larger one the key works as well, in some libraries (RFC 8017 section 3.2).
    if !number::is_less(&numbers.d, &numbers.n) {
        return Err(KeyProblem::Inconsistent);
    }
    let key = RsaKey::new(&numbers).ok_or(KeyProblem::Inconsistent)?;
    Ok(Secret::Rsa { modulus, key })
}

fn agreement(jwk: Jwk<'_>, curve: Curve) -> Result<Secret, KeyProblem> {
    if jwk.text("d")?.is_none() {
        return Err(KeyProblem::Public);
    }
    let coordinate = |member| jwk.sized(member, curve.length());
    let (x, private) = (coordinate("x")?, Zeroizing::new(coordinate("d")?));
    let public = match curve {
        Curve::X25519 => x,
        Curve::P256 | Curve::P384 => uncompressed(&x, &coordinate("y")?),
    };
    Ok(Secret::Agreement { curve, key: AgreementKey::new(curve, &private, &public)? })
}
