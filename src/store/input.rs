//! The inputs of a store: requests, marks, claims, and the owners that they count against.

use std::{fmt, time::Duration};

use super::RecordKey;

/// The client, or the key, that a request or a mark counts against.
///
/// Only the key is kept and compared: a request that was inserted for an owner is claimed by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Owner {
    /// The digest of the client, or of the key that DPoP proofs with access tokens are made with.
    pub key: RecordKey,
    /// `false` for a public client, whose `client_id` any sender can use. A store with bounds keeps room that such
    /// senders cannot take, however many client identifiers they use.
    pub is_authenticated: bool,
}

impl Owner {
    /// Makes the owner of a client that has authenticated, or of the holder of a token.
    #[must_use]
    pub const fn authenticated(key: RecordKey) -> Self {
        Self { key, is_authenticated: true }
    }

    /// Makes the owner of a client that has nothing to authenticate with.
    #[must_use]
    pub const fn unauthenticated(key: RecordKey) -> Self {
        Self { key, is_authenticated: false }
    }
}

/// The reason to remember that something has happened. It decides what becomes of a mark that there is no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MarkPurpose {
    /// An assertion, a proof of possession, or a request object, which would be good a second time without the mark.
    /// Where there is no room, the call is refused.
    Credential,
    /// A rule that notices careless clients, such as that a code challenge is new. Where there is no room, the mark is
    /// left out, compared with those that are known or not, and
    /// [`Remembered::skipped`](crate::store::Remembered::skipped) tells so.
    Hygiene,
}

/// A mark of something that may happen once, such as the use of a `jti`.
///
/// Its key covers the owner that brings it: no two owners have a mark in common.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReplayMark {
    /// The reason to remember it.
    pub purpose: MarkPurpose,
    /// The digest of what may happen once.
    pub key: RecordKey,
    /// The time for which it is remembered. Each mark of a call has its own.
    pub lifetime: Duration,
}

impl ReplayMark {
    /// Makes a mark to be remembered for this time.
    #[must_use]
    pub const fn new(purpose: MarkPurpose, key: RecordKey, lifetime: Duration) -> Self {
        Self { purpose, key, lifetime }
    }

    /// Returns a mark that is there twice, of a few.
    pub(super) fn repeated(marks: &[Self]) -> Option<RecordKey> {
        let is_repeated = |(index, mark): &(usize, &Self)| marks.iter().take(*index).any(|other| other.key == mark.key);
        marks.iter().enumerate().find(is_repeated).map(|(_, mark)| mark.key)
    }
}

/// A request to insert.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct NewRequest<'a> {
    /// The digest of the handle.
    pub key: RecordKey,
    /// The client.
    pub owner: Owner,
    /// The request, for [`RequestStore::claim`](crate::store::RequestStore::claim) to give back.
    pub payload: &'a [u8],
    /// Marks that must be new, and are known once the request is inserted.
    pub marks: &'a [ReplayMark],
}

impl<'a> NewRequest<'a> {
    /// Makes a request without marks.
    #[must_use]
    pub const fn new(key: RecordKey, owner: Owner, payload: &'a [u8]) -> Self {
        Self { key, owner, payload, marks: &[] }
    }

    /// Returns the request with these marks.
    #[must_use]
    pub const fn with_marks(self, marks: &'a [ReplayMark]) -> Self {
        Self { marks, ..self }
    }
}

impl fmt::Debug for NewRequest<'_> {
    /// Keeps back the payload, which is full of other people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRequest").field("marks", &self.marks).finish_non_exhaustive()
    }
}

/// A note of the host on an open request, such as who has signed in.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Annotation<'a> {
    /// The bytes of the note. Empty: there is none any more.
    pub bytes: &'a [u8],
    /// The number of changes that the host knows of ([`Claimed::revision`](crate::store::Claimed::revision)). One more
    /// makes the note stale.
    pub revision: u32,
}

impl<'a> Annotation<'a> {
    /// Makes a note that takes the place of the one with this number.
    #[must_use]
    pub const fn new(bytes: &'a [u8], revision: u32) -> Self {
        Self { bytes, revision }
    }
}

impl fmt::Debug for Annotation<'_> {
    /// Keeps back the bytes, which are about a user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Annotation").field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// More time for an open request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension {
    /// The time that the request shall have from now.
    pub lifetime: Duration,
    /// The time that it may be open in all, from the first claim.
    pub longest: Duration,
}

impl Extension {
    /// Makes an extension to so long from now, and to no more than so long in all.
    #[must_use]
    pub const fn new(lifetime: Duration, longest: Duration) -> Self {
        Self { lifetime, longest }
    }
}

/// Names a request, its client and its browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// The digest of the handle.
    pub key: RecordKey,
    /// The digest of the client.
    pub owner: RecordKey,
    /// The digest of the browser's binding, if the host has one.
    pub browser: Option<RecordKey>,
    /// `false` if the client has not authenticated, so that any sender can use its name. Only for counting: the request is
    /// the same.
    pub is_authenticated: bool,
}

impl Claim {
    /// Makes a claim that names no browser, to a request of a client that has authenticated.
    #[must_use]
    pub const fn new(key: RecordKey, owner: RecordKey) -> Self {
        Self { key, owner, browser: None, is_authenticated: true }
    }

    /// Returns the claim as one to a request of a client that has not authenticated.
    #[must_use]
    pub const fn of_unauthenticated(self) -> Self {
        Self { is_authenticated: false, ..self }
    }

    /// Returns the claim as made by this browser.
    #[must_use]
    pub const fn by_browser(self, browser: RecordKey) -> Self {
        Self { browser: Some(browser), ..self }
    }
}
