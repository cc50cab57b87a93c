//! The push (RFC 9126 section 2), step by step.

use std::pin::pin;

use super::{
    ParEndpoint, Parts, Pushed, gate, look_up::LookedUp, operation::Operation, replay::Once, urls::NO_OTHER_URLS,
};
use crate::{
    client::{Client, ClientRegistry},
    client_auth::{AuthenticatedClient, Presented},
    error::{Reason, Refusal},
    http::{FormRequest, form::Form},
    jar::{RequestObject, Sender},
    jose::TokenFault,
    observer::{Event, Stage, Step},
    protocol::parameters::{FOR_TOKEN_ENDPOINT, Name, Parameters},
    store::{Remembered, RequestStore},
    validation::Provenance,
};

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
        let operation = self.parts.begin(Stage::Push);
        operation.trace(pin!(self.push_in(&operation, request))).await
    }

    async fn push_in(&self, operation: &Operation<'_>, request: &FormRequest<'_>) -> Result<Pushed, Refusal> {
        let unnamed = |refusal| operation.refused(None, refusal);
        let mut form = self.read_push(request).map_err(unnamed)?;
        let credentials = std::mem::take(&mut form.credentials);
        let presented = Presented::read(request, &form, &credentials, self.policy()).map_err(unnamed)?;
        let claimed = presented.client_id();
        let client = self.look_up(operation, claimed).await;
        let client = client.map_err(|refusal| operation.refused(Some(claimed), refusal))?;
        let client_id = client.name(claimed);
        match self.push_as(operation, &presented, &client, request, form).await {
            Ok(pushed) => {
                if let Some(steps) = &operation.worked() {
                    operation.observe(&Event::Pushed { client_id, steps });
                }
                Ok(pushed)
            }
            Err(refusal) => Err(operation.refused(Some(client_id), refusal)),
        }
    }

    /// Reads the form. Nothing in it is known to come from a client.
    fn read_push(&self, request: &FormRequest<'_>) -> Result<Form, Refusal> {
        if !self.policy().pushed_authorization_requests {
            return Err(Reason::PushSwitchedOff.into());
        }
        let form = gate::pass(request, &self.policy().limits)?;
        if form.has_seen(Name::RequestUri) {
            return Err(Reason::RequestUriPushed.into());
        }
        Ok(form)
    }

    /// The steps from the verification of the client to the handle.
    async fn push_as(
        &self,
        operation: &Operation<'_>,
        presented: &Presented<'_>,
        registered: &LookedUp,
        request: &FormRequest<'_>,
        form: Form,
    ) -> Result<Pushed, Refusal> {
        let Parts { urls, authenticator, proofs, validator, replay, records, .. } = &*self.parts;
        let stand_in = || self.clients.stand_in();
        let verified = authenticator.verify(operation, presented, registered, stand_in, NO_OTHER_URLS);
        let vouched = operation.time(Step::Authentication, pin!(verified)).await?;
        let mark = replay.credentials(&vouched);
        // Not before the credentials: an attacker can make up keys and signatures, and have the server verify them.
        let purpose = urls.pushed_authorization_request.purpose(request)?;
        let proven = proofs.verify(operation, request.dpop, &purpose, vouched.needs_proof())?;
        let client = vouched.prove(proven.as_ref())?;
        let object = self.pushed_object(operation, &form, &client).await?;
        let provenance = Provenance::pushed(&client, object.as_ref());
        let object_mark = object.as_ref().and_then(|object| replay.request_object(object));
        let expires_at = object.as_ref().and_then(RequestObject::expires_at);
        let parameters = match object {
            Some(object) => object.into_parameters(),
            None => of_authorization_request(form, client.client().client_id()),
        };
        let request = operation.run(Step::Validation, || validator.validate(parameters, provenance));
        let request = request.map_err(|invalid| invalid.refusal)?;
        let proof_mark = proven.as_ref().map(|proven| replay.dpop_proof(client.client(), proven));
        let once = Once::new([mark, proof_mark, object_mark, replay.code_challenge(&request)]);
        let expires_in = self.expires_in(request.client(), expires_at)?;
        let inserted = records.insert(&self.store, &request, expires_in, &once);
        let (request_uri, Remembered { skipped, .. }) = operation.time(Step::Store, pin!(inserted)).await?;
        if skipped > 0 {
            let client_id = request.client_id();
            operation.observe(&Event::HygieneSkipped { client_id, marks: skipped });
        }
        Ok(Pushed { request_uri, expires_in, dpop_nonce: proofs.next_nonce() })
    }

    /// The request object that is pushed, if it is one. It is then the only source of parameters.
    async fn pushed_object<'c>(
        &self,
        operation: &Operation<'_>,
        form: &Form,
        client: &'c AuthenticatedClient,
    ) -> Result<Option<RequestObject<'c>>, Refusal> {
        let Some(text) = form.parameters.known(Name::Request) else {
            return Ok(None);
        };
        if !self.policy().request_parameter_supported {
            return Err(Reason::RequestNotSupported.into());
        }
        // In a box, so that pushes without one do not carry the room for it.
        let opened = Box::pin(self.parts.objects.open(operation, text, Sender::Authenticated(client)));
        let object = operation.time(Step::RequestObject, opened).await?;
        let beside = |(name, _): (&str, &str)| !matches!(Name::of(name), Some(Name::Request | Name::ClientId));
        if form.parameters.iter().any(beside) {
            return Err(Reason::BesideRequest.into());
        }
        Ok(Some(object))
    }

    /// Whole seconds that the `request_uri` is good for: never longer than the request object that it stands for.
    fn expires_in(&self, client: &Client, expires_at: Option<i64>) -> Result<u32, Refusal> {
        let lifetime = client.request_uri_lifetime(self.policy());
        let Some(expires_at) = expires_at else {
            return Ok(lifetime);
        };
        let now = self.parts.server.now();
        let begun = now.unix_timestamp().saturating_add(i64::from(now.nanosecond() > 0));
        match expires_at.saturating_sub(begun) {
            left @ 1.. => Ok(lifetime.min(u32::try_from(left).unwrap_or(u32::MAX))),
            _ => Err(Reason::RequestObject(TokenFault::Expired).into()),
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
