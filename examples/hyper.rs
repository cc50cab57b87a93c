//! Pushed requests and metadata over hyper, without a framework.
//!
//! `cargo run --example hyper` serves <http://127.0.0.1:3000>, or another `PORT`.

use std::{convert::Infallible, env, error::Error, time::Duration};

use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parjar::{BoxedParEndpoint, Client, ClientRegistration, InMemoryRegistry, MetadataService, ParEndpoint};
use tokio::{net::TcpListener, time};
use tower_service::Service as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    // In a real server: clients of a database, by `CachedRegistry`.
    let web: ClientRegistration = serde_json::from_str(
        r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1:8080/cb"] }"#,
    )?;
    let clients = InMemoryRegistry::new([Client::try_from(web)?])?;
    let par = ParEndpoint::builder(&*issuer).clients(clients).build()?.boxed();
    let metadata = par.metadata_service();
    println!("listening on {issuer}");
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            time::sleep(Duration::from_millis(100)).await; // too many connections are open
            continue;
        };
        let (par, metadata) = (par.clone(), metadata.clone());
        let service = service_fn(move |request| answer(par.clone(), metadata.clone(), request));
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

type Answer = Result<Response<String>, Infallible>;

async fn answer(par: BoxedParEndpoint, mut metadata: MetadataService, request: Request<Incoming>) -> Answer {
    let routed = async {
        match request.uri().path() {
            "/authorize/par" => par.push_service().call(request).await,
            "/.well-known/oauth-authorization-server" => metadata.call(request).await,
            _ => Ok(empty(StatusCode::NOT_FOUND)),
        }
    };
    // For bodies that take too long. The timer of the connection is for heads that do.
    time::timeout(Duration::from_secs(10), routed).await.unwrap_or_else(|_| Ok(empty(StatusCode::REQUEST_TIMEOUT)))
}

fn empty(status: StatusCode) -> Response<String> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
