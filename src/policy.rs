//! The settings of one authorization server, as a value that can be kept in a file.
//!
//! A policy starts from a preset. Where a client's registration says something about the same matter, the stricter of the two
//! counts.

mod checks;
mod client_attestation;
mod document;
mod error;
mod limits;
mod presets;
mod profile;

use serde::{Deserialize, Serialize};

pub(crate) use self::limits::MAX_CLIENT_ID;
pub(crate) use self::presets::{FAPI_METHODS, FAPI1_ALGORITHMS, FAPI2_ALGORITHMS};
pub use self::{client_attestation::ClientAttestationPolicy, error::PolicyError, limits::Limits, profile::Profile};
use crate::{
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    protocol::{
        authentication_method::AuthenticationMethod,
        response_type::{ResponseMode, ResponseType},
    },
};

/// The settings of one authorization server ("profile-level switches").
///
/// Start from a preset and change what differs. [`ParEndpointBuilder::build`](crate::ParEndpointBuilder::build) refuses a
/// policy that contradicts itself, and [`lint`](Self::lint) tells what is weak in it. In a file it is an object with a `preset`
/// and what differs from it; the names are those of the fields, times are whole seconds, and an unknown name is an error.
///
/// | preset | push | client authentication | signed requests | algorithms | responses | and |
/// | --- | --- | --- | --- | --- | --- | --- |
/// | [`oauth`](Self::oauth) | offered | secrets and keys | accepted | all | `code` | PKCE for public clients |
/// | [`oidc`](Self::oidc) | offered | secrets and keys | accepted | all | `code` | `redirect_uri` required |
/// | [`fapi1_advanced`](Self::fapi1_advanced) | offered | keys | required, with `nbf` | PS256, ES256 | `code id_token`, or `code` signed | PKCE always |
/// | [`fapi2_security_profile`](Self::fapi2_security_profile) | required | keys | accepted | PS256, ES256, Ed25519 | `code` | PKCE always |
/// | [`fapi2_message_signing`](Self::fapi2_message_signing) | required | keys | required, with `nbf` | PS256, ES256, Ed25519 | `code` | PKCE always |
/// | [`haip`](Self::haip) | required | keys | accepted | PS256, ES256, Ed25519 | `code` | PKCE always, DPoP |
/// | [`atproto`](Self::atproto) | required | keys, or none | accepted | PS256, ES256, Ed25519 | `code` | no challenge twice a day, `state`, scope `atproto`, DPoP with nonces |
/// | [`brazil`](Self::brazil) | required | keys | required, with `nbf` | PS256; RSA-OAEP, A256GCM | `code id_token`, or `code` signed | no `id_token_hint` |
/// | [`cdr`](Self::cdr) | required | keys | required, with `nbf` | PS256, ES256 | `code` signed | lifetime of 10 to 90 s |
///
/// From `fapi1_advanced` on, `redirect_uri` is required, and the code challenge method is S256 in all of them.
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
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// The profile whose preset it started from; in a file, `preset`. It holds `request_uri_lifetime` to the bounds of the
    /// profile, and everything else to nothing: [`lint`](Self::lint) tells what has left the profile. To leave its bounds too,
    /// say here that the policy is of another one.
    pub profile: Profile,
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
    /// Whether every response must be signed: as a JWT (`response_mode=jwt` and its kin, JARM), or by the ID token in it where
    /// `response_type` has `id_token`. Default `false`. It needs a
    /// [`response_signer`](crate::ParEndpointBuilder::response_signer).
    pub require_signed_authorization_response: bool,
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
    /// The port of `http://localhost` may differ from the registered one as that of `http://127.0.0.1` may (RFC 9700 section 4.1.3),
    /// for clients that [may choose it](crate::Client::may_choose_loopback_port). Default `true` in `oauth` and `oidc`, `false`
    /// elsewhere: RFC 8252 section 8.3 advises against `localhost`.
    pub allow_localhost_redirect_uris_on_any_port: bool,
    /// Seconds that a pushed request waits to be opened, 1 to 600, or what the [`profile`](Self::profile) demands: the
    /// `expires_in` of the reply. Default 60.
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
    /// Seconds that the `code_challenge` of a pushed request is remembered, 0 to 604 800, so that its client cannot push it again
    /// in that time: a challenge that is always the same protects nothing (RFC 9700 section 2.1.1). A client that has lost the
    /// reply to a push needs a new challenge to push again. Default 0: not at all.
    ///
    /// Each push then leaves a mark in the store for so long: a memory of a day takes 86 400 marks for each push a second, up to 22 MB
    /// in a [`MemoryStore`](crate::store::MemoryStore) and about 17 MB in PostgreSQL and Redis. A store that has no room for such a
    /// mark leaves it out, which [`Event::HygieneSkipped`](crate::Event::HygieneSkipped) reports; nothing is refused for it.
    pub code_challenge_memory: u32,
    /// The `response_type` values that are offered. Default `code` alone.
    pub response_types_supported: Vec<ResponseType>,
    /// The `response_mode` values that are offered. Default all; those with a signed response (JARM) only where there is a
    /// [`response_signer`](crate::ParEndpointBuilder::response_signer).
    pub response_modes_supported: Vec<ResponseMode>,
    /// The client authentication methods that are offered. Default all but `none` and those with attestations.
    pub token_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    /// Whether the metadata says that the host binds tokens to certificates (RFC 8705 section 3.3). Default `false`. It is the
    /// host that does it: see [`AuthenticatedClient::confirmation`](crate::AuthenticatedClient::confirmation).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The algorithms of client assertions. Default all; RS256, RS384 and RS512 only for clients that have registered them, for
    /// themselves or with a key.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Whether a client assertion needs the `typ` `client-authentication+jwt` (RFC 7523bis), which older clients do not send.
    /// Default `false`; the type of another kind of token is always refused.
    pub require_client_assertion_type: bool,
    /// A client assertion or request object with `x5c`, `x5t`, `x5u` or `jku` in its header is refused. Default `false` in `oauth` and
    /// `oidc`, where they are ignored: nothing is fetched from there, and no key is taken from there. `true` elsewhere. A `jwk` is
    /// refused in any case; `x5t#S256` may be there, and chooses among the registered keys.
    pub refuse_key_hints_in_token_headers: bool,
    /// Whether a client assertion needs `iat`. Default `false`. Without one, only the time that is left until its `exp` is
    /// bounded.
    pub require_client_assertion_iat: bool,
    /// A client secret with `+` or `%` is also accepted as many clients send it by HTTP Basic, without the form-encoding of RFC 6749
    /// section 2.3.1. Default `false`. It costs a second comparison, and a secret verifier of the host is asked twice. The
    /// registration of a client can have it for that client.
    pub accept_unencoded_basic_secrets: bool,
    /// Whether the `aud` of a client assertion may be the issuer in an array of one, as many libraries write it, or only a string.
    /// Default `true`.
    pub accept_client_assertion_audience_array: bool,
    /// What client attestations have to be.
    pub client_attestation: ClientAttestationPolicy,
    /// The algorithms of request objects. Default all; RS256, RS384, RS512, and those with the `client_secret`, only for
    /// clients that have registered them.
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
    /// The algorithms of DPoP proofs, asymmetric ones only. Default all but RS256, RS384 and RS512.
    pub dpop_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Seconds for which a DPoP proof can be used, counted from its `iat`, 1 to 300. Default 60.
    pub dpop_proof_lifetime: u32,
    /// The scopes that are offered, or `None` when any goes that the client is registered for.
    pub scopes_supported: Option<Vec<String>>,
    /// Scopes that every request must ask for. Default none.
    pub required_scopes: Vec<String>,
    /// Whether every request must have a `scope`. Default `false`.
    pub require_scope: bool,
    /// Whether a request with `openid` in its scope needs a `nonce`, and every other one a `state`, whatever the response type (FAPI
    /// 1.0 Baseline sections 5.2.2.2 and 5.2.2.3). Default `false`.
    pub require_nonce_or_state: bool,
    /// Who must use PKCE. Default [`RequireCodeChallenge::PublicClients`].
    pub require_code_challenge: RequireCodeChallenge,
    /// Whether `redirect_uri` is required even of a client that has registered only one. Default `false`; always `true` for
    /// OpenID Connect requests.
    pub require_redirect_uri: bool,
    /// Whether `state` is required. Default `false`.
    pub require_state: bool,
    /// Whether a request with `id_token_hint` is refused, because an ID token in the hands of a browser says who the user is.
    /// Default `false`.
    pub refuse_id_token_hint: bool,
    /// Whether every client may name an endpoint as the `aud` of its assertions, as
    /// [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience) has it for one of them.
    /// Default `false`.
    pub danger_allow_legacy_assertion_audience: bool,
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
    /// **Danger.** Accepts registered redirect URIs of private-use schemes without a dot, such as `vscode:` and those of wallets,
    /// which any app on the user's device can claim for itself (RFC 8252 section 8.4). Such a URI gets a code alone, and only
    /// with a `code_challenge` by S256. Default `false`.
    pub danger_allow_redirect_uri_schemes_without_dot: bool,
}

/// Who must send a `code_challenge` (RFC 7636, RFC 9700 section 2.1.1). A per-request `redirect_uri` needs one in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequireCodeChallenge {
    /// Clients that do not authenticate.
    PublicClients,
    /// Clients that do not authenticate, and every request that is pushed (FAPI 1.0 Advanced section 5.2.2, item 18).
    PushedRequests,
    /// Every client.
    Always,
}

impl Policy {
    /// Whether a method of client authentication is offered; `none` is where its danger switch is on.
    #[must_use]
    pub fn offers_authentication_method(&self, method: AuthenticationMethod) -> bool {
        match method {
            AuthenticationMethod::None => self.danger_allow_unauthenticated_clients,
            method => self.token_endpoint_auth_methods_supported.contains(&method),
        }
    }

    /// Whether a client may be one that an attester vouches for.
    pub(crate) fn offers_attestation(&self) -> bool {
        self.token_endpoint_auth_methods_supported.iter().any(|method| method.uses_attestation())
    }

    /// Whether nonces are demanded of any kind of proof.
    pub(crate) fn uses_nonces(&self) -> bool {
        self.require_dpop_nonce || self.client_attestation.require_challenge
    }

    /// Whether a response of this type has to come as a JWT, for want of an ID token that signs it.
    pub(crate) fn needs_signed_response(&self, response_type: ResponseType) -> bool {
        self.require_signed_authorization_response && !response_type.has_id_token()
    }
}

impl Default for Policy {
    /// [`Policy::oauth`].
    fn default() -> Self {
        Self::oauth()
    }
}
