//! The issuer: the one origin under which clients and browsers reach this server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// A URL as text, without a slash at its end: an origin, `https://as.example.com`, or what is [under](Self::under) one.
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

    /// Another issuer of the same origin, whose endpoints are under this path.
    pub(crate) fn under(&self, path: &str) -> Self {
        Self(self.url(path))
    }

    /// The path of an endpoint, which comes after that of the issuer.
    pub(crate) fn path(&self, path: &str) -> String {
        self.url(path).split_off(self.origin().len())
    }

    pub(crate) fn origin(&self) -> &str {
        let start = self.0.find("://").map_or(0, |scheme| scheme.saturating_add(3));
        let rest = self.0.get(start..).unwrap_or_default();
        let length = start.saturating_add(rest.find('/').unwrap_or(rest.len()));
        self.0.get(..length).unwrap_or_default()
    }

    /// The value of a `Host` header that leads here.
    pub(crate) fn host(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, host)| host)
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
