//! Forms that cannot be read, and redirect URIs that break a rule.

use super::{Mending, by_both, by_client};
use crate::protocol::{form_error::FormError, redirect_uri::RedirectUriError};

pub(super) fn of_form(error: FormError) -> Mending {
    match error {
        FormError::TooLarge => by_both("Send less.", "Raise [`Limits::body`](crate::Limits::body)."),
        FormError::MalformedEncoding => by_client("Encode `%` as `%25`, and let a library write the form."),
        FormError::NotUtf8 => by_client("Encode text as UTF-8 before it is percent-encoded."),
        FormError::ControlCharacter => by_client("Leave control characters out."),
        FormError::MalformedName => by_client("Give each value a name, and the body no byte order mark."),
        FormError::DuplicateParameter => by_client("Send each parameter once; `resource` alone may be repeated."),
        FormError::TooManyParameters => {
            by_both("Send fewer parameters.", "Raise [`Limits::parameters`](crate::Limits::parameters).")
        }
        FormError::NameTooLong => by_both("Use shorter names.", "Raise [`Limits::name`](crate::Limits::name)."),
        FormError::ValueTooLong => by_both(
            "Send shorter values.",
            "Raise [`value`](crate::Limits::value), [`json_value`](crate::Limits::json_value) or \
             [`request_object`](crate::Limits::request_object) of the limits.",
        ),
    }
}

pub(super) fn of_redirect_uri(error: RedirectUriError) -> Mending {
    match error {
        RedirectUriError::Empty => by_client("Send the registered URI."),
        RedirectUriError::TooLong => by_client("Keep what is long in `state` or in a session."),
        RedirectUriError::Lexical => {
            by_client("Percent-encode what is not allowed in a URI, and register it in the same form.")
        }
        RedirectUriError::Fragment => by_client("Leave `#` and what follows out."),
        RedirectUriError::Unparsable => by_client("Send an absolute URI, with scheme and host."),
        RedirectUriError::UserInfo => by_client("Leave `user@` out."),
        RedirectUriError::Scheme => by_both(
            "Use https; on the user's own machine http on `127.0.0.1` or `[::1]`; in apps a scheme such as `com.example.app`.",
            "Schemes without a dot need \
             [`danger_allow_redirect_uri_schemes_without_dot`](crate::Policy::danger_allow_redirect_uri_schemes_without_dot).",
        ),
        RedirectUriError::NotCanonical => by_client(
            "Send it as a browser writes it: host in lower case, no default port, a path that begins with `/`, no `..`.",
        ),
        RedirectUriError::Different => by_both(
            "Send one of the registered URIs, byte for byte; a trailing `/` counts.",
            "Register the URI, or see [`redirect_uris`](crate::guide::redirect_uris) for what else can be allowed.",
        ),
        RedirectUriError::NotLoopback | RedirectUriError::OtherHost | RedirectUriError::PortZero => by_both(
            "Listen on `127.0.0.1` or `[::1]`, as registered, on a port that is not 0.",
            "The port may differ for native clients. For `localhost` see \
             [`allow_localhost_redirect_uris_on_any_port`](crate::Policy::allow_localhost_redirect_uris_on_any_port).",
        ),
        RedirectUriError::OtherPath | RedirectUriError::OtherQuery => {
            by_both("Send path and query as registered.", "Register this path or query as well.")
        }
        RedirectUriError::OtherOrigin => {
            by_both("Stay on scheme, host and port of a registered URI.", "Register a URI of this origin.")
        }
        RedirectUriError::AmbiguousPath => by_client("Write the path without `%2F`, `%5C`, `.`, `..` and `//`."),
        RedirectUriError::ResponseParameter => {
            by_client("Leave `code`, `state`, `iss`, `error` and their kin out of the query.")
        }
        RedirectUriError::UnregistrableHost => by_client("Use a host without `*` and without a dot at its end."),
        RedirectUriError::Wildcard => by_both(
            "Register each URI.",
            "Patterns are [`danger_redirect_uri_patterns`](crate::ClientRegistration::danger_redirect_uri_patterns).",
        ),
    }
}
