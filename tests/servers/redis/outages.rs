//! Servers that die, answer late, or answer nothing.

use std::time::{Duration, Instant};

use parjar::{
    AuthorizeRefusal, ErrorCode,
    store::{AnnotateError, Annotation, ClaimError, InsertError, RecordKey, RedisStore, RequestStore, StoreRefusal},
};
use redis::cluster::ClusterClient;

use super::{
    MINUTE, claim, client, fresh,
    load::{Load, Outcome},
    mark,
    nodes::endpoint,
    opened,
    replicas::{address, client_of},
    request,
    servers::{Redis, wait_for_cluster},
};
use crate::support::{Wire, free_port};

/// Much longer than any time limit here.
const FOREVER: Duration = Duration::from_secs(30);

fn url(wire: &Wire) -> String {
    format!("redis://{}/", wire.address())
}

/// Makes the server know the scripts, so that each further operation is one command.
async fn warm_up(store: &impl RequestStore) {
    let key = fresh();
    store.insert(request(key, &[mark()]), MINUTE).await.unwrap();
    store.claim(claim(key), MINUTE).await.unwrap();
    store.consume(claim(key), MINUTE).await.unwrap();
    store.remember(client(), &[mark()]).await.unwrap();
}

/// Tries until the server can be asked again.
async fn wait_until_it_works(store: &impl RequestStore) {
    for _ in 0..200 {
        match store.insert(request(fresh(), &[]), MINUTE).await {
            Ok(_) => return,
            Err(InsertError::Refused(StoreRefusal::Unavailable(_))) => {}
            Err(error) => panic!("{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never works again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_the_work_loses_nothing_that_it_confirmed() {
    // S-01, S-03, S-04
    let mut redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = RedisStore::builder(redis.client()).build().await.unwrap();
    let load = Load::on(std::slice::from_ref(&store));
    for _ in 0..3 {
        load.go_on().await;
        redis.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        redis.restart();
    }
    load.go_on().await;
    let Outcome { spent, refused, lost, seen } = load.stop().await;
    assert!(refused > 0 && lost == 0, "{refused} {lost}");
    seen.told_if_any("push", "Redis");
    for key in spent {
        let again = store.consume(claim(key), MINUTE).await;
        assert!(matches!(again, Err(ClaimError::Spent)), "{again:?}");
    }
    let names: Vec<String> = redis.tell("KEYS *").await;
    let mut connection = redis.connection().await;
    for name in names {
        let left: i64 = redis::cmd("PTTL").arg(&name).query_async(&mut connection).await.unwrap();
        assert_ne!(left, -1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_none() {
    let redis = Redis::start(&[]);
    let wire = Wire::to(address(&redis)).await;
    let builder = RedisStore::builder(client_of(&wire)).timeout(Duration::from_millis(200));
    let store = builder.build().await.unwrap();
    let (key, open) = (fresh(), opened(&store).await);
    wire.delay_replies(FOREVER);
    let started = Instant::now();
    let late = store.insert(request(key, &[]), MINUTE).await;
    assert!(matches!(late, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{late:?}");
    let late = store.insert(request(fresh(), &[mark()]), MINUTE).await;
    assert!(matches!(late, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{late:?}");
    assert!(matches!(store.claim(claim(open), MINUTE).await, Err(ClaimError::Unavailable(_))));
    assert!(matches!(store.consume(claim(open), MINUTE).await, Err(ClaimError::Unavailable(_))));
    assert!(matches!(store.remember(client(), &[mark()]).await, Err(StoreRefusal::Unavailable(_))));
    let par = endpoint(store);
    par.cannot_push().await;
    par.look().fault("push", "in time");
    assert!(started.elapsed() < FOREVER / 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_mended_without_a_new_store() {
    let redis = Redis::start(&[]);
    let wire = Wire::to(address(&redis)).await;
    let store = RedisStore::builder(client_of(&wire)).build().await.unwrap();
    warm_up(&store).await;
    let par = endpoint(store.clone());
    for _ in 0..3 {
        let open = opened(&store).await;
        wire.delay_replies(FOREVER);
        let (consumed, (), ()) = tokio::join!(store.consume(claim(open), MINUTE), par.cannot_push(), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            wire.cut();
            wire.delay_replies(Duration::ZERO);
        });
        assert!(matches!(consumed, Err(ClaimError::Unavailable(_))), "{consumed:?}");
        wait_until_it_works(&store).await;
        // It was done, and nobody was told.
        let again = store.consume(claim(open), MINUTE).await;
        assert!(matches!(again, Err(ClaimError::Spent)), "{again:?}");
        par.pushed().await;
        par.look().fault("push", "Redis did not answer").back("push");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_unavailable_and_goes_on_where_it_stood() {
    let redis = Redis::start(&[]);
    let builder = RedisStore::builder(redis.client()).timeout(Duration::from_millis(300));
    let store = builder.build().await.unwrap();
    let open = opened(&store).await;
    let par = endpoint(store.clone());
    redis.signal("-STOP");
    let started = Instant::now();
    assert!(matches!(store.claim(claim(open), MINUTE).await, Err(ClaimError::Unavailable(_))));
    par.cannot_push().await;
    par.look().fault("push", "in time");
    assert!(started.elapsed() < FOREVER / 3);
    redis.signal("-CONT");
    wait_until_it_works(&store).await;
    store.claim(claim(open), MINUTE).await.unwrap();
    store.consume(claim(open), MINUTE).await.unwrap();
    par.pushed().await;
    par.look().back("push");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_and_browsers_are_told_to_come_back() {
    let mut redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = RedisStore::builder(redis.client()).timeout(Duration::from_millis(500)).build().await.unwrap();
    let par = endpoint(store.clone());
    let request_uri = par.pushed().await;
    let pending = par.open(&request_uri, None).await.unwrap();
    redis.kill();
    let reply = par.push().await;
    assert_eq!(reply.status(), 503, "{}", reply.body());
    assert!(reply.body().contains("temporarily_unavailable") && reply.header("retry-after").is_some());
    let refusal: AuthorizeRefusal = par.open(&request_uri, None).await.unwrap_err();
    assert_eq!((refusal.page_status(), refusal.refusal().code()), (503, ErrorCode::TemporarilyUnavailable));
    assert_eq!(par.par.complete(&pending).await.unwrap_err().page_status(), 503);
    par.look().fault("push", "Redis").fault("authorize", "Redis").fault("complete", "Redis");
    redis.restart();
    wait_until_it_works(&store).await;
    par.pushed().await;
    par.open(&request_uri, None).await.unwrap();
    par.par.complete(&pending).await.unwrap();
    par.look().back("push").back("authorize").back("complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_loads_or_is_a_replica_is_unavailable() {
    let (primary, redis) = (Redis::start(&[]), Redis::start(&[]));
    let store = RedisStore::builder(redis.client()).timeout(Duration::from_millis(300)).build().await.unwrap();
    let (open, par) = (opened(&store).await, endpoint(store.clone()));
    let _: () = redis.tell(&format!("REPLICAOF 127.0.0.1 {}", primary.port())).await;
    par.cannot_push().await;
    par.look().fault("push", "READONLY");
    let insert = store.insert(request(fresh(), &[]), MINUTE).await;
    assert!(matches!(insert, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{insert:?}");
    let insert = store.insert(request(fresh(), &[mark()]), MINUTE).await;
    assert!(matches!(insert, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{insert:?}");
    assert!(matches!(store.claim(claim(open), MINUTE).await, Err(ClaimError::Unavailable(_))));
    assert!(matches!(store.consume(claim(open), MINUTE).await, Err(ClaimError::Unavailable(_))));
    assert!(matches!(store.remember(client(), &[mark()]).await, Err(StoreRefusal::Unavailable(_))));
    let _: () = redis.tell("REPLICAOF NO ONE").await;
    wait_until_it_works(&store).await;
    par.pushed().await;
    par.look().back("push");
}

/// A request that is open. An insert without marks that meets the cut is repeated, and finds itself.
async fn opened_after_a_cut(store: &RedisStore) -> RecordKey {
    loop {
        let key = fresh();
        match store.insert(request(key, &[]), MINUTE).await {
            Ok(_) => {}
            Err(InsertError::Exists) => continue,
            Err(error) => panic!("{error:?}"),
        }
        store.claim(claim(key), MINUTE).await.unwrap();
        return key;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_a_cluster_client_repeats_is_answered_as_the_first_time() {
    // The client repeats what was not answered. Of the two, the first has done the work.
    let bus = free_port().to_string();
    let redis = Redis::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
    let wire = Wire::to(address(&redis)).await;
    let _: () = redis.tell(&format!("CONFIG SET cluster-announce-port {}", wire.address().port())).await;
    let _: () = redis.tell("CONFIG SET cluster-announce-ip 127.0.0.1").await;
    let _: () = redis.tell("CLUSTER ADDSLOTSRANGE 0 16383").await;
    wait_for_cluster(&redis, 1);
    let cluster_client = ClusterClient::builder([url(&wire)]).response_timeout(FOREVER).build().unwrap();
    let store = RedisStore::builder(cluster_client).timeout(Duration::from_secs(20)).build().await.unwrap();
    warm_up(&store).await;
    let cut = async || {
        wire.delay_replies(FOREVER);
        tokio::time::sleep(Duration::from_millis(200)).await;
        wire.delay_replies(Duration::ZERO);
        wire.cut();
    };
    let par = endpoint(store.clone());
    tokio::join!(par.pushed(), cut());
    par.look().no_fault();
    let (open, key, marks) = (opened_after_a_cut(&store).await, fresh(), [mark(), mark()]);
    let (consumed, ()) = tokio::join!(store.consume(claim(open), MINUTE), cut());
    consumed.unwrap();
    assert!(matches!(store.consume(claim(open), MINUTE).await, Err(ClaimError::Spent)));
    let (inserted, ()) = tokio::join!(store.insert(request(key, &marks), MINUTE), cut());
    inserted.unwrap();
    store.claim(claim(key), MINUTE).await.unwrap();
    // Of a note as well: it is not somebody else's change.
    for revision in 0..2 {
        let (annotated, ()) = tokio::join!(store.annotate(claim(key), Annotation::new(b"alice", revision)), cut());
        annotated.unwrap();
        let again = store.annotate(claim(key), Annotation::new(b"alice", revision)).await;
        assert!(matches!(again, Err(AnnotateError::Changed)), "{again:?}");
    }
    let claimed = store.claim(claim(key), MINUTE).await.unwrap();
    assert_eq!((claimed.annotation.as_slice(), claimed.revision, claimed.payload.len()), (&b"alice"[..], 2, 10));
    let other = [mark()];
    let (remembered, ()) = tokio::join!(store.remember(client(), &other), cut());
    remembered.unwrap();
    for mark in marks.into_iter().chain(other) {
        assert!(matches!(store.remember(client(), &[mark]).await, Err(StoreRefusal::Replayed { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_on_another_instance_outlive_a_request_that_may_be_there() {
    let (requests, marks) = (Redis::start(&[]), Redis::start(&[]));
    let wire = Wire::to(address(&requests)).await;
    let builder = RedisStore::builder(client_of(&wire)).marks_on(marks.client());
    let store = builder.timeout(Duration::from_millis(300)).build().await.unwrap();
    let used = [mark(), mark()];
    wire.delay_replies(FOREVER);
    let late = store.insert(request(fresh(), &used), MINUTE).await;
    assert!(matches!(late, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{late:?}");
    let par = endpoint(store.clone());
    par.cannot_push().await;
    par.look().fault("push", "in time");
    for mark in used {
        assert!(matches!(store.remember(client(), &[mark]).await, Err(StoreRefusal::Replayed { .. })));
    }
    // Without the instance of the marks, there is no request that has any.
    let mut marks = marks;
    let store = RedisStore::builder(requests.client()).marks_on(marks.client()).build().await.unwrap();
    marks.kill();
    let key = fresh();
    let refused = store.insert(request(key, &[mark()]), MINUTE).await;
    assert!(matches!(refused, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{refused:?}");
    assert!(matches!(store.claim(claim(key), MINUTE).await, Err(ClaimError::Unknown)));
    opened(&store).await;
}
