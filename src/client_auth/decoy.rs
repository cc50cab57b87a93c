//! Work that hides which clients exist, and how they authenticate: a refusal takes as long as the verification of credentials
//! that are wrong.

use std::sync::Arc;

use time::OffsetDateTime;

use super::presented::Checked;
use crate::{
    client::Client,
    error::{Reason, Refusal},
    jose::TokenFault,
    policy::Policy,
};

impl Checked<'_> {
    /// Does the work of a verification, if the refusal came without one. A secret is verified by the host's `stand_in`, if it has
    /// one; if that fails, the refusal is the one of a verification that fails.
    pub(crate) async fn hide(
        &self,
        reason: Reason,
        policy: &Policy,
        stand_in: impl FnOnce() -> Option<Arc<Client>>,
        now: impl Fn() -> OffsetDateTime,
    ) -> Result<(), Refusal> {
        if comes_after_verification(reason) {
            return Ok(());
        }
        match self {
            Self::Assertion(assertion) => assertion.verify_decoy(policy),
            Self::Attestation(attestation) => attestation.verify_decoy(policy),
            Self::Secret(secret) => secret.verify_decoy(stand_in().as_deref(), policy, now).await?,
            // The certificate has been read, and nothing of it takes long to verify.
            Self::Name(_) => {}
        }
        Ok(())
    }
}

/// Returns `true` if a secret or a signature was verified before there was this reason to refuse it.
fn comes_after_verification(reason: Reason) -> bool {
    use TokenFault::{Algorithm, KeysUnavailable, NoKey, Subject};
    match reason {
        Reason::UnknownClient | Reason::UnusableClient | Reason::MethodNotOffered | Reason::WrongMethod => false,
        Reason::ClientAssertion(fault) => !matches!(fault, Algorithm | NoKey | KeysUnavailable | Subject),
        Reason::ClientAttestation(fault) => !matches!(fault, Algorithm | NoKey | KeysUnavailable | Subject),
        _ => true,
    }
}
