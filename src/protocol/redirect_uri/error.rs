//! The rules for redirect URIs, of which a URI broke one.

use crate::error_text::debug_by_display;

/// Variant, label to count by, and text.
macro_rules! redirect_uri_errors {
    ($($(#[doc = $doc:literal])* $variant:ident $label:literal $text:literal;)*) => {
        /// The rule that a redirect URI broke.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum RedirectUriError {
            $($(#[doc = $doc])* #[error($text)] $variant,)*
        }

        impl RedirectUriError {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What the documentation says that it means, for the page about refusals.
            #[cfg(test)]
            pub(crate) const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*),)*
                }
            }

            pub(crate) const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }
        }

        debug_by_display!(RedirectUriError);
    };
}

redirect_uri_errors! {
    /// An empty text.
    Empty "redirect_uri_empty" "empty";
    /// More than [`RegisteredRedirectUri::MAX_LENGTH`](crate::RegisteredRedirectUri::MAX_LENGTH) bytes.
    TooLong "redirect_uri_too_long" "longer than 2048 bytes";
    /// A character outside RFC 3986, or a broken percent-encoding.
    Lexical "redirect_uri_lexical" "contains a character that is not allowed in a URI";
    /// A fragment, even an empty one.
    Fragment "redirect_uri_fragment" "has a fragment";
    /// Not an absolute URI, or the host is longer than 253 bytes.
    Unparsable "redirect_uri_unparsable" "not an absolute URI";
    /// User information, even empty.
    UserInfo "redirect_uri_user_info" "has user information";
    /// Not https, nor http on a loopback host, nor a private-use scheme with a dot.
    Scheme "redirect_uri_scheme" "neither https, nor http on a loopback host, nor a private-use scheme with a dot";
    /// A text that parsing would change.
    NotCanonical "redirect_uri_not_canonical" "not in canonical form";
    /// Not the registered bytes.
    Different "redirect_uri_different" "not the registered URI";
    /// Not a loopback literal, where only the port differs.
    NotLoopback "redirect_uri_not_loopback" "not on a loopback literal";
    /// Another loopback literal.
    OtherHost "redirect_uri_other_host" "on another host";
    /// Port 0.
    PortZero "redirect_uri_port_zero" "on port 0";
    /// Another path.
    OtherPath "redirect_uri_other_path" "with another path";
    /// Another query.
    OtherQuery "redirect_uri_other_query" "with another query";
    /// Another origin.
    OtherOrigin "redirect_uri_other_origin" "on another origin";
    /// A path with encoded separators, dot segments or empty segments.
    AmbiguousPath "redirect_uri_ambiguous_path" "with encoded separators or dot segments in its path";
    /// A query with a parameter of the authorization response.
    ResponseParameter "redirect_uri_response_parameter" "with a parameter of the authorization response in its query";
    /// A host that cannot be registered: with a wildcard or a trailing dot.
    UnregistrableHost "redirect_uri_unregistrable_host" "has a host with a wildcard or a trailing dot";
    /// A `*`, which is one of
    /// [`danger_redirect_uri_patterns`](crate::ClientRegistration::danger_redirect_uri_patterns), at the end of a path, or none.
    Wildcard "redirect_uri_wildcard" "has a *, which would match nothing: patterns are danger_redirect_uri_patterns, with * at the end of a path";
}
