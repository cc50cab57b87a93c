//! The rule about addresses of one fetcher.

use std::{fmt, net::IpAddr, sync::Arc};

use super::address;

/// Decides which addresses may be connected to.
#[derive(Clone, Default)]
pub(super) struct AddressGuard {
    pub(super) allow_private: bool,
    pub(super) refused: Option<Arc<dyn Fn(IpAddr) -> bool + Send + Sync>>,
}

impl AddressGuard {
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        let is_refused = self.refused.as_ref().is_some_and(|is_refused| is_refused(address.to_canonical()));
        !is_refused && (self.allow_private || address::is_public(address))
    }
}

impl fmt::Debug for AddressGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddressGuard").field("allow_private", &self.allow_private).finish_non_exhaustive()
    }
}
