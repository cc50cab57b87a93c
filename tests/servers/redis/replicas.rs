//! A primary with a replica, and a proxy in front of them.

use std::net::{Ipv4Addr, SocketAddr};

use parjar::store::{RedisConnector, RedisStore};
use redis::{Client, Cmd};

use super::servers::{Redis, says};
use crate::support::{Wire, wait_for};

/// Two servers, of which the second follows the first until they change places.
pub(crate) struct Pair {
    pub(crate) one: Redis,
    pub(crate) other: Redis,
}

impl Pair {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With further arguments for the first.
    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        // Without the pause in which a primary waits for more replicas to come.
        let start = |arguments: &[&str]| Redis::start(&[&["--repl-diskless-sync-delay", "0"], arguments].concat());
        let pair = Self { one: start(arguments), other: start(&[]) };
        follow(&pair.other, &pair.one).await;
        pair
    }

    pub(crate) async fn settle(&self) {
        settle(&self.one, 1).await;
    }

    /// As an operator does it by hand.
    pub(crate) async fn change_places(&self) {
        let _: () = self.other.tell("REPLICAOF NO ONE").await;
        let _: () = self.one.tell(&format!("REPLICAOF 127.0.0.1 {}", self.other.port())).await;
    }
}

/// Waits until the replicas have all that the primary has.
pub(crate) async fn settle(primary: &Redis, replicas: u64) {
    let mut connection = primary.connection().await;
    // A write of this connection is what `WAIT` waits for.
    let _: () = Cmd::new().arg("SET").arg("{parjar}:settled").arg(1).query_async(&mut connection).await.unwrap();
    let have: u64 = Cmd::new().arg("WAIT").arg(replicas).arg(0).query_async(&mut connection).await.unwrap();
    assert_eq!(have, replicas);
}

pub(crate) async fn follow(replica: &Redis, primary: &Redis) {
    let _: () = replica.tell(&format!("REPLICAOF 127.0.0.1 {}", primary.port())).await;
    wait_for("replication", || says(replica, "master_link_status:up").then_some(()));
}

pub(crate) fn address(redis: &Redis) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, redis.port()).into()
}

pub(crate) fn client_of(wire: &Wire) -> Client {
    Client::open(format!("redis://{}/", wire.address())).unwrap()
}

/// All ways to connect to one server that the documentation names, and one that mends itself as far as it can.
pub(crate) fn connectors(client: &Client) -> [(&'static str, RedisConnector); 3] {
    let (configured, managed) = (client.clone(), client.clone());
    [
        ("a client", client.clone().into()),
        (
            "multiplexed connections by a function",
            RedisConnector::new(move || {
                let client = configured.clone();
                async move { client.get_multiplexed_async_connection().await }
            }),
        ),
        (
            "connection managers by a function",
            RedisConnector::new(move || {
                let client = managed.clone();
                async move { client.get_connection_manager().await }
            }),
        ),
    ]
}

/// How many commands of a kind a server has carried out.
pub(crate) async fn calls(redis: &Redis, command: &str) -> u64 {
    number(&redis.tell::<String>("INFO commandstats").await, &format!("cmdstat_{command}:calls="))
}

/// How many connections a server has accepted.
pub(crate) async fn connections(redis: &Redis) -> u64 {
    number(&redis.tell::<String>("INFO stats").await, "total_connections_received:")
}

fn number(told: &str, before: &str) -> u64 {
    let Some((_, after)) = told.split_once(before) else { return 0 };
    after.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// With the time limit that is the default.
pub(crate) async fn store_over(connector: impl Into<RedisConnector>) -> RedisStore {
    RedisStore::builder(connector).build().await.unwrap()
}
