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
mod without_keys;

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

/// The settings of one authorization server.
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
    /// The profile whose preset the policy started from; in a file, `preset`. It bounds `request_uri_lifetime` and
    /// nothing else: [`lint`](Self::lint) tells what has left the profile. To leave its bounds too, name another
    /// profile here.
    pub profile: Profile,
    /// Switches the PAR endpoint on. Default `true`.
    pub pushed_authorization_requests: bool,
    /// Refuses an authorization that does not begin with a `request_uri` from the PAR endpoint (RFC 9126 section 5).
    /// Default `false`. The registration of a client can demand it for that client.
    pub require_pushed_authorization_requests: bool,
    /// Accepts request objects (RFC 9101), pushed or in the query. Default `true`.
    pub request_parameter_supported: bool,
    /// Requires every request to be a signed request object (RFC 9101 section 10.5). Default `false`.
    pub require_signed_request_object: bool,
    /// Requires every request to be an encrypted request object. Default `false`. It makes the pair of algorithms that
    /// a client has registered binding.
    pub require_encrypted_request_object: bool,
    /// Requires `nbf` in request objects. Default `false`. Without one, only the time that is left until its `exp` is
    /// bounded.
    pub require_request_object_nbf: bool,
    /// Requires the `typ` `oauth-authz-req+jwt` of request objects (RFC 9101 section 10.8), which older clients do not
    /// send. Default `false`; the type of another kind of token is always refused.
    pub require_request_object_type: bool,
    /// Requires every response to be signed: as a JWT (`response_mode=jwt` and its kin, JARM), or by the ID token in it
    /// where `response_type` has `id_token`. Default `false`. It needs a
    /// [`response_signer`](crate::ParEndpointBuilder::response_signer).
    pub require_signed_authorization_response: bool,
    /// Requires a `jti` in request objects, and accepts each object for one request: one push, or one login when it
    /// comes in the query. Default `false`.
    pub single_use_request_objects: bool,
    /// Lets a client push a `redirect_uri` that shares no more than the origin of a registered one (RFC 9126 section
    /// 2.4). Default `false`. It has effect only for a client that is registered with
    /// `allow_per_request_redirect_uris`, has to push its requests, and is authenticated.
    pub allow_per_request_redirect_uris: bool,
    /// Requires the path of a per-request `redirect_uri` to be the registered one or to continue it after a `/`.
    /// Default `false`. Switch it on where clients share an origin.
    pub restrict_per_request_redirect_uris_to_registered_path: bool,
    /// Lets the port of `http://localhost` differ from the registered one, as that of `http://127.0.0.1` may (RFC 9700
    /// section 4.1.3), for clients that [may choose it](crate::Client::may_choose_loopback_port). Default `true` in
    /// `oauth` and `oidc`, `false` elsewhere: RFC 8252 section 8.3 advises against `localhost`.
    pub allow_localhost_redirect_uris_on_any_port: bool,
    /// Seconds that a pushed request waits to be opened, 1 to 600, or what the [`profile`](Self::profile) demands: the
    /// `expires_in` of the reply. Default 60.
    pub request_uri_lifetime: u32,
    /// Seconds that an opened request may take until the login is over, 1 to 3600. Default 600. They are counted from the first
    /// opening of a pushed request, and of a single-use request object in the query.
    pub login_lifetime: u32,
    /// Seconds that the login of a pushed request may take in all when the host
    /// [extends](crate::ParEndpoint::extend) it, `login_lifetime` to 3600. Default 3600.
    pub longest_login: u32,
    /// Seconds between `nbf` (or now) and `exp` of a request object, and between its `nbf` and now, 1 to 3600. Default 3600.
    pub request_object_lifetime: u32,
    /// Seconds between `iat` (or `nbf`, or now) and `exp` of a client assertion, 1 to 3600. Default 300.
    pub client_assertion_lifetime: u32,
    /// Seconds that `nbf` and `iat` may be in the future, because clocks differ, 0 to 60. Default 10. An `exp` gets none.
    pub clock_leeway: u32,
    /// Seconds that a spent request is remembered as spent, 1 to 3600. Default 600. A request that is forgotten is
    /// refused as unknown, and its replay is not reported as one.
    pub spent_lifetime: u32,
    /// Seconds that the `code_challenge` of a pushed request is remembered, 0 to 604 800, so that its client cannot push it again
    /// in that time: a challenge that is always the same protects nothing (RFC 9700 section 2.1.1). A client that has lost the
    /// reply to a push needs a new challenge to push again. Default 0: not at all.
    ///
    /// Each push then leaves a mark in the store for so long: a memory of a day takes 86 400 marks for each push a second, up to 22 MB
    /// in a [`MemoryStore`](crate::store::MemoryStore) and about 18 MB in PostgreSQL and Redis. A store that has no room for such a
    /// mark leaves it out, which [`Event::HygieneSkipped`](crate::Event::HygieneSkipped) reports; nothing is refused for it.
    pub code_challenge_memory: u32,
    /// The `response_type` values that are offered. Default `code` alone.
    pub response_types_supported: Vec<ResponseType>,
    /// The `response_mode` values that are offered. Default all; those with a signed response (JARM) only where there is a
    /// [`response_signer`](crate::ParEndpointBuilder::response_signer).
    pub response_modes_supported: Vec<ResponseMode>,
    /// The client authentication methods that are offered. Default all but `none` and those with attestations.
    pub token_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    /// Says in the metadata that the host binds tokens to certificates (RFC 8705 section 3.3). Default `false`. The
    /// host binds them: see [`AuthenticatedClient::confirmation`](crate::AuthenticatedClient::confirmation).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// The algorithms of client assertions. Default all; RS256, RS384 and RS512 only for clients that have registered them, for
    /// themselves or with a key.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Requires the `typ` `client-authentication+jwt` of client assertions (RFC 7523bis), which older clients do not
    /// send. Default `false`; the type of another kind of token is always refused.
    pub require_client_assertion_type: bool,
    /// Refuses client assertions and request objects with `x5c`, `x5t`, `x5u` or `jku` in their header. Default `false` in `oauth` and
    /// `oidc`, where they are ignored: nothing is fetched from there, and no key is taken from there. `true` elsewhere. A `jwk` is
    /// refused in any case; `x5t#S256` may be there, and chooses among the registered keys.
    pub refuse_key_hints_in_token_headers: bool,
    /// Requires `iat` in client assertions. Default `false`. Without one, only the time that is left until its `exp` is
    /// bounded.
    pub require_client_assertion_iat: bool,
    /// Accepts a client secret with `+` or `%` also as many clients send it by HTTP Basic, without the form-encoding of RFC 6749
    /// section 2.3.1. Default `false`. It costs a second comparison, and a secret verifier of the host is asked twice. The
    /// registration of a client can have it for that client.
    pub accept_unencoded_basic_secrets: bool,
    /// Accepts client assertions whose `aud` is the issuer in an array of one, as many libraries write it, beside those whose `aud`
    /// is a string. Default `true`.
    pub accept_client_assertion_audience_array: bool,
    /// The requirements for client attestations.
    pub client_attestation: ClientAttestationPolicy,
    /// The algorithms of request objects. Default all; RS256, RS384, RS512, and those with the `client_secret`, only for
    /// clients that have registered them.
    pub request_object_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// The algorithms that encrypt the keys of request objects. Default all; those with the `client_secret` only for
    /// clients that have registered them.
    pub request_object_encryption_alg_values_supported: Vec<KeyManagement>,
    /// The algorithms that encrypt the content of request objects. Default all.
    pub request_object_encryption_enc_values_supported: Vec<ContentEncryption>,
    /// Requires every authorization to be bound to a key, by a DPoP proof with the push or by `dpop_jkt` (RFC 9449
    /// section 10), and every request to the token endpoint to bring a proof. Default `false`. The registration of a
    /// client can demand proofs at the token endpoint for that client (`dpop_bound_access_tokens`).
    pub require_dpop: bool,
    /// Requires a nonce of the server in DPoP proofs (RFC 9449 section 8), which shows that a proof was made just now.
    /// Default `false`. It costs a client one more round trip every few minutes.
    pub require_dpop_nonce: bool,
    /// The algorithms of DPoP proofs, asymmetric ones only. Default all but RS256, RS384 and RS512.
    pub dpop_signing_alg_values_supported: Vec<SigningAlgorithm>,
    /// Seconds for which a DPoP proof can be used, counted from its `iat`, 1 to 300. Default 60.
    pub dpop_proof_lifetime: u32,
    /// The scopes that are offered, or `None` where a client may ask for every scope that it is registered for.
    pub scopes_supported: Option<Vec<String>>,
    /// Scopes that every request must ask for. Default none.
    pub required_scopes: Vec<String>,
    /// Requires a `scope` in every request. Default `false`.
    pub require_scope: bool,
    /// Requires a `nonce` in requests with `openid` in their scope, and a `state` in all others, whatever the response
    /// type (FAPI 1.0 Baseline sections 5.2.2.2 and 5.2.2.3). Default `false`.
    pub require_nonce_or_state: bool,
    /// The requests that must use PKCE. Default [`RequireCodeChallenge::PublicClients`].
    pub require_code_challenge: RequireCodeChallenge,
    /// Requires `redirect_uri` even of a client that has registered only one. Default `false`. OpenID Connect requests
    /// always need it.
    pub require_redirect_uri: bool,
    /// Requires `state`. Default `false`.
    pub require_state: bool,
    /// Refuses requests with `id_token_hint`, because an ID token in the hands of a browser says who the user is.
    /// Default `false`.
    pub refuse_id_token_hint: bool,
    /// Lets every client name an endpoint as the `aud` of its assertions, as
    /// [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience)
    /// does for one of them. Default `false`.
    pub danger_allow_legacy_assertion_audience: bool,
    /// Bounds of a single request.
    pub limits: Limits,
    /// **Danger.** Lets clients push and get tokens that are registered with `token_endpoint_auth_method` `none`. An
    /// attacker can then push in their name: fill their share of the store, and start authorizations that look like
    /// theirs. Default `false`.
    pub danger_allow_unauthenticated_clients: bool,
    /// **Danger.** Accepts request objects without `exp`, which are good for ever: an attacker who gets hold of one can
    /// start its authorization again at any time. For old clients. Default `false`.
    pub danger_allow_request_objects_without_exp: bool,
    /// **Danger.** Decrypts request objects that come in the query, where no client has authenticated: an attacker who
    /// knows a `client_id` can make the server work with its private keys, at half a millisecond and more each time.
    /// Default `false`: encrypted ones have to be pushed.
    pub danger_decrypt_request_objects_by_value: bool,
    /// **Danger.** Accepts the `code_challenge_method` `plain`. An attacker who sees the request then knows the
    /// verifier. Default `false`.
    pub danger_allow_plain_code_challenge: bool,
    /// **Danger.** Accepts registered redirect URIs of private-use schemes without a dot, such as `vscode:` and those of wallets,
    /// which any app on the user's device can claim for itself (RFC 8252 section 8.4). Such a URI gets a code alone, and only
    /// with a `code_challenge` by S256. Default `false`.
    pub danger_allow_redirect_uri_schemes_without_dot: bool,
}

/// The requests that must have a `code_challenge` (RFC 7636, RFC 9700 section 2.1.1). One with a per-request
/// `redirect_uri` needs it in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequireCodeChallenge {
    /// Those of clients that do not authenticate.
    PublicClients,
    /// Those of clients that do not authenticate, and all that are pushed (FAPI 1.0 Advanced section 5.2.2, item 18).
    PushedRequests,
    /// All.
    Always,
}

impl Policy {
    /// Returns `true` if a method of client authentication is offered; for `none`, if its danger switch is on.
    #[must_use]
    pub fn offers_authentication_method(&self, method: AuthenticationMethod) -> bool {
        match method {
            AuthenticationMethod::None => self.danger_allow_unauthenticated_clients,
            method => self.token_endpoint_auth_methods_supported.contains(&method),
        }
    }

    /// Returns `true` if a method is offered by which an attester vouches for clients.
    pub(crate) fn offers_attestation(&self) -> bool {
        self.token_endpoint_auth_methods_supported.iter().any(|method| method.uses_attestation())
    }

    /// Returns `true` if nonces are demanded of any kind of proof.
    pub(crate) fn uses_nonces(&self) -> bool {
        self.require_dpop_nonce || self.client_attestation.require_challenge
    }

    /// Returns `true` if a response of this type has to come as a JWT, for want of an ID token that signs it.
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
