//! Answers to clients through the browser: what they asked for, or an error.

use std::sync::Arc;

use super::{AuthorizeRefusal, RefusedRedirect, observers::Observers};
use crate::{
    error::{DenialCode, Reason, Refusal},
    observer::{Event, Stage},
    response::{AuthorizationResponse, answer::Answer, responder::Responder},
    validation::{Invalid, request::AuthorizationRequest},
};

/// Answers clients, and reports the responses that cannot be signed.
pub(super) struct Answers {
    responder: Arc<Responder>,
    observers: Arc<Observers>,
}

impl Answers {
    pub(super) fn new(responder: Arc<Responder>, observers: &Arc<Observers>) -> Self {
        Self { responder, observers: Arc::clone(observers) }
    }

    pub(super) fn responder(&self) -> &Responder {
        &self.responder
    }

    /// Grants a request with these parameters.
    pub(super) async fn grant<'a>(
        &self,
        request: &AuthorizationRequest,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AuthorizationResponse, Refusal> {
        self.respond(&answer_to(request), parameters).await
    }

    /// Denies a request.
    pub(super) async fn deny(
        &self,
        request: &AuthorizationRequest,
        error: DenialCode,
    ) -> Result<AuthorizationResponse, Refusal> {
        self.respond(&answer_to(request), [("error", error.as_str())]).await
    }

    /// Answers a request with an error that was granted before.
    pub(super) async fn refuse_granted(
        &self,
        request: &AuthorizationRequest,
        error: DenialCode,
    ) -> Result<AuthorizationResponse, Refusal> {
        self.observers.observe(&Event::Denied { client_id: request.client_id(), error });
        self.deny(request, error).await
    }

    /// Refuses a request: to the client where it can be told, and otherwise to the user.
    pub(super) async fn refuse(&self, invalid: Invalid) -> AuthorizeRefusal {
        let Invalid { refusal, answer } = invalid;
        let Some(answer) = answer else {
            return refusal.into();
        };
        let parameters = [("error", refusal.code().as_str()), ("error_description", refusal.description())];
        match self.respond(&answer, parameters).await {
            Ok(response) => AuthorizeRefusal::Redirect(Box::new(RefusedRedirect { refusal, response })),
            Err(not_signed) => not_signed.into(),
        }
    }

    /// Makes a response. One that cannot be signed is a refusal for the user, and a fault of this side.
    pub(super) async fn respond<'a>(
        &self,
        answer: &Answer,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AuthorizationResponse, Refusal> {
        self.responder.respond(answer, parameters).await.map_err(|error| {
            let client_id = answer.client.client_id();
            self.observers.observe(&Event::ResponseNotSigned { client_id, error: &error });
            let refusal = Refusal::failed(Reason::ResponseNotSigned, error);
            self.observers.refused(Stage::Respond, Some(client_id), refusal)
        })
    }
}

/// The answer to a validated request.
fn answer_to(request: &AuthorizationRequest) -> Answer {
    Answer {
        redirect_uri: request.redirect_uri().clone(),
        mode: request.response_mode(),
        state: request.state().map(Into::into),
        client: Arc::clone(request.shared_client()),
    }
}
