//! The time in which a token is good (RFC 7519 sections 4.1.4 to 4.1.6).

use super::{ClaimSet, TokenFault};

/// The dates of a token, in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Dates {
    pub(crate) expires_at: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) issued_at: Option<i64>,
}

impl Dates {
    pub(crate) fn read(claims: &ClaimSet<'_>) -> Result<Self, TokenFault> {
        Ok(Self { expires_at: claims.date("exp")?, not_before: claims.date("nbf")?, issued_at: claims.date("iat")? })
    }

    /// Checks that the token is good now. The clock of its sender may be ahead by `leeway` seconds. Expiry has no leeway.
    pub(crate) fn check(self, now: i64, leeway: u32) -> Result<(), TokenFault> {
        let latest = now.saturating_add(leeway.into());
        if [self.not_before, self.issued_at].into_iter().flatten().any(|date| date > latest) {
            return Err(TokenFault::NotYetValid);
        }
        if self.expires_at.is_some_and(|expiry| expiry <= now) { Err(TokenFault::Expired) } else { Ok(()) }
    }

    /// Checks that the token lives no longer than `lifetime` seconds from its own `start`, or from now if it has none.
    pub(crate) fn check_lifetime(
        self,
        start: Option<i64>,
        lifetime: u32,
        now: i64,
        leeway: u32,
    ) -> Result<(), TokenFault> {
        let start = start.unwrap_or_else(|| now.saturating_add(leeway.into()));
        let latest = start.saturating_add(lifetime.into());
        if self.expires_at.is_some_and(|expiry| expiry > latest) { Err(TokenFault::Lifetime) } else { Ok(()) }
    }
}
