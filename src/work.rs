//! The work that this thread has done, for tests of what a request costs: counts, which are the same on every machine.

use std::cell::Cell;

/// What takes time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Forms and queries that were read.
    pub(crate) forms: usize,
    /// JSON texts that were read.
    pub(crate) json: usize,
    /// SHA-256 of secrets, handles and marks.
    pub(crate) digests: usize,
    pub(crate) macs: usize,
    pub(crate) verifications: usize,
    pub(crate) decryptions: usize,
}

thread_local! {
    static DONE: Cell<Work> = const {
        Cell::new(Work { forms: 0, json: 0, digests: 0, macs: 0, verifications: 0, decryptions: 0 })
    };
}

/// Counts one more of a kind.
pub(crate) fn count(kind: impl FnOnce(&mut Work) -> &mut usize) {
    let mut done = DONE.get();
    let counted = kind(&mut done);
    *counted = counted.saturating_add(1);
    DONE.set(done);
}

/// Returns what comes of an operation, and what it takes.
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
pub(crate) fn of<T>(operation: impl FnOnce() -> T) -> (T, Work) {
    DONE.take();
    (operation(), DONE.take())
}
