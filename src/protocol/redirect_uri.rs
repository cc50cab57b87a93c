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

mod scheme;

use std::fmt;

use url::{Host, Url, form_urlencoded};

use self::scheme::PrivateSchemes;

use crate::{error_text::debug_by_display, hex};

/// Names of parameters of an authorization response: a redirect URI whose query has one could forge a response.
const RESPONSE_PARAMETERS: [&str; 12] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
    "access_token",
    "token_type",
    "expires_in",
    "id_token",
    "session_state",
];

/// Bytes of a host name (RFC 1035 section 2.3.4), with a port.
const MAX_AUTHORITY: usize = 253 + ":65535".len();

/// The rule that a redirect URI broke.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectUriError {
    /// An empty text.
    Empty,
    /// More than [`RegisteredRedirectUri::MAX_LENGTH`] bytes.
    TooLong,
    /// A character outside RFC 3986, or a broken percent-encoding.
    Lexical,
    /// A fragment, even an empty one.
    Fragment,
    /// Not an absolute URI, or the host is longer than 253 bytes.
    Unparsable,
    /// User information, even empty.
    UserInfo,
    /// Not https, nor http on a loopback host, nor a private-use scheme with a dot.
    Scheme,
    /// A text that parsing would change.
    NotCanonical,
    /// Not the registered bytes.
    Different,
    /// Not a loopback literal, where only the port differs.
    NotLoopback,
    /// Another loopback literal.
    OtherHost,
    /// Port 0.
    PortZero,
    /// Another path.
    OtherPath,
    /// Another query.
    OtherQuery,
    /// Another origin.
    OtherOrigin,
    /// A path with encoded separators, dot segments or empty segments.
    AmbiguousPath,
    /// A query with a parameter of the authorization response.
    ResponseParameter,
    /// A host that cannot be registered: with a wildcard or a trailing dot.
    UnregistrableHost,
}

debug_by_display!(RedirectUriError);

impl RedirectUriError {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Empty => "redirect_uri_empty",
            Self::TooLong => "redirect_uri_too_long",
            Self::Lexical => "redirect_uri_lexical",
            Self::Fragment => "redirect_uri_fragment",
            Self::Unparsable => "redirect_uri_unparsable",
            Self::UserInfo => "redirect_uri_user_info",
            Self::Scheme => "redirect_uri_scheme",
            Self::NotCanonical => "redirect_uri_not_canonical",
            Self::Different => "redirect_uri_different",
            Self::NotLoopback => "redirect_uri_not_loopback",
            Self::OtherHost => "redirect_uri_other_host",
            Self::PortZero => "redirect_uri_port_zero",
            Self::OtherPath => "redirect_uri_other_path",
            Self::OtherQuery => "redirect_uri_other_query",
            Self::OtherOrigin => "redirect_uri_other_origin",
            Self::AmbiguousPath => "redirect_uri_ambiguous_path",
            Self::ResponseParameter => "redirect_uri_response_parameter",
            Self::UnregistrableHost => "redirect_uri_unregistrable_host",
        }
    }
}

impl fmt::Display for RedirectUriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty",
            Self::TooLong => "longer than 2048 bytes",
            Self::Lexical => "contains a character that is not allowed in a URI",
            Self::Fragment => "has a fragment",
            Self::Unparsable => "not an absolute URI",
            Self::UserInfo => "has user information",
            Self::Scheme => "neither https, nor http on a loopback host, nor a private-use scheme with a dot",
            Self::NotCanonical => "not in canonical form",
            Self::Different => "not the registered URI",
            Self::NotLoopback => "not on a loopback literal",
            Self::OtherHost => "on another host",
            Self::PortZero => "on port 0",
            Self::OtherPath => "with another path",
            Self::OtherQuery => "with another query",
            Self::OtherOrigin => "on another origin",
            Self::AmbiguousPath => "with encoded separators or dot segments in its path",
            Self::ResponseParameter => "with a parameter of the authorization response in its query",
            Self::UnregistrableHost => "has a host with a wildcard or a trailing dot",
        })
    }
}

impl std::error::Error for RedirectUriError {}

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

    /// Checks a URI for registration.
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

    fn parse_with(text: &str, private: PrivateSchemes) -> Result<Self, RedirectUriError> {
        let url = gate(text, private)?;
        if url.host_str().is_some_and(|host| host.ends_with('.') || host.contains('*')) {
            return Err(RedirectUriError::UnregistrableHost);
        }
        if has_response_parameter(&url) {
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
        let RequestedRedirectUri { text, url } = requested;
        let (matched, loopback) = match rule {
            RedirectUriRule::Exact => return Err(RedirectUriError::Different),
            RedirectUriRule::Loopback => {
                self.same_but_port(url, is_loopback_literal)?;
                (Matched::ButPort, true)
            }
            RedirectUriRule::LoopbackOrLocalhost => {
                self.same_but_port(url, is_loopback)?;
                (Matched::ButPort, true)
            }
            RedirectUriRule::SameOrigin { below_registered_path } => {
                self.same_origin(url, below_registered_path)?;
                (Matched::Origin, false)
            }
        };
        Ok(RedirectUri { text: (*text).into(), matched, loopback })
    }

    fn same_but_port(&self, requested: &Url, is_loopback: fn(&Url) -> bool) -> Result<(), RedirectUriError> {
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
        if self.url.path() != requested.path() {
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
        if has_response_parameter(requested) {
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

/// A requested redirect URI, parsed once for all registered ones.
pub(crate) struct RequestedRedirectUri<'a> {
    text: &'a str,
    url: Url,
}

impl<'a> RequestedRedirectUri<'a> {
    /// Parses a URI that parsing does not change.
    pub(crate) fn parse(text: &'a str) -> Result<Self, RedirectUriError> {
        let url = gate(text, PrivateSchemes::WithDot)?;
        if url.as_str() == text { Ok(Self { text, url }) } else { Err(RedirectUriError::NotCanonical) }
    }
}

/// A requested redirect URI that matched a registered one. It proves that a response may be sent there.
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
}

impl RedirectUri {
    /// Returns the URI as it was requested, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `false` for a per-request redirect URI: only its origin is registered, and a consent page may want to
    /// show it.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.matched != Matched::Origin
    }

    pub(crate) fn has_scheme_without_dot(&self) -> bool {
        self.matched == Matched::SchemeWithoutDot
    }

    /// Returns `true` if others than the client may get what is sent there: it must be a code, and worthless without the
    /// verifier.
    pub(crate) fn needs_code_with_pkce(&self) -> bool {
        matches!(self.matched, Matched::Origin | Matched::SchemeWithoutDot)
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

/// Checks every redirect URI, the raw text first.
fn gate(text: &str, private: PrivateSchemes) -> Result<Url, RedirectUriError> {
    if text.is_empty() {
        return Err(RedirectUriError::Empty);
    }
    if text.len() > RegisteredRedirectUri::MAX_LENGTH {
        return Err(RedirectUriError::TooLong);
    }
    check_characters(text)?;
    if text.contains('#') {
        return Err(RedirectUriError::Fragment);
    }
    // A long name in punycode costs a parser more than its length.
    if has_long_authority(text) {
        return Err(RedirectUriError::Unparsable);
    }
    let url = Url::parse(text).map_err(|_| RedirectUriError::Unparsable)?;
    if raw_authority(text).is_some_and(|authority| authority.contains('@'))
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(RedirectUriError::UserInfo);
    }
    scheme::check(text, &url, private)?;
    Ok(url)
}

/// Returns an error unless a text consists of the characters of RFC 3986 alone, its percent-encodings well-formed.
pub(crate) fn check_characters(text: &str) -> Result<(), RedirectUriError> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else {
                    return Err(RedirectUriError::Lexical);
                };
                hex::byte([high, low]).ok_or(RedirectUriError::Lexical)?;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {}
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' => {}
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => {}
            _ => return Err(RedirectUriError::Lexical),
        }
    }
    Ok(())
}

fn raw_authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(':')?;
    rest.strip_prefix("//")?.split(['/', '?']).next()
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

/// Returns `true` where the host is longer than any name can be. A parser takes time that grows with its square.
pub(crate) fn has_long_authority(text: &str) -> bool {
    raw_authority(text).is_some_and(|authority| authority.len() > MAX_AUTHORITY)
}

/// Returns `true` if the query has a parameter of the response, for any server: also with `;` between parameters.
fn has_response_parameter(url: &Url) -> bool {
    url.query().unwrap_or_default().split(['&', ';']).any(|pair| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name).unwrap_or_default();
        response_names(&name).into_iter().any(|name| RESPONSE_PARAMETERS.contains(&&*name))
    })
}

/// Returns the names under which servers find a parameter: ASP.NET in any letter case; PHP with an underscore for a dot, a space and a bracket
/// that nothing closes, up to a zero byte, and as an array under what stands before a bracket.
fn response_names(name: &str) -> [String; 2] {
    let name = name.split('\0').next().unwrap_or_default().trim().to_ascii_lowercase();
    let underscored = |name: &str| name.replace(['.', ' ', '['], "_");
    [underscored(name.split('[').next().unwrap_or_default().trim_end()), underscored(&name)]
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
