//! Who can sign in. A product has a user database and a password or passkey here; the demo has one user, already known.

use std::time::{SystemTime, UNIX_EPOCH};

use parjar::Profile;

pub(crate) struct Account {
    /// What sessions name it by, and tokens of most profiles: stable, and never reused for another person.
    pub(crate) subject: &'static str,
    /// The same person on the AT Protocol.
    did: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const ALICE: Account =
    Account { subject: "alice", did: "did:plc:alicealicealicealicealic", name: "Alice Example" };

impl Account {
    /// The `sub` of every token: on the AT Protocol, that is a DID.
    pub(crate) fn subject_in(&self, profile: Profile) -> &'static str {
        if profile == Profile::Atproto { self.did } else { self.subject }
    }
}

/// Seconds since 1970, as JWTs count time.
pub(crate) fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
