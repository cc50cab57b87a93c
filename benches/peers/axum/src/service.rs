//! The PAR endpoint as a service of axum's router, and nothing beside it.

mod arguments;

use std::{error::Error, fs};

use axum::Router;
use parjar::{Client, ClientRegistration, InMemoryRegistry, ParEndpoint};
use serde_json::Value;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let configuration: Value = serde_json::from_str(&fs::read_to_string(arguments::value_of("--config")?)?)?;
    let registrations: Vec<ClientRegistration> = serde_json::from_value(configuration["clients"].clone())?;
    let clients: Vec<Client> = registrations.into_iter().map(Client::try_from).collect::<Result<_, _>>()?;
    let par =
        ParEndpoint::builder(arguments::value_of("--issuer")?).clients(InMemoryRegistry::new(clients)?).build()?;
    let listener = TcpListener::bind(arguments::value_of("--listen")?).await?;
    Ok(axum::serve(listener, Router::new().route_service("/authorize/par", par.push_service())).await?)
}
