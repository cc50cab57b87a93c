//! The PAR endpoint as a service of `tower`.

use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use ::http::{HeaderMap, Method, Request, Response, header::ORIGIN};
use http_body::Body;
use tower_service::Service;

use super::ParEndpoint;
use crate::{
    certificate::peer_certificate::PeerCertificate,
    client::ClientRegistry,
    error::Reason,
    http::{FormRequest, Reply, ReplyFuture, body, cors::Cors},
    observer::Stage,
    store::RequestStore,
};

/// The PAR endpoint as a [`tower::Service`](https://docs.rs/tower-service): a request of `http` 1 goes in, whatever its body, and a response
/// comes out, for errors as well. [`ParEndpoint::push_service`] makes one. It is cheap to clone, and always ready.
///
/// No more of a body is read than [`Limits::body`](crate::Limits::body) allows; a larger one is answered with 413. **How long a client may take to
/// send its body is not limited here**: put a time limit around the service, or around the connection.
///
/// A client certificate is taken from the extensions of the request, if there is a [`PeerCertificate`].
///
/// ```
/// use parjar::{Cors, InMemoryRegistry, ParEndpoint};
///
/// # fn routed<S>(_: &str, service: S)
/// # where S: tower_service::Service<parjar::reexports::http::Request<String>, Error = std::convert::Infallible> + Clone + Send + Sync + 'static {}
/// let par = ParEndpoint::builder("https://as.example.com").clients(InMemoryRegistry::default()).build()?;
///
/// // axum: Router::new().route_service("/authorize/par", par.push_service())
/// # routed("/authorize/par", par.push_service());
/// // Scripts of other origins may push as well:
/// let service = par.push_service().with_cors(Cors::any_origin());
/// # routed("/authorize/par", service);
/// # Ok::<_, parjar::BuildError>(())
/// ```
pub struct PushService<C, S> {
    par: Arc<ParEndpoint<C, S>>,
    cors: Option<Arc<Cors>>,
}

impl<C: ClientRegistry + Clone, S: RequestStore + Clone> ParEndpoint<C, S> {
    /// Returns the PAR endpoint as a service of `tower`. An endpoint whose registry or store cannot be cloned is put into an `Arc`, for
    /// [`PushService::new`].
    #[must_use]
    pub fn push_service(&self) -> PushService<C, S> {
        PushService::new(self.clone())
    }
}

impl<C: ClientRegistry, S: RequestStore> PushService<C, S> {
    /// Makes the service of an endpoint, or of an `Arc` of it.
    #[must_use]
    pub fn new(par: impl Into<Arc<ParEndpoint<C, S>>>) -> Self {
        Self { par: par.into(), cors: None }
    }
}

impl<C, S> PushService<C, S> {
    /// Answers scripts of other origins, preflights included.
    #[must_use]
    pub fn with_cors(self, cors: Cors) -> Self {
        Self { cors: Some(Arc::new(cors)), ..self }
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    async fn answer_push<B: Body>(&self, request: Request<B>) -> Reply {
        let (head, body) = request.into_parts();
        // Only the body of a POST counts. The others are refused for their method.
        let read = match head.method {
            Method::POST => body::read(body, self.policy().limits.body).await,
            _ => Ok(Vec::new().into()),
        };
        let Ok(body) = read else {
            return self.parts.begin(Stage::Push).refused(None, Reason::BodyBrokeOff.into()).into();
        };
        let mut request = FormRequest::from_parts(&head, &*body);
        if let Some(certificate) = head.extensions.get::<PeerCertificate>() {
            request = request.with_client_certificate(certificate.to_client_certificate());
        }
        self.push(&request).await.into()
    }
}

impl<C, S, B> Service<Request<B>> for PushService<C, S>
where
    C: ClientRegistry + 'static,
    S: RequestStore + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = ReplyFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ReplyFuture {
        let (par, cors) = (Arc::clone(&self.par), self.cors.clone());
        ReplyFuture::new(async move {
            let Some(cors) = cors else { return par.answer_push(request).await };
            let origin = origin(request.headers());
            match cors.preflight(request.method().as_str(), origin.as_deref()) {
                Some(reply) => reply,
                None => cors.apply(origin.as_deref(), par.answer_push(request).await),
            }
        })
    }
}

/// The origin of the script that sends a request.
pub(super) fn origin(headers: &HeaderMap) -> Option<String> {
    headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned)
}

impl<C, S> Clone for PushService<C, S> {
    fn clone(&self) -> Self {
        Self { par: Arc::clone(&self.par), cors: self.cors.clone() }
    }
}

impl<C, S> fmt::Debug for PushService<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushService").field("par", &self.par).field("cors", &self.cors).finish()
    }
}
