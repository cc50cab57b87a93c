//! The authorization endpoint's side: opening a request for the login, and ending it exactly once.

use std::{sync::Arc, time::Duration};

use super::{AuthorizeRefusal, Granted, ParEndpoint, Pending, RefusedRedirect, Settings, pending::Ending, record};
use crate::{
    client::ClientRegistry,
    error::{DenialCode, Reason, Refusal},
    jar::Sender,
    observer::{Event, Stage},
    protocol::{
        parameters::{Name, Parameters},
        request_uri::RequestUri,
    },
    response::{AuthorizationResponse, answer::Answer, target::Target},
    store::{Claim, ClaimError, RequestStore},
    validation::{Invalid, Provenance, request::AuthorizationRequest},
};

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Opens an authorization request: one that was pushed, by `client_id` and `request_uri`, or where nobody demands a push
    /// one that is spelled out in the query, or in there as a `request` object (RFC 9101).
    ///
    /// `query` is the raw query of a GET, or the raw body of a POST. Beside a `request_uri` or a `request` nothing but
    /// `client_id` in it has any effect (RFC 9101 section 6.3). Opening can be repeated until the login ends, so that reloading the page does no
    /// harm; it is bounded by [`Policy::login_lifetime`](crate::Policy::login_lifetime).
    ///
    /// `browser` is what the host recognizes a browser by: the value of a cookie that it sets, random and its own (not the whole
    /// `Cookie` header). The first browser to open a request keeps it. Without one, or with an empty one, whoever has the `request_uri` can go on with the login. A HEAD request should not get
    /// here: programs that look at a link before its user does would take the request for themselves.
    ///
    /// # Errors
    ///
    /// A refusal that says whether it is shown or sent to the client. A `request_uri` that is unknown, expired, spent,
    /// malformed, or of another client or browser gets the same answer. A request object that is not good is always shown:
    /// until its signature is verified, nothing in the query is known to come from the client.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, ParEndpoint, Reply};
    ///
    /// async fn approve(par: &ParEndpoint, query: &str, browser: &str) -> Reply {
    ///     match par.authorize(query, Some(browser)).await {
    ///         Ok(pending) => match par.complete(&pending).await {
    ///             Ok(granted) => granted.respond([("code", "your code")]).into(),
    ///             Err(refused) => refused.into(),
    ///         },
    ///         // A page of your own, with `page_status()` as its status. `Reply::from(refused)` has a plain one.
    ///         Err(refused @ AuthorizeRefusal::Page(_)) => Reply::from(refused),
    ///         // Back to the client.
    ///         Err(refused @ AuthorizeRefusal::Redirect(_)) => Reply::from(refused),
    ///     }
    /// }
    /// ```
    pub async fn authorize(
        &self,
        query: &(impl AsRef<[u8]> + ?Sized),
        browser: Option<&str>,
    ) -> Result<Pending, AuthorizeRefusal> {
        let parameters = Parameters::parse(query.as_ref(), &self.policy().limits)
            .map_err(|refusal| self.settings.refused(Stage::Authorize, None, refusal))?;
        let client_id = parameters.known(Name::ClientId).map(str::to_owned);
        let outcome = match &client_id {
            None => Err(AuthorizeRefusal::Page(Reason::MissingClientId.into())),
            Some(client_id) => self.open(client_id, parameters, browser).await,
        };
        match outcome {
            Ok(pending) => {
                self.settings.observe(&Event::Opened { client_id: pending.request.client_id() });
                Ok(pending)
            }
            Err(refused) => {
                self.settings.refused(Stage::Authorize, client_id.as_deref(), refused.refusal().clone());
                Err(refused)
            }
        }
    }

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
        self.settings.observe(&Event::Completed { client_id: pending.request.client_id() });
        Ok(Granted { request: pending.request.clone(), target: pending.target.clone() })
    }

    /// Ends an authorization without success. It spends the request as [`complete`](Self::complete) does, and gives the error
    /// response for the client.
    ///
    /// # Errors
    ///
    /// A refusal to be shown, when the request was ended before.
    pub async fn deny(&self, pending: &Pending, error: DenialCode) -> Result<AuthorizationResponse, AuthorizeRefusal> {
        self.spend(pending).await?;
        self.settings.observe(&Event::Denied { client_id: pending.request.client_id(), error });
        Ok(pending.target.refuse(error.as_str(), None))
    }

    async fn open(
        &self,
        client_id: &str,
        parameters: Parameters,
        browser: Option<&str>,
    ) -> Result<Pending, AuthorizeRefusal> {
        match (parameters.known(Name::RequestUri), parameters.known(Name::Request)) {
            (None, _) => self.open_query(client_id, parameters).await,
            (Some(_), Some(_)) => Err(Refusal::from(Reason::RequestAndRequestUri).into()),
            (Some(text), None) => match RequestUri::parse(text) {
                Some(request_uri) => self.open_pushed(client_id, request_uri, browser).await,
                None => Err(self.refuse_foreign(client_id, text).await.into()),
            },
        }
    }

    async fn open_pushed(
        &self,
        client_id: &str,
        request_uri: RequestUri,
        browser: Option<&str>,
    ) -> Result<Pending, AuthorizeRefusal> {
        let settings = &self.settings;
        let client = self.client(client_id).await?.ok_or_else(|| Refusal::from(Reason::RequestUriOfUnknownClient))?;
        let browser = browser.filter(|binding| !binding.is_empty()).map(|binding| settings.keys.browser(binding));
        let key = settings.keys.request(request_uri.reference());
        let claim = Claim { browser, ..Claim::new(key, settings.keys.owner(client_id)) };
        let login_lifetime = Duration::from_secs(self.policy().login_lifetime.into());
        let payload = self.store.claim(claim, login_lifetime).await.map_err(not_claimed)?;
        let (parameters, protection, confirmation) =
            record::decode(&payload).ok_or_else(|| Refusal::from(Reason::UnreadableRecord))?;
        // The store has compared the owner; this holds even against one that mixes records up.
        if parameters.known(Name::ClientId) != Some(client_id) {
            return Err(Refusal::from(Reason::ForeignRequestUri).into());
        }
        match settings.rules.validate(parameters, Provenance::stored(client, protection, confirmation)) {
            Ok(request) => Ok(self.pending(request, Ending::Spend { request_uri, claim })),
            Err(Invalid { refusal, answer: None }) => Err(withdrawn(refusal).into()),
            Err(invalid) => Err(self.invalid(invalid)),
        }
    }

    async fn open_query(&self, client_id: &str, parameters: Parameters) -> Result<Pending, AuthorizeRefusal> {
        let policy = self.policy();
        let client = self.client(client_id).await?.ok_or_else(|| Refusal::from(Reason::UnknownClient))?;
        let settings = &self.settings;
        let rules = &settings.rules;
        let refuse = |reason| Err(self.invalid(rules.refuse_unread(reason, &parameters, &client)));
        if client.must_push(policy) {
            return refuse(Reason::PushRequired);
        }
        let object = match parameters.known(Name::Request) {
            None => None,
            Some(_) if !policy.request_parameter_supported => return refuse(Reason::RequestNotSupported),
            Some(text) => Some(self.open_object(text, Sender::Named(&client)).await?),
        };
        let provenance = Provenance::in_query(&client, object.as_ref());
        let mark = object.as_ref().and_then(|object| settings.replay.request_object(object));
        let ending = mark.map_or(Ending::Nothing, |mark| Ending::Remember(settings.replay.at_end_of_login(mark)));
        let parameters = match object {
            Some(object) => object.into_parameters(),
            None => parameters.without(Name::is_for_token_endpoint),
        };
        match rules.validate(parameters, provenance) {
            Ok(request) => Ok(self.pending(request, ending)),
            Err(invalid) => Err(self.invalid(invalid)),
        }
    }

    /// What is wrong with a `request_uri` that this library did not mint. By reference means a fetch, which never happens.
    async fn refuse_foreign(&self, client_id: &str, request_uri: &str) -> Refusal {
        let by_reference = ["https://", "http://"]
            .into_iter()
            .any(|scheme| request_uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        if !by_reference {
            return Reason::MalformedRequestUri.into();
        }
        match self.client(client_id).await {
            Ok(Some(client)) if client.must_push(self.policy()) => Reason::PushRequired.into(),
            Ok(_) => Reason::ExternalRequestUri.into(),
            Err(refusal) => refusal,
        }
    }

    fn invalid(&self, invalid: Invalid) -> AuthorizeRefusal {
        match invalid.answer {
            Some(answer) => AuthorizeRefusal::Redirect(Box::new(RefusedRedirect {
                refusal: invalid.refusal,
                target: self.target(*answer),
            })),
            None => AuthorizeRefusal::Page(invalid.refusal),
        }
    }

    fn pending(&self, request: AuthorizationRequest, ending: Ending) -> Pending {
        let target = self.target(Answer {
            redirect_uri: request.redirect_uri().clone(),
            mode: request.response_mode(),
            state: request.state().map(Into::into),
            client: Arc::clone(request.shared_client()),
        });
        Pending { request, ending, target }
    }

    fn target(&self, answer: Answer) -> Target {
        let Settings { issuer, rules, clock, .. } = &*self.settings;
        let (signer, clock) = (rules.response_signer.clone(), Arc::clone(clock));
        Target { answer, issuer: Arc::clone(issuer), signer, clock }
    }

    async fn spend(&self, pending: &Pending) -> Result<(), AuthorizeRefusal> {
        let client_id = pending.request.client_id();
        let outcome = match &pending.ending {
            Ending::Nothing => Ok(()),
            Ending::Spend { claim, .. } => {
                let remembered_for = Duration::from_secs(self.policy().spent_lifetime.into());
                self.store.consume(*claim, remembered_for).await.map_err(not_claimed)
            }
            Ending::Remember(login) => {
                self.settings.replay.end_login(&self.store, pending.request.client(), *login).await
            }
        };
        outcome.map_err(|refusal| self.settings.refused(Stage::Complete, Some(client_id), refusal).into())
    }
}

/// A redirect URI was good at the push: if it is not any more, the whole request is not.
fn withdrawn(refusal: Refusal) -> Refusal {
    match refusal.reason() {
        Reason::RedirectUri(_) | Reason::MissingRedirectUri => Reason::RedirectUriWithdrawn.into(),
        _ => refusal,
    }
}

fn not_claimed(error: ClaimError) -> Refusal {
    match error {
        ClaimError::Unknown => Reason::UnknownRequestUri.into(),
        ClaimError::Spent => Reason::SpentRequestUri.into(),
        ClaimError::OtherOwner => Reason::ForeignRequestUri.into(),
        ClaimError::OtherBrowser => Reason::OtherBrowser.into(),
        ClaimError::Unreadable => Reason::UnreadableRecord.into(),
        ClaimError::Unavailable(error) => Refusal::unavailable(Reason::StoreUnavailable, error),
    }
}
