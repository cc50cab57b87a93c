//! The browser at the authorization endpoint. A pushed request has a cookie of its own, of the library's making; what comes in the
//! query is bound to nothing, and its form is known by the cookie that a browser has for this server.

use std::borrow::Cow;

use parjar::{BindingCookie, EmptyBinding, Pending, RandomError};
use subtle::ConstantTimeEq as _;

use super::{
    Demo,
    browser::{Browser, comes_from_elsewhere},
    first_visits::Visit,
    issuer::Issuer,
    message::{Form, Message},
};

pub(crate) enum Visitor {
    ForPushed(BindingCookie),
    ForQuery(Browser),
}

impl Visitor {
    /// The browser that sends this request, which is a query. One without a cookie is known by its `visit`.
    pub(crate) fn of(
        demo: &Demo,
        message: &Message,
        request: &str,
        visit: Option<&Visit>,
    ) -> Result<Self, RandomError> {
        let Some(request_uri) = Form::of_query(request).field("request_uri") else {
            return Browser::of(message, &demo.issuer).map(Self::ForQuery);
        };
        let seen = visit.map_or("", Visit::id);
        Ok(Self::ForPushed(demo.cookies.read(&request_uri, &message.cookies(), seen)))
    }

    /// How the library wants it.
    pub(crate) fn browser(&self) -> Result<parjar::Browser<'_>, EmptyBinding> {
        match self {
            Self::ForPushed(cookie) => Ok(cookie.browser()),
            Self::ForQuery(browser) => browser.binding(),
        }
    }

    /// The same browser, once the request is open to it.
    pub(crate) fn of_pending(self, pending: &Pending) -> Self {
        match self {
            Self::ForPushed(cookie) => Self::ForPushed(cookie.of(pending)),
            browser @ Self::ForQuery(_) => browser,
        }
    }

    /// The value that a form of this server carries. A foreign page can neither read it nor, without the cookie, compute it.
    pub(crate) fn form_token(&self) -> String {
        match self {
            Self::ForPushed(cookie) => cookie.form_token(),
            Self::ForQuery(browser) => browser.form_token(),
        }
    }

    /// Whether `form` was sent from a page that this server gave to this browser.
    pub(crate) fn sent(&self, message: &Message, form: Form<'_>, issuer: &Issuer) -> bool {
        let cookie = match self {
            Self::ForQuery(browser) => return browser.sent(message, form, issuer),
            Self::ForPushed(cookie) => cookie,
        };
        let token = form.field("csrf").unwrap_or(Cow::Borrowed(""));
        let genuine = token.as_bytes().ct_eq(cookie.form_token().as_bytes());
        cookie.is_sent() && bool::from(genuine) && !comes_from_elsewhere(message, issuer)
    }

    /// The cookie that comes with the page.
    pub(crate) fn set_cookie(&self, demo: &Demo) -> Option<String> {
        match self {
            Self::ForPushed(cookie) => cookie.to_set(demo.par.policy().login_lifetime),
            Self::ForQuery(browser) => browser.set_cookie(),
        }
    }

    /// The cookie that comes with the answer to a decision.
    pub(crate) fn drop_cookie(&self) -> Option<String> {
        match self {
            Self::ForPushed(cookie) => Some(cookie.to_drop()),
            Self::ForQuery(_) => None,
        }
    }
}
