//! Answers to grants that the host has kept.

use std::pin::pin;

use super::{AuthorizeRefusal, ParEndpoint, look_up::LookedUp, operation::Operation};
use crate::{
    client::ClientRegistry,
    error::{DenialCode, Reason, Refusal},
    observer::Stage,
    response::{AuthorizationResponse, answer::Answer, target::ResponseTarget},
    store::RequestStore,
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Makes the authorization response with these parameters for a grant that was kept, as
    /// [`Granted::respond`](crate::Granted::respond) does for one that was not. The host sees to it that each is answered once; a
    /// second click on the button of its page is told that there was an answer.
    ///
    /// # Errors
    ///
    /// A refusal to be shown, when the client or its redirect URI is not registered any more
    /// ([`Reason::UnknownClient`], [`Reason::RedirectUriWithdrawn`]), when the target is of another issuer
    /// ([`Reason::ForeignTarget`]), or when the response cannot be signed. The client has got nothing then: revoke the code.
    pub async fn respond<'a>(
        &self,
        target: &ResponseTarget,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)> + Send,
    ) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        let operation = self.parts.begin(Stage::Respond);
        let work = async {
            let answer = self.answer_to(&operation, target).await?;
            Ok(self.parts.answers.respond(&operation, &answer, parameters).await?)
        };
        operation.trace(pin!(work)).await
    }

    /// Makes the error response for a grant that was kept, as [`Granted::refuse`](crate::Granted::refuse) does for one that was not.
    ///
    /// # Errors
    ///
    /// As for [`respond`](Self::respond).
    pub async fn refuse(
        &self,
        target: &ResponseTarget,
        error: DenialCode,
    ) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        let operation = self.parts.begin(Stage::Respond);
        let work = async {
            let answer = self.answer_to(&operation, target).await?;
            operation.denied(target.client_id(), error);
            Ok(self.parts.answers.respond(&operation, &answer, [("error", error.as_str())]).await?)
        };
        operation.trace(pin!(work)).await
    }

    async fn answer_to(&self, operation: &Operation<'_>, target: &ResponseTarget) -> Result<Answer, Refusal> {
        let answer = self.checked(operation, target).await;
        answer.map_err(|refusal| operation.refused(Some(target.client_id()), refusal))
    }

    /// Checks a target as it would be checked if the request were opened now.
    async fn checked(&self, operation: &Operation<'_>, target: &ResponseTarget) -> Result<Answer, Refusal> {
        if target.issuer() != self.issuer() {
            return Err(Reason::ForeignTarget.into());
        }
        let client = match self.look_up(operation, target.client_id()).await? {
            LookedUp::Found(client) => client,
            LookedUp::Absent(absence) => return Err(absence.reason().into()),
        };
        let redirect_uri = self
            .parts
            .validator
            .redirect_uri(&client, target.redirect_uri(), target.is_pushed())
            .map_err(|_| Reason::RedirectUriWithdrawn)?;
        // It was good for every response, and by now it is good for a code alone.
        if redirect_uri.needs_code_with_pkce() && target.response_mode().is_in_fragment() {
            return Err(Reason::RedirectUriWithdrawn.into());
        }
        Ok(Answer { redirect_uri, mode: target.response_mode(), state: target.state().map(Into::into), client })
    }
}
