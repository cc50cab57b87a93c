//! Describing a registry of clients that are URLs.

use std::{
    fmt,
    future::Future,
    sync::{Arc, OnceLock},
};

use super::{
    ClientUrl, MetadataDocumentLimits, MetadataDocumentRegistry,
    budget::Budget,
    document::DocumentRules,
    origin::DocumentOrigin,
    registry::{Allow, Documents},
};
use crate::{
    client::{RegistryError, fetched_values::FetchedValues},
    clock::{Clock, SystemClock},
    fetch::{DocumentSource, DynDocumentSource},
};

/// Describes a [`MetadataDocumentRegistry`].
#[must_use]
pub struct MetadataDocumentRegistryBuilder {
    source: Arc<dyn DynDocumentSource>,
    limits: MetadataDocumentLimits,
    clock: Arc<dyn Clock>,
    allow: Option<Allow>,
    allow_localhost: bool,
    is_atproto: bool,
    allow_foreign_keys: bool,
}

/// Limits of metadata documents that are out of their bounds.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MetadataDocumentLimitsError(&'static str);

crate::error_text::debug_by_display!(MetadataDocumentLimitsError);

impl MetadataDocumentRegistryBuilder {
    pub(super) fn new(source: impl DocumentSource) -> Self {
        Self {
            source: Arc::new(source),
            limits: MetadataDocumentLimits::default(),
            clock: Arc::new(SystemClock),
            allow: None,
            allow_localhost: false,
            is_atproto: false,
            allow_foreign_keys: false,
        }
    }

    /// How often documents are fetched, and how long they are believed.
    pub fn limits(self, limits: MetadataDocumentLimits) -> Self {
        Self { limits, ..self }
    }

    /// Takes documents as the AT Protocol has them, and no others: with the scope `atproto`, DPoP-bound tokens, `none` or
    /// `private_key_jwt`, no port in the `client_id`, and redirect URIs that belong to the host of the `client_id`: https URLs on it, its
    /// reversed name as the scheme of a native client, or loopback addresses of one.
    pub fn atproto(self) -> Self {
        Self { is_atproto: true, ..self }
    }

    /// Takes `http://localhost` as the `client_id` of a developer's client (AT Protocol OAuth): a public client of which nothing is fetched.
    /// The parameters `redirect_uri` (any number, at `http://127.0.0.1` or `http://[::1]`, on any port) and `scope` of that URL
    /// describe it. Everybody can be such a client; what it gets stays on the machine of the user.
    pub fn allow_localhost_clients(self) -> Self {
        Self { allow_localhost: true, ..self }
    }

    /// **Danger.** Takes documents whose `jwks_uri` is on another host than their `client_id`. **A stranger who publishes documents can then have
    /// this server fetch from any host on the internet**: once for each of their documents and for each time that keys are looked for,
    /// at the same time, and beyond the budgets of [`MetadataDocumentLimits`]. Use it together with [`allow_if`](Self::allow_if).
    pub fn danger_allow_jwks_uris_of_other_hosts(self) -> Self {
        Self { allow_foreign_keys: true, ..self }
    }

    /// Takes only clients for which this returns `true`. It is asked at each look-up, so that taking a host off a list has an effect at
    /// once.
    pub fn allow_if(self, is_allowed: impl Fn(&ClientUrl) -> bool + Send + Sync + 'static) -> Self {
        self.allow(move |url| std::future::ready(Ok(is_allowed(&url))))
    }

    /// As [`allow_if`](Self::allow_if), for a host that has to ask somewhere. With an error the request is refused with
    /// `temporarily_unavailable`.
    pub fn allow<F>(mut self, is_allowed: impl Fn(ClientUrl) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<bool, RegistryError>> + Send + 'static,
    {
        self.allow = Some(Box::new(move |url| Box::pin(is_allowed(url))));
        self
    }

    /// The clock by which documents grow old. Default: the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the registry.
    ///
    /// # Errors
    ///
    /// When a limit is out of its bounds.
    pub fn build(self) -> Result<MetadataDocumentRegistry, MetadataDocumentLimitsError> {
        let Self { source, limits, clock, allow, allow_localhost, is_atproto, allow_foreign_keys } = self;
        limits.check().map_err(MetadataDocumentLimitsError)?;
        let origin = DocumentOrigin {
            source,
            budget: Budget::new(&limits, Arc::clone(&clock)),
            rules: DocumentRules { most_bytes: limits.document_bytes, is_atproto, allow_foreign_keys },
            time_limit: limits.time_limit,
        };
        let faults = OnceLock::new();
        let fetched = FetchedValues::new(origin, clock, limits.lifetimes(), limits.documents);
        Ok(MetadataDocumentRegistry(Arc::new(Documents { fetched, limits, allow, allow_localhost, faults })))
    }
}

impl fmt::Debug for MetadataDocumentRegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataDocumentRegistryBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
