//! The settings of one authorization server, as a value that can be kept in a file.
//!
//! A policy starts from a preset. Where a client's registration says something about the same matter, the stricter of the two
//! counts.

#[cfg(feature = "attestation")]
mod client_attestation;
mod document;
mod error;
mod limits;

use serde::{Deserialize, Serialize};

#[cfg(feature = "attestation")]
pub use self::client_attestation::ClientAttestationPolicy;
pub use self::{error::PolicyError, limits::Limits};
use crate::{
    authentication_method::AuthenticationMethod,
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    response_type::{ResponseMode, ResponseType},
    scope,
};

/// The settings of one authorization server ("profile-level switches").
///
/// Start from a preset and change what differs. [`ParEndpointBuilder::build`](crate::ParEndpointBuilder::build) refuses a
/// policy that contradicts itself. In a file it is an object with a `preset` and what differs from it; the names are those of
/// the fields, times are whole seconds, and an unknown name is an error.
///
/// ```
/// use parjar::Policy;
///
/// let mut policy = Policy::oauth();
/// policy.require_pushed_authorization_requests = true;
///
/// let from_file: Policy = serde_json::from_str(r#"{ "preset": "oauth", "require_pushed_authorization_requests": true }"#)?;
/// assert_eq!(policy, from_file);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// Whether the PAR endpoint answers at all. Default `true`.
    pub pushed_authorization_requests: bool,
    /// Whether nothing but a `request_uri` from the PAR endpoint starts an authorization (RFC 9126 section 5). Default `false`.
    /// The registration of a client can demand it for that client.
    pub require_pushed_authorization_requests: bool,
    /// Whether a request may come as a request object (RFC 9101), pushed or in the query. Default `true`.
    pub request_parameter_supported: bool,
    /// Whether every request must be a signed request object (RFC 9101 section 10.5). Default `false`.
    pub require_signed_request_object: bool,
    /// Whether every request must be an encrypted request object. Default `false`. It makes the pair of algorithms that a
    /// client has registered binding.
    pub require_encrypted_request_object: bool,
    /// Whether a request object needs `nbf`. Default `false`. Without one, only the time that is left until its `exp` is bounded.
    pub require_request_object_nbf: bool,
    /// Whether a request object needs the `typ` `oauth-authz-req+jwt` (RFC 9101 section 10.8), which older clients do not
    /// send. Default `false`; the type of another kind of token is always refused.
    pub require_request_object_type: bool,
    /// Whether a request object needs a `jti` and is good for one request: one push, or one login when it comes in the query.
    /// Default `false`.
    pub single_use_request_objects: bool,
    /// Whether a client may push a `redirect_uri` that shares no more than the origin of a registered one (RFC 9126 section
    /// 2.4). Default `false`. It has effect only for a client that is registered with `allow_per_request_redirect_uris`, has
    /// to push its requests, and is authenticated.
    pub allow_per_request_redirect_uris: bool,
    /// Whether the path of a per-request `redirect_uri` must be the registered one or continue it after a `/`. Default
    /// `false`. Switch it on where clients share an origin.
    pub restrict_per_request_redirect_uris_to_registered_path: bool,
    /// Seconds that a pushed request waits to be opened, 1 to 600: the `expires_in` of the reply. Default 60.
    pub request_uri_lifetime: u32,
    /// Seconds that an opened request may take until the login is over, 1 to 3600. Default 600. They are counted from the first
    /// opening of a pushed request, and of a single-use request object in the query.
    pub login_lifetime: u32,
    /// Seconds between `nbf` (or now) and `exp` of a request object, and between its `nbf` and now, 1 to 3600. Default 3600.
    pub request_object_lifetime: u32,
    /// Seconds between `iat` (or `nbf`, or now) and `exp` of a client assertion, 1 to 3600. Default 300.
    pub client_assertion_lifetime: u32,
    /// Seconds that `nbf` and `iat` may be in the future, because clocks differ, 0 to 60. Default 10. An `exp` gets none.
    pub clock_leeway: u32,
    /// Seconds that a spent request is remembered as spent, 1 to 3600. Default 600. It makes no difference to safety: a
    /// forgotten one is refused as unknown. Only its replay is then no longer reported as one.
    pub spent_lifetime: u32,
    /// The `response_type` values that are offered. Default `code` alone.
    pub response_types_supported: Vec<ResponseType>,
    /// The `response_mode` values that are offered. Default all.
    pub response_modes_supported: Vec<ResponseMode>,
    /// The client authentication methods that are offered. Default all but `none` and those with attestations.
    pub token_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    /// The algorithms of client assertions. Default all; RS256 only for clients that have registered it, for themselves or with
    /// a key.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Whether a client assertion needs the `typ` `client-authentication+jwt` (RFC 7523bis), which older clients do not send.
    /// Default `false`; the type of another kind of token is always refused.
    pub require_client_assertion_type: bool,
    /// What client attestations have to be (feature `attestation`).
    #[cfg(feature = "attestation")]
    pub client_attestation: ClientAttestationPolicy,
    /// The algorithms of request objects. Default all; RS256, and those with the `client_secret`, only for clients that have
    /// registered them.
    pub request_object_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// How keys of encrypted request objects may be encrypted. Default all; those with the `client_secret` only for clients that
    /// have registered them.
    pub request_object_encryption_alg_values_supported: Vec<KeyManagement>,
    /// How the content of request objects may be encrypted. Default all.
    pub request_object_encryption_enc_values_supported: Vec<ContentEncryption>,
    /// Whether every authorization must be bound to a key, by a DPoP proof with the push or by `dpop_jkt` (RFC 9449 section 10),
    /// and every request to the token endpoint must bring a proof. Default `false`. The registration of a client can demand
    /// proofs at the token endpoint for that client (`dpop_bound_access_tokens`).
    pub require_dpop: bool,
    /// Whether a DPoP proof needs a nonce of the server's (RFC 9449 section 8), which shows that it was made just now. Default
    /// `false`. It costs a client one more round trip every few minutes.
    pub require_dpop_nonce: bool,
    /// The algorithms of DPoP proofs, asymmetric ones only. Default all but RS256.
    pub dpop_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Seconds for which a DPoP proof can be used, counted from its `iat`, 1 to 300. Default 60.
    pub dpop_proof_lifetime: u32,
    /// The scopes that are offered, or `None` when any goes that the client is registered for.
    pub scopes_supported: Option<Vec<String>>,
    /// Who must use PKCE. Default [`RequireCodeChallenge::PublicClients`].
    pub require_code_challenge: RequireCodeChallenge,
    /// Whether `redirect_uri` is required even of a client that has registered only one. Default `false`; always `true` for
    /// OpenID Connect requests.
    pub require_redirect_uri: bool,
    /// Bounds of a single request.
    pub limits: Limits,
    /// **Danger.** Lets clients push and get tokens that are registered with `token_endpoint_auth_method` `none`. Anybody can
    /// then push in their name: fill their share of the store, and start authorizations that look like theirs. Default
    /// `false`.
    pub danger_allow_unauthenticated_clients: bool,
    /// **Danger.** Accepts request objects without `exp`, which are good for ever: whoever gets hold of one can start its
    /// authorization again at any time. For old clients. Default `false`.
    pub danger_allow_request_objects_without_exp: bool,
    /// **Danger.** Decrypts request objects that come in the query. Nobody has authenticated there: anybody who knows a
    /// `client_id` can make the server work with its private keys, at half a millisecond and more each time. Default `false`:
    /// encrypted ones have to be pushed.
    pub danger_decrypt_request_objects_by_value: bool,
    /// **Danger.** Accepts the `code_challenge_method` `plain`, which whoever sees the request can answer. Default `false`.
    pub danger_allow_plain_code_challenge: bool,
}

/// Who must send a `code_challenge` (RFC 7636, RFC 9700 section 2.1.1). A per-request `redirect_uri` needs one in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequireCodeChallenge {
    /// Clients that do not authenticate.
    PublicClients,
    /// Every client.
    Always,
}

impl Policy {
    /// RFC 6749 with the current best practice (RFC 9700): code flow, PKCE with S256, exact redirect URIs.
    #[must_use]
    pub fn oauth() -> Self {
        Self {
            pushed_authorization_requests: true,
            require_pushed_authorization_requests: false,
            request_parameter_supported: true,
            require_signed_request_object: false,
            require_encrypted_request_object: false,
            require_request_object_nbf: false,
            require_request_object_type: false,
            single_use_request_objects: false,
            allow_per_request_redirect_uris: false,
            restrict_per_request_redirect_uris_to_registered_path: false,
            request_uri_lifetime: 60,
            login_lifetime: 600,
            request_object_lifetime: 3600,
            client_assertion_lifetime: 300,
            clock_leeway: 10,
            spent_lifetime: 600,
            response_types_supported: vec![ResponseType::CODE],
            response_modes_supported: vec![ResponseMode::Query, ResponseMode::Fragment, ResponseMode::FormPost],
            token_endpoint_auth_methods_supported: vec![
                AuthenticationMethod::ClientSecretBasic,
                AuthenticationMethod::ClientSecretPost,
                AuthenticationMethod::ClientSecretJwt,
                AuthenticationMethod::PrivateKeyJwt,
            ],
            token_endpoint_auth_signing_alg_values_supported: SigningAlgorithm::ALL.to_vec(),
            require_client_assertion_type: false,
            #[cfg(feature = "attestation")]
            client_attestation: ClientAttestationPolicy::default(),
            request_object_signing_alg_values_supported: SigningAlgorithm::ALL.to_vec(),
            request_object_encryption_alg_values_supported: KeyManagement::ALL.to_vec(),
            request_object_encryption_enc_values_supported: ContentEncryption::ALL.to_vec(),
            require_dpop: false,
            require_dpop_nonce: false,
            dpop_signing_alg_values_supported: default_proof_algorithms(),
            dpop_proof_lifetime: 60,
            scopes_supported: None,
            require_code_challenge: RequireCodeChallenge::PublicClients,
            require_redirect_uri: false,
            limits: Limits::default(),
            danger_allow_unauthenticated_clients: false,
            danger_allow_request_objects_without_exp: false,
            danger_decrypt_request_objects_by_value: false,
            danger_allow_plain_code_challenge: false,
        }
    }

    /// OpenID Connect Core: as [`oauth`](Self::oauth), with `redirect_uri` always required.
    #[must_use]
    pub fn oidc() -> Self {
        Self { require_redirect_uri: true, ..Self::oauth() }
    }

    /// Whether a method of client authentication is offered; `none` is where its danger switch is on.
    #[must_use]
    pub fn offers_authentication_method(&self, method: AuthenticationMethod) -> bool {
        match method {
            AuthenticationMethod::None => self.danger_allow_unauthenticated_clients,
            method => self.token_endpoint_auth_methods_supported.contains(&method),
        }
    }

    /// Whether a client may be one that an attester vouches for.
    #[cfg(feature = "attestation")]
    pub(crate) fn offers_attestation(&self) -> bool {
        self.token_endpoint_auth_methods_supported.iter().any(|method| method.uses_attestation())
    }

    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let seconds = [
            ("request_uri_lifetime", self.request_uri_lifetime, 600, "must be 1 to 600 seconds"),
            ("login_lifetime", self.login_lifetime, 3600, "must be 1 to 3600 seconds"),
            ("request_object_lifetime", self.request_object_lifetime, 3600, "must be 1 to 3600 seconds"),
            ("client_assertion_lifetime", self.client_assertion_lifetime, 3600, "must be 1 to 3600 seconds"),
            ("dpop_proof_lifetime", self.dpop_proof_lifetime, 300, "must be 1 to 300 seconds"),
            ("spent_lifetime", self.spent_lifetime, 3600, "must be 1 to 3600 seconds"),
        ];
        for (member, value, max, problem) in seconds {
            if !(1..=max).contains(&value) {
                return Err(PolicyError::new(member, problem));
            }
        }
        if self.clock_leeway > 60 {
            return Err(PolicyError::new("clock_leeway", "must be 0 to 60 seconds"));
        }
        if self.response_types_supported.is_empty() {
            return Err(PolicyError::new("response_types_supported", "must not be empty"));
        }
        if self.response_modes_supported.is_empty() {
            return Err(PolicyError::new("response_modes_supported", "must not be empty"));
        }
        if let Some(missing) = self
            .response_types_supported
            .iter()
            .map(|response_type| response_type.default_mode())
            .find(|mode| !self.response_modes_supported.contains(mode))
        {
            let problem = match missing {
                ResponseMode::Query => "lacks query, the default mode of a supported response type",
                _ => "lacks fragment, the default mode of a supported response type",
            };
            return Err(PolicyError::new("response_modes_supported", problem));
        }
        if self.token_endpoint_auth_methods_supported.contains(&AuthenticationMethod::None) {
            return Err(PolicyError::new(
                "token_endpoint_auth_methods_supported",
                "none is switched on by danger_allow_unauthenticated_clients",
            ));
        }
        if self.token_endpoint_auth_methods_supported.is_empty() && !self.danger_allow_unauthenticated_clients {
            return Err(PolicyError::new("token_endpoint_auth_methods_supported", "must not be empty"));
        }
        self.check_algorithms()?;
        #[cfg(feature = "attestation")]
        self.client_attestation.check()?;
        if !self.request_parameter_supported
            && (self.require_signed_request_object || self.require_encrypted_request_object)
        {
            return Err(PolicyError::new(
                "request_parameter_supported",
                "must be on where request objects are required",
            ));
        }
        if !self.pushed_authorization_requests && self.require_pushed_authorization_requests {
            return Err(PolicyError::new(
                "require_pushed_authorization_requests",
                "cannot be required while pushed_authorization_requests is off",
            ));
        }
        let tokens = |scopes: &Vec<String>| scopes.iter().all(|token| scope::is_token(token));
        if !self.scopes_supported.as_ref().is_none_or(tokens) {
            return Err(PolicyError::new("scopes_supported", "must be an array of scopes"));
        }
        self.limits.check()
    }
}

impl Policy {
    /// What is offered must be usable.
    fn check_algorithms(&self) -> Result<(), PolicyError> {
        let signing = &self.token_endpoint_auth_signing_alg_values_supported;
        let offers = |method| self.token_endpoint_auth_methods_supported.contains(&method);
        let has = |symmetric| signing.iter().any(|algorithm| algorithm.is_symmetric() == symmetric);
        if offers(AuthenticationMethod::PrivateKeyJwt) && !has(false) {
            return Err(PolicyError::new(
                "token_endpoint_auth_signing_alg_values_supported",
                "lacks an asymmetric algorithm, for private_key_jwt",
            ));
        }
        if offers(AuthenticationMethod::ClientSecretJwt) && !has(true) {
            return Err(PolicyError::new(
                "token_endpoint_auth_signing_alg_values_supported",
                "lacks a symmetric algorithm, for client_secret_jwt",
            ));
        }
        if self.request_parameter_supported && self.request_object_signing_alg_values_supported.is_empty() {
            return Err(PolicyError::new(
                "request_object_signing_alg_values_supported",
                "must not be empty where request objects are supported",
            ));
        }
        let proofs = &self.dpop_signing_alg_values_supported;
        if proofs.is_empty() || proofs.iter().any(|algorithm| algorithm.is_symmetric()) {
            return Err(PolicyError::new(
                "dpop_signing_alg_values_supported",
                "must be asymmetric algorithms, and not empty",
            ));
        }
        if self.single_use_request_objects && self.danger_allow_request_objects_without_exp {
            return Err(PolicyError::new(
                "single_use_request_objects",
                "cannot be kept up for request objects without exp",
            ));
        }
        let (algorithms, encryptions) = (
            self.request_object_encryption_alg_values_supported.is_empty(),
            self.request_object_encryption_enc_values_supported.is_empty(),
        );
        if algorithms != encryptions || (algorithms && self.require_encrypted_request_object) {
            return Err(PolicyError::new(
                "request_object_encryption_enc_values_supported",
                "must be empty exactly where request_object_encryption_alg_values_supported is, and not where encryption is \
                 required",
            ));
        }
        Ok(())
    }
}

impl Policy {
    /// Whether nonces are demanded of any kind of proof.
    pub(crate) fn uses_nonces(&self) -> bool {
        #[cfg(feature = "attestation")]
        if self.client_attestation.require_challenge {
            return true;
        }
        self.require_dpop_nonce
    }
}

/// RS256 is an older choice that nobody gets without asking for it, and a proof is made by new clients.
fn default_proof_algorithms() -> Vec<SigningAlgorithm> {
    let usable = |algorithm: &SigningAlgorithm| !algorithm.is_symmetric() && *algorithm != SigningAlgorithm::Rs256;
    SigningAlgorithm::ALL.iter().copied().filter(usable).collect()
}

impl Default for Policy {
    /// [`Policy::oauth`].
    fn default() -> Self {
        Self::oauth()
    }
}
