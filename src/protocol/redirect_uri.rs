//! Redirect URIs, and the rules by which a requested one counts as registered.
//!
//! Each rule is wider than the one before. [`RedirectUriRule::Exact`] compares bytes (RFC 6749 section 3.1.2.3, RFC
//! 9700 section 4.1.3). [`RedirectUriRule::Loopback`] lets the port of a loopback literal differ (RFC 8252 section
//! 7.3), and [`RedirectUriRule::LoopbackOrLocalhost`] that of `localhost` too (RFC 9700 section 4.1.3).
//! [`RedirectUriRule::SameOrigin`] lets everything behind the origin differ, for the per-request redirect URIs of RFC
//! 9126 section 2.4; [`Policy::allow_per_request_redirect_uris`](crate::Policy::allow_per_request_redirect_uris) names
//! the clients that may use it.
//!
//! Every URI passes the same lexical check before a parser sees it, because parsers repair what browsers and servers
//! then understand differently; and the wider rules demand that parsing changes not a byte. The response goes to
//! exactly the URI that matched.

mod error;
mod gate;
mod pattern;
mod requested;
mod response_parameter;
mod scheme;

use std::fmt;

use url::{Host, Url};

pub(crate) use self::gate::{check_characters, has_long_authority};
use self::scheme::PrivateSchemes;
pub use self::{error::RedirectUriError, pattern::RedirectUriPattern, requested::RequestedRedirectUri};
use crate::hex;

/// The rule by which a requested redirect URI may differ from a registered one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectUriRule {
    /// Not at all.
    Exact,
    /// By the port, on `http://127.0.0.1` and `http://[::1]`.
    Loopback,
    /// By the port, on `http://localhost` too, which the user's machine may resolve to another address.
    LoopbackOrLocalhost,
    /// By path and query, on the same https origin.
    SameOrigin {
        /// Also demand that the path is the registered one or continues it after a `/`.
        below_registered_path: bool,
    },
}

/// A redirect URI of a registration.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisteredRedirectUri {
    text: Box<str>,
    url: Url,
}

impl RegisteredRedirectUri {
    /// The longest redirect URI, registered or requested, in bytes.
    pub const MAX_LENGTH: usize = 2048;

    /// Checks a URI for registration. A `*` is a character like any other here, and matches nothing else; a client whose
    /// `redirect_uris` have one may mean a pattern, so that it is skipped there and reported.
    ///
    /// # Errors
    ///
    /// The first rule that the URI breaks.
    ///
    /// ```
    /// use parjar::{RedirectUriError, RegisteredRedirectUri};
    ///
    /// assert!(RegisteredRedirectUri::parse("https://app.example.com/cb").is_ok());
    /// assert!(RegisteredRedirectUri::parse("com.example.app:/cb").is_ok());
    /// assert_eq!(RegisteredRedirectUri::parse("javascript:alert(1)"), Err(RedirectUriError::Scheme));
    /// ```
    pub fn parse(text: &str) -> Result<Self, RedirectUriError> {
        Self::parse_with(text, PrivateSchemes::WithDot)
    }

    /// As [`parse`](Self::parse), and with private-use schemes without a dot, such as `vscode:`. Requests may use such a URI only
    /// where [`Policy::danger_allow_redirect_uri_schemes_without_dot`](crate::Policy::danger_allow_redirect_uri_schemes_without_dot)
    /// is on. Schemes that browsers answer themselves are refused here too.
    ///
    /// # Errors
    ///
    /// The first rule that the URI breaks.
    ///
    /// ```
    /// use parjar::{RedirectUriError, RegisteredRedirectUri};
    ///
    /// assert!(RegisteredRedirectUri::parse_with_any_private_scheme("vscode://publisher.extension/cb").is_ok());
    /// let javascript = RegisteredRedirectUri::parse_with_any_private_scheme("javascript:alert(1)");
    /// assert_eq!(javascript, Err(RedirectUriError::Scheme));
    /// ```
    pub fn parse_with_any_private_scheme(text: &str) -> Result<Self, RedirectUriError> {
        Self::parse_with(text, PrivateSchemes::Any)
    }

    /// As [`parse_with_any_private_scheme`](Self::parse_with_any_private_scheme), of a client whose author may have meant a pattern.
    pub(crate) fn parse_for_client(text: &str) -> Result<Self, RedirectUriError> {
        let uri = Self::parse_with_any_private_scheme(text)?;
        if text.contains('*') { Err(RedirectUriError::Wildcard) } else { Ok(uri) }
    }

    fn parse_with(text: &str, private: PrivateSchemes) -> Result<Self, RedirectUriError> {
        let url = gate::pass(text, private)?;
        if url.host_str().is_some_and(|host| host.ends_with('.') || host.contains('*')) {
            return Err(RedirectUriError::UnregistrableHost);
        }
        if response_parameter::is_in_query(&url) {
            return Err(RedirectUriError::ResponseParameter);
        }
        Ok(Self { text: text.into(), url })
    }

    /// Returns `true` for a private-use scheme without a dot.
    pub(crate) fn has_scheme_without_dot(&self) -> bool {
        scheme::is_private_without_dot(&self.url)
    }

    /// Returns the registered text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Compares a requested URI with this registered one.
    ///
    /// # Errors
    ///
    /// The rule that the requested URI broke.
    ///
    /// ```
    /// use parjar::{RedirectUriError, RegisteredRedirectUri, RedirectUriRule};
    ///
    /// let registered = RegisteredRedirectUri::parse("http://127.0.0.1/cb")?;
    /// assert_eq!(registered.matches(RedirectUriRule::Exact, "http://127.0.0.1:51004/cb"), Err(RedirectUriError::Different));
    /// let matched = registered.matches(RedirectUriRule::Loopback, "http://127.0.0.1:51004/cb")?;
    /// assert_eq!(matched.as_str(), "http://127.0.0.1:51004/cb");
    /// # Ok::<_, RedirectUriError>(())
    /// ```
    pub fn matches(&self, rule: RedirectUriRule, requested: &str) -> Result<RedirectUri, RedirectUriError> {
        match self.matches_exactly(requested) {
            Err(_) if rule != RedirectUriRule::Exact => {
                self.matches_widely(rule, &RequestedRedirectUri::parse(requested)?)
            }
            outcome => outcome,
        }
    }

    /// Compares a requested URI with this one, byte by byte.
    pub(crate) fn matches_exactly(&self, requested: &str) -> Result<RedirectUri, RedirectUriError> {
        if requested != &*self.text {
            return Err(RedirectUriError::Different);
        }
        let matched = if self.has_scheme_without_dot() { Matched::SchemeWithoutDot } else { Matched::Exactly };
        Ok(RedirectUri { text: requested.into(), matched, loopback: is_loopback(&self.url) })
    }

    /// Compares a requested URI that differs from this one, by a wider rule.
    pub(crate) fn matches_widely(
        &self,
        rule: RedirectUriRule,
        requested: &RequestedRedirectUri<'_>,
    ) -> Result<RedirectUri, RedirectUriError> {
        let (matched, loopback) = match rule {
            RedirectUriRule::Exact => return Err(RedirectUriError::Different),
            RedirectUriRule::Loopback => {
                self.same_but_port(requested, is_loopback_literal)?;
                (Matched::ButPort, true)
            }
            RedirectUriRule::LoopbackOrLocalhost => {
                self.same_but_port(requested, is_loopback)?;
                (Matched::ButPort, true)
            }
            RedirectUriRule::SameOrigin { below_registered_path } => {
                self.same_origin(&requested.url, below_registered_path)?;
                (Matched::Origin, false)
            }
        };
        Ok(RedirectUri { text: requested.text.into(), matched, loopback })
    }

    fn same_but_port(
        &self,
        requested: &RequestedRedirectUri<'_>,
        is_loopback: fn(&Url) -> bool,
    ) -> Result<(), RedirectUriError> {
        let has_same_end = is_without_path(&self.text, &self.url) == requested.is_without_path;
        let requested = &requested.url;
        if self.url.scheme() != "http" || requested.scheme() != "http" {
            return Err(RedirectUriError::Scheme);
        }
        if !is_loopback(&self.url) || !is_loopback(requested) {
            return Err(RedirectUriError::NotLoopback);
        }
        if self.url.host() != requested.host() {
            return Err(RedirectUriError::OtherHost);
        }
        if requested.port() == Some(0) {
            return Err(RedirectUriError::PortZero);
        }
        if self.url.path() != requested.path() || !has_same_end {
            return Err(RedirectUriError::OtherPath);
        }
        if self.url.query() != requested.query() {
            return Err(RedirectUriError::OtherQuery);
        }
        Ok(())
    }

    fn same_origin(&self, requested: &Url, below_registered_path: bool) -> Result<(), RedirectUriError> {
        // Origins are only compared under https: `blob:` inherits one, and opaque ones all serialize to `null`.
        if self.url.scheme() != "https" || requested.scheme() != "https" {
            return Err(RedirectUriError::Scheme);
        }
        if self.url.host() != requested.host() || self.url.port_or_known_default() != requested.port_or_known_default()
        {
            return Err(RedirectUriError::OtherOrigin);
        }
        if is_ambiguous(requested) {
            return Err(RedirectUriError::AmbiguousPath);
        }
        if response_parameter::is_in_query(requested) {
            return Err(RedirectUriError::ResponseParameter);
        }
        if below_registered_path && !continues(requested.path(), self.url.path()) {
            return Err(RedirectUriError::OtherPath);
        }
        Ok(())
    }
}

impl fmt::Debug for RegisteredRedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegisteredRedirectUri").field(&self.text).finish()
    }
}

/// A requested redirect URI that matched a registered one, or a rule of the host. It proves that a response may be sent there.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: Box<str>,
    matched: Matched,
    loopback: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matched {
    Exactly,
    /// Byte for byte, and any app can have the scheme.
    SchemeWithoutDot,
    ButPort,
    Origin,
    ByHost,
    ByHostWithPkce,
}

impl RedirectUri {
    /// Returns the URI as it was requested, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A URI that a rule of the host has accepted.
    pub(crate) fn accepted_by_host(requested: &RequestedRedirectUri<'_>, needs_code_with_pkce: bool) -> Self {
        let matched = if needs_code_with_pkce { Matched::ByHostWithPkce } else { Matched::ByHost };
        Self { text: requested.as_str().into(), matched, loopback: requested.is_loopback() }
    }

    /// Returns `false` for a per-request redirect URI, of which only the origin is registered, and for one that a rule of the host
    /// accepts [with PKCE alone](crate::RedirectUriMatch::CodeWithPkce). A consent page may want to show it.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        !matches!(self.matched, Matched::Origin | Matched::ByHostWithPkce)
    }

    pub(crate) fn has_scheme_without_dot(&self) -> bool {
        self.matched == Matched::SchemeWithoutDot
    }

    /// Returns `true` if others than the client may get what is sent there: it must be a code, and worthless without the
    /// verifier.
    pub(crate) fn needs_code_with_pkce(&self) -> bool {
        matches!(self.matched, Matched::Origin | Matched::SchemeWithoutDot | Matched::ByHostWithPkce)
    }

    /// Returns `true` if the response stays on the user's machine. Any program there may listen, so ask for consent
    /// every time.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectUri").field("matched", &self.matched).finish_non_exhaustive()
    }
}

/// Returns `true` if an http URI ends with a loopback address, after which a parser adds a slash.
fn is_without_path(text: &str, url: &Url) -> bool {
    let is_at_end = url.path() == "/" && url.query().is_none() && !text.ends_with('/');
    is_at_end && url.scheme() == "http" && is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    is_loopback_literal(url) || (url.scheme() == "http" && url.host() == Some(Host::Domain("localhost")))
}

fn is_loopback_literal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        _ => false,
    }
}

/// Returns `true` for paths that servers and proxies decode or resolve differently, and for control characters
/// anywhere.
fn is_ambiguous(url: &Url) -> bool {
    let path = url.path();
    let encoded_separator = escapes(path).any(|byte| matches!(byte, b'/' | b'\\' | b'.' | b'%' | b';'));
    let control = escapes(url.as_str()).any(|byte| byte.is_ascii_control());
    let dot_segment =
        path.split('/').any(|segment| matches!(segment.split(';').next().unwrap_or_default(), "." | ".."));
    encoded_separator || control || dot_segment || path.contains("//") || !is_utf8(path)
}

/// Returns `true` if a path decodes to UTF-8. Some servers take overlong forms for the separators that they spell.
fn is_utf8(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for (part, escaped) in parts.zip(escapes(path)) {
        bytes.push(escaped);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// Returns the bytes that are written as `%XX` in a text that passed [`check_characters`].
fn escapes(text: &str) -> impl Iterator<Item = u8> {
    text.split('%').skip(1).filter_map(|rest| rest.as_bytes().first_chunk().and_then(|digits| hex::byte(*digits)))
}

fn continues(path: &str, registered: &str) -> bool {
    path.strip_prefix(registered)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || registered.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::continues;

    #[test]
    fn a_path_continues_another_only_at_a_separator() {
        assert!(continues("/cb", "/cb"));
        assert!(continues("/cb/x", "/cb"));
        assert!(continues("/cb/x", "/cb/"));
        assert!(!continues("/cbx", "/cb"));
        assert!(!continues("/other", "/cb"));
    }
}
