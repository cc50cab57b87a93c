//! The secrets that a client sends: kept as digests, compared in constant time, several at once while they are rotated.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use time::OffsetDateTime;

use super::secret_verifier::{DynSecretVerifier, VerifierError};
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

/// The secrets of one client: kept here, or known to a verifier of the host's.
#[derive(Clone)]
pub(crate) enum Secrets {
    Digests(Vec<SecretDigest>),
    Verifier(Arc<dyn DynSecretVerifier>),
}

/// One secret of a client, not in clear, with its date of expiry.
#[derive(Clone)]
pub(crate) struct SecretDigest {
    digest: [u8; 32],
    expires_at: Option<OffsetDateTime>,
}

/// The outcome of trying a secret against all that a client has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Expired,
    Wrong,
}

impl SecretDigest {
    pub(super) fn of(secret: &str, expires_at: Option<OffsetDateTime>) -> Self {
        Self::new(Sha256::digest(secret.as_bytes()).into(), expires_at)
    }

    pub(super) fn new(digest: [u8; 32], expires_at: Option<OffsetDateTime>) -> Self {
        Self { digest, expires_at }
    }
}

/// Returns `true` for the digest of a secret that has no bytes.
pub(super) fn is_digest_of_nothing(digest: &[u8; 32]) -> bool {
    *digest == <[u8; 32]>::from(Sha256::digest(b""))
}

impl Secrets {
    pub(super) fn are_none(&self) -> bool {
        matches!(self, Self::Digests(digests) if digests.is_empty())
    }

    /// Tries a secret. Only a verifier of the host's waits.
    pub(crate) async fn verify(
        &self,
        client_id: &str,
        presented: &[u8],
        now: impl FnOnce() -> OffsetDateTime,
    ) -> Result<Verdict, VerifierError> {
        match self {
            Self::Digests(digests) => Ok(verify(digests, presented, now)),
            Self::Verifier(verifier) => {
                let is_right = verifier.verify_boxed(client_id, presented).await?;
                Ok(if is_right { Verdict::Right } else { Verdict::Wrong })
            }
        }
    }
}

/// Tries a secret against all of them, without an early exit: how long it takes tells neither which one came close nor which
/// one it was.
fn verify(secrets: &[SecretDigest], presented: &[u8], now: impl FnOnce() -> OffsetDateTime) -> Verdict {
    #[cfg(test)]
    crate::work::count(|work| &mut work.digests);
    let digest: [u8; 32] = Sha256::digest(presented).into();
    let now = secrets.iter().any(|secret| secret.expires_at.is_some()).then(now);
    let (mut right, mut expired) = (Choice::from(0), Choice::from(0));
    for secret in secrets {
        let equal = secret.digest.ct_eq(&digest);
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
    let decoy = [SecretDigest::new([0; 32], None)];
    std::hint::black_box(verify(&decoy, presented, OffsetDateTime::now_utc));
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
