//! Checks of the text of a redirect URI, before a parser sees it.

use url::Url;

use super::{
    RedirectUriError, RegisteredRedirectUri,
    scheme::{self, PrivateSchemes},
};
use crate::hex;

/// Bytes of a host name (RFC 1035 section 2.3.4), with a port.
const MAX_AUTHORITY: usize = 253 + ":65535".len();

/// Checks every redirect URI, the raw text first.
pub(super) fn pass(text: &str, private: PrivateSchemes) -> Result<Url, RedirectUriError> {
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

/// Schemes after which a parser takes what comes next for the authority, however many slashes there are.
const SPECIAL: [&str; 5] = ["https", "http", "ftp", "wss", "ws"];

fn raw_authority(text: &str) -> Option<&str> {
    behind_slashes(text)?.split(['/', '?']).next()
}

/// The text from the authority on, if there is one.
fn behind_slashes(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    match SPECIAL.iter().any(|special| scheme.eq_ignore_ascii_case(special)) {
        true => Some(rest.trim_start_matches('/')),
        false => rest.strip_prefix("//"),
    }
}

/// Returns `true` if a path with a slash at its beginning is written behind the authority, or behind the scheme where there is none.
pub(super) fn has_path(text: &str) -> bool {
    let path = match (behind_slashes(text), raw_authority(text)) {
        (Some(rest), Some(authority)) => rest.strip_prefix(authority),
        _ => text.split_once(':').map(|(_, rest)| rest),
    };
    path.is_some_and(|path| path.starts_with('/'))
}

/// Returns `true` where the host is longer than any name can be. A parser takes time that grows with its square.
pub(crate) fn has_long_authority(text: &str) -> bool {
    raw_authority(text).is_some_and(|authority| authority.len() > MAX_AUTHORITY)
}
