//! The secrets of a client in clear, as the keys of MACs and of encryption.

use time::OffsetDateTime;

use super::{ClientRegistration, RegistrationError, SecretText, secret_registration};
use crate::{
    jose::{
        ContentEncryption, Jwe, Jws, KeyManagement, MAX_SHARED_SECRETS, Permitted, SharedSecret, SigningAlgorithm,
        TokenFault, Verifier, check_macs_in_vain,
    },
    protocol::authentication_key::AuthenticationKey,
};

/// The secrets of a client, each with its date of expiry: there are several while they are rotated.
pub(crate) struct SharedSecrets(Vec<(SharedSecret, Option<OffsetDateTime>)>);

/// The secrets that have not expired.
#[derive(Clone, Copy)]
pub(crate) struct CurrentSecrets<'a> {
    secrets: &'a SharedSecrets,
    now: OffsetDateTime,
}

impl SharedSecrets {
    pub(super) fn of(registration: &ClientRegistration) -> Result<Self, RegistrationError> {
        let first =
            registration.client_secret.iter().map(|secret| (Some(secret), registration.client_secret_expires_at));
        let others = registration
            .client_secrets
            .iter()
            .map(|further| (further.client_secret.as_ref(), further.client_secret_expires_at));
        let in_clear = |secret: Option<&SecretText>| {
            secret.map(|secret| SharedSecret::new(secret.as_str().as_bytes())).ok_or_else(|| {
                RegistrationError::new(
                    "client_secret",
                    "must be in clear for the registered algorithms, not as a digest",
                )
            })
        };
        let secrets = first.chain(others).map(|(secret, expiry)| {
            let expiry = secret_registration::expiry("client_secret_expires_at", expiry)?;
            Ok((in_clear(secret)?, expiry))
        });
        let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Err(RegistrationError::new("client_secret", "is missing, and a registered algorithm needs it"));
        }
        Ok(Self(secrets))
    }

    /// RFC 7518 section 3.2: as long as the hash, or longer.
    pub(super) fn check_length(&self, algorithm: SigningAlgorithm) -> Result<(), RegistrationError> {
        if self.0.iter().all(|(secret, _)| secret.supports(algorithm)) {
            return Ok(());
        }
        Err(RegistrationError::new(
            "client_secret",
            format!("is shorter than the hash of {algorithm}, the registered algorithm or the least there is"),
        ))
    }

    /// Each is tried, and as many for a client that does not exist.
    pub(super) fn check_number(&self) -> Result<(), RegistrationError> {
        if self.0.len() <= MAX_SHARED_SECRETS {
            return Ok(());
        }
        Err(RegistrationError::new(
            "client_secrets",
            format!("must not be more than {MAX_SHARED_SECRETS}, with client_secret, for client_secret_jwt"),
        ))
    }

    pub(crate) fn at(&self, now: OffsetDateTime) -> CurrentSecrets<'_> {
        CurrentSecrets { secrets: self, now }
    }
}

impl CurrentSecrets<'_> {
    /// Decrypts with a key derived from one of the secrets.
    pub(crate) fn decrypt(
        self,
        jwe: &Jwe<'_>,
        (algorithm, encryption): (KeyManagement, ContentEncryption),
    ) -> Result<Vec<u8>, TokenFault> {
        self.first_right(|secret| secret.decrypt(jwe, algorithm, encryption))
    }

    /// The outcome of the first secret that works, or that of the last one.
    fn first_right<T>(self, mut attempt: impl FnMut(&SharedSecret) -> Result<T, TokenFault>) -> Result<T, TokenFault> {
        let mut outcome = Err(TokenFault::NoKey);
        for (secret, expiry) in &self.secrets.0 {
            if expiry.is_none_or(|expiry| self.now < expiry) {
                outcome = attempt(secret);
                if outcome.is_ok() {
                    break;
                }
            }
        }
        outcome
    }
}

impl Verifier for CurrentSecrets<'_> {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault> {
        let mut made = 0usize;
        let outcome = self.first_right(|secret| {
            secret
                .check(jws, permitted)
                .inspect_err(|fault| made = made.saturating_add(usize::from(*fault == TokenFault::Signature)))
        });
        // How long a refusal takes tells neither how many secrets there are nor that the client exists. Where none was tried, the
        // refusal is that of an unknown client, which does the same work.
        if outcome.is_err() && made > 0 {
            check_macs_in_vain(jws, permitted, MAX_SHARED_SECRETS.saturating_sub(made));
            return Err(TokenFault::Signature);
        }
        outcome
    }
}
