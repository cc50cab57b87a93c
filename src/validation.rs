//! The parameters of a request against the policy and the client: one list of checks, in the order in which they are made.
//!
//! The same list serves the push, the opening of what was pushed (policy and registrations may have changed since, RFC 9126
//! section 7.4), and requests that come as plain parameters.

mod details;
mod dpop;
mod oidc;
mod pkce;
mod protection;
mod provenance;
mod redirect;
pub(crate) mod redirect_matcher;
pub(crate) mod request;
mod resource;
mod response;
mod scopes;

use std::{fmt, sync::Arc};

pub(crate) use self::{
    details::{DetailCheck, DetailTypes},
    provenance::Provenance,
};
use self::{
    provenance::Arrival,
    redirect_matcher::RedirectUriMatcher,
    request::{AuthorizationRequest, Checked},
    response::Modes,
};
use crate::{
    client::Client,
    error::{Reason, Refusal, Rejection},
    policy::Policy,
    protocol::{
        parameters::{Name, Parameters},
        redirect_uri::RedirectUri,
    },
    response::{answer::Answer, responder::Responder},
};

/// A rule of the host, applied to a request that has passed all others: at the push, and again when it is opened.
///
/// Closures are rules:
///
/// ```
/// use parjar::{AuthorizationRequest, ErrorCode, ParEndpoint, Rejection};
///
/// const NO_OPENID: Rejection = Rejection::new(ErrorCode::InvalidScope, "no_openid", "the scope openid is required");
///
/// let builder = ParEndpoint::builder("https://as.example.com")
///     .rule(|request: &AuthorizationRequest| if request.has_scope("openid") { Ok(()) } else { Err(NO_OPENID) });
/// ```
pub trait RequestRule: Send + Sync + 'static {
    /// Refuses a request, or lets it pass.
    ///
    /// # Errors
    ///
    /// The answer that the client gets.
    fn check(&self, request: &AuthorizationRequest) -> Result<(), Rejection>;
}

impl<F> RequestRule for F
where
    F: Fn(&AuthorizationRequest) -> Result<(), Rejection> + Send + Sync + 'static,
{
    fn check(&self, request: &AuthorizationRequest) -> Result<(), Rejection> {
        self(request)
    }
}

/// Validates requests: holds what they need beside the registration of their client.
pub(crate) struct Validator {
    pub(crate) policy: Arc<Policy>,
    pub(crate) responder: Arc<Responder>,
    pub(crate) redirect_uri_matcher: Option<Box<dyn RedirectUriMatcher>>,
    pub(crate) detail_types: DetailTypes,
    pub(crate) host_rules: Vec<Arc<dyn RequestRule>>,
}

/// A refusal, with the answer to the client if its `redirect_uri` was found good.
#[derive(Debug)]
pub(crate) struct Invalid {
    pub(crate) refusal: Refusal,
    pub(crate) answer: Option<Box<Answer>>,
}

impl From<Refusal> for Invalid {
    /// A refusal that the client is not told of.
    fn from(refusal: Refusal) -> Self {
        Self { refusal, answer: None }
    }
}

impl From<Reason> for Invalid {
    fn from(reason: Reason) -> Self {
        Refusal::from(reason).into()
    }
}

impl Validator {
    /// Validates a request. A refusal has an answer to the client only once the `redirect_uri` was found good.
    pub(crate) fn validate(
        &self,
        parameters: Parameters,
        provenance: Provenance,
    ) -> Result<AuthorizationRequest, Invalid> {
        let client = provenance.client();
        // The name that was registered counts, however the request spells it.
        let parameters = parameters.of_client(client.client_id());
        let unanswerable = |refusal| Invalid { refusal, answer: None };
        response::check_flow(client).map_err(unanswerable)?;
        let redirect_uri = self.check_redirect_uri(&parameters, client, provenance.arrival()).map_err(unanswerable)?;
        match self.checks(&parameters, &provenance, &redirect_uri) {
            Err(refusal) => Err(Invalid { answer: self.answer(&refusal, &parameters, client, redirect_uri), refusal }),
            Ok(checked) => {
                let protection = provenance.protection();
                let (client, key) = provenance.into_parts();
                self.check_host_rules(AuthorizationRequest::new(
                    client,
                    key,
                    parameters,
                    protection,
                    redirect_uri,
                    checked,
                ))
            }
        }
    }

    fn check_redirect_uri(
        &self,
        parameters: &Parameters,
        client: &Client,
        arrival: Arrival,
    ) -> Result<RedirectUri, Refusal> {
        redirect::check(parameters, client, &self.policy, arrival, self.redirect_uri_matcher.as_deref())
    }

    /// Checks a redirect URI as that of a request of this client, which was pushed or was not.
    pub(crate) fn redirect_uri(
        &self,
        client: &Client,
        requested: &str,
        is_pushed: bool,
    ) -> Result<RedirectUri, Refusal> {
        let arrival = if is_pushed { Arrival::Pushed } else { Arrival::Plain };
        let matcher = self.redirect_uri_matcher.as_deref();
        redirect::check_requested(requested, client, &self.policy, arrival, matcher)
    }

    /// The list of checks.
    fn checks(
        &self,
        parameters: &Parameters,
        provenance: &Provenance,
        redirect_uri: &RedirectUri,
    ) -> Result<Checked, Refusal> {
        let (policy, client) = (&self.policy, provenance.client());
        protection::check(provenance.protection(), client, policy)?;
        oidc::check_state(parameters, policy)?;
        let response_type = response::check_type(parameters, client, policy)?;
        let response_mode = response::check_mode(parameters, &self.modes(client), response_type)?;
        redirect::check_response(redirect_uri, response_type, response_mode)?;
        scopes::check(parameters, client, policy)?;
        let code_challenge = pkce::check(parameters, client, policy, provenance.arrival(), redirect_uri)?;
        let confirmation = dpop::check(parameters, provenance.confirmation(), policy)?;
        oidc::check_nonce(parameters, response_type, policy)?;
        oidc::check_id_token_hint(parameters, policy)?;
        oidc::check_prompt(parameters)?;
        let max_age = oidc::check_max_age(parameters)?;
        let claims = oidc::check_claims(parameters, response_type, policy)?;
        oidc::check_registration(parameters)?;
        resource::check(parameters, &policy.limits)?;
        let authorization_details = details::check(parameters, client, &policy.limits, &self.detail_types)?;
        Ok(Checked {
            confirmation,
            response_type,
            response_mode,
            code_challenge,
            max_age,
            claims,
            authorization_details,
        })
    }

    fn check_host_rules(&self, request: AuthorizationRequest) -> Result<AuthorizationRequest, Invalid> {
        match self.host_rules.iter().find_map(|rule| rule.check(&request).err()) {
            None => Ok(request),
            Some(rejection) => {
                let refusal = Refusal::from(rejection);
                let (client, redirect_uri) = (request.shared_client(), request.redirect_uri().clone());
                Err(Invalid { answer: self.answer(&refusal, request.parameters(), client, redirect_uri), refusal })
            }
        }
    }

    /// Refuses a request before its parameters are looked at.
    pub(crate) fn refuse_unread(&self, reason: Reason, parameters: &Parameters, client: &Arc<Client>) -> Invalid {
        let refused = || {
            response::check_flow(client)?;
            self.check_redirect_uri(parameters, client, Arrival::Plain)
        };
        match refused() {
            Ok(redirect_uri) => {
                let refusal = Refusal::from(reason);
                Invalid { answer: self.answer(&refusal, parameters, client, redirect_uri), refusal }
            }
            Err(refusal) if refusal.reason() == Reason::NoAuthorizationFlow => Invalid { refusal, answer: None },
            Err(_) => Invalid { refusal: reason.into(), answer: None },
        }
    }

    /// The answer to the client for a refusal. A response mode that cannot be served is answered by a page (OpenID Connect Core section 3.1.2.6).
    fn answer(
        &self,
        refusal: &Refusal,
        parameters: &Parameters,
        client: &Arc<Client>,
        redirect_uri: RedirectUri,
    ) -> Option<Box<Answer>> {
        let mode = response::mode_for_errors(parameters, &self.modes(client))?;
        let state = parameters.known(Name::State).filter(|state| oidc::is_state(state)).map(Into::into);
        let answer = || Box::new(Answer { redirect_uri, mode, state, client: Arc::clone(client) });
        (refusal.reason() != Reason::ResponseMode).then(answer)
    }

    fn modes<'a>(&'a self, client: &'a Client) -> Modes<'a> {
        Modes { policy: &self.policy, client, signer: self.responder.signer() }
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("policy", &self.policy).finish_non_exhaustive()
    }
}
