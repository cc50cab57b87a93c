//! Secrets that come with a request, by Basic or in the form (RFC 6749 section 2.3.1).

use std::sync::Arc;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    client::{
        Client, Credential, Credentials, MAX_SECRET, SecretTransport, Secrets, Verdict, VerifierError,
        verify_decoy_secret,
    },
    error::{Reason, Refusal},
};

/// A secret as it was sent. It has not been verified.
pub(crate) enum ShownSecret<'a> {
    Basic(Zeroizing<String>),
    Post(&'a str),
}

/// A secret that was found to be one of the client's.
pub(crate) struct RightSecret<'c>(&'c Arc<Client>);

impl ShownSecret<'_> {
    pub(super) fn transport(&self) -> SecretTransport {
        match self {
            Self::Basic(_) => SecretTransport::Basic,
            Self::Post(_) => SecretTransport::Post,
        }
    }

    /// Verifies it against the secrets of a client.
    pub(crate) async fn verify<'c>(
        &self,
        secrets: Credential<'c, &Secrets>,
        now: impl FnOnce() -> OffsetDateTime,
    ) -> Result<RightSecret<'c>, Refusal> {
        let client = secrets.client();
        let Some(secret) = self.bounded() else {
            return Err(Reason::WrongSecret.into());
        };
        match secrets.value().verify(client.client_id(), secret, now).await.map_err(unverifiable)? {
            Verdict::Right => Ok(RightSecret(client)),
            Verdict::Expired => Err(Reason::ExpiredSecret.into()),
            Verdict::Wrong => Err(Reason::WrongSecret.into()),
        }
    }

    /// Verifies it against the secrets of a stand-in, or of nothing at all, and comes to no result. It fails as
    /// [`verify`](Self::verify) does, which would tell otherwise which clients exist.
    pub(super) async fn verify_decoy(
        &self,
        stand_in: Option<&Client>,
        now: impl FnOnce() -> OffsetDateTime,
    ) -> Result<(), Refusal> {
        let Some(secret) = self.bounded() else {
            return Ok(());
        };
        match stand_in.map(|client| (client, client.credentials())) {
            Some((client, Credentials::Secret(secrets))) => {
                let verdict = secrets.verify(client.client_id(), secret, now).await.map_err(unverifiable)?;
                std::hint::black_box(verdict);
            }
            _ => verify_decoy_secret(secret),
        }
        Ok(())
    }

    /// A longer one is never verified: no client has it.
    fn bounded(&self) -> Option<&[u8]> {
        let secret = match self {
            Self::Basic(secret) => secret.as_bytes(),
            Self::Post(secret) => secret.as_bytes(),
        };
        (secret.len() <= MAX_SECRET).then_some(secret)
    }
}

fn unverifiable(error: VerifierError) -> Refusal {
    Refusal::unavailable(Reason::SecretVerifierUnavailable, error)
}

impl<'c> RightSecret<'c> {
    pub(super) fn client(&self) -> &'c Arc<Client> {
        self.0
    }
}
