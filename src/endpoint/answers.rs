//! Answers to clients through the browser: what they asked for, or an error.

use std::{pin::pin, sync::Arc};

use super::{AuthorizeRefusal, RefusedRedirect, observers::Observers, operation::Operation};
use crate::{
    error::{DenialCode, Reason, Refusal},
    observer::{Event, Stage, Step},
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
        let operation = Operation::new(&self.observers, Stage::Respond);
        operation.trace(pin!(self.respond(&operation, &answer_to(request), parameters))).await
    }

    /// Denies a request.
    pub(super) async fn deny(
        &self,
        operation: &Operation<'_>,
        request: &AuthorizationRequest,
        error: DenialCode,
    ) -> Result<AuthorizationResponse, Refusal> {
        self.respond(operation, &answer_to(request), [("error", error.as_str())]).await
    }

    /// Answers a request with an error that was granted before.
    pub(super) async fn refuse_granted(
        &self,
        request: &AuthorizationRequest,
        error: DenialCode,
    ) -> Result<AuthorizationResponse, Refusal> {
        let operation = Operation::new(&self.observers, Stage::Respond);
        operation.denied(request.client_id(), error);
        operation.trace(pin!(self.deny(&operation, request, error))).await
    }

    /// Refuses a request: to the client where it can be told, and otherwise to the user.
    pub(super) async fn refuse(&self, operation: &Operation<'_>, invalid: Invalid) -> AuthorizeRefusal {
        let Invalid { refusal, answer } = invalid;
        let Some(answer) = answer else {
            return refusal.into();
        };
        let parameters = [("error", refusal.code().as_str()), ("error_description", refusal.description())];
        match self.respond(operation, &answer, parameters).await {
            Ok(response) => AuthorizeRefusal::Redirect(Box::new(RefusedRedirect { refusal, response })),
            Err(not_signed) => not_signed.into(),
        }
    }

    /// Makes a response. One that cannot be signed is a refusal for the user, and a fault of this side.
    pub(super) async fn respond<'a>(
        &self,
        operation: &Operation<'_>,
        answer: &Answer,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AuthorizationResponse, Refusal> {
        let response = operation.time(Step::Response, pin!(self.responder.respond(answer, parameters))).await;
        response.map_err(|error| {
            let client_id = answer.client.client_id();
            operation.observe(&Event::ResponseNotSigned { client_id, error: &error });
            let refusal = Refusal::failed(Reason::ResponseNotSigned, error);
            operation.refused_at(Stage::Respond, Some(client_id), refusal)
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
