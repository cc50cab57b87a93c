//! From axum's request to a [`Message`], and from an [`Answer`] to axum's response.

use std::pin::Pin;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use parjar::PeerCertificate;

use crate::demo::{
    http::{
        body,
        message::{Answer, Message},
    },
    program::App,
};

/// A request that has arrived whole.
pub(crate) struct Received {
    head: Parts,
    body: Vec<u8>,
}

impl FromRequest<App> for Received {
    type Rejection = Answer;

    async fn from_request(request: Request, app: &App) -> Result<Self, Answer> {
        let (head, mut body) = request.into_parts();
        let body = body::read(app.server.par.policy().limits.body, |context| {
            // Trailers count for nothing.
            Pin::new(&mut body).poll_frame(context).map_ok(|frame| frame.into_data().unwrap_or_else(|_| Bytes::new()))
        })
        .await?;
        Ok(Self { head, body })
    }
}

impl Received {
    pub(crate) fn message(&self) -> Message<'_> {
        let Self { head, body } = self;
        Message {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query(),
            headers: head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body,
            certificate: head.extensions.get::<PeerCertificate>(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
