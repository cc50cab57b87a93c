//! The public keys of one party, and which of them a token is held against.

use std::{fmt, sync::LazyLock};

use serde_json::Value;

use super::{
    KeyError, KeyProblem, MAX_TRIALS, SigningAlgorithm, SkippedKey, TokenFault,
    compact::{Jws, Verified},
    jwk::VerificationKey,
};
use crate::json;

/// Keys in a set.
const MAX_KEYS: usize = 32;
/// Bytes of a set.
const MAX_SET: usize = 64 * 1024;
/// Bytes of a token that comes in through [`VerificationKeys::verify`].
pub(super) const MAX_TOKEN: usize = 64 * 1024;

/// The public keys of one party.
///
/// Each is prepared once in a process, whoever has it registered: up to 8192 keys are remembered, at some kilobytes each. So
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
    skipped: Vec<SkippedKey>,
}

/// What becomes of a key that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only what is meant for somebody else is left out.
    Registered,
    /// Whatever it is, the others still count.
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
    pub fn parse(jwks: &str) -> Result<Self, KeyError> {
        Self::read(jwks, Mode::Registered)
    }

    /// Reads a JWK set that was fetched: there one bad key must not lock out all others, so those are left out and listed as
    /// well.
    ///
    /// # Errors
    ///
    /// When it is not a JWK set, or too large.
    pub fn parse_fetched(jwks: &str) -> Result<Self, KeyError> {
        Self::read(jwks, Mode::Fetched)
    }

    /// As [`parse`](Self::parse), of a set whose JSON has been read.
    pub(crate) fn from_registered(jwks: &Value) -> Result<Self, KeyError> {
        Self::from_value(jwks, Mode::Registered)
    }

    fn read(jwks: &str, mode: Mode) -> Result<Self, KeyError> {
        if jwks.len() > MAX_SET {
            return Err(KeyError::TOO_LARGE);
        }
        Self::from_value(&json::parse(jwks).ok_or(KeyError::NOT_A_SET)?, mode)
    }

    fn from_value(jwks: &Value, mode: Mode) -> Result<Self, KeyError> {
        let listed = jwks.get("keys").and_then(Value::as_array).ok_or(KeyError::NOT_A_SET)?;
        if listed.len() > MAX_KEYS {
            return Err(KeyError::TOO_LARGE);
        }
        let mut set = Self::default();
        for (index, value) in listed.iter().enumerate() {
            match VerificationKey::parse(value).and_then(|key| set.distinct(key)) {
                Ok(key) => set.keys.push(key),
                Err(problem @ (KeyProblem::UnknownType | KeyProblem::OtherPurpose)) => {
                    set.skipped.push(SkippedKey::new(index, problem));
                }
                Err(problem) if mode == Mode::Fetched => set.skipped.push(SkippedKey::new(index, problem)),
                Err(problem) => return Err(KeyError::of_key(index, problem)),
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
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// How many keys can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn supports(&self, algorithm: SigningAlgorithm) -> bool {
        self.keys.iter().any(|key| key.supports(algorithm))
    }

    /// Verifies the signature of a compact JWS that uses one of `algorithms`, and gives its payload. What the payload says, and
    /// what `typ` says, has yet to be checked: a token of another kind, of long ago or for somebody else passes too.
    ///
    /// A `kid` must be that of a key. Without one, three keys that fit the algorithm are tried.
    ///
    /// # Errors
    ///
    /// Why the token is not to be believed.
    pub fn verify(&self, token: &str, algorithms: &[SigningAlgorithm]) -> Result<Vec<u8>, TokenFault> {
        let jws = Jws::parse(token, MAX_TOKEN)?;
        self.check(&jws, &Permitted::any_of(algorithms))?;
        Ok(jws.payload)
    }

    pub(crate) fn check<'t>(&self, jws: &'t Jws<'_>, permitted: &Permitted<'_>) -> Result<Verified<'t>, TokenFault> {
        let algorithm = permitted.algorithm_of(jws)?;
        let kid = jws.header.kid.as_deref();
        let fits = |key: &&VerificationKey| {
            key.supports(algorithm)
                && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
                && (key.algorithm.is_some() || !permitted.only_by_registration(algorithm))
        };
        let mut fault = TokenFault::NoKey;
        for key in self.keys.iter().filter(fits).take(MAX_TRIALS) {
            if key.material.verify(algorithm, jws.signing_input.as_bytes(), &jws.signature) {
                return Ok(Verified::new(jws));
            }
            fault = TokenFault::Signature;
        }
        Err(fault)
    }

    /// Does for a sender without keys what [`check`](Self::check) does for one with a key that does not fit.
    pub(crate) fn check_for_nobody(jws: &Jws<'_>, offered: &[SigningAlgorithm]) {
        if let Ok(algorithm) = Permitted::any_of(offered).algorithm_of(jws)
            && let Some(key) = NOBODY.keys.iter().find(|key| key.supports(algorithm))
        {
            std::hint::black_box(key.material.verify(algorithm, jws.signing_input.as_bytes(), &jws.signature));
        }
    }
}

impl fmt::Debug for VerificationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKeys").field("keys", &self.keys.len()).field("skipped", &self.skipped).finish()
    }
}

/// Which algorithms a sender may use.
pub(crate) struct Permitted<'a> {
    offered: &'a [SigningAlgorithm],
    registered: Option<SigningAlgorithm>,
    /// Whether RS256 takes a registration that names it.
    careful: bool,
}

impl<'a> Permitted<'a> {
    /// Any of these.
    pub(crate) fn any_of(offered: &'a [SigningAlgorithm]) -> Self {
        Self { offered, registered: None, careful: false }
    }

    /// What the server offers, narrowed down to what the client has registered. RS256 is an older choice that nobody gets
    /// without asking for it.
    pub(crate) fn for_client(offered: &'a [SigningAlgorithm], registered: Option<SigningAlgorithm>) -> Self {
        Self { offered, registered, careful: true }
    }

    /// The algorithm that the header names, if it is permitted.
    pub(crate) fn algorithm_of(&self, jws: &Jws<'_>) -> Result<SigningAlgorithm, TokenFault> {
        let algorithm = jws.header.alg.as_deref().and_then(SigningAlgorithm::parse).ok_or(TokenFault::Algorithm)?;
        let offered = self.offered.iter().any(|offered| offered.is_same(algorithm));
        let registered = self.registered.is_none_or(|registered| registered.is_same(algorithm));
        if offered && registered { Ok(algorithm) } else { Err(TokenFault::Algorithm) }
    }

    /// Whether the registration must name this algorithm, and has not done so for the client: then the key must.
    fn only_by_registration(&self, algorithm: SigningAlgorithm) -> bool {
        self.careful && self.registered.is_none() && algorithm == SigningAlgorithm::Rs256
    }
}

/// Keys whose private halves nobody has.
static NOBODY: LazyLock<VerificationKeys> =
    LazyLock::new(|| VerificationKeys::parse(include_str!("nobody.jwks.json")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::{NOBODY, SigningAlgorithm};

    #[test]
    fn nobody_has_a_key_for_each_asymmetric_algorithm() {
        for algorithm in SigningAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
            assert!(NOBODY.supports(*algorithm), "{algorithm}");
        }
    }
}
