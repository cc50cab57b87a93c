//! Where pushed requests are kept: the contract of a store, the one in memory, and the kit that tests any of them.

mod boxed;
pub mod contract;
pub(crate) mod digest;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sealed")]
mod sealed;

use std::{fmt, future::Future, sync::Arc, time::Duration};

#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresStore, PostgresStoreBuilder, PostgresStoreError};
#[cfg(feature = "redis")]
pub use self::redis::{RedisStore, RedisStoreBuilder, RedisStoreError};
#[cfg(feature = "sealed")]
pub use self::sealed::{SealedStore, SealingKeyError, SealingKeys};
pub use self::{
    boxed::BoxedStore,
    memory::{MemoryLimits, MemoryStore},
};
pub use crate::store::digest::RecordKey;
use crate::{cause::opaque_error, error_text::debug_by_display};

/// Keeps pushed requests until they are spent. Implemented by [`MemoryStore`], and by hosts over what they have.
///
/// A request goes through three states. It is inserted and *waits*; the first claim makes it *open*, which it stays through any
/// number of further claims; consuming it makes it *spent*. In each state it has a lifetime, counted by the store's own clock
/// from the operation that brought it there. At the end of it the request is gone, to the millisecond if the store can, and no
/// later.
///
/// Beside requests it keeps marks, for what may happen once. A mark is known from the call that brought it until its lifetime
/// is over, counted by the store's own clock from that call; to ask again does not prolong it. Marks are compared by their keys
/// alone: it makes no difference who brings one, and whether with a request or without. Of all calls that carry the same mark,
/// over all processes, at most one succeeds while the mark lives.
///
/// Each operation is atomic by itself, over all processes that share the store, and stays so when its caller is cancelled: it
/// has happened or it has not. There is no operation that looks before it leaps. A store may put marks down before it knows
/// that the rest fits, if it takes them back: a call that fails may thus make one at the same moment fail as a replay, and
/// leaves no mark of its own behind. Calls may carry the same marks in any order.
///
/// Keys are digests, and payloads are bytes that mean nothing to a store. It compares owner and browser for equality and
/// nothing else.
///
/// Write the methods as plain `async fn`s. [`contract::check`] tells whether they keep the contract.
pub trait RequestStore: Send + Sync + 'static {
    /// Inserts a request that waits to be opened, and remembers its marks: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// [`InsertError::Exists`] when there is anything under the key already, which then stays as it is.
    /// [`StoreRefusal::Replayed`] when one of the marks is known, or comes twice in this call; that is the answer whatever else
    /// is wrong. A limit refuses the new request; it never evicts one that lives, nor a mark.
    fn insert(&self, request: NewRequest<'_>) -> impl Future<Output = Result<(), InsertError>> + Send;

    /// Opens a request, or reads it again while it is open.
    ///
    /// Owner and browser are part of the condition: a claim that does not fit changes nothing. The first claim that names a
    /// browser binds the request to it; from then on every claim must name the same one. The first claim of all starts the
    /// lifetime of the open request; later ones do not extend it.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] says what did not fit.
    fn claim(&self, claim: Claim) -> impl Future<Output = Result<Vec<u8>, ClaimError>> + Send;

    /// Spends an open request. Of all calls for one request, over all processes, at most one is `Ok`.
    ///
    /// Owner and browser are part of the condition, as for [`claim`](Self::claim). The payload is deleted; that the request
    /// is spent is remembered for the lifetime given, as far as there is room.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] says what did not fit. A request that waits to be opened counts as unknown.
    fn consume(&self, claim: Claim) -> impl Future<Output = Result<(), ClaimError>> + Send;

    /// Remembers marks without a request: all of them, or none. The owner is the digest of the client that they count against,
    /// where clients have shares.
    ///
    /// # Errors
    ///
    /// [`StoreRefusal::Replayed`] when one of the marks is known, or comes twice in this call; that is the answer whatever else
    /// is wrong. After any error the caller must not go on as if the marks were new.
    fn remember(&self, owner: RecordKey, marks: &[ReplayMark])
    -> impl Future<Output = Result<(), StoreRefusal>> + Send;
}

/// Something that may happen once, such as the use of a `jti`.
#[derive(Clone, Copy, Debug)]
pub struct ReplayMark {
    /// Digest of what may happen once.
    pub key: RecordKey,
    /// How long it is remembered.
    pub lifetime: Duration,
}

impl ReplayMark {
    /// A mark that is there twice, of a few.
    fn repeated(marks: &[Self]) -> Option<RecordKey> {
        let is_repeated = |(index, mark): &(usize, &Self)| marks.iter().take(*index).any(|other| other.key == mark.key);
        marks.iter().enumerate().find(is_repeated).map(|(_, mark)| mark.key)
    }
}

/// A request to insert.
#[derive(Clone, Copy)]
pub struct NewRequest<'a> {
    /// Digest of the handle.
    pub key: RecordKey,
    /// Digest of the client.
    pub owner: RecordKey,
    /// The request, for [`RequestStore::claim`] to give back.
    pub payload: &'a [u8],
    /// How long it waits to be opened.
    pub lifetime: Duration,
    /// What must not have happened before, and has happened once the request is inserted.
    pub marks: &'a [ReplayMark],
}

impl fmt::Debug for NewRequest<'_> {
    /// Keeps back the payload, which is full of other people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRequest").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Who wants a request, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Digest of the handle.
    pub key: RecordKey,
    /// Digest of the client.
    pub owner: RecordKey,
    /// Digest of the browser's binding, if the host has one.
    pub browser: Option<RecordKey>,
    /// For [`RequestStore::claim`]: how long an opened request lives. For [`RequestStore::consume`]: how long a spent one is
    /// remembered.
    pub lifetime: Duration,
}

opaque_error! {
    /// A store could not be asked.
    StoreError, "the request store is unavailable"
}

/// Why a request was not inserted.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// There is something under the key.
    #[error("the key is taken")]
    Exists,
    /// Neither the request nor its marks were taken down.
    #[error(transparent)]
    Refused(#[from] StoreRefusal),
}

impl From<StoreError> for InsertError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// Why nothing was taken down: no marks, and no request with them.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreRefusal {
    /// A mark is known.
    #[error("a mark is known")]
    Replayed {
        /// The key of the mark, or of one of them.
        mark: RecordKey,
    },
    /// The client has its share of the store in use, of requests or of marks.
    #[error("the client has its share of the store in use")]
    OwnerLimit {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The store is full, of requests or of marks.
    #[error("the store is full")]
    Full {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The store could not be asked.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

/// Why a request was neither opened nor spent.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// Never inserted, expired, or forgotten.
    #[error("there is no such request")]
    Unknown,
    /// Spent before.
    #[error("the request is spent")]
    Spent,
    /// Of another client.
    #[error("the request belongs to another client")]
    OtherOwner,
    /// Opened in another browser.
    #[error("the request is open in another browser")]
    OtherBrowser,
    /// There is something under the key that is not what was put there: damaged, swapped, or of a layout or under a key that this
    /// node does not know.
    #[error("the record cannot be read")]
    Unreadable,
    /// The store could not be asked.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

debug_by_display!(InsertError, StoreRefusal, ClaimError);

/// When to try again what would have lived so long, in a store that is full. With a steady stream of pushes something expires
/// all the time.
fn retry_after(lifetime: Duration) -> Duration {
    lifetime.min(Duration::from_secs(10))
}

impl<T: RequestStore + ?Sized> RequestStore for Arc<T> {
    fn insert(&self, request: NewRequest<'_>) -> impl Future<Output = Result<(), InsertError>> + Send {
        (**self).insert(request)
    }

    fn claim(&self, claim: Claim) -> impl Future<Output = Result<Vec<u8>, ClaimError>> + Send {
        (**self).claim(claim)
    }

    fn consume(&self, claim: Claim) -> impl Future<Output = Result<(), ClaimError>> + Send {
        (**self).consume(claim)
    }

    fn remember(
        &self,
        owner: RecordKey,
        marks: &[ReplayMark],
    ) -> impl Future<Output = Result<(), StoreRefusal>> + Send {
        (**self).remember(owner, marks)
    }
}
