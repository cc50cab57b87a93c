//! Describing an endpoint. Every mistake surfaces in [`ParEndpointBuilder::build`], before the first request.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::attest::AttestationSettings;
use super::{
    ParEndpoint,
    answers::Answers,
    authenticator::Authenticator,
    build_error::BuildError,
    client_keys::GivenJwksSource,
    host_rules::HostRules,
    issued_nonces::GivenNonceKeys,
    object::ObjectOpener,
    observers::Observers,
    parts::{HostTraits, Parts},
    proof::ProofVerifier,
    recent_answers::RecentAnswers,
    records::Records,
    replay::ReplayGuard,
    server::Server,
    urls::GivenUrls,
};
use crate::{
    client::{
        Client, ClientRegistry, InMemoryRegistry,
        jwks::{JwksCache, JwksCacheLimits, JwksSource},
    },
    client_auth::attesters::AttesterKeys,
    clock::{Clock, SystemClock},
    error::Rejection,
    jose::DecryptionKeys,
    observer::{Event, Observer},
    policy::Policy,
    protocol::host_endpoint::HostEndpoint,
    random::{RandomSource, SystemRandom},
    response::signer::{DynResponseSigner, ResponseSigner},
    server_secret::ServerSecret,
    store::{MemoryStore, RequestStore, digest::KeySpace},
    validation::{RequestRule, redirect_matcher::RedirectUriMatcher},
};

/// Describes a [`ParEndpoint`].
#[must_use]
pub struct ParEndpointBuilder<C = InMemoryRegistry, S = MemoryStore> {
    clients: Option<C>,
    store: S,
    draft: Draft,
}

/// The settings that do not depend on the types of registry and store.
struct Draft {
    issuer: String,
    policy: Arc<Policy>,
    urls: GivenUrls,
    nonce_keys: GivenNonceKeys,
    jwks: GivenJwksSource,
    attestation: AttestationSettings,
    decryption_keys: Option<DecryptionKeys>,
    response_signer: Option<Arc<dyn DynResponseSigner>>,
    rules: HostRules,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    host: HostTraits,
    observers: Vec<Arc<dyn Observer>>,
}

impl ParEndpointBuilder {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            clients: None,
            store: MemoryStore::default(),
            draft: Draft {
                issuer,
                policy: Arc::default(),
                urls: GivenUrls::default(),
                nonce_keys: GivenNonceKeys::default(),
                jwks: GivenJwksSource::default(),
                attestation: AttestationSettings::default(),
                decryption_keys: None,
                response_signer: None,
                rules: HostRules::default(),
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
                host: HostTraits::default(),
                observers: Vec::new(),
            },
        }
    }
}

impl<C, S> ParEndpointBuilder<C, S> {
    /// The URL of the authorization endpoint. Default: the issuer and `/authorize`.
    pub fn authorization_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.urls.authorization = Some(url.into());
        self
    }

    /// The URL of the PAR endpoint. Default: the authorization endpoint and `/par`.
    pub fn pushed_authorization_request_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.urls.pushed_authorization_request = Some(url.into());
        self
    }

    /// The URL of the host's token endpoint: for the metadata, for the DPoP proofs that come to it, and for clients with
    /// [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience).
    ///
    /// It has to be given where the policy demands DPoP proofs or their nonces, offers attestations that are proved by DPoP, or is
    /// of HAIP or the AT Protocol. Without it, a request to the token endpoint with a DPoP proof is refused
    /// ([`Reason::UnknownTokenEndpoint`](crate::Reason::UnknownTokenEndpoint)).
    pub fn token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.urls.token = Some(url.into());
        self
    }

    /// Another URL of the PAR endpoint, where the host asks for client certificates (RFC 8705 section 5), for the metadata.
    pub fn mtls_pushed_authorization_request_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.urls.mtls_pushed_authorization_request = Some(url.into());
        self
    }

    /// Another URL of the token endpoint, where the host asks for client certificates (RFC 8705 section 5), for the metadata.
    pub fn mtls_token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.draft.urls.mtls_token = Some(url.into());
        self
    }

    /// Says that the host asks for client certificates at its endpoints themselves, so that it needs no other URLs for them. It
    /// changes nothing, but [`ParEndpoint::lint`] then knows that the metadata may offer what needs certificates.
    pub fn asks_for_client_certificates(mut self) -> Self {
        self.draft.host.asks_for_client_certificates = true;
        self
    }

    /// The URL of another endpoint of the host's at which clients authenticate, such as its revocation endpoint: for the metadata,
    /// for the DPoP proofs that come to it, and for clients with
    /// [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience). See
    /// [`ParEndpoint::authenticate_client_at`].
    pub fn host_endpoint(mut self, endpoint: HostEndpoint, url: impl Into<String>) -> Self {
        self.draft.urls.set_host(endpoint, |given| given.url = Some(url.into()));
        self
    }

    /// Another URL of such an endpoint, where the host asks for client certificates (RFC 8705 section 5), for the metadata.
    pub fn mtls_host_endpoint(mut self, endpoint: HostEndpoint, url: impl Into<String>) -> Self {
        self.draft.urls.set_host(endpoint, |given| given.mtls_alias = Some(url.into()));
        self
    }

    /// The source of the keys of attesters, which decides which of them may vouch for clients. See [`attesters`](crate::attesters).
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
    /// own, and knows only its own nonces: behind a balancer, clients are then sent from one node to the other for ever. With a
    /// store that [is shared](RequestStore::is_shared) it is reported, as [`Event::NonceKeyNotShared`] and by
    /// [`ParEndpoint::lint`].
    pub fn dpop_nonce_key(mut self, key: [u8; 32]) -> Self {
        self.draft.nonce_keys.current = Some(key);
        self
    }

    /// A key whose nonces are accepted and not handed out, to replace a key without refusing proofs. See
    /// [`Nonces::new`](crate::dpop::Nonces::new).
    pub fn replaced_dpop_nonce_key(mut self, key: [u8; 32]) -> Self {
        self.draft.nonce_keys.replaced.push(key);
        self
    }

    /// The secret from which this endpoint derives its keys. All nodes of the server have the same one: the key of the nonces of DPoP
    /// proofs, and of the challenges for attested clients, comes from it. A
    /// [`dpop_nonce_key`](Self::dpop_nonce_key) comes first where there is one, so that a server that has one can change over: nonces of the
    /// secret are then accepted and not handed out.
    pub fn server_secret(mut self, secret: impl Into<ServerSecret>) -> Self {
        self.draft.nonce_keys.secret = Some(secret.into());
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
        self.draft.jwks.source = Some(Arc::new(source));
        self
    }

    /// Takes the keys of clients that have registered a `jwks_uri` from a cache that other endpoints take them from as well. It has
    /// its own source and limits, and counts in place of [`jwks_source`](Self::jwks_source) and [`jwks_cache`](Self::jwks_cache).
    pub fn shared_jwks_cache(mut self, cache: &JwksCache) -> Self {
        self.draft.jwks.shared = Some(cache.clone());
        self
    }

    /// Signs responses, which makes the response modes with a signature (JARM) available. Without a signer they are refused.
    pub fn response_signer(mut self, signer: impl ResponseSigner) -> Self {
        self.draft.response_signer = Some(Arc::new(signer));
        self
    }

    /// Sets how often the keys at a `jwks_uri` are fetched, and how long they are believed.
    pub fn jwks_cache(mut self, limits: JwksCacheLimits) -> Self {
        self.draft.jwks.limits = limits;
        self
    }

    /// The policy. Default: [`Policy::oauth`]. Endpoints with the same one can share it, as an `Arc<Policy>`.
    pub fn policy(mut self, policy: impl Into<Arc<Policy>>) -> Self {
        self.draft.policy = policy.into();
        self
    }

    /// Sets the registry in which clients are looked up.
    pub fn clients<C2: ClientRegistry>(self, clients: C2) -> ParEndpointBuilder<C2, S> {
        ParEndpointBuilder { clients: Some(clients), store: self.store, draft: self.draft }
    }

    /// Sets the store in which pushed requests are kept. Default: a [`MemoryStore`].
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
        self.draft.rules.add_detail_type(name.into(), Arc::new(check));
        self
    }

    /// Adds a rule of the host's own. Rules run last, in the order in which they were added.
    pub fn rule(mut self, rule: impl RequestRule) -> Self {
        self.draft.rules.add(Arc::new(rule));
        self
    }

    /// **Danger.** Accepts redirect URIs by a rule of the host's own, where the rules of this library accept none. An attacker
    /// who controls a page that the rule lets pass can have the responses of a client sent there. [`RedirectUriMatcher`] says what each of the usual rules
    /// risks, and which checks hold in any case. [`ParEndpoint::lint`] reports it.
    pub fn danger_redirect_uri_matcher(mut self, matcher: impl RedirectUriMatcher) -> Self {
        self.draft.rules.redirect_uri_matcher = Some(Box::new(matcher));
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
        self.draft.host.has_clock_of_its_own = true;
        self
    }

    /// Draws handles from another source than the system's generator. **An attacker who guesses its output takes
    /// over logins.** For tests, and for hardware generators.
    pub fn random(mut self, random: impl RandomSource) -> Self {
        self.draft.random = Arc::new(random);
        self.draft.host.has_random_of_its_own = true;
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
        let mut parts = self.draft.build()?;
        let clients = self.clients.ok_or(BuildError::Clients)?;
        clients.report_faults_to(parts.observers.of_registry());
        parts.has_metadata_documents = clients.has_metadata_documents();
        let parts = Arc::new(parts);
        let par = ParEndpoint { clients, store: self.store, is_provisional: false, parts };
        if par.has_nonces_of_its_own() {
            par.parts.observers.observe(&Event::NonceKeyNotShared);
        }
        Ok(par)
    }
}

impl Draft {
    fn build(self) -> Result<Parts, BuildError> {
        let urls = Arc::new(self.urls.build(&self.issuer)?);
        self.policy.check()?;
        let (issuer, policy) = (self.issuer.into(), self.policy.for_this_build()?);
        let server = Arc::new(Server { issuer, policy, clock: self.clock });
        let responder = Arc::new(server.responder(self.response_signer)?);
        let validator = self.rules.build(&server, &responder)?;
        let observers = Arc::new(Observers::new(self.observers, &server.clock));
        let client_keys = Arc::new(self.jwks.build(&server)?);
        self.attestation.check(&server.policy)?;
        urls.check_policy(&server.policy)?;
        let has_random_nonce_key = server.policy.uses_nonces() && self.nonce_keys.are_of_one_process();
        let host = HostTraits { has_keys_of_nodes: self.nonce_keys.may_be_of_several_nodes(), ..self.host };
        let secret_checks = self.nonce_keys.secret_checks(&server.issuer);
        let nonces = Arc::new(self.nonce_keys.build(&server, &*self.random)?);
        let keys = Arc::new(KeySpace::of(&server.issuer));
        let replay = Arc::new(ReplayGuard::new(&server, &keys));
        let recent = Arc::new(RecentAnswers::new(&server.clock));
        Ok(Parts {
            authenticator: Authenticator::new(&server, &urls, &client_keys, self.attestation.build(&server, &nonces)),
            proofs: ProofVerifier::new(&server, &nonces),
            objects: ObjectOpener::new(&server, self.decryption_keys, &client_keys),
            records: Records::new(&server, &keys, self.random),
            server,
            urls,
            validator,
            client_keys,
            replay,
            answers: Arc::new(Answers::new(responder, &observers)),
            recent,
            has_random_nonce_key,
            host,
            secret_checks,
            has_metadata_documents: false,
            observers,
        })
    }
}

impl<C, S> fmt::Debug for ParEndpointBuilder<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParEndpointBuilder").field("issuer", &self.draft.issuer).finish_non_exhaustive()
    }
}
