//! How a request was protected on its way.

/// How a request was protected on its way, beyond TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Protection {
    /// Not at all: parameters in a form or in a query.
    Plain,
    /// It came as a request object (RFC 9101), whose signature was verified.
    Signed,
    /// And that was encrypted.
    SignedAndEncrypted,
}

impl Protection {
    /// Whether it came as a request object whose signature was verified.
    #[must_use]
    pub fn is_signed(self) -> bool {
        self != Self::Plain
    }

    /// Whether it was encrypted.
    #[must_use]
    pub fn is_encrypted(self) -> bool {
        self == Self::SignedAndEncrypted
    }
}
