//! Client authentication, the same at the PAR endpoint and at the token endpoint (RFC 9126 section 2): who is named, with which
//! credentials, and whether they are right. Pure: the look-up between the two steps is the endpoint's.

mod assertion;
mod attestation;
pub mod attesters;
mod basic;
mod certificate;

use std::{fmt, sync::Arc};

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub(crate) use self::{
    assertion::{Accepted, Assertion, Audiences},
    attestation::{Attestation, Attested, permitted as permitted_for_attesters},
    certificate::{Recognized, ShownCertificate},
};
use crate::{
    certificate::client_certificate::ClientCertificate,
    client::{Client, MAX_SECRET, Verdict, verify_decoy_secret},
    error::{Reason, Refusal},
    http::{
        FormRequest, Header,
        form::{Form, FormCredentials},
    },
    policy::Policy,
    protocol::{
        authentication_method::AuthenticationMethod,
        confirmation::{Confirmation, Thumbprint},
        parameters::Name,
    },
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
    ///
    /// It has the key of a DPoP proof that came along, and the thumbprint of the connection's certificate if the client is
    /// registered with
    /// [`tls_client_certificate_bound_access_tokens`](crate::ClientRegistration::tls_client_certificate_bound_access_tokens)
    /// and one was handed in. If none was, it is for the host to refuse the request or to issue tokens that are not bound (RFC
    /// 8705 section 3.4). A host that binds the tokens of other clients too takes
    /// [`ClientCertificate::thumbprint`](crate::ClientCertificate::thumbprint).
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

    /// Takes down the certificate of the connection, whether or not the client has authenticated with it.
    pub(crate) fn bound_to(mut self, certificate: Option<ClientCertificate<'_>>) -> Self {
        if self.client.binds_tokens_to_certificate() {
            self.confirmation.x5t_s256 = certificate.map(|certificate| certificate.thumbprint());
        }
        self
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
pub(crate) struct Presented<'a> {
    pub(crate) credentials: Credentials<'a>,
    /// The certificate of the connection. It is there whatever the credentials are.
    pub(crate) certificate: Option<ClientCertificate<'a>>,
}

pub(crate) enum Credentials<'a> {
    /// It takes the keys of the client to verify.
    Assertion(Box<Assertion<'a>>),
    /// It takes the keys of the attester to verify.
    Attestation(Box<Attestation<'a>>),
    Secret(Shown<'a>),
    /// A name alone: of a client that has none, or that its certificate stands for.
    Nothing(Box<str>),
}

/// A name, and the secret that comes with it.
pub(crate) struct Shown<'a> {
    client_id: Box<str>,
    secret: ShownSecret<'a>,
}

enum ShownSecret<'a> {
    Basic(Zeroizing<String>),
    Post(&'a str),
}

impl<'a> Presented<'a> {
    /// Reads who the request says it comes from. At most one way of authentication may be in it (RFC 6749 section 2.3), and all
    /// names of the client in it must agree.
    pub(crate) fn read(
        request: &FormRequest<'a>,
        form: &Form,
        credentials: &'a FormCredentials,
        policy: &Policy,
    ) -> Result<Self, Refusal> {
        let credentials = Credentials::read(request, form, credentials, policy)?;
        Ok(Self { credentials, certificate: request.client_certificate() })
    }

    pub(crate) fn client_id(&self) -> &str {
        match &self.credentials {
            Credentials::Assertion(assertion) => assertion.client_id(),
            Credentials::Attestation(attestation) => attestation.client_id(),
            Credentials::Secret(shown) => &shown.client_id,
            Credentials::Nothing(client_id) => client_id,
        }
    }
}

impl<'a> Credentials<'a> {
    fn read(
        request: &FormRequest<'a>,
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
            return Ok(Self::Secret(Shown { client_id, secret: ShownSecret::Basic(secret) }));
        }
        if credentials.client_secret.is_none()
            && policy.offers_attestation()
            && let Some(attestation) = Attestation::read(request, policy)?
        {
            check_name(attestation.client_id())?;
            return Ok(Self::Attestation(Box::new(attestation)));
        }
        // With a certificate too: nothing in one is a client_id (RFC 8705 section 2).
        let client_id = in_form.ok_or(Reason::MissingClientId)?.into();
        Ok(match &credentials.client_secret {
            Some(secret) => Self::Secret(Shown { client_id, secret: ShownSecret::Post(secret) }),
            None => Self::Nothing(client_id),
        })
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
            ShownSecret::Basic(secret) => (AuthenticationMethod::ClientSecretBasic, secret.as_bytes()),
            ShownSecret::Post(secret) => (AuthenticationMethod::ClientSecretPost, secret.as_bytes()),
        };
        let verdict = match (&client, stand_in) {
            _ if secret.len() > MAX_SECRET => Verdict::Wrong,
            (Some(client), _) if client.has_secrets() => client.verify_secret(secret, now),
            (_, Some(stand_in)) => {
                stand_in.verify_secret(secret, now);
                Verdict::Wrong
            }
            (_, None) => {
                verify_decoy_secret(secret);
                Verdict::Wrong
            }
        };
        let client = client.ok_or(Reason::UnknownClient)?;
        check_offered(&client, policy)?;
        if client.token_endpoint_auth_method() != used {
            return Err(Reason::WrongMethod.into());
        }
        match verdict {
            Verdict::Right => Ok(AuthenticatedClient::new(client)),
            Verdict::Expired => Err(Reason::ExpiredSecret.into()),
            Verdict::Wrong => Err(Reason::WrongSecret.into()),
        }
    }
}

impl AuthenticatedClient {
    fn new(client: Arc<Client>) -> Self {
        Self { client, confirmation: Confirmation::default() }
    }

    /// The client of an assertion that was accepted.
    pub(crate) fn by_assertion(client: Arc<Client>, _proof: &Accepted<'_>) -> Self {
        Self::new(client)
    }

    /// The client of a certificate that was found to be its own.
    pub(crate) fn by_certificate(client: Arc<Client>, _proof: Recognized) -> Self {
        Self::new(client)
    }

    /// A client that is registered to prove nothing.
    pub(crate) fn by_name(client: Arc<Client>) -> Result<Self, Reason> {
        let has_none = client.token_endpoint_auth_method() == AuthenticationMethod::None;
        if has_none { Ok(Self::new(client)) } else { Err(Reason::MissingCredentials) }
    }
}

impl AuthenticatedClient {
    /// The client of an attestation that was accepted.
    pub(crate) fn by_attestation(client: Arc<Client>, attested: &Attested<'_>) -> Self {
        let client_instance = Some(attested.instance);
        Self { client, confirmation: Confirmation { client_instance, ..Confirmation::default() } }
    }
}

/// Whether a client may authenticate by this method.
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

pub(crate) fn check_offered(client: &Client, policy: &Policy) -> Result<(), Refusal> {
    let offered = policy.offers_authentication_method(client.token_endpoint_auth_method());
    if offered { Ok(()) } else { Err(Reason::MethodNotOffered.into()) }
}

impl fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("client_id", &self.client_id()).finish_non_exhaustive()
    }
}
