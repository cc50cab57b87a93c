//! Settings that contradict each other, and the bounds that a profile sets.

use super::{Policy, PolicyError, Profile};
use crate::protocol::{
    authentication_method::AuthenticationMethod,
    response_type::{ResponseMode, ResponseType},
    scope,
};

/// Seconds
const WEEK: u32 = 604_800;

impl Policy {
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        let seconds = [
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
        if !(self.login_lifetime..=3600).contains(&self.longest_login) {
            return Err(PolicyError::new("longest_login", "must be login_lifetime to 3600 seconds"));
        }
        let (lifetimes, problem) = self.profile.request_uri_lifetimes();
        if !lifetimes.contains(&self.request_uri_lifetime) {
            return Err(PolicyError::new("request_uri_lifetime", problem));
        }
        if self.code_challenge_memory > WEEK {
            return Err(PolicyError::new("code_challenge_memory", "must be 0 to 604800 seconds"));
        }
        if self.clock_leeway > 60 {
            return Err(PolicyError::new("clock_leeway", "must be 0 to 60 seconds"));
        }
        self.check_responses()?;
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
        self.check_scopes()?;
        self.limits.check()
    }
}

impl Policy {
    /// Returns the setting for which the URL of the token endpoint has to be known, if there is one: its DPoP proofs
    /// name that URL.
    pub(crate) fn needs_token_endpoint(&self) -> Option<&'static str> {
        let settings = [
            ("policy.require_dpop", self.require_dpop),
            ("policy.require_dpop_nonce", self.require_dpop_nonce),
            (
                "attest_jwt_client_auth_dpop in policy.token_endpoint_auth_methods_supported",
                self.token_endpoint_auth_methods_supported.contains(&AuthenticationMethod::AttestJwtClientAuthDpop),
            ),
            ("policy.profile", matches!(self.profile, Profile::Haip | Profile::Atproto)),
        ];
        settings.into_iter().find_map(|(setting, is_needed)| is_needed.then_some(setting))
    }

    fn check_responses(&self) -> Result<(), PolicyError> {
        if self.response_types_supported.is_empty() {
            return Err(PolicyError::new("response_types_supported", "must not be empty"));
        }
        if self.response_modes_supported.is_empty() {
            return Err(PolicyError::new("response_modes_supported", "must not be empty"));
        }
        let (signed, plain): (Vec<ResponseType>, Vec<ResponseType>) =
            self.response_types_supported.iter().partition(|response_type| self.needs_signed_response(**response_type));
        if !signed.is_empty() && !self.response_modes_supported.iter().any(|mode| mode.is_signed()) {
            return Err(PolicyError::new(
                "response_modes_supported",
                "lacks jwt, which require_signed_authorization_response demands",
            ));
        }
        let missing = plain
            .into_iter()
            .map(ResponseType::default_mode)
            .find(|mode| !self.response_modes_supported.contains(mode));
        match missing {
            None => Ok(()),
            Some(mode) => Err(PolicyError::new(
                "response_modes_supported",
                match mode {
                    ResponseMode::Query => "lacks query, the default mode of a supported response type",
                    _ => "lacks fragment, the default mode of a supported response type",
                },
            )),
        }
    }

    fn check_scopes(&self) -> Result<(), PolicyError> {
        let tokens = |scopes: &[String]| scopes.iter().all(|token| scope::is_token(token));
        if !self.scopes_supported.as_deref().is_none_or(tokens) {
            return Err(PolicyError::new("scopes_supported", "must be an array of scopes"));
        }
        let offered = |scopes: &[String]| self.required_scopes.iter().all(|required| scopes.contains(required));
        if !tokens(&self.required_scopes) || !self.scopes_supported.as_deref().is_none_or(offered) {
            return Err(PolicyError::new("required_scopes", "must be an array of scopes that are supported"));
        }
        Ok(())
    }

    /// Every method and algorithm that is offered must be usable.
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
