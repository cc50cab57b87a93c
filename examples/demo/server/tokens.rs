//! Access tokens: opaque, each a name for the grant behind it.

use std::{sync::Arc, time::Duration};

use parjar::Confirmation;

use super::{
    expiring_map::{ExpiringMap, Room},
    grant::{Grant, Unissued},
    random,
};

pub(crate) const LIFE: Duration = Duration::from_secs(600);

pub(crate) struct Tokens(ExpiringMap<Token>);

/// What is behind an access token.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) grant: Arc<Grant>,
    /// In whose hands it is good.
    pub(crate) binding: Confirmation,
}

/// `token_type` of a token that is bound to this. For what is bound to a certificate there is no type of its own (RFC 8705
/// section 3).
pub(crate) fn token_type(binding: Confirmation) -> &'static str {
    if binding.jkt.is_some() { "DPoP" } else { "Bearer" }
}

impl Tokens {
    pub(crate) fn new(room: Room) -> Self {
        Self(ExpiringMap::new(LIFE, room))
    }

    pub(crate) fn issue(&self, grant: Arc<Grant>, binding: Confirmation) -> Result<String, Unissued> {
        let token = random::token()?;
        let (owner, bytes) = (grant.request.client_id().to_owned(), grant.bytes());
        self.0.put(&owner, &token, Token { grant, binding }, bytes)?;
        Ok(token)
    }

    /// What is behind a token, unless it has expired or was revoked.
    pub(crate) fn find(&self, token: &str) -> Option<Token> {
        self.0.with(token, |token| token.clone()).filter(|token| !token.grant.is_revoked())
    }
}
