//! The server's side of all authorization responses: its issuer identifier and its signer.

use std::{fmt, sync::Arc};

use super::signer::ResponseSigner;
use crate::{clock::Clock, policy::Policy};

/// Answers clients in the name of an issuer.
pub(crate) struct Responder {
    pub(super) issuer: Arc<str>,
    signer: Option<Arc<dyn ResponseSigner>>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Responder {
    pub(crate) fn new(issuer: Arc<str>, signer: Option<Arc<dyn ResponseSigner>>, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, signer, clock }
    }

    /// The signer, if there is one.
    pub(crate) fn signer(&self) -> Option<&dyn ResponseSigner> {
        self.signer.as_deref()
    }

    /// Checks the signer against the policy.
    pub(crate) fn check(&self, policy: &Policy) -> Result<(), &'static str> {
        let mut types = policy.response_types_supported.iter();
        match &self.signer {
            None if types.any(|kind| policy.needs_signed_response(*kind)) => {
                Err("is missing, and the policy requires signed responses")
            }
            Some(signer) if signer.algorithms().is_empty() => Err("has no algorithm"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
