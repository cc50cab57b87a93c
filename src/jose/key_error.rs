//! The faults of keys and of sets of keys.

use crate::error_text::debug_by_display;

/// The fault of a key of a JWK set. `Display` names members, never values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Not an object.
    #[error("is not an object")]
    NotAnObject,
    /// This member is missing, of the wrong type, of the wrong length or not base64url.
    #[error("has no proper {member}")]
    Malformed {
        /// Its name.
        member: &'static str,
    },
    /// A `kty` or `crv` that this library has no use for.
    #[error("is of a kty or crv that is not supported (RSA; EC with P-256, P-384, P-521; OKP with Ed25519, X25519)")]
    UnknownType,
    /// Not for the purpose: by `use`, `key_ops`, `alg` or `crv`.
    #[error("is by use, key_ops, alg or crv not for this purpose")]
    OtherPurpose,
    /// A private or a symmetric key in a set that others can read.
    #[error("has private members")]
    Private,
    /// A public key where a private one is needed.
    #[error("has no d, so it is no private key")]
    Public,
    /// The private half does not belong to the public one.
    #[error("has private members that do not belong to the public ones")]
    Inconsistent,
    /// RSA below 2048 or above 4096 bits (8192 for keys of the server), an even modulus, an exponent that is even, too small or
    /// longer than 33 bits, or a modulus that gives its factors away (CVE-2017-15361).
    #[error("has an n or e that is too weak, or too large")]
    Weak,
    /// Not a point of its curve, or one of a small subgroup.
    #[error("has an x (and y) that is no point of its crv, or none that can be a key")]
    OffCurve,
    /// The first certificate of `x5c` is not of this key (RFC 7517 section 4.7).
    #[error("has an x5c whose first certificate is of another key")]
    ForeignCertificate,
    /// The first certificate of `x5c` cannot be read. The key counts without it.
    #[error("has an x5c that cannot be read, and counts without it")]
    UnreadableCertificate,
    /// It is there twice. The first one counts.
    #[error("is there twice")]
    Repeated,
    /// It comes after 512 keys that can be used.
    #[error("comes after 512 keys that can be used")]
    TooMany,
    /// The crate was built without a library that can use keys.
    #[error("is of no use: parjar was built without the feature josekit or aws-lc-rs")]
    NoBackend,
    /// `kid` is that of another key of the same kind.
    #[error("has the kid of another key of its kind")]
    DuplicateKid,
}

/// One key of a JWK set that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys[{index}] {problem}")]
pub struct KeyError {
    index: usize,
    problem: KeyProblem,
}

impl KeyError {
    pub(super) fn new(index: usize, problem: KeyProblem) -> Self {
        Self { index, problem }
    }

    /// Its position in the set, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its fault.
    #[must_use]
    pub fn problem(&self) -> KeyProblem {
        self.problem
    }
}

/// A JWK set that cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Not an object with an array named `keys`.
    #[error("is not a JWK set: an object with an array named keys")]
    NotASet,
    /// More than 256 KiB.
    #[error("is larger than 256 KiB")]
    TooLarge,
    /// One of its keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

debug_by_display!(KeyProblem, KeyError, KeySetError);
