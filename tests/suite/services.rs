//! The endpoints as services of `tower`, over bodies as servers have them.

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body, Frame};
use parjar::{
    Client, ClientCertificate, ClientRegistry, Cors, Event, InMemoryRegistry, MetadataService, ParEndpoint,
    PeerCertificate, Policy, PushService, RegistryError,
};
use serde_json::{Value, json};
use tower_service::Service;

use crate::{
    certificate_maker::Maker,
    certificates::tls,
    support::{FORM, ISSUER, Server, authorization, basic, client, code_request},
};

/// A body in pieces, which counts those that were read.
#[derive(Default)]
struct Pieces {
    left: VecDeque<Result<Frame<Bytes>, io::Error>>,
    read: Arc<AtomicUsize>,
}

impl Pieces {
    fn of<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Self {
        let frame = |piece: &str| Ok(Frame::data(Bytes::copy_from_slice(piece.as_bytes())));
        Self { left: pieces.into_iter().map(frame).collect(), read: Arc::default() }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.read.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(self.left.pop_front())
    }
}

/// What servers ask of a service.
fn call<S, B>(service: &S, request: Request<B>) -> Response<String>
where
    S: Service<Request<B>, Response = Response<String>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let mut service = service.clone();
    let Ok(response) = pollster::block_on(async {
        std::future::poll_fn(|context| service.poll_ready(context)).await?;
        service.call(request).await
    });
    response
}

fn push<B>(body: B) -> Request<B> {
    Request::post("/authorize/par")
        .header("content-type", FORM)
        .header("authorization", authorization("basic", "s3cret"))
        .body(body)
        .unwrap()
}

fn error(response: &Response<String>) -> Value {
    serde_json::from_str::<Value>(response.body()).unwrap()["error"].clone()
}

#[test]
fn a_push_in_pieces_is_taken() {
    let server = Server::new();
    let form = code_request(&[]);
    let (first, second) = form.split_at(7);
    let mut body = Pieces::of([first, "", second]);
    body.left.push_back(Ok(Frame::trailers([(http::header::COOKIE, "a=b".parse().unwrap())].into_iter().collect())));
    let response = call(&server.par.push_service(), push(body));
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["cache-control"], "no-cache, no-store");
    assert_eq!(call(&server.par.push_service(), push(form)).status(), 201, "a whole body is one, too");
}

#[test]
fn no_more_of_a_body_is_read_than_shows_that_it_is_too_large() {
    let mut policy = Policy::oauth();
    policy.limits.body = 100;
    let server = Server::with(policy, [basic("basic")]);
    let body = Pieces::of(["x".repeat(60).as_str()].repeat(1000));
    let read = Arc::clone(&body.read);
    let response = call(&server.par.push_service(), push(body));
    assert_eq!((response.status().as_u16(), error(&response)), (413, json!("invalid_request")));
    assert_eq!(read.load(Ordering::SeqCst), 2);
    let exactly = format!("{:&<100}", "response_type=x");
    assert_eq!(error(&call(&server.par.push_service(), push(exactly))), "unsupported_response_type");
}

#[test]
fn a_body_that_breaks_off_is_refused_and_observers_are_told() {
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    let par = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .observer(move |event: &Event<'_>| {
            if let Event::Refused { reason, .. } = event {
                assert_eq!(reason.label(), "body_broke_off");
                count.fetch_add(1, Ordering::SeqCst);
            }
        })
        .build()
        .unwrap();
    let mut body = Pieces::of(["response_type=code"]);
    body.left.push_back(Err(io::Error::other("connection reset")));
    let response = call(&par.push_service(), push(body));
    assert_eq!((response.status().as_u16(), error(&response)), (400, json!("invalid_request")));
    assert_eq!(refused.load(Ordering::SeqCst), 1);
}

#[test]
fn other_methods_are_refused_without_a_look_at_their_bodies() {
    let server = Server::new();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::OPTIONS] {
        let body = Pieces::of([code_request(&[]).as_str()]);
        let read = Arc::clone(&body.read);
        let mut request = push(body);
        *request.method_mut() = method;
        let response = call(&server.par.push_service(), request);
        assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
        assert_eq!(read.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_query_is_refused() {
    let server = Server::new();
    let mut request = push(code_request(&[]));
    *request.uri_mut() = "/authorize/par?scope=more".parse().unwrap();
    assert_eq!(call(&server.par.push_service(), request).status(), 400);
}

#[test]
fn scripts_of_other_origins_are_answered_where_the_host_says_so() {
    let server = Server::new();
    let preflight = || {
        let request = Request::options("/authorize/par").header("origin", "https://app.example.com");
        request.body(String::new()).unwrap()
    };
    assert_eq!(call(&server.par.push_service(), preflight()).status(), 405);
    let service = server.par.push_service().with_cors(Cors::origins(["https://app.example.com"]).unwrap());
    let response = call(&service, preflight());
    assert_eq!(
        (response.status().as_u16(), &response.headers()["access-control-allow-methods"]),
        (204, &"POST".parse().unwrap())
    );
    let mut request = push(code_request(&[]));
    request.headers_mut().insert("origin", "https://app.example.com".parse().unwrap());
    let response = call(&service, request);
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
}

#[test]
fn the_certificate_of_a_connection_comes_with_the_extensions() {
    let server = Server::with(Policy::oauth(), [tls("bank")]);
    let der = Maker::new().der();
    let attempt = |certificate: Option<PeerCertificate>| {
        let form = code_request(&[("client_id", "bank")]);
        let mut request = Request::post("/authorize/par").header("content-type", FORM).body(form).unwrap();
        if let Some(certificate) = certificate {
            request.extensions_mut().insert(certificate);
        }
        call(&server.par.push_service(), request).status().as_u16()
    };
    assert_eq!(attempt(None), 401);
    assert_eq!(attempt(Some(ClientCertificate::with_unverified_chain(&der).into())), 401);
    assert_eq!(attempt(Some(ClientCertificate::with_verified_chain(&der).into())), 201);
}

/// A registry that cannot be cloned.
struct OnlyOne(Arc<Client>);

impl ClientRegistry for OnlyOne {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        Ok((self.0.client_id() == client_id).then(|| self.0.clone()))
    }
}

#[test]
fn an_endpoint_that_cannot_be_cloned_is_served_from_an_arc() {
    let clients = OnlyOne(Arc::new(client(basic("basic"))));
    let par = Arc::new(ParEndpoint::builder(ISSUER).clients(clients).build().unwrap());
    let service = PushService::new(Arc::clone(&par));
    assert_eq!(call(&service, push(code_request(&[]))).status(), 201);
    let boxed = Server::new().par.boxed().push_service();
    assert_eq!(call(&boxed, push(code_request(&[]))).status(), 201);
}

fn metadata(service: &MetadataService, method: Method) -> Response<String> {
    let request = Request::builder().method(method).uri("/").header("origin", "https://app.example.com");
    call(service, request.body(String::new()).unwrap())
}

#[test]
fn metadata_is_read_by_get_and_looked_at_by_head() {
    let server = Server::new();
    let service = server.par.metadata_service();
    let response = metadata(&service, Method::GET);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(serde_json::from_str::<Value>(response.body()).unwrap(), Value::Object(server.par.metadata()));
    let head = metadata(&service, Method::HEAD);
    assert_eq!((head.status().as_u16(), head.body().as_str()), (200, ""));
    assert_eq!(head.headers()["content-length"], response.body().len().to_string());
    for method in [Method::POST, Method::PUT, Method::OPTIONS] {
        let response = metadata(&service, method);
        assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"GET, HEAD".parse().unwrap()));
    }
}

#[test]
fn metadata_has_what_the_host_adds_and_scripts_read_it_where_the_host_says_so() {
    let server = Server::new();
    let mut document = server.par.metadata();
    document.insert("jwks_uri".to_owned(), json!("https://as.example.com/jwks"));
    let service = MetadataService::new(document);
    assert!(!metadata(&service, Method::GET).headers().contains_key("access-control-allow-origin"));
    let service = service.with_cors(Cors::any_origin());
    let response = metadata(&service, Method::GET);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert!(response.body().contains(r#""jwks_uri":"https://as.example.com/jwks""#));
    let preflight = metadata(&service, Method::OPTIONS);
    assert_eq!(preflight.headers()["access-control-allow-methods"], "GET, HEAD");
}

#[cfg(feature = "axum")]
mod axum {
    use axum_core::response::IntoResponse;
    use parjar::{AuthorizeRefusal, Browser, Pushed, Reason, Refusal, Reply, TokenError, TokenErrorCode};

    use super::*;

    fn status(response: impl IntoResponse) -> u16 {
        response.into_response().status().as_u16()
    }

    #[test]
    fn outcomes_are_responses() {
        let server = Server::new();
        let pushed: Result<Pushed, Refusal> = server.try_push(code_request(&[]).as_bytes());
        let query = format!("client_id=basic&request_uri={}", pushed.as_ref().unwrap().request_uri());
        assert_eq!(status(pushed), 201);
        assert_eq!(status(server.try_push(b"")), 400);
        assert_eq!(status(Refusal::from(Reason::WrongSecret)), 401);
        assert_eq!(status(Reply::from(Refusal::from(Reason::StoreUnavailable))), 503);
        assert_eq!(status(TokenError::from(TokenErrorCode::InvalidGrant)), 400);
        let refused: AuthorizeRefusal = server.open("urn:nothing").unwrap_err();
        assert_eq!(status(refused), 400);
        let response = pollster::block_on(async {
            let pending = server.par.authorize(&query, Browser::bound("browser").unwrap()).await.unwrap();
            server.par.complete(&pending).await.unwrap().respond([("code", "c")]).await.unwrap()
        });
        assert_eq!(status(response), 303);
    }
}
