//! The public keys of clients, wherever they are: registered, or at a `jwks_uri`.

use std::{pin::pin, sync::Arc};

use super::{build_error::BuildError, operation::Operation, server::Server};
use crate::{
    client::{
        Client, Credential, KeySource,
        jwks::{DynJwksSource, JwksCache, JwksCacheLimits, Lookup, NoSource},
    },
    jose::{TokenFault, VerificationKeys},
    observer::{Event, Step},
};

/// Finds the keys that a client has registered, and fetches those that it publishes.
pub(super) struct ClientKeys {
    cache: JwksCache,
    has_source: bool,
}

/// The source of the keys at a `jwks_uri`, and how often it is asked.
#[derive(Default)]
pub(super) struct GivenJwksSource {
    pub(super) source: Option<Arc<dyn DynJwksSource>>,
    pub(super) limits: JwksCacheLimits,
    /// The cache in their place, if it is shared.
    pub(super) shared: Option<JwksCache>,
}

impl GivenJwksSource {
    pub(super) fn build(self, server: &Server) -> Result<ClientKeys, BuildError> {
        let has_source = self.source.is_some() || self.shared.is_some();
        let source = self.source.unwrap_or_else(|| Arc::new(NoSource));
        let own = || JwksCache::of(source, Arc::clone(&server.clock), self.limits);
        let cache = self.shared.unwrap_or_else(own);
        cache.check().map_err(BuildError::JwksCache)?;
        Ok(ClientKeys { cache, has_source })
    }
}

impl ClientKeys {
    /// Tries the keys of a client, and newer ones if the known ones do not do and there `may_be_new` ones.
    pub(super) async fn attempt<'c, T>(
        &self,
        operation: &Operation<'_>,
        source: Credential<'c, &KeySource>,
        attempt: impl Fn(Credential<'c, &VerificationKeys>) -> Result<T, TokenFault>,
        may_be_new: impl Fn(TokenFault) -> bool,
    ) -> Result<T, TokenFault> {
        let uri = match source.value() {
            KeySource::Registered(keys) => return attempt(source.resolved(keys)),
            KeySource::Uri(uri) => uri,
        };
        let client = source.client();
        let lookup = operation.time(Step::Keys, pin!(self.cache.get(uri))).await;
        let keys = found(operation, client, uri, lookup).ok_or(TokenFault::KeysUnavailable)?;
        let outcome = attempt(source.resolved(&keys));
        if outcome.as_ref().is_err_and(|fault| may_be_new(*fault))
            && let lookup = operation.time(Step::Keys, pin!(self.cache.newer(uri, &keys))).await
            && let Some(newer) = found(operation, client, uri, lookup)
        {
            return attempt(source.resolved(&newer));
        }
        outcome
    }

    /// Returns `true` if keys at URLs can be fetched.
    pub(super) fn has_source(&self) -> bool {
        self.has_source
    }

    /// Returns `true` if both take keys at URLs from the same cache.
    pub(super) fn is_shared_with(&self, other: &Self) -> bool {
        self.cache.is_same(&other.cache)
    }
}

/// The keys that were found, and a report of a fetch.
fn found(operation: &Operation<'_>, client: &Client, uri: &str, lookup: Lookup) -> Option<Arc<VerificationKeys>> {
    let client_id = client.client_id();
    match lookup {
        Lookup::Known(keys) => Some(keys),
        Lookup::Fetched(keys) => {
            operation.observe(&Event::KeysFetched { client_id, usable: keys.len(), skipped: keys.skipped() });
            Some(keys)
        }
        Lookup::Unavailable => None,
        Lookup::Failed { error, stale } => {
            let stale_keys = stale.is_some();
            operation.observe(&Event::KeysNotFetched { client_id, uri, error: &error, stale: stale_keys });
            stale
        }
    }
}

/// Tells the faults of a token that is perhaps signed with a new key: a sender that names no key may have one.
pub(super) fn may_be_by_new_key(names_key: bool) -> impl Fn(TokenFault) -> bool {
    move |fault| fault == TokenFault::NoKey || (fault == TokenFault::Signature && !names_key)
}
