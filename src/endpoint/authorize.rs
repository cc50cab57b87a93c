//! The authorization endpoint: opening a request for the login.

use std::{pin::pin, sync::Arc, time::Duration};

use time::OffsetDateTime;

use super::{
    AuthorizeRefusal, Browser, Decision, ParEndpoint, Parts, Pending, complete::answered, look_up::LookedUp,
    operation::Operation, pending::Ending, recent_answers::Subject, records::Opened,
};
use crate::{
    client::{Client, ClientRegistry},
    error::{Reason, Refusal},
    jar::Sender,
    observer::{Event, Stage, Step},
    protocol::{
        parameters::{Name, Parameters},
        request_uri::RequestUri,
    },
    store::RequestStore,
    validation::{Invalid, Provenance},
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Opens an authorization request: one that was pushed, by `client_id` and `request_uri`; or, where neither policy nor client
    /// demand a push, one that is spelled out in the query, or in a `request` object there (RFC 9101).
    ///
    /// `query` is the raw query of a GET, or the raw body of a POST. Beside a `request_uri` or a `request` nothing but
    /// `client_id` in it has any effect (RFC 9101 section 6.3). Opening can be repeated until the login ends, so that reloading
    /// the page does no harm; it is bounded by [`Policy::login_lifetime`](crate::Policy::login_lifetime), which [`extend`](Self::extend)
    /// prolongs.
    ///
    /// The first [`Browser`] to open a pushed request keeps it. A HEAD request should not get here: programs that look at a link
    /// before its user does would take the request for themselves.
    ///
    /// # Errors
    ///
    /// A refusal that says whether it is shown or sent to the client. A `request_uri` that is unknown, expired, spent,
    /// malformed, or of another client or browser gets the same answer. A request object that is not good is always shown:
    /// until its signature is verified, nothing in the query is known to come from the client.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, Browser, ParEndpoint, Reply};
    ///
    /// async fn approve(par: &ParEndpoint, query: &str, browser: Browser<'_>) -> Result<Reply, AuthorizeRefusal> {
    ///     let pending = par.authorize(query, browser).await?;
    ///     // ... login and consent ...
    ///     let granted = par.complete(&pending).await?;
    ///     Ok(granted.respond([("code", "your code")]).await?.into())
    /// }
    ///
    /// async fn reply(par: &ParEndpoint, query: &str, browser: Browser<'_>) -> Reply {
    ///     match approve(par, query, browser).await {
    ///         Ok(reply) => reply,
    ///         // A page of your own, with `page_status()` as its status. `Reply::from(refused)` has a plain one.
    ///         Err(refused @ AuthorizeRefusal::Page(_)) => Reply::from(refused),
    ///         // Back to the client.
    ///         Err(refused @ (AuthorizeRefusal::Redirect(_) | AuthorizeRefusal::Answered(_))) => Reply::from(refused),
    ///     }
    /// }
    /// ```
    pub async fn authorize(
        &self,
        query: &(impl AsRef<[u8]> + ?Sized),
        browser: Browser<'_>,
    ) -> Result<Pending, AuthorizeRefusal> {
        let operation = self.parts.begin(Stage::Authorize);
        operation.trace(pin!(self.authorize_in(&operation, query.as_ref(), browser))).await
    }

    async fn authorize_in(
        &self,
        operation: &Operation<'_>,
        query: &[u8],
        browser: Browser<'_>,
    ) -> Result<Pending, AuthorizeRefusal> {
        let parameters = self.read_query(operation, query)?;
        let client_id = parameters.known(Name::ClientId).map(str::to_owned);
        let (name, outcome) = match client_id {
            None => (None, Err(Reason::MissingClientId.into())),
            Some(client_id) => self.open_named(operation, client_id, parameters, browser).await,
        };
        self.opened(operation, name.as_deref(), outcome).await
    }

    fn read_query(&self, operation: &Operation<'_>, query: &[u8]) -> Result<Parameters, AuthorizeRefusal> {
        let parameters = Parameters::parse(query, &self.policy().limits);
        parameters.map_err(|error| operation.refused(None, error.into()).into())
    }

    /// Opens a pushed request for a host that has the values of `client_id` and `request_uri`, and no query. Otherwise it is as
    /// [`authorize`](Self::authorize): repeatable, and kept by the first browser.
    ///
    /// For the form that comes back, see [`Pending::to_query`].
    ///
    /// # Errors
    ///
    /// Those of [`authorize`](Self::authorize) for a `request_uri`.
    pub async fn open(
        &self,
        client_id: &str,
        request_uri: &str,
        browser: Browser<'_>,
    ) -> Result<Pending, AuthorizeRefusal> {
        let mut parameters = Parameters::default();
        parameters.push(Name::ClientId.as_str(), client_id);
        parameters.push(Name::RequestUri.as_str(), request_uri);
        let operation = self.parts.begin(Stage::Authorize);
        let work = async {
            let (name, outcome) = self.open_named(&operation, client_id.to_owned(), parameters, browser).await;
            self.opened(&operation, name.as_deref(), outcome).await
        };
        operation.trace(pin!(work)).await
    }

    /// Opens an authorization request again for the decision of its user, as [`authorize`](Self::authorize) does; and if the same
    /// browser has just made the same decision about it, gives the answer again.
    ///
    /// Call it for the form of the host's page, when it was found to come from that page and from this browser, and then
    /// [`complete`](Self::complete) or [`deny`](Self::deny). A link must not get here, so that a `request_uri` in a browser's history
    /// opens nothing.
    ///
    /// # Errors
    ///
    /// Those of [`authorize`](Self::authorize); the earlier answer ([`AuthorizeRefusal::Answered`]); or a page that says that there
    /// was one ([`Reason::AlreadyAnswered`]), where the decision was another, the answer was lost, or another node has given it. Of
    /// the last the endpoint knows by [`BindingCookies`](crate::BindingCookies) only. No other browser learns any of it.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, Browser, Decision, ParEndpoint, Reply};
    ///
    /// async fn approve(par: &ParEndpoint, form: &str, browser: Browser<'_>) -> Result<Reply, AuthorizeRefusal> {
    ///     let pending = par.authorize_decision(form, browser, Decision::Approve).await?;
    ///     let granted = par.complete(&pending).await?;
    ///     Ok(granted.respond([("code", "your code")]).await?.into())
    /// }
    /// ```
    pub async fn authorize_decision(
        &self,
        query: &(impl AsRef<[u8]> + ?Sized),
        browser: Browser<'_>,
        decision: Decision,
    ) -> Result<Pending, AuthorizeRefusal> {
        let operation = self.parts.begin(Stage::Authorize);
        operation.trace(pin!(self.authorize_decision_in(&operation, query.as_ref(), browser, decision))).await
    }

    async fn authorize_decision_in(
        &self,
        operation: &Operation<'_>,
        query: &[u8],
        browser: Browser<'_>,
        decision: Decision,
    ) -> Result<Pending, AuthorizeRefusal> {
        let parameters = self.read_query(operation, query)?;
        let client_id = parameters.known(Name::ClientId).map(str::to_owned);
        let request_uri = parameters.known(Name::RequestUri).and_then(RequestUri::parse);
        let (Some(client_id), Some(request_uri)) = (client_id, request_uri) else {
            return self.authorize_in(operation, query, browser).await;
        };
        let (name, mut outcome) = self.open_named(operation, client_id, parameters, browser).await;
        let is_over =
            |refusal: &Refusal| matches!(refusal.reason(), Reason::SpentRequestUri | Reason::UnknownRequestUri);
        if let (Some(client_id), Err(Invalid { refusal, answer: None })) = (&name, &mut outcome)
            && is_over(refusal)
        {
            for claim in self.parts.records.claims(client_id, &request_uri, browser) {
                let Some(subject) = Subject::of(&claim) else { continue };
                let Some(follower) = self.parts.recent.earlier(&subject) else { continue };
                let earlier = follower.outcome(decision).await;
                if let Some(answered) = answered(operation, earlier, client_id) {
                    return Err(answered);
                }
            }
            if refusal.reason() == Reason::SpentRequestUri && browser.has_opened() {
                *refusal = Reason::AlreadyAnswered.into();
            }
        }
        self.opened(operation, name.as_deref(), outcome).await
    }

    /// Reports what came of opening a request.
    async fn opened(
        &self,
        operation: &Operation<'_>,
        client_id: Option<&str>,
        outcome: Result<Pending, Invalid>,
    ) -> Result<Pending, AuthorizeRefusal> {
        match outcome {
            Ok(pending) => {
                if let Some(steps) = &operation.worked() {
                    operation.observe(&Event::Opened { client_id: pending.request.client_id(), steps });
                }
                Ok(pending)
            }
            Err(Invalid { refusal, answer }) => {
                let refusal = operation.refused(client_id, refusal);
                Err(self.parts.answers.refuse(operation, Invalid { refusal, answer }).await)
            }
        }
    }

    /// Opens a request, and tells the name under which its client is registered.
    async fn open_named(
        &self,
        operation: &Operation<'_>,
        client_id: String,
        parameters: Parameters,
        browser: Browser<'_>,
    ) -> (Option<String>, Result<Pending, Invalid>) {
        let start = match Start::of(&parameters) {
            Ok(start) => start,
            Err(reason) => return (Some(client_id), Err(reason.into())),
        };
        let looked_up = match self.look_up(operation, &client_id).await {
            Ok(looked_up) => looked_up,
            Err(refusal) => return (Some(client_id), Err(refusal.into())),
        };
        let name = looked_up.name(&client_id).to_owned();
        let outcome = match (start, looked_up) {
            (Start::Pushed(request_uri), LookedUp::Found(client)) => {
                self.open_pushed(operation, client, request_uri, browser).await
            }
            (Start::Pushed(_), LookedUp::Absent(absence)) => Err(absence.reason_for_request_uri().into()),
            (Start::Query, LookedUp::Found(client)) => self.open_query(operation, client, parameters, browser).await,
            (Start::Query, LookedUp::Absent(absence)) => Err(absence.reason().into()),
            (Start::ByReference, LookedUp::Found(client)) if client.must_push(self.policy()) => {
                Err(Reason::PushRequired.into())
            }
            (Start::ByReference, _) => Err(Reason::ExternalRequestUri.into()),
        };
        (Some(name), outcome)
    }

    async fn open_pushed(
        &self,
        operation: &Operation<'_>,
        client: Arc<Client>,
        request_uri: RequestUri,
        browser: Browser<'_>,
    ) -> Result<Pending, Invalid> {
        let Parts { records, validator, .. } = &*self.parts;
        // Before the store is asked, so that one that takes long does not make the first opening later than the login that follows it.
        let opened_at = self.parts.server.now();
        let opened =
            operation.time(Step::Store, pin!(records.open(&self.store, &client, &request_uri, browser))).await?;
        let Opened { stored, claim, binding, open_for, annotation, revision } = opened;
        let asked_at = before(opened_at, open_for);
        let provenance = Provenance::stored(client, stored.protection, stored.confirmation, stored.authentication_key);
        match operation.run(Step::Validation, || validator.validate(stored.parameters, provenance)) {
            Ok(request) => {
                let ending = Ending::Spend { request_uri, claim, annotation, revision };
                Ok(Pending { request, ending, request_object: None, asked_at, opened_at, binding })
            }
            Err(Invalid { refusal, answer: None }) => Err(withdrawn(refusal).into()),
            Err(invalid) => Err(invalid),
        }
    }

    async fn open_query(
        &self,
        operation: &Operation<'_>,
        client: Arc<Client>,
        parameters: Parameters,
        browser: Browser<'_>,
    ) -> Result<Pending, Invalid> {
        let Parts { objects, validator, replay, records, .. } = &*self.parts;
        let policy = self.policy();
        let refuse = |reason| Err(validator.refuse_unread(reason, &parameters, &client));
        if client.must_push(policy) {
            return refuse(Reason::PushRequired);
        }
        let object = match parameters.known(Name::Request) {
            None => None,
            Some(_) if !policy.request_parameter_supported => return refuse(Reason::RequestNotSupported),
            Some(text) => {
                // In a box, so that openings without one do not carry the room for it.
                let opened = Box::pin(objects.open(operation, text, Sender::Named(&client)));
                Some(operation.time(Step::RequestObject, opened).await?)
            }
        };
        let provenance = Provenance::in_query(&client, object.as_ref());
        let mark = object.as_ref().and_then(|object| replay.request_object(object));
        let ending = mark.map_or(Ending::Nothing, |mark| {
            let (client, browser) = records.of_query(client.client_id(), browser);
            Ending::Remember { login: replay.at_end_of_login(mark), client, browser }
        });
        let request_object = object.as_ref().and(parameters.known(Name::Request)).map(Into::into);
        let parameters = match object {
            Some(object) => object.into_parameters(),
            None => parameters.without(Name::is_for_token_endpoint),
        };
        let request = operation.run(Step::Validation, || validator.validate(parameters, provenance))?;
        let now = self.parts.server.now();
        Ok(Pending { request, ending, request_object, asked_at: now, opened_at: now, binding: 0 })
    }
}

/// The way in which a request begins.
enum Start {
    Pushed(RequestUri),
    Query,
    /// With the URL of a request object, which is never fetched.
    ByReference,
}

impl Start {
    fn of(parameters: &Parameters) -> Result<Self, Reason> {
        let Some(text) = parameters.known(Name::RequestUri) else {
            return Ok(Self::Query);
        };
        if parameters.known(Name::Request).is_some() {
            return Err(Reason::RequestAndRequestUri);
        }
        let is_url = ["https://", "http://"]
            .into_iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        match RequestUri::parse(text) {
            Some(request_uri) => Ok(Self::Pushed(request_uri)),
            None if is_url => Ok(Self::ByReference),
            None => Err(Reason::MalformedRequestUri),
        }
    }
}

/// The time so long before another, or that one where there is none.
fn before(time: OffsetDateTime, duration: Duration) -> OffsetDateTime {
    let duration = time::Duration::try_from(duration).ok();
    duration.and_then(|duration| time.checked_sub(duration)).unwrap_or(time)
}

/// The refusal of a request whose redirect URI was good at the push and has been withdrawn.
fn withdrawn(refusal: Refusal) -> Refusal {
    match refusal.reason() {
        Reason::RedirectUri(_) | Reason::MissingRedirectUri => Reason::RedirectUriWithdrawn.into(),
        _ => refusal,
    }
}
