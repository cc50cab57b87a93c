//! The end of a login: granted or denied, once.

use std::{pin::pin, sync::Arc};

use super::{
    AuthorizeRefusal, Decision, EarlierAnswer, Granted, ParEndpoint, Parts, Pending,
    operation::Operation,
    pending::Ending,
    recent_answers::{Earlier, Subject, Ticket, Turn},
};
use crate::{
    client::ClientRegistry,
    error::{DenialCode, Reason, Refusal},
    jose::TokenFault,
    observer::{Event, Stage, Step},
    response::AuthorizationResponse,
    store::RequestStore,
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Ends an authorization with success. Of all calls for one pushed request, on all nodes that share the store, exactly one
    /// is granted; all others are refused like an unknown `request_uri`.
    ///
    /// A browser that has decided twice, by a second click on the button, waits for the second answer and never sees the first. So
    /// the endpoint remembers for ten seconds what [`Granted::respond`] and [`deny`](Self::deny) have made for a bound
    /// [`Browser`](crate::Browser), and another call for the same request, decision and browser, at the same endpoint, gets the
    /// same bytes as [`AuthorizeRefusal::Answered`]. While the first call is under way, the others wait for it, until its
    /// [`Granted`] has answered or is dropped, and no longer than five seconds. Servers drop the handler of a connection that the browser has closed, and with it
    /// the answer: run the handler of the decision in a task of its own, so that there is one to give again. A browser whose earlier
    /// answer is out of reach is told that it has answered already ([`Reason::AlreadyAnswered`]).
    ///
    /// A request that came in the query has nothing that could be spent, and is granted each time, unless it is a request
    /// object and [`Policy::single_use_request_objects`](crate::Policy::single_use_request_objects) is on. A second click then
    /// brings a second code, and the first one is never delivered.
    ///
    /// # Errors
    ///
    /// A refusal to be shown, or the earlier answer. No code may be issued then.
    pub async fn complete(&self, pending: &Pending) -> Result<Granted, AuthorizeRefusal> {
        let operation = self.parts.begin(Stage::Complete);
        let ticket = operation.trace(pin!(self.spend(&operation, pending, Decision::Approve))).await?;
        if let Some(steps) = &operation.worked() {
            operation.observe(&Event::Completed { client_id: pending.request.client_id(), steps });
        }
        let answers = Arc::clone(&self.parts.answers);
        let is_pushed = matches!(pending.ending, Ending::Spend { .. });
        Ok(Granted { request: pending.request.clone(), is_pushed, answers, ticket: ticket.map(Arc::new) })
    }

    /// Ends an authorization without success. It spends the request as [`complete`](Self::complete) does, and gives the error
    /// response for the client.
    ///
    /// # Errors
    ///
    /// A refusal to be shown, when the request was ended before, or when the response had to be signed and could not be; or the
    /// earlier answer, as with [`complete`](Self::complete).
    pub async fn deny(&self, pending: &Pending, error: DenialCode) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        let operation = self.parts.begin(Stage::Complete);
        operation.trace(pin!(self.deny_in(&operation, pending, error))).await
    }

    async fn deny_in(
        &self,
        operation: &Operation<'_>,
        pending: &Pending,
        error: DenialCode,
    ) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        let ticket = self.spend(operation, pending, Decision::Deny(error)).await?;
        operation.denied(pending.request.client_id(), error);
        let response = self.parts.answers.deny(operation, &pending.request, error).await?;
        if let Some(ticket) = ticket {
            ticket.answered(&response);
        }
        Ok(response)
    }

    /// Spends a request, unless another call for the same browser is at it or has done so.
    async fn spend(
        &self,
        operation: &Operation<'_>,
        pending: &Pending,
        decision: Decision,
    ) -> Result<Option<Ticket>, AuthorizeRefusal> {
        let Some(subject) = pending.ending.subject() else {
            let spent = self.spend_in_store(operation, pending).await;
            return spent.map(|()| None).map_err(|refusal| not_spent(operation, pending, refusal));
        };
        let client_id = pending.request.client_id();
        loop {
            let follower = match self.parts.recent.turn(subject, decision, self.is_provisional) {
                Turn::First(ticket) => return self.spend_first(operation, pending, ticket).await.map(Some),
                Turn::Later(follower) => follower,
            };
            let earlier = follower.outcome(decision).await;
            if follower.is_provisional() && !matches!(earlier, Earlier::Nothing) {
                if let Some(ticket) = self.spend_undone(operation, pending, subject, decision).await? {
                    return Ok(Some(ticket));
                }
                // Only the answer of the call that has spent the request may be given again.
                if !self.parts.recent.earlier(&subject).is_some_and(|latest| latest.is_of_same_call(&follower)) {
                    continue;
                }
            }
            if let Some(answered) = answered(operation, earlier, client_id) {
                return Err(answered);
            }
        }
    }

    /// Spends a request that no other call for the same browser is at.
    async fn spend_first(
        &self,
        operation: &Operation<'_>,
        pending: &Pending,
        ticket: Ticket,
    ) -> Result<Ticket, AuthorizeRefusal> {
        match self.spend_in_store(operation, pending).await {
            Ok(()) => {
                ticket.ended();
                Ok(ticket)
            }
            // It was open for this browser, so it is this browser that has spent it.
            Err(refusal) if refusal.reason() == Reason::SpentRequestUri => {
                Err(not_spent(operation, pending, Reason::AlreadyAnswered.into()))
            }
            Err(refusal) => Err(not_spent(operation, pending, refusal)),
        }
    }

    /// Spends a request that an earlier call has spent, if the host has undone that. `None` when it has not.
    async fn spend_undone(
        &self,
        operation: &Operation<'_>,
        pending: &Pending,
        subject: Subject,
        decision: Decision,
    ) -> Result<Option<Ticket>, AuthorizeRefusal> {
        match self.spend_in_store(operation, pending).await {
            Ok(()) => {
                let ticket = self.parts.recent.replace(subject, decision, self.is_provisional);
                ticket.ended();
                Ok(Some(ticket))
            }
            Err(refusal) if is_replayed(refusal.reason()) => Ok(None),
            Err(refusal) => Err(not_spent(operation, pending, refusal)),
        }
    }

    async fn spend_in_store(&self, operation: &Operation<'_>, pending: &Pending) -> Result<(), Refusal> {
        let Parts { records, replay, .. } = &*self.parts;
        match &pending.ending {
            Ending::Nothing => Ok(()),
            Ending::Spend { claim, .. } => operation.time(Step::Store, pin!(records.spend(&self.store, *claim))).await,
            Ending::Remember { login, .. } => {
                let ended = replay.end_login(&self.store, pending.request.client(), *login);
                operation.time(Step::Store, pin!(ended)).await
            }
        }
    }
}

fn not_spent(operation: &Operation<'_>, pending: &Pending, refusal: Refusal) -> AuthorizeRefusal {
    operation.refused(Some(pending.request.client_id()), refusal).into()
}

/// The outcome that an earlier call of the same browser leaves for this one: `None` when it has ended nothing.
pub(super) fn answered(operation: &Operation<'_>, earlier: Earlier, client_id: &str) -> Option<AuthorizeRefusal> {
    let refusal = Refusal::from(Reason::AlreadyAnswered);
    match earlier {
        Earlier::Nothing => None,
        Earlier::Same(response) => {
            operation.observe(&Event::AnsweredAgain { client_id });
            Some(AuthorizeRefusal::Answered(Box::new(EarlierAnswer { refusal, response })))
        }
        Earlier::Other => Some(operation.refused(Some(client_id), refusal).into()),
    }
}

/// Returns `true` if the store says that what ends the request has happened.
fn is_replayed(reason: Reason) -> bool {
    matches!(reason, Reason::SpentRequestUri | Reason::RequestObject(TokenFault::Replayed))
}
