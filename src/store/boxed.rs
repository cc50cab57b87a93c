//! Stores whose type does not matter any more.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, NotReady, Owner,
    Remembered, ReplayMark, RequestStore, StoreRefusal,
};

/// A store whose type does not matter any more. See [`ParEndpoint::boxed`](crate::ParEndpoint::boxed).
#[derive(Clone)]
pub struct BoxedStore(Arc<dyn DynStore>);

impl BoxedStore {
    /// Forgets the type of a store.
    pub fn new(store: impl RequestStore + 'static) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for BoxedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxedStore(..)")
    }
}

impl RequestStore for BoxedStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        self.0.insert_boxed(request, lifetime).await
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        self.0.claim_boxed(claim, login_lifetime).await
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        self.0.consume_boxed(claim, remembered_for).await
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.0.annotate_boxed(claim, annotation).await
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        self.0.extend_boxed(claim, extension).await
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.0.remember_boxed(owner, marks).await
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.0.ready_boxed().await
    }

    fn is_shared(&self) -> bool {
        self.0.is_shared_boxed()
    }
}

type Boxed<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// The twin of [`RequestStore`] that can be a trait object.
trait DynStore: Send + Sync {
    fn insert_boxed<'a>(&'a self, request: NewRequest<'a>, lifetime: Duration) -> Boxed<'a, Remembered, InsertError>;
    fn claim_boxed(&self, claim: Claim, login_lifetime: Duration) -> Boxed<'_, Claimed, ClaimError>;
    fn consume_boxed(&self, claim: Claim, remembered_for: Duration) -> Boxed<'_, (), ClaimError>;
    fn annotate_boxed<'a>(&'a self, claim: Claim, annotation: Annotation<'a>) -> Boxed<'a, (), AnnotateError>;
    fn extend_boxed(&self, claim: Claim, extension: Extension) -> Boxed<'_, Duration, ClaimError>;
    fn remember_boxed<'a>(&'a self, owner: Owner, marks: &'a [ReplayMark]) -> Boxed<'a, Remembered, StoreRefusal>;
    fn ready_boxed(&self) -> Boxed<'_, (), NotReady>;
    fn is_shared_boxed(&self) -> bool;
}

impl<T: RequestStore> DynStore for T {
    fn insert_boxed<'a>(&'a self, request: NewRequest<'a>, lifetime: Duration) -> Boxed<'a, Remembered, InsertError> {
        Box::pin(self.insert(request, lifetime))
    }

    fn claim_boxed(&self, claim: Claim, login_lifetime: Duration) -> Boxed<'_, Claimed, ClaimError> {
        Box::pin(self.claim(claim, login_lifetime))
    }

    fn consume_boxed(&self, claim: Claim, remembered_for: Duration) -> Boxed<'_, (), ClaimError> {
        Box::pin(self.consume(claim, remembered_for))
    }

    fn annotate_boxed<'a>(&'a self, claim: Claim, annotation: Annotation<'a>) -> Boxed<'a, (), AnnotateError> {
        Box::pin(self.annotate(claim, annotation))
    }

    fn extend_boxed(&self, claim: Claim, extension: Extension) -> Boxed<'_, Duration, ClaimError> {
        Box::pin(self.extend(claim, extension))
    }

    fn remember_boxed<'a>(&'a self, owner: Owner, marks: &'a [ReplayMark]) -> Boxed<'a, Remembered, StoreRefusal> {
        Box::pin(self.remember(owner, marks))
    }

    fn ready_boxed(&self) -> Boxed<'_, (), NotReady> {
        Box::pin(self.ready())
    }

    fn is_shared_boxed(&self) -> bool {
        self.is_shared()
    }
}
