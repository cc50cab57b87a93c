//! What an instance of Redis is for.

/// The part of the data that an instance keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// Requests, whose loss is noticed as that of an expired one.
    Requests,
    Marks,
    Both,
}
