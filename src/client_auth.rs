//! Client authentication, the same at the PAR endpoint and at the token endpoint (RFC 9126 section 2): who is named, with which
//! credentials, and whether they are right. Pure: the look-up between the two steps is the endpoint's.

mod basic;

use std::{fmt, sync::Arc};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{
    authentication_method::AuthenticationMethod,
    client::{Client, MAX_SECRET, Verdict, verify_nobody},
    error::{Reason, Refusal},
    form::Form,
    http::{Header, PushRequest},
    parameters::Name,
    policy::Policy,
};

/// A client that has proved, in the one way it registered, to be who it says it is. Only this library can make one.
///
/// With the method `none`, which needs [`Policy::danger_allow_unauthenticated_clients`], it has proved nothing.
#[derive(Clone)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
}

impl AuthenticatedClient {
    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The method it used.
    #[must_use]
    pub fn method(&self) -> AuthenticationMethod {
        self.client.token_endpoint_auth_method()
    }

    pub(crate) fn into_client(self) -> Arc<Client> {
        self.client
    }
}

impl fmt::Debug for AuthenticatedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedClient").field("client_id", &self.client.client_id()).finish_non_exhaustive()
    }
}

/// Whom a request names and what it shows for it. Nothing of it has been verified.
pub(crate) struct Presented {
    client_id: Box<str>,
    credentials: Credentials,
}

enum Credentials {
    Nothing,
    Basic(Zeroizing<String>),
    Post(Zeroizing<String>),
}

impl Credentials {
    fn method(&self) -> AuthenticationMethod {
        match self {
            Self::Nothing => AuthenticationMethod::None,
            Self::Basic(_) => AuthenticationMethod::ClientSecretBasic,
            Self::Post(_) => AuthenticationMethod::ClientSecretPost,
        }
    }

    fn secret(&self) -> Option<&[u8]> {
        match self {
            Self::Nothing => None,
            Self::Basic(secret) | Self::Post(secret) => Some(secret.as_bytes()),
        }
    }
}

impl Presented {
    /// Reads who the request says it comes from. At most one way of authentication may be in it (RFC 6749 section 2.3), and all
    /// names of the client in it must agree.
    pub(crate) fn read(request: &PushRequest<'_>, form: &mut Form) -> Result<Self, Refusal> {
        let has_assertion = form.has_seen(Name::ClientAssertion);
        let has_assertion_type = form.has_seen(Name::ClientAssertionType);
        let has_authorization = match request.authorization {
            Header::Absent => false,
            Header::Once(_) => true,
            Header::Repeated => return Err(Reason::RepeatedHeader.into()),
        };
        let methods = [has_authorization, form.has_seen(Name::ClientSecret), has_assertion || has_assertion_type];
        if methods.into_iter().filter(|used| *used).count() > 1 {
            return Err(Reason::SeveralMethods.into());
        }
        if has_assertion != has_assertion_type {
            return Err(Reason::HalfAssertion.into());
        }
        if has_assertion {
            return Err(Reason::MethodNotOffered.into());
        }

        let in_form = form.parameters.known(Name::ClientId);
        let (client_id, credentials) = match (request.authorization, form.client_secret.take()) {
            (Header::Once(authorization), _) => {
                let (user, password) = basic::read(authorization)?;
                if in_form.is_some_and(|client_id| client_id != &*user) {
                    return Err(Reason::ClientMismatch.into());
                }
                (user, Credentials::Basic(password))
            }
            (_, secret) => {
                let client_id = in_form.ok_or(Reason::MissingClientId)?.into();
                (client_id, secret.map_or(Credentials::Nothing, Credentials::Post))
            }
        };
        Ok(Self { client_id, credentials })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Verifies the credentials. A client that does not exist, or that should have used another method, costs the same work
    /// and gets the same answer as one with a wrong secret.
    pub(crate) fn verify(
        &self,
        client: Option<Arc<Client>>,
        stand_in: Option<&Client>,
        policy: &Policy,
        now: impl FnOnce() -> OffsetDateTime,
    ) -> Result<AuthenticatedClient, Refusal> {
        let used = self.credentials.method();
        let verdict = match self.credentials.secret() {
            None => Verdict::Right,
            Some(secret) if secret.len() > MAX_SECRET => Verdict::Wrong,
            Some(secret) => match (&client, stand_in) {
                (Some(client), _) if client.is_confidential() => client.verify_secret(secret, now),
                (_, Some(stand_in)) => {
                    stand_in.verify_secret(secret, now);
                    Verdict::Wrong
                }
                (_, None) => {
                    verify_nobody(secret);
                    Verdict::Wrong
                }
            },
        };
        let client = client.ok_or(Reason::UnknownClient)?;
        if !policy.offers_authentication_method(client.token_endpoint_auth_method()) {
            return Err(Reason::MethodNotOffered.into());
        }
        if client.token_endpoint_auth_method() != used {
            let missing = used == AuthenticationMethod::None;
            return Err(if missing { Reason::MissingCredentials } else { Reason::WrongMethod }.into());
        }
        match verdict {
            Verdict::Right => Ok(AuthenticatedClient { client }),
            Verdict::Expired => Err(Reason::ExpiredSecret.into()),
            Verdict::Wrong => Err(Reason::WrongSecret.into()),
        }
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
