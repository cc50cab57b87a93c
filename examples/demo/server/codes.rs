//! Authorization codes: what a user has granted, kept until the client fetches it.
//!
//! A code lives 60 seconds and dies on first use. It is remembered longer than that, because a code that comes again has been
//! stolen, and then the tokens it was exchanged for are revoked (RFC 6749 section 4.1.2).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parjar::{AuthorizationRequest, DenialCode, RandomError};
use time::OffsetDateTime;

use super::{
    accounts::Account,
    expiring_map::{ExpiringMap, Full},
    random,
    session::Session,
    tokens,
};

const LIFE: Duration = Duration::from_secs(60);
const CAPACITY: usize = 100_000;
const CAPACITY_BYTES: usize = 256 * 1024 * 1024;

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

pub(crate) struct Codes(ExpiringMap<Code>);

struct Code {
    grant: Arc<Grant>,
    issued: Instant,
    used: bool,
}

impl Codes {
    pub(crate) fn new() -> Self {
        Self(ExpiringMap::new(LIFE.saturating_add(tokens::LIFE), CAPACITY, CAPACITY_BYTES))
    }

    pub(crate) fn issue(&self, grant: Arc<Grant>) -> Result<String, Unissued> {
        let code = random::token()?;
        let (owner, bytes) = (grant.request.client_id().to_owned(), grant.bytes());
        self.0.put(&owner, &code, Code { grant, issued: Instant::now(), used: false }, bytes)?;
        Ok(code)
    }

    /// Takes the grant behind a code, once. In the hands of another client a code is as good as unknown, and stays intact.
    pub(crate) fn redeem(&self, code: &str, client_id: &str) -> Option<Arc<Grant>> {
        let redeem = |code: &mut Code| {
            if code.grant.request.client_id() != client_id {
                return None;
            }
            if std::mem::replace(&mut code.used, true) {
                code.grant.revoked.store(true, Ordering::Release);
                return None;
            }
            (code.issued.elapsed() < LIFE).then(|| Arc::clone(&code.grant))
        };
        self.0.with(code, redeem).flatten()
    }
}
