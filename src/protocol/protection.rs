//! The protection of a request on its way.

/// The protection of a request on its way, beyond TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Protection {
    /// None: parameters in a form or in a query.
    Plain,
    /// A request object (RFC 9101) whose signature was verified.
    Signed,
    /// A request object whose signature was verified, and that was encrypted.
    SignedAndEncrypted,
}

impl Protection {
    /// Returns `true` if the request came as a request object whose signature was verified.
    #[must_use]
    pub fn is_signed(self) -> bool {
        self != Self::Plain
    }

    /// Returns `true` if the request object was encrypted.
    #[must_use]
    pub fn is_encrypted(self) -> bool {
        self == Self::SignedAndEncrypted
    }
}
