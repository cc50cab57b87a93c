//! Whether a private JWK is complete, strong enough and consistent: its private half must belong to its public half.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumRef},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey},
    rsa::Rsa,
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::fault::Fault;

const RSA_BITS: std::ops::RangeInclusive<i32> = 2048..=8192;
const RSA_ENCRYPTION: [&str; 2] = ["RSA-OAEP", "RSA-OAEP-256"];
const ECDH_ENCRYPTION: [&str; 3] = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"];

/// What is known of a private key that passed.
pub(crate) struct PrivateKey {
    /// The members that may be published.
    pub(crate) public: Map<String, Value>,
    /// The one it has, or its thumbprint (RFC 7638).
    pub(crate) kid: String,
    /// `use` is `sig`, and `enc` otherwise.
    pub(crate) signs: bool,
}

/// The members that make up a public key, in the order that RFC 7638 hashes them, and the algorithms it may be used with.
struct Shape {
    members: &'static [&'static str],
    encryption: &'static [&'static str],
    may_sign: bool,
}

pub(crate) fn check(jwk: &Map<String, Value>) -> Result<PrivateKey, Fault> {
    let shape = match (required(jwk, "kty")?, text(jwk, "crv")?) {
        ("RSA", None) => rsa(jwk)?,
        ("EC", Some("P-256")) => ec(jwk, Nid::X9_62_PRIME256V1, 32, true)?,
        ("EC", Some("P-384")) => ec(jwk, Nid::SECP384R1, 48, false)?,
        ("OKP", Some("X25519")) => x25519(jwk)?,
        ("EC" | "OKP", _) => return Err(Fault::new("crv", "must be P-256, P-384 or X25519, to fit kty")),
        _ => return Err(Fault::new("kty", "must be RSA, EC or OKP")),
    };
    let signs = match required(jwk, "use")? {
        "sig" if shape.may_sign => true,
        "sig" => return Err(Fault::new("use", "only a P-256 key can have sig")),
        "enc" => false,
        _ => return Err(Fault::new("use", "must be sig or enc")),
    };
    let algorithms: &[&str] = if signs { &["ES256"] } else { shape.encryption };
    match text(jwk, "alg")? {
        Some(algorithm) if !algorithms.contains(&algorithm) => {
            return Err(Fault::new("alg", format_args!("must be one of {}", algorithms.join(", "))));
        }
        _ => {}
    }
    let copy = |name: &&str| jwk.get(*name).map(|value| ((*name).to_owned(), value.clone()));
    let hashed: Map<String, Value> = shape.members.iter().filter_map(copy).collect();
    let kid = match text(jwk, "kid")? {
        Some(kid) => kid.to_owned(),
        None => URL_SAFE_NO_PAD.encode(Sha256::digest(Value::Object(hashed.clone()).to_string())),
    };
    let mut public = Map::from_iter([("kid".to_owned(), kid.clone().into())]);
    public.extend(["use", "alg"].iter().filter_map(copy));
    if signs {
        public.insert("alg".to_owned(), "ES256".into());
    }
    public.extend(hashed);
    Ok(PrivateKey { public, kid, signs })
}

fn rsa(jwk: &Map<String, Value>) -> Result<Shape, Fault> {
    let (n, e, d) = (number(jwk, "n")?, number(jwk, "e")?, number(jwk, "d")?);
    let (p, q) = (number(jwk, "p")?, number(jwk, "q")?);
    let (dp, dq, qi) = (number(jwk, "dp")?, number(jwk, "dq")?, number(jwk, "qi")?);
    if !RSA_BITS.contains(&n.num_bits()) {
        return Err(Fault::new("n", "must have 2048 to 8192 bits"));
    }
    if e.num_bits() < 2 || !e.is_bit_set(0) {
        return Err(Fault::new("e", "must be an odd number of at least 3"));
    }
    let is_consistent =
        || -> Result<bool, ErrorStack> { Rsa::from_private_components(n, e, d, p, q, dp, dq, qi)?.check_key() };
    if !is_consistent().unwrap_or(false) {
        return Err(Fault::new("d", "does not belong to the public key"));
    }
    Ok(Shape { members: &["e", "kty", "n"], encryption: &RSA_ENCRYPTION, may_sign: false })
}

fn ec(jwk: &Map<String, Value>, curve: Nid, length: usize, may_sign: bool) -> Result<Shape, Fault> {
    let (x, y, d) = (sized(jwk, "x", length)?, sized(jwk, "y", length)?, sized(jwk, "d", length)?);
    let on_curve = || -> Result<_, ErrorStack> {
        let group = EcGroup::from_curve_name(curve)?;
        let (x, y) = (BigNum::from_slice(&x)?, BigNum::from_slice(&y)?);
        let public = EcKey::from_public_key_affine_coordinates(&group, &x, &y)?;
        Ok((group, public))
    };
    let (group, public) = on_curve().map_err(|_| Fault::new("x", "is with y no point of the curve"))?;
    let is_consistent = || -> Result<(), ErrorStack> {
        let private: &BigNumRef = &*BigNum::from_slice(&d)?;
        EcKey::from_private_components(&group, private, public.public_key())?.check_key()
    };
    is_consistent().map_err(|_| Fault::new("d", "does not belong to the public key"))?;
    Ok(Shape { members: &["crv", "kty", "x", "y"], encryption: &ECDH_ENCRYPTION, may_sign })
}

fn x25519(jwk: &Map<String, Value>) -> Result<Shape, Fault> {
    let (x, d) = (sized(jwk, "x", 32)?, sized(jwk, "d", 32)?);
    let public = || PKey::private_key_from_raw_bytes(&d, Id::X25519)?.raw_public_key();
    if !public().is_ok_and(|public| public == x) {
        return Err(Fault::new("d", "does not belong to the public key"));
    }
    Ok(Shape { members: &["crv", "kty", "x"], encryption: &ECDH_ENCRYPTION, may_sign: false })
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fault> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Fault::new(name, "must be a string")),
    }
}

fn required<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<&'a str, Fault> {
    text(jwk, name)?.ok_or_else(|| Fault::new(name, "is missing"))
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD.decode(required(jwk, name)?).map_err(|_| Fault::new(name, "is not base64url without padding"))
}

fn sized(jwk: &Map<String, Value>, name: &str, length: usize) -> Result<Vec<u8>, Fault> {
    let bytes = bytes(jwk, name)?;
    if bytes.len() == length { Ok(bytes) } else { Err(Fault::new(name, format_args!("must have {length} bytes"))) }
}

fn number(jwk: &Map<String, Value>, name: &str) -> Result<BigNum, Fault> {
    BigNum::from_slice(&bytes(jwk, name)?).map_err(|_| Fault::new(name, "is not a usable number"))
}
