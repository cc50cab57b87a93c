//! The push (RFC 9126 section 2), step by step.

use std::time::Duration;

use super::{
    ParEndpoint, Pushed,
    authenticate::{Authenticated, not_stored},
    gate, proof, record,
};
use crate::{
    client::{Client, ClientRegistry},
    client_auth::Presented,
    dpop::{Proven, Purpose},
    error::{Reason, Refusal},
    http::{FormRequest, form::Form},
    jose::TokenFault,
    observer::{Event, Stage},
    protocol::{
        parameters::{FOR_TOKEN_ENDPOINT, Name, Parameters},
        protection::Protection,
        request_uri::RequestUri,
    },
    store::{InsertError, NewRequest, RecordKey, ReplayMark, RequestStore},
    validation::{Arrival, Provenance, request::AuthorizationRequest},
};

/// How often a new handle is drawn when the one before is taken. With 256 random bits this happens with a broken generator only.
const DRAWS: usize = 3;

/// A request on its way in.
struct Submission {
    parameters: Parameters,
    protection: Protection,
    /// When the request object it came in is over, in seconds since 1970.
    expires_at: Option<i64>,
    mark: Option<ReplayMark>,
}

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
        let Authenticated { client, mark, proof_key } = self.authenticate(presented).await?;
        // Only now: anybody can make up keys and signatures, and have the server verify them.
        let purpose = Purpose::new(request.method, &self.settings.push_targets);
        let proven = self.proved(request.dpop, &purpose, proof_key)?;
        let client = client.with_dpop_key(proven.as_ref().map(Proven::thumbprint));
        let confirmation = client.confirmation();
        let client = client.into_client();
        let submission = self.submission(form, &client).await?;
        let Submission { parameters, protection, expires_at, mark: object_mark } = submission;
        let rules = &self.settings.rules;
        let provenance = Provenance { arrival: Arrival::Pushed, protection, confirmation };
        let request = rules.validate(parameters, provenance, client).map_err(|invalid| invalid.refusal)?;
        let once = [
            (mark, presented.replayed()),
            (proven.as_ref().map(|proven| self.proof_mark(proven)), proof::REPLAYED),
            (object_mark, Reason::RequestObject(TokenFault::Replayed)),
            (self.challenge_mark(&request), Reason::CodeChallengeReused),
        ];
        self.keep(&request, self.lifetime(expires_at)?, &once).await
    }

    /// What is pushed: plain parameters, or those of a request object, which is then the only source of them.
    async fn submission(&self, form: Form, client: &Client) -> Result<Submission, Refusal> {
        let Some(text) = form.parameters.known(Name::Request) else {
            let parameters = of_authorization_request(form, client.client_id());
            return Ok(Submission { parameters, protection: Protection::Plain, expires_at: None, mark: None });
        };
        if !self.policy().request_parameter_supported {
            return Err(Reason::RequestNotSupported.into());
        }
        let object = self.open_object(text, client, client.is_confidential()).await?;
        let beside = |(name, _): (&str, &str)| !matches!(Name::of(name), Some(Name::Request | Name::ClientId));
        if form.parameters.iter().any(beside) {
            return Err(Reason::BesideRequest.into());
        }
        Ok(Submission {
            mark: self.object_mark(client, &object),
            parameters: object.parameters,
            protection: object.protection,
            expires_at: object.expires_at,
        })
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

    /// What must be new about the challenge of a pushed request, where challenges are remembered.
    fn challenge_mark(&self, request: &AuthorizationRequest) -> Option<ReplayMark> {
        let memory = self.policy().code_challenge_memory;
        let challenge = request.code_challenge().filter(|_| memory > 0)?;
        let key = self.settings.keys.code_challenge(request.client_id(), challenge.as_str());
        Some(ReplayMark { key, lifetime: Duration::from_secs(memory.into()) })
    }

    /// Stores a request, together with the marks that make it one of a kind, under a handle that nobody can have seen before it
    /// is safely stored.
    async fn keep(
        &self,
        request: &AuthorizationRequest,
        expires_in: u32,
        once: &[(Option<ReplayMark>, Reason)],
    ) -> Result<Pushed, Refusal> {
        let marks: Vec<ReplayMark> = once.iter().filter_map(|(mark, _)| *mark).collect();
        let owner = self.settings.keys.owner(request.client_id());
        let payload = record::encode(request.parameters(), request.protection(), request.confirmation());
        for _ in 0..DRAWS {
            let request_uri = RequestUri::mint(&*self.settings.random)
                .map_err(|error| Refusal::unavailable(Reason::RandomSource, error.into_source()))?;
            let request = NewRequest {
                key: self.settings.keys.request(request_uri.reference()),
                owner,
                payload: &payload,
                lifetime: Duration::from_secs(expires_in.into()),
                marks: &marks,
            };
            match self.store.insert(request).await {
                Ok(()) => return Ok(Pushed { request_uri, expires_in, dpop_nonce: self.dpop_nonce() }),
                Err(InsertError::Exists) => {}
                Err(InsertError::Refused(refusal)) => return Err(not_stored(refusal, |known| replayed(once, known))),
            }
        }
        Err(Reason::RandomSource.into())
    }
}

/// What it means that one of the marks is known. A store that names none of them can only mean one that was there.
fn replayed(once: &[(Option<ReplayMark>, Reason)], known: RecordKey) -> Reason {
    let named = once.iter().find(|(mark, _)| mark.is_some_and(|mark| mark.key == known));
    let brought = || once.iter().rfind(|(mark, _)| mark.is_some());
    named.or_else(brought).map_or(Reason::StoreUnavailable, |(_, reason)| *reason)
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
