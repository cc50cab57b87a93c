//! What a store is built with.

use std::{net::Ipv4Addr, time::Duration};

use parjar::store::{RedisStore, RedisStoreError, RequestStore as _};
use redis::{
    Client,
    cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo, SingleNodeRoutingInfo},
};

use super::{
    MINUTE, claim, client, fresh, mark, opened, request,
    servers::{Cluster, Redis},
};

#[tokio::test]
async fn a_prefix_is_a_few_plain_letters() {
    // S-05
    let redis = Redis::any();
    let connection = redis.connection().await;
    for prefix in ["", "a b", "a{b", "a}b", "a*", "a\n", "é", &"x".repeat(65)] {
        let outcome = RedisStore::builder(connection.clone()).prefix(prefix).build().await;
        assert!(matches!(outcome, Err(RedisStoreError::Prefix)), "{prefix:?}");
    }
    for prefix in ["a", "Login-1.prod:eu_west", &"x".repeat(64)] {
        let store = RedisStore::builder(connection.clone()).prefix(prefix).build().await.unwrap();
        opened(&store).await;
        assert_eq!(format!("{store:?}"), format!("RedisStore {{ prefix: {prefix:?}, .. }}"));
    }
}

#[tokio::test]
async fn a_time_limit_is_a_millisecond_to_a_minute() {
    let redis = Redis::any();
    for timeout in [Duration::ZERO, Duration::from_micros(999), Duration::from_millis(60_001)] {
        let outcome = RedisStore::builder(redis.connection().await).timeout(timeout).build().await;
        assert!(matches!(outcome, Err(RedisStoreError::Timeout)), "{timeout:?}");
    }
}

#[tokio::test]
async fn an_instance_that_evicts_holds_no_marks() {
    // S-02, C-07
    let (evicting, keeping) = (Redis::start(&[]), Redis::any());
    let builder = async || RedisStore::builder(evicting.connection().await);
    for policy in ["allkeys-lru", "volatile-ttl", "allkeys-random", "volatile-lfu"] {
        let _: () = evicting.tell(&format!("CONFIG SET maxmemory-policy {policy}")).await;
        assert!(matches!(builder().await.build().await, Err(RedisStoreError::Evicts)), "{policy}");
        let beside = RedisStore::builder(keeping.connection().await).marks_on(evicting.connection().await);
        assert!(matches!(beside.build().await, Err(RedisStoreError::Evicts)), "{policy}");
        // Requests alone may be evicted: whoever looks for one finds nothing.
        builder().await.marks_on(keeping.connection().await).build().await.unwrap();
        builder().await.danger_allow_eviction_of_marks(true).build().await.unwrap();
    }
    let _: () = evicting.tell("CONFIG SET maxmemory-policy noeviction").await;
    builder().await.build().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_primary_of_a_cluster_is_asked() {
    // S-02
    let cluster = Cluster::any().await;
    let mut connection = cluster.client().get_async_connection().await.unwrap();
    let other = connection.clone();
    RedisStore::builder(connection.clone()).build().await.unwrap();
    let one = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
    let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, Some(ResponsePolicy::AllSucceeded)));
    let mut set = async |policy: &str, nodes| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory-policy").arg(policy);
        connection.route_command(command, nodes).await.unwrap();
    };
    set("allkeys-lru", one).await;
    let outcome = RedisStore::builder(other).build().await;
    set("noeviction", all).await;
    assert!(matches!(outcome, Err(RedisStoreError::Evicts)));
}

#[tokio::test]
async fn a_server_that_may_not_be_asked_is_believed() {
    let redis = Redis::start(&[]);
    let _: () = redis.tell("ACL SETUSER parjar on >s3cret ~{parjar}:* +set +get +getrange +setrange +exists +pexpire +del +eval +evalsha").await;
    let server = Client::open(format!("redis://parjar:s3cret@{}:{}/", Ipv4Addr::LOCALHOST, redis.port())).unwrap();
    let connection = server.get_multiplexed_async_connection().await.unwrap();
    let store = RedisStore::builder(connection).build().await.unwrap();
    let (key, mark) = (fresh(), mark());
    store.insert(request(key, &[mark]), MINUTE).await.unwrap();
    store.claim(claim(key), MINUTE).await.unwrap();
    store.consume(claim(key), MINUTE).await.unwrap();
    assert!(store.remember(client(), &[mark]).await.is_err());
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_an_error() {
    let mut redis = Redis::start(&[]);
    let connection = redis.connection().await;
    redis.kill();
    let outcome = RedisStore::builder(connection).build().await;
    assert!(matches!(outcome, Err(RedisStoreError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_sent_again() {
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    let flush = async || redis.tell::<()>("SCRIPT FLUSH").await;
    let (key, mark) = (fresh(), mark());
    for _ in 0..2 {
        flush().await;
        let known = store.insert(request(key, &[mark]), MINUTE).await;
        flush().await;
        assert!(store.claim(claim(key), MINUTE).await.is_ok() == known.is_ok());
        flush().await;
        assert!(store.consume(claim(key), MINUTE).await.is_ok() == known.is_ok());
        flush().await;
        assert!(store.remember(client(), &[mark]).await.is_err());
    }
    let info: String = redis.tell("INFO commandstats").await;
    assert!(info.contains("cmdstat_eval:"));
}
