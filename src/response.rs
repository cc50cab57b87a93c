//! The authorization response: parameters sent to the client through the browser (RFC 6749 section 4.1.2), in the response mode
//! that was asked for, always with `iss` (RFC 9207).

pub(crate) mod answer;
pub(crate) mod page;
pub(crate) mod responder;
pub(crate) mod signer;
pub(crate) mod target;

use std::fmt;

use self::page::FORM_POST_POLICY;
use crate::http::Reply;

/// An authorization response, ready to be sent with `Reply::from`: a 303 to the redirect URI, or for `form_post` a page with
/// status 200 that posts itself there.
///
/// `Debug` keeps back what it carries, a code for instance.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Location(String),
    Page(String),
}

impl AuthorizationResponse {
    /// The `Location`, unless the response mode is `form_post` or `form_post.jwt`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.0 {
            Form::Location(location) => Some(location),
            Form::Page(_) => None,
        }
    }
}

impl AuthorizationResponse {
    /// Bytes that it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match &self.0 {
            Form::Location(text) | Form::Page(text) => text.len(),
        }
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationResponse(..)")
    }
}

impl From<AuthorizationResponse> for Reply {
    fn from(response: AuthorizationResponse) -> Self {
        match response.0 {
            Form::Location(location) => Self::see_other(location),
            // With `no-referrer`, the client would get `Origin: null`.
            Form::Page(html) => Self::page(200, html, FORM_POST_POLICY, "origin"),
        }
    }
}
