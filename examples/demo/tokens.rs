//! Access tokens: opaque, each a name for the grant behind it.

use std::{sync::Arc, time::Duration};

use parjar::RandomError;

use super::{codes::Grant, random, shelf::Shelf};

pub(crate) const LIFE: Duration = Duration::from_secs(600);
const CAPACITY: usize = 10_000;

pub(crate) struct Tokens(Shelf<Arc<Grant>>);

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(Shelf::new(LIFE, CAPACITY))
    }

    pub(crate) fn issue(&self, grant: Arc<Grant>) -> Result<String, RandomError> {
        let token = random::token()?;
        self.0.put(&token, grant);
        Ok(token)
    }

    /// The grant behind a token, unless it has expired or was revoked.
    pub(crate) fn grant(&self, token: &str) -> Option<Arc<Grant>> {
        self.0.with(token, |grant| Arc::clone(grant)).filter(|grant| !grant.is_revoked())
    }
}
