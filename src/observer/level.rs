//! How much an operator should mind an outcome.

use crate::{error::Reason, jose::TokenFault};

/// How much an operator should mind an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The usual: what clients and users do, and what of it is refused to them.
    Info,
    /// A limit is reached, a client or its keys cannot be used, an outage of the store is over, or something looks like an attack.
    Warning,
    /// A fault of this side: requests fail that are good.
    Error,
}

impl Level {
    /// Returns the level in lower case, for a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Returns how much an operator should mind refusals for this reason.
    #[must_use]
    pub fn of(reason: Reason) -> Self {
        match reason {
            Reason::ClientLimit
            | Reason::StoreFull
            | Reason::UnreadableRecord
            | Reason::ClientAssertion(TokenFault::KeysUnavailable)
            | Reason::RequestObject(TokenFault::KeysUnavailable)
            | Reason::ClientAttestation(TokenFault::KeysUnavailable) => Self::Warning,
            _ if reason.status() >= 500 => Self::Error,
            _ => Self::Info,
        }
    }
}
