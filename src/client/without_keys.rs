//! Registrations in a build that can use no keys.

use super::{ClientRegistration, RegistrationError};
use crate::{
    jose::{HAS_BACKEND, KeyManagement, NEEDS_BACKEND, SigningAlgorithm},
    protocol::authentication_method::AuthenticationMethod,
};

/// Refuses a client that could do nothing without keys, where there is no backend to use them.
pub(super) fn check(registration: &ClientRegistration, method: AuthenticationMethod) -> Result<(), RegistrationError> {
    if HAS_BACKEND {
        return Ok(());
    }
    let object_algorithm = registration.request_object_signing_alg.as_deref().and_then(SigningAlgorithm::parse);
    let encryption = registration.request_object_encryption_alg.as_deref().and_then(KeyManagement::parse);
    let needs_keys = [
        ("token_endpoint_auth_method", method.needs_keys()),
        ("request_object_signing_alg", object_algorithm.is_some_and(|algorithm| !algorithm.is_symmetric())),
        ("require_signed_request_object", registration.require_signed_request_object && object_algorithm.is_none()),
        ("request_object_encryption_alg", encryption.is_some()),
        ("require_encrypted_request_object", registration.require_encrypted_request_object),
        ("dpop_bound_access_tokens", registration.dpop_bound_access_tokens),
    ];
    match needs_keys.into_iter().find(|(_, needs)| *needs) {
        Some((member, _)) => Err(RegistrationError::new(member, NEEDS_BACKEND)),
        None => Ok(()),
    }
}
