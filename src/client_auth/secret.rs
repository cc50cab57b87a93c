//! Secrets that come with a request, by Basic or in the form (RFC 6749 section 2.3.1).

use std::sync::Arc;

use time::OffsetDateTime;

use super::basic::BasicSecret;
use crate::{
    client::{Client, Credential, Credentials, MAX_SECRET, Secrets, Verdict, VerifierError, verify_decoy_secret},
    error::{Reason, Refusal},
    policy::Policy,
    protocol::authentication_method::AuthenticationMethod,
};

/// A secret as it was sent. It has not been verified.
pub(crate) enum ShownSecret<'a> {
    Basic(BasicSecret),
    Post(&'a str),
}

/// A secret that was found to be one of the client's.
pub(crate) struct RightSecret<'c> {
    client: &'c Arc<Client>,
    method: AuthenticationMethod,
}

impl ShownSecret<'_> {
    /// The method by which it was sent.
    pub(super) fn method(&self) -> AuthenticationMethod {
        match self {
            Self::Basic(_) => AuthenticationMethod::ClientSecretBasic,
            Self::Post(_) => AuthenticationMethod::ClientSecretPost,
        }
    }

    /// Verifies it against the secrets of a client.
    pub(crate) async fn verify<'c>(
        &self,
        secrets: Credential<'c, &Secrets>,
        policy: &Policy,
        now: impl Fn() -> OffsetDateTime,
    ) -> Result<RightSecret<'c>, Refusal> {
        let client = secrets.client();
        let unencoded = policy.accept_unencoded_basic_secrets || client.accepts_unencoded_basic_secrets();
        let mut reason = match self {
            Self::Basic(secret) if secret.decoded().is_none() && !unencoded => Reason::MalformedAuthorization,
            _ => Reason::WrongSecret,
        };
        for secret in self.meant(unencoded) {
            match secrets.value().verify(client.client_id(), secret, &now).await.map_err(unverifiable)? {
                Verdict::Right => return Ok(RightSecret { client, method: self.method() }),
                Verdict::Expired => reason = Reason::ExpiredSecret,
                Verdict::Wrong => {}
            }
        }
        Err(reason.into())
    }

    /// Verifies it against the secrets of a stand-in, or of nothing at all, and comes to no result. It fails as
    /// [`verify`](Self::verify) does, which would tell otherwise which clients exist.
    pub(super) async fn verify_decoy(
        &self,
        stand_in: Option<&Client>,
        policy: &Policy,
        now: impl Fn() -> OffsetDateTime,
    ) -> Result<(), Refusal> {
        for secret in self.meant(policy.accept_unencoded_basic_secrets) {
            match stand_in.map(|client| (client, client.credentials())) {
                Some((client, Credentials::Secret(secrets))) => {
                    let verdict = secrets.verify(client.client_id(), secret, &now).await.map_err(unverifiable)?;
                    std::hint::black_box(verdict);
                }
                _ => verify_decoy_secret(secret),
            }
        }
        Ok(())
    }

    /// The secrets that the sender may have meant. One that is empty or longer than any is never verified: no client has it.
    fn meant(&self, unencoded: bool) -> impl Iterator<Item = &[u8]> {
        let meant = match self {
            Self::Basic(secret) => [secret.decoded(), secret.unencoded().filter(|_| unencoded)],
            Self::Post(secret) => [Some(secret.as_bytes()), None],
        };
        meant.into_iter().flatten().filter(|secret| (1..=MAX_SECRET).contains(&secret.len()))
    }
}

fn unverifiable(error: VerifierError) -> Refusal {
    Refusal::unavailable(Reason::SecretVerifierUnavailable, error)
}

impl<'c> RightSecret<'c> {
    pub(super) fn client(&self) -> &'c Arc<Client> {
        self.client
    }

    pub(super) fn method(&self) -> AuthenticationMethod {
        self.method
    }
}
