//! Access tokens: opaque, each a name for the grant behind it.

use std::{sync::Arc, time::Duration};

use super::{
    codes::{Grant, Unissued},
    random,
    shelf::Shelf,
};

pub(crate) const LIFE: Duration = Duration::from_secs(600);
const CAPACITY: usize = 100_000;
const CAPACITY_BYTES: usize = 256 * 1024 * 1024;

pub(crate) struct Tokens(Shelf<Arc<Grant>>);

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(Shelf::new(LIFE, CAPACITY, CAPACITY_BYTES))
    }

    pub(crate) fn issue(&self, grant: Arc<Grant>) -> Result<String, Unissued> {
        let token = random::token()?;
        let (owner, bytes) = (grant.request.client_id().to_owned(), grant.bytes());
        self.0.put(&owner, &token, grant, bytes)?;
        Ok(token)
    }

    /// The grant behind a token, unless it has expired or was revoked.
    pub(crate) fn grant(&self, token: &str) -> Option<Arc<Grant>> {
        self.0.with(token, |grant| Arc::clone(grant)).filter(|grant| !grant.is_revoked())
    }
}
