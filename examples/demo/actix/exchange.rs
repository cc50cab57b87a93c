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

impl FromRequest for Message {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let header = |(name, value): (&HeaderName, &HeaderValue)| (name.as_str().to_owned(), value.as_bytes().to_vec());
        let mut message = Self {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            headers: request.headers().iter().map(header).collect(),
            body: Vec::new(),
            certificate: request.conn_data::<PeerCertificate>().cloned(),
        };
        let app = request.app_data::<Data<App>>().cloned();
        let payload = BodyStream::new(payload.take());
        Box::pin(async move {
            let limit = app.map_or(0, |app| app.server.par.policy().limits.body);
            let mut payload = pin!(payload);
            message.body = body::read(limit, |context| payload.as_mut().poll_next(context))
                .await
                .map_err(|answer| InternalError::from_response("the body", HttpResponse::from(answer)))?;
            Ok(message)
        })
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
