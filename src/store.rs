//! Where pushed requests are kept: the contract of a store, the one in memory, and the kit that tests any of them.
//!
//! # Versions of what is stored
//!
//! Nodes of different versions share a store while a new version goes from one node to the next, and again if it is taken back. So
//! whatever outlives a call carries the version of its layout:
//!
//! | layout | version | where |
//! | --- | --- | --- |
//! | the record of a request | 5 | the first byte of a payload |
//! | a payload or a note that `SealedStore` has encrypted | 1 | its first byte |
//! | the value of a request in Redis | 2 | its first byte |
//! | the names of keys in Redis | 2 | their form; of 1, the prefix is in braces: [`RedisKeys`] changes over |
//! | the tables in PostgreSQL | 1 | the table `schema_version` |
//! | a kept [`ResponseTarget`](crate::ResponseTarget) | 1 | its `version`, not written for 1 |
//! | the settings that nodes [compare](crate::ParEndpoint::compare_settings) | 1 | the first 17 bytes of a payload; another version is not compared |
//!
//! The rule, from version 0.1 of this crate on:
//!
//! * A release reads what it writes, and what the release of the next lower minor version writes. What earlier ones have
//!   written, it need not read.
//! * A release that brings another layout goes on to write the one before. The next minor release writes the new one, which all nodes can read by
//!   then. Where a request cannot be told in the layout before, because it makes use of what is new, it is written in the new one.
//! * What a node cannot read is refused as [`UnreadableRecord`](crate::Reason::UnreadableRecord), which is counted, and a warning. It
//!   is not deleted, so that the same browser can open it at a node that reads it. To the user its handle is unknown, and the client pushes
//!   anew.
//! * Tables and their columns are added to, and not taken away or renamed as long as nodes of the release before use them. `PostgresStore::migrate`
//!   of the new version comes first; nodes of the release before go on.
//!
//! So upgrade by one minor version at a time, in any order of the nodes, and no login is lost. Who skips one loses the requests that wait
//! or are open at that moment: at most a minute's pushes, by default, and the logins of ten minutes. Marks have no layout: a mark of any
//! version is known to all that look under its name.
//!
//! The tests feed what each release has written to the present code.
//!
#![cfg_attr(not(feature = "redis"), doc = "[`RedisKeys`]: self")]

mod boxed;
pub mod contract;
pub(crate) mod digest;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlx"))]
mod hygiene;
mod input;
mod memory;
mod not_ready;
mod outcome;
#[cfg(any(feature = "postgres", feature = "sqlx"))]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sealed")]
mod sealed;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlx"))]
mod unauthenticated;

use std::{future::Future, sync::Arc, time::Duration};

use self::outcome::retry_after;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresClient, PostgresClients};
#[cfg(any(feature = "postgres", feature = "sqlx"))]
pub use self::postgres::{
    PostgresConnector, PostgresStore, PostgresStoreBuilder, PostgresStoreError, PostgresTransactionStore,
};
#[cfg(feature = "redis")]
pub use self::redis::{RedisConnector, RedisInstance, RedisKeys, RedisStore, RedisStoreBuilder, RedisStoreError};
#[cfg(feature = "sealed")]
pub use self::sealed::{SealedStore, SealingKeyError, SealingKeys};
pub use self::{
    boxed::BoxedStore,
    digest::RecordKey,
    input::{Annotation, Claim, Extension, MarkPurpose, NewRequest, Owner, ReplayMark},
    memory::{MemoryLimits, MemoryStore},
    not_ready::{NotReady, NotReadyReason},
    outcome::{AnnotateError, ClaimError, Claimed, InsertError, Remembered, StoreError, StoreRefusal},
};

/// Keeps pushed requests until they are spent. Implemented by [`MemoryStore`], and by hosts over what they have.
///
/// A request goes through three states. It is inserted and *waits*; the first claim makes it *open*, which it stays
/// through any number of further claims; consuming it makes it *spent*. In each state it has a lifetime, counted by the
/// store's own clock from the operation that brought it there. At the end of it the request is gone, to the millisecond
/// if the store can, and no later. An open request can be given more time, and a note of the host.
///
/// Beside requests it keeps marks, for what may happen once. A mark is known from the call that brought it until its
/// lifetime is over, counted by the store's own clock from that call; to ask again does not prolong it. It makes no
/// difference whether a mark comes with a request or without. Of all calls of one owner that carry the same mark, over
/// all processes, at most one succeeds while the mark lives.
///
/// Whatever is stored has one owner: callers make a key of what it names and of the owner, and never bring the same key for
/// two. So a store may look for keys alone, in one table of all owners, or for keys among those of the owner, and keep what
/// belongs to different owners apart, on different servers. A caller can tell the two by nothing but the error for another
/// owner's request. What it means for proofs and assertions that another client brings is up to the endpoint, whose marks
/// are each client's own: a client can neither use up another's nor profit from bringing them.
///
/// Each operation is atomic by itself, over all processes that share the store, and stays so when its caller is
/// cancelled: it has happened or it has not. There is no operation that looks before it leaps. A store may put marks
/// down before it knows that the rest fits, if it takes them back: a call that fails may thus make one at the same
/// moment fail as a replay, and leaves no mark of its own behind. Calls may carry the same marks in any order.
///
/// Keys are digests, and payloads are bytes that mean nothing to a store. It compares owner and browser for equality
/// and nothing else.
///
/// Write the methods as plain `async fn`s. [`contract::check`] tells whether they keep the contract.
pub trait RequestStore: Send + Sync {
    /// Inserts a request that waits so long to be opened, and remembers its marks: all of it, or nothing but for marks
    /// of [hygiene](MarkPurpose::Hygiene) that there is no room for.
    ///
    /// # Errors
    ///
    /// [`InsertError::Exists`] when there is anything under the key already, which then stays as it is.
    /// [`StoreRefusal::Replayed`] when one of the marks is known, or comes twice in this call; that is the answer
    /// whatever else is wrong, but for a bound of clients that have not authenticated, which a store may look at first. A
    /// limit refuses the new request; it never evicts one that lives, nor a mark.
    fn insert(
        &self,
        request: NewRequest<'_>,
        lifetime: Duration,
    ) -> impl Future<Output = Result<Remembered, InsertError>> + Send;

    /// Opens a request for so long, or reads it again while it is open.
    ///
    /// Owner and browser are part of the condition: a claim that does not fit changes nothing. The first claim that
    /// names a browser binds the request to it; from then on every claim must name the same one. The first claim of all
    /// starts the lifetime of the open request; later ones do not extend it, and are told how long ago it was, to the
    /// second at least.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] says what did not fit. Another owner's request is [`OtherOwner`](ClaimError::OtherOwner), or, where a store
    /// looks among those of the owner alone, [`Unknown`](ClaimError::Unknown).
    fn claim(&self, claim: Claim, login_lifetime: Duration)
    -> impl Future<Output = Result<Claimed, ClaimError>> + Send;

    /// Spends an open request. Of all calls for one request, over all processes, at most one is `Ok`.
    ///
    /// Owner and browser are part of the condition, as for [`claim`](Self::claim). The payload is deleted; that the
    /// request is spent is remembered for the time given, as far as there is room.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] says what did not fit. A request that waits to be opened counts as unknown.
    fn consume(&self, claim: Claim, remembered_for: Duration) -> impl Future<Output = Result<(), ClaimError>> + Send;

    /// Writes a note of the host on an open request, in the place of the one with this
    /// [revision](Annotation::revision). Claims give it back; when the request is spent, it is deleted. It has up to 1100
    /// bytes, which the limits of a store need not count. Of all calls with the same revision, over all processes, at most
    /// one is `Ok`, whatever they write.
    ///
    /// Owner and browser are part of the condition, as for [`claim`](Self::claim); the note binds no browser.
    ///
    /// # Errors
    ///
    /// [`AnnotateError::Changed`] when the revision is another one. [`ClaimError`] says what else did not fit; a request
    /// that waits to be opened counts as unknown.
    fn annotate(
        &self,
        claim: Claim,
        annotation: Annotation<'_>,
    ) -> impl Future<Output = Result<(), AnnotateError>> + Send;

    /// Lets an open request live longer: for [so long from now](Extension::lifetime), but no longer in all than
    /// [so long](Extension::longest) from the first claim. It never shortens a life. Returns the time that is left.
    ///
    /// Owner and browser are part of the condition, as for [`claim`](Self::claim).
    ///
    /// # Errors
    ///
    /// [`ClaimError`] says what did not fit. A request that waits to be opened counts as unknown.
    fn extend(&self, claim: Claim, extension: Extension) -> impl Future<Output = Result<Duration, ClaimError>> + Send;

    /// Remembers marks without a request: all of them, or none but for marks of [hygiene](MarkPurpose::Hygiene) that
    /// there is no room for. The owner is the one that they count against, where there are shares.
    ///
    /// # Errors
    ///
    /// [`StoreRefusal::Replayed`] when one of the marks is known, or comes twice in this call; that is the answer
    /// whatever else is wrong, with the exception of [`insert`](Self::insert). After any error the caller must not go on
    /// as if the marks were new.
    fn remember(
        &self,
        owner: Owner,
        marks: &[ReplayMark],
    ) -> impl Future<Output = Result<Remembered, StoreRefusal>> + Send;

    /// Asks whether the next push would be taken: whether the store can be asked in time, takes writes, and has room.
    /// See [`ParEndpoint::ready`](crate::ParEndpoint::ready).
    ///
    /// It changes nothing, neither requests nor marks, and tells nothing of them. Programs are asked every second, so it should take
    /// no more than an operation does. Room is that for clients that authenticate: a bound for others, or for one client, is no reason
    /// to be not ready, or any sender could take nodes out of service.
    ///
    /// By default it spends a request that was never inserted. That says that the store can be asked, and where its `consume` is a
    /// write that it takes writes; it says nothing about room and about marks.
    ///
    /// # Errors
    ///
    /// [`NotReady`], with the cause.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send {
        not_ready::by_asking(self)
    }

    /// Returns `true` if other processes may use the same requests. Default `true`. An endpoint then reports what its
    /// processes do not share and should.
    fn is_shared(&self) -> bool {
        true
    }
}

impl<T: RequestStore + ?Sized> RequestStore for Arc<T> {
    fn insert(
        &self,
        request: NewRequest<'_>,
        lifetime: Duration,
    ) -> impl Future<Output = Result<Remembered, InsertError>> + Send {
        (**self).insert(request, lifetime)
    }

    fn claim(
        &self,
        claim: Claim,
        login_lifetime: Duration,
    ) -> impl Future<Output = Result<Claimed, ClaimError>> + Send {
        (**self).claim(claim, login_lifetime)
    }

    fn consume(&self, claim: Claim, remembered_for: Duration) -> impl Future<Output = Result<(), ClaimError>> + Send {
        (**self).consume(claim, remembered_for)
    }

    fn annotate(
        &self,
        claim: Claim,
        annotation: Annotation<'_>,
    ) -> impl Future<Output = Result<(), AnnotateError>> + Send {
        (**self).annotate(claim, annotation)
    }

    fn extend(&self, claim: Claim, extension: Extension) -> impl Future<Output = Result<Duration, ClaimError>> + Send {
        (**self).extend(claim, extension)
    }

    fn remember(
        &self,
        owner: Owner,
        marks: &[ReplayMark],
    ) -> impl Future<Output = Result<Remembered, StoreRefusal>> + Send {
        (**self).remember(owner, marks)
    }

    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send {
        (**self).ready()
    }

    fn is_shared(&self) -> bool {
        (**self).is_shared()
    }
}
