//! The resolver whose answers connections are made to: no address leaves it unchecked.

use std::{error::Error, fmt, net::SocketAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address_guard::AddressGuard;

/// Keeps from a connection the addresses that the guard does not permit. The connection is made to what it returns, and the name
/// is not resolved a second time, so that an answer cannot change in between.
pub(super) struct GuardedResolver {
    pub(super) inner: Arc<dyn Resolve>,
    pub(super) guard: AddressGuard,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolving, guard) = (self.inner.resolve(name), self.guard.clone());
        Box::pin(async move {
            let (mut permitted, mut found) = (Vec::new(), 0_usize);
            for address in resolving.await?.take(MOST_ADDRESSES) {
                found = found.saturating_add(1);
                if guard.permits(address.ip()) {
                    permitted.push(address);
                }
            }
            match (permitted.is_empty(), found) {
                (true, 0) => Err(NoAddress.into()),
                (true, _) => Err(ForbiddenAddress.into()),
                (false, _) => Ok(Box::new(permitted.into_iter()) as Addrs),
            }
        })
    }
}

/// Addresses that are looked at of one name.
const MOST_ADDRESSES: usize = 32;

/// Asks the operating system.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is that of the URL in any case.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// All addresses of a name are ones that must not be connected to.
#[derive(Debug)]
pub(super) struct ForbiddenAddress;

#[derive(Debug)]
struct NoAddress;

impl Error for ForbiddenAddress {}

impl Error for NoAddress {}

impl fmt::Display for ForbiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name has no address that may be connected to")
    }
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name has no address")
    }
}
