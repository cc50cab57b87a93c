//! The metadata document as a service of `tower`.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use ::http::{Request, Response};
use serde_json::{Map, Value};
use tower_service::Service;

use super::{ParEndpoint, push_service::origin};
use crate::http::{Reply, ReplyFuture, cors::Cors};

/// The metadata document (RFC 8414) as a [`tower::Service`](https://docs.rs/tower-service): it answers GET and HEAD with the document, which may be
/// kept for a minute, and other methods with 405. [`ParEndpoint::metadata_service`] makes one, and [`new`](Self::new) makes one of a document with
/// members of the host's own. It is cheap to clone, and always ready.
///
/// ```
/// use parjar::{Cors, InMemoryRegistry, MetadataService, ParEndpoint};
/// use serde_json::json;
///
/// # fn routed<S>(_: &str, service: S)
/// # where S: tower_service::Service<parjar::reexports::http::Request<String>, Error = std::convert::Infallible> + Clone + Send + Sync + 'static {}
/// let par = ParEndpoint::builder("https://as.example.com").clients(InMemoryRegistry::default()).build()?;
/// let mut document = par.metadata();
/// document.insert("jwks_uri".to_owned(), json!("https://as.example.com/jwks"));
/// let service = MetadataService::new(document).with_cors(Cors::any_origin());
///
/// // axum: Router::new().route_service("/.well-known/oauth-authorization-server", service)
/// # routed("/.well-known/oauth-authorization-server", service);
/// # Ok::<_, parjar::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetadataService {
    document: Arc<str>,
    cors: Option<Arc<Cors>>,
}

impl<C, S> ParEndpoint<C, S> {
    /// Returns the [metadata](Self::metadata) as a service of `tower`.
    #[must_use]
    pub fn metadata_service(&self) -> MetadataService {
        MetadataService::new(self.metadata())
    }
}

impl MetadataService {
    /// Makes the service of a document.
    #[must_use]
    pub fn new(document: Map<String, Value>) -> Self {
        Self { document: Value::Object(document).to_string().into(), cors: None }
    }

    /// Lets scripts of other origins read the document.
    #[must_use]
    pub fn with_cors(self, cors: Cors) -> Self {
        Self { cors: Some(Arc::new(cors)), ..self }
    }

    fn answer(&self, method: &str) -> Reply {
        match method {
            "GET" => Reply::document(self.document.to_string()),
            "HEAD" => Reply::document(String::new()).with("content-length", self.document.len().to_string()),
            _ => Reply::empty(405).with("allow", "GET, HEAD"),
        }
    }
}

impl<B> Service<Request<B>> for MetadataService {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = ReplyFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ReplyFuture {
        let (method, origin) = (request.method().as_str(), origin(request.headers()));
        let reply = match &self.cors {
            None => self.answer(method),
            Some(cors) => match cors.preflight_of_document(method, origin.as_deref()) {
                Some(reply) => reply,
                None => cors.permit(origin.as_deref(), self.answer(method)),
            },
        };
        ReplyFuture::new(async move { reply })
    }
}
