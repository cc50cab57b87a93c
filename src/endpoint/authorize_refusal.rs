//! A refusal of the authorization endpoint: a page for the user, or an error response for the client.

use std::fmt;

use crate::{
    error::Refusal,
    error_text::debug_by_display,
    http::Reply,
    response::{AuthorizationResponse, page::refusal_page},
};

/// A refusal of the authorization endpoint, for the user or for the client. There are no others than these.
#[derive(Clone)]
pub enum AuthorizeRefusal {
    /// Show a page to the user. Never redirect: nothing in the request is known to belong to the client, or the error response
    /// for it could not be signed.
    Page(Refusal),
    /// Send the browser back to the client, with an error response.
    Redirect(Box<RefusedRedirect>),
    /// Send the browser what it was sent before: it has decided twice.
    Answered(Box<EarlierAnswer>),
}

debug_by_display!(AuthorizeRefusal);

impl AuthorizeRefusal {
    /// The reason, with the error code and the public text.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        match self {
            Self::Page(refusal) => refusal,
            Self::Redirect(refused) => &refused.refusal,
            Self::Answered(answered) => &answered.refusal,
        }
    }

    /// The HTTP status of a page that shows the refusal: 400, or 500 and 503 when the fault is on this side.
    #[must_use]
    pub fn page_status(&self) -> u16 {
        match self.refusal().status() {
            status @ (500 | 503) => status,
            _ => 400,
        }
    }
}

impl From<AuthorizeRefusal> for Reply {
    /// The error response to the client, or the earlier response; or a plain page with the public text, for hosts that have no error page of their own.
    fn from(refused: AuthorizeRefusal) -> Self {
        let status = refused.page_status();
        match refused {
            AuthorizeRefusal::Redirect(refused) => refused.response.into(),
            AuthorizeRefusal::Answered(answered) => answered.response.into(),
            AuthorizeRefusal::Page(refusal) => refusal_page(&refusal, status),
        }
    }
}

impl fmt::Display for AuthorizeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal().fmt(f)
    }
}

impl std::error::Error for AuthorizeRefusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(self.refusal())
    }
}

/// A refusal that the client is told of, through the browser and a validated `redirect_uri`.
#[derive(Clone, Debug)]
pub struct RefusedRedirect {
    pub(super) refusal: Refusal,
    pub(super) response: AuthorizationResponse,
}

impl RefusedRedirect {
    /// The reason, with the error code and the public text.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The error response of RFC 6749 section 4.1.2.1, with `state` and `iss`, in the response mode that was asked for.
    #[must_use]
    pub fn response(&self) -> &AuthorizationResponse {
        &self.response
    }
}

/// The answer that the browser was given a moment ago, for the same decision about the same request. The code in it, if there is
/// one, is the same one.
#[derive(Clone, Debug)]
pub struct EarlierAnswer {
    pub(super) refusal: Refusal,
    pub(super) response: AuthorizationResponse,
}

impl EarlierAnswer {
    /// The response, byte for byte.
    #[must_use]
    pub fn response(&self) -> &AuthorizationResponse {
        &self.response
    }
}

impl From<Refusal> for AuthorizeRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Page(refusal)
    }
}
