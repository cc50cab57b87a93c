//! Pushed requests in PostgreSQL, over a pool of connections. Makes its tables, and sweeps them now and then.

use std::{error::Error, time::Duration};

use deadpool_postgres::{
    Manager, Pool, PoolError, Runtime,
    tokio_postgres::{Config, config::SslMode, error::SqlState},
};
use openssl::{
    error::ErrorStack,
    ssl::{SslConnector, SslMethod, SslVerifyMode},
};
use parjar::store::{BoxedStore, PostgresStore, PostgresStoreError};
use postgres_openssl::MakeTlsConnector;

use super::log;

/// A few are enough, since each call is one short statement.
const CONNECTIONS: usize = 4;
const CONNECT: Duration = Duration::from_secs(3);
/// Where Debian keeps the authorities that it trusts. An OpenSSL built from source looks elsewhere.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

const SWEEP_EVERY: Duration = Duration::from_secs(60);
const SWEEP_BATCH: u32 = 1000;
const SWEEP_BATCHES: u32 = 100;

pub(crate) struct Postgres(Config);

impl Postgres {
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        url.parse().map(Self).map_err(
            |_| "is no URL such as postgres://user:password@host:5432/database?sslmode=require (or prefer, or disable)",
        )
    }

    pub(crate) async fn open(self) -> Result<BoxedStore, String> {
        let tls = tls(self.0.get_ssl_mode()).map_err(|error| format!("has no TLS: {error}"))?;
        let pool = Pool::builder(Manager::new(self.0, tls))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .build()
            .map_err(|error| format!("has no pool: {error}"))?;
        connect(&pool).await.map_err(|error| problem(&error))?;
        let unusable = |error: PostgresStoreError| format!("is not ready: {error}");
        let store = PostgresStore::builder(pool).build().map_err(unusable)?;
        store.migrate().await.map_err(unusable)?;
        tokio::spawn(sweep(store.clone()));
        Ok(BoxedStore::new(store))
    }
}

/// Makes all connections. It takes long enough, with the password hashed thousands of times, to be no task for the first requests.
async fn connect(pool: &Pool) -> Result<(), PoolError> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(pool.get().await?);
    }
    Ok(())
}

/// Checks the name of the server when TLS is required. Where it is only preferred, a server without any would be taken as well.
fn tls(mode: SslMode) -> Result<MakeTlsConnector, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls())?;
    if mode == SslMode::Require {
        // Beside those that SSL_CERT_FILE names. On other systems the file is not there, and not needed.
        let _ = builder.load_verify_locations(Some(AUTHORITIES.as_ref()), None);
    } else {
        builder.set_verify(SslVerifyMode::NONE);
    }
    Ok(MakeTlsConnector::new(builder.build()))
}

/// In words that quote nothing of the URL: the server's own would name user and database.
fn problem(error: &PoolError) -> String {
    let PoolError::Backend(error) = error else { return "did not answer in time".to_owned() };
    match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            "refuses this user or password".to_owned()
        }
        Some(&SqlState::INVALID_CATALOG_NAME) => "has no such database".to_owned(),
        Some(code) => format!("cannot be used: SQLSTATE {}", code.code()),
        None => format!("cannot be reached: {}", origin(error)),
    }
}

/// Expired requests are gone before they are deleted: no client and no browser finds them.
async fn sweep(store: PostgresStore) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        for _ in 0..SWEEP_BATCHES {
            match store.sweep(SWEEP_BATCH).await {
                Ok(deleted) if deleted >= u64::from(SWEEP_BATCH) => {}
                Ok(_) => break,
                Err(error) => {
                    log::line(format_args!("the store was not swept: {}", origin(&error)));
                    break;
                }
            }
        }
    }
}

/// What the source of all sources says, which knows best what has happened.
fn origin(mut error: &dyn Error) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
