//! The push (RFC 9126 section 2), step by step.

use std::{fmt, time::Duration};

use super::{ParEndpoint, gate};
use crate::{
    client::ClientRegistry,
    client_auth::Presented,
    error::{Reason, Refusal},
    form::Form,
    http::{PushRequest, Reply},
    observer::{Event, Stage},
    parameters::{FOR_TOKEN_ENDPOINT, Name, Parameters},
    request_uri::RequestUri,
    store::{InsertError, NewRequest, RequestStore, record},
    validation::Arrival,
};

/// How often a new handle is drawn when the one before is taken. With 256 random bits this happens with a broken generator only.
const DRAWS: usize = 3;

/// A stored request: what the client is told about it.
///
/// `Reply::from` makes it the 201 of RFC 9126 section 2.2.
#[derive(Clone, PartialEq, Eq)]
pub struct Pushed {
    request_uri: RequestUri,
    expires_in: u32,
}

impl Pushed {
    /// `request_uri`
    #[must_use]
    pub fn request_uri(&self) -> &str {
        self.request_uri.as_str()
    }

    /// `expires_in`, in seconds
    #[must_use]
    pub fn expires_in(&self) -> u32 {
        self.expires_in
    }
}

impl fmt::Debug for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushed").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl From<Pushed> for Reply {
    fn from(pushed: Pushed) -> Self {
        // Neither value needs escaping: a URN of base64url, and a number.
        let mut body = String::with_capacity(128);
        for part in [r#"{"request_uri":""#, pushed.request_uri(), r#"","expires_in":"#] {
            body.push_str(part);
        }
        body.push_str(&pushed.expires_in.to_string());
        body.push('}');
        Self::json(201, body)
    }
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
    pub async fn push(&self, request: &PushRequest<'_>) -> Result<Pushed, Refusal> {
        let (presented, form) =
            self.read(request).map_err(|refusal| self.settings.refused(Stage::Push, None, refusal))?;
        let client_id = presented.client_id();
        match self.push_as(&presented, form).await {
            Ok(pushed) => {
                self.settings.observe(&Event::Pushed { client_id });
                Ok(pushed)
            }
            Err(refusal) => Err(self.settings.refused(Stage::Push, Some(client_id), refusal)),
        }
    }

    fn read(&self, request: &PushRequest<'_>) -> Result<(Presented, Form), Refusal> {
        if !self.policy().pushed_authorization_requests {
            return Err(Reason::PushSwitchedOff.into());
        }
        let mut form = gate::pass(request, &self.policy().limits)?;
        if form.has_seen(Name::RequestUri) {
            return Err(Reason::RequestUriPushed.into());
        }
        let presented = Presented::read(request, &mut form)?;
        Ok((presented, form))
    }

    async fn push_as(&self, presented: &Presented, form: Form) -> Result<Pushed, Refusal> {
        let authenticated = self.authenticate(presented).await?;
        if form.parameters.known(Name::Request).is_some() {
            return Err(Reason::RequestNotSupported.into());
        }
        let client = authenticated.into_client();
        let parameters = of_authorization_request(form, client.client_id());
        let request =
            self.settings.rules.validate(parameters, client, Arrival::Pushed).map_err(|invalid| invalid.refusal)?;
        self.keep(request.client_id(), request.parameters()).await
    }

    /// Stores a request under a handle that nobody can have seen before it is safely stored.
    async fn keep(&self, client_id: &str, parameters: &Parameters) -> Result<Pushed, Refusal> {
        let owner = self.settings.keys.owner(client_id);
        let payload = record::encode(parameters);
        let expires_in = self.policy().request_uri_lifetime;
        for _ in 0..DRAWS {
            let request_uri = RequestUri::mint(&*self.settings.random)
                .map_err(|error| Refusal::unavailable(Reason::RandomSource, error.into_source()))?;
            let request = NewRequest {
                key: self.settings.keys.request(request_uri.reference()),
                owner,
                payload: &payload,
                lifetime: Duration::from_secs(expires_in.into()),
                marks: &[],
            };
            match self.store.insert(request).await {
                Ok(()) => return Ok(Pushed { request_uri, expires_in }),
                Err(InsertError::Exists) => {}
                Err(InsertError::Replayed { .. }) => return Err(Reason::StoreUnavailable.into()),
                Err(InsertError::OwnerLimit { retry_after }) => {
                    return Err(Refusal::later(Reason::ClientLimit, whole_seconds(retry_after)));
                }
                Err(InsertError::Full { retry_after }) => {
                    return Err(Refusal::later(Reason::StoreFull, whole_seconds(retry_after)));
                }
                Err(InsertError::Unavailable(error)) => {
                    return Err(Refusal::unavailable(Reason::StoreUnavailable, error.into_source()));
                }
            }
        }
        Err(Reason::RandomSource.into())
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

/// Rounded up, and at least one: `Retry-After: 0` would invite a storm.
fn whole_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
