//! The secrets that a client sends: kept as digests, compared in constant time, several at once while they are rotated.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use time::OffsetDateTime;

use crate::policy::MAX_CLIENT_ID;

/// The longest secret, in bytes. It bounds what a slow password hash is asked to work on.
pub(crate) const MAX_SECRET: usize = 512;

/// RFC 6749 appendix A.1, with a bound.
pub(crate) fn is_client_id(text: &str) -> bool {
    (1..=MAX_CLIENT_ID).contains(&text.len()) && is_printable(text)
}

/// RFC 6749 appendix A: %x20-7E
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}

/// Checks a client secret in a way of the host's own, such as a slow password hash.
///
/// It is called on the request path and by an executor's thread: one that takes more than a millisecond should hand its work over,
/// with `tokio::task::block_in_place` for instance. Clients that do not exist are verified as well, through
/// [`ClientRegistry::stand_in`](crate::ClientRegistry::stand_in): a verifier that takes equally long for each of them does
/// not tell which exist.
pub trait SecretVerifier: Send + Sync + 'static {
    /// Returns `true` if `secret` is a secret of the client. It has 1 to 512 bytes.
    fn verify(&self, client_id: &str, secret: &[u8]) -> bool;
}

/// The part of a request that a secret is sent in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretTransport {
    /// The `Authorization` header.
    Basic,
    /// The body.
    Post,
}

/// The secrets of one client, and the way it sends them.
pub(crate) struct Secrets {
    transport: SecretTransport,
    secrets: Vec<Secret>,
}

/// One secret of a client, not in clear, with its date of expiry.
#[derive(Clone)]
pub(crate) struct Secret {
    proof: Proof,
    expires_at: Option<OffsetDateTime>,
}

#[derive(Clone)]
enum Proof {
    Digest([u8; 32]),
    Verifier(Arc<dyn SecretVerifier>),
}

/// The outcome of trying a secret against all that a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Expired,
    Wrong,
}

impl Secret {
    pub(crate) fn from_plain(secret: &str, expires_at: Option<OffsetDateTime>) -> Self {
        Self::from_digest(Sha256::digest(secret.as_bytes()).into(), expires_at)
    }

    pub(crate) fn from_digest(digest: [u8; 32], expires_at: Option<OffsetDateTime>) -> Self {
        Self { proof: Proof::Digest(digest), expires_at }
    }

    pub(crate) fn from_verifier(verifier: Arc<dyn SecretVerifier>) -> Self {
        Self { proof: Proof::Verifier(verifier), expires_at: None }
    }
}

/// Returns `true` for the digest of a secret that has no bytes.
pub(super) fn is_digest_of_nothing(digest: &[u8; 32]) -> bool {
    *digest == <[u8; 32]>::from(Sha256::digest(b""))
}

impl Secrets {
    pub(super) fn new(transport: SecretTransport, secrets: Vec<Secret>) -> Self {
        Self { transport, secrets }
    }

    pub(crate) fn transport(&self) -> SecretTransport {
        self.transport
    }

    pub(crate) fn verify(&self, client_id: &str, presented: &[u8], now: impl FnOnce() -> OffsetDateTime) -> Verdict {
        verify(&self.secrets, client_id, presented, now)
    }
}

/// Tries a secret against all of them, without an early exit: how long it takes tells neither which one came close nor which
/// one it was.
fn verify(secrets: &[Secret], client_id: &str, presented: &[u8], now: impl FnOnce() -> OffsetDateTime) -> Verdict {
    let digest: [u8; 32] = Sha256::digest(presented).into();
    let now = secrets.iter().any(|secret| secret.expires_at.is_some()).then(now);
    let (mut right, mut expired) = (Choice::from(0), Choice::from(0));
    for secret in secrets {
        let equal = match &secret.proof {
            Proof::Digest(expected) => expected.ct_eq(&digest),
            Proof::Verifier(verifier) => Choice::from(u8::from(verifier.verify(client_id, presented))),
        };
        let alive = match (secret.expires_at, now) {
            (Some(expiry), Some(now)) => now < expiry,
            _ => true,
        };
        let alive = Choice::from(u8::from(alive));
        right |= equal & alive;
        expired |= equal & !alive;
    }
    if right.into() {
        Verdict::Right
    } else if expired.into() {
        Verdict::Expired
    } else {
        Verdict::Wrong
    }
}

/// Does for a client that does not exist the work of [`Secrets::verify`] for one with a single digest.
pub(crate) fn verify_decoy_secret(presented: &[u8]) {
    let decoy = [Secret::from_digest([0; 32], None)];
    std::hint::black_box(verify(&decoy, "", presented, OffsetDateTime::now_utc));
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
