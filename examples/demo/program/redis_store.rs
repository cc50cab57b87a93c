//! Pushed requests in Redis or Valkey.

use parjar::store::{BoxedStore, RedisStore};
use redis::{Client, ConnectionAddr};

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
        let store = RedisStore::builder(self.0).build().await;
        store.map(BoxedStore::new).map_err(|error| error.to_string())
    }
}
