//! The rules for redirect URIs, of which a URI broke one.

use std::fmt;

use crate::error_text::debug_by_display;

/// The rule that a redirect URI broke.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RedirectUriError {
    /// An empty text.
    Empty,
    /// More than [`RegisteredRedirectUri::MAX_LENGTH`](crate::RegisteredRedirectUri::MAX_LENGTH) bytes.
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
    /// A `*`, which is one of
    /// [`danger_redirect_uri_patterns`](crate::ClientRegistration::danger_redirect_uri_patterns), at the end of a path, or none.
    Wildcard,
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
            Self::Wildcard => "redirect_uri_wildcard",
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
            Self::Wildcard => "has a *, which would match nothing: patterns are danger_redirect_uri_patterns, with * at the end of a path",
        })
    }
}

impl std::error::Error for RedirectUriError {}
