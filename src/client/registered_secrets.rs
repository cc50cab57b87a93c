//! The secrets of a registration, checked, and the weaknesses of those in clear.

use super::{
    ClientRegistration, RegistrationError, SecretText,
    secret::{MAX_SECRET, SecretDigest, is_digest_of_nothing, is_printable},
    secret_registration::expiry,
};
use crate::hex;

/// Characters that it takes to hold 128 random bits in base64url (RFC 6749 section 10.10).
const STRONG: usize = 22;

/// The secrets that the client may send, as digests.
pub(super) fn secrets_of(registration: &ClientRegistration) -> Result<Vec<SecretDigest>, RegistrationError> {
    let mut secrets = Vec::new();
    let in_clear = registration.client_secret.as_ref().filter(|secret| !secret.as_str().is_empty());
    if let Some(text) = in_clear {
        let expires_at = expiry("client_secret_expires_at", registration.client_secret_expires_at)?;
        secrets.push(SecretDigest::of(check_secret("client_secret", text)?, expires_at));
    } else if registration.client_secret_expires_at.is_some_and(|expiry| expiry != 0) {
        return Err(RegistrationError::new("client_secret_expires_at", "is there without a client_secret"));
    }
    for further in &registration.client_secrets {
        let expires_at = expiry("client_secrets", further.client_secret_expires_at)?;
        secrets.push(match (&further.client_secret, &further.client_secret_sha256) {
            (Some(text), None) => SecretDigest::of(check_secret("client_secrets", text)?, expires_at),
            (None, Some(hex)) => SecretDigest::new(digest_of(hex)?, expires_at),
            _ => {
                return Err(RegistrationError::new(
                    "client_secrets",
                    "each must have either client_secret or client_secret_sha256",
                ));
            }
        });
    }
    Ok(secrets)
}

fn check_secret<'a>(member: &'static str, text: &'a SecretText) -> Result<&'a str, RegistrationError> {
    let text = text.as_str();
    if (1..=MAX_SECRET).contains(&text.len()) && is_printable(text) {
        Ok(text)
    } else {
        Err(RegistrationError::new(member, "a secret must be 1 to 512 printable ASCII characters"))
    }
}

fn digest_of(text: &str) -> Result<[u8; 32], RegistrationError> {
    let refused = |problem| RegistrationError::new("client_secrets", problem);
    let digest = hex::decode(text).ok_or_else(|| refused("client_secret_sha256 must be 64 hexadecimal digits"))?;
    if is_digest_of_nothing(&digest) {
        return Err(refused("client_secret_sha256 is the digest of an empty text, which is no secret"));
    }
    Ok(digest)
}

/// Properties of the secrets in clear.
#[derive(Clone, Copy)]
pub(crate) struct SecretTraits {
    /// One is so short that it can be guessed.
    pub(crate) short: bool,
    /// One has a `+` or a `%`, which many clients send by Basic as they are.
    pub(crate) often_unencoded: bool,
}

impl SecretTraits {
    pub(super) fn of(registration: &ClientRegistration) -> Self {
        let further = registration.client_secrets.iter().filter_map(|further| further.client_secret.as_ref());
        let mut traits = Self { short: false, often_unencoded: false };
        for secret in registration.client_secret.iter().chain(further) {
            traits.short |= secret.as_str().len() < STRONG;
            traits.often_unencoded |= secret.as_str().contains(['+', '%']);
        }
        traits
    }
}
