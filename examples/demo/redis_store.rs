//! Pushed requests in Redis or Valkey, over one connection that comes back by itself.

use std::time::Duration;

use parjar::store::{BoxedStore, RedisStore};
use redis::{
    Client, ConnectionAddr, ErrorKind, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::store::origin;

const CONNECT: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(1);

pub(crate) struct Redis(Client);

impl Redis {
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let client = Client::open(url).map_err(|_| "is no URL such as redis://user:password@host:6379/0")?;
        match client.get_connection_info().addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Err("must not be #insecure: anybody could be that server"),
            _ => Ok(Self(client)),
        }
    }

    pub(crate) async fn open(self) -> Result<BoxedStore, String> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_with_config(self.0, config).await.map_err(|error| problem(&error))?;
        let store = RedisStore::builder(connection).build().await;
        store.map(BoxedStore::new).map_err(|error| format!("cannot be used: {}", origin(&error)))
    }
}

/// In words that quote nothing of the URL.
fn problem(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::AuthenticationFailed => "refuses this user or password".to_owned(),
        _ if error.is_timeout() => "did not answer in time".to_owned(),
        // What the operating system or TLS has to say.
        ErrorKind::Io | ErrorKind::Client => format!("cannot be reached: {error}"),
        _ => format!("cannot be used: {}", error.code().unwrap_or(error.category())),
    }
}
