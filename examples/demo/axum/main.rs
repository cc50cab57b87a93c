//! A small authorization server with pushed authorization requests, over axum: `cargo run --example axum`.
//!
//! This folder is the whole HTTP layer. What the endpoints do is in the folder around it; what happens to a pushed request is in the
//! library.

#[path = "../demo.rs"]
mod demo;
mod exchange;
mod listener;
mod secured;

use std::{io, process::ExitCode, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, Version, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
    routing::{any, get, post},
};

use self::{
    demo::{
        Demo, authorize, discovery, html,
        message::{Answer, Message},
        playground, probes,
        program::{self, Sockets, Stop},
        push, resource, token_endpoint,
    },
    listener::PatientListener,
    secured::{Peer, SecuredListener},
};

type App = State<Arc<Demo>>;

fn routes(demo: Arc<Demo>) -> Router {
    Router::new()
        // Every method, because the library answers the wrong ones as well.
        .route("/authorize/par", any(async |app: App, message: Message| push::answer(&app, &message).await))
        .route(
            "/authorize",
            get(async |State(demo): App, message: Message| authorize::answer(demo, message).await)
                .post(async |State(demo): App, message: Message| authorize::answer(demo, message).await),
        )
        .route("/token", post(async |app: App, message: Message| token_endpoint::answer(&app, &message).await))
        .route("/resource", get(async |app: App, message: Message| resource::answer(&app, &message).await))
        .route("/.well-known/oauth-authorization-server", get(async |app: App| discovery::metadata(&app)))
        .route("/.well-known/openid-configuration", get(async |app: App| discovery::metadata(&app)))
        .route("/.well-known/oauth-protected-resource", get(async |app: App| discovery::protected_resource(&app)))
        .route("/jwks", get(async |app: App| discovery::jwks(&app)))
        .route("/health", get(async || probes::health()))
        .route("/ready", get(async |app: App| probes::ready(&app).await))
        .route("/", get(async |app: App, message: Message| playground::start(&app, &message)))
        .route("/playground/push", post(async |app: App, message: Message| playground::push(&app, &message).await))
        .route(
            "/playground/run/{id}",
            get(async |app: App, message: Message| playground::show(&app, &message))
                .post(async |app: App, message: Message| playground::go_on(&app, &message).await),
        )
        .route(
            "/playground/callback",
            get(async |app: App, message: Message| playground::arrive(&app, &message))
                .post(async |app: App, message: Message| playground::arrive(&app, &message)),
        )
        .route("/style.css", get(async || html::style_sheet()))
        .route("/icon.svg", get(async || html::icon()))
        .fallback(async || Answer::not_found())
        .layer(from_fn(one_host))
        .with_state(demo)
}

/// RFC 9112 section 3.2: a request that leaves open which host it is for is refused.
async fn one_host(request: Request, next: Next) -> Response {
    match request.headers().get_all(header::HOST).iter().count() {
        1 => next.run(request).await,
        0 if request.version() < Version::HTTP_11 => next.run(request).await,
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    program::run(serve).await
}

async fn serve(sockets: Sockets, demo: Arc<Demo>, stop: Stop) -> io::Result<()> {
    let listener = PatientListener::new(tokio::net::TcpListener::from_std(sockets.listener)?);
    let service = routes(demo).into_make_service_with_connect_info::<Peer>();
    axum::serve(SecuredListener::new(listener, sockets.tls), service).with_graceful_shutdown(stop).await
}
