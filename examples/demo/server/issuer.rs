//! The issuer: the one origin under which clients and browsers reach this server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// An origin as text, without a slash at its end: `https://as.example.com`.
#[derive(Clone)]
pub(crate) struct Issuer(String);

impl Issuer {
    /// The address that the server listens on, when it serves this machine only.
    pub(crate) fn of_address(address: SocketAddr, tls: bool) -> Result<Self, &'static str> {
        if address.ip() == Ipv4Addr::LOCALHOST || address.ip() == Ipv6Addr::LOCALHOST {
            // Browsers leave out the port that a scheme has by itself.
            let (scheme, usual) = if tls { ("https", ":443") } else { ("http", ":80") };
            let address = address.to_string();
            Ok(Self(format!("{scheme}://{}", address.strip_suffix(usual).unwrap_or(&address))))
        } else {
            Err("is needed to listen on anything but 127.0.0.1 and [::1]")
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not a URL")?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err("must be an https URL: http is for loopback hosts only"),
            _ => return Err("must be an https URL"),
        }
        // Clients compare issuers byte for byte, so there must be one way to write it.
        if url.origin().ascii_serialization() == text {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be an origin in its plain form, such as https://as.example.com: no path, query, fragment or user")
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The absolute URL of a path of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The value of a `Host` header that leads here.
    pub(crate) fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, host)| host)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
