//! The facade: the only code that awaits, and the only code that knows the order of the steps.

mod authorize;
mod builder;
mod gate;
mod metadata;
mod push;

use std::{fmt, sync::Arc};

pub use self::{
    authorize::{AuthorizeRefusal, Granted, Pending, RefusedRedirect},
    builder::{BuildError, ParEndpointBuilder},
    push::Pushed,
};
use crate::{
    client::{BoxedRegistry, Client, ClientRegistry, InMemoryRegistry},
    client_auth::{AuthenticatedClient, Presented},
    clock::Clock,
    digest::KeySpace,
    error::{Reason, Refusal},
    http::PushRequest,
    observer::{Event, Observer, Stage},
    policy::Policy,
    random::RandomSource,
    store::{BoxedStore, MemoryStore, RequestStore},
    validation::Rules,
};

/// The PAR side of one authorization server: takes pushed requests, opens them for the login, and ends each exactly once.
///
/// It is cheap to clone, and all clones are the same endpoint. Application state need not spell the types of registry and
/// store: see [`boxed`](Self::boxed).
pub struct ParEndpoint<C = InMemoryRegistry, S = MemoryStore> {
    clients: C,
    store: S,
    settings: Arc<Settings>,
}

/// A [`ParEndpoint`] without type parameters, for application state.
pub type BoxedParEndpoint = ParEndpoint<BoxedRegistry, BoxedStore>;

/// All that does not depend on the types of registry and store.
struct Settings {
    issuer: Arc<str>,
    authorization_endpoint: Box<str>,
    pushed_authorization_request_endpoint: Box<str>,
    rules: Rules,
    keys: KeySpace,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    observers: Vec<Arc<dyn Observer>>,
}

impl ParEndpoint {
    /// Starts to describe an endpoint. `issuer` is the issuer identifier of the authorization server: an https URL without
    /// query and fragment, character for character as clients know it (RFC 8414 section 2). An http URL is accepted on a
    /// loopback host only.
    pub fn builder(issuer: impl Into<String>) -> ParEndpointBuilder {
        ParEndpointBuilder::new(issuer.into())
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Authenticates the client of a request to the token endpoint, by the rules of the PAR endpoint (RFC 9126 section 2).
    /// The parameters of the request are the host's to read: [`Parameters::parse`](crate::Parameters::parse) does it strictly.
    ///
    /// # Errors
    ///
    /// A refusal, ready to be sent as the reply of the token endpoint.
    pub async fn authenticate_client(&self, request: &PushRequest<'_>) -> Result<AuthenticatedClient, Refusal> {
        let read = || {
            let mut form = gate::pass(request, &self.policy().limits)?;
            Presented::read(request, &mut form)
        };
        let presented = read().map_err(|refusal| self.settings.refused(Stage::Token, None, refusal))?;
        let outcome = self.authenticate(&presented).await;
        outcome.map_err(|refusal| self.settings.refused(Stage::Token, Some(presented.client_id()), refusal))
    }

    /// Forgets the types of registry and store, so that application state can name the endpoint as [`BoxedParEndpoint`].
    #[must_use]
    pub fn boxed(self) -> BoxedParEndpoint {
        ParEndpoint {
            clients: BoxedRegistry::new(self.clients),
            store: BoxedStore::new(self.store),
            settings: self.settings,
        }
    }

    async fn authenticate(&self, presented: &Presented) -> Result<AuthenticatedClient, Refusal> {
        let client = self.client(presented.client_id()).await?;
        let stand_in = match &client {
            Some(client) if client.is_confidential() => None,
            _ => self.clients.stand_in(),
        };
        presented.verify(client, stand_in.as_deref(), self.policy(), || self.settings.clock.now())
    }

    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, Refusal> {
        match self.clients.client(client_id).await {
            // Some databases compare without regard to case or trailing spaces.
            Ok(found) => Ok(found.filter(|client| client.client_id() == client_id)),
            Err(error) => Err(Refusal::unavailable(Reason::RegistryUnavailable, error.into_source())),
        }
    }
}

impl<C, S> ParEndpoint<C, S> {
    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.settings.rules.policy
    }

    /// The URL of the authorization endpoint.
    #[must_use]
    pub fn authorization_endpoint(&self) -> &str {
        &self.settings.authorization_endpoint
    }

    /// The URL of the PAR endpoint.
    #[must_use]
    pub fn pushed_authorization_request_endpoint(&self) -> &str {
        &self.settings.pushed_authorization_request_endpoint
    }
}

impl<C: Clone, S: Clone> Clone for ParEndpoint<C, S> {
    fn clone(&self) -> Self {
        Self { clients: self.clients.clone(), store: self.store.clone(), settings: self.settings.clone() }
    }
}

impl<C, S> fmt::Debug for ParEndpoint<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParEndpoint").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

impl Settings {
    fn observe(&self, event: &Event<'_>) {
        for observer in &self.observers {
            observer.observe(event);
        }
    }

    /// Reports a refusal on its way out.
    fn refused(&self, stage: Stage, client_id: Option<&str>, refusal: Refusal) -> Refusal {
        let reason = refusal.reason();
        let client_id = client_id.filter(|_| reason.comes_after_look_up());
        if let (Reason::SpentRequestUri, Some(client_id)) = (reason, client_id) {
            self.observe(&Event::Replayed { client_id });
        }
        self.observe(&Event::Refused { stage, reason, client_id });
        refusal
    }
}
