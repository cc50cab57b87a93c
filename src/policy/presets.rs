//! The presets, each written as what differs from the one before.

use super::{ClientAttestationPolicy, Limits, Policy, Profile, RequireCodeChallenge};
use crate::{
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    protocol::{
        authentication_method::AuthenticationMethod,
        response_type::{ResponseMode, ResponseType},
    },
};

/// FAPI 1.0 Advanced section 8.6
pub(crate) const FAPI1_ALGORITHMS: &[SigningAlgorithm] = &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256];

/// FAPI 2.0 Security Profile section 5.4.1. EdDSA goes by two names.
pub(crate) const FAPI2_ALGORITHMS: &[SigningAlgorithm] =
    &[SigningAlgorithm::Ps256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa, SigningAlgorithm::Ed25519];

/// Client authentication in FAPI 1.0 Advanced (section 5.2.2) and FAPI 2.0 (Security Profile section 5.3.2.1).
pub(crate) const FAPI_METHODS: &[AuthenticationMethod] = &[
    AuthenticationMethod::PrivateKeyJwt,
    AuthenticationMethod::TlsClientAuth,
    AuthenticationMethod::SelfSignedTlsClientAuth,
];

/// Signed responses (JARM).
const SIGNED_MODES: &[ResponseMode] =
    &[ResponseMode::Jwt, ResponseMode::QueryJwt, ResponseMode::FragmentJwt, ResponseMode::FormPostJwt];

/// Seconds of a day, in which a challenge is not good for another session in the AT Protocol.
const DAY: u32 = 86_400;

impl Policy {
    /// RFC 6749 with the current best practice (RFC 9700): code flow, PKCE with S256, exact redirect URIs.
    #[must_use]
    pub fn oauth() -> Self {
        let modes = [ResponseMode::Query, ResponseMode::Fragment, ResponseMode::FormPost].iter().chain(SIGNED_MODES);
        Self {
            profile: Profile::Oauth,
            pushed_authorization_requests: true,
            require_pushed_authorization_requests: false,
            request_parameter_supported: true,
            require_signed_request_object: false,
            require_encrypted_request_object: false,
            require_request_object_nbf: false,
            require_request_object_type: false,
            require_signed_authorization_response: false,
            single_use_request_objects: false,
            allow_per_request_redirect_uris: false,
            restrict_per_request_redirect_uris_to_registered_path: false,
            allow_localhost_redirect_uris_on_any_port: true,
            request_uri_lifetime: 60,
            login_lifetime: 600,
            longest_login: 3600,
            request_object_lifetime: 3600,
            client_assertion_lifetime: 300,
            clock_leeway: 10,
            spent_lifetime: 600,
            code_challenge_memory: 0,
            response_types_supported: vec![ResponseType::CODE],
            response_modes_supported: modes.copied().collect(),
            token_endpoint_auth_methods_supported: vec![
                AuthenticationMethod::ClientSecretBasic,
                AuthenticationMethod::ClientSecretPost,
                AuthenticationMethod::ClientSecretJwt,
                AuthenticationMethod::PrivateKeyJwt,
                AuthenticationMethod::TlsClientAuth,
                AuthenticationMethod::SelfSignedTlsClientAuth,
            ],
            tls_client_certificate_bound_access_tokens: false,
            token_endpoint_auth_signing_alg_values_supported: SigningAlgorithm::ALL.to_vec(),
            require_client_assertion_type: false,
            refuse_key_hints_in_token_headers: false,
            require_client_assertion_iat: false,
            accept_unencoded_basic_secrets: false,
            accept_client_assertion_audience_array: true,
            client_attestation: ClientAttestationPolicy::default(),
            request_object_signing_alg_values_supported: SigningAlgorithm::ALL.to_vec(),
            request_object_encryption_alg_values_supported: KeyManagement::ALL.to_vec(),
            request_object_encryption_enc_values_supported: ContentEncryption::ALL.to_vec(),
            require_dpop: false,
            require_dpop_nonce: false,
            dpop_signing_alg_values_supported: proof_algorithms(),
            dpop_proof_lifetime: 60,
            scopes_supported: None,
            required_scopes: Vec::new(),
            require_scope: false,
            require_nonce_or_state: false,
            require_code_challenge: RequireCodeChallenge::PublicClients,
            require_redirect_uri: false,
            require_state: false,
            refuse_id_token_hint: false,
            danger_allow_legacy_assertion_audience: false,
            limits: Limits::default(),
            danger_allow_unauthenticated_clients: false,
            danger_allow_request_objects_without_exp: false,
            danger_decrypt_request_objects_by_value: false,
            danger_allow_plain_code_challenge: false,
            danger_allow_redirect_uri_schemes_without_dot: false,
        }
    }

    /// OpenID Connect Core: as [`oauth`](Self::oauth), with `redirect_uri` always required.
    #[must_use]
    pub fn oidc() -> Self {
        Self { profile: Profile::Oidc, require_redirect_uri: true, ..Self::oauth() }
    }

    /// FAPI 1.0 Advanced with pushed requests, which are not required: signed request objects with `nbf` and `exp`,
    /// `private_key_jwt` or mutual TLS, PS256 and ES256, PKCE with S256 for what is pushed, a `scope`, a `nonce` or
    /// `state`, and a response that is signed, by an ID token in it (`code id_token`) or as a whole (`code` with
    /// `response_mode=jwt`).
    ///
    /// It needs a [`response_signer`](crate::ParEndpointBuilder::response_signer), unless `code id_token` is the only response
    /// type. The `aud` of assertions may be an endpoint, as RFC 9126 section 2 has it and existing clients do.
    #[must_use]
    pub fn fapi1_advanced() -> Self {
        let modes = [ResponseMode::Fragment, ResponseMode::FormPost].iter().chain(SIGNED_MODES);
        Self {
            profile: Profile::Fapi1Advanced,
            require_signed_request_object: true,
            require_request_object_nbf: true,
            require_signed_authorization_response: true,
            require_scope: true,
            require_nonce_or_state: true,
            require_code_challenge: RequireCodeChallenge::PushedRequests,
            danger_allow_legacy_assertion_audience: true,
            response_types_supported: vec![ResponseType::CODE_ID_TOKEN, ResponseType::CODE],
            response_modes_supported: modes.copied().collect(),
            ..Self::fapi(FAPI1_ALGORITHMS)
        }
    }

    /// FAPI 2.0 Security Profile: nothing but pushed requests, from clients that authenticate with keys; PS256, ES256 and
    /// Ed25519; `code` and PKCE with S256.
    #[must_use]
    pub fn fapi2_security_profile() -> Self {
        Self {
            profile: Profile::Fapi2SecurityProfile,
            require_pushed_authorization_requests: true,
            accept_client_assertion_audience_array: false,
            ..Self::fapi(FAPI2_ALGORITHMS)
        }
    }

    /// FAPI 2.0 Message Signing, with signed requests: as [`fapi2_security_profile`](Self::fapi2_security_profile), and what is
    /// pushed is a request object with `nbf` and `exp`.
    ///
    /// To sign responses too, set [`require_signed_authorization_response`](Self::require_signed_authorization_response) and
    /// give a [`response_signer`](crate::ParEndpointBuilder::response_signer).
    #[must_use]
    pub fn fapi2_message_signing() -> Self {
        Self {
            profile: Profile::Fapi2MessageSigning,
            require_signed_request_object: true,
            require_request_object_nbf: true,
            ..Self::fapi2_security_profile()
        }
    }

    /// OpenID4VC High Assurance Interoperability Profile (HAIP): as
    /// [`fapi2_security_profile`](Self::fapi2_security_profile), with DPoP required.
    ///
    /// For wallets that authenticate by attestation, add `attest_jwt_client_auth` or
    /// `attest_jwt_client_auth_dpop` to
    /// [`token_endpoint_auth_methods_supported`](Self::token_endpoint_auth_methods_supported), and let the builder's
    /// `attester_keys` say who may vouch for them. No preset offers these methods: an endpoint that does must know attesters.
    #[must_use]
    pub fn haip() -> Self {
        Self { profile: Profile::Haip, require_dpop: true, ..Self::fapi2_security_profile() }
    }

    /// The OAuth profile of the AT Protocol: nothing but pushed requests, `code`, a `state`, the scope `atproto`, PKCE
    /// with S256 and no challenge twice within a day, and DPoP with nonces of the server. The host demands of a confidential client
    /// that it redeems codes and refreshes tokens with the key that it has pushed with:
    /// [`AuthenticatedClient::authenticated_with`](crate::AuthenticatedClient::authenticated_with). Its clients are URLs of documents: with
    /// the feature `metadata-documents`, `MetadataDocumentRegistry` finds them.
    ///
    /// **It switches on [`danger_allow_unauthenticated_clients`](Self::danger_allow_unauthenticated_clients)**, because
    /// in this profile public clients push too: apps that run in browsers and on phones, and keep no secret. PKCE, the
    /// registered redirect URI and the user guard them. An attacker can push in their name, so the host needs a limit
    /// for how often one sender may ask.
    #[must_use]
    pub fn atproto() -> Self {
        Self {
            profile: Profile::Atproto,
            require_pushed_authorization_requests: true,
            require_state: true,
            require_dpop: true,
            require_dpop_nonce: true,
            required_scopes: vec!["atproto".to_owned()],
            code_challenge_memory: DAY,
            require_client_assertion_iat: true,
            accept_client_assertion_audience_array: false,
            token_endpoint_auth_methods_supported: vec![AuthenticationMethod::PrivateKeyJwt],
            danger_allow_unauthenticated_clients: true,
            ..Self::fapi(FAPI2_ALGORITHMS)
        }
    }

    /// Open Finance Brasil: as [`fapi1_advanced`](Self::fapi1_advanced), with pushed requests required, PS256 alone, RSA-OAEP
    /// with A256GCM, and no `id_token_hint`.
    ///
    /// The profile also allows request objects in the query if they are encrypted. That takes
    /// [`require_encrypted_request_object`](Self::require_encrypted_request_object) in place of
    /// [`require_pushed_authorization_requests`](Self::require_pushed_authorization_requests), and
    /// [`danger_decrypt_request_objects_by_value`](Self::danger_decrypt_request_objects_by_value).
    #[must_use]
    pub fn brazil() -> Self {
        Self {
            profile: Profile::Brazil,
            require_pushed_authorization_requests: true,
            refuse_id_token_hint: true,
            token_endpoint_auth_signing_alg_values_supported: vec![SigningAlgorithm::Ps256],
            request_object_signing_alg_values_supported: vec![SigningAlgorithm::Ps256],
            request_object_encryption_alg_values_supported: vec![KeyManagement::RsaOaep],
            request_object_encryption_enc_values_supported: vec![ContentEncryption::A256Gcm],
            ..Self::fapi1_advanced()
        }
    }

    /// The Australian Consumer Data Right: as [`fapi1_advanced`](Self::fapi1_advanced), with pushed requests required,
    /// `private_key_jwt` alone, and `code` with a signed response.
    #[must_use]
    pub fn cdr() -> Self {
        Self {
            profile: Profile::Cdr,
            require_pushed_authorization_requests: true,
            response_types_supported: vec![ResponseType::CODE],
            response_modes_supported: SIGNED_MODES.to_vec(),
            token_endpoint_auth_methods_supported: vec![AuthenticationMethod::PrivateKeyJwt],
            ..Self::fapi1_advanced()
        }
    }

    /// The settings that all of FAPI has in common. No client has a secret there, so nothing is encrypted with one.
    fn fapi(algorithms: &[SigningAlgorithm]) -> Self {
        let encryption = KeyManagement::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric());
        Self {
            require_code_challenge: RequireCodeChallenge::Always,
            require_redirect_uri: true,
            allow_localhost_redirect_uris_on_any_port: false,
            refuse_key_hints_in_token_headers: true,
            token_endpoint_auth_methods_supported: FAPI_METHODS.to_vec(),
            token_endpoint_auth_signing_alg_values_supported: algorithms.to_vec(),
            request_object_signing_alg_values_supported: algorithms.to_vec(),
            request_object_encryption_alg_values_supported: encryption.collect(),
            dpop_signing_alg_values_supported: algorithms.to_vec(),
            ..Self::oauth()
        }
    }
}

/// The algorithms of proofs, which new clients make: they need none of the older algorithms.
pub(super) fn proof_algorithms() -> Vec<SigningAlgorithm> {
    let usable = |algorithm: &SigningAlgorithm| !algorithm.is_symmetric() && !algorithm.is_pkcs1();
    SigningAlgorithm::ALL.iter().copied().filter(usable).collect()
}
