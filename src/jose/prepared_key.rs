//! Keys made ready for OpenSSL, which takes as long as using one: each is prepared once in a process, however many clients have it
//! registered.
//!
//! So a registry that makes its clients anew for every request loses nothing. The cache knows keys by a digest of their public
//! members, and forgets those that have not been used for long.
//!
//! Keys that tokens bring along have a cache of their own: a sender of proofs can make up any number of keys, and must not push out
//! the registered ones with them. A key gets in there once a signature of it was good, so that it takes its sender at least as much
//! work as the server.

use std::sync::{Arc, LazyLock, OnceLock};

use josekit::{
    JoseError,
    jwk::Jwk,
    jws::{
        ES256, ES384, ES512, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512,
        alg::{ecdsa::EcdsaJwsVerifier, eddsa::EddsaJwsVerifier},
    },
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{KeyProblem, SigningAlgorithm, base64url, roca};
use crate::bounded_cache::BoundedCache;

/// Keys in each of the two generations of the cache, at some kilobytes each.
const GENERATION: usize = 4096;
/// The same for keys that tokens bring along.
const EMBEDDED_GENERATION: usize = 1024;

/// The numbers of a public key, checked.
pub(super) enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { algorithm: SigningAlgorithm, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

impl PublicKey {
    pub(super) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        match self {
            Self::Rsa { .. } => is_rsa(algorithm),
            Self::Ec { algorithm: only, .. } => algorithm == *only,
            Self::Ed25519 { .. } => algorithm.is_same(SigningAlgorithm::Ed25519),
        }
    }

    fn parts(&self) -> (&'static str, [&[u8]; 2]) {
        match self {
            Self::Rsa { modulus, exponent } => ("RSA", [modulus, exponent]),
            Self::Ec { x, y, .. } => ("EC", [x, y]),
            Self::Ed25519 { x } => ("OKP", [x, &[]]),
        }
    }

    /// The digest that tells it from all others.
    pub(super) fn digest(&self) -> [u8; 32] {
        let (kty, parts) = self.parts();
        let mut hasher = Sha256::new();
        hasher.update(kty);
        for part in parts {
            hasher.update([0]);
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// A JWK of nothing but the public members.
    fn to_jwk(&self, curve: Option<&str>) -> Result<Jwk, JoseError> {
        let (kty, parts) = self.parts();
        let names = if kty == "RSA" { ["n", "e"] } else { ["x", "y"] };
        let mut members = Map::from_iter([("kty".to_owned(), Value::from(kty))]);
        members.extend(curve.map(|curve| ("crv".to_owned(), curve.into())));
        for (name, part) in names.into_iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
            members.insert(name.to_owned(), base64url::encode(part).into());
        }
        Jwk::from_map(members)
    }
}

fn is_rsa(algorithm: SigningAlgorithm) -> bool {
    algorithm.is_pkcs1()
        || matches!(algorithm, SigningAlgorithm::Ps256 | SigningAlgorithm::Ps384 | SigningAlgorithm::Ps512)
}

/// A key that is ready.
pub(super) enum PreparedKey {
    /// OpenSSL ties an RSA key to its padding, so each algorithm has one of its own, when it is first needed.
    Rsa {
        jwk: Box<Jwk>,
        verifiers: [OnceLock<Option<Box<dyn JwsVerifier>>>; 6],
    },
    Ec {
        algorithm: SigningAlgorithm,
        verifier: EcdsaJwsVerifier,
    },
    Ed25519(EddsaJwsVerifier),
}

impl PreparedKey {
    fn make(key: &PublicKey) -> Result<Self, JoseError> {
        Ok(match key {
            PublicKey::Rsa { .. } => {
                Self::Rsa { jwk: Box::new(key.to_jwk(None)?), verifiers: [const { OnceLock::new() }; 6] }
            }
            PublicKey::Ec { algorithm, .. } => {
                let (suite, curve) = match algorithm {
                    SigningAlgorithm::Es384 => (ES384, "P-384"),
                    SigningAlgorithm::Es512 => (ES512, "P-521"),
                    _ => (ES256, "P-256"),
                };
                Self::Ec { algorithm: *algorithm, verifier: suite.verifier_from_jwk(&key.to_jwk(Some(curve))?)? }
            }
            PublicKey::Ed25519 { .. } => Self::Ed25519(EdDSA.verifier_from_jwk(&key.to_jwk(Some("Ed25519"))?)?),
        })
    }

    pub(super) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        match self {
            Self::Rsa { .. } => is_rsa(algorithm),
            Self::Ec { algorithm: only, .. } => algorithm == *only,
            Self::Ed25519(_) => algorithm.is_same(SigningAlgorithm::Ed25519),
        }
    }

    /// Returns `true` if this is a signature of the key, by an algorithm that it [`supports`](Self::supports).
    pub(super) fn verify(&self, algorithm: SigningAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        #[cfg(test)]
        count::VERIFICATIONS.set(count::VERIFICATIONS.get().saturating_add(1));
        match self {
            Self::Rsa { jwk, verifiers: [rs256, rs384, rs512, ps256, ps384, ps512] } => {
                let made = match algorithm {
                    SigningAlgorithm::Rs256 => rs256.get_or_init(|| boxed(RS256.verifier_from_jwk(jwk))),
                    SigningAlgorithm::Rs384 => rs384.get_or_init(|| boxed(RS384.verifier_from_jwk(jwk))),
                    SigningAlgorithm::Rs512 => rs512.get_or_init(|| boxed(RS512.verifier_from_jwk(jwk))),
                    SigningAlgorithm::Ps256 => ps256.get_or_init(|| boxed(PS256.verifier_from_jwk(jwk))),
                    SigningAlgorithm::Ps384 => ps384.get_or_init(|| boxed(PS384.verifier_from_jwk(jwk))),
                    SigningAlgorithm::Ps512 => ps512.get_or_init(|| boxed(PS512.verifier_from_jwk(jwk))),
                    _ => return false,
                };
                made.as_ref().is_some_and(|verifier| verifier.verify(message, signature).is_ok())
            }
            Self::Ec { verifier, .. } => verifier.verify(message, signature).is_ok(),
            Self::Ed25519(verifier) => verifier.verify(message, signature).is_ok(),
        }
    }
}

fn boxed<V: JwsVerifier + 'static>(made: Result<V, JoseError>) -> Option<Box<dyn JwsVerifier>> {
    made.ok().map(|verifier| Box::new(verifier) as Box<dyn JwsVerifier>)
}

/// Tells tests how much work a token makes.
#[cfg(test)]
pub(crate) mod count {
    use std::cell::Cell;

    thread_local! {
        /// Signatures that were verified by this thread.
        pub(crate) static VERIFICATIONS: Cell<usize> = const { Cell::new(0) };
    }
}

/// A key that is ready, with its digest: one that has been seen before, or a new one.
pub(super) fn prepare(key: PublicKey) -> Result<([u8; 32], Arc<PreparedKey>), KeyProblem> {
    let digest = key.digest();
    if let Some(prepared) = REGISTERED.get(&digest) {
        return Ok((digest, prepared));
    }
    let prepared = make(&key)?;
    REGISTERED.put(digest, Arc::clone(&prepared));
    Ok((digest, prepared))
}

/// Verifies a signature with a key that came along with it, by an algorithm that it [`supports`](PublicKey::supports).
pub(super) fn verify_embedded(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyProblem> {
    let digest = key.digest();
    if let Some(prepared) = EMBEDDED.get(&digest) {
        return Ok(prepared.verify(algorithm, message, signature));
    }
    let prepared = make(key)?;
    let good = prepared.verify(algorithm, message, signature);
    if good {
        EMBEDDED.put(digest, prepared);
    }
    Ok(good)
}

/// Not under a lock: it takes long.
fn make(key: &PublicKey) -> Result<Arc<PreparedKey>, KeyProblem> {
    let unusable = match key {
        PublicKey::Rsa { modulus, .. } if roca::has_fingerprint(modulus) => return Err(KeyProblem::Weak),
        PublicKey::Rsa { .. } => KeyProblem::Weak,
        _ => KeyProblem::OffCurve,
    };
    PreparedKey::make(key).map(Arc::new).map_err(|_| unusable)
}

type Cache = LazyLock<BoundedCache<[u8; 32], Arc<PreparedKey>>>;

static REGISTERED: Cache = LazyLock::new(|| BoundedCache::of(GENERATION));
static EMBEDDED: Cache = LazyLock::new(|| BoundedCache::of(EMBEDDED_GENERATION));

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{EMBEDDED, EMBEDDED_GENERATION, PublicKey, SigningAlgorithm, prepare, verify_embedded};
    use crate::jose::base64url;

    fn ed25519(number: u64) -> PublicKey {
        // Any 32 bytes are a key until a signature is verified with it.
        let mut x = vec![9; 32];
        x[..8].copy_from_slice(&number.to_be_bytes());
        PublicKey::Ed25519 { x }
    }

    #[test]
    fn the_same_key_is_prepared_once() {
        let [first, again, other] = [ed25519(1), ed25519(1), ed25519(2)].map(|key| prepare(key).unwrap().1);
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn keys_that_tokens_bring_push_out_nothing_and_stay_only_with_a_good_signature() {
        let (_, registered) = prepare(ed25519(3)).unwrap();
        for number in 0..EMBEDDED_GENERATION as u64 {
            let made_up = ed25519(1_000_000 + number);
            let _ = verify_embedded(&made_up, SigningAlgorithm::Ed25519, b"", &[0; 64]);
            assert!(EMBEDDED.get(&made_up.digest()).is_none());
        }
        assert!(Arc::ptr_eq(&registered, &prepare(ed25519(3)).unwrap().1));
        // RFC 8037 appendix A.4
        let x = base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let signature =
            base64url::decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        let (key, message) = (PublicKey::Ed25519 { x }, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let good = verify_embedded(&key, SigningAlgorithm::Ed25519, message, &signature.unwrap());
        assert_eq!(good, Ok(true));
        assert!(EMBEDDED.get(&key.digest()).is_some());
    }
}
