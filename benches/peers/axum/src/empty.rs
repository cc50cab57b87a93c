//! What HTTP costs by itself: a route of axum that does nothing.

mod arguments;

use std::error::Error;

use axum::{Router, routing::post};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(arguments::value_of("--listen")?).await?;
    Ok(axum::serve(listener, Router::new().route("/authorize/par", post(async || ()))).await?)
}
