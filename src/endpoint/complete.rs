//! The end of a login: granted or denied, once.

use std::sync::Arc;

use super::{AuthorizeRefusal, Granted, ParEndpoint, Parts, Pending, pending::Ending};
use crate::{
    client::ClientRegistry,
    error::DenialCode,
    observer::{Event, Stage},
    response::AuthorizationResponse,
    store::RequestStore,
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Ends an authorization with success. Of all calls for one pushed request, on all nodes that share the store, exactly one
    /// is granted; all others are refused like an unknown `request_uri`.
    ///
    /// A request that came in the query has nothing that could be spent, and is granted each time, unless it is a request
    /// object and [`Policy::single_use_request_objects`](crate::Policy::single_use_request_objects) is on.
    ///
    /// # Errors
    ///
    /// A refusal to be shown. No code may be issued then.
    pub async fn complete(&self, pending: &Pending) -> Result<Granted, AuthorizeRefusal> {
        self.spend(pending).await?;
        self.parts.observers.observe(&Event::Completed { client_id: pending.request.client_id() });
        Ok(Granted { request: pending.request.clone(), answers: Arc::clone(&self.parts.answers) })
    }

    /// Ends an authorization without success. It spends the request as [`complete`](Self::complete) does, and gives the error
    /// response for the client.
    ///
    /// # Errors
    ///
    /// A refusal to be shown, when the request was ended before, or when the response had to be signed and could not be.
    pub async fn deny(&self, pending: &Pending, error: DenialCode) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        self.spend(pending).await?;
        self.parts.observers.observe(&Event::Denied { client_id: pending.request.client_id(), error });
        Ok(self.parts.answers.deny(&pending.request, error).await?)
    }

    async fn spend(&self, pending: &Pending) -> Result<(), AuthorizeRefusal> {
        let Parts { records, replay, observers, .. } = &*self.parts;
        let client_id = pending.request.client_id();
        let outcome = match &pending.ending {
            Ending::Nothing => Ok(()),
            Ending::Spend { claim, .. } => records.spend(&self.store, *claim).await,
            Ending::Remember(login) => replay.end_login(&self.store, pending.request.client(), *login).await,
        };
        outcome.map_err(|refusal| observers.refused(Stage::Complete, Some(client_id), refusal).into())
    }
}
