//! What a store is built with.

use std::time::Duration;

use parjar::store::{RedisStore, RedisStoreError, RequestStore as _};
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo, SingleNodeRoutingInfo};

use super::{
    MINUTE, claim, client, fresh, mark,
    nodes::endpoint,
    opened, request,
    servers::{Cluster, Redis},
};

#[tokio::test]
async fn a_prefix_is_a_few_plain_letters() {
    // S-05
    let redis = Redis::any();
    for prefix in ["", "a b", "a{b", "a}b", "a*", "a\n", "é", &"x".repeat(65)] {
        let outcome = RedisStore::builder(redis.client()).prefix(prefix).build().await;
        assert!(matches!(outcome, Err(RedisStoreError::Prefix)), "{prefix:?}");
    }
    for prefix in ["a", "Login-1.prod:eu_west", &"x".repeat(64)] {
        let store = RedisStore::builder(redis.client()).prefix(prefix).build().await.unwrap();
        opened(&store).await;
        assert_eq!(format!("{store:?}"), format!("RedisStore {{ prefix: {prefix:?}, .. }}"));
    }
}

#[tokio::test]
async fn a_time_limit_is_a_millisecond_to_a_minute() {
    let redis = Redis::any();
    for timeout in [Duration::ZERO, Duration::from_micros(999), Duration::from_millis(60_001)] {
        let outcome = RedisStore::builder(redis.client()).timeout(timeout).build().await;
        assert!(matches!(outcome, Err(RedisStoreError::Timeout)), "{timeout:?}");
    }
}

#[tokio::test]
async fn an_instance_that_evicts_holds_no_marks() {
    // S-02, C-07
    let (evicting, keeping) = (Redis::start(&[]), Redis::any());
    let builder = || RedisStore::builder(evicting.client());
    for policy in ["allkeys-lru", "volatile-ttl", "allkeys-random", "volatile-lfu"] {
        let _: () = evicting.tell(&format!("CONFIG SET maxmemory-policy {policy}")).await;
        assert!(matches!(builder().build().await, Err(RedisStoreError::Evicts)), "{policy}");
        let beside = RedisStore::builder(keeping.client()).marks_on(evicting.client());
        assert!(matches!(beside.build().await, Err(RedisStoreError::Evicts)), "{policy}");
        // Requests alone may be evicted: whoever looks for one finds nothing.
        builder().marks_on(keeping.client()).build().await.unwrap();
        builder().danger_allow_eviction_of_marks(true).build().await.unwrap();
    }
    let _: () = evicting.tell("CONFIG SET maxmemory-policy noeviction").await;
    builder().build().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_primary_of_a_cluster_is_asked() {
    // S-02
    let cluster = Cluster::any().await;
    let mut connection = cluster.client().get_async_connection().await.unwrap();
    RedisStore::builder(cluster.client()).build().await.unwrap();
    let one = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
    let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, Some(ResponsePolicy::AllSucceeded)));
    let mut set = async |policy: &str, nodes| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory-policy").arg(policy);
        connection.route_command(command, nodes).await.unwrap();
    };
    set("allkeys-lru", one).await;
    let outcome = RedisStore::builder(cluster.client()).build().await;
    set("noeviction", all).await;
    assert!(matches!(outcome, Err(RedisStoreError::Evicts)));
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_an_error() {
    let mut redis = Redis::start(&[]);
    let client = redis.client();
    redis.kill();
    let outcome = RedisStore::builder(client).build().await;
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
    let par = endpoint(store);
    flush().await;
    par.pushed().await;
    par.look().no_fault();
    let info: String = redis.tell("INFO commandstats").await;
    assert!(info.contains("cmdstat_eval:"));
}
