//! The PAR endpoint as a handler of actix-web.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data, PayloadConfig, ServiceConfig, resource},
};
use parjar::{BoxedParEndpoint, FormRequest, Reply};

/// The handler.
pub async fn push(par: Data<BoxedParEndpoint>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let push = FormRequest::new(request.method().as_str(), headers, &body).with_query(request.uri().query());
    let reply = Reply::from(par.push(&push).await);
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers() {
        response.append_header((*name, value.as_ref()));
    }
    response.body(reply.into_body())
}

/// The route: for every method, since the library answers wrong ones too, and with the limit for bodies, above which actix-web answers 413.
pub fn routes(par: BoxedParEndpoint) -> impl FnOnce(&mut ServiceConfig) {
    let limit = PayloadConfig::new(par.policy().limits.body);
    move |app| {
        app.service(resource("/authorize/par").app_data(Data::new(par)).app_data(limit).to(push));
    }
}
