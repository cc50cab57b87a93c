//! The URI that a proof is for (`htu`), normalized so that equivalent URIs are equal.

use std::fmt;

use crate::{hex, protocol::redirect_uri::check_characters};

/// The URI of an endpoint or of a request, without query and fragment, normalized by syntax and scheme (RFC 3986 sections 6.2.2
/// and 6.2.3).
///
/// It has to be the URI that clients know, from the host's configuration or from its proxy. The sender of a request
/// chooses its `Host` header freely.
///
/// ```
/// use parjar::dpop::TargetUri;
///
/// let uri = TargetUri::parse("HTTPS://API.example.com:443/a/%7euser/./x?page=2").unwrap();
/// assert_eq!(uri.as_str(), "https://api.example.com/a/~user/x");
/// assert_eq!(TargetUri::parse("https://user@api.example.com/"), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TargetUri(Box<str>);

impl TargetUri {
    /// Reads an `https` or `http` URI, and leaves out its query and fragment (RFC 9449 section 4.3, item 9). `None` for anything that is not one, or that has
    /// user information.
    #[must_use]
    pub fn parse(uri: &str) -> Option<Self> {
        Self::normalized(uri.split(['?', '#']).next().unwrap_or_default())
    }

    fn normalized(uri: &str) -> Option<Self> {
        check_characters(uri).ok()?;
        let (scheme, rest) = uri.split_once("://")?;
        let (scheme, default_port) = if scheme.eq_ignore_ascii_case("https") {
            ("https", ":443")
        } else if scheme.eq_ignore_ascii_case("http") {
            ("http", ":80")
        } else {
            return None;
        };
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
        let host = [default_port, ":"].into_iter().find_map(|port| authority.strip_suffix(port)).unwrap_or(authority);
        if host.is_empty() || host.contains(['@', '%']) {
            return None;
        }
        let path = without_dot_segments(&with_plain_encodings(path)?);
        Some(Self(format!("{scheme}://{}{path}", host.to_ascii_lowercase()).into()))
    }

    /// The normalized URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TargetUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TargetUri({})", self.as_str())
    }
}

/// Decodes unreserved characters, and puts the digits of all other encodings in capital letters.
fn with_plain_encodings(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut plain = String::with_capacity(path.len());
    plain.push_str(parts.next()?);
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        match hex::byte(digits.as_bytes().try_into().ok()?)? {
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') => {
                plain.push(byte.into())
            }
            _ => {
                plain.push('%');
                plain.push_str(&digits.to_ascii_uppercase());
            }
        }
        plain.push_str(rest);
    }
    Some(plain)
}

/// RFC 3986 section 5.2.4. An empty path is `/`.
fn without_dot_segments(path: &str) -> String {
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => {
                kept.push(other);
                continue;
            }
        }
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{TargetUri, without_dot_segments};

    #[test]
    fn dot_segments_go_as_the_specification_says() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("/a/b/c/./../../g", "/a/g"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/../../a", "/a"),
            ("/a//../b", "/a/b"),
            ("/a//b", "/a//b"),
            ("/...", "/..."),
        ] {
            assert_eq!(without_dot_segments(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_normalized_stays_as_it_is() {
        for uri in ["https://A.example:443/%2e%2E/%c3%a9%7E%2f", "http://[::1]:80", "https://a.example:8443/x/"] {
            let once = TargetUri::parse(uri).unwrap();
            assert_eq!(TargetUri::parse(once.as_str()).as_ref(), Some(&once), "{uri}");
        }
    }
}
