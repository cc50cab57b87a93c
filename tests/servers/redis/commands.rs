//! How many commands an operation takes, by the server's own count: those that come over the wire, and those that scripts run.

use std::{collections::BTreeMap, time::Duration};

use parjar::store::{Annotation, Extension, RedisStore, RequestStore as _};

use super::{MINUTE, claim, client, fresh, mark, owner, request, servers::Redis};

/// How often each command has run. Looks at the counts are left out.
async fn counts(redis: &Redis) -> BTreeMap<String, u64> {
    let told: String = redis.tell("INFO commandstats").await;
    let count = |line: &str| {
        let (name, numbers) = line.trim().strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = numbers.split(',').next()?.parse().ok()?;
        Some((name.to_owned(), calls))
    };
    let is_ours = |(name, _): &(String, u64)| !["info", "hello", "client|setinfo", "client|setname"].contains(&&**name);
    told.lines().filter_map(count).filter(is_ours).collect()
}

#[tokio::test]
async fn an_operation_takes_one_command_and_what_its_script_needs() {
    let redis = Redis::start(&[]);
    let store = redis.store().await;
    let (key, with_marks) = (fresh(), fresh());
    let browser = claim(key).by_browser(owner());
    let known = mark();

    expect(&redis, &store, "set=1", async |store| {
        _ = store.insert(request(key, &[]), MINUTE).await.unwrap();
    })
    .await;
    let one_mark = async |store: &RedisStore| {
        _ = store.insert(request(with_marks, &[known]), MINUTE).await.unwrap();
    };
    expect(&redis, &store, "evalsha=1 set=2", one_mark).await;
    let marks = [mark(), mark(), mark()];
    let three_marks = async |store: &RedisStore| {
        _ = store.insert(request(fresh(), &marks), MINUTE).await.unwrap();
    };
    expect(&redis, &store, "evalsha=1 set=4", three_marks).await;
    let replayed = async |store: &RedisStore| {
        _ = store.insert(request(fresh(), &[known]), MINUTE).await.unwrap_err();
    };
    expect(&redis, &store, "del=1 evalsha=1 get=1 set=2", replayed).await;

    let one = async |store: &RedisStore| {
        _ = store.remember(client(), &[mark()]).await.unwrap();
    };
    expect(&redis, &store, "set=1", one).await;
    let same = async |store: &RedisStore| {
        _ = store.remember(client(), &[known]).await.unwrap_err();
    };
    expect(&redis, &store, "set=1", same).await;
    let two = async |store: &RedisStore| {
        _ = store.remember(client(), &[mark(), mark()]).await.unwrap();
    };
    expect(&redis, &store, "evalsha=1 set=2", two).await;

    let open = async |store: &RedisStore| drop(store.claim(browser, MINUTE).await.unwrap());
    expect(&redis, &store, "evalsha=1 get=1 pexpire=1 setrange=1", open).await;
    expect(&redis, &store, "evalsha=1 get=1 pttl=1", open).await;
    let note = async |store: &RedisStore| store.annotate(browser, Annotation::new(b"alice", 0)).await.unwrap();
    expect(&redis, &store, "evalsha=1 get=1 set=1", note).await;
    let hour = Duration::from_secs(3600);
    let longer = async |store: &RedisStore| {
        _ = store.extend(browser, Extension::new(hour, hour)).await.unwrap();
    };
    expect(&redis, &store, "evalsha=1 getrange=1 pexpire=1 pttl=1 setrange=1", longer).await;
    let spend = async |store: &RedisStore| store.consume(browser, MINUTE).await.unwrap();
    expect(&redis, &store, "evalsha=1 getrange=1 set=1", spend).await;
    let again = async |store: &RedisStore| drop(store.consume(browser, MINUTE).await.unwrap_err());
    expect(&redis, &store, "evalsha=1 getrange=1", again).await;
}

async fn expect(redis: &Redis, store: &RedisStore, expected: &str, operation: impl AsyncFn(&RedisStore)) {
    let _: () = redis.tell("CONFIG RESETSTAT").await;
    operation(store).await;
    let mut counts = counts(redis).await;
    counts.remove("config|resetstat");
    let told = |counts: &BTreeMap<String, u64>| {
        let told = counts.iter().filter(|(_, count)| **count > 0).map(|(name, count)| format!("{name}={count}"));
        told.collect::<Vec<_>>().join(" ")
    };
    if told(&counts) != expected {
        // On a slow machine, the connection was idle for long enough to be asked first whether it lives.
        counts.entry("get".to_owned()).and_modify(|count| *count -= 1);
    }
    assert_eq!(told(&counts), expected);
}
