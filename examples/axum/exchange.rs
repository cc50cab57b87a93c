//! From axum's request to a [`Message`], and from an [`Answer`] to axum's response.

use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::{FromRequest, Request},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};

use crate::demo::{
    Demo,
    message::{Answer, Message},
};

/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many bytes of a body above the limit are read before the connection is closed.
const MAX_DROPPED: usize = 8 * 1024 * 1024;

impl FromRequest<Arc<Demo>> for Message {
    type Rejection = Answer;

    async fn from_request(request: Request, demo: &Arc<Demo>) -> Result<Self, Answer> {
        let (head, body) = request.into_parts();
        let limit = demo.par.policy().limits.body;
        let body = match tokio::time::timeout(PATIENCE, read(body, limit)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Err(Answer::new(400, "text/plain; charset=utf-8", "the body broke off\n")),
            Err(_) => return Err(Answer::new(408, "text/plain; charset=utf-8", "the body took too long\n")),
        };
        let header = |(name, value): (&axum::http::HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        Ok(Self {
            method: head.method.as_str().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: head.headers.iter().map(header).collect(),
            body,
        })
    }
}

/// Reads a body to its end, and keeps one byte above the limit: the library refuses it then. Some of the rest is read and
/// dropped, since a client that is still sending when the connection closes never sees the refusal.
async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, axum::Error> {
    let mut bytes = Vec::new();
    let mut dropped = 0usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = limit.saturating_add(1).saturating_sub(bytes.len());
        let kept = data.get(..room).unwrap_or(&data);
        bytes.extend_from_slice(kept);
        dropped = dropped.saturating_add(data.len().saturating_sub(kept.len()));
        if dropped > MAX_DROPPED {
            break;
        }
    }
    Ok(bytes)
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
