//! Stores whose type does not matter any more.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::{Claim, ClaimError, InsertError, NewRequest, RecordKey, ReplayMark, RequestStore, StoreRefusal};

/// A store whose type does not matter any more. See [`ParEndpoint::boxed`](crate::ParEndpoint::boxed).
#[derive(Clone)]
pub struct BoxedStore(Arc<dyn DynStore>);

impl BoxedStore {
    /// Forgets the type of a store.
    pub fn new(store: impl RequestStore) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for BoxedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxedStore(..)")
    }
}

impl RequestStore for BoxedStore {
    async fn insert(&self, request: NewRequest<'_>) -> Result<(), InsertError> {
        self.0.insert_boxed(request).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<u8>, ClaimError> {
        self.0.claim_boxed(claim).await
    }

    async fn consume(&self, claim: Claim) -> Result<(), ClaimError> {
        self.0.consume_boxed(claim).await
    }

    async fn remember(&self, owner: RecordKey, marks: &[ReplayMark]) -> Result<(), StoreRefusal> {
        self.0.remember_boxed(owner, marks).await
    }
}

type Boxed<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// The twin of [`RequestStore`] that can be a trait object.
trait DynStore: Send + Sync {
    fn insert_boxed<'a>(&'a self, request: NewRequest<'a>) -> Boxed<'a, (), InsertError>;
    fn claim_boxed(&self, claim: Claim) -> Boxed<'_, Vec<u8>, ClaimError>;
    fn consume_boxed(&self, claim: Claim) -> Boxed<'_, (), ClaimError>;
    fn remember_boxed<'a>(&'a self, owner: RecordKey, marks: &'a [ReplayMark]) -> Boxed<'a, (), StoreRefusal>;
}

impl<T: RequestStore> DynStore for T {
    fn insert_boxed<'a>(&'a self, request: NewRequest<'a>) -> Boxed<'a, (), InsertError> {
        Box::pin(self.insert(request))
    }

    fn claim_boxed(&self, claim: Claim) -> Boxed<'_, Vec<u8>, ClaimError> {
        Box::pin(self.claim(claim))
    }

    fn consume_boxed(&self, claim: Claim) -> Boxed<'_, (), ClaimError> {
        Box::pin(self.consume(claim))
    }

    fn remember_boxed<'a>(&'a self, owner: RecordKey, marks: &'a [ReplayMark]) -> Boxed<'a, (), StoreRefusal> {
        Box::pin(self.remember(owner, marks))
    }
}
