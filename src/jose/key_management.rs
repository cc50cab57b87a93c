//! From the encrypted key of a JWE to its content (RFC 7518 section 4). A key is unwrapped once its parameters were checked.

use zeroize::Zeroizing;

use super::{
    ContentEncryption, KeyManagement,
    agreement::{Curve, Offer},
    backend::{Agree as _, AgreementKey, Ciphers, Decrypt as _, RsaKey, Unwrap as _},
    base64url,
    compact::Jwe,
    header::Header,
};

/// Bytes that key wrapping adds (RFC 3394).
const WRAPPING: usize = 8;
const GCM_VECTOR: usize = 12;
const GCM_TAG: usize = 16;

/// The private half of a key of the server.
pub(super) enum Secret {
    Rsa { modulus: usize, key: RsaKey },
    Agreement { curve: Curve, key: AgreementKey },
}

impl Secret {
    /// Returns `true` if the header of a token can mean a key of this kind.
    pub(super) fn may_fit(&self, jwe: &Jwe<'_>) -> bool {
        match self {
            Self::Rsa { modulus, .. } => jwe.encrypted_key.len() == *modulus,
            Self::Agreement { curve, .. } => Curve::of_header(&jwe.header) == Some(*curve),
        }
    }

    /// Decrypts a token that was encrypted to the public half.
    pub(super) fn decrypt(
        &self,
        jwe: &Jwe<'_>,
        algorithm: KeyManagement,
        encryption: ContentEncryption,
    ) -> Option<Vec<u8>> {
        if !encryption.fits(jwe) {
            return None;
        }
        open(self.unwrap(jwe, algorithm, encryption), jwe, encryption)
    }

    fn unwrap(
        &self,
        jwe: &Jwe<'_>,
        algorithm: KeyManagement,
        encryption: ContentEncryption,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let length = jwe.encrypted_key.len();
        match (self, algorithm) {
            (Self::Rsa { modulus, key }, KeyManagement::RsaOaep | KeyManagement::RsaOaep256) => {
                if length == *modulus {
                    key.unwrap(algorithm, &jwe.encrypted_key)
                } else {
                    None
                }
            }
            (Self::Agreement { curve, key }, KeyManagement::EcdhEs) => {
                let agreed = || agree(key, *curve, &jwe.header, encryption.as_str(), encryption.key_length());
                if length == 0 { agreed() } else { None }
            }
            (Self::Agreement { curve, key }, KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw) => {
                if !is_wrapped(jwe, encryption) {
                    return None;
                }
                let agreed = agree(key, *curve, &jwe.header, algorithm.as_str(), algorithm.key_length(encryption))?;
                Ciphers::unwrap_key(&agreed, &jwe.encrypted_key)
            }
            _ => None,
        }
    }
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

fn unwrap_with_shared_key(
    key: &[u8],
    jwe: &Jwe<'_>,
    algorithm: KeyManagement,
    encryption: ContentEncryption,
) -> Option<Zeroizing<Vec<u8>>> {
    match algorithm {
        KeyManagement::Dir => jwe.encrypted_key.is_empty().then(|| Zeroizing::new(key.to_vec())),
        KeyManagement::A128Kw | KeyManagement::A192Kw | KeyManagement::A256Kw => {
            if is_wrapped(jwe, encryption) {
                Ciphers::unwrap_key(key, &jwe.encrypted_key)
            } else {
                None
            }
        }
        KeyManagement::A128GcmKw | KeyManagement::A192GcmKw | KeyManagement::A256GcmKw => {
            if jwe.encrypted_key.len() != encryption.key_length() {
                return None;
            }
            let (vector, tag) = (sized(&jwe.header, "iv", GCM_VECTOR)?, sized(&jwe.header, "tag", GCM_TAG)?);
            Ciphers::open_gcm(key, &vector, &[], &jwe.encrypted_key, &tag).map(Zeroizing::new)
        }
        _ => None,
    }
}

/// Returns `true` if the encrypted key has the length of one for the content that was wrapped.
fn is_wrapped(jwe: &Jwe<'_>, encryption: ContentEncryption) -> bool {
    jwe.encrypted_key.len() == encryption.key_length().saturating_add(WRAPPING)
}

fn agree(
    key: &AgreementKey,
    curve: Curve,
    header: &Header,
    algorithm: &str,
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let offer = Offer::read(header, curve)?;
    let secret = key.agree(&offer.public)?;
    Some(offer.derive(&secret, algorithm, length))
}

/// A member that AES GCM key encryption reads, of full length.
fn sized(header: &Header, name: &str, length: usize) -> Option<Vec<u8>> {
    base64url::decode(header.text(name)?).filter(|bytes| bytes.len() == length)
}
