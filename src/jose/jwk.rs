//! One JWK (RFC 7517), read strictly: the demands on every key, and those on a public one to verify with.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    KeyProblem, MAX_KID, SigningAlgorithm, base64url, certificate_key,
    number::{self, MAX_EXPONENT, is_odd},
    prepared_key::{self, PreparedKey},
    public_key::PublicKey,
};
use crate::{
    certificate::Certificate,
    json,
    protocol::{authentication_key::AuthenticationKey, confirmation::Thumbprint},
};

/// Bits of an RSA modulus. More would let a client choose how long the server works.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Values of an RSA exponent.
const EXPONENTS: std::ops::RangeInclusive<u64> = 65_537..=MAX_EXPONENT;

/// Members that only private and symmetric keys have.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Ed25519 keys of small order, for which signatures can be made without the private half. The topmost bit, a sign, makes no difference.
const SMALL_ORDER: [[u8; 32]; 5] = {
    let [mut one, mut minus_one] = [[0; 32], [0xFF; 32]];
    one[0] = 0x01;
    minus_one[0] = 0xEC;
    minus_one[31] = 0x7F;
    let order_eight = [
        0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF,
        0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
    ];
    let order_eight_too = [
        0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20,
        0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
    ];
    [[0; 32], one, minus_one, order_eight, order_eight_too]
};

/// The members of a key.
#[derive(Clone, Copy)]
pub(super) struct Jwk<'a>(&'a Map<String, Value>);

impl<'a> Jwk<'a> {
    pub(super) fn new(value: &'a Value) -> Result<Self, KeyProblem> {
        value.as_object().map(Self).ok_or(KeyProblem::NotAnObject)
    }

    /// A member with a value. One that is `null`, `""`, `[]` or `{}` is as good as absent: some writers have all members there.
    fn get(self, member: &str) -> Option<&'a Value> {
        self.0.get(member).filter(|value| !json::is_empty(value))
    }

    pub(super) fn text(self, member: &'static str) -> Result<Option<&'a str>, KeyProblem> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(KeyProblem::Malformed { member }),
        }
    }

    pub(super) fn required(self, member: &'static str) -> Result<&'a str, KeyProblem> {
        self.text(member)?.ok_or(KeyProblem::Malformed { member })
    }

    pub(super) fn bytes(self, member: &'static str) -> Result<Vec<u8>, KeyProblem> {
        base64url::decode(self.required(member)?).ok_or(KeyProblem::Malformed { member })
    }

    /// A member of exactly so many bytes: a coordinate with a zero cut off is a different text for the same key.
    pub(super) fn sized(self, member: &'static str, length: usize) -> Result<Vec<u8>, KeyProblem> {
        self.bytes(member)
            .and_then(|bytes| if bytes.len() == length { Ok(bytes) } else { Err(KeyProblem::Malformed { member }) })
    }

    /// A positive number without leading zeros, which some senders add.
    pub(super) fn number(self, member: &'static str) -> Result<Vec<u8>, KeyProblem> {
        let bytes = self.bytes(member)?;
        let number: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        if number.is_empty() { Err(KeyProblem::Malformed { member }) } else { Ok(number) }
    }

    pub(super) fn kid(self) -> Result<Option<Box<str>>, KeyProblem> {
        match self.text("kid")? {
            Some(kid) if kid.len() > MAX_KID => Err(KeyProblem::Malformed { member: "kid" }),
            kid => Ok(kid.map(Into::into)),
        }
    }

    pub(super) fn has_private_members(self) -> bool {
        PRIVATE.into_iter().any(|member| self.get(member).is_some())
    }

    /// Returns `true` if one is there, be it empty.
    pub(super) fn names_private_members(self) -> bool {
        PRIVATE.into_iter().any(|member| self.0.contains_key(member))
    }

    /// Returns `true` if `use` and `key_ops` allow this purpose, or are not there.
    pub(super) fn is_for(self, usage: &str, operations: &[&str]) -> Result<bool, KeyProblem> {
        let by_use = self.text("use")?.is_none_or(|registered| registered == usage);
        let by_operation = match self.get("key_ops") {
            None => true,
            Some(Value::Array(listed)) => {
                let mut found = false;
                for operation in listed {
                    found |=
                        operations.contains(&operation.as_str().ok_or(KeyProblem::Malformed { member: "key_ops" })?);
                }
                found
            }
            Some(_) => return Err(KeyProblem::Malformed { member: "key_ops" }),
        };
        Ok(by_use && by_operation)
    }

    /// The first certificate of `x5c`, or `None` if it cannot be read.
    fn certificate(self) -> Option<Option<Certificate>> {
        let first = self.get("x5c")?.as_array().and_then(|chain| chain.first()).and_then(Value::as_str);
        Some(first.and_then(|text| STANDARD.decode(text).ok()).and_then(|der| Certificate::parse(&der)))
    }

    /// `x5t#S256` (RFC 7517 section 4.9), if it can be one.
    fn certificate_thumbprint(self) -> Option<Thumbprint> {
        Thumbprint::parse(self.get("x5t#S256")?.as_str()?)
    }

    /// The members that make up the public key, in the order that RFC 7638 hashes them.
    pub(super) fn public_members(self) -> Result<&'static [&'static str], KeyProblem> {
        match self.required("kty")? {
            "RSA" => Ok(&["e", "kty", "n"]),
            "EC" => Ok(&["crv", "kty", "x", "y"]),
            "OKP" => Ok(&["crv", "kty", "x"]),
            _ => Err(KeyProblem::UnknownType),
        }
    }

    /// The thumbprint of the public key (RFC 7638), of a key whose public members have been checked: they are names of curves and
    /// strict base64url, so that they need no escaping.
    pub(super) fn thumbprint(self) -> Result<Thumbprint, KeyProblem> {
        let mut hasher = Sha256::new();
        let mut separator = "{";
        for member in self.public_members()? {
            for part in [separator, "\"", *member, "\":\"", self.required(member)?, "\""] {
                hasher.update(part);
            }
            separator = ",";
        }
        hasher.update("}");
        Ok(Thumbprint::from_bytes(hasher.finalize().into()))
    }

    /// The public members alone.
    pub(super) fn public_half(self) -> Result<Map<String, Value>, KeyProblem> {
        Ok(self.copy(self.public_members()?))
    }

    pub(super) fn copy(self, members: &[&str]) -> Map<String, Value> {
        let copy = |member: &&str| self.get(member).map(|value| ((*member).to_owned(), value.clone()));
        members.iter().filter_map(copy).collect()
    }
}

/// A key to verify signatures with.
#[derive(Clone)]
pub(super) struct VerificationKey {
    pub(super) kid: Option<Box<str>>,
    /// The one algorithm it is for, if it says so.
    pub(super) algorithm: Option<SigningAlgorithm>,
    pub(super) prepared: Arc<PreparedKey>,
    /// Tells the key from all others.
    thumbprint: Thumbprint,
    /// The one certificate that is registered with it, if there is one.
    certificate: Option<Thumbprint>,
    /// `x5t#S256`, by which a token may choose the key: of that certificate, or as it is registered.
    certificate_name: Option<Thumbprint>,
}

/// A key that was read, and not yet made ready.
pub(super) struct ReadKey<'a> {
    jwk: Jwk<'a>,
    kid: Option<Box<str>>,
    public_key: PublicKey,
    algorithm: Option<SigningAlgorithm>,
}

impl<'a> ReadKey<'a> {
    pub(super) fn parse(value: &'a Value) -> Result<Self, KeyProblem> {
        let jwk = Jwk::new(value)?;
        // Before anything else, so that no private key goes unnoticed for another fault.
        jwk.check_public()?;
        let (public_key, algorithm) = jwk.to_verify_with()?;
        Ok(Self { jwk, kid: jwk.kid()?, public_key, algorithm })
    }

    /// The key made ready, and a problem with its certificates which does not keep it from counting.
    pub(super) fn prepare(self) -> Result<(VerificationKey, Option<KeyProblem>), KeyProblem> {
        let Self { jwk, kid, public_key, algorithm } = self;
        let (thumbprint, prepared) = prepared_key::prepare(public_key)?;
        let (certificate, problem) = match jwk.certificate() {
            None => (None, None),
            Some(None) => (None, Some(KeyProblem::UnreadableCertificate)),
            Some(Some(certificate)) if certificate_key::thumbprint(&certificate) == Some(thumbprint) => {
                (Some(certificate.thumbprint()), None)
            }
            Some(Some(_)) => return Err(KeyProblem::ForeignCertificate),
        };
        let certificate_name = certificate.or_else(|| jwk.certificate_thumbprint());
        Ok((VerificationKey { kid, algorithm, prepared, thumbprint, certificate, certificate_name }, problem))
    }
}

impl VerificationKey {
    /// Returns `true` if a token that names this certificate means this key.
    pub(super) fn is_named_by(&self, thumbprint: Thumbprint) -> bool {
        self.certificate_name == Some(thumbprint)
    }

    /// Returns `true` if both have the same numbers.
    pub(super) fn has_same_numbers(&self, other: &Self) -> bool {
        self.thumbprint == other.thumbprint
    }

    /// Returns `true` if both are the same key for the same use.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.kid, self.algorithm, self.thumbprint, self.certificate)
            == (&other.kid, other.algorithm, other.thumbprint, other.certificate)
    }

    /// Returns `true` if the `kid` of another key stands for this one too, so that it would be a matter of luck which one is meant.
    pub(super) fn shares_kid(&self, other: &Self) -> bool {
        let both = |algorithm: &SigningAlgorithm| self.supports(*algorithm) && other.supports(*algorithm);
        self.kid.is_some()
            && self.kid == other.kid
            && self.thumbprint != other.thumbprint
            && SigningAlgorithm::ALL.iter().any(both)
    }

    /// Returns `true` if a certificate is the one that is registered with this key, or has this key if none is.
    pub(super) fn is_of(&self, certificate: &Certificate, thumbprint: Thumbprint) -> bool {
        self.thumbprint == thumbprint
            && self.certificate.is_none_or(|registered| registered == certificate.thumbprint())
    }

    /// The key, as the client is known by it.
    pub(super) fn name(&self) -> AuthenticationKey {
        let key = AuthenticationKey::new(self.thumbprint);
        match &self.kid {
            Some(kid) => key.with_kid(kid.clone()),
            None => key,
        }
    }

    pub(super) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        self.prepared.supports(algorithm) && self.algorithm.is_none_or(|only| only.is_same(algorithm))
    }
}

impl Jwk<'_> {
    fn check_public(self) -> Result<(), KeyProblem> {
        let is_symmetric = self.text("kty").is_ok_and(|kty| kty == Some("oct"));
        if self.has_private_members() || is_symmetric { Err(KeyProblem::Private) } else { Ok(()) }
    }

    /// A public key to verify signatures with, and the one algorithm that it is for, if it says so.
    pub(super) fn to_verify_with(self) -> Result<(PublicKey, Option<SigningAlgorithm>), KeyProblem> {
        let jwk = self;
        jwk.check_public()?;
        let public_key = match jwk.required("kty")? {
            "RSA" => rsa(jwk)?,
            "EC" => ec(jwk)?,
            "OKP" => ed25519(jwk)?,
            _ => return Err(KeyProblem::UnknownType),
        };
        if !jwk.is_for("sig", &["verify"])? {
            return Err(KeyProblem::OtherPurpose);
        }
        let algorithm = match jwk.text("alg")? {
            None => None,
            Some(text) => {
                let algorithm = SigningAlgorithm::parse(text).filter(|algorithm| public_key.supports(*algorithm));
                Some(algorithm.ok_or(KeyProblem::OtherPurpose)?)
            }
        };
        Ok((public_key, algorithm))
    }
}

/// The exponent is checked as well: with e = 1 every signature can be forged.
fn rsa(jwk: Jwk<'_>) -> Result<PublicKey, KeyProblem> {
    let (modulus, exponent) = (jwk.number("n")?, jwk.number("e")?);
    let is_exponent = number::small(&exponent).is_some_and(|value| EXPONENTS.contains(&value)) && is_odd(&exponent);
    if !RSA_BITS.contains(&number::bits(&modulus)) || !is_odd(&modulus) || !is_exponent {
        return Err(KeyProblem::Weak);
    }
    Ok(PublicKey::Rsa { modulus, exponent })
}

fn ec(jwk: Jwk<'_>) -> Result<PublicKey, KeyProblem> {
    let (algorithm, length) = match jwk.required("crv")? {
        "P-256" => (SigningAlgorithm::Es256, 32),
        "P-384" => (SigningAlgorithm::Es384, 48),
        "P-521" => (SigningAlgorithm::Es512, 66),
        _ => return Err(KeyProblem::UnknownType),
    };
    Ok(PublicKey::Ec { algorithm, x: jwk.sized("x", length)?, y: jwk.sized("y", length)? })
}

fn ed25519(jwk: Jwk<'_>) -> Result<PublicKey, KeyProblem> {
    match jwk.required("crv")? {
        "Ed25519" => {}
        // Others encrypt to these.
        "X25519" | "X448" => return Err(KeyProblem::OtherPurpose),
        _ => return Err(KeyProblem::UnknownType),
    }
    let x = jwk.sized("x", 32)?;
    if !is_reduced(&x) {
        return Err(KeyProblem::OffCurve);
    }
    let is_same = |weak: &[u8; 32]| match (weak.split_last(), x.split_last()) {
        (Some((weak_top, weak)), Some((top, rest))) => weak == rest && *weak_top == top & 0x7F,
        _ => false,
    };
    if SMALL_ORDER.iter().any(is_same) { Err(KeyProblem::OffCurve) } else { Ok(PublicKey::Ed25519 { x }) }
}

/// Returns `true` if the `y` in the bytes of an Ed25519 key is less than the prime 2^255 - 19 (RFC 8032 section 5.1.3). Other
/// bytes would name the same point by another text, which some libraries take and some do not.
fn is_reduced(x: &[u8]) -> bool {
    match x {
        [first, rest @ .., top] => *first < 0xED || rest.iter().any(|byte| *byte != 0xFF) || top & 0x7F != 0x7F,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Jwk;

    #[test]
    fn thumbprints_are_those_of_the_specifications() {
        // RFC 7638 section 3.1, RFC 8037 appendix A.3, RFC 9449 sections 4.2 and 6.1
        let rsa = json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                  tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9\
                  1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        });
        let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let ec = json!({
            "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        });
        for (jwk, thumbprint) in [
            (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            (ec, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        ] {
            assert_eq!(Jwk::new(&jwk).unwrap().thumbprint().unwrap().to_string(), thumbprint);
        }
    }
}
