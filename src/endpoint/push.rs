//! The push (RFC 9126 section 2), step by step.

use std::time::Duration;

use super::{ParEndpoint, Pushed, authenticate::Verified, gate, record, replay::Once};
use crate::{
    client::ClientRegistry,
    client_auth::{AuthenticatedClient, Presented},
    dpop::Purpose,
    error::{Reason, Refusal},
    http::{FormRequest, form::Form},
    jar::{RequestObject, Sender},
    jose::TokenFault,
    observer::{Event, Stage},
    protocol::{
        parameters::{FOR_TOKEN_ENDPOINT, Name, Parameters},
        request_uri::RequestUri,
    },
    store::{InsertError, NewRequest, Remembered, RequestStore},
    validation::{Provenance, request::AuthorizationRequest},
};

/// How often a new handle is drawn when the one before is taken. With 256 random bits this happens with a broken generator only.
const DRAWS: usize = 3;

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Takes a pushed authorization request: authenticates the client, validates the parameters as the authorization endpoint
    /// would, and stores them under a fresh `request_uri`.
    ///
    /// `Reply::from` turns either outcome into what is to be sent.
    ///
    /// # Errors
    ///
    /// A refusal with the error code and status of RFC 9126 section 2.3.
    pub async fn push(&self, request: &FormRequest<'_>) -> Result<Pushed, Refusal> {
        let refused = |client_id: Option<&str>, refusal| self.settings.refused(Stage::Push, client_id, refusal);
        let mut form = self.form(request).map_err(|refusal| refused(None, refusal))?;
        let credentials = std::mem::take(&mut form.credentials);
        let presented =
            Presented::read(request, &form, &credentials, self.policy()).map_err(|refusal| refused(None, refusal))?;
        let client_id = presented.client_id();
        match self.push_as(&presented, request, form).await {
            Ok(pushed) => {
                self.settings.observe(&Event::Pushed { client_id });
                Ok(pushed)
            }
            Err(refusal) => Err(refused(Some(client_id), refusal)),
        }
    }

    fn form(&self, request: &FormRequest<'_>) -> Result<Form, Refusal> {
        if !self.policy().pushed_authorization_requests {
            return Err(Reason::PushSwitchedOff.into());
        }
        let form = gate::pass(request, &self.policy().limits)?;
        if form.has_seen(Name::RequestUri) {
            return Err(Reason::RequestUriPushed.into());
        }
        Ok(form)
    }

    async fn push_as(
        &self,
        presented: &Presented<'_>,
        request: &FormRequest<'_>,
        form: Form,
    ) -> Result<Pushed, Refusal> {
        let Verified { vouched, mark } = self.verify_credentials(presented).await?;
        // Only now: an attacker can make up keys and signatures, and have the server verify them.
        let purpose = Purpose::new(request.method, &self.settings.push_targets);
        let proven = self.proved(request.dpop, &purpose, vouched.needs_proof())?;
        let client = vouched.prove(proven.as_ref())?;
        let object = self.pushed_object(&form, &client).await?;
        let provenance = Provenance::pushed(&client, object.as_ref());
        let replay = &self.settings.replay;
        let proof_mark = proven.as_ref().map(|proven| replay.dpop_proof(proven));
        let object_mark = object.as_ref().and_then(|object| replay.request_object(object));
        let expires_at = object.as_ref().and_then(RequestObject::expires_at);
        let parameters = match object {
            Some(object) => object.into_parameters(),
            None => of_authorization_request(form, client.client().client_id()),
        };
        let validated = self.settings.rules.validate(parameters, provenance);
        let request = validated.map_err(|invalid| invalid.refusal)?;
        let once = Once::new([mark, proof_mark, object_mark, replay.code_challenge(&request)]);
        self.keep(&request, self.lifetime(expires_at)?, &once).await
    }

    /// The request object that is pushed, if it is one. It is then the only source of parameters.
    async fn pushed_object<'c>(
        &self,
        form: &Form,
        client: &'c AuthenticatedClient,
    ) -> Result<Option<RequestObject<'c>>, Refusal> {
        let Some(text) = form.parameters.known(Name::Request) else {
            return Ok(None);
        };
        if !self.policy().request_parameter_supported {
            return Err(Reason::RequestNotSupported.into());
        }
        let object = self.open_object(text, Sender::Authenticated(client)).await?;
        let beside = |(name, _): (&str, &str)| !matches!(Name::of(name), Some(Name::Request | Name::ClientId));
        if form.parameters.iter().any(beside) {
            return Err(Reason::BesideRequest.into());
        }
        Ok(Some(object))
    }

    /// Whole seconds that the `request_uri` is good for: never longer than the request object that it stands for.
    fn lifetime(&self, expires_at: Option<i64>) -> Result<u32, Refusal> {
        let lifetime = self.policy().request_uri_lifetime;
        let Some(expires_at) = expires_at else {
            return Ok(lifetime);
        };
        let now = self.settings.clock.now();
        let begun = now.unix_timestamp().saturating_add(i64::from(now.nanosecond() > 0));
        match expires_at.saturating_sub(begun) {
            left @ 1.. => Ok(lifetime.min(u32::try_from(left).unwrap_or(u32::MAX))),
            _ => Err(Reason::RequestObject(TokenFault::Expired).into()),
        }
    }

    /// Stores a request, together with the marks that make it one of a kind, under a handle that nobody can have seen before it
    /// is safely stored.
    async fn keep<const N: usize>(
        &self,
        request: &AuthorizationRequest,
        expires_in: u32,
        once: &Once<N>,
    ) -> Result<Pushed, Refusal> {
        let marks = once.stored();
        let (client_id, owner) = (request.client_id(), self.settings.replay.owner(request.client()));
        let payload = record::encode(request.parameters(), request.protection(), request.confirmation());
        for _ in 0..DRAWS {
            let request_uri = RequestUri::mint(&*self.settings.random)
                .map_err(|error| Refusal::unavailable(Reason::RandomSource, error))?;
            let key = self.settings.keys.request(request_uri.reference());
            let request = NewRequest::new(key, owner, &payload).with_marks(&marks);
            match self.store.insert(request, Duration::from_secs(expires_in.into())).await {
                Ok(remembered) => {
                    self.report_skipped(client_id, remembered);
                    return Ok(Pushed { request_uri, expires_in, dpop_nonce: self.dpop_nonce() });
                }
                Err(InsertError::Exists) => {}
                Err(InsertError::Refused(refusal)) => return Err(once.refused(refusal)),
            }
        }
        Err(Reason::RandomSource.into())
    }

    /// What the store had no room for is no reason to refuse a push, and none to be silent.
    fn report_skipped(&self, client_id: &str, remembered: Remembered) {
        if remembered.skipped > 0 {
            self.settings.observe(&Event::HygieneSkipped { client_id, marks: remembered.skipped });
        }
    }
}

/// The parameters to validate and to keep: without those that mean something to the token endpoint only, and with the
/// `client_id` even when the credentials alone named it.
fn of_authorization_request(form: Form, client_id: &str) -> Parameters {
    let stray = form.has_seen_any(FOR_TOKEN_ENDPOINT);
    let mut parameters = form.parameters;
    if stray {
        parameters = parameters.without(Name::is_for_token_endpoint);
    }
    if parameters.known(Name::ClientId).is_none() {
        parameters.push(Name::ClientId.as_str(), client_id);
    }
    parameters
}
