//! Ways to open connections.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use redis::{
    AsyncConnectionConfig, Client, RedisResult,
    aio::{ConnectionLike, MultiplexedConnection},
};

/// Opens connections for a [`RedisStore`](super::RedisStore), which asks for another one whenever the last is of no more use.
///
/// Made from a [`redis::Client`] (one server, or an address that leads to the primary), from a `redis::sentinel::SentinelClient`
/// (feature `redis-sentinel`), from a `redis::cluster::ClusterClient` (feature `redis-cluster`), or from a function of the host.
#[derive(Clone)]
pub struct RedisConnector(pub(super) Arc<dyn Connect>);

pub(super) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way to connect, as a trait object.
pub(super) trait Connect: Send + Sync {
    fn connect(&self) -> Later<'_, RedisResult<Opened>>;

    /// Returns `false` if it always leads to one server.
    fn may_be_cluster(&self) -> bool {
        true
    }
}

/// A new connection.
pub(super) struct Opened {
    pub(super) connection: Box<dyn Connection>,
    /// Completes when the server at its end is not the primary any more, although the connection works.
    pub(super) moved: Option<Later<'static, ()>>,
}

/// A connection of any type.
pub(super) trait Connection: ConnectionLike + Send + Sync {
    fn another(&self) -> Box<dyn Connection>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connection for C {
    fn another(&self) -> Box<dyn Connection> {
        Box::new(self.clone())
    }
}

impl Opened {
    pub(super) fn of(connection: impl Connection + 'static) -> Self {
        Self { connection: Box::new(connection), moved: None }
    }
}

impl RedisConnector {
    /// Connects by a function of the host, for what the clients of the `redis` crate do not offer by themselves: a configuration,
    /// credentials that change, a search for the primary.
    ///
    /// Each call must open a **new** connection, to the server that is the primary at that moment. A function that gives clones of
    /// one connection away cannot replace it. The store bounds how often it calls the function, and how long it waits.
    ///
    /// ```no_run
    /// # use parjar::store::RedisConnector;
    /// use redis::AsyncConnectionConfig;
    ///
    /// let client = redis::Client::open("redis://127.0.0.1/")?;
    /// let connector = RedisConnector::new(move || {
    ///     let client = client.clone();
    ///     async move {
    ///         let config = AsyncConnectionConfig::new().set_response_timeout(None);
    ///         client.get_multiplexed_async_connection_with_config(&config).await
    ///     }
    /// });
    /// # Ok::<_, redis::RedisError>(())
    /// ```
    pub fn new<F, O, C>(connect: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = RedisResult<C>> + Send + 'static,
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self(Arc::new(ByFunction(connect)))
    }
}

impl fmt::Debug for RedisConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisConnector(..)")
    }
}

struct ByFunction<F>(F);

impl<F, O, C> Connect for ByFunction<F>
where
    F: Fn() -> O + Send + Sync,
    O: Future<Output = RedisResult<C>> + Send + 'static,
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    fn connect(&self) -> Later<'_, RedisResult<Opened>> {
        let connecting = self.0();
        Box::pin(async move { Ok(Opened::of(connecting.await?)) })
    }
}

/// Connects to one server, or to an address that leads to the primary: a name that follows it, or a proxy.
impl From<Client> for RedisConnector {
    fn from(client: Client) -> Self {
        Self(Arc::new(client))
    }
}

impl Connect for Client {
    fn may_be_cluster(&self) -> bool {
        false
    }

    fn connect(&self) -> Later<'_, RedisResult<Opened>> {
        Box::pin(async move { Ok(Opened::of(multiplexed(self).await?)) })
    }
}

/// Opens a connection without time limits, since the store has its own, and with `TCP_NODELAY`.
pub(super) async fn multiplexed(client: &Client) -> RedisResult<MultiplexedConnection> {
    let info = client.get_connection_info();
    let at_once = info.tcp_settings().clone().set_nodelay(true);
    let client = Client::open(info.clone().set_tcp_settings(at_once))?;
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    client.get_multiplexed_async_connection_with_config(&config).await
}

#[cfg(feature = "redis-cluster")]
mod cluster {
    use redis::cluster::ClusterClient;

    use super::{Arc, Connect, Later, Opened, RedisConnector, RedisResult};

    /// Connects to a cluster by the nodes that the client names. Name several: one that is up is enough.
    impl From<ClusterClient> for RedisConnector {
        fn from(client: ClusterClient) -> Self {
            Self(Arc::new(client))
        }
    }

    impl Connect for ClusterClient {
        fn connect(&self) -> Later<'_, RedisResult<Opened>> {
            Box::pin(async move { Ok(Opened::of(self.get_async_connection().await?)) })
        }
    }
}

#[cfg(feature = "redis-sentinel")]
mod sentinel {
    use std::time::Duration;

    use redis::{ConnectionAddr, sentinel::SentinelClient};
    use tokio::sync::Mutex;

    use super::{Arc, Connect, Later, Opened, RedisConnector, RedisResult, multiplexed};

    /// How often the sentinels are asked who the primary is, while there is a connection.
    const PERIOD: Duration = Duration::from_secs(1);

    /// Connects to the primary that the sentinels name, and leaves it within a second of their naming another. The client must be
    /// one of `SentinelServerType::Master`.
    impl From<SentinelClient> for RedisConnector {
        fn from(client: SentinelClient) -> Self {
            Self(Arc::new(BySentinels(Arc::new(Mutex::new(client)))))
        }
    }

    struct BySentinels(Arc<Mutex<SentinelClient>>);

    impl Connect for BySentinels {
        fn may_be_cluster(&self) -> bool {
            false
        }

        fn connect(&self) -> Later<'_, RedisResult<Opened>> {
            Box::pin(async move {
                let primary = self.0.lock().await.async_get_client().await?;
                let connection = multiplexed(&primary).await?;
                let address = primary.get_connection_info().addr().clone();
                let moved = wait_for_another(Arc::clone(&self.0), address);
                Ok(Opened { moved: Some(Box::pin(moved)), ..Opened::of(connection) })
            })
        }
    }

    /// Completes when the sentinels name another primary. The old one still takes writes for some seconds after a planned fail-over,
    /// and those are lost.
    async fn wait_for_another(sentinels: Arc<Mutex<SentinelClient>>, address: ConnectionAddr) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let named = sentinels.lock().await.async_get_client().await;
            if named.is_ok_and(|named| *named.get_connection_info().addr() != address) {
                return;
            }
        }
    }
}
