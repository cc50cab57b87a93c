//! From the encrypted key of a JWE to its content (RFC 7518 section 4): josekit unwraps a key once its parameters were checked.

use josekit::jwe::{
    A128GCMKW, A128KW, A192GCMKW, A192KW, A256GCMKW, A256KW, JweContentEncryption, JweDecrypter, JweHeader,
    enc::{A128CBC_HS256, A128GCM, A256CBC_HS512, A256GCM},
};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{ContentEncryption, KeyManagement, base64url, compact::Jwe, header::Header};

/// Bytes that key wrapping adds (RFC 3394).
const WRAPPING: usize = 8;
const GCM_VECTOR: usize = 12;
const GCM_TAG: usize = 16;

/// Curves for key agreement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    X25519,
}

impl Curve {
    pub(super) fn parse(kty: &str, crv: &str) -> Option<Self> {
        match (kty, crv) {
            ("EC", "P-256") => Some(Self::P256),
            ("EC", "P-384") => Some(Self::P384),
            ("OKP", "X25519") => Some(Self::X25519),
            _ => None,
        }
    }

    /// Bytes of a coordinate.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::P384 => 48,
            Self::P256 | Self::X25519 => 32,
        }
    }
}

/// The kind of a private key of the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa { modulus: usize },
    Agreement(Curve),
}

impl Kind {
    /// Returns `true` if the header of a token can mean a key of this kind.
    pub(super) fn may_fit(self, jwe: &Jwe<'_>) -> bool {
        let named = |member: &str| jwe.header.others.get("epk").and_then(|point| point.get(member)?.as_str());
        match self {
            Self::Rsa { modulus } => jwe.encrypted_key.len() == modulus,
            Self::Agreement(curve) => {
                named("kty").zip(named("crv")).and_then(|(kty, crv)| Curve::parse(kty, crv)) == Some(curve)
            }
        }
    }
}

/// Decrypts with a private key of the server.
pub(super) fn decrypt_with_private_key(
    decrypter: &dyn JweDecrypter,
    kind: Kind,
    jwe: &Jwe<'_>,
    algorithm: KeyManagement,
    encryption: ContentEncryption,
) -> Option<Vec<u8>> {
    if !encryption.fits(jwe) {
        return None;
    }
    let key = unwrap_with_private_key(decrypter, kind, jwe, algorithm, encryption);
    open(key, jwe, encryption)
}

/// Decrypts with a key that both sides hold, which has the length that algorithm and encryption want.
pub(super) fn decrypt_with_shared_key(
    key: &[u8],
    jwe: &Jwe<'_>,
    algorithm: KeyManagement,
    encryption: ContentEncryption,
) -> Option<Vec<u8>> {
    if !encryption.fits(jwe) {
        return None;
    }
    open(unwrap_with_shared_key(key, jwe, algorithm, encryption), jwe, encryption)
}

/// Goes on without a key in the same way as with one, so that the time does not tell a wrong key from wrong content.
fn open(key: Option<Zeroizing<Vec<u8>>>, jwe: &Jwe<'_>, encryption: ContentEncryption) -> Option<Vec<u8>> {
    let genuine = key.as_ref().is_some_and(|key| key.len() == encryption.key_length());
    let key = key.filter(|_| genuine).unwrap_or_else(|| Zeroizing::new(vec![0; encryption.key_length()]));
    encryption.decrypt(&key, jwe).filter(|_| genuine)
}

fn unwrap_with_private_key(
    decrypter: &dyn JweDecrypter,
    kind: Kind,
    jwe: &Jwe<'_>,
    algorithm: KeyManagement,
    encryption: ContentEncryption,
) -> Option<Zeroizing<Vec<u8>>> {
    let wrapped = encryption.key_length().saturating_add(WRAPPING);
    let expected = match (kind, algorithm) {
        (Kind::Rsa { modulus }, KeyManagement::RsaOaep | KeyManagement::RsaOaep256) => modulus,
        (Kind::Agreement(_), KeyManagement::EcdhEs) => 0,
        (Kind::Agreement(_), KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw) => wrapped,
        _ => return None,
    };
    if jwe.encrypted_key.len() != expected {
        return None;
    }
    let header = match kind {
        Kind::Rsa { .. } => JweHeader::new(),
        Kind::Agreement(curve) => agreement_header(&jwe.header, curve)?,
    };
    unwrap(decrypter, jwe, encryption, &header)
}

fn unwrap_with_shared_key(
    key: &[u8],
    jwe: &Jwe<'_>,
    algorithm: KeyManagement,
    encryption: ContentEncryption,
) -> Option<Zeroizing<Vec<u8>>> {
    let wrapped = encryption.key_length().saturating_add(WRAPPING);
    let (decrypter, expected): (Box<dyn JweDecrypter>, usize) = match algorithm {
        KeyManagement::Dir => return jwe.encrypted_key.is_empty().then(|| Zeroizing::new(key.to_vec())),
        KeyManagement::A128Kw => (Box::new(A128KW.decrypter_from_bytes(key).ok()?), wrapped),
        KeyManagement::A192Kw => (Box::new(A192KW.decrypter_from_bytes(key).ok()?), wrapped),
        KeyManagement::A256Kw => (Box::new(A256KW.decrypter_from_bytes(key).ok()?), wrapped),
        KeyManagement::A128GcmKw => (Box::new(A128GCMKW.decrypter_from_bytes(key).ok()?), encryption.key_length()),
        KeyManagement::A192GcmKw => (Box::new(A192GCMKW.decrypter_from_bytes(key).ok()?), encryption.key_length()),
        KeyManagement::A256GcmKw => (Box::new(A256GCMKW.decrypter_from_bytes(key).ok()?), encryption.key_length()),
        _ => return None,
    };
    if jwe.encrypted_key.len() != expected {
        return None;
    }
    let header = match algorithm {
        KeyManagement::A128GcmKw | KeyManagement::A192GcmKw | KeyManagement::A256GcmKw => gcm_header(&jwe.header)?,
        _ => JweHeader::new(),
    };
    unwrap(&*decrypter, jwe, encryption, &header)
}

fn unwrap(
    decrypter: &dyn JweDecrypter,
    jwe: &Jwe<'_>,
    encryption: ContentEncryption,
    header: &JweHeader,
) -> Option<Zeroizing<Vec<u8>>> {
    let encryption: &dyn JweContentEncryption = match encryption {
        ContentEncryption::A128Gcm => &A128GCM,
        ContentEncryption::A256Gcm => &A256GCM,
        ContentEncryption::A128CbcHs256 => &A128CBC_HS256,
        ContentEncryption::A256CbcHs512 => &A256CBC_HS512,
    };
    let encrypted_key = Some(&*jwe.encrypted_key).filter(|key| !key.is_empty());
    let key = decrypter.decrypt(encrypted_key, encryption, header).ok()?;
    Some(Zeroizing::new(key.into_owned()))
}

/// The members that key agreement reads: a point of the right curve and size, and the parties' names.
fn agreement_header(header: &Header, curve: Curve) -> Option<JweHeader> {
    let point = header.others.get("epk")?.as_object()?;
    let text = |member: &str| point.get(member).and_then(Value::as_str);
    let coordinates: &[&str] = if curve == Curve::X25519 { &["x"] } else { &["x", "y"] };
    let is_sized =
        |member: &&str| text(member).and_then(base64url::decode).is_some_and(|bytes| bytes.len() == curve.length());
    if Curve::parse(text("kty")?, text("crv")?)? != curve
        || !coordinates.iter().all(is_sized)
        || point.contains_key("d")
    {
        return None;
    }
    let copied = ["kty", "crv"].iter().chain(coordinates);
    let point: Map<String, Value> =
        copied.filter_map(|member| Some(((*member).to_owned(), point.get(*member)?.clone()))).collect();
    let mut members = Map::from_iter([("epk".to_owned(), Value::Object(point))]);
    for name in ["apu", "apv"] {
        if let Some(party) = header.others.get(name) {
            base64url::decode(party.as_str()?)?;
            members.insert(name.to_owned(), party.clone());
        }
    }
    JweHeader::from_map(members).ok()
}

/// The members that AES GCM key encryption reads, of full length.
fn gcm_header(header: &Header) -> Option<JweHeader> {
    let mut members = Map::new();
    for (name, length) in [("iv", GCM_VECTOR), ("tag", GCM_TAG)] {
        let text = header.text(name)?;
        if base64url::decode(text)?.len() != length {
            return None;
        }
        members.insert(name.to_owned(), text.into());
    }
    JweHeader::from_map(members).ok()
}
