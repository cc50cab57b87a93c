//! HTTP without a framework: a request as the parts that matter here, and a reply as status, headers and body.

#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "tower")]
pub(crate) mod body;
mod browser_request;
#[cfg(feature = "http")]
mod convert;
pub(crate) mod cors;
pub(crate) mod form;
#[cfg(feature = "tower")]
mod reply_future;

use std::{borrow::Cow, fmt};

#[cfg(feature = "axum")]
pub(crate) use self::axum::into_response;
pub use self::browser_request::BrowserRequest;
#[cfg(feature = "tower")]
pub use self::reply_future::ReplyFuture;
use crate::{
    certificate::client_certificate::ClientCertificate,
    error::{Refusal, TokenError},
};

/// A request to the PAR endpoint or to the token endpoint, put together from the parts of any framework's request.
///
/// All values of a header must arrive, so that a repeated one can be refused. A body may be cut off one byte above
/// [`Limits::body`](crate::Limits::body); it is refused as too large then.
///
/// ```
/// use parjar::FormRequest;
///
/// let headers = [("content-type", &b"application/x-www-form-urlencoded"[..])];
/// let request = FormRequest::new("POST", headers, b"client_id=web&response_type=code");
/// ```
pub struct FormRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) content_type: Header<'a>,
    pub(crate) content_encoding: Header<'a>,
    pub(crate) authorization: Header<'a>,
    pub(crate) dpop: Header<'a>,
    pub(crate) client_attestation: Header<'a>,
    pub(crate) client_attestation_pop: Header<'a>,
    pub(crate) query: Option<&'a str>,
    pub(crate) body: &'a [u8],
    certificate: Option<ClientCertificate<'a>>,
}

/// A header that may occur once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Header<'a> {
    Absent,
    Once(&'a [u8]),
    Repeated,
}

impl<'a> Header<'a> {
    pub(crate) fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Once(value),
            _ => Self::Repeated,
        };
    }
}

impl<'a> FormRequest<'a> {
    /// Makes a request from its method, all its header lines, and its body. Header names count without regard to case.
    pub fn new<N, V, B>(method: &'a str, headers: impl IntoIterator<Item = (N, &'a V)>, body: &'a B) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]> + ?Sized + 'a,
        B: AsRef<[u8]> + ?Sized,
    {
        let mut request = Self {
            method,
            content_type: Header::Absent,
            content_encoding: Header::Absent,
            authorization: Header::Absent,
            dpop: Header::Absent,
            client_attestation: Header::Absent,
            client_attestation_pop: Header::Absent,
            query: None,
            body: body.as_ref(),
            certificate: None,
        };
        for (name, value) in headers {
            let name = name.as_ref();
            let header = if name.eq_ignore_ascii_case("content-type") {
                &mut request.content_type
            } else if name.eq_ignore_ascii_case("authorization") {
                &mut request.authorization
            } else if name.eq_ignore_ascii_case("content-encoding") {
                &mut request.content_encoding
            } else if name.eq_ignore_ascii_case("dpop") {
                &mut request.dpop
            } else {
                if name.eq_ignore_ascii_case("oauth-client-attestation") {
                    request.client_attestation.add(value.as_ref());
                } else if name.eq_ignore_ascii_case("oauth-client-attestation-pop") {
                    request.client_attestation_pop.add(value.as_ref());
                }
                continue;
            };
            header.add(value.as_ref());
        }
        request
    }

    /// Adds the query of the request's URL, so that parameters there are refused instead of overlooked. An empty one is as good as none.
    #[must_use]
    pub fn with_query(self, query: Option<&'a str>) -> Self {
        Self { query, ..self }
    }

    /// Adds the certificate of the client, which authenticates clients that are registered for `tls_client_auth` or
    /// `self_signed_tls_client_auth` (RFC 8705 section 2). Of the others it counts for the binding of tokens only.
    #[must_use]
    pub fn with_client_certificate(self, certificate: ClientCertificate<'a>) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// Returns the certificate of the client. A client that authenticates in another way may present one too.
    #[must_use]
    pub fn client_certificate(&self) -> Option<ClientCertificate<'a>> {
        self.certificate
    }
}

impl fmt::Debug for FormRequest<'_> {
    /// Shows nothing of headers and body: there are secrets in both.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormRequest").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A reply to send: status, headers and body, for any framework.
///
/// `Reply::from` makes one of every outcome, without an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: String,
}

const NO_STORE: [(&str, Cow<'static, str>); 2] =
    [("cache-control", Cow::Borrowed("no-cache, no-store")), ("pragma", Cow::Borrowed("no-cache"))];

/// The challenge of a 401 (RFC 6749 section 5.2).
const BASIC: &str = r#"Basic realm="authorization server", charset="UTF-8""#;

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn json(status: u16, body: String) -> Self {
        let mut headers = Vec::with_capacity(4);
        headers.push(("content-type", Cow::Borrowed("application/json")));
        headers.extend(NO_STORE);
        Self { status, headers, body }
    }

    /// A document for everybody.
    #[cfg(feature = "tower")]
    pub(crate) fn document(json: String) -> Self {
        Self { status: 200, headers: Vec::new(), body: json }
            .with("content-type", "application/json")
            .with("cache-control", "public, max-age=60")
    }

    /// Sends a browser back to the same path, to GET it with this query.
    pub(crate) fn come_again(query: &str) -> Self {
        Self::see_other(format!("?{query}"))
    }

    /// For those who only look whether there is a page.
    pub(crate) fn page_without_content() -> Self {
        Self { status: 200, headers: NO_STORE.into(), body: String::new() }
            .with("content-type", "text/html; charset=utf-8")
    }

    pub(crate) fn see_other(location: String) -> Self {
        Self { status: 303, headers: NO_STORE.into(), body: String::new() }
            .with("location", location)
            .with("referrer-policy", "no-referrer")
    }

    pub(crate) fn page(
        status: u16,
        body: String,
        content_security_policy: &'static str,
        referrer_policy: &'static str,
    ) -> Self {
        Self { status, headers: NO_STORE.into(), body }
            .with("content-type", "text/html; charset=utf-8")
            .with("content-security-policy", content_security_policy)
            .with("referrer-policy", referrer_policy)
            .with("x-content-type-options", "nosniff")
    }

    pub(crate) fn with_retry_after(self, seconds: Option<u32>) -> Self {
        match seconds {
            Some(seconds) => self.with("retry-after", seconds.to_string()),
            None => self,
        }
    }

    /// Adds the nonce for the next DPoP proof (RFC 9449 section 8).
    pub(crate) fn with_dpop_nonce(self, nonce: Option<&str>) -> Self {
        match nonce {
            Some(nonce) => self.with("dpop-nonce", nonce.to_owned()),
            None => self,
        }
    }

    /// Adds the challenge for the next proof of possession of an attested key.
    fn with_attestation_challenge(self, challenge: Option<&str>) -> Self {
        match challenge {
            Some(challenge) => self.with("oauth-client-attestation-challenge", challenge.to_owned()),
            None => self,
        }
    }

    /// Adds a challenge to a 401 (RFC 9110 section 11.6.1).
    pub(crate) fn with_challenge(self, challenge: String) -> Self {
        self.with("www-authenticate", challenge)
    }

    /// Adds a header. Values come from constants and from text that has been checked to be printable ASCII.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns the status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the headers: names in lower case, values in printable ASCII.
    #[must_use]
    pub fn headers(&self) -> &[(&'static str, Cow<'static, str>)] {
        &self.headers
    }

    /// Returns the first value of a header; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| &**value)
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the body, without a copy.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }
}

impl fmt::Debug for Reply {
    /// Keeps back headers and body, which may carry a handle or a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl From<&Refusal> for Reply {
    /// Makes the error response of RFC 6749 section 5.2.
    fn from(refusal: &Refusal) -> Self {
        let mut reply = Self::json(refusal.status(), refusal.to_json());
        match reply.status {
            401 => reply = reply.with("www-authenticate", BASIC),
            405 => reply = reply.with("allow", "POST"),
            _ => {}
        }
        let reply = reply.with_attestation_challenge(refusal.attestation_challenge());
        reply.with_retry_after(refusal.retry_after()).with_dpop_nonce(refusal.dpop_nonce())
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

impl From<TokenError> for Reply {
    /// Makes the error response of RFC 6749 section 5.2.
    fn from(error: TokenError) -> Self {
        let reply = Self::json(error.code().status(), error.to_json());
        let reply = if reply.status == 401 { reply.with("www-authenticate", BASIC) } else { reply };
        reply.with_retry_after(error.retry_after()).with_dpop_nonce(error.dpop_nonce())
    }
}

impl<T: Into<Reply>> From<Result<T, Refusal>> for Reply {
    fn from(outcome: Result<T, Refusal>) -> Self {
        match outcome {
            Ok(success) => success.into(),
            Err(refusal) => refusal.into(),
        }
    }
}
