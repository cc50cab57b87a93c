//! A memory store that a test watches or disturbs.

use std::{ops::Deref, time::Duration};

use parjar::store::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, MemoryStore, NewRequest, Owner,
    Remembered, ReplayMark, RequestStore, StoreError, StoreRefusal,
};

/// A call to a store.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    Insert(NewRequest<'a>),
    Claim(Claim),
    Annotate(Annotation<'a>),
    Extend,
    Consume(Claim),
    Remember,
}

/// What a test does to the calls of a store: nothing, but for what it overrides.
pub(crate) trait Disturbance: Clone + Send + Sync + 'static {
    /// Before the store is called. It is not, if this fails.
    fn before(&self, _: Call<'_>) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// After the store has done what it was called for.
    fn after(&self, _: Call<'_>) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    /// What a claim gets instead of the record.
    fn claimed(&self, record: Vec<u8>) -> Vec<u8> {
        record
    }
}

/// A memory store with a disturbance. Clones share both.
#[derive(Clone, Default)]
pub(crate) struct StoreDouble<D> {
    pub(crate) memory: MemoryStore,
    disturbance: D,
}

impl<D> StoreDouble<D> {
    pub(crate) fn new(disturbance: D) -> Self {
        Self { memory: MemoryStore::default(), disturbance }
    }
}

/// So that a test can ask its disturbance, and tell it what to do.
impl<D> Deref for StoreDouble<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.disturbance
    }
}

impl<D: Disturbance> RequestStore for StoreDouble<D> {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        self.before(Call::Insert(request)).await?;
        let outcome = self.memory.insert(request, lifetime).await;
        self.after(Call::Insert(request)).await?;
        outcome
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        self.before(Call::Claim(claim)).await?;
        let outcome = self.memory.claim(claim, login_lifetime).await;
        self.after(Call::Claim(claim)).await?;
        outcome.map(|claimed| {
            let payload = self.claimed(claimed.payload);
            Claimed::new(payload, claimed.open_for).with_annotation(claimed.annotation, claimed.revision)
        })
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.before(Call::Annotate(annotation)).await?;
        let outcome = self.memory.annotate(claim, annotation).await;
        self.after(Call::Annotate(annotation)).await?;
        outcome
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        self.before(Call::Extend).await?;
        let outcome = self.memory.extend(claim, extension).await;
        self.after(Call::Extend).await?;
        outcome
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        self.before(Call::Consume(claim)).await?;
        let outcome = self.memory.consume(claim, remembered_for).await;
        self.after(Call::Consume(claim)).await?;
        outcome
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.before(Call::Remember).await?;
        let outcome = self.memory.remember(owner, marks).await;
        self.after(Call::Remember).await?;
        outcome
    }
}
