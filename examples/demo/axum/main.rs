//! A small authorization server with pushed authorization requests, over axum: `cargo run --example axum`.
//!
//! This folder is the whole HTTP layer. What the endpoints do is in the rooms beside it (`demo.rs` names them); what happens to a
//! pushed request is in the library.

mod connections;
#[path = "../demo.rs"]
mod demo;
mod exchange;
mod time_limit;

use std::process::ExitCode;

use axum::{
    Router,
    extract::State,
    routing::{any, get, post},
};

use self::{
    demo::{
        http::{html, message::Answer},
        playground,
        program::{self, App},
        server::{discovery, probes, push, resource, token_endpoint},
    },
    exchange::Received,
};

type Shared = State<App>;

fn routes(app: App) -> Router {
    Router::new()
        // Every method, because the library answers the wrong ones as well.
        .route(
            "/authorize/par",
            any(async |State(app): Shared, it: Received| push::answer(&app.server, &it.message()).await),
        )
        .route("/authorize", get(authorize).post(authorize))
        .route(
            "/token",
            post(async |State(app): Shared, it: Received| token_endpoint::answer(&app.server, &it.message()).await),
        )
        .route(
            "/resource",
            get(async |State(app): Shared, it: Received| resource::answer(&app.server, &it.message()).await),
        )
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/.well-known/openid-configuration", get(metadata))
        .route(
            "/.well-known/oauth-protected-resource",
            get(async |State(app): Shared| discovery::protected_resource(&app.server)),
        )
        .route("/jwks", get(async |State(app): Shared| discovery::jwks(&app.server)))
        .route("/health", get(async || probes::health()))
        .route("/ready", get(async |State(app): Shared| probes::ready(&app.server).await))
        .route("/", get(played))
        .route("/playground/{*rest}", any(played))
        .route(
            "/.well-known/oauth-authorization-server/playground/as/{name}",
            get(async |State(app): Shared, it: Received| playground::metadata(&app.playground, &it.message())),
        )
        .route("/style.css", get(async || html::style_sheet()))
        .route("/icon.svg", get(async || html::icon()))
        .fallback(async || Answer::not_found())
        .with_state(app)
}

/// Answers in a task of its own: hyper drops the handler of a connection that the browser has closed, as it does for a second click,
/// and the answer to the first is the one that the browser gets.
async fn authorize(State(app): Shared, it: Received) -> Answer {
    let task = tokio::spawn(async move { playground::open(&app.playground, &app.server, &it.message()).await });
    task.await.unwrap_or_else(|_| Answer::failed())
}

/// In a task as well: there are authorization endpoints among the pages of the playground.
async fn played(State(app): Shared, it: Received) -> Answer {
    let task = tokio::spawn(async move { playground::answer(&app.playground, &it.message()).await });
    task.await.unwrap_or_else(|_| Answer::failed())
}

async fn metadata(State(app): Shared) -> Answer {
    discovery::metadata(&app.server)
}

#[tokio::main]
async fn main() -> ExitCode {
    program::run(|sockets, app, stop| connections::serve(sockets, routes(app), stop)).await
}
