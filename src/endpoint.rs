//! The facade: the only code that awaits, and the only code that knows the order of the steps.

mod attest;
mod authenticate;
mod authorize;
mod authorize_refusal;
mod builder;
mod gate;
mod metadata;
mod object;
mod pending;
mod proof;
mod push;
mod pushed;
mod record;
mod replay;

use std::{fmt, sync::Arc};

use self::replay::ReplayGuard;
pub use self::{
    authorize_refusal::{AuthorizeRefusal, RefusedRedirect},
    builder::{BuildError, ParEndpointBuilder},
    pending::{Granted, Pending},
    pushed::Pushed,
};
use crate::{
    client::{BoxedRegistry, Client, ClientRegistry, InMemoryRegistry, is_client_id, jwks::JwksCache},
    client_auth::Audiences,
    clock::Clock,
    dpop::{Nonces, TargetUri},
    error::{Reason, Refusal},
    jose::DecryptionKeys,
    observer::{Event, Observer, Stage},
    policy::Policy,
    random::RandomSource,
    store::{BoxedStore, MemoryStore, RequestStore, digest::KeySpace},
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
    token_endpoint: Option<Box<str>>,
    mtls_pushed_authorization_request_endpoint: Option<Box<str>>,
    mtls_token_endpoint: Option<Box<str>>,
    /// What pushes are known to go to, and requests for tokens: what their DPoP proofs may name.
    push_targets: Vec<TargetUri>,
    token_targets: Vec<TargetUri>,
    attestation: attest::AttestationSettings,
    /// Where the policy demands nonces, or challenges, which are the same.
    nonces: Option<Nonces>,
    rules: Rules,
    decryption_keys: Option<DecryptionKeys>,
    jwks: JwksCache,
    keys: Arc<KeySpace>,
    replay: ReplayGuard,
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
    /// Forgets the types of registry and store, so that application state can name the endpoint as [`BoxedParEndpoint`].
    #[must_use]
    pub fn boxed(self) -> BoxedParEndpoint {
        ParEndpoint {
            clients: BoxedRegistry::new(self.clients),
            store: BoxedStore::new(self.store),
            settings: self.settings,
        }
    }

    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, Refusal> {
        // What cannot be registered never reaches the host's database.
        if client_id.len() > self.policy().limits.client_id || !is_client_id(client_id) {
            return Ok(None);
        }
        match self.clients.client(client_id).await {
            // Some databases compare without regard to case or trailing spaces.
            Ok(found) => Ok(found.filter(|client| client.client_id() == client_id)),
            Err(error) => Err(Refusal::unavailable(Reason::RegistryUnavailable, error)),
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
    /// Where pushes go: the endpoint, and its alias for clients with certificates.
    fn push_urls(&self) -> [Option<&str>; 2] {
        let alias = self.mtls_pushed_authorization_request_endpoint.as_deref();
        [Some(&self.pushed_authorization_request_endpoint), alias]
    }

    /// The same for the token endpoint of the host.
    fn token_urls(&self) -> [Option<&str>; 2] {
        [self.token_endpoint.as_deref(), self.mtls_token_endpoint.as_deref()]
    }

    /// Who an assertion of this client may be meant for.
    fn audiences(&self, client: &Client) -> Audiences<'_> {
        let legacy = self.rules.policy.danger_allow_legacy_assertion_audience || client.allows_legacy_audience();
        let endpoints = [self.token_urls(), self.push_urls()];
        Audiences { issuer: &self.issuer, endpoints: legacy.then_some(endpoints) }
    }

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
