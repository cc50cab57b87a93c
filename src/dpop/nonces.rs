//! Nonces without a memory: a recent nonce is recognized by computing it again.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::Key};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use time::OffsetDateTime;

use crate::error_text::debug_by_display;

/// Seconds after which there is a new nonce. The one before is still good, so that each can be used for two to four minutes.
const STEP: i64 = 120;

/// The nonces of one server (RFC 9449 section 8): unpredictable, and replaced every two minutes.
///
/// A nonce is a MAC of the time, by a key that only the server has. All nodes with the same key, and clocks that differ by less than
/// two minutes, hand out and accept the same ones.
///
/// ```
/// use parjar::{Clock, ManualClock, dpop::Nonces};
/// use std::time::Duration;
///
/// let clock = ManualClock::default();
/// let nonces = Nonces::new("https://as.example.com", &[7; 32], &[])?;
/// let nonce = nonces.current(clock.now());
/// clock.advance(Duration::from_secs(120));
/// assert!(nonces.is_recent(&nonce, clock.now()));
/// clock.advance(Duration::from_secs(120));
/// assert!(!nonces.is_recent(&nonce, clock.now()));
/// # Ok::<_, parjar::dpop::NonceKeyError>(())
/// ```
#[derive(Clone)]
pub struct Nonces {
    current: Issuing,
    replaced: Vec<Issuing>,
}

/// A key of zeros alone.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a nonce key must be 32 random bytes, not zeros")]
pub struct NonceKeyError;

debug_by_display!(NonceKeyError);

/// A nonce that a server has handed out lately. [`Nonces::recent`] makes it.
#[derive(Clone, Copy, Debug)]
pub struct RecentNonce {
    until: i64,
}

impl RecentNonce {
    /// The first second, counted from 1970, in which the nonce is not recent any more.
    #[must_use]
    pub fn until(self) -> i64 {
        self.until
    }
}

/// A key that has taken in the issuer.
#[derive(Clone)]
struct Issuing(Hmac<Sha256>);

impl Nonces {
    /// Nonces of an issuer by 32 random bytes. Those by a `replaced` key are accepted and not handed out.
    ///
    /// To replace a key on several nodes, let all accept the new one first, then hand out by it, then drop the old one.
    ///
    /// # Errors
    ///
    /// For a key of zeros alone: a setting that was forgotten, by which every sender could make nonces.
    pub fn new(issuer: &str, key: &[u8; 32], replaced: &[[u8; 32]]) -> Result<Self, NonceKeyError> {
        let issuing = |key: &[u8; 32]| if *key == [0; 32] { Err(NonceKeyError) } else { Ok(Issuing::new(issuer, key)) };
        let replaced = replaced.iter().map(issuing).collect::<Result<_, _>>()?;
        Ok(Self { current: issuing(key)?, replaced })
    }

    /// The nonce to hand out: 43 characters of base64url.
    #[must_use]
    pub fn current(&self, now: OffsetDateTime) -> String {
        URL_SAFE_NO_PAD.encode(self.current.nonce(step(now)))
    }

    /// Returns `true` if a nonce is of this step or of the one before. One of the next step counts too: a node whose clock is ahead
    /// has handed it out.
    #[must_use]
    pub fn is_recent(&self, nonce: &str, now: OffsetDateTime) -> bool {
        self.recent(nonce, now).is_some()
    }

    /// Returns the nonce as a recent one, if it [is](Self::is_recent): the server's own clock says when the proof with it was made.
    #[must_use]
    pub fn recent(&self, nonce: &str, now: OffsetDateTime) -> Option<RecentNonce> {
        let nonce = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let now = step(now);
        let (mut found, mut of_step) = (Choice::from(0), now);
        for issuing in std::iter::once(&self.current).chain(&self.replaced) {
            for step in [now, now.saturating_sub(1), now.saturating_add(1)] {
                let equal = issuing.nonce(step).ct_eq(&nonce);
                of_step.conditional_assign(&step, equal);
                found |= equal;
            }
        }
        let until = of_step.saturating_add(2).saturating_mul(STEP);
        bool::from(found).then_some(RecentNonce { until })
    }
}

impl Nonces {
    /// What nodes compare to see that they have the same keys: a part of a MAC that is no nonce, first by the present key.
    pub(crate) fn checks(&self) -> Vec<[u8; 8]> {
        std::iter::once(&self.current).chain(&self.replaced).map(Issuing::check).collect()
    }
}

impl Issuing {
    fn new(issuer: &str, key: &[u8; 32]) -> Self {
        // A key that is shorter than a block is filled up with zeros (RFC 2104 section 2).
        let mut block = Key::<Hmac<Sha256>>::default();
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot = *byte;
        }
        let mut mac = Hmac::new(&block);
        mac.update(b"parjar/1/dpop nonce\0");
        mac.update(issuer.as_bytes());
        Self(mac)
    }

    fn check(&self) -> [u8; 8] {
        let mut mac = self.0.clone();
        // A nonce is a MAC of eight bytes.
        mac.update(b"check of settings");
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(mac.finalize().into_bytes());
        [a, b, c, d, e, f, g, h]
    }

    fn nonce(&self, step: i64) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(&step.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn step(now: OffsetDateTime) -> i64 {
    now.unix_timestamp().div_euclid(STEP)
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces(..)")
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};
    use time::OffsetDateTime;

    use super::Nonces;

    #[test]
    fn a_nonce_is_the_mac_that_another_library_makes() {
        let (key, now) = ([9; 32], OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1_700_000_000));
        let input = [b"parjar/1/dpop nonce\0https://a.example", &(1_700_000_000i64 / 120).to_be_bytes()[..]].concat();
        let hmac = PKey::hmac(&key).unwrap();
        let expected = Signer::new(MessageDigest::sha256(), &hmac).unwrap().sign_oneshot_to_vec(&input).unwrap();
        assert_eq!(Nonces::new("https://a.example", &key, &[]).unwrap().current(now), URL_SAFE_NO_PAD.encode(expected));
    }
}
