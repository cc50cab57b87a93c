//! What the checks have in common: fresh keys, the four operations, and comparing outcomes.

use std::{fmt::Debug, time::Duration};

use super::{Harness, Violation};
use crate::{
    random::{RandomSource as _, SystemRandom},
    store::{Claim, ClaimError, InsertError, Key, NewRequest, RequestStore, StoreError},
};

pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) struct Bench<'a, H: Harness> {
    pub(super) harness: &'a H,
    store: H::Store,
}

/// A request under test: fresh keys, so that a store that outlives the test can be used again.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) key: Key,
    pub(super) owner: Key,
    pub(super) payload: &'static [u8],
}

impl Subject {
    pub(super) fn claim_by(&self, browser: Option<Key>) -> Claim {
        Claim { key: self.key, owner: self.owner, browser, lifetime: LONG }
    }

    pub(super) fn request(&self) -> NewRequest<'static> {
        NewRequest { key: self.key, owner: self.owner, payload: self.payload, lifetime: LONG }
    }
}

impl<'a, H: Harness> Bench<'a, H> {
    pub(super) fn new(harness: &'a H) -> Self {
        Self { harness, store: harness.store() }
    }

    pub(super) fn subject(&self) -> Result<Subject, Violation> {
        Ok(Subject { key: self.key()?, owner: self.key()?, payload: b"payload \x00\xff" })
    }

    /// A subject that has been inserted.
    pub(super) fn waiting(&self) -> Result<Subject, Violation> {
        let subject = self.subject()?;
        expect("a new request is inserted", &self.insert(subject.request()), Result::is_ok)?;
        Ok(subject)
    }

    /// A subject that has been opened without a browser.
    pub(super) fn open(&self) -> Result<Subject, Violation> {
        let subject = self.waiting()?;
        expect("a request that waits is opened", &self.claim(subject.claim_by(None)), Result::is_ok)?;
        Ok(subject)
    }

    pub(super) fn key(&self) -> Result<Key, Violation> {
        let mut bytes = [0; 32];
        SystemRandom
            .fill(&mut bytes)
            .map_err(|error| Violation { promise: "the kit has random keys", observed: error.to_string() })?;
        Ok(Key::from_bytes(bytes))
    }

    pub(super) fn insert(&self, request: NewRequest<'_>) -> Result<(), InsertError> {
        self.harness.block_on(self.store.insert(request))
    }

    pub(super) fn claim(&self, claim: Claim) -> Result<Vec<u8>, ClaimError> {
        self.harness.block_on(self.store.claim(claim))
    }

    pub(super) fn consume(&self, claim: Claim) -> Result<(), ClaimError> {
        self.harness.block_on(self.store.consume(claim))
    }

    pub(super) fn remember(&self, mark: Key, lifetime: Duration) -> Result<bool, StoreError> {
        self.harness.block_on(self.store.remember(mark, lifetime))
    }

    pub(super) fn store(&self) -> &H::Store {
        &self.store
    }
}

pub(super) fn expect<T: Debug>(
    promise: &'static str,
    observed: &T,
    kept: impl FnOnce(&T) -> bool,
) -> Result<(), Violation> {
    if kept(observed) { Ok(()) } else { Err(Violation { promise, observed: format!("{observed:?}") }) }
}
