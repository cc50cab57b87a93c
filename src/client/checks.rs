//! From a registration to a client: every rule that makes a registration unusable.

use std::sync::{Arc, atomic::AtomicBool};

use super::{
    Client, ClientRegistration, RegistrationError,
    credentials::Credentials,
    flows::{redirect_uri_patterns_of, redirect_uris_of, response_modes_of, response_types_of},
    ignored::{Ignored, without_empty},
    keys::{ClientKeys, ResponseAlgorithm},
    methods::Methods,
    registered_secrets::{SecretTraits, secrets_of},
    secret::{Secrets, is_client_id},
    secret_verifier::SecretVerifier,
};
use crate::{
    expected::one_of,
    protocol::{authentication_method::AuthenticationMethod, scope},
};

impl Client {
    /// Lets the host verify the secrets of this client, instead of a digest held here. Share one verifier between clients by an
    /// [`Arc`].
    ///
    /// # Errors
    ///
    /// As for `try_from`; and when the registration has a secret, or its method is not one with a secret.
    pub fn with_secret_verifier(
        registration: ClientRegistration,
        verifier: impl SecretVerifier,
    ) -> Result<Self, RegistrationError> {
        if !secrets_of(&registration)?.is_empty() {
            return Err(RegistrationError::new("client_secret", "must be absent when the host verifies secrets"));
        }
        let method = Methods::of(&registration, &mut Ignored::default())?.first();
        if !method.sends_secret() && method != AuthenticationMethod::None {
            return Err(RegistrationError::new("token_endpoint_auth_method", "must be one that sends the secret"));
        }
        Self::from_registration(registration, Secrets::Verifier(Arc::new(verifier)))
    }

    fn from_registration(registration: ClientRegistration, secrets: Secrets) -> Result<Self, RegistrationError> {
        let mut ignored = Ignored::default();
        let registration = without_empty(registration, &mut ignored);
        let ClientRegistration { client_id, .. } = &registration;
        if !is_client_id(client_id) {
            return Err(RegistrationError::new("client_id", "must be 1 to 8192 printable ASCII characters"));
        }
        if registration.client_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(RegistrationError::new("client_name", "must not contain control characters"));
        }
        let methods = Methods::of(&registration, &mut ignored)?;
        let method = methods.first();
        if method == AuthenticationMethod::None && !secrets.are_none() {
            return Err(RegistrationError::new(
                "token_endpoint_auth_method",
                "must not be none for a client with a secret",
            ));
        }
        let needs_secret = match method {
            AuthenticationMethod::None | AuthenticationMethod::PrivateKeyJwt => false,
            method if method.uses_attestation() => false,
            method => !method.uses_certificate(),
        };
        if needs_secret && secrets.are_none() {
            return Err(RegistrationError::new("client_secret", "is missing"));
        }
        let grant_types = registration.grant_types.clone().unwrap_or_else(|| vec!["authorization_code".to_owned()]);
        let response_types = response_types_of(&registration, &grant_types, &mut ignored)?;
        let response_modes = response_modes_of(&registration, &mut ignored)?;
        let redirect_uris = redirect_uris_of(&registration, &mut ignored)?;
        let redirect_uri_patterns = redirect_uri_patterns_of(&registration, &mut ignored)?;
        if redirect_uris.is_empty() && redirect_uri_patterns.is_empty() && !response_types.is_empty() {
            return Err(RegistrationError::new("redirect_uris", "must not be empty"));
        }
        let keys = ClientKeys::of(&registration, method, &mut ignored).map_err(|error| ignored.explain(error))?;
        let response_algorithm = ResponseAlgorithm::of(&registration, response_modes.as_deref(), &mut ignored)?;
        Ok(Self {
            secret_traits: SecretTraits::of(&registration),
            request_uri_lifetime: request_uri_lifetime_of(&registration)?,
            methods,
            credentials: Credentials::of(&registration, method, secrets, &keys)
                .map_err(|error| ignored.explain(error))?,
            keys,
            certificate_bound: registration.tls_client_certificate_bound_access_tokens,
            legacy_audience: registration.danger_allow_legacy_assertion_audience,
            redirect_uris,
            redirect_uri_patterns,
            response_types,
            grant_types,
            response_modes,
            response_algorithm,
            scope: scope_of(&registration)?,
            native: is_native(&registration)?,
            any_loopback_port: match registration.application_type {
                None => method == AuthenticationMethod::None,
                Some(_) => is_native(&registration)?,
            },
            sector_identifier_uri: sector_identifier_uri_of(&registration)?,
            default_max_age: registration.default_max_age,
            authorization_details_types: registration.authorization_details_types,
            require_push: registration.require_pushed_authorization_requests,
            require_signed: registration.require_signed_request_object,
            require_encrypted: registration.require_encrypted_request_object,
            allow_per_request_redirect_uris: registration.allow_per_request_redirect_uris,
            dpop_bound_access_tokens: registration.dpop_bound_access_tokens,
            unencoded_basic_secrets: registration.accept_unencoded_basic_secrets,
            client_id: registration.client_id.into(),
            client_name: registration.client_name.map(Into::into),
            ignored: ignored.into_list(),
            is_remarked_on: AtomicBool::default(),
            metadata: registration.other,
        })
    }
}

impl TryFrom<ClientRegistration> for Client {
    type Error = RegistrationError;

    fn try_from(registration: ClientRegistration) -> Result<Self, RegistrationError> {
        let secrets = secrets_of(&registration)?;
        Self::from_registration(registration, Secrets::Digests(secrets))
    }
}

fn scope_of(registration: &ClientRegistration) -> Result<Option<Vec<String>>, RegistrationError> {
    let Some(text) = &registration.scope else {
        return Ok(None);
    };
    let tokens: Vec<String> = text.split(' ').filter(|token| !token.is_empty()).map(str::to_owned).collect();
    if tokens.iter().all(|token| scope::is_token(token)) {
        Ok(Some(tokens))
    } else {
        Err(RegistrationError::new("scope", "contains a character that is not allowed in a scope"))
    }
}

fn is_native(registration: &ClientRegistration) -> Result<bool, RegistrationError> {
    match registration.application_type.as_deref() {
        None | Some("web") => Ok(false),
        Some("native") => Ok(true),
        Some(other) => Err(RegistrationError::new("application_type", one_of(other, &["web", "native"]))),
    }
}

fn sector_identifier_uri_of(registration: &ClientRegistration) -> Result<Option<Box<str>>, RegistrationError> {
    match registration.sector_identifier_uri.as_deref() {
        None => Ok(None),
        Some(uri) if uri.starts_with("https://") && url::Url::parse(uri).is_ok() => Ok(Some(uri.into())),
        Some(_) => Err(RegistrationError::new("sector_identifier_uri", "must be an https URI")),
    }
}

/// Within the bounds of any policy. Those of the one that is in force hold when a request is pushed.
fn request_uri_lifetime_of(registration: &ClientRegistration) -> Result<Option<u32>, RegistrationError> {
    match registration.request_uri_lifetime {
        None | Some(1..=600) => Ok(registration.request_uri_lifetime),
        Some(_) => Err(RegistrationError::new("request_uri_lifetime", "must be 1 to 600 seconds")),
    }
}
