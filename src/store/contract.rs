//! A test kit: does a store keep the contract of [`RequestStore`]?
//!
//! Every store of this library passes it, and a host's own store should. It needs no test framework and no executor,
//! only a [`Harness`]. The races run 64 threads at once, and on a store that is shared each may be given its own
//! connection.
//!
//! ```
//! use std::time::Duration;
//! use parjar::{ManualClock, store::{MemoryStore, contract}};
//!
//! struct InMemory { store: MemoryStore, clock: ManualClock }
//!
//! impl contract::Harness for InMemory {
//!     type Store = MemoryStore;
//!     fn store(&self) -> MemoryStore { self.store.clone() }
//!     fn block_on<F: Future>(&self, future: F) -> F::Output { pollster::block_on(future) }
//!     fn pass(&self, time: Duration) { self.clock.advance(time) }
//! }
//!
//! let clock = ManualClock::default();
//! let store = MemoryStore::default().with_clock(clock.clone());
//! contract::check(&InMemory { store, clock })?;
//! # Ok::<_, contract::Violation>(())
//! ```

mod bench;
mod expiry;
mod lifecycle;
mod login;
mod marks;
mod races;
mod readiness;
mod room;

use std::{future::Future, time::Duration};

use self::bench::Bench;
use super::RequestStore;

use crate::error_text::debug_by_display;

/// A store under test, and the means to run it.
pub trait Harness: Sync {
    /// The store.
    type Store: RequestStore;

    /// Returns a handle on the store under test, always the same store. The races call this once per thread, so that
    /// each can have a connection of its own.
    fn store(&self) -> Self::Store;

    /// Runs a future to its end, on any thread.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Lets time pass: moves the store's clock, or sleeps.
    fn pass(&self, time: Duration);

    /// Makes an empty store of the same kind, with the same clock, that has room for so many marks of each
    /// [purpose](super::MarkPurpose) and no more, of one client as of all, and for so many requests of clients that have
    /// not authenticated. A bound that the store does not have is not checked; `None` where it has none. Default `None`.
    fn bounded_store(&self, marks: usize) -> Option<Self::Store> {
        let _ = marks;
        None
    }

    /// Returns how often each race is run. Default 20.
    fn rounds(&self) -> usize {
        20
    }
}

/// A promise that a store broke, and what was seen.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{promise}: {observed}")]
pub struct Violation {
    promise: &'static str,
    observed: String,
}

debug_by_display!(Violation);

impl Violation {
    /// Returns the promise: what the store should have done.
    #[must_use]
    pub fn promise(&self) -> &'static str {
        self.promise
    }
}

/// Runs every check against the store. It takes a few seconds of the store's time, and leaves nothing behind that lives
/// longer than two minutes.
///
/// # Errors
///
/// The first promise that the store broke.
pub fn check(harness: &impl Harness) -> Result<(), Violation> {
    let bench = Bench::new(harness);
    lifecycle::check(&bench)?;
    marks::check(&bench)?;
    expiry::check(&bench)?;
    login::check(&bench)?;
    readiness::check(&bench)?;
    room::check(&bench)?;
    races::check(&bench)?;
    marks::races::check(&bench)?;
    login::check_races(&bench)
}
