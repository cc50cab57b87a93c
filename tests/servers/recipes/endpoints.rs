//! The endpoints in servers of several frameworks, over sockets.

use std::{net::SocketAddr, str};

use axum::Router;
use parjar::{BoxedParEndpoint, Client, ClientRegistration, InMemoryRegistry, ParEndpoint};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tonic::service::Routes;

const FORM: &str =
    "client_id=web&client_secret=s3cret&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";

fn par() -> BoxedParEndpoint {
    let registration: ClientRegistration = serde_json::from_value(json!({
        "client_id": "web", "client_secret": "s3cret", "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": ["https://app.example.com/cb"],
    }))
    .unwrap();
    let clients = InMemoryRegistry::new([Client::try_from(registration).unwrap()]).unwrap();
    ParEndpoint::builder("https://as.example.com").clients(clients).build().unwrap().boxed()
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends a request, and gives the answer to its end.
async fn send(address: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: as.example.com\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // The server may close the connection when it has seen enough.
    let _ = connection.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    str::from_utf8(&answer).unwrap().to_owned()
}

async fn takes_pushes(address: SocketAddr) {
    let answer = send(address, "POST", "/authorize/par", FORM).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(answer.contains("urn:ietf:params:oauth:request_uri:"), "{answer}");
    let answer = send(address, "GET", "/authorize/par", "").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: POST"), "{answer}");
    let limit = par().policy().limits.body;
    let answer = send(address, "POST", "/authorize/par", &"x".repeat(limit + 1)).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains(r#""invalid_request""#), "{answer}");
}

#[tokio::test]
async fn axum_serves_pushes_and_metadata() {
    let (listener, address) = listener().await;
    let (par, path) = (par(), "/.well-known/oauth-authorization-server");
    let routes = Router::new().route_service("/authorize/par", par.push_service());
    let routes = routes.route_service(path, par.metadata_service());
    let server = tokio::spawn(axum::serve(listener, routes).into_future());
    takes_pushes(address).await;
    let document = send(address, "GET", path, "").await;
    assert!(document.contains(r#""issuer":"https://as.example.com""#), "{document}");
    let head = send(address, "HEAD", path, "").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    let length = document.split("\r\n\r\n").nth(1).unwrap().len();
    assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
    server.abort();
}

#[tokio::test]
async fn tonic_serves_pushes_beside_its_services() {
    let (listener, address) = listener().await;
    let routes = parjar_recipes::tonic::with_par(Routes::default(), &par());
    let server = tokio::spawn(axum::serve(listener, routes.into_axum_router()).into_future());
    takes_pushes(address).await;
    server.abort();
}

#[tokio::test]
async fn poem_serves_pushes() {
    let (listener, address) = listener().await;
    let acceptor = poem::listener::TcpAcceptor::from_tokio(listener).unwrap();
    let routes = parjar_recipes::poem::with_par(poem::Route::new(), &par());
    let server = tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(routes));
    takes_pushes(address).await;
    server.abort();
}
