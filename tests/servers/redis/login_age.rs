//! The time of the first opening, over several nodes.

use std::time::Duration;

use parjar::{
    Clock as _, SystemClock,
    store::{RedisStore, RequestStore as _},
};

use super::{MINUTE, claim, fresh, nodes::endpoint, owner, request, servers::Redis};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_node_knows_when_the_request_was_first_opened() {
    let redis = Redis::any();
    let one = endpoint(redis.store().await);
    let other = endpoint(RedisStore::builder(redis.client()).build().await.unwrap());
    let request_uri = one.pushed().await;
    one.open(&request_uri, Some("cookie")).await.unwrap();
    let opened_by = SystemClock.now();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let again = other.open(&request_uri, Some("cookie")).await.unwrap();
    assert!(again.asked_at() <= opened_by, "{} {opened_by}", again.asked_at());
}

#[tokio::test]
async fn the_time_that_a_request_is_open_does_not_depend_on_the_lifetime_that_a_node_asks_for() {
    let redis = Redis::any();
    let (store, key) = (redis.store().await, fresh());
    store.insert(request(key, &[]), MINUTE).await.unwrap();
    assert!(store.claim(claim(key), MINUTE).await.unwrap().open_for.is_zero());
    let bound = claim(key).by_browser(owner());
    for lifetime in [MINUTE, Duration::from_secs(3600), Duration::from_secs(1), Duration::MAX] {
        let open_for = store.claim(bound, lifetime).await.unwrap().open_for;
        assert!(open_for < MINUTE, "{open_for:?}");
    }
}
