//! The secrets of a registration, and how long they are good.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::RegistrationError;

/// A secret beside `client_secret`: in clear, or as a digest.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SecretRegistration {
    /// The secret in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
    /// The SHA-256 digest of the secret, as 64 hexadecimal digits: `printf %s "$SECRET" | sha256sum`. Only for secrets drawn
    /// at random: a digest of a guessable one can be guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_sha256: Option<String>,
    /// Seconds since 1970. 0 or absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
}

impl SecretRegistration {
    /// A secret in clear.
    #[must_use]
    pub fn plain(secret: impl Into<SecretText>) -> Self {
        Self { client_secret: Some(secret.into()), client_secret_sha256: None, client_secret_expires_at: None }
    }

    /// A secret by its SHA-256 digest, as 64 hexadecimal digits.
    #[must_use]
    pub fn sha256(digest: impl Into<String>) -> Self {
        Self { client_secret: None, client_secret_sha256: Some(digest.into()), client_secret_expires_at: None }
    }

    /// The same, good until so many seconds after 1970.
    #[must_use]
    pub fn expiring_at(self, seconds: i64) -> Self {
        Self { client_secret_expires_at: Some(seconds), ..self }
    }
}

impl fmt::Debug for SecretRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretRegistration").finish_non_exhaustive()
    }
}

/// A secret in clear, wiped when dropped and silent in `Debug`. Serializing it writes it out: a registration is itself a
/// secret document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<SecretText> for String {
    fn from(secret: SecretText) -> Self {
        (*secret.0).clone()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// A date of expiry; 0 means never.
pub(super) fn expiry(member: &'static str, seconds: Option<i64>) -> Result<Option<OffsetDateTime>, RegistrationError> {
    match seconds {
        None | Some(0) => Ok(None),
        Some(seconds) => OffsetDateTime::from_unix_timestamp(seconds)
            .map(Some)
            .map_err(|_| RegistrationError::new(member, "the expiry must be in seconds since 1970")),
    }
}
