//! A memory store that counts its calls, for tests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::store::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, MemoryStore, NewRequest, Owner,
    Remembered, ReplayMark, RequestStore, StoreRefusal,
};

#[derive(Clone, Default)]
pub(super) struct CountedStore {
    memory: MemoryStore,
    calls: Arc<AtomicUsize>,
}

impl CountedStore {
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub(super) fn reset(&self) {
        self.calls.store(0, Ordering::Relaxed);
    }

    fn counted(&self) -> &MemoryStore {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.memory
    }
}

impl RequestStore for CountedStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        self.counted().insert(request, lifetime).await
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        self.counted().claim(claim, login_lifetime).await
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        self.counted().consume(claim, remembered_for).await
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.counted().annotate(claim, annotation).await
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        self.counted().extend(claim, extension).await
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.counted().remember(owner, marks).await
    }
}
