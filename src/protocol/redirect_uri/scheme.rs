//! The schemes that a redirect URI may have.

use url::Url;

use super::{RedirectUriError, is_loopback};

/// The private-use schemes (RFC 8252 section 7.1) that are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PrivateSchemes {
    /// Those with a dot, which are reversed names of domains.
    WithDot,
    /// All that belong to apps.
    Any,
}

/// Schemes without a dot that browsers and systems answer themselves, or that start programs which do more than take a code.
const OTHERS: [&str; 56] = [
    "about",
    "aim",
    "android-app",
    "app",
    "blob",
    "brave",
    "callto",
    "chrome",
    "chrome-extension",
    "cid",
    "content",
    "data",
    "dict",
    "edge",
    "facetime",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "geo",
    "git",
    "gopher",
    "imap",
    "intent",
    "irc",
    "jar",
    "javascript",
    "ldap",
    "ldaps",
    "livescript",
    "mailto",
    "market",
    "mhtml",
    "mid",
    "mms",
    "mocha",
    "moz-extension",
    "ms-msdt",
    "ms-officecmd",
    "news",
    "nntp",
    "opera",
    "res",
    "resource",
    "search-ms",
    "sftp",
    "sip",
    "sms",
    "ssh",
    "tel",
    "telnet",
    "urn",
    "vbscript",
    "view-source",
    "wyciwyg",
];

pub(super) fn check(text: &str, url: &Url, private: PrivateSchemes) -> Result<(), RedirectUriError> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" | "ws" | "wss" => return Err(RedirectUriError::Scheme),
        scheme if scheme.contains('.') => return Ok(()),
        scheme if private == PrivateSchemes::Any && !OTHERS.contains(&scheme) => return Ok(()),
        _ => return Err(RedirectUriError::Scheme),
    }
    let continues = text.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//"));
    if continues { Ok(()) } else { Err(RedirectUriError::NotCanonical) }
}

/// Returns `true` for a private-use scheme that is no reversed name of a domain, and so that of no app in particular.
pub(super) fn is_private_without_dot(url: &Url) -> bool {
    !matches!(url.scheme(), "http" | "https") && !url.scheme().contains('.')
}
