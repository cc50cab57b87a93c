//! An authorization on its way: pending until it is ended, and then granted, once.

use std::{fmt, sync::Arc};

use time::OffsetDateTime;

use super::{
    AuthorizeRefusal,
    answers::Answers,
    recent_answers::{Subject, Ticket},
    replay::MarkOfLogin,
};
use crate::{
    error::DenialCode,
    protocol::{
        parameters::{Name, encode},
        request_uri::RequestUri,
    },
    response::{
        AuthorizationResponse,
        target::{ResponseTarget, TargetParts},
    },
    store::{Claim, RecordKey},
    validation::request::AuthorizationRequest,
};

/// An authorization that has begun and not ended, for the host to show to the user.
#[derive(Clone)]
pub struct Pending {
    pub(super) request: AuthorizationRequest,
    pub(super) ending: Ending,
    /// The request object that it came in, where that was in the query.
    pub(super) request_object: Option<Box<str>>,
    pub(super) asked_at: OffsetDateTime,
    pub(super) opened_at: OffsetDateTime,
    /// Which of the bindings of its [`Browser`](super::Browser) the request is bound to.
    pub(super) binding: usize,
}

/// The way in which a request ends.
#[derive(Clone)]
pub(super) enum Ending {
    /// Plain parameters can be sent again at any time.
    Nothing,
    /// A pushed request is spent. It may have a note of the host, which was changed so often.
    Spend { request_uri: RequestUri, claim: Claim, annotation: Vec<u8>, revision: u32 },
    /// A request object that is good for one use is remembered.
    Remember { login: MarkOfLogin, client: RecordKey, browser: Option<RecordKey> },
}

impl Ending {
    /// The decision that a browser makes, where the browser is known and the decision can be made once.
    pub(super) fn subject(&self) -> Option<Subject> {
        match self {
            Self::Nothing => None,
            Self::Spend { claim, .. } => Subject::of(claim),
            Self::Remember { login, client, browser } => {
                Some(Subject { request: login.key(), client: *client, browser: (*browser)? })
            }
        }
    }
}

impl Pending {
    /// The request, validated against the present policy and registration.
    #[must_use]
    pub fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// The `request_uri` under which the request was pushed. `None` when it came in the query.
    ///
    /// A form that is to come back carries [`to_query`](Self::to_query).
    #[must_use]
    pub fn request_uri(&self) -> Option<&str> {
        match &self.ending {
            Ending::Spend { request_uri, .. } => Some(request_uri.as_str()),
            Ending::Nothing | Ending::Remember { .. } => None,
        }
    }

    /// Returns the query that opens this request again, on any node: what a login or consent form carries to come back, in one hidden
    /// field. It is that of an authorization request, as `application/x-www-form-urlencoded`: `client_id` and `request_uri` of a
    /// request that was pushed, `client_id` and `request` of a request object that came in the query, and otherwise all parameters
    /// in their order.
    ///
    /// Give it to [`ParEndpoint::authorize`](crate::ParEndpoint::authorize), or with the decision of the user to
    /// [`ParEndpoint::authorize_decision`](crate::ParEndpoint::authorize_decision). It has no secrets that the browser did not bring,
    /// and its user can change it as any query: the request is validated again. Other sites are kept from posting the form by a token
    /// of the host's (CSRF), as with every form.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, Browser, Decision, ParEndpoint, Reply};
    ///
    /// async fn page(par: &ParEndpoint, query: &str, browser: Browser<'_>) -> Result<String, AuthorizeRefusal> {
    ///     let pending = par.authorize(query, browser).await?;
    ///     // As it is form-encoded, of what HTML would take for its own only `&` has to be escaped.
    ///     let value = pending.to_query().replace('&', "&amp;");
    ///     Ok(format!(r#"<form method="post">... <input type="hidden" name="request" value="{value}"> ...</form>"#))
    /// }
    ///
    /// /// `request` is the decoded value of the field.
    /// async fn approved(par: &ParEndpoint, request: &str, browser: Browser<'_>) -> Result<Reply, AuthorizeRefusal> {
    ///     let pending = par.authorize_decision(request, browser, Decision::Approve).await?;
    ///     let granted = par.complete(&pending).await?;
    ///     Ok(granted.respond([("code", "your code")]).await?.into())
    /// }
    /// ```
    #[must_use]
    pub fn to_query(&self) -> String {
        let client_id = (Name::ClientId.as_str(), self.request.client_id());
        match (&self.ending, &self.request_object) {
            (Ending::Spend { request_uri, .. }, _) => {
                encode([client_id, (Name::RequestUri.as_str(), request_uri.as_str())])
            }
            (_, Some(object)) => encode([client_id, (Name::Request.as_str(), object)]),
            _ => self.request.parameters().to_query(),
        }
    }

    /// The note of the host on a pushed request: see [`ParEndpoint::annotate`](crate::ParEndpoint::annotate). Empty if there is none.
    #[must_use]
    pub fn annotation(&self) -> &[u8] {
        match &self.ending {
            Ending::Spend { annotation, .. } => annotation,
            Ending::Nothing | Ending::Remember { .. } => &[],
        }
    }

    /// The same, after the host has changed the note.
    pub(super) fn annotated(mut self, note: &[u8]) -> Self {
        if let Ending::Spend { annotation, revision, .. } = &mut self.ending {
            *annotation = note.to_vec();
            *revision = revision.saturating_add(1);
        }
        self
    }

    /// When the user was first asked: the time at which the request was opened first, whichever node and however often opens it
    /// since. The store counts from there, and the clock of this node says what time it was.
    ///
    /// A request in the query is not known from before, so that it is the time of this call, unless the host says better with
    /// [`asked_at_latest`](Self::asked_at_latest).
    #[must_use]
    pub fn asked_at(&self) -> OffsetDateTime {
        self.asked_at
    }

    /// The same, for a request in the query that the host has opened before, and whose user it has sent to a page of its own
    /// meanwhile: the [`asked_at`](Self::asked_at) of the first opening. Keep it where the browser cannot change it. A later time
    /// than the present one has no effect.
    #[must_use]
    pub fn asked_at_latest(self, time: OffsetDateTime) -> Self {
        Self { asked_at: self.asked_at.min(time), ..self }
    }

    /// Returns `true` if a login at this time is new enough for the request, and the user need not log in again (OpenID Connect
    /// Core section 3.1.2.1): with `prompt=login`, one since the request was [first opened](Self::asked_at); with `max_age`, or the
    /// client's `default_max_age`, one that is no older than so many seconds, or since it was first opened. Without any of them every
    /// login is.
    ///
    /// A login since the first opening is always new enough, so that a user who comes back from a login page is never sent there
    /// again. Times are compared in whole seconds. The clocks of the nodes, and of the one that logs users in, should agree to the
    /// second.
    ///
    /// ```
    /// use parjar::{Granted, ParEndpoint, Pending, AuthorizeRefusal, DenialCode, AuthorizationResponse};
    /// use parjar::reexports::time::OffsetDateTime;
    ///
    /// /// What the host does next, with the time of the login in its own session.
    /// enum Next {
    ///     Consent,
    ///     /// A page of its own, which leads back to the authorization endpoint.
    ///     LoginPage,
    ///     Respond(AuthorizationResponse),
    /// }
    ///
    /// async fn next(
    ///     par: &ParEndpoint,
    ///     pending: &Pending,
    ///     logged_in_at: Option<OffsetDateTime>,
    /// ) -> Result<Next, AuthorizeRefusal> {
    ///     match logged_in_at.filter(|time| pending.is_login_new_enough(*time)) {
    ///         Some(_) => Ok(Next::Consent),
    ///         None if pending.request().has_prompt("none") => {
    ///             Ok(Next::Respond(par.deny(pending, DenialCode::LoginRequired).await?))
    ///         }
    ///         None => Ok(Next::LoginPage),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn is_login_new_enough(&self, logged_in_at: OffsetDateTime) -> bool {
        // Sessions and ID tokens count whole seconds.
        let logged_in_at = logged_in_at.unix_timestamp();
        if logged_in_at >= self.asked_at.unix_timestamp() {
            return true;
        }
        let age = self.opened_at.unix_timestamp().saturating_sub(logged_in_at);
        let max_age = self.request.max_age().unwrap_or(u64::MAX);
        !self.request.has_prompt("login") && u64::try_from(age).unwrap_or(0) <= max_age
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("request", &self.request).finish_non_exhaustive()
    }
}

/// An authorization that was granted, to this caller alone: issue the code now.
#[derive(Clone)]
pub struct Granted {
    pub(super) request: AuthorizationRequest,
    pub(super) is_pushed: bool,
    pub(super) answers: Arc<Answers>,
    pub(super) ticket: Option<Arc<Ticket>>,
}

impl Granted {
    /// The request. Keep with the code what the token endpoint needs of it: `redirect_uri`, `code_challenge`, scopes.
    #[must_use]
    pub fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// Makes the authorization response with these parameters, to which `state` and `iss` are added, in the response mode that was
    /// asked for. A `state` or `iss` among the parameters is left out. Where the mode is one of a signed response, they are
    /// claims of the JWT that is sent, and `aud` and `exp` are left out too.
    ///
    /// The first response is what the browser gets again if it has decided twice: see [`complete`](crate::ParEndpoint::complete).
    ///
    /// # Errors
    ///
    /// A refusal to be shown, with status 500, when the response had to be signed and the
    /// [`ResponseSigner`](crate::ResponseSigner) could not do it. The request is spent, and the client has got nothing: revoke the
    /// code and the tokens that were issued for it. The other response modes never fail.
    pub async fn respond<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        let response = self.answers.grant(&self.request, parameters).await?;
        self.remember(&response);
        Ok(response)
    }

    /// Makes the error response to the client, for a host that has completed the request and then cannot issue the code: of
    /// [`server_error`](DenialCode::ServerError) or [`temporarily_unavailable`](DenialCode::TemporarilyUnavailable) for instance. The
    /// request is spent, and the client has to begin anew. It is reported as [`Event::Denied`](crate::Event::Denied), after the
    /// [`Event::Completed`](crate::Event::Completed).
    ///
    /// # Errors
    ///
    /// A refusal to be shown, when the response had to be signed and could not be.
    pub async fn refuse(&self, error: DenialCode) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        let response = self.answers.refuse_granted(&self.request, error).await?;
        self.remember(&response);
        Ok(response)
    }

    /// Returns where and how the client is to be answered, for a host that answers later or in another process.
    #[must_use]
    pub fn target(&self) -> ResponseTarget {
        ResponseTarget::new(&TargetParts {
            issuer: self.answers.responder().issuer(),
            client_id: self.request.client_id(),
            redirect_uri: self.request.redirect_uri().as_str(),
            response_mode: self.request.response_mode(),
            is_pushed: self.is_pushed,
            state: self.request.state(),
        })
    }

    fn remember(&self, response: &AuthorizationResponse) {
        if let Some(ticket) = &self.ticket {
            ticket.answered(response);
        }
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("request", &self.request).finish_non_exhaustive()
    }
}
