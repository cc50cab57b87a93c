//! From axum's request to a [`Message`], and from an [`Answer`] to axum's response.

use std::pin::Pin;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{ConnectInfo, FromRequest, Request},
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use crate::{
    demo::{
        http::{
            body,
            message::{Answer, Message},
        },
        program::App,
    },
    secured::Peer,
};

impl FromRequest<App> for Message {
    type Rejection = Answer;

    async fn from_request(request: Request, app: &App) -> Result<Self, Answer> {
        let (head, mut body) = request.into_parts();
        let body = body::read(app.server.par.policy().limits.body, |context| {
            // Trailers count for nothing.
            Pin::new(&mut body).poll_frame(context).map_ok(|frame| frame.into_data().unwrap_or_else(|_| Bytes::new()))
        })
        .await?;
        let header = |(name, value): (&HeaderName, &HeaderValue)| (name.as_str().to_owned(), value.as_bytes().to_vec());
        Ok(Self {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: head.headers.iter().map(header).collect(),
            body,
            certificate: head.extensions.get::<ConnectInfo<Peer>>().and_then(|ConnectInfo(peer)| peer.certificate()),
        })
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
