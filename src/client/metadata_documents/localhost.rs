//! Clients on the machine of a developer, who publishes no document (AT Protocol OAuth, "Localhost Client Development").

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url, form_urlencoded};

use crate::client::{Client, ClientRegistration, RegistrationError};

const ORIGIN: &str = "http://localhost";

/// The redirect URIs of a client that names none.
const REDIRECT_URIS: [&str; 2] = ["http://127.0.0.1/", "http://[::1]/"];

/// The query of a `client_id` that is `http://localhost`, or `None` if it is another.
pub(super) fn query(client_id: &str) -> Option<&str> {
    match client_id.strip_prefix(ORIGIN)? {
        "" | "/" => Some(""),
        rest => rest.strip_prefix('/').unwrap_or(rest).strip_prefix('?').filter(|query| !query.contains('#')),
    }
}

/// The client that its own name describes.
pub(super) fn client(client_id: &str, query: &str) -> Result<Client, RegistrationError> {
    let mut registration = ClientRegistration::new(client_id);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "redirect_uri" if is_loopback(&value) => registration.redirect_uris.push(value.into_owned()),
            "redirect_uri" => {
                return Err(RegistrationError::new(
                    "client_id",
                    "its redirect_uri must be at http://127.0.0.1 or http://[::1]",
                ));
            }
            "scope" if registration.scope.is_none() => registration.scope = Some(value.into_owned()),
            "scope" => return Err(RegistrationError::new("client_id", "must have one scope")),
            _ => return Err(RegistrationError::new("client_id", "must have no parameters but redirect_uri and scope")),
        }
    }
    let scope = registration.scope.get_or_insert_with(|| "atproto".to_owned());
    if !scope.split(' ').any(|scope| scope == "atproto") {
        return Err(RegistrationError::new("client_id", "its scope must contain atproto"));
    }
    if registration.redirect_uris.is_empty() {
        registration.redirect_uris = REDIRECT_URIS.map(str::to_owned).to_vec();
    }
    registration.client_name = Some("A client on this machine".to_owned());
    registration.application_type = Some("native".to_owned());
    registration.token_endpoint_auth_method = Some("none".to_owned());
    registration.grant_types = Some(["authorization_code", "refresh_token"].map(str::to_owned).to_vec());
    registration.response_types = Some(vec!["code".to_owned()]);
    registration.dpop_bound_access_tokens = true;
    Client::try_from(registration)
}

fn is_loopback(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|uri| {
        let is_literal = match uri.host() {
            Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
            Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
            _ => false,
        };
        uri.scheme() == "http" && is_literal
    })
}
