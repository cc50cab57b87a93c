//! Conversions to and from the types of the `http` crate, version 1.

use ::http::{HeaderValue, Request, Response, StatusCode, request::Parts};

use super::{BrowserRequest, FormRequest, Reply};

impl<'a> FormRequest<'a> {
    /// Makes a request from the head of a request of `http` 1 ([`reexports::http`](crate::reexports::http)) and its
    /// body, query included.
    pub fn from_parts(parts: &'a Parts, body: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::new(parts.method.as_str(), parts.headers.iter(), body).with_query(parts.uri.query())
    }
}

impl<'a, B: AsRef<[u8]>> From<&'a Request<B>> for FormRequest<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self::new(request.method().as_str(), request.headers().iter(), request.body()).with_query(request.uri().query())
    }
}

impl<'a> BrowserRequest<'a> {
    /// Makes a request from the head of a request of `http` 1 ([`reexports::http`](crate::reexports::http)) and its body, query included.
    pub fn from_parts(parts: &'a Parts, body: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self::new(parts.method.as_str(), parts.headers.iter(), parts.uri.query(), body)
    }
}

impl<B: From<String>> From<Reply> for Response<B> {
    fn from(reply: Reply) -> Self {
        let mut response = Response::new(B::from(reply.body));
        *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in reply.headers {
            // Never taken: `Reply` holds printable ASCII only.
            let Ok(value) = HeaderValue::from_str(&value) else { continue };
            response.headers_mut().append(name, value);
        }
        response
    }
}
