//! Clients in a table of PostgreSQL.

use std::{error::Error as _, time::Duration};

use parjar::{CachedRegistry, ClientRegistry as _, FormRequest, ParEndpoint, RegistryError, Reply};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};

use crate::postgres::database::Database;

async fn table() -> Database {
    let database = Database::new().await;
    database.run(parjar_recipes::CLIENTS_SQL).await;
    database
}

pub(super) fn sqlx_pool(database: &Database) -> PgPool {
    let config: tokio_postgres::Config = database.url().parse().unwrap();
    let address = database.address();
    let mut options = PgConnectOptions::new()
        .host(&address.ip().to_string())
        .port(address.port())
        .username(config.get_user().unwrap())
        .database(config.get_dbname().unwrap())
        .ssl_mode(PgSslMode::Disable);
    if let Some(password) = config.get_password() {
        options = options.password(std::str::from_utf8(password).unwrap());
    }
    PgPoolOptions::new().max_connections(4).connect_lazy_with(options)
}

pub(super) fn registration(name: &str) -> Value {
    json!({
        "client_id": "web", "client_secret": "s3cret", "client_name": name,
        "redirect_uris": ["https://app.example.com/cb"],
    })
}

async fn put(database: &Database, registration: &Value) {
    database
        .connect()
        .await
        .execute(
            "INSERT INTO oauth_clients VALUES ('web', $1::text::jsonb)
             ON CONFLICT (client_id) DO UPDATE SET registration = excluded.registration",
            &[&registration.to_string()],
        )
        .await
        .unwrap();
}

async fn name(clients: &CachedRegistry) -> Result<Option<String>, RegistryError> {
    let client = clients.client("web").await?;
    Ok(client.map(|client| client.client_name().unwrap_or_default().to_owned()))
}

/// What a host does with its table, and with the registry over it.
async fn is_followed(database: Database, clients: CachedRegistry) {
    assert_eq!(name(&clients).await.unwrap(), None);
    put(&database, &registration("old")).await;
    assert_eq!(name(&clients).await.unwrap(), None, "that there is none is known for a while");
    clients.invalidate("web");
    assert_eq!(name(&clients).await.unwrap().as_deref(), Some("old"));

    let par = ParEndpoint::builder("https://as.example.com").clients(clients.clone()).build().unwrap();
    let headers =
        [("content-type", &b"application/x-www-form-urlencoded"[..]), ("authorization", b"Basic d2ViOnMzY3JldA==")];
    let body = b"response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";
    let reply = Reply::from(par.push(&FormRequest::new("POST", headers, body)).await);
    assert_eq!(reply.status(), 201, "{}", reply.body());

    put(&database, &registration("new")).await;
    assert_eq!(name(&clients).await.unwrap().as_deref(), Some("old"), "it is kept for its lifetime");
    clients.invalidate("web");
    assert_eq!(name(&clients).await.unwrap().as_deref(), Some("new"));

    put(&database, &json!({ "client_id": "web", "redirect_uris": 1 })).await;
    clients.invalidate("web");
    let unusable = name(&clients).await.unwrap_err();
    assert!(unusable.is_unusable_client());
    assert!(unusable.source().unwrap().to_string().starts_with("redirect_uris: "));

    database.run("ALTER TABLE oauth_clients RENAME TO elsewhere").await;
    clients.invalidate("web");
    let failed = name(&clients).await.unwrap_err();
    assert!(!failed.is_unusable_client() && failed.source().is_some());
}

#[tokio::test]
async fn rows_are_read_by_sqlx() {
    let database = table().await;
    let clients = parjar_recipes::sqlx::clients(sqlx_pool(&database));
    is_followed(database, clients).await;
}

#[tokio::test]
async fn rows_are_read_by_tokio_postgres() {
    let database = table().await;
    let clients = parjar_recipes::tokio_postgres::clients(database.pool(4));
    is_followed(database, clients).await;
}

#[tokio::test]
async fn changes_of_rows_are_heard_of() {
    let database = table().await;
    let pool = sqlx_pool(&database);
    let clients = parjar_recipes::sqlx::clients(pool.clone());
    assert_eq!(name(&clients).await.unwrap(), None);
    let following = tokio::spawn(parjar_recipes::sqlx::follow_changes(pool, clients.clone()));
    for version in ["first", "second", "third"] {
        put(&database, &registration(version)).await;
        while name(&clients).await.unwrap().as_deref() != Some(version) {
            assert!(!following.is_finished());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    database.run("UPDATE oauth_clients SET client_id = 'renamed'").await;
    let forgotten = async {
        while name(&clients).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Its lifetime would be over in a minute.
    tokio::time::timeout(Duration::from_secs(40), forgotten).await.expect("the old name is heard of");
    database.run("UPDATE oauth_clients SET client_id = 'web'").await;
    while name(&clients).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    database.run("DELETE FROM oauth_clients").await;
    while name(&clients).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    following.abort();
}
