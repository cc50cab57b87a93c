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

use parjar::{AuthorizationRequest, RandomError};

use super::{
    accounts::{Account, unix_time},
    random,
    shelf::Shelf,
    tokens,
};

const LIFE: Duration = Duration::from_secs(60);
const CAPACITY: usize = 10_000;

/// What a user has granted to a client.
pub(crate) struct Grant {
    pub(crate) account: &'static Account,
    pub(crate) request: AuthorizationRequest,
    /// Seconds since 1970.
    pub(crate) signed_in_at: u64,
    revoked: AtomicBool,
}

impl Grant {
    pub(crate) fn new(request: &AuthorizationRequest, account: &'static Account) -> Self {
        Self { account, request: request.clone(), signed_in_at: unix_time(), revoked: AtomicBool::new(false) }
    }

    pub(crate) fn scope(&self) -> String {
        self.request.scopes().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Acquire)
    }
}

pub(crate) struct Codes(Shelf<Code>);

struct Code {
    grant: Arc<Grant>,
    issued: Instant,
    used: bool,
}

impl Codes {
    pub(crate) fn new() -> Self {
        Self(Shelf::new(LIFE.saturating_add(tokens::LIFE), CAPACITY))
    }

    pub(crate) fn issue(&self, grant: Arc<Grant>) -> Result<String, RandomError> {
        let code = random::token()?;
        self.0.put(&code, Code { grant, issued: Instant::now(), used: false });
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
