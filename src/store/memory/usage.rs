//! Counts of what is in use.

use std::sync::atomic::Ordering;

use crate::{store::MarkPurpose, sync::AtomicUsize};

/// Bytes that a request takes beside its payload: its place in a table that is never quite full, and in the list of
/// expiries.
const BOOKKEEPING: usize = 224;

pub(super) fn bytes_of(payload: &[u8]) -> usize {
    payload.len().saturating_add(BOOKKEEPING)
}

/// A kind of thing that has bounds of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Requests that wait or are open.
    Request,
    /// Marks that protect.
    Credential,
    /// Marks that are left out where there is no room.
    Hygiene,
}

impl From<MarkPurpose> for Kind {
    fn from(purpose: MarkPurpose) -> Self {
        match purpose {
            MarkPurpose::Credential => Self::Credential,
            MarkPurpose::Hygiene => Self::Hygiene,
        }
    }
}

/// One of each kind.
#[derive(Debug, Default)]
pub(super) struct OfKinds<T> {
    pub(super) requests: T,
    pub(super) credentials: T,
    pub(super) hygiene: T,
}

impl<T> OfKinds<T> {
    pub(super) fn of(&self, kind: Kind) -> &T {
        match kind {
            Kind::Request => &self.requests,
            Kind::Credential => &self.credentials,
            Kind::Hygiene => &self.hygiene,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut T {
        match kind {
            Kind::Request => &mut self.requests,
            Kind::Credential => &mut self.credentials,
            Kind::Hygiene => &mut self.hygiene,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

/// Counts things and their bytes.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) count: Counter,
    pub(super) bytes: Counter,
}

impl Usage {
    pub(super) fn reserve(&self, bytes: usize, bounds: Bounds) -> bool {
        if !self.count.reserve(bounds.count) {
            return false;
        }
        let room = self.bytes.add(bytes, bounds.bytes);
        if !room {
            self.count.release();
        }
        room
    }

    /// Returns `true` if one more would stay within the bounds.
    pub(super) fn has_room(&self, bytes: usize, bounds: Bounds) -> bool {
        self.count.get() < bounds.count && self.bytes.get().saturating_add(bytes) <= bounds.bytes
    }

    pub(super) fn release(&self, bytes: usize) {
        self.count.release();
        if bytes > 0 {
            self.bytes.0.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicUsize);

impl Counter {
    /// Counts one more, if that stays within the limit.
    pub(super) fn reserve(&self, max: usize) -> bool {
        self.add(1, max)
    }

    pub(super) fn release(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn add(&self, amount: usize, max: usize) -> bool {
        if amount == 0 {
            return true;
        }
        let within = |count: usize| count.checked_add(amount).filter(|sum| *sum <= max);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
