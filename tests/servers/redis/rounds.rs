//! Nodes of one round of a change of names beside nodes of the next.

use std::{sync::Arc, time::Duration};

use parjar::store::{
    Annotation, ClaimError, Extension, InsertError, RedisKeys, RedisStore, RequestStore as _, StoreRefusal,
};
use tokio::{runtime::Runtime, sync::Barrier};

use super::{
    MINUTE, claim, client, contract, fresh, mark, owner, request,
    servers::{Cluster, PATIENCE, Redis},
};

const ROUNDS: [RedisKeys; 3] =
    [RedisKeys::FormerReadingPerClient, RedisKeys::PerClientReadingFormer, RedisKeys::PerClient];

#[test]
fn a_node_of_any_round_keeps_the_contract() {
    for keys in ROUNDS {
        let (redis, runtime) = (Redis::start(&[]), Runtime::new().unwrap());
        let store = runtime.block_on(redis.store_of(keys));
        let idle_tasks = Some(runtime.metrics().num_alive_tasks());
        contract::check_shared(runtime, 3, &store, idle_tasks);
    }
}

#[test]
fn a_node_of_the_second_round_keeps_the_contract_with_marks_on_another_instance_or_in_a_cluster() {
    let keys = RedisKeys::PerClientReadingFormer;
    let (requests, marks, runtime) = (Redis::start(&[]), Redis::start(&[]), Runtime::new().unwrap());
    let builder = RedisStore::builder(requests.client()).keys(keys).timeout(PATIENCE).marks_on(marks.client());
    let store = runtime.block_on(builder.build()).unwrap();
    let idle_tasks = Some(runtime.metrics().num_alive_tasks());
    contract::check_shared(runtime, 2, &store, idle_tasks);

    let runtime = Runtime::new().unwrap();
    let (_cluster, store) = runtime.block_on(async {
        let cluster = Cluster::start(0).await;
        let builder = RedisStore::builder(cluster.client()).keys(keys).timeout(PATIENCE);
        let store = builder.build().await.unwrap();
        (cluster, store)
    });
    let idle_tasks = Some(runtime.metrics().num_alive_tasks());
    contract::check_shared(runtime, 1, &store, idle_tasks);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_rounds_that_follow_each_other_share_requests_and_marks() {
    let redis = Redis::start(&[]);
    let stores = [redis.store_of(ROUNDS[0]).await, redis.store_of(ROUNDS[1]).await, redis.store_of(ROUNDS[2]).await];
    share(&stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_rounds_that_follow_each_other_share_requests_and_marks_in_a_cluster() {
    let cluster = Cluster::any().await;
    let store = async |keys| RedisStore::builder(cluster.client()).keys(keys).timeout(PATIENCE).build().await.unwrap();
    share(&[store(ROUNDS[0]).await, store(ROUNDS[1]).await, store(ROUNDS[2]).await]).await;
}

async fn share([first, second, third]: &[RedisStore; 3]) {
    for (one, other) in [(first, second), (second, first), (second, third), (third, second)] {
        // What the third round writes is read by the second; what the second writes, by both. What the first writes, the third does not read.
        a_login_goes_from_node_to_node(one, other).await;
        marks_are_known_at_both(one, other).await;
        what_is_refused_leaves_no_mark(one, other).await;
        for _ in 0..5 {
            one_of_many_finds_a_mark_new(one, other).await;
        }
    }
}

async fn a_login_goes_from_node_to_node(one: &RedisStore, other: &RedisStore) {
    let (key, browser) = (fresh(), owner());
    let claim = claim(key).by_browser(browser);
    one.insert(request(key, &[mark()]), MINUTE).await.unwrap();
    assert_eq!(other.claim(claim, MINUTE).await.unwrap().payload, request(key, &[]).payload);
    one.annotate(claim, Annotation::new(b"alice", 0)).await.unwrap();
    other.annotate(claim, Annotation::new(b"bob", 1)).await.unwrap();
    let hour = Duration::from_secs(3600);
    assert!(other.extend(claim, Extension::new(hour, hour)).await.unwrap() > MINUTE);
    let claimed = one.claim(claim, MINUTE).await.unwrap();
    assert_eq!((&*claimed.annotation, claimed.revision), (&b"bob"[..], 2));
    let (at_one, at_other) = tokio::join!(one.consume(claim, MINUTE), other.consume(claim, MINUTE));
    assert!(at_one.is_ok() != at_other.is_ok(), "{at_one:?} {at_other:?}");
    for store in [one, other] {
        assert!(matches!(store.consume(claim, MINUTE).await, Err(ClaimError::Spent)));
        assert!(matches!(store.claim(claim, MINUTE).await, Err(ClaimError::Spent)));
    }
}

async fn marks_are_known_at_both(one: &RedisStore, other: &RedisStore) {
    let (with_request, alone, both) = (mark(), mark(), [mark(), mark()]);
    one.insert(request(fresh(), &[with_request]), MINUTE).await.unwrap();
    one.remember(client(), &[alone]).await.unwrap();
    one.remember(client(), &both).await.unwrap();
    for store in [one, other] {
        for known in [with_request, alone, both[0], both[1]] {
            let refused = store.remember(client(), &[known]).await;
            assert!(matches!(refused, Err(StoreRefusal::Replayed { mark }) if mark == known.key), "{refused:?}");
            let refused = store.insert(request(fresh(), &[mark(), known]), MINUTE).await;
            assert!(
                matches!(refused, Err(InsertError::Refused(StoreRefusal::Replayed { mark })) if mark == known.key),
                "{refused:?}"
            );
        }
    }
}

async fn what_is_refused_leaves_no_mark(one: &RedisStore, other: &RedisStore) {
    let (known, new) = (mark(), [mark(), mark()]);
    one.remember(client(), &[known]).await.unwrap();
    other.remember(client(), &[new[0], known]).await.unwrap_err();
    other.insert(request(fresh(), &[new[1], known]), MINUTE).await.unwrap_err();
    one.remember(client(), &new).await.unwrap();
}

async fn one_of_many_finds_a_mark_new(one: &RedisStore, other: &RedisStore) {
    const CALLERS: usize = 32;
    let (mark, barrier) = (mark(), Arc::new(Barrier::new(CALLERS)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (store, barrier) = (if caller % 2 == 0 { one } else { other }.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                if caller % 4 < 2 {
                    store.remember(client(), &[mark]).await.is_ok()
                } else {
                    store.insert(request(fresh(), &[mark]), MINUTE).await.is_ok()
                }
            })
        })
        .collect();
    let mut passed = 0;
    for caller in callers {
        passed += usize::from(caller.await.unwrap());
    }
    assert_eq!(passed, 1);
}
