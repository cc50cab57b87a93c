//! The authorization server that an endpoint is part of.

use std::sync::Arc;

use time::OffsetDateTime;

use super::build_error::BuildError;
use crate::{
    clock::Clock,
    policy::Policy,
    response::{responder::Responder, signer::DynResponseSigner},
};

/// The settings that all parts of an endpoint share.
pub(super) struct Server {
    pub(super) issuer: Arc<str>,
    pub(super) policy: Arc<Policy>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Server {
    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The responder of this server.
    pub(super) fn responder(&self, signer: Option<Arc<dyn DynResponseSigner>>) -> Result<Responder, BuildError> {
        let responder = Responder::new(Arc::clone(&self.issuer), signer, Arc::clone(&self.clock));
        responder.check(&self.policy).map_err(BuildError::ResponseSigner)?;
        Ok(responder)
    }
}
