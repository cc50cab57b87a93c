//! Authorization codes: what a user has granted, kept until the client fetches it.
//!
//! A code lives 60 seconds and dies on first use. It is remembered longer than that, because a code that comes again has been
//! stolen, and then the tokens it was exchanged for are revoked (RFC 6749 section 4.1.2).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    expiring_map::{ExpiringMap, Room},
    grant::{Grant, Unissued},
    random, tokens,
};

const LIFE: Duration = Duration::from_secs(60);

pub(crate) struct Codes(ExpiringMap<Code>);

struct Code {
    grant: Arc<Grant>,
    issued: Instant,
    used: bool,
}

impl Codes {
    pub(crate) fn new(room: Room) -> Self {
        Self(ExpiringMap::new(LIFE.saturating_add(tokens::LIFE), room))
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
                code.grant.revoke();
                return None;
            }
            (code.issued.elapsed() < LIFE).then(|| Arc::clone(&code.grant))
        };
        self.0.with(code, redeem).flatten()
    }
}
