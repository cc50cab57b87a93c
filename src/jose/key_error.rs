//! What can be wrong with a key.

use std::fmt;

/// What is wrong with a key of a JWK set. `Display` names members, never values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Not an object.
    #[error("is not an object")]
    NotAnObject,
    /// This member is missing, of the wrong type, of the wrong length or not base64url.
    #[error("has no proper {0}")]
    Malformed(&'static str),
    /// A `kty` or `crv` that this library has no use for.
    #[error("is of a kty or crv that is not supported")]
    UnknownType,
    /// Not for the purpose: by `use`, `key_ops`, `alg` or `crv`.
    #[error("is by use, key_ops, alg or crv not for this purpose")]
    OtherPurpose,
    /// A private or a symmetric key in a set that others can read.
    #[error("has private members")]
    Private,
    /// A public key where a private one is needed.
    #[error("has no d")]
    Public,
    /// The private half does not belong to the public one.
    #[error("has a d that does not belong to its public members")]
    Inconsistent,
    /// RSA below 2048 or above 4096 bits (8192 for keys of the server), an even modulus, an even or too small exponent, or a modulus
    /// that gives its factors away (CVE-2017-15361).
    #[error("has an n or e that is too weak, or too large")]
    Weak,
    /// Not a point of its curve, or one of a small subgroup.
    #[error("has an x (and y) that is no point of its crv, or none that can be a key")]
    OffCurve,
    /// `kid` is that of another key of the same kind.
    #[error("has the kid of another key of its kind")]
    DuplicateKid,
}

/// A JWK set, or one key of it, that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyError {
    index: Option<usize>,
    problem: SetProblem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetProblem {
    NotASet,
    TooLarge,
    Key(KeyProblem),
}

impl KeyError {
    pub(super) const NOT_A_SET: Self = Self { index: None, problem: SetProblem::NotASet };
    pub(super) const TOO_LARGE: Self = Self { index: None, problem: SetProblem::TooLarge };

    pub(super) fn of_key(index: usize, problem: KeyProblem) -> Self {
        Self { index: Some(index), problem: SetProblem::Key(problem) }
    }

    /// The position of the key in the set, counted from 0. `None` when it is the set that is wrong.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// What is wrong with the key. `None` when it is the set that is wrong.
    #[must_use]
    pub fn problem(&self) -> Option<KeyProblem> {
        match self.problem {
            SetProblem::Key(problem) => Some(problem),
            _ => None,
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.index, self.problem) {
            (Some(index), SetProblem::Key(problem)) => write!(f, "keys[{index}] {problem}"),
            (_, SetProblem::TooLarge) => f.write_str("holds more than 32 keys or 64 KiB"),
            _ => f.write_str("is not a JWK set: an object with an array named keys"),
        }
    }
}

impl std::error::Error for KeyError {}

/// A key that was left out of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    index: usize,
    problem: KeyProblem,
}

impl SkippedKey {
    pub(super) fn new(index: usize, problem: KeyProblem) -> Self {
        Self { index, problem }
    }

    /// Its position in the set, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Why.
    #[must_use]
    pub fn problem(&self) -> KeyProblem {
        self.problem
    }
}
