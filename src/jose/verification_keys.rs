//! The public keys of one party, and the choice of those that a token is held against.

use std::fmt;

use serde_json::Value;

use super::{
    KeyError, KeyProblem, KeySetError, MAX_TOKEN, MAX_TRIALS, SigningAlgorithm, TokenFault, certificate_key,
    compact::Jws,
    jwk::{ReadKey, VerificationKey},
    permitted::Permitted,
    verified::Verifier,
};
use crate::{certificate::Certificate, json, protocol::authentication_key::AuthenticationKey};

/// Keys of a set that can be used.
const MAX_KEYS: usize = 512;
/// Bytes of a set.
const MAX_SET: usize = 256 * 1024;

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
    remarks: Vec<KeyError>,
}

/// The treatment of a private key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The set is refused: its owner must learn of it. So it is where no key is left and one is broken.
    Registered,
    /// It is left out, as is every key that cannot be used.
    Fetched,
}

impl VerificationKeys {
    /// Reads a JWK set as it is registered. Keys that cannot be used are left out and listed in [`skipped`](Self::skipped): of
    /// another type or purpose, malformed, weak, off their curve, or with the `kid` of another key of their kind.
    ///
    /// In a key, members that are `null`, `""`, `[]` or `{}` count as absent.
    ///
    /// # Errors
    ///
    /// For a set with a private or symmetric key, for one of nothing but keys that are malformed, weak or off their curve, and for
    /// one above 256 KiB.
    pub fn parse(jwks: &str) -> Result<Self, KeySetError> {
        Self::read(jwks, Mode::Registered)
    }

    /// Reads a JWK set that was fetched. There private keys are left out as well.
    ///
    /// # Errors
    ///
    /// When it is not a JWK set, or too large.
    pub fn parse_fetched(jwks: &str) -> Result<Self, KeySetError> {
        Self::read(jwks, Mode::Fetched)
    }

    /// As [`parse`](Self::parse), of a set whose JSON has been read.
    pub(crate) fn from_registered(jwks: &Value) -> Result<Self, KeySetError> {
        if json::printed_length(jwks) > MAX_SET {
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
        let mut set = Self::default();
        for (index, value) in listed.iter().enumerate() {
            match set.add(value) {
                Ok(None) => {}
                Ok(Some(remark)) => set.remarks.push(KeyError::new(index, remark)),
                Err(KeyProblem::Private) if mode == Mode::Registered => {
                    return Err(KeyError::new(index, KeyProblem::Private).into());
                }
                Err(problem) => set.skipped.push(KeyError::new(index, problem)),
            }
        }
        match set.skipped.iter().find(|key| {
            let (unknown, other) = (KeyProblem::UnknownType, KeyProblem::OtherPurpose);
            ![unknown, other, KeyProblem::NoBackend].contains(&key.problem())
        }) {
            Some(broken) if set.keys.is_empty() && mode == Mode::Registered => Err((*broken).into()),
            _ => Ok(set),
        }
    }

    /// Adds a key that can be used, and gives a problem with it which does not keep it from counting.
    ///
    /// Keys of different kinds may have the same `kid` (FAPI 2.0 section 5.4.3).
    fn add(&mut self, value: &Value) -> Result<Option<KeyProblem>, KeyProblem> {
        let read = ReadKey::parse(value)?;
        if self.keys.len() >= MAX_KEYS {
            return Err(KeyProblem::TooMany);
        }
        let (key, remark) = read.prepare()?;
        if self.keys.iter().any(|other| other.is_same(&key)) {
            return Err(KeyProblem::Repeated);
        }
        if self.keys.iter().any(|other| other.shares_kid(&key)) {
            return Err(KeyProblem::DuplicateKid);
        }
        self.keys.push(key);
        Ok(remark)
    }

    /// The keys that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[KeyError] {
        &self.skipped
    }

    /// The keys that count, but without a part of theirs that cannot be read.
    #[must_use]
    pub fn remarks(&self) -> &[KeyError] {
        &self.remarks
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
    /// A `kid` must be that of a key, or of one that has none. Without one, three keys that fit the algorithm are tried, or those
    /// alone that `x5t#S256` names.
    ///
    /// # Errors
    ///
    /// When the token is malformed, of another algorithm, or signed with another key.
    pub fn verify(&self, token: &str, algorithms: &[SigningAlgorithm]) -> Result<Vec<u8>, TokenFault> {
        Jws::parse(token, MAX_TOKEN)?.verify_payload(self, &Permitted::any_of(algorithms))
    }

    /// The key of a certificate that is one of those in `x5c`, or has one of the keys without (RFC 8705 section 2.2).
    pub(crate) fn of_certificate(&self, certificate: &Certificate) -> Option<AuthenticationKey> {
        let thumbprint = certificate_key::thumbprint(certificate)?;
        self.keys.iter().find(|key| key.is_of(certificate, thumbprint)).map(VerificationKey::name)
    }

    /// Returns `true` if the first key for the algorithm fits, whatever `kid` says.
    pub(super) fn fit(&self, jws: &Jws<'_>, algorithm: SigningAlgorithm) -> bool {
        let message = jws.signing_input.as_bytes();
        let first = self.keys.iter().find(|key| key.supports(algorithm));
        first.is_some_and(|key| key.prepared.verify(algorithm, message, &jws.signature))
    }
}

impl VerificationKeys {
    /// As [`check`](Verifier::check), and the number of keys that were tried.
    pub(super) fn attempt(
        &self,
        jws: &Jws<'_>,
        permitted: &Permitted<'_>,
    ) -> (Result<AuthenticationKey, TokenFault>, usize) {
        let candidates = match self.candidates(jws, permitted) {
            Ok((candidates, algorithm)) => candidates.into_iter().map(move |key| (key, algorithm)),
            Err(fault) => return (Err(fault), 0),
        };
        let (mut outcome, mut tried) = (Err(TokenFault::NoKey), 0usize);
        for (key, algorithm) in candidates {
            tried = tried.saturating_add(1);
            if key.prepared.verify(algorithm, jws.signing_input.as_bytes(), &jws.signature) {
                return (Ok(key.name()), tried);
            }
            outcome = Err(TokenFault::Signature);
        }
        (outcome, tried)
    }

    /// The keys to try, each once.
    fn candidates(
        &self,
        jws: &Jws<'_>,
        permitted: &Permitted<'_>,
    ) -> Result<(Vec<&VerificationKey>, SigningAlgorithm), TokenFault> {
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
        let mut keys: Vec<&VerificationKey> = named.chain(unnamed).filter(fits).collect();
        let named_by_certificate = jws.header.certificate_thumbprint().filter(|_| kid.is_none());
        if let Some(thumbprint) = named_by_certificate
            && keys.iter().any(|key| key.is_named_by(thumbprint))
        {
            keys.retain(|key| key.is_named_by(thumbprint));
        }
        let mut candidates: Vec<&VerificationKey> = Vec::with_capacity(MAX_TRIALS);
        for key in keys {
            if candidates.len() < MAX_TRIALS && !candidates.iter().any(|other| other.has_same_numbers(key)) {
                candidates.push(key);
            }
        }
        Ok((candidates, algorithm))
    }
}

impl Verifier for VerificationKeys {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault> {
        self.attempt(jws, permitted).0.map(Some)
    }
}

impl fmt::Debug for VerificationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKeys").field("keys", &self.keys.len()).field("skipped", &self.skipped).finish()
    }
}
