//! The beginning of redirect URIs, for hosts whose registrations have `*` at their end.

use std::fmt;

use super::{RedirectUriError, RequestedRedirectUri, gate, is_ambiguous, response_parameter, scheme::PrivateSchemes};

/// Redirect URIs that begin alike: `https://app.example.com/cb/*`. **Each page below is one that responses can be sent to**: one
/// that redirects to addresses in its query, or shows what users write, gives them away.
///
/// It has effect only where a [`RedirectUriMatcher`](crate::RedirectUriMatcher) of the host makes use of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedirectUriPattern {
    text: Box<str>,
}

impl RedirectUriPattern {
    /// Checks a pattern for registration. The `*` stands at the end, once, and behind the first slash of a path: scheme, host and port
    /// are always whole.
    ///
    /// # Errors
    ///
    /// The first rule that the pattern breaks.
    ///
    /// ```
    /// use parjar::{RedirectUriError, RedirectUriPattern};
    ///
    /// assert!(RedirectUriPattern::parse("https://app.example.com/cb/*").is_ok());
    /// assert_eq!(RedirectUriPattern::parse("https://app.example.com*"), Err(RedirectUriError::Wildcard));
    /// assert_eq!(RedirectUriPattern::parse("https://*.example.com/cb"), Err(RedirectUriError::Wildcard));
    /// ```
    pub fn parse(text: &str) -> Result<Self, RedirectUriError> {
        let beginning = text.strip_suffix('*').filter(|beginning| !beginning.contains('*'));
        let beginning = beginning.ok_or(RedirectUriError::Wildcard)?;
        let url = gate::pass(beginning, PrivateSchemes::WithDot)?;
        // Before the slash there is the authority, which could go on as that of another server.
        if !gate::has_path(beginning) {
            return Err(RedirectUriError::Wildcard);
        }
        if url.as_str() != beginning {
            return Err(RedirectUriError::NotCanonical);
        }
        if url.host_str().is_some_and(|host| host.ends_with('.')) {
            return Err(RedirectUriError::UnregistrableHost);
        }
        if is_ambiguous(&url) {
            return Err(RedirectUriError::AmbiguousPath);
        }
        if response_parameter::is_in_query(&url) {
            return Err(RedirectUriError::ResponseParameter);
        }
        Ok(Self { text: text.into() })
    }

    /// Returns the text, with the `*`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `true` if a requested URI begins with what stands before the `*`.
    #[must_use]
    pub fn matches(&self, requested: &RequestedRedirectUri<'_>) -> bool {
        self.text.strip_suffix('*').is_some_and(|beginning| requested.url().as_str().starts_with(beginning))
    }
}

impl fmt::Debug for RedirectUriPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedirectUriPattern").field(&self.text).finish()
    }
}
