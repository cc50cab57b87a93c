//! Pushed requests in the store: under a fresh handle, until they are spent.

use std::{sync::Arc, time::Duration};

use super::{
    browser::Browser,
    owner::owner,
    record::{self, Bound, StoredRequest},
    replay::Once,
    server::Server,
};
use crate::{
    client::Client,
    error::{Reason, Refusal},
    protocol::{parameters::Name, request_uri::RequestUri},
    random::RandomSource,
    store::{
        Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, RecordKey, Remembered, RequestStore,
        digest::KeySpace,
    },
    validation::request::AuthorizationRequest,
};

/// How often a new handle is drawn when the one before is taken. With 256 random bits this happens with a broken generator only.
const DRAWS: usize = 3;

/// A request that is open.
pub(super) struct Opened {
    pub(super) stored: StoredRequest,
    pub(super) claim: Claim,
    /// Which of the bindings of its browser fits.
    pub(super) binding: usize,
    /// The time since it was first opened.
    pub(super) open_for: Duration,
    /// The note of the host, and how often it was changed.
    pub(super) annotation: Vec<u8>,
    pub(super) revision: u32,
}

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
        let bound = Bound { confirmation: request.confirmation(), authentication_key: request.authentication_key() };
        let payload = record::encode(request.parameters(), request.protection(), bound);
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

    /// Opens a request for a client and a browser, or reads it again. The claim that comes with it spends it, and the number is that of
    /// the binding that fits.
    pub(super) async fn open<S: RequestStore>(
        &self,
        store: &S,
        client: &Client,
        request_uri: &RequestUri,
        browser: Browser<'_>,
    ) -> Result<Opened, Refusal> {
        let client_id = client.client_id();
        let is_authenticated = owner(&self.keys, client).is_authenticated;
        let of_client = |claim: Claim| if is_authenticated { claim } else { claim.of_unauthenticated() };
        let mut claims = self.claims(client_id, request_uri, browser).map(of_client).enumerate().peekable();
        let (claim, binding, claimed) = loop {
            let Some((binding, claim)) = claims.next() else {
                return Err(Reason::OtherBrowser.into());
            };
            match store.claim(claim, seconds(self.server.policy.login_lifetime)).await {
                Ok(claimed) => break (claim, binding, claimed),
                Err(ClaimError::OtherBrowser) if claims.peek().is_some() => {}
                Err(error) => return Err(not_claimed(error)),
            }
        };
        let stored = record::decode(&claimed.payload).ok_or(Reason::UnreadableRecord)?;
        // The store has compared the owner; this holds even against one that mixes records up.
        if stored.parameters.known(Name::ClientId) != Some(client_id) {
            return Err(Reason::ForeignRequestUri.into());
        }
        let Claimed { open_for, annotation, revision, .. } = claimed;
        Ok(Opened { stored, claim, binding, open_for, annotation, revision })
    }

    /// The claims of a client and a browser to a request, one for each binding, and at least one.
    pub(super) fn claims<'a>(
        &'a self,
        client_id: &str,
        request_uri: &RequestUri,
        browser: Browser<'a>,
    ) -> impl Iterator<Item = Claim> + Send + 'a {
        let claim = Claim::new(self.keys.request(request_uri.reference()), self.keys.owner(client_id));
        let unbound = browser.bindings().next().is_none().then_some(claim);
        let bound = browser.bindings().map(move |binding| claim.by_browser(self.keys.browser(binding)));
        bound.chain(unbound)
    }

    /// Client and browser of a request in the query, which is not in the store.
    pub(super) fn of_query(&self, client_id: &str, browser: Browser<'_>) -> (RecordKey, Option<RecordKey>) {
        (self.keys.owner(client_id), browser.bindings().next().map(|binding| self.keys.browser(binding)))
    }

    /// Gives an open request more time, and returns the time that it has left.
    pub(super) async fn extend<S: RequestStore>(&self, store: &S, claim: Claim) -> Result<Duration, Refusal> {
        let policy = &self.server.policy;
        let extension = Extension::new(seconds(policy.login_lifetime), seconds(policy.longest_login));
        store.extend(claim, extension).await.map_err(not_claimed)
    }

    /// Spends an open request.
    pub(super) async fn spend<S: RequestStore>(&self, store: &S, claim: Claim) -> Result<(), Refusal> {
        store.consume(claim, seconds(self.server.policy.spent_lifetime)).await.map_err(not_claimed)
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// The refusal of a request that is not open to its claim.
pub(super) fn not_claimed(error: ClaimError) -> Refusal {
    match error {
        ClaimError::Unknown => Reason::UnknownRequestUri.into(),
        ClaimError::Spent => Reason::SpentRequestUri.into(),
        ClaimError::OtherOwner => Reason::ForeignRequestUri.into(),
        ClaimError::OtherBrowser => Reason::OtherBrowser.into(),
        ClaimError::Unreadable => Reason::UnreadableRecord.into(),
        ClaimError::Unavailable(error) => Refusal::unavailable(Reason::StoreUnavailable, error),
    }
}
