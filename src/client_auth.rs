//! Client authentication, the same at the PAR endpoint and at the token endpoint (RFC 9126 section 2): who is named, with which
//! credentials, and whether they are right. Pure: the look-up between the two steps is the endpoint's.

mod assertion;
#[cfg(feature = "attestation")]
mod attestation;
mod basic;

use std::{fmt, sync::Arc};

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(crate) use self::assertion::{Accepted, Assertion, Audiences};
#[cfg(feature = "attestation")]
pub(crate) use self::attestation::{Attestation, Attested, permitted as permitted_for_attesters};
use crate::{
    authentication_method::AuthenticationMethod,
    client::{Client, MAX_SECRET, Verdict, verify_nobody},
    confirmation::{Confirmation, Thumbprint},
    error::{Reason, Refusal},
    form::{Form, FormCredentials},
    http::{Header, PushRequest},
    jose::TokenFault,
    parameters::Name,
    policy::Policy,
};

/// A client that has proved, in the one way it registered, to be who it says it is. Only this library can make one.
///
/// With the method `none`, which needs [`Policy::danger_allow_unauthenticated_clients`], it has proved nothing.
#[derive(Clone)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    confirmation: Confirmation,
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

    /// What the request has proved possession of, beside its credentials: the tokens that it gets are to be bound to that.
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        self.confirmation
    }

    /// Whether the request has proved possession of all that a code, or a refresh token, is bound to: the
    /// [`confirmation`](crate::AuthorizationRequest::confirmation) of its authorization request. If not, the answer is
    /// `invalid_grant`. What is bound to nobody is fulfilled by anybody.
    #[must_use]
    pub fn fulfils(&self, demanded: Confirmation) -> bool {
        let Confirmation { jkt, x5t_s256, client_instance } = self.confirmation;
        [(demanded.jkt, jkt), (demanded.x5t_s256, x5t_s256), (demanded.client_instance, client_instance)]
            .into_iter()
            .all(|(demanded, proved)| demanded.is_none() || demanded == proved)
    }

    /// With the key of the DPoP proof that came along.
    pub(crate) fn with_dpop_key(self, jkt: Option<Thumbprint>) -> Self {
        Self { confirmation: Confirmation { jkt, ..self.confirmation }, ..self }
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
pub(crate) enum Presented<'a> {
    /// It takes the keys of the client to verify.
    Assertion(Box<Assertion<'a>>),
    /// It takes the keys of the attester to verify.
    #[cfg(feature = "attestation")]
    Attestation(Box<Attestation<'a>>),
    Other(Shown<'a>),
}

/// A name, and what comes with it.
pub(crate) struct Shown<'a> {
    client_id: Box<str>,
    secret: ShownSecret<'a>,
}

enum ShownSecret<'a> {
    Nothing,
    Basic(Zeroizing<String>),
    Post(&'a str),
}

impl<'a> Presented<'a> {
    /// Reads who the request says it comes from. At most one way of authentication may be in it (RFC 6749 section 2.3), and all
    /// names of the client in it must agree.
    pub(crate) fn read(
        request: &PushRequest<'a>,
        form: &Form,
        credentials: &'a FormCredentials,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
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
        let in_form = form.parameters.known(Name::ClientId);
        let check_name = |client_id: &str| {
            let agree = in_form.is_none_or(|in_form| in_form == client_id);
            if agree { Ok(()) } else { Err(Refusal::from(Reason::ClientMismatch)) }
        };
        if let (Some(text), Some(kind)) = (&credentials.client_assertion, &credentials.client_assertion_type) {
            let assertion = Assertion::read(text, kind, policy)?;
            check_name(assertion.client_id())?;
            return Ok(Self::Assertion(Box::new(assertion)));
        }
        if let Header::Once(authorization) = request.authorization {
            let (client_id, secret) = basic::read(authorization)?;
            check_name(&client_id)?;
            return Ok(Self::Other(Shown { client_id, secret: ShownSecret::Basic(secret) }));
        }
        #[cfg(feature = "attestation")]
        if credentials.client_secret.is_none()
            && policy.offers_attestation()
            && let Some(attestation) = Attestation::read(request, policy)?
        {
            check_name(attestation.client_id())?;
            return Ok(Self::Attestation(Box::new(attestation)));
        }
        let client_id = in_form.ok_or(Reason::MissingClientId)?.into();
        let secret =
            credentials.client_secret.as_ref().map_or(ShownSecret::Nothing, |secret| ShownSecret::Post(secret));
        Ok(Self::Other(Shown { client_id, secret }))
    }

    pub(crate) fn client_id(&self) -> &str {
        match self {
            Self::Assertion(assertion) => assertion.client_id(),
            #[cfg(feature = "attestation")]
            Self::Attestation(attestation) => attestation.client_id(),
            Self::Other(shown) => &shown.client_id,
        }
    }
}

impl Presented<'_> {
    /// Why credentials are refused that were used before.
    pub(crate) fn replayed(&self) -> Reason {
        match self {
            #[cfg(feature = "attestation")]
            Self::Attestation(_) => Reason::AttestationProof(TokenFault::Replayed),
            _ => Reason::ClientAssertion(TokenFault::Replayed),
        }
    }
}

impl Shown<'_> {
    /// Verifies the secret. A client that does not exist, or that should have used another method, costs the same work and gets
    /// the same answer as one with a wrong secret.
    pub(crate) fn verify(
        &self,
        client: Option<Arc<Client>>,
        stand_in: Option<&Client>,
        policy: &Policy,
        now: impl FnOnce() -> OffsetDateTime,
    ) -> Result<AuthenticatedClient, Refusal> {
        let (used, secret) = match &self.secret {
            ShownSecret::Nothing => (AuthenticationMethod::None, None),
            ShownSecret::Basic(secret) => (AuthenticationMethod::ClientSecretBasic, Some(secret.as_bytes())),
            ShownSecret::Post(secret) => (AuthenticationMethod::ClientSecretPost, Some(secret.as_bytes())),
        };
        let verdict = match secret {
            None => Verdict::Right,
            Some(secret) if secret.len() > MAX_SECRET => Verdict::Wrong,
            Some(secret) => match (&client, stand_in) {
                (Some(client), _) if client.has_secrets() => client.verify_secret(secret, now),
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
        check_offered(&client, policy)?;
        if client.token_endpoint_auth_method() != used {
            let missing = used == AuthenticationMethod::None;
            return Err(if missing { Reason::MissingCredentials } else { Reason::WrongMethod }.into());
        }
        match verdict {
            Verdict::Right => Ok(AuthenticatedClient { client, confirmation: Confirmation::default() }),
            Verdict::Expired => Err(Reason::ExpiredSecret.into()),
            Verdict::Wrong => Err(Reason::WrongSecret.into()),
        }
    }
}

impl AuthenticatedClient {
    /// The client of an assertion that was accepted.
    pub(crate) fn by_assertion(client: Arc<Client>, _proof: &Accepted<'_>) -> Self {
        Self { client, confirmation: Confirmation::default() }
    }
}

#[cfg(feature = "attestation")]
impl AuthenticatedClient {
    /// The client of an attestation that was accepted.
    pub(crate) fn by_attestation(client: Arc<Client>, attested: &Attested<'_>) -> Self {
        let client_instance = Some(attested.instance);
        Self { client, confirmation: Confirmation { client_instance, ..Confirmation::default() } }
    }
}

/// Whether a client may authenticate by this method.
#[cfg(feature = "attestation")]
pub(crate) fn check_method(client: &Client, method: AuthenticationMethod, policy: &Policy) -> Result<(), Refusal> {
    check_offered(client, policy)?;
    if client.token_endpoint_auth_method() == method { Ok(()) } else { Err(Reason::WrongMethod.into()) }
}

/// Whether a client may authenticate with an assertion at all.
pub(crate) fn check_uses_assertion(client: &Client, policy: &Policy) -> Result<(), Refusal> {
    check_offered(client, policy)?;
    let registered = client.token_endpoint_auth_method();
    if registered.uses_assertion() { Ok(()) } else { Err(Reason::WrongMethod.into()) }
}

fn check_offered(client: &Client, policy: &Policy) -> Result<(), Refusal> {
    let offered = policy.offers_authentication_method(client.token_endpoint_auth_method());
    if offered { Ok(()) } else { Err(Reason::MethodNotOffered.into()) }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("client_id", &self.client_id()).finish_non_exhaustive()
    }
}
