//! A small authorization server with pushed authorization requests, over actix-web: `cargo run --example actix`.
//!
//! This folder is the whole HTTP layer. What the endpoints do is in the rooms beside it (`demo.rs` names them); what happens to a
//! pushed request is in the library.

#[path = "../demo.rs"]
mod demo;
mod exchange;

use std::{io, process::ExitCode, thread, time::Duration};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{
    HttpServer, Resource, Route, guard,
    rt::{self, net::TcpStream},
    web::{self, Data, ServiceConfig, post},
};

use self::{
    demo::{
        http::{html, message::Answer},
        playground,
        program::{self, App, GRACE, Sockets, Stop},
        server::{discovery, probes, push, resource, token_endpoint},
    },
    exchange::Received,
};

/// How long the head of a request may take, and how long a connection may idle. Bodies have a limit of their own.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const CONNECTIONS: usize = 1024;

type Shared = Data<App>;

fn routes(routes: &mut ServiceConfig) {
    let metadata = async |app: Shared| discovery::metadata(&app.server);
    let protected_resource = async |app: Shared| discovery::protected_resource(&app.server);
    // Every method, because the library answers the wrong ones as well.
    routes
        .service(
            at("/authorize/par").to(async |app: Shared, it: Received| push::answer(&app.server, &it.message()).await),
        )
        .service(at("/authorize").route(get().to(authorize)).route(post().to(authorize)))
        .service(at("/token").route(
            post().to(async |app: Shared, it: Received| token_endpoint::answer(&app.server, &it.message()).await),
        ))
        .service(
            at("/resource")
                .route(get().to(async |app: Shared, it: Received| resource::answer(&app.server, &it.message()).await)),
        )
        .service(at("/.well-known/oauth-authorization-server").route(get().to(metadata)))
        .service(at("/.well-known/openid-configuration").route(get().to(metadata)))
        .service(at("/.well-known/oauth-protected-resource").route(get().to(protected_resource)))
        .service(at("/jwks").route(get().to(async |app: Shared| discovery::jwks(&app.server))))
        .service(at("/health").route(get().to(async || probes::health())))
        .service(at("/ready").route(get().to(async |app: Shared| probes::ready(&app.server).await)))
        .service(at("/").route(get().to(played)))
        .service(at("/playground/{rest:.*}").to(played))
        .service(
            at("/.well-known/oauth-authorization-server/playground/as/{name}").route(
                get().to(async |app: Shared, it: Received| playground::metadata(&app.playground, &it.message())),
            ),
        )
        .service(at("/style.css").route(get().to(async || html::style_sheet())))
        .service(at("/icon.svg").route(get().to(async || html::icon())))
        .default_service(web::to(async || Answer::not_found()));
}

/// A path has one spelling here. By itself, actix-web would take `/%61uthorize` for `/authorize`.
fn at(path: &'static str) -> Resource {
    let fixed = path.split('{').next().unwrap_or(path);
    web::resource(path).guard(guard::fn_guard(move |request| request.head().uri.path().starts_with(fixed)))
}

/// GET, and HEAD with it.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Answers in a task of its own: the handler of a connection that the browser has closed is dropped, as it is for a second click, and
/// the answer to the first is the one that the browser gets.
async fn authorize(app: Shared, it: Received) -> Answer {
    let task = rt::spawn(async move { playground::open(&app.playground, &app.server, &it.message()).await });
    task.await.unwrap_or_else(|_| Answer::failed())
}

/// In a task as well: there are authorization endpoints among the pages of the playground.
async fn played(app: Shared, it: Received) -> Answer {
    let task = rt::spawn(async move { playground::answer(&app.playground, &it.message()).await });
    task.await.unwrap_or_else(|_| Answer::failed())
}

#[tokio::main]
async fn main() -> ExitCode {
    program::run(serve).await
}

async fn serve(sockets: Sockets, app: App, stop: Stop) -> io::Result<()> {
    let app = Data::new(app);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let Sockets { listener, tls } = sockets;
    let peers = tls.clone();
    let server = HttpServer::new(move || actix_web::App::new().app_data(app.clone()).configure(routes))
        .workers(workers)
        .max_connections(CONNECTIONS.div_ceil(workers))
        .client_request_timeout(TIME_LIMIT)
        .keep_alive(TIME_LIMIT)
        .shutdown_signal(stop)
        .shutdown_timeout(GRACE.as_secs())
        .on_connect(move |connection, data| {
            let secured = connection.downcast_ref::<TlsStream<TcpStream>>();
            let certificate = secured.and_then(|stream| peers.as_ref()?.peer(stream.get_ref().1));
            if let Some(certificate) = certificate {
                data.insert(certificate);
            }
        });
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls.config.as_ref().clone())?,
        None => server.listen(listener)?,
    };
    server.run().await
}
