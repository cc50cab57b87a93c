//! The public keys of one party, and the choice of those that a token is held against.

use std::fmt;

use serde_json::Value;

use super::{
    KeyError, KeyProblem, KeySetError, MAX_TOKEN, MAX_TRIALS, SigningAlgorithm, TokenFault, certificate_key,
    compact::Jws, jwk::VerificationKey, permitted::Permitted, verified::Verifier,
};
use crate::{certificate::Certificate, json};

/// Keys in a set.
const MAX_KEYS: usize = 32;
/// Bytes of a set.
const MAX_SET: usize = 64 * 1024;

/// The public keys of one party.
///
/// Each is prepared once in a process, however many clients have it registered: up to 8192 keys are remembered, at some kilobytes each. So
/// reading the same set again is quick.
///
/// ```
/// use parjar::jose::{SigningAlgorithm, TokenFault, VerificationKeys};
///
/// let keys = VerificationKeys::parse(
///     r#"{ "keys": [ { "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } ] }"#,
/// )?;
/// // RFC 8037 appendix A.4
/// let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
///              hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// assert_eq!(keys.verify(token, &[SigningAlgorithm::EdDsa])?, b"Example of Ed25519 signing");
/// assert_eq!(keys.verify(token, &[SigningAlgorithm::Es256]), Err(TokenFault::Algorithm));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct VerificationKeys {
    keys: Vec<VerificationKey>,
    skipped: Vec<KeyError>,
}

/// The treatment of a key that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only a key of another type or purpose is left out.
    Registered,
    /// Every such key is left out, and the others count.
    Fetched,
}

impl VerificationKeys {
    /// Reads a JWK set as it is registered. Keys of a type or for a purpose that this library does not know are left out and
    /// listed in [`skipped`](Self::skipped).
    ///
    /// # Errors
    ///
    /// For a set with a key that is malformed, private, weak, off its curve, or of the same `kid` and kind as another. At most 32
    /// keys and 64 KiB.
    pub fn parse(jwks: &str) -> Result<Self, KeySetError> {
        Self::read(jwks, Mode::Registered)
    }

    /// Reads a JWK set that was fetched: there one bad key must not lock out all others, so those are left out and listed as
    /// well.
    ///
    /// # Errors
    ///
    /// When it is not a JWK set, or too large.
    pub fn parse_fetched(jwks: &str) -> Result<Self, KeySetError> {
        Self::read(jwks, Mode::Fetched)
    }

    /// As [`parse`](Self::parse), of a set whose JSON has been read.
    pub(crate) fn from_registered(jwks: &Value) -> Result<Self, KeySetError> {
        if jwks.to_string().len() > MAX_SET {
            return Err(KeySetError::TooLarge);
        }
        Self::from_value(jwks, Mode::Registered)
    }

    fn read(jwks: &str, mode: Mode) -> Result<Self, KeySetError> {
        if jwks.len() > MAX_SET {
            return Err(KeySetError::TooLarge);
        }
        Self::from_value(&json::parse(jwks).ok_or(KeySetError::NotASet)?, mode)
    }

    fn from_value(jwks: &Value, mode: Mode) -> Result<Self, KeySetError> {
        let listed = jwks.get("keys").and_then(Value::as_array).ok_or(KeySetError::NotASet)?;
        if listed.len() > MAX_KEYS {
            return Err(KeySetError::TooLarge);
        }
        let mut set = Self::default();
        for (index, value) in listed.iter().enumerate() {
            match VerificationKey::parse(value).and_then(|key| set.distinct(key)) {
                Ok(key) => set.keys.push(key),
                Err(problem @ (KeyProblem::UnknownType | KeyProblem::OtherPurpose)) => {
                    set.skipped.push(KeyError::new(index, problem));
                }
                Err(problem) if mode == Mode::Fetched => set.skipped.push(KeyError::new(index, problem)),
                Err(problem) => return Err(KeyError::new(index, problem).into()),
            }
        }
        Ok(set)
    }

    /// Keys of different kinds may have the same `kid` (FAPI 2.0 section 5.4.3); of the same kind it would be a matter of luck
    /// which one is meant.
    fn distinct(&self, key: VerificationKey) -> Result<VerificationKey, KeyProblem> {
        let is_twin = |other: &VerificationKey| {
            other.kid == key.kid
                && SigningAlgorithm::ALL.iter().any(|algorithm| other.supports(*algorithm) && key.supports(*algorithm))
        };
        if key.kid.is_some() && self.keys.iter().any(is_twin) { Err(KeyProblem::DuplicateKid) } else { Ok(key) }
    }

    /// The keys that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[KeyError] {
        &self.skipped
    }

    /// The number of keys that can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns `true` if no key can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        self.keys.iter().any(|key| key.supports(algorithm))
    }

    /// Verifies the signature of a compact JWS that uses one of `algorithms`, and gives its payload. The claims and `typ` have yet
    /// to be checked: a token of another kind, an expired one, or one for another audience passes too.
    ///
    /// A `kid` must be that of a key, or of one that has none. Without one, three keys that fit the algorithm are tried.
    ///
    /// # Errors
    ///
    /// When the token is malformed, of another algorithm, or signed with another key.
    pub fn verify(&self, token: &str, algorithms: &[SigningAlgorithm]) -> Result<Vec<u8>, TokenFault> {
        Jws::parse(token, MAX_TOKEN)?.verify_payload(self, &Permitted::any_of(algorithms))
    }

    /// Returns `true` if a certificate is one of those in `x5c`, or has one of the keys without (RFC 8705 section 2.2).
    pub(crate) fn know(&self, certificate: &Certificate) -> bool {
        let digest = certificate_key::digest(certificate);
        digest.is_some_and(|digest| self.keys.iter().any(|key| key.is_of(certificate, digest)))
    }

    /// Returns `true` if the first key for the algorithm fits, whatever `kid` says.
    pub(super) fn fit(&self, jws: &Jws<'_>, algorithm: SigningAlgorithm) -> bool {
        let message = jws.signing_input.as_bytes();
        let first = self.keys.iter().find(|key| key.supports(algorithm));
        first.is_some_and(|key| key.prepared.verify(algorithm, message, &jws.signature))
    }
}

impl Verifier for VerificationKeys {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<(), TokenFault> {
        let algorithm = permitted.algorithm_of(jws)?;
        let fit = || self.keys.iter().filter(|key| key.supports(algorithm));
        if permitted.only_by_registration(algorithm) && !fit().any(|key| key.algorithm.is_some()) {
            return Err(TokenFault::Algorithm);
        }
        let kid = jws.header.kid.as_deref();
        let fits = |key: &&VerificationKey| key.algorithm.is_some() || !permitted.only_by_registration(algorithm);
        // Keys without a name may be the one that is meant, but one of that name comes first; and no other name will do.
        let named = fit().filter(|key| key.kid.is_some() && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid)));
        let unnamed = fit().filter(|key| key.kid.is_none());
        let mut fault = TokenFault::NoKey;
        for key in named.chain(unnamed).filter(fits).take(MAX_TRIALS) {
            if key.prepared.verify(algorithm, jws.signing_input.as_bytes(), &jws.signature) {
                return Ok(());
            }
            fault = TokenFault::Signature;
        }
        Err(fault)
    }
}

impl fmt::Debug for VerificationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKeys").field("keys", &self.keys.len()).field("skipped", &self.skipped).finish()
    }
}
