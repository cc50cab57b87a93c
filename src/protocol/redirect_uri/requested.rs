//! A requested redirect URI, parsed once for all that it is compared with.

use std::fmt;

use url::Url;

use super::{
    RedirectUriError, RegisteredRedirectUri, gate, is_ambiguous, is_loopback, is_without_path, response_parameter,
    scheme::PrivateSchemes,
};

/// A requested redirect URI that passed the checks of its text, which hold for every rule: see
/// [`RedirectUriMatcher`](crate::RedirectUriMatcher).
pub struct RequestedRedirectUri<'a> {
    pub(super) text: &'a str,
    pub(super) url: Url,
    pub(super) is_without_path: bool,
}

impl<'a> RequestedRedirectUri<'a> {
    /// Parses a URI that parsing does not change, but for the slash after a loopback address at its end: command-line tools
    /// register `http://localhost`.
    pub(crate) fn parse(text: &'a str) -> Result<Self, RedirectUriError> {
        let url = gate::pass(text, PrivateSchemes::WithDot)?;
        let is_without_path = is_without_path(text, &url);
        let written = if is_without_path { url.as_str().strip_suffix('/') } else { Some(url.as_str()) };
        if written == Some(text) {
            Ok(Self { text, url, is_without_path })
        } else {
            Err(RedirectUriError::NotCanonical)
        }
    }

    /// Parses a URI for a rule of the host: the port may be there that its scheme has anyway, and the slash may be missing after an
    /// authority at its end.
    pub(crate) fn parse_for_host(text: &'a str) -> Result<Self, RedirectUriError> {
        let url = gate::pass(text, PrivateSchemes::WithDot)?;
        if url.host_str().is_some_and(|host| host.ends_with('.') || host.contains('*')) {
            return Err(RedirectUriError::UnregistrableHost);
        }
        if !is_written_as(text, &url) {
            return Err(RedirectUriError::NotCanonical);
        }
        if url.port() == Some(0) {
            return Err(RedirectUriError::PortZero);
        }
        if is_ambiguous(&url) {
            return Err(RedirectUriError::AmbiguousPath);
        }
        if response_parameter::is_in_query(&url) {
            return Err(RedirectUriError::ResponseParameter);
        }
        let is_without_path = is_without_path(text, &url);
        Ok(Self { text, url, is_without_path })
    }

    /// Returns the URI as it was requested, byte for byte. A response goes there.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Returns the URI, parsed. Scheme and host are in lower case; the port is `None` where it is that of the scheme.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns `true` for http on `127.0.0.1`, `[::1]` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.url.scheme() == "http" && is_loopback(&self.url)
    }

    /// Returns `true` if it names the same place as a registered one: with the port that the scheme has anyway, written or not, and
    /// with or without the slash after the authority, where the URI ends there.
    #[must_use]
    pub fn is_equivalent_to(&self, registered: &RegisteredRedirectUri) -> bool {
        self.url == registered.url
    }
}

impl fmt::Debug for RequestedRedirectUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestedRedirectUri").field("scheme", &self.url.scheme()).finish_non_exhaustive()
    }
}

/// Returns `true` if parsing changes nothing in a URI but for a port that it has anyway and a slash at its end.
fn is_written_as(text: &str, url: &Url) -> bool {
    let written = url.as_str();
    if text == written {
        return true;
    }
    let default_port = match url.scheme() {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let Some((authority, end)) = written.split_once("://").and_then(|(scheme, rest)| {
        let slash = rest.find('/')?;
        let at = scheme.len().checked_add("://".len())?.checked_add(slash)?;
        written.split_at_checked(at)
    }) else {
        return false;
    };
    let Some(rest) = text.strip_prefix(authority) else {
        return false;
    };
    let rest = rest.strip_prefix(default_port).filter(|_| url.port().is_none()).unwrap_or(rest);
    rest == end || (rest.is_empty() && end == "/")
}
