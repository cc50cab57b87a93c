//! Keys made ready to verify with, which takes as long as using one: each is prepared once in a process, however many clients have it
//! registered.
//!
//! So a registry that makes its clients anew for every request loses nothing. The cache knows keys by their thumbprints, and
//! forgets those that have not been used for long.
//!
//! Keys that tokens bring along have a cache of their own: a sender of proofs can make up any number of keys, and must not push out
//! the registered ones with them. A key gets in there once a signature of it was good, so that it takes its sender at least as much
//! work as the server.

use std::sync::{Arc, LazyLock, OnceLock};

use super::{
    KeyProblem, SigningAlgorithm,
    backend::{self, Verify as _, VerifyingKey},
    public_key::PublicKey,
    roca,
};
use crate::{bounded_cache::BoundedCache, protocol::confirmation::Thumbprint};

/// Keys in each of the two generations of the cache, at some kilobytes each.
const GENERATION: usize = 4096;
/// The same for keys that tokens bring along.
const EMBEDDED_GENERATION: usize = 1024;

/// A key that is ready.
pub(super) struct PreparedKey {
    public_key: PublicKey,
    ready: Ready,
}

enum Ready {
    /// An RSA key is tied to its padding and hash function, so each algorithm has one of its own, when it is first needed.
    Rsa(Box<[OnceLock<Option<VerifyingKey>>; 6]>),
    Other(VerifyingKey),
}

impl PreparedKey {
    fn make(public_key: PublicKey) -> Option<Self> {
        let ready = match &public_key {
            PublicKey::Rsa { .. } => Ready::Rsa(Box::new([const { OnceLock::new() }; 6])),
            PublicKey::Ec { algorithm, .. } => Ready::Other(VerifyingKey::new(&public_key, *algorithm)?),
            PublicKey::Ed25519 { .. } => Ready::Other(VerifyingKey::new(&public_key, SigningAlgorithm::Ed25519)?),
        };
        Some(Self { public_key, ready })
    }

    pub(super) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        self.public_key.supports(algorithm)
    }

    /// Returns `true` if this is a signature of the key, by an algorithm that it [`supports`](Self::supports).
    pub(super) fn verify(&self, algorithm: SigningAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        #[cfg(test)]
        crate::work::count(|work| &mut work.verifications);
        let ready = self.ready_for(algorithm).filter(|_| self.public_key.is_length_of_signature(signature.len()));
        ready.is_some_and(|key| key.verify(message, signature))
    }

    fn ready_for(&self, algorithm: SigningAlgorithm) -> Option<&VerifyingKey> {
        let [rs256, rs384, rs512, ps256, ps384, ps512] = match &self.ready {
            Ready::Rsa(ready) => &**ready,
            Ready::Other(ready) => return Some(ready),
        };
        let place = match algorithm {
            SigningAlgorithm::Rs256 => rs256,
            SigningAlgorithm::Rs384 => rs384,
            SigningAlgorithm::Rs512 => rs512,
            SigningAlgorithm::Ps256 => ps256,
            SigningAlgorithm::Ps384 => ps384,
            SigningAlgorithm::Ps512 => ps512,
            _ => return None,
        };
        place.get_or_init(|| VerifyingKey::new(&self.public_key, algorithm)).as_ref()
    }
}

/// A key that is ready, with its thumbprint: one that has been seen before, or a new one.
pub(super) fn prepare(key: PublicKey) -> Result<(Thumbprint, Arc<PreparedKey>), KeyProblem> {
    let thumbprint = key.thumbprint();
    if let Some(prepared) = REGISTERED.get(&thumbprint) {
        return Ok((thumbprint, prepared));
    }
    let prepared = make(key)?;
    REGISTERED.put(thumbprint, Arc::clone(&prepared));
    Ok((thumbprint, prepared))
}

/// Verifies a signature with a key that came along with it, by an algorithm that it [`supports`](PublicKey::supports).
pub(super) fn verify_embedded(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyProblem> {
    let thumbprint = key.thumbprint();
    if let Some(prepared) = EMBEDDED.get(&thumbprint) {
        return Ok(prepared.verify(algorithm, message, signature));
    }
    let prepared = make(key.clone())?;
    let good = prepared.verify(algorithm, message, signature);
    if good {
        EMBEDDED.put(thumbprint, prepared);
    }
    Ok(good)
}

/// Not under a lock: it takes long.
fn make(key: PublicKey) -> Result<Arc<PreparedKey>, KeyProblem> {
    if !backend::IS_THERE {
        return Err(KeyProblem::NoBackend);
    }
    let unusable = match &key {
        PublicKey::Rsa { modulus, .. } if roca::has_fingerprint(modulus) => return Err(KeyProblem::Weak),
        PublicKey::Rsa { .. } => KeyProblem::Weak,
        _ => KeyProblem::OffCurve,
    };
    PreparedKey::make(key).map(Arc::new).ok_or(unusable)
}

type Cache = LazyLock<BoundedCache<Thumbprint, Arc<PreparedKey>>>;

static REGISTERED: Cache = LazyLock::new(|| BoundedCache::of(GENERATION));
static EMBEDDED: Cache = LazyLock::new(|| BoundedCache::of(EMBEDDED_GENERATION));

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
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
            assert!(EMBEDDED.get(&made_up.thumbprint()).is_none());
        }
        assert!(Arc::ptr_eq(&registered, &prepare(ed25519(3)).unwrap().1));
        // RFC 8037 appendix A.4
        let x = base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let signature =
            base64url::decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        let (key, message) = (PublicKey::Ed25519 { x }, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let good = verify_embedded(&key, SigningAlgorithm::Ed25519, message, &signature.unwrap());
        assert_eq!(good, Ok(true));
        assert!(EMBEDDED.get(&key.thumbprint()).is_some());
    }
}
