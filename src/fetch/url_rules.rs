//! Which URLs are fetched at all, as far as their text tells.

use std::net::IpAddr;

use url::{Host, Url};

use super::{address_guard::AddressGuard, error::FetchError};

/// Parses a URL that may be fetched. An address in it never reaches the resolver, so it is checked here.
pub(super) fn permitted_url(text: &str, guard: &AddressGuard) -> Result<Url, FetchError> {
    let url = Url::parse(text).map_err(|_| FetchError::Url("it is no URL"))?;
    if url.scheme() != "https" {
        return Err(FetchError::Url("it is not an https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Url("it has a user name or a password"));
    }
    // Below are the ports of other protocols, which an attacker could have the server speak to.
    if url.port().is_some_and(|port| port < FIRST_FREE_PORT) {
        return Err(FetchError::Url("its port is that of another service"));
    }
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
        None => return Err(FetchError::Url("it has no host")),
    };
    match literal {
        Some(address) if !guard.permits(address) => Err(FetchError::ForbiddenAddress),
        _ => Ok(url),
    }
}

/// The first port that needs no privileges. `url` leaves out 443, which is the usual one.
const FIRST_FREE_PORT: u16 = 1024;
