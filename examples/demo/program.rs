//! The program around an HTTP layer: reads the command line and the configuration, opens the store, starts what is asked for,
//! writes the log, and stops when it is told to.

mod assemble;
mod built_in;
mod command_line;
mod config;
mod fetching;
mod findings;
mod keys;
mod log;
mod members;
mod metrics;
mod own_clients;
mod postgres_store;
mod settings;
mod start;
mod start_error;
mod stop;
mod store;
mod tls_files;

use std::{
    future::Future,
    io::{self, Write as _},
    net::{SocketAddr, TcpListener},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use self::{
    command_line::{CommandLine, USAGE},
    start::Start,
    start_error::StartError,
    stop::StopSignals,
};
use crate::demo::{http::tls::Tls, playground::Playground, server::Server};

/// How long requests under way may take when the server is told to stop.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Ready when no more requests are to be taken.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where connections come in, and how they are secured.
pub(crate) struct Sockets {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Option<Tls>,
}

/// What requests are for.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) server: Arc<Server>,
    pub(crate) playground: Arc<Playground>,
}

/// Runs the HTTP server that `serve` makes of a listener, the app, and the moment to stop taking requests.
pub(crate) async fn run<S: Future<Output = io::Result<()>>>(serve: impl FnOnce(Sockets, App, Stop) -> S) -> ExitCode {
    match start(serve).await {
        Ok(()) => {
            log::flush();
            ExitCode::SUCCESS
        }
        Err(error) => {
            log::last_line(error);
            ExitCode::from(2)
        }
    }
}

async fn start<S: Future<Output = io::Result<()>>>(
    serve: impl FnOnce(Sockets, App, Stop) -> S,
) -> Result<(), StartError> {
    let Some(command_line) = CommandLine::parse()? else {
        say(USAGE);
        return Ok(());
    };
    let start = Start::prepare(command_line).await?;
    let (listener, address) = listen(start.address()).map_err(|error| StartError::new("--listen", error))?;
    let sockets = Sockets { listener, tls: start.tls() };
    let scheme = if sockets.tls.is_some() { "https" } else { "http" };
    let (app, introduction) = start.run(address)?;
    let mut signals = StopSignals::install().map_err(|error| StartError::new("signals", error))?;
    say(&format!("listening on {scheme}://{address}\n{introduction}"));

    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let stop_asked_for = Box::pin(async move {
        signals.arrived().await;
        drop(stopping);
    });
    let grace_is_over = async move {
        let _ = stopped.changed().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        outcome = serve(sockets, app, stop_asked_for) => outcome.map_err(|error| StartError::new("server", error)),
        () = grace_is_over => Ok(()),
    }
}

/// A listener as asynchronous servers want it.
fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Writes to standard output at once. Output without a reader is no reason to stop.
fn say(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
