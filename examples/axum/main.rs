//! A small authorization server with pushed authorization requests, over axum: `cargo run --example axum`.
//!
//! This file is the whole HTTP layer. What the endpoints do is in `examples/demo`; what happens to a pushed request is in the
//! library.

#[path = "../demo/demo.rs"]
mod demo;
mod exchange;
mod listener;
mod stop;

use std::{env, io::Write as _, process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    routing::{any, get, post},
};
use tokio::net::TcpListener;

use self::{
    demo::{
        Demo, authorize,
        command_line::{CommandLine, USAGE},
        discovery,
        fault::Fault,
        html, log,
        message::{Answer, Message},
        playground, push, resource,
        start::Start,
        token_endpoint,
    },
    listener::PatientListener,
    stop::StopSignals,
};

/// How long requests under way may take when the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

type App = State<Arc<Demo>>;

fn routes(demo: Demo) -> Router {
    Router::new()
        // Every method, because the library answers the wrong ones as well.
        .route("/authorize/par", any(async |app: App, message: Message| push::answer(&app, &message).await))
        .route(
            "/authorize",
            get(async |app: App, message: Message| authorize::answer(&app, &message).await)
                .post(async |app: App, message: Message| authorize::answer(&app, &message).await),
        )
        .route("/token", post(async |app: App, message: Message| token_endpoint::answer(&app, &message).await))
        .route("/resource", get(async |app: App, message: Message| resource::answer(&app, &message)))
        .route("/.well-known/oauth-authorization-server", get(async |app: App| discovery::metadata(&app)))
        .route("/.well-known/openid-configuration", get(async |app: App| discovery::metadata(&app)))
        .route("/jwks", get(async |app: App| discovery::jwks(&app)))
        .route("/health", get(async || Answer::new(200, "text/plain; charset=utf-8", "ok\n")))
        .route("/", get(async |app: App, message: Message| playground::start(&app, &message)))
        .route("/playground/push", post(async |app: App, message: Message| playground::push(&app, &message).await))
        .route(
            "/playground/run/{id}",
            get(async |app: App, Path(id): Path<String>, message: Message| playground::show(&app, &message, &id)).post(
                async |app: App, Path(id): Path<String>, message: Message| playground::go_on(&app, &message, &id).await,
            ),
        )
        .route(
            "/playground/callback",
            get(async |app: App, message: Message| playground::arrive(&app, &message))
                .post(async |app: App, message: Message| playground::arrive(&app, &message)),
        )
        .route("/style.css", get(async || html::style_sheet()))
        .route("/icon.svg", get(async || html::icon()))
        .with_state(Arc::new(demo))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            log::line(fault);
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<(), Fault> {
    let Some(command_line) = CommandLine::parse(env::args_os().skip(1))? else {
        say(USAGE);
        return Ok(());
    };
    let start = Start::prepare(&command_line)?;
    let cannot_listen = |error| Fault::new("--listen", error);
    let listener = TcpListener::bind(command_line.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let (demo, introduction) = start.run(address)?;
    let mut stop = StopSignals::install().map_err(|error| Fault::new("signals", error))?;
    say(&format!("listening on http://{address}\n{introduction}"));

    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let stop_asked_for = async move {
        stop.arrived().await;
        drop(stopping);
    };
    let server = axum::serve(PatientListener::new(listener), routes(demo)).with_graceful_shutdown(stop_asked_for);
    let grace_is_over = async move {
        let _ = stopped.changed().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        outcome = server => outcome.map_err(|error| Fault::new("server", error)),
        () = grace_is_over => Ok(()),
    }
}

/// Writes to standard output at once. That nobody reads it is no reason to stop.
fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
