//! The authorization response: parameters sent to the client through the browser (RFC 6749 section 4.1.2), in the response mode
//! that was asked for, always with `iss` (RFC 9207).

pub(crate) mod answer;
pub(crate) mod page;
pub(crate) mod responder;
pub(crate) mod signer;
pub(crate) mod target;

use std::fmt;

use self::page::{FORM_POST_POLICY, refusal_page};
use crate::{
    error::{Reason, Refusal},
    http::Reply,
};

/// An authorization response, ready to be sent with `Reply::from`: a 303 to the redirect URI, or for `form_post` a page that
/// posts itself there. Where a signed response could not be signed, it is a page with status 500, for the user: see
/// [`refusal`](Self::refusal).
///
/// `Debug` keeps back what it carries, a code for instance.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Location(String),
    Page(String),
    NotSigned,
}

impl AuthorizationResponse {
    /// The `Location`, unless the response mode is `form_post` or `form_post.jwt`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.0 {
            Form::Location(location) => Some(location),
            Form::Page(_) | Form::NotSigned => None,
        }
    }

    /// The reason that nothing is sent to the client: its response had to be signed, and the
    /// [`ResponseSigner`](crate::ResponseSigner) could not do it.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        (self.0 == Form::NotSigned).then(|| Reason::ResponseNotSigned.into())
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationResponse(..)")
    }
}

impl From<AuthorizationResponse> for Reply {
    fn from(redirect: AuthorizationResponse) -> Self {
        match redirect.0 {
            Form::Location(location) => Self::see_other(location),
            Form::Page(html) => Self::page(200, html, FORM_POST_POLICY),
            Form::NotSigned => refusal_page(&Reason::ResponseNotSigned.into(), 500),
        }
    }
}
