//! The clients of a run, each kind in a file of its own.

pub(crate) mod flood;
pub(crate) mod garbage;
pub(crate) mod replays;
pub(crate) mod slow;
pub(crate) mod users;
