//! The facade: it knows the order of the steps, one list for each endpoint. The parts know the steps.

mod answers;
mod attest;
mod authenticate;
mod authenticator;
mod authorize;
mod authorize_refusal;
#[cfg(feature = "axum")]
mod axum_responses;
mod binding_cookies;
mod browser;
mod build_error;
mod builder;
mod challenge;
mod claimed;
mod client_keys;
mod code_binding;
mod complete;
#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
mod cost_of_refusals;
#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
mod counted_store;
mod gate;
mod host_rules;
mod issued_nonces;
mod lint;
mod login;
mod look_up;
mod metadata;
#[cfg(feature = "tower")]
mod metadata_service;
mod object;
mod observers;
mod one_issuer;
mod operation;
mod outage;
mod owner;
mod parts;
mod pending;
mod proof;
mod push;
#[cfg(feature = "tower")]
mod push_service;
mod pushed;
mod ready;
mod recent_answers;
mod record;
mod records;
mod refuse_token;
mod replay;
mod resource;
mod respond;
mod server;
mod settings;
#[cfg(feature = "tracing")]
mod spans;
mod urls;
mod visit;
mod with;

use std::{fmt, sync::Arc};

use self::parts::Parts;
pub use self::{
    authorize_refusal::{AuthorizeRefusal, EarlierAnswer, RefusedRedirect},
    binding_cookies::{BindingCookie, BindingCookies},
    browser::{Browser, EmptyBinding},
    build_error::BuildError,
    builder::ParEndpointBuilder,
    code_binding::CodeBinding,
    login::AnnotateRefusal,
    pending::{Granted, Pending},
    pushed::Pushed,
    recent_answers::Decision,
    settings::SettingsComparison,
    visit::{Login, Visit},
};
#[cfg(feature = "tower")]
pub use self::{metadata_service::MetadataService, push_service::PushService};
use crate::{
    client::{BoxedRegistry, ClientRegistry, InMemoryRegistry},
    policy::Policy,
    store::{BoxedStore, MemoryStore, RequestStore},
};

/// The PAR side of one authorization server: takes pushed requests, opens them for the login, and ends each exactly once.
///
/// It is cheap to clone, and all clones are the same endpoint. Application state need not spell the types of registry and
/// store: see [`boxed`](Self::boxed).
pub struct ParEndpoint<C = InMemoryRegistry, S = MemoryStore> {
    clients: C,
    store: S,
    /// `true` if the host may undo what the store does.
    is_provisional: bool,
    parts: Arc<Parts>,
}

/// A [`ParEndpoint`] without type parameters, for application state.
pub type BoxedParEndpoint = ParEndpoint<BoxedRegistry, BoxedStore>;

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
    pub fn boxed(self) -> BoxedParEndpoint
    where
        C: 'static,
        S: 'static,
    {
        ParEndpoint {
            clients: BoxedRegistry::new(self.clients),
            store: BoxedStore::new(self.store),
            is_provisional: self.is_provisional,
            parts: self.parts,
        }
    }
}

impl<C, S> ParEndpoint<C, S> {
    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.parts.server.issuer
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.parts.server.policy
    }

    /// The URL of the authorization endpoint.
    #[must_use]
    pub fn authorization_endpoint(&self) -> &str {
        &self.parts.urls.authorization
    }

    /// The URL of the PAR endpoint.
    #[must_use]
    pub fn pushed_authorization_request_endpoint(&self) -> &str {
        &self.parts.urls.pushed_authorization_request.url
    }
}

impl<C: Clone, S: Clone> Clone for ParEndpoint<C, S> {
    fn clone(&self) -> Self {
        Self {
            clients: self.clients.clone(),
            store: self.store.clone(),
            is_provisional: self.is_provisional,
            parts: Arc::clone(&self.parts),
        }
    }
}

impl<C, S> fmt::Debug for ParEndpoint<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParEndpoint").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}
