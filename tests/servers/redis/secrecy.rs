//! What is in the server, and what gets out of the store.

use std::{error::Error as _, time::Duration};

use parjar::store::{NewRequest, RedisStore, RequestStore as _};
use redis::Cmd;

use super::{MINUTE, claim, client, fresh, mark, nodes::endpoint, opened, owner, request, servers::Redis};

/// Names, values and what is left of their lives in milliseconds.
async fn all(redis: &Redis) -> Vec<(String, Vec<u8>, i64)> {
    let mut connection = redis.connection().await;
    let mut entries = Vec::new();
    for name in redis.tell::<Vec<String>>("KEYS *").await {
        let value = Cmd::new().arg("GET").arg(&name).query_async(&mut connection).await.unwrap();
        let left = Cmd::new().arg("PTTL").arg(&name).query_async(&mut connection).await.unwrap();
        entries.push((name, value, left));
    }
    entries
}

#[tokio::test]
async fn every_key_dies_and_is_as_long_as_any() {
    // S-04, S-05
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    store.insert(request(fresh(), &[]), MINUTE).await.unwrap();
    opened(&store).await;
    let spent = fresh();
    store.insert(request(spent, &[mark(), mark()]), MINUTE).await.unwrap();
    store.claim(claim(spent).by_browser(owner()), MINUTE).await.unwrap();
    store.consume(claim(spent).by_browser(owner()), MINUTE).await.unwrap();
    store.remember(client(), &[mark()]).await.unwrap();
    let bound_later = opened(&store).await;
    store.claim(claim(bound_later).by_browser(owner()), MINUTE).await.unwrap();
    let entries = all(&redis).await;
    assert_eq!(entries.len(), 7);
    for (name, _, left) in &entries {
        assert!((1..=60_000).contains(left), "{name}: {left}");
        assert_eq!(name.len(), "parjar:{6 text}r:".len() + 43);
    }
}

#[tokio::test]
async fn lifetimes_without_measure_are_lifetimes_all_the_same() {
    // S-04
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    store.insert(request(fresh(), &[]), Duration::ZERO).await.unwrap();
    let (key, mut mark) = (fresh(), mark());
    mark.lifetime = Duration::MAX;
    store.insert(request(key, &[mark]), Duration::MAX).await.unwrap();
    store.claim(claim(key), Duration::MAX).await.unwrap();
    store.consume(claim(key), Duration::MAX).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let entries = all(&redis).await;
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|(_, _, left)| *left > 60_000), "{entries:?}");
}

#[tokio::test]
async fn a_dump_holds_no_handle_and_no_browser_and_after_the_end_no_request() {
    // S-13
    let redis = Redis::start(&[]);
    let par = endpoint(redis.store().await);
    let request_uri = par.pushed().await;
    let pending = par.open(&request_uri, Some("canary-browser")).await.unwrap();
    let handle = request_uri.rsplit(':').next().unwrap();
    let holds = |entries: &[(String, Vec<u8>, i64)], text: &str| {
        entries.iter().any(|(name, value, _)| {
            name.contains(text) || value.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    let open = all(&redis).await;
    assert!(open.iter().all(|(name, _, _)| !name.contains("web")));
    assert!(!holds(&open, handle) && !holds(&open, "canary-browser") && !holds(&open, "s3cret"));
    assert!(holds(&open, "app.example.com"));
    par.par.complete(&pending).await.unwrap();
    assert!(!holds(&all(&redis).await, "app.example.com"));
}

#[tokio::test]
async fn errors_quote_no_arguments() {
    // Servers repeat what they do not understand.
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    let _: () = redis.tell("ACL SETUSER default -set").await;
    let error = store.insert(NewRequest::new(fresh(), client(), b"canary"), MINUTE).await.unwrap_err();
    let mut told = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        told.push_str(&format!(" {error} {error:?}"));
        source = error.source();
    }
    assert!(told.contains("NOPERM") && !told.contains("canary") && !told.contains("parjar:{"), "{told}");
}

#[tokio::test]
async fn builders_and_stores_do_not_show_where_they_connect() {
    let redis = Redis::start(&[]);
    let _: () = redis.tell("CONFIG SET requirepass canary").await;
    let client = redis::Client::open(format!("redis://:canary@127.0.0.1:{}/", redis.port())).unwrap();
    let builder = RedisStore::builder(client);
    let shown = format!("{builder:?}");
    let shown = format!("{shown} {:?}", builder.build().await.unwrap());
    assert!(!shown.contains("canary") && !shown.contains("127.0.0.1"), "{shown}");
}
