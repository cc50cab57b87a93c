//! From a registration to a client: every rule that makes a registration unusable.

use std::sync::Arc;

use super::{
    Client, ClientRegistration, RegistrationError, SecretText,
    credentials::Credentials,
    keys::{ClientKeys, algorithm_of},
    registration::expiry,
    secret::{KnownSecrets, MAX_SECRET, SecretDigest, is_client_id, is_printable},
    secret_verifier::SecretVerifier,
};
use crate::{
    hex,
    protocol::{
        authentication_method::AuthenticationMethod,
        redirect_uri::RegisteredRedirectUri,
        response_type::{ResponseMode, ResponseType},
        scope,
    },
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
        let method = method_of(&registration)?;
        let sends_secret =
            matches!(method, AuthenticationMethod::ClientSecretBasic | AuthenticationMethod::ClientSecretPost);
        if !sends_secret && method != AuthenticationMethod::None {
            return Err(RegistrationError::new("token_endpoint_auth_method", "must be one that sends the secret"));
        }
        Self::from_registration(registration, KnownSecrets::Verifier(Arc::new(verifier)))
    }

    fn from_registration(registration: ClientRegistration, secrets: KnownSecrets) -> Result<Self, RegistrationError> {
        let ClientRegistration { client_id, .. } = &registration;
        if !is_client_id(client_id) {
            return Err(RegistrationError::new("client_id", "must be 1 to 256 printable ASCII characters"));
        }
        if registration.client_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(RegistrationError::new("client_name", "must not contain control characters"));
        }
        let method = method_of(&registration)?;
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
        let response_types = response_types_of(&registration, &grant_types)?;
        let redirect_uris = redirect_uris_of(&registration)?;
        if redirect_uris.is_empty() && !response_types.is_empty() {
            return Err(RegistrationError::new("redirect_uris", "must not be empty"));
        }
        let keys = ClientKeys::of(&registration)?;
        Ok(Self {
            credentials: Credentials::of(&registration, method, secrets, &keys)?,
            keys,
            certificate_bound: registration.tls_client_certificate_bound_access_tokens,
            legacy_audience: registration.danger_allow_legacy_assertion_audience,
            redirect_uris,
            response_types,
            grant_types,
            response_modes: response_modes_of(&registration)?,
            response_algorithm: algorithm_of(
                "authorization_signed_response_alg",
                registration.authorization_signed_response_alg.as_deref(),
            )?,
            scope: scope_of(&registration)?,
            native: is_native(&registration)?,
            any_loopback_port: match registration.application_type {
                None => method == AuthenticationMethod::None,
                Some(_) => is_native(&registration)?,
            },
            sector_identifier: has_sector_identifier(&registration)?,
            default_max_age: registration.default_max_age,
            authorization_details_types: registration.authorization_details_types,
            require_push: registration.require_pushed_authorization_requests,
            require_signed: registration.require_signed_request_object,
            require_encrypted: registration.require_encrypted_request_object,
            allow_per_request_redirect_uris: registration.allow_per_request_redirect_uris,
            dpop_bound_access_tokens: registration.dpop_bound_access_tokens,
            client_id: registration.client_id.into(),
            client_name: registration.client_name.map(Into::into),
            metadata: registration.other,
        })
    }
}

impl TryFrom<ClientRegistration> for Client {
    type Error = RegistrationError;

    fn try_from(registration: ClientRegistration) -> Result<Self, RegistrationError> {
        let secrets = secrets_of(&registration)?;
        Self::from_registration(registration, KnownSecrets::Digests(secrets))
    }
}

fn secrets_of(registration: &ClientRegistration) -> Result<Vec<SecretDigest>, RegistrationError> {
    let mut secrets = Vec::new();
    if let Some(text) = &registration.client_secret {
        let expires_at = expiry("client_secret_expires_at", registration.client_secret_expires_at)?;
        secrets.push(SecretDigest::of(check_secret("client_secret", text)?, expires_at));
    } else if registration.client_secret_expires_at.is_some_and(|expiry| expiry != 0) {
        return Err(RegistrationError::new("client_secret_expires_at", "is there without a client_secret"));
    }
    for further in &registration.client_secrets {
        let expires_at = expiry("client_secrets", further.client_secret_expires_at)?;
        secrets.push(match (&further.client_secret, &further.client_secret_sha256) {
            (Some(text), None) => SecretDigest::of(check_secret("client_secrets", text)?, expires_at),
            (None, Some(hex)) => SecretDigest::new(
                hex::decode(hex).ok_or_else(|| {
                    RegistrationError::new("client_secrets", "client_secret_sha256 must be 64 hexadecimal digits")
                })?,
                expires_at,
            ),
            _ => {
                return Err(RegistrationError::new(
                    "client_secrets",
                    "each must have either client_secret or client_secret_sha256",
                ));
            }
        });
    }
    Ok(secrets)
}

fn check_secret<'a>(member: &'static str, text: &'a SecretText) -> Result<&'a str, RegistrationError> {
    let text = text.as_str();
    if (1..=MAX_SECRET).contains(&text.len()) && is_printable(text) {
        Ok(text)
    } else {
        Err(RegistrationError::new(member, "a secret must be 1 to 512 printable ASCII characters"))
    }
}

fn method_of(registration: &ClientRegistration) -> Result<AuthenticationMethod, RegistrationError> {
    let Some(text) = registration.token_endpoint_auth_method.as_deref() else {
        return Ok(AuthenticationMethod::ClientSecretBasic);
    };
    AuthenticationMethod::parse(text).ok_or_else(|| {
        RegistrationError::new(
            "token_endpoint_auth_method",
            "must be client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, \
             self_signed_tls_client_auth, attest_jwt_client_auth, attest_jwt_client_auth_dpop or none",
        )
    })
}

/// RFC 7591 section 2.1: response types and grant types go together.
fn response_types_of(
    registration: &ClientRegistration,
    grant_types: &[String],
) -> Result<Vec<ResponseType>, RegistrationError> {
    let granted = |grant: &str| grant_types.iter().any(|granted| granted == grant);
    let Some(registered) = &registration.response_types else {
        return Ok(if granted("authorization_code") { vec![ResponseType::CODE] } else { Vec::new() });
    };
    let mut response_types = Vec::with_capacity(registered.len());
    for text in registered {
        let response_type = ResponseType::parse(text)
            .ok_or_else(|| RegistrationError::new("response_types", "contains an unknown response type"))?;
        if response_type.has_code() && !granted("authorization_code") {
            return Err(RegistrationError::new(
                "grant_types",
                "must contain authorization_code for response type code",
            ));
        }
        if response_type.is_front_channel() && !granted("implicit") {
            return Err(RegistrationError::new(
                "grant_types",
                "must contain implicit for response types token and id_token",
            ));
        }
        response_types.push(response_type);
    }
    Ok(response_types)
}

fn response_modes_of(registration: &ClientRegistration) -> Result<Option<Vec<ResponseMode>>, RegistrationError> {
    let Some(registered) = &registration.response_modes else {
        return Ok(None);
    };
    let modes: Option<Vec<_>> = registered.iter().map(|text| ResponseMode::parse(text)).collect();
    modes.map(Some).ok_or_else(|| RegistrationError::new("response_modes", "contains an unknown response mode"))
}

fn redirect_uris_of(registration: &ClientRegistration) -> Result<Vec<RegisteredRedirectUri>, RegistrationError> {
    registration
        .redirect_uris
        .iter()
        .enumerate()
        .map(|(index, text)| {
            RegisteredRedirectUri::parse_with_any_private_scheme(text).map_err(|fault| {
                RegistrationError::new(
                    "redirect_uris",
                    format!("number {} is unusable: {fault}", index.saturating_add(1)),
                )
            })
        })
        .collect()
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
        Some(_) => Err(RegistrationError::new("application_type", "must be web or native")),
    }
}

fn has_sector_identifier(registration: &ClientRegistration) -> Result<bool, RegistrationError> {
    match registration.sector_identifier_uri.as_deref() {
        None => Ok(false),
        Some(uri) if uri.starts_with("https://") && url::Url::parse(uri).is_ok() => Ok(true),
        Some(_) => Err(RegistrationError::new("sector_identifier_uri", "must be an https URI")),
    }
}
