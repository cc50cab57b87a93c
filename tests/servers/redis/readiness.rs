//! Whether the next push would be taken: each way in which a server would not.

use std::time::Duration;

use parjar::{
    CauseText,
    store::{NewRequest, NotReadyReason, RedisStore, RequestStore as _},
};
use redis::Client;

use super::{
    MINUTE, claim, client, fresh, mark,
    nodes::endpoint,
    permissions::LEAST,
    replicas::follow,
    request,
    servers::{Cluster, PATIENCE, Redis},
};

async fn expect(store: &RedisStore, reason: NotReadyReason, text: &str) {
    let error = store.ready().await.unwrap_err();
    let cause = CauseText(&error).to_string();
    assert_eq!(error.reason(), reason, "{cause}");
    assert!(cause.contains(text), "{cause}");
}

/// What it says of the next push is true.
async fn expect_refused(store: &RedisStore, reason: NotReadyReason, text: &str) {
    expect(store, reason, text).await;
    assert!(store.insert(request(fresh(), &[mark()]), MINUTE).await.is_err());
}

/// Asks until it is ready, for a while.
async fn ready_again(store: &RedisStore) {
    for _ in 0..200 {
        if store.ready().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_gone_is_not_ready_until_it_is_back() {
    let mut redis = Redis::start(&[]);
    let store = RedisStore::builder(redis.client()).timeout(Duration::from_secs(2)).build().await.unwrap();
    let node = endpoint(store.clone());
    node.par.ready().await.unwrap();
    redis.kill();
    let error = node.par.ready().await.unwrap_err();
    assert_eq!(error.reason(), NotReadyReason::Unavailable);
    assert!(
        CauseText(&error).to_string().starts_with("the request store cannot be asked: Redis "),
        "{}",
        CauseText(&error)
    );
    redis.restart();
    ready_again(&store).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_not_ready_in_time() {
    let redis = Redis::start(&[]);
    let store = RedisStore::builder(redis.client()).timeout(Duration::from_millis(500)).build().await.unwrap();
    redis.signal("-STOP");
    let asked = tokio::time::timeout(PATIENCE, store.ready()).await;
    redis.signal("-CONT");
    assert_eq!(asked.expect("an answer in time").unwrap_err().reason(), NotReadyReason::Unavailable);
    ready_again(&store).await;
}

#[tokio::test]
async fn a_replica_is_not_ready_until_it_is_promoted() {
    let (primary, replica) = (Redis::start(&[]), Redis::start(&[]));
    let store = RedisStore::builder(replica.client()).timeout(Duration::from_secs(2)).build().await.unwrap();
    follow(&replica, &primary).await;
    expect_refused(&store, NotReadyReason::ReadOnly, "READONLY").await;
    let _: () = replica.tell("REPLICAOF NO ONE").await;
    ready_again(&store).await;
}

#[tokio::test]
async fn a_primary_without_the_replicas_that_it_must_have_is_not_ready() {
    let redis = Redis::start(&[]);
    let store = RedisStore::builder(redis.client()).timeout(Duration::from_secs(2)).build().await.unwrap();
    let _: () = redis.tell("CONFIG SET min-replicas-to-write 1").await;
    expect_refused(&store, NotReadyReason::ReadOnly, "NOREPLICAS").await;
    let _: () = redis.tell("CONFIG SET min-replicas-to-write 0").await;
    ready_again(&store).await;
}

#[tokio::test]
async fn a_server_whose_memory_is_full_is_not_ready_until_there_is_room() {
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    let open = fresh();
    store.insert(NewRequest::new(open, client(), &[b'x'; 100_000]), MINUTE).await.unwrap();
    store.claim(claim(open), MINUTE).await.unwrap();
    let _: () = redis.tell("CONFIG SET maxmemory 100kb").await;
    expect_refused(&store, NotReadyReason::Full, "OOM").await;
    // What there is can be ended.
    store.consume(claim(open), MINUTE).await.unwrap();
    let _: () = redis.tell("CONFIG SET maxmemory 0").await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_server_that_evicts_marks_is_not_ready() {
    let (redis, marks) = (Redis::start(&[]), Redis::start(&[]));
    let store = redis.store().await;
    let beside = RedisStore::builder(redis.client()).marks_on(marks.client()).timeout(PATIENCE).build().await.unwrap();
    let builder = RedisStore::builder(redis.client()).timeout(PATIENCE).danger_allow_eviction_of_marks(true);
    let allowed = builder.build().await.unwrap();
    let _: () = redis.tell("CONFIG SET maxmemory-policy volatile-lru").await;
    expect(&store, NotReadyReason::Evicts, "volatile-lru").await;
    allowed.ready().await.unwrap();
    // Requests alone may be evicted, marks may not.
    beside.ready().await.unwrap();
    let _: () = marks.tell("CONFIG SET maxmemory-policy allkeys-lru").await;
    expect(&beside, NotReadyReason::Evicts, "allkeys-lru").await;
}

#[tokio::test]
async fn a_server_of_marks_that_is_gone_is_not_ready() {
    let (redis, mut marks) = (Redis::start(&[]), Redis::start(&[]));
    let builder = RedisStore::builder(redis.client()).marks_on(marks.client()).timeout(Duration::from_secs(2));
    let store = builder.build().await.unwrap();
    store.ready().await.unwrap();
    marks.kill();
    expect_refused(&store, NotReadyReason::Unavailable, "Redis").await;
    marks.restart();
    ready_again(&store).await;
}

#[tokio::test]
async fn permissions_that_are_revoked_are_named() {
    let redis = Redis::start(&[]);
    let _: () = redis.tell(LEAST).await;
    let user = Client::open(format!("redis://parjar:s3cret@127.0.0.1:{}/", redis.port())).unwrap();
    let store = RedisStore::builder(user).timeout(Duration::from_secs(2)).build().await.unwrap();
    store.ready().await.unwrap();
    // Rights of scripts, of what they run, and of keys. Eviction cannot be asked about then, which passes.
    for (revoked, granted) in
        [("-eval -evalsha", "+eval +evalsha"), ("-set", "+set"), ("resetkeys ~other:*", "resetkeys ~parjar:{*")]
    {
        let _: () = redis.tell(&format!("ACL SETUSER parjar {revoked}")).await;
        expect_refused(&store, NotReadyReason::NotPermitted, "Redis").await;
        let _: () = redis.tell(&format!("ACL SETUSER parjar {granted}")).await;
        ready_again(&store).await;
    }
    // A push needs this when one of its marks is known.
    let _: () = redis.tell("ACL SETUSER parjar -get").await;
    expect(&store, NotReadyReason::NotPermitted, "GET").await;
    let _: () = redis.tell("ACL SETUSER parjar +get -info").await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn scripts_that_the_server_has_forgotten_are_no_reason() {
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    let _: () = redis.tell("SCRIPT FLUSH").await;
    store.ready().await.unwrap();
}

#[tokio::test]
async fn the_question_leaves_nothing_behind() {
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    for _ in 0..20 {
        store.ready().await.unwrap();
    }
    assert_eq!(redis.tell::<u64>("DBSIZE").await, 0);
    let info: String = redis.tell("INFO stats").await;
    let asked = |info: &str| -> u64 {
        info.lines().find_map(|line| line.trim().strip_prefix("total_commands_processed:")?.parse().ok()).unwrap()
    };
    let before = asked(&info);
    store.ready().await.unwrap();
    // Two commands, what runs inside the script, and this look itself.
    let info: String = redis.tell("INFO stats").await;
    assert!(asked(&info) < before + 12, "{} after {before}", asked(&info));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_primary_of_a_cluster_is_asked() {
    let mut cluster = Cluster::start(0).await;
    let store = RedisStore::builder(cluster.client()).timeout(PATIENCE).build().await.unwrap();
    store.ready().await.unwrap();
    for index in 0..3 {
        let node = &cluster.nodes()[index];
        let _: () = node.tell("CONFIG SET maxmemory-policy allkeys-random").await;
        expect(&store, NotReadyReason::Evicts, "allkeys-random").await;
        let _: () = node.tell("CONFIG SET maxmemory-policy noeviction").await;
        store.ready().await.unwrap();
        let _: () = node.tell("ACL SETUSER default -set").await;
        expect(&store, NotReadyReason::NotPermitted, "SET").await;
        let _: () = node.tell("ACL SETUSER default +set").await;
        store.ready().await.unwrap();
    }
}
