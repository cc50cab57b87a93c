//! The authorization server that an endpoint is part of.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{clock::Clock, policy::Policy};

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
}
