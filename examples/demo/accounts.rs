//! Who can sign in. A product has a user database and a password or passkey here; the demo has one user, already known.

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) struct Account {
    /// The `sub` of tokens: stable, and never reused for another person.
    pub(crate) subject: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const ALICE: Account = Account { subject: "alice", name: "Alice Example" };

/// Seconds since 1970, as JWTs count time.
pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
