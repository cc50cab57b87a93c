//! Clients: registrations that were checked once, before a request meets them.

#[cfg(feature = "cached")]
pub(crate) mod cached_registry;
mod checks;
mod credential;
mod credentials;
mod fetched_values;
mod flows;
mod ignored;
pub(crate) mod jwks;
mod keys;
#[cfg(feature = "metadata-documents")]
pub(crate) mod metadata_documents;
mod methods;
mod registered_secrets;
mod registration;
mod registration_error;
mod registry;
mod registry_error;
mod registry_faults;
mod secret;
mod secret_registration;
mod secret_verifier;
mod shared_secrets;
mod subject;
mod without_keys;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Map, Value};

pub(crate) use self::{
    credential::{Credential, NoCredentials},
    credentials::Credentials,
    keys::{ClientKeys, KeySource, ObjectKeys, ResponseAlgorithm},
    methods::Methods,
    registered_secrets::SecretTraits,
    secret::{MAX_SECRET, Secrets, Verdict, is_client_id, verify_decoy_secret},
    shared_secrets::SharedSecrets,
};
pub use self::{
    ignored::IgnoredMember,
    registration::ClientRegistration,
    registration_error::RegistrationError,
    registry::{BoxedRegistry, ClientRegistry, DuplicateClient, InMemoryRegistry, RegisteredClients},
    registry_error::RegistryError,
    registry_faults::RegistryFaults,
    secret_registration::{SecretRegistration, SecretText},
    secret_verifier::{SecretVerifier, VerifierError},
};
use crate::{
    jose::{KeyError, SigningAlgorithm},
    policy::Policy,
    protocol::{
        authentication_method::AuthenticationMethod,
        redirect_uri::{RedirectUriPattern, RegisteredRedirectUri},
        response_type::{ResponseMode, ResponseType},
    },
};

/// A client that can be used. Made from a [`ClientRegistration`] with `try_from`.
pub struct Client {
    client_id: Box<str>,
    client_name: Option<Box<str>>,
    methods: Methods,
    credentials: Credentials,
    keys: ClientKeys,
    certificate_bound: bool,
    legacy_audience: bool,
    redirect_uris: Vec<RegisteredRedirectUri>,
    redirect_uri_patterns: Box<[RedirectUriPattern]>,
    response_types: Vec<ResponseType>,
    response_modes: Option<Vec<ResponseMode>>,
    response_algorithm: ResponseAlgorithm,
    grant_types: Vec<String>,
    scope: Option<Vec<String>>,
    native: bool,
    any_loopback_port: bool,
    sector_identifier_uri: Option<Box<str>>,
    default_max_age: Option<u64>,
    authorization_details_types: Option<Vec<String>>,
    require_push: bool,
    require_signed: bool,
    require_encrypted: bool,
    allow_per_request_redirect_uris: bool,
    dpop_bound_access_tokens: bool,
    secret_traits: SecretTraits,
    unencoded_basic_secrets: bool,
    request_uri_lifetime: Option<u32>,
    ignored: Box<[IgnoredMember]>,
    /// `true` if an observer was told what is ignored.
    is_remarked_on: AtomicBool,
    metadata: Map<String, Value>,
}

impl Client {
    /// `client_id`
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns `true` for the name of the client, as a registry may look it up: in any case of ASCII letters.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.client_id.eq_ignore_ascii_case(name)
    }

    /// `client_name`, for the consent page. Escape it: it is the client's own text.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// `token_endpoint_auth_method`, or the first of `token_endpoint_auth_methods`.
    #[must_use]
    pub fn token_endpoint_auth_method(&self) -> AuthenticationMethod {
        self.methods.first()
    }

    /// The methods of which the client uses one in each request: `token_endpoint_auth_method`, and the other one of
    /// `token_endpoint_auth_methods` if that has two. See [`AuthenticatedClient::method`](crate::AuthenticatedClient::method) for the
    /// one that was used.
    ///
    /// ```
    /// use parjar::{Client, ClientRegistration};
    ///
    /// let registration: ClientRegistration = serde_json::from_str(
    ///     r#"{ "client_id": "web", "client_secret": "1YVgm1x8fnDGVKbWGJnN4w",
    ///          "token_endpoint_auth_methods": ["client_secret_basic", "client_secret_post"],
    ///          "redirect_uris": ["https://app.example.com/cb"] }"#,
    /// )?;
    /// let client = Client::try_from(registration)?;
    /// let methods: Vec<&str> = client.token_endpoint_auth_methods().map(|method| method.as_str()).collect();
    /// assert_eq!(methods, ["client_secret_basic", "client_secret_post"]);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn token_endpoint_auth_methods(&self) -> impl Iterator<Item = AuthenticationMethod> {
        self.methods.iter()
    }

    /// Returns `true` if the client has credentials.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// `tls_client_certificate_bound_access_tokens`: its tokens are to be bound to the certificate of its connection.
    #[must_use]
    pub fn binds_tokens_to_certificate(&self) -> bool {
        self.certificate_bound
    }

    /// Keys of the registered `jwks` that cannot be used: of an unknown type, or for another purpose.
    #[must_use]
    pub fn skipped_keys(&self) -> &[KeyError] {
        self.keys.skipped()
    }

    /// The members of the registration that are not used, and the parts of members: empty ones, unknown values, keys and redirect
    /// URIs that cannot be used. Write them to the log when clients are read; [`Policy::lint`](crate::Policy::lint) lists them too.
    ///
    /// ```
    /// use parjar::{Client, ClientRegistration};
    ///
    /// let registration: ClientRegistration = serde_json::from_str(
    ///     r#"{ "client_id": "web", "client_secret": "1YVgm1x8fnDGVKbWGJnN4w", "jwks": {},
    ///          "redirect_uris": ["https://app.example.com/cb"], "response_types": ["code", "none"] }"#,
    /// )?;
    /// let client = Client::try_from(registration)?;
    /// let ignored: Vec<String> = client.ignored().iter().map(|ignored| ignored.to_string()).collect();
    /// assert_eq!(
    ///     ignored,
    ///     ["jwks: is empty, and counts as absent", "response_types: number 2 is an unknown response type"]
    /// );
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ignored(&self) -> &[IgnoredMember] {
        &self.ignored
    }

    /// Returns `true` once, if there is something in the registration that does not count.
    pub(crate) fn is_to_be_remarked_on(&self) -> bool {
        let has_remarks = !self.ignored.is_empty() || !self.skipped_keys().is_empty();
        // Looked at first, so that requests do not take turns to write.
        has_remarks
            && !self.is_remarked_on.load(Ordering::Relaxed)
            && !self.is_remarked_on.swap(true, Ordering::Relaxed)
    }

    /// `redirect_uris`
    #[must_use]
    pub fn redirect_uris(&self) -> &[RegisteredRedirectUri] {
        &self.redirect_uris
    }

    /// `danger_redirect_uri_patterns`, for a [`RedirectUriMatcher`](crate::RedirectUriMatcher).
    #[must_use]
    pub fn redirect_uri_patterns(&self) -> &[RedirectUriPattern] {
        &self.redirect_uri_patterns
    }

    /// `response_types`. Empty for a client that does not use the authorization endpoint.
    #[must_use]
    pub fn response_types(&self) -> &[ResponseType] {
        &self.response_types
    }

    /// `response_modes`, or `None` when it may use all that the policy offers.
    #[must_use]
    pub fn response_modes(&self) -> Option<&[ResponseMode]> {
        self.response_modes.as_deref()
    }

    /// `authorization_signed_response_alg`
    #[must_use]
    pub fn authorization_signed_response_alg(&self) -> Option<SigningAlgorithm> {
        match self.response_algorithm {
            ResponseAlgorithm::Only(algorithm) => Some(algorithm),
            ResponseAlgorithm::Any | ResponseAlgorithm::None => None,
        }
    }

    pub(crate) fn response_algorithm(&self) -> ResponseAlgorithm {
        self.response_algorithm
    }

    /// `grant_types`
    pub fn grant_types(&self) -> impl Iterator<Item = &str> {
        self.grant_types.iter().map(String::as_str)
    }

    /// Returns `true` if the client is registered for this grant type.
    #[must_use]
    pub fn has_grant_type(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|registered| registered == grant_type)
    }

    /// The tokens of `scope`, or `None` when it may ask for all that the policy offers.
    #[must_use]
    pub fn scope(&self) -> Option<&[String]> {
        self.scope.as_deref()
    }

    /// Returns `true` if `application_type` is `native`.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.native
    }

    /// Returns `true` if the port of a loopback redirect URI may differ from the registered one (RFC 8252 section 7.3): for native
    /// clients, and for public ones that do not say which type they are of.
    #[must_use]
    pub fn may_choose_loopback_port(&self) -> bool {
        self.any_loopback_port
    }

    /// `sector_identifier_uri`, by whose host pairwise subject identifiers are made (OpenID Connect Core section 8.1).
    #[must_use]
    pub fn sector_identifier_uri(&self) -> Option<&str> {
        self.sector_identifier_uri.as_deref()
    }

    /// `default_max_age`, in seconds
    #[must_use]
    pub fn default_max_age(&self) -> Option<u64> {
        self.default_max_age
    }

    /// `authorization_details_types`, or `None` when it may use all that the server knows.
    #[must_use]
    pub fn authorization_details_types(&self) -> Option<&[String]> {
        self.authorization_details_types.as_deref()
    }

    /// Members of the registration that this library has no use for.
    #[must_use]
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// Returns `true` if the client has to push its requests: by policy, or by its registration.
    #[must_use]
    pub fn must_push(&self, policy: &Policy) -> bool {
        policy.require_pushed_authorization_requests || self.require_push
    }

    /// Returns `true` if its requests must be signed request objects: by policy, or by its registration.
    #[must_use]
    pub fn must_sign(&self, policy: &Policy) -> bool {
        policy.require_signed_request_object || self.require_signed
    }

    /// Returns `true` if its requests must be encrypted request objects: by policy, or by its registration.
    #[must_use]
    pub fn must_encrypt(&self, policy: &Policy) -> bool {
        policy.require_encrypted_request_object || self.require_encrypted
    }

    /// Returns `true` if its requests to the token endpoint must bring a DPoP proof: by policy, or by its registration
    /// (`dpop_bound_access_tokens`).
    #[must_use]
    pub fn must_use_dpop(&self, policy: &Policy) -> bool {
        policy.require_dpop || self.dpop_bound_access_tokens
    }

    /// Returns `true` if the client may push redirect URIs that share only the origin of a registered one. All of these must
    /// hold: policy and registration allow it, the client has to push its requests, it has credentials (RFC 9126 section 7.2),
    /// and its subject identifiers do not depend on the registered redirect URIs (`sector_identifier_uri`).
    #[must_use]
    pub fn may_use_per_request_redirect_uris(&self, policy: &Policy) -> bool {
        policy.allow_per_request_redirect_uris
            && self.allow_per_request_redirect_uris
            && self.must_push(policy)
            && self.is_confidential()
            && self.sector_identifier_uri.is_none()
    }

    /// Seconds that the pushed requests of the client wait to be opened: as many as it has registered (`request_uri_lifetime`), and
    /// no more than the policy has, nor fewer than its profile allows.
    #[must_use]
    pub fn request_uri_lifetime(&self, policy: &Policy) -> u32 {
        let least = *policy.profile.request_uri_lifetimes().0.start();
        match self.request_uri_lifetime {
            Some(registered) => registered.max(least).min(policy.request_uri_lifetime),
            None => policy.request_uri_lifetime,
        }
    }

    /// `request_uri_lifetime`, which the policy may cut short.
    pub(crate) fn registered_request_uri_lifetime(&self) -> Option<u32> {
        self.request_uri_lifetime
    }

    pub(crate) fn secret_traits(&self) -> SecretTraits {
        self.secret_traits
    }

    /// `accept_unencoded_basic_secrets`
    pub(crate) fn accepts_unencoded_basic_secrets(&self) -> bool {
        self.unencoded_basic_secrets
    }

    /// `allow_per_request_redirect_uris`, which alone has no effect.
    pub(crate) fn allows_per_request_redirect_uris(&self) -> bool {
        self.allow_per_request_redirect_uris
    }

    pub(crate) fn methods(&self) -> Methods {
        self.methods
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn keys(&self) -> &ClientKeys {
        &self.keys
    }

    /// `danger_allow_legacy_assertion_audience`
    pub(crate) fn allows_legacy_audience(&self) -> bool {
        self.legacy_audience
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.client_id)
            .field("method", &self.token_endpoint_auth_method())
            .finish_non_exhaustive()
    }
}
