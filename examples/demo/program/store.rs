//! Where pushed requests live: in this process, or in a Redis or a PostgreSQL that all nodes of an issuer share.
//!
//! Issuers may share one as well, since each has handles of its own.

use parjar::store::{BoxedStore, MemoryStore, RedisStore};
use redis::{Client, ConnectionAddr};

use super::postgres_store::Postgres;

/// What `--store` names.
pub(crate) enum Store {
    Memory,
    Redis(Client),
    Postgres(Postgres),
}

impl Store {
    /// Problems are told in words that are fixed: after a slip of the pen, the password may be in any part of a URL.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once("://") {
            None if text == "memory" => Ok(Self::Memory),
            Some(("redis" | "rediss", _)) => redis(text).map(Self::Redis),
            Some(("postgres" | "postgresql", _)) => Postgres::parse(text).map(Self::Postgres),
            _ => Err("must be memory, or a URL that starts with redis://, rediss:// or postgres://"),
        }
    }

    /// Reaches the server, or says in a few seconds why not.
    pub(crate) async fn open(self) -> Result<BoxedStore, String> {
        match self {
            Self::Memory => Ok(BoxedStore::new(MemoryStore::default())),
            Self::Redis(client) => {
                let store = RedisStore::builder(client).build().await;
                store.map(BoxedStore::new).map_err(|error| error.to_string())
            }
            Self::Postgres(postgres) => postgres.open().await.map_err(|problem| format!("PostgreSQL {problem}")),
        }
    }
}

fn redis(url: &str) -> Result<Client, &'static str> {
    let client = Client::open(url).map_err(|_| "is no URL such as redis://user:password@host:6379/0")?;
    match client.get_connection_info().addr() {
        ConnectionAddr::TcpTls { insecure: true, .. } => Err("must not be #insecure: any server could be that one"),
        _ => Ok(client),
    }
}
