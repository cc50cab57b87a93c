//! Visits of browsers to the authorization endpoint: what every host does around the opening of a request and around the decision.

use url::Url;

use super::{AuthorizeRefusal, BindingCookie, BindingCookies, Decision, ParEndpoint, Pending};
use crate::{
    client::ClientRegistry,
    error::{Reason, Refusal},
    http::{BrowserRequest, Reply},
    observer::Stage,
    protocol::{
        form_error::FormError,
        parameters::{Name, Parameters},
        request_uri::RequestUri,
    },
    store::RequestStore,
};

/// Bytes of a form that becomes the query of a URL. Longer URLs are refused by servers and proxies.
const MAX_URL: usize = 8 * 1024;

/// What became of a visit.
#[derive(Debug)]
pub enum Visit {
    /// Send this. Nothing was opened: the browser comes again, or it was no request to open anything.
    Reply(Reply),
    /// A request is open. Show the page of the login, or go on with the session of the user.
    Login(Box<Login>),
}

/// A request that is open to a browser, with the cookie that it is known by.
#[derive(Clone, Debug)]
pub struct Login {
    pending: Pending,
    cookie: BindingCookie,
    lifetime: u32,
}

impl Login {
    /// The request.
    #[must_use]
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    /// A token against forms of other sites (CSRF), for a hidden field of the page. It comes back to [`ParEndpoint::decide`].
    #[must_use]
    pub fn form_token(&self) -> String {
        self.cookie.form_token()
    }

    /// The `Set-Cookie` header of the page.
    #[must_use]
    pub fn set_cookie(&self) -> String {
        match self.pending.request_uri() {
            Some(_) => self.cookie.to_set(self.lifetime),
            None => self.cookie.to_set_while_browser_runs(),
        }
    }

    /// The `Set-Cookie` header of the answer to a decision. `None` if the request came in the query: its cookie goes on to be used.
    #[must_use]
    pub fn drop_cookie(&self) -> Option<String> {
        self.pending.request_uri().map(|_| self.cookie.to_drop())
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Answers a request of a browser to the authorization endpoint: [authorizes](Self::authorize) it, with what belongs around that.
    ///
    /// * A HEAD opens nothing, since programs look at a link before its user does. Frameworks route it as a GET. It gets an empty page, and
    ///   other methods than GET and POST get a 405.
    /// * A POST that another site has sent comes without cookies (`SameSite=Lax`). Its browser is sent back, 303, to do the same as a GET,
    ///   and is the browser that it was. A form that does not fit into a URL, at 8 KiB, is refused.
    /// * A browser that loads a page and has no cookie for a pushed request yet is sent back with one, so that a double click opens the
    ///   request once: see [`BindingCookies`]. The way back is a query alone, so that it leads to the same path wherever this is mounted.
    ///
    /// A host that has the form of its decision at the same path tells that apart before, and gives it to [`decide`](Self::decide).
    ///
    /// # Errors
    ///
    /// Those of [`authorize`](Self::authorize).
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, BindingCookies, BrowserRequest, Decision, Login, ParEndpoint, Reply, Visit};
    ///
    /// /// What the host's framework sends: a reply of this library, or a page of the host's.
    /// enum Answer {
    ///     Reply(Reply, Option<String>),
    ///     Page { html: String, set_cookie: String },
    /// }
    ///
    /// /// Any method at the authorization endpoint.
    /// async fn visit(par: &ParEndpoint, cookies: &BindingCookies, request: &BrowserRequest<'_>) -> Answer {
    ///     match par.visit(cookies, request).await {
    ///         Ok(Visit::Login(login)) => Answer::Page { html: page(&login), set_cookie: login.set_cookie() },
    ///         Ok(Visit::Reply(reply)) => Answer::Reply(reply, None),
    ///         Err(refused) => Answer::Reply(refused.into(), None),
    ///     }
    /// }
    ///
    /// fn page(login: &Login) -> String {
    ///     let (token, request) = (login.form_token(), login.pending().to_query().replace('&', "&amp;"));
    ///     format!(r#"<form method="post" action="/decision"> ... <input type="hidden" name="token" value="{token}">
    ///         <input type="hidden" name="request" value="{request}"> ... </form>"#)
    /// }
    ///
    /// /// The form of that page, and the values of its fields.
    /// async fn approved(
    ///     par: &ParEndpoint, cookies: &BindingCookies, form: &BrowserRequest<'_>, request: &str, token: &str,
    /// ) -> Result<Answer, AuthorizeRefusal> {
    ///     let login = par.decide(cookies, form, request, token, Decision::Approve).await?;
    ///     let granted = par.complete(login.pending()).await?;
    ///     let response = granted.respond([("code", "your code")]).await?;
    ///     Ok(Answer::Reply(response.into(), login.drop_cookie()))
    /// }
    /// ```
    pub async fn visit(
        &self,
        cookies: &BindingCookies,
        request: &BrowserRequest<'_>,
    ) -> Result<Visit, AuthorizeRefusal> {
        let query = match request.method {
            "GET" => request.query,
            "POST" => match request.form() {
                None => return Err(self.not_opened(Reason::ContentType.into())),
                Some(form) if !request.comes_from_elsewhere(&self.origin()) => form,
                Some(form) if fits_url(form) => return Ok(Visit::Reply(Reply::come_again(form))),
                Some(_) => return Err(self.not_opened(Reason::Form(FormError::TooLarge).into())),
            },
            "HEAD" => return Ok(Visit::Reply(Reply::page_without_content())),
            _ => return Ok(Visit::Reply(Reply::empty(405).with("allow", "GET, HEAD, POST"))),
        };
        let (is_pushed, cookie) = self.cookie_for(cookies, request, query)?;
        let lifetime = self.policy().login_lifetime;
        if is_pushed
            && request.is_navigation()
            && let Some(query) = cookie.query_of_return(query).filter(|query| fits_url(query))
        {
            return Ok(Visit::Reply(Reply::come_again(&query).with("set-cookie", cookie.to_set(lifetime))));
        }
        let pending = self.authorize(query, cookie.browser()).await?;
        let cookie = cookie.of(&pending);
        Ok(Visit::Login(Box::new(Login { pending, cookie, lifetime })))
    }

    /// Opens a request again for the decision of its user, as [`authorize_decision`](Self::authorize_decision) does, if the form was sent from
    /// a page that this server gave to this browser. `form` is the request that brings the form, `query` the field that
    /// [`Pending::to_query`] has filled, and `token` the one of [`Login::form_token`].
    ///
    /// The page must not have `Referrer-Policy: no-referrer`, for which browsers keep back the `Origin` of its form; `same-origin` is right.
    ///
    /// Go on with [`complete`](Self::complete) or [`deny`](Self::deny), and send [`Login::drop_cookie`] with the answer.
    ///
    /// # Errors
    ///
    /// [`Reason::ForeignForm`] for a form of another site, or of a page that another browser was given; and those of
    /// [`authorize_decision`](Self::authorize_decision).
    pub async fn decide(
        &self,
        cookies: &BindingCookies,
        form: &BrowserRequest<'_>,
        query: &str,
        token: &str,
        decision: Decision,
    ) -> Result<Login, AuthorizeRefusal> {
        let foreign = || self.not_opened(Reason::ForeignForm.into());
        if form.method != "POST" || form.comes_from_elsewhere(&self.origin()) {
            return Err(foreign());
        }
        let (_, cookie) = self.cookie_for(cookies, form, query)?;
        let cookie = cookie.of_form(token).ok_or_else(foreign)?;
        let pending = self.authorize_decision(query, cookie.browser(), decision).await?;
        let cookie = cookie.of(&pending);
        Ok(Login { pending, cookie, lifetime: self.policy().login_lifetime })
    }

    /// The cookie of the browser for a request, and whether that was pushed. Requests in queries have one cookie for all of them.
    fn cookie_for(
        &self,
        cookies: &BindingCookies,
        request: &BrowserRequest<'_>,
        query: &str,
    ) -> Result<(bool, BindingCookie), AuthorizeRefusal> {
        let parameters = Parameters::parse(query.as_bytes(), &self.policy().limits).unwrap_or_default();
        let request_uri = parameters.known(Name::RequestUri).and_then(RequestUri::parse);
        let name = request_uri.as_ref().map_or("", RequestUri::as_str);
        let cookie = cookies.read(name, request.cookies());
        let cookie = cookie.map_err(|error| self.not_opened(Refusal::unavailable(Reason::RandomSource, error)))?;
        Ok((request_uri.is_some(), cookie))
    }

    fn not_opened(&self, refusal: Refusal) -> AuthorizeRefusal {
        self.parts.begin(Stage::Authorize).refused(None, refusal).into()
    }

    /// The origin of the pages of this server.
    fn origin(&self) -> String {
        let url = Url::parse(self.authorization_endpoint());
        url.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

fn fits_url(form: &str) -> bool {
    form.len() <= MAX_URL && form.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}
