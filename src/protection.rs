//! How a request was protected on its way.

/// How a request was protected on its way, beyond TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Protection {
    /// Whether it came as a signed request object (RFC 9101), whose signature was verified.
    pub signed: bool,
    /// Whether that was encrypted too.
    pub encrypted: bool,
}

impl Protection {
    /// Parameters in a form or in a query.
    pub(crate) const PLAIN: Self = Self { signed: false, encrypted: false };
}
