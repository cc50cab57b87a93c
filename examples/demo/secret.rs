//! What the nodes of one issuer share: a text in their configuration, from which the keys of nonces and cookies are derived.

use hmac::{Hmac, KeyInit as _, Mac as _, digest::InvalidLength};
use parjar::RandomError;
use sha2::Sha256;

use super::random;

/// Characters that a configured secret has to have.
pub(crate) const LENGTH: usize = 32;

pub(crate) struct Secret {
    text: String,
    is_configured: bool,
}

impl Secret {
    /// A secret of the configuration.
    pub(crate) fn configured(text: String) -> Option<Self> {
        (text.chars().count() >= LENGTH).then_some(Self { text, is_configured: true })
    }

    /// A secret of this process alone.
    pub(crate) fn drawn() -> Result<Self, RandomError> {
        Ok(Self { text: random::token()?, is_configured: false })
    }

    pub(crate) fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// A key for one purpose, of one issuer. None of them tells another, or the secret (RFC 5869 section 2.3, with one block).
    pub(crate) fn key(&self, purpose: &str, issuer: &str) -> Result<[u8; 32], InvalidLength> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.text.as_bytes())?;
        for part in ["parjar demo", purpose, issuer] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        Ok(mac.finalize().into_bytes().into())
    }
}
