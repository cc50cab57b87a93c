//! The part of a policy that a build can keep which is able to use no keys.

use std::sync::Arc;

use super::{Policy, PolicyError};
use crate::jose::{HAS_BACKEND, NEEDS_BACKEND, SigningAlgorithm};

impl Policy {
    /// Takes out of what is offered that for which it takes keys, in a build without a backend. What the policy requires stays
    /// required, or cannot be built.
    pub(crate) fn for_this_build(self: Arc<Self>) -> Result<Arc<Self>, PolicyError> {
        if HAS_BACKEND { Ok(self) } else { Arc::unwrap_or_clone(self).without_keys().map(Arc::new) }
    }

    fn without_keys(mut self) -> Result<Self, PolicyError> {
        let needs_keys = [
            ("require_dpop", self.require_dpop),
            ("require_dpop_nonce", self.require_dpop_nonce),
            ("require_encrypted_request_object", self.require_encrypted_request_object),
        ];
        if let Some((member, _)) = needs_keys.into_iter().find(|(_, required)| *required) {
            return Err(PolicyError::new(member, NEEDS_BACKEND));
        }
        self.token_endpoint_auth_methods_supported.retain(|method| !method.needs_keys());
        if self.token_endpoint_auth_methods_supported.is_empty() && !self.danger_allow_unauthenticated_clients {
            return Err(PolicyError::new("token_endpoint_auth_methods_supported", NEEDS_BACKEND));
        }
        for offered in [
            &mut self.token_endpoint_auth_signing_alg_values_supported,
            &mut self.request_object_signing_alg_values_supported,
            &mut self.dpop_signing_alg_values_supported,
        ] {
            offered.retain(|algorithm: &SigningAlgorithm| algorithm.is_symmetric());
        }
        self.request_object_encryption_alg_values_supported.clear();
        self.request_object_encryption_enc_values_supported.clear();
        if self.request_object_signing_alg_values_supported.is_empty() {
            if self.require_signed_request_object {
                return Err(PolicyError::new("require_signed_request_object", NEEDS_BACKEND));
            }
            self.request_parameter_supported = false;
        }
        Ok(self)
    }
}
