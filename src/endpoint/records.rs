//! Pushed requests in the store: under a fresh handle, until they are spent.

use std::{sync::Arc, time::Duration};

use super::{
    browser::Browser,
    owner::owner,
    record::{self, StoredRequest},
    replay::Once,
    server::Server,
};
use crate::{
    error::{Reason, Refusal},
    protocol::{parameters::Name, request_uri::RequestUri},
    random::RandomSource,
    store::{Claim, ClaimError, InsertError, NewRequest, Remembered, RequestStore, digest::KeySpace},
    validation::request::AuthorizationRequest,
};

/// How often a new handle is drawn when the one before is taken. With 256 random bits this happens with a broken generator only.
const DRAWS: usize = 3;

/// Puts requests into a store, opens and spends them.
pub(super) struct Records {
    server: Arc<Server>,
    keys: Arc<KeySpace>,
    random: Arc<dyn RandomSource>,
}

impl Records {
    pub(super) fn new(server: &Arc<Server>, keys: &Arc<KeySpace>, random: Arc<dyn RandomSource>) -> Self {
        Self { server: Arc::clone(server), keys: Arc::clone(keys), random }
    }

    /// Stores a request together with its marks, and tells which of them there was no room for. Its handle is handed out when it is
    /// safely stored, and not before.
    pub(super) async fn insert<S: RequestStore, const N: usize>(
        &self,
        store: &S,
        request: &AuthorizationRequest,
        expires_in: u32,
        once: &Once<N>,
    ) -> Result<(RequestUri, Remembered), Refusal> {
        let marks = once.stored();
        let owner = owner(&self.keys, request.client());
        let payload = record::encode(request.parameters(), request.protection(), request.confirmation());
        for _ in 0..DRAWS {
            let request_uri =
                RequestUri::mint(&*self.random).map_err(|error| Refusal::unavailable(Reason::RandomSource, error))?;
            let key = self.keys.request(request_uri.reference());
            let request = NewRequest::new(key, owner, &payload).with_marks(&marks);
            match store.insert(request, seconds(expires_in)).await {
                Ok(remembered) => return Ok((request_uri, remembered)),
                Err(InsertError::Exists) => {}
                Err(InsertError::Refused(refusal)) => return Err(once.refused(refusal)),
            }
        }
        Err(Reason::RandomSource.into())
    }

    /// Opens a request for a client and a browser, or reads it again. The claim that comes with it spends it.
    pub(super) async fn open<S: RequestStore>(
        &self,
        store: &S,
        client_id: &str,
        request_uri: &RequestUri,
        browser: Browser<'_>,
    ) -> Result<(StoredRequest, Claim), Refusal> {
        let key = self.keys.request(request_uri.reference());
        let browser = browser.binding().map(|binding| self.keys.browser(binding));
        let claim = Claim { browser, ..Claim::new(key, self.keys.owner(client_id)) };
        let payload = store.claim(claim, seconds(self.server.policy.login_lifetime)).await.map_err(not_claimed)?;
        let stored = record::decode(&payload).ok_or(Reason::UnreadableRecord)?;
        // The store has compared the owner; this holds even against one that mixes records up.
        if stored.parameters.known(Name::ClientId) != Some(client_id) {
            return Err(Reason::ForeignRequestUri.into());
        }
        Ok((stored, claim))
    }

    /// Spends an open request.
    pub(super) async fn spend<S: RequestStore>(&self, store: &S, claim: Claim) -> Result<(), Refusal> {
        store.consume(claim, seconds(self.server.policy.spent_lifetime)).await.map_err(not_claimed)
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

fn not_claimed(error: ClaimError) -> Refusal {
    match error {
        ClaimError::Unknown => Reason::UnknownRequestUri.into(),
        ClaimError::Spent => Reason::SpentRequestUri.into(),
        ClaimError::OtherOwner => Reason::ForeignRequestUri.into(),
        ClaimError::OtherBrowser => Reason::OtherBrowser.into(),
        ClaimError::Unreadable => Reason::UnreadableRecord.into(),
        ClaimError::Unavailable(error) => Refusal::unavailable(Reason::StoreUnavailable, error),
    }
}
