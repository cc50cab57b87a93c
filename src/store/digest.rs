//! Keys: every name under which something is stored is a SHA-256 digest, so that no store ever sees a handle, a client
//! identifier, a cookie or a `jti` it could use or leak.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use sha2::{Digest as _, Sha256};

/// A 32-byte name in a [`RequestStore`](crate::store::RequestStore): a digest of an issuer and of what it names.
///
/// Two issuers that share a store never share a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// Makes a key of these bytes, for stores that read keys back and for tests of stores.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Hash for RecordKey {
    /// Eight bytes of a digest are as good as all 32.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}

/// The keys of one issuer, one family for each kind of thing that is named.
#[derive(Clone)]
pub(crate) struct KeySpace {
    requests: Sha256,
    owners: Sha256,
    browsers: Sha256,
    assertions: Sha256,
    request_objects: Sha256,
    code_challenges: Sha256,
    attestation_proofs: Sha256,
    dpop_proofs: Sha256,
    dpop_keys: Sha256,
}

impl KeySpace {
    pub(crate) fn of(issuer: &str) -> Self {
        Self {
            requests: prefix(b"request", issuer),
            owners: prefix(b"owner", issuer),
            browsers: prefix(b"browser", issuer),
            assertions: prefix(b"assertion", issuer),
            request_objects: prefix(b"request object", issuer),
            code_challenges: prefix(b"code challenge", issuer),
            attestation_proofs: prefix(b"attestation proof", issuer),
            dpop_proofs: prefix(b"dpop proof", issuer),
            dpop_keys: prefix(b"dpop key", issuer),
        }
    }

    pub(crate) fn request(&self, reference: &str) -> RecordKey {
        finish(&self.requests, reference)
    }

    pub(crate) fn owner(&self, client_id: &str) -> RecordKey {
        finish(&self.owners, client_id)
    }

    pub(crate) fn browser(&self, binding: &str) -> RecordKey {
        finish(&self.browsers, binding)
    }

    /// The `jti` of a client assertion. Every client has its own.
    pub(crate) fn assertion(&self, client_id: &str, id: &str) -> RecordKey {
        finish_two(&self.assertions, client_id, id)
    }

    /// The `jti` of a request object. Every client has its own.
    pub(crate) fn request_object(&self, client_id: &str, id: &str) -> RecordKey {
        finish_two(&self.request_objects, client_id, id)
    }

    /// A `code_challenge`. Every client has its own, so that none can use up those of another.
    pub(crate) fn code_challenge(&self, client_id: &str, challenge: &str) -> RecordKey {
        finish_two(&self.code_challenges, client_id, challenge)
    }

    /// The `jti` of a proof of possession that an owner brings with an attestation. Every key has its own.
    pub(crate) fn attestation_proof(&self, owner: &RecordKey, thumbprint: &str, id: &str) -> RecordKey {
        #[cfg(test)]
        crate::work::count(|work| &mut work.digests);
        let mut hasher = self.attestation_proofs.clone();
        hasher.update(owner.as_bytes());
        update_with_length(&mut hasher, thumbprint);
        hasher.update(id.as_bytes());
        RecordKey(hasher.finalize().into())
    }

    /// The `jti` of a DPoP proof that an owner brings. Every key has its own, for every URI (RFC 9449 section 11.1).
    pub(crate) fn dpop_proof(&self, owner: &RecordKey, thumbprint: &str, target: &str, id: &str) -> RecordKey {
        #[cfg(test)]
        crate::work::count(|work| &mut work.digests);
        let mut hasher = self.dpop_proofs.clone();
        hasher.update(owner.as_bytes());
        for part in [thumbprint, target] {
            update_with_length(&mut hasher, part);
        }
        hasher.update(id.as_bytes());
        RecordKey(hasher.finalize().into())
    }

    /// The owner of DPoP proofs that come with access tokens: their key.
    pub(crate) fn dpop_key(&self, thumbprint: &str) -> RecordKey {
        finish(&self.dpop_keys, thumbprint)
    }
}

impl fmt::Debug for KeySpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySpace(..)")
    }
}

/// What nodes of one issuer write about their settings.
pub(crate) fn settings_key(issuer: &str, slot: u8) -> RecordKey {
    let mut hasher = prefix(b"settings", issuer);
    hasher.update([slot]);
    RecordKey(hasher.finalize().into())
}

/// A whole SHA-256 block that stands for purpose and issuer, compressed once when the endpoint is built. The inner
/// digest has a fixed length, so no choice of issuer can imitate another purpose.
fn prefix(purpose: &[u8], issuer: &str) -> Sha256 {
    let mut inner = Sha256::new();
    inner.update(b"parjar/1/");
    inner.update(purpose);
    inner.update([0]);
    inner.update(issuer.as_bytes());
    let mut outer = Sha256::new();
    outer.update(inner.finalize());
    outer.update([0u8; 32]);
    outer
}

fn finish(prefix: &Sha256, text: &str) -> RecordKey {
    #[cfg(test)]
    crate::work::count(|work| &mut work.digests);
    let mut hasher = prefix.clone();
    hasher.update(text.as_bytes());
    RecordKey(hasher.finalize().into())
}

/// The length keeps `a` and `bc` from being `ab` and `c`.
fn finish_two(prefix: &Sha256, first: &str, second: &str) -> RecordKey {
    #[cfg(test)]
    crate::work::count(|work| &mut work.digests);
    let mut hasher = prefix.clone();
    update_with_length(&mut hasher, first);
    hasher.update(second.as_bytes());
    RecordKey(hasher.finalize().into())
}

fn update_with_length(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::KeySpace;

    #[test]
    fn keys_differ_by_issuer_purpose_and_text() {
        let (a, b) = (KeySpace::of("https://a.example"), KeySpace::of("https://b.example"));
        let (one, other) = (a.owner("one"), a.owner("other"));
        let keys = [
            a.request("x"),
            a.request("y"),
            a.owner("x"),
            a.browser("x"),
            b.request("x"),
            a.assertion("x", "yz"),
            a.assertion("xy", "z"),
            a.request_object("x", "yz"),
            a.code_challenge("x", "yz"),
            b.assertion("x", "yz"),
            a.dpop_proof(&one, "x", "y", "z"),
            a.dpop_proof(&other, "x", "y", "z"),
            a.dpop_proof(&one, "x", "yz", ""),
            a.dpop_proof(&one, "xy", "", "z"),
            b.dpop_proof(&one, "x", "y", "z"),
            a.attestation_proof(&one, "x", "yz"),
            a.attestation_proof(&other, "x", "yz"),
            a.attestation_proof(&one, "xy", "z"),
            a.dpop_key("x"),
        ];
        for (i, left) in keys.iter().enumerate() {
            for right in keys.iter().skip(i + 1) {
                assert_ne!(left, right);
            }
        }
        assert_eq!(a.request("x"), KeySpace::of("https://a.example").request("x"));
    }
}
