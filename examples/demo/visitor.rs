//! The browser at the authorization endpoint. A pushed request has a cookie of its own, of the library's making; what comes in the
//! query is bound to nothing, and its form is known by the cookie that a browser has for this server.

use parjar::{BindingCookie, EmptyBinding, Pending, RandomError};

use super::{
    Demo,
    browser::{Browser, comes_from_elsewhere},
    issuer::Issuer,
    message::{Form, Message},
};

pub(crate) enum Visitor {
    ForPushed(BindingCookie),
    ForQuery(Browser),
}

impl Visitor {
    /// The browser that sends this request, which is a query.
    pub(crate) fn of(demo: &Demo, message: &Message, request: &str) -> Result<Self, RandomError> {
        let Some(request_uri) = Form::of_query(request).field("request_uri") else {
            return Browser::of(message, &demo.issuer).map(Self::ForQuery);
        };
        demo.cookies.read(&request_uri, &message.cookies()).map(Self::ForPushed)
    }

    /// The query to send a browser back with that has no cookie for a pushed request yet: if it is clicked twice, it drops the first
    /// answer, and must not have opened the request with it. Only browsers are, and they say what they load.
    pub(crate) fn query_of_return(&self, message: &Message, request: &str) -> Option<String> {
        let is_page = message.header("sec-fetch-mode") == Some("navigate")
            && message.header("sec-fetch-dest") == Some("document");
        match self {
            Self::ForPushed(cookie) if is_page => cookie.query_of_return(request),
            _ => None,
        }
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

    /// The same browser, if `form` was sent from a page that this server gave to it.
    pub(crate) fn of_form(self, message: &Message, form: Form<'_>, issuer: &Issuer) -> Option<Self> {
        match self {
            Self::ForPushed(_) if comes_from_elsewhere(message, issuer) => None,
            Self::ForPushed(cookie) => cookie.of_form(&form.field("csrf")?).map(Self::ForPushed),
            Self::ForQuery(browser) => browser.sent(message, form, issuer).then_some(Self::ForQuery(browser)),
        }
    }

    /// The cookie that comes with the page.
    pub(crate) fn set_cookie(&self, demo: &Demo) -> Option<String> {
        match self {
            Self::ForPushed(cookie) => Some(cookie.to_set(demo.par.policy().login_lifetime)),
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
