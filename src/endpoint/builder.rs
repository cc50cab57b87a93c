//! Describing an endpoint. Every mistake surfaces in [`ParEndpointBuilder::build`], before the first request.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};
use url::{Host, Url};

use super::{ParEndpoint, Settings, attest::AttestationSettings, replay::ReplayGuard};
use crate::{
    client::{
        Client, ClientRegistry, InMemoryRegistry,
        jwks::{DynJwksSource, JwksCache, JwksCacheLimits, JwksSource, NoSource},
    },
    client_auth::attesters::AttesterKeys,
    clock::{Clock, SystemClock},
    dpop::{Nonces, TargetUri},
    error::Rejection,
    error_text::debug_by_display,
    jose::DecryptionKeys,
    observer::Observer,
    policy::{Policy, PolicyError},
    random::{RandomSource, SystemRandom},
    response::signer::ResponseSigner,
    store::{MemoryStore, RequestStore, digest::KeySpace},
    validation::{RequestRule, Rules},
};

/// Describes a [`ParEndpoint`].
#[must_use]
pub struct ParEndpointBuilder<C = InMemoryRegistry, S = MemoryStore> {
    clients: Option<C>,
    store: S,
    draft: Draft,
}

/// What does not depend on the types of registry and store.
struct Draft {
    issuer: String,
    authorization_endpoint: Option<String>,
    pushed_authorization_request_endpoint: Option<String>,
    token_endpoint: Option<String>,
    mtls_pushed_authorization_request_endpoint: Option<String>,
    mtls_token_endpoint: Option<String>,
    attestation: AttestationSettings,
    dpop_nonce_key: Option<[u8; 32]>,
    replaced_dpop_nonce_keys: Vec<[u8; 32]>,
    decryption_keys: Option<DecryptionKeys>,
    jwks_source: Arc<dyn DynJwksSource>,
    jwks_limits: JwksCacheLimits,
    rules: Rules,
    repeated_detail_type: Option<String>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    observers: Vec<Arc<dyn Observer>>,
}

/// Why an endpoint cannot be built. `Display` names the setting in one line.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The issuer cannot be one.
    #[error(
        "issuer: must be an https URL, or an http one on a loopback host, without user information, query and fragment"
    )]
    Issuer,
    /// The URL of an endpoint cannot be one. That of the PAR endpoint has no query either, and has to be given when the
    /// authorization endpoint has one.
    #[error(
        "{0}: must be an https URL, or an http one on a loopback host, without user information and fragment, and without \
         query if pushes go there"
    )]
    Endpoint(&'static str),
    /// A type of `authorization_details` was given two checks.
    #[error("authorization_details_type: {0:?} is there twice")]
    DuplicateDetailType(String),
    /// The policy contradicts itself or leaves its bounds.
    #[error("policy.{0}")]
    Policy(#[from] PolicyError),
    /// The times or the size of the cache of JWK sets.
    #[error("jwks_cache.{0}")]
    JwksCache(&'static str),
    /// The policy requires signed responses, and nobody signs them; or there is a signer without an algorithm.
    #[error("response_signer: {0}")]
    ResponseSigner(&'static str),
    /// The policy offers authentication by attestation, and nobody says which attesters are trusted.
    #[error("attester_keys: were not given, and policy.token_endpoint_auth_methods_supported needs them")]
    AttesterKeys,
    /// A challenge endpoint was given, and the policy demands no challenges.
    #[error("challenge_endpoint: needs policy.client_attestation.require_challenge")]
    UnusedChallengeEndpoint,
    /// No key could be drawn for the nonces of DPoP proofs, or the challenges of attested clients.
    #[error("random: the source failed, and the policy demands nonces, which need a key")]
    Random,
    /// No registry was given.
    #[error("clients: no client registry was given")]
    Clients,
}

debug_by_display!(BuildError);

impl ParEndpointBuilder {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            clients: None,
            store: MemoryStore::default(),
            draft: Draft {
                issuer,
                authorization_endpoint: None,
                pushed_authorization_request_endpoint: None,
                token_endpoint: None,
                mtls_pushed_authorization_request_endpoint: None,
                mtls_token_endpoint: None,
                attestation: AttestationSettings::default(),
                dpop_nonce_key: None,
                replaced_dpop_nonce_keys: Vec::new(),
                decryption_keys: None,
                jwks_source: Arc::new(NoSource),
                jwks_limits: JwksCacheLimits::default(),
                rules: Rules::default(),
                repeated_detail_type: None,
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
                observers: Vec::new(),
            },
        }
    }
}

impl<C, S> ParEndpointBuilder<C, S> {
    /// The URL of the authorization endpoint. Default: the issuer and `/authorize`.
    pub fn authorization_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.authorization_endpoint = Some(url.into());
        self
    }

    /// The URL of the PAR endpoint. Default: the authorization endpoint and `/par`.
    pub fn pushed_authorization_request_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.pushed_authorization_request_endpoint = Some(url.into());
        self
    }

    /// The URL of the host's token endpoint: for the metadata, for the DPoP proofs that come to it, and for clients with
    /// [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience).
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.token_endpoint = Some(url.into());
        self
    }

    /// Another URL of the PAR endpoint, where the host asks for client certificates (RFC 8705 section 5), for the metadata.
    pub fn mtls_pushed_authorization_request_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.mtls_pushed_authorization_request_endpoint = Some(url.into());
        self
    }

    /// The same for the token endpoint.
    pub fn mtls_token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.mtls_token_endpoint = Some(url.into());
        self
    }

    /// Who knows which attesters may vouch for clients, and their keys. See [`attesters`](crate::attesters).
    pub fn attester_keys(mut self, keys: impl AttesterKeys) -> Self {
        self.draft.attestation.keys = Some(Box::new(keys));
        self
    }

    /// The URL at which the host answers with [`ParEndpoint::challenge_reply`], for the metadata.
    pub fn challenge_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.attestation.challenge_endpoint = Some(url.into().into());
        self
    }

    /// The key of the nonces of DPoP proofs ([`require_dpop_nonce`](crate::Policy::require_dpop_nonce)), and of the challenges
    /// for attested clients, which are made alike: 32 random bytes, the same on all nodes. Without one each process draws its
    /// own, and knows only its own nonces.
    pub fn dpop_nonce_key(mut self, key: [u8; 32]) -> Self {
        self.draft.dpop_nonce_key = Some(key);
        self
    }

    /// A key whose nonces are accepted and not handed out, to replace one without refusing anybody. See
    /// [`Nonces::new`](crate::dpop::Nonces::new).
    pub fn replaced_dpop_nonce_key(mut self, key: [u8; 32]) -> Self {
        self.draft.replaced_dpop_nonce_keys.push(key);
        self
    }

    /// The private keys to which clients encrypt request objects. Publish
    /// [`DecryptionKeys::public_jwks`] at the host's `jwks_uri`.
    pub fn decryption_keys(mut self, keys: DecryptionKeys) -> Self {
        self.draft.decryption_keys = Some(keys);
        self
    }

    /// Fetches the keys of clients that have registered a `jwks_uri`. Without a source such clients cannot use theirs.
    pub fn jwks_source(mut self, source: impl JwksSource) -> Self {
        self.draft.jwks_source = Arc::new(source);
        self
    }

    /// Signs responses, which makes the response modes with a signature (JARM) available. Without a signer they are refused.
    pub fn response_signer(mut self, signer: impl ResponseSigner) -> Self {
        self.draft.rules.response_signer = Some(Arc::new(signer));
        self
    }

    /// How often those keys are fetched, and how long they are believed.
    pub fn jwks_cache(mut self, limits: JwksCacheLimits) -> Self {
        self.draft.jwks_limits = limits;
        self
    }

    /// The policy. Default: [`Policy::oauth`].
    pub fn policy(mut self, policy: Policy) -> Self {
        self.draft.rules.policy = policy;
        self
    }

    /// Where clients are looked up.
    pub fn clients<C2: ClientRegistry>(self, clients: C2) -> ParEndpointBuilder<C2, S> {
        ParEndpointBuilder { clients: Some(clients), store: self.store, draft: self.draft }
    }

    /// Where pushed requests are kept. Default: a [`MemoryStore`].
    pub fn store<S2: RequestStore>(self, store: S2) -> ParEndpointBuilder<C, S2> {
        ParEndpointBuilder { clients: self.clients, store, draft: self.draft }
    }

    /// Makes a type of `authorization_details` known, with the check for its objects (RFC 9396 section 5). Types that are not
    /// known are refused.
    ///
    /// ```
    /// use parjar::{Client, ErrorCode, ParEndpoint, Rejection};
    /// use serde_json::{Map, Value};
    ///
    /// const NO_AMOUNT: Rejection =
    ///     Rejection::new(ErrorCode::InvalidAuthorizationDetails, "payment_without_amount", "the payment has no amount");
    ///
    /// let builder = ParEndpoint::builder("https://as.example.com").authorization_details_type(
    ///     "payment_initiation",
    ///     |_client: &Client, detail: &Map<String, Value>| detail.get("amount").map(|_| ()).ok_or(NO_AMOUNT),
    /// );
    /// ```
    pub fn authorization_details_type(
        mut self,
        name: impl Into<String>,
        check: impl Fn(&Client, &Map<String, Value>) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        if self.draft.rules.detail_types.insert(name.clone().into_boxed_str(), Arc::new(check)).is_some() {
            self.draft.repeated_detail_type = Some(name);
        }
        self
    }

    /// Adds a rule of the host's own. Rules run last, in the order in which they were added.
    pub fn rule(mut self, rule: impl RequestRule) -> Self {
        self.draft.rules.host.push(Arc::new(rule));
        self
    }

    /// Adds an observer.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.draft.observers.push(Arc::new(observer));
        self
    }

    /// Takes dates from another clock than the system's. The store has a clock of its own: see
    /// [`MemoryStore::with_clock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.draft.clock = Arc::new(clock);
        self
    }

    /// Draws handles from another source than the system's generator. **Whoever can guess its output can take over
    /// logins.** For tests, and for hardware generators.
    pub fn random(mut self, random: impl RandomSource) -> Self {
        self.draft.random = Arc::new(random);
        self
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpointBuilder<C, S> {
    /// Checks everything and builds the endpoint.
    ///
    /// # Errors
    ///
    /// The first mistake that was found.
    pub fn build(self) -> Result<ParEndpoint<C, S>, BuildError> {
        let Draft { issuer, rules, clock, random, observers, token_endpoint, decryption_keys, .. } = self.draft;
        if !is_secure_url(&issuer) || issuer.contains('?') {
            return Err(BuildError::Issuer);
        }
        let authorization_endpoint =
            self.draft.authorization_endpoint.unwrap_or_else(|| format!("{}/authorize", issuer.trim_end_matches('/')));
        let pushed_authorization_request_endpoint = self
            .draft
            .pushed_authorization_request_endpoint
            .unwrap_or_else(|| format!("{}/par", authorization_endpoint.trim_end_matches('/')));
        if !is_secure_url(&authorization_endpoint) {
            return Err(BuildError::Endpoint("authorization_endpoint"));
        }
        // A push with a query is refused, so an endpoint with one could never be used.
        if !is_secure_url(&pushed_authorization_request_endpoint) || pushed_authorization_request_endpoint.contains('?')
        {
            return Err(BuildError::Endpoint("pushed_authorization_request_endpoint"));
        }
        if token_endpoint.as_deref().is_some_and(|url| !is_secure_url(url)) {
            return Err(BuildError::Endpoint("token_endpoint"));
        }
        let mtls_push = self.draft.mtls_pushed_authorization_request_endpoint;
        if mtls_push.as_deref().is_some_and(|url| !is_secure_url(url) || url.contains('?')) {
            return Err(BuildError::Endpoint("mtls_pushed_authorization_request_endpoint"));
        }
        let mtls_token_endpoint = self.draft.mtls_token_endpoint;
        if mtls_token_endpoint.as_deref().is_some_and(|url| !is_secure_url(url)) {
            return Err(BuildError::Endpoint("mtls_token_endpoint"));
        }
        let push_targets = targets(
            "pushed_authorization_request_endpoint",
            [Some(&pushed_authorization_request_endpoint), mtls_push.as_ref()],
        )?;
        let token_targets = targets("token_endpoint", [token_endpoint.as_ref(), mtls_token_endpoint.as_ref()])?;
        if let Some(name) = self.draft.repeated_detail_type {
            return Err(BuildError::DuplicateDetailType(name));
        }
        rules.policy.check()?;
        check_signer(&rules).map_err(BuildError::ResponseSigner)?;
        self.draft.jwks_limits.check().map_err(BuildError::JwksCache)?;
        check_attestation(&rules.policy, &self.draft.attestation)?;
        let nonces = match (rules.policy.uses_nonces(), self.draft.dpop_nonce_key) {
            (false, _) => None,
            (true, Some(key)) => Some(key),
            (true, None) => {
                let mut key = [0; 32];
                random.fill(&mut key).map_err(|_| BuildError::Random)?;
                Some(key)
            }
        };
        let nonces = nonces.map(|key| Nonces::new(&issuer, &key, &self.draft.replaced_dpop_nonce_keys));
        let jwks = JwksCache::new(self.draft.jwks_source, Arc::clone(&clock), self.draft.jwks_limits);
        let keys = Arc::new(KeySpace::of(&issuer));
        let replay = ReplayGuard::new(Arc::clone(&keys), Arc::clone(&clock), &rules.policy);
        Ok(ParEndpoint {
            clients: self.clients.ok_or(BuildError::Clients)?,
            store: self.store,
            settings: Arc::new(Settings {
                keys,
                replay,
                issuer: issuer.into(),
                authorization_endpoint: authorization_endpoint.into(),
                pushed_authorization_request_endpoint: pushed_authorization_request_endpoint.into(),
                token_endpoint: token_endpoint.map(Into::into),
                mtls_pushed_authorization_request_endpoint: mtls_push.map(Into::into),
                mtls_token_endpoint: mtls_token_endpoint.map(Into::into),
                push_targets,
                token_targets,
                attestation: self.draft.attestation,
                nonces,
                rules,
                decryption_keys,
                jwks,
                clock,
                random,
                observers,
            }),
        })
    }
}

impl<C, S> fmt::Debug for ParEndpointBuilder<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParEndpointBuilder").field("issuer", &self.draft.issuer).finish_non_exhaustive()
    }
}

fn check_signer(rules: &Rules) -> Result<(), &'static str> {
    let mut types = rules.policy.response_types_supported.iter();
    match &rules.response_signer {
        None if types.any(|kind| rules.policy.needs_signed_response(*kind)) => {
            Err("is missing, and the policy requires signed responses")
        }
        Some(signer) if signer.algorithms().is_empty() => Err("has no algorithm"),
        _ => Ok(()),
    }
}

fn check_attestation(policy: &Policy, attestation: &AttestationSettings) -> Result<(), BuildError> {
    if policy.offers_attestation() && attestation.keys.is_none() {
        return Err(BuildError::AttesterKeys);
    }
    match &attestation.challenge_endpoint {
        Some(url) if !is_secure_url(url) => Err(BuildError::Endpoint("challenge_endpoint")),
        Some(_) if !policy.client_attestation.require_challenge => Err(BuildError::UnusedChallengeEndpoint),
        _ => Ok(()),
    }
}

/// What DPoP proofs may name for an endpoint: it, or its alias.
fn targets(name: &'static str, urls: [Option<&String>; 2]) -> Result<Vec<TargetUri>, BuildError> {
    urls.into_iter().flatten().map(|url| TargetUri::parse(url).ok_or(BuildError::Endpoint(name))).collect()
}

fn is_secure_url(text: &str) -> bool {
    // The parser repairs slashes, but clients compare the text.
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if authority.is_none_or(|authority| authority.starts_with('/')) {
        return false;
    }
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let secure = match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'@' | b'\\' | b'"'));
    secure && plain
}
