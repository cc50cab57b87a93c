//! What a user has granted, which codes and tokens stand for, and why there may be neither.

use std::sync::atomic::{AtomicBool, Ordering};

use parjar::{AuthorizationRequest, DenialCode, RandomError};
use time::OffsetDateTime;

use super::{accounts::Account, expiring_map::Full, session::Session};

/// What a user has granted to a client.
pub(crate) struct Grant {
    pub(crate) account: &'static Account,
    pub(crate) request: AuthorizationRequest,
    pub(crate) signed_in_at: OffsetDateTime,
    revoked: AtomicBool,
}

impl Grant {
    pub(crate) fn new(request: &AuthorizationRequest, session: Session) -> Self {
        let Session { account, signed_in_at } = session;
        Self { account, request: request.clone(), signed_in_at, revoked: AtomicBool::new(false) }
    }

    pub(crate) fn scope(&self) -> String {
        self.request.scopes().collect::<Vec<_>>().join(" ")
    }

    /// What it takes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let parameters = self.request.parameters().iter();
        parameters.fold(1024usize, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(value.len()))
    }

    /// Ends all tokens that stand for this.
    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }
}

/// Why there is no code or token.
#[derive(Debug)]
pub(crate) enum Unissued {
    /// Too many are outstanding.
    Full,
    /// Randomness or signing failed.
    Failed,
}

impl Unissued {
    pub(crate) fn error(&self) -> DenialCode {
        match self {
            Self::Full => DenialCode::TemporarilyUnavailable,
            Self::Failed => DenialCode::ServerError,
        }
    }
}

impl From<Full> for Unissued {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl From<RandomError> for Unissued {
    fn from(_: RandomError) -> Self {
        Self::Failed
    }
}
