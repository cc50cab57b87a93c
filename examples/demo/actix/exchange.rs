//! From actix-web's request to a [`Message`], and from an [`Answer`] to actix-web's response.

use std::{
    future::Future,
    pin::{Pin, pin},
};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse, Responder,
    body::{BodyStream, BoxBody, MessageBody as _},
    dev::Payload,
    error::InternalError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web::Data,
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
    head: HttpRequest,
    body: Vec<u8>,
}

impl FromRequest for Received {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let head = request.clone();
        let payload = BodyStream::new(payload.take());
        Box::pin(async move {
            let limit = head.app_data::<Data<App>>().map_or(0, |app| app.server.par.policy().limits.body);
            let mut payload = pin!(payload);
            let body = body::read(limit, |context| payload.as_mut().poll_next(context)).await;
            Ok(Self { head, body: body.map_err(|answer| InternalError::from_response("the body", answer.into()))? })
        })
    }
}

impl Received {
    pub(crate) fn message(&self) -> Message<'_> {
        let Self { head, body } = self;
        Message {
            method: head.method().as_str(),
            path: head.uri().path(),
            query: head.uri().query(),
            headers: head.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            body,
            certificate: head.conn_data::<PeerCertificate>(),
        }
    }
}

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.into()
    }
}

impl From<Answer> for HttpResponse {
    fn from(answer: Answer) -> Self {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Self::with_body(status, BoxBody::new(answer.body));
        for (name, value) in answer.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
