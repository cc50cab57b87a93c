//! What every HTTP framework can give and take: a request and an answer without any framework's types.

use std::borrow::Cow;

use josekit::JoseError;
use parjar::{BrowserRequest, FormRequest, PeerCertificate, RandomError, Reply};
use url::form_urlencoded;

/// A request whose body has been read. The HTTP layer keeps what it is made of.
#[derive(Clone)]
pub(crate) struct Message<'a> {
    pub(crate) method: &'a str,
    /// Still encoded, as the client has written it.
    pub(crate) path: &'a str,
    /// The raw query, without the question mark.
    pub(crate) query: Option<&'a str>,
    /// Every value of every name, names in lower case.
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    pub(crate) body: &'a [u8],
    /// What the client has shown in the TLS handshake.
    pub(crate) certificate: Option<&'a PeerCertificate>,
}

impl<'a> Message<'a> {
    /// How the library wants it.
    pub(crate) fn to_push_request(&self) -> FormRequest<'a> {
        let request = FormRequest::new(self.method, self.headers.iter().copied(), self.body).with_query(self.query);
        match self.certificate {
            Some(certificate) => request.with_client_certificate(certificate.to_client_certificate()),
            None => request,
        }
    }

    /// The same for the endpoint that browsers come to.
    pub(crate) fn to_browser_request(&self) -> BrowserRequest<'a> {
        BrowserRequest::new(self.method, self.headers.iter().copied(), self.query, self.body)
    }

    /// The value of a header that came exactly once, and in ASCII.
    pub(crate) fn header(&self, wanted: &str) -> Option<&'a str> {
        let mut values = self.values(wanted);
        let only = values.next()?;
        if values.next().is_some() { None } else { std::str::from_utf8(only).ok() }
    }

    fn values(&self, wanted: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| *value)
    }

    pub(crate) fn cookie(&self, wanted: &str) -> Option<&'a str> {
        self.values("cookie")
            .filter_map(|value| std::str::from_utf8(value).ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(name, value)| (name == wanted).then_some(value))
    }

    /// The body, if it is a form.
    pub(crate) fn form(&self) -> Option<Form<'a>> {
        let media_type = self.header("content-type")?.split(';').next()?.trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return None;
        }
        std::str::from_utf8(self.body).ok().map(Form)
    }
}

/// A form as text that is still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a>(&'a str);

impl<'a> Form<'a> {
    pub(crate) fn of_query(query: &'a str) -> Self {
        Self(query)
    }

    pub(crate) fn fields(self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        form_urlencoded::parse(self.0.as_bytes())
    }

    pub(crate) fn field(self, wanted: &str) -> Option<Cow<'a, str>> {
        self.fields().find_map(|(name, value)| (name == wanted).then_some(value))
    }
}

/// Encodes a form.
pub(crate) fn encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What to send back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", content_type.into()), ("x-content-type-options", "nosniff".into())];
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// For a path that nothing is at.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "text/plain; charset=utf-8", "there is nothing here\n")
    }

    /// For a path where these methods alone have an answer.
    pub(crate) fn method_not_allowed(allowed: &'static str) -> Self {
        Self { status: 405, headers: vec![("allow", allowed.into())], body: String::new() }
    }

    /// For a request whose handler has panicked.
    pub(crate) fn failed() -> Self {
        Self::new(500, "text/plain; charset=utf-8", "the server failed\n").no_store()
    }

    /// A GET of another page of this server.
    pub(crate) fn see_other(path: String) -> Self {
        Self { status: 303, headers: vec![("location", path.into())], body: String::new() }.no_store()
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a cookie, if there is one to set.
    pub(crate) fn with_cookie(self, header: Option<String>) -> Self {
        match header {
            Some(header) => self.with("set-cookie", header),
            None => self,
        }
    }

    pub(crate) fn no_store(self) -> Self {
        self.with("cache-control", "no-store")
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status(), headers: reply.headers().to_vec(), body: reply.into_body() }
    }
}

impl From<RandomError> for Answer {
    /// Without randomness no handle can be made, and nothing less will do.
    fn from(_: RandomError) -> Self {
        Self::new(500, "text/plain; charset=utf-8", "the system's random generator failed\n").no_store()
    }
}

impl From<JoseError> for Answer {
    fn from(_: JoseError) -> Self {
        Self::new(500, "text/plain; charset=utf-8", "a token could not be signed or encrypted\n").no_store()
    }
}
