//! A primary and its replica that change places, while connections are kept.

use std::time::{Duration, Instant};

use parjar::store::{ClaimError, RedisStore, RequestStore, StoreRefusal};

use super::{
    MINUTE, claim, client, fresh,
    load::Load,
    mark,
    nodes::endpoint,
    opened,
    replicas::{Pair, address, calls, client_of, connections, connectors, follow, store_over},
    request,
    servers::{Redis, says},
};
use crate::support::{Wire, wait_for};

/// One operation of each kind.
async fn use_all(store: &impl RequestStore, what: &str) {
    let (key, used) = (fresh(), [mark()]);
    store.insert(request(fresh(), &[]), MINUTE).await.expect(what);
    store.insert(request(key, &used), MINUTE).await.expect(what);
    store.claim(claim(key), MINUTE).await.expect(what);
    store.consume(claim(key), MINUTE).await.expect(what);
    let known = store.remember(client(), &used).await;
    assert!(matches!(known, Err(StoreRefusal::Replayed { .. })), "{what}: {known:?}");
    store.remember(client(), &[mark()]).await.expect(what);
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_follow_the_primary_at_their_next_call_although_their_connections_are_kept() {
    let pair = Pair::start().await;
    let wire = Wire::to(address(&pair.one)).await;
    let mut stores = Vec::new();
    for (what, connector) in connectors(&client_of(&wire)) {
        stores.push((what, store_over(connector).await));
    }
    let (keeping, moving) = (Redis::start(&[]), client_of(&wire));
    let beside = RedisStore::builder(moving.clone()).marks_on(keeping.client()).prefix("requests-move");
    stores.push(("requests that move, marks that stay", beside.build().await.unwrap()));
    let beside = RedisStore::builder(keeping.client()).marks_on(moving).prefix("marks-move");
    stores.push(("requests that stay, marks that move", beside.build().await.unwrap()));
    let nodes: Vec<_> = stores.iter().map(|(_, store)| endpoint(store.clone())).collect();
    for node in &nodes {
        node.pushed().await;
    }
    let mut before = Vec::new();
    for (what, store) in &stores {
        use_all(store, what).await;
        let (open, spent, used) = (opened(store).await, opened(store).await, mark());
        store.consume(claim(spent), MINUTE).await.unwrap();
        store.remember(client(), &[used]).await.unwrap();
        before.push((open, spent, used));
    }
    pair.settle().await;
    pair.change_places().await;
    wire.lead_to(address(&pair.other));
    for (((what, store), node), (open, spent, used)) in stores.iter().zip(&nodes).zip(before) {
        // Whichever operation is the first to meet it.
        store.consume(claim(open), MINUTE).await.expect(what);
        assert!(matches!(store.consume(claim(open), MINUTE).await, Err(ClaimError::Spent)), "{what}");
        assert!(matches!(store.consume(claim(spent), MINUTE).await, Err(ClaimError::Spent)), "{what}");
        let known = store.remember(client(), &[used]).await;
        assert!(matches!(known, Err(StoreRefusal::Replayed { .. })), "{what}: {known:?}");
        use_all(store, what).await;
        node.pushed().await;
        node.look().no_fault();
    }
    // Scripts are not replicated, so the new primary was told them.
    assert!(calls(&pair.other, "eval").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_meets_the_replica_first_and_is_done_by_the_primary() {
    let pair = Pair::start().await;
    let wire = Wire::to(address(&pair.one)).await;
    let [store, pushing, inserting, marking, claiming, spending, remembering] = {
        let store = || store_over(client_of(&wire));
        [store().await, store().await, store().await, store().await, store().await, store().await, store().await]
    };
    let (open, waiting) = (opened(&store).await, fresh());
    store.insert(request(waiting, &[]), MINUTE).await.unwrap();
    pair.settle().await;
    pair.change_places().await;
    wire.lead_to(address(&pair.other));
    let key = fresh();
    inserting.insert(request(key, &[]), MINUTE).await.unwrap();
    marking.insert(request(fresh(), &[mark()]), MINUTE).await.unwrap();
    claiming.claim(claim(waiting), MINUTE).await.unwrap();
    spending.consume(claim(open), MINUTE).await.unwrap();
    remembering.remember(client(), &[mark()]).await.unwrap();
    store.claim(claim(key), MINUTE).await.unwrap();
    let par = endpoint(pushing);
    par.pushed().await;
    par.look().no_fault();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_leaves_a_server_that_has_lost_the_others() {
    let lost: [(&str, &[&str]); 2] = [
        ("NOREPLICAS", &["CONFIG SET min-replicas-to-write 1"]),
        ("MASTERDOWN", &["CONFIG SET replica-serve-stale-data no", "REPLICAOF 127.0.0.1 1"]),
    ];
    for (what, commands) in lost {
        let [one, other] = [Redis::start(&[]), Redis::start(&[])];
        let wire = Wire::to(address(&one)).await;
        let [pushing, inserting, marking, claiming, spending, remembering] = {
            let store = || store_over(client_of(&wire));
            [store().await, store().await, store().await, store().await, store().await, store().await]
        };
        for command in commands {
            let _: () = one.tell(command).await;
        }
        let error = RedisStore::builder(one.client()).build().await.unwrap_err();
        assert!(format!("{error:?}").contains(what), "{error:?}");
        wire.lead_to(address(&other));
        inserting.insert(request(fresh(), &[]), MINUTE).await.expect(what);
        marking.insert(request(fresh(), &[mark()]), MINUTE).await.expect(what);
        let claimed = claiming.claim(claim(fresh()), MINUTE).await;
        assert!(matches!(claimed, Err(ClaimError::Unknown)), "{what}: {claimed:?}");
        let spent = spending.consume(claim(fresh()), MINUTE).await;
        assert!(matches!(spent, Err(ClaimError::Unknown)), "{what}: {spent:?}");
        remembering.remember(client(), &[mark()]).await.expect(what);
        let par = endpoint(pushing);
        par.pushed().await;
        par.look().no_fault();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_that_the_servers_agree_on_refuses_no_login_and_loses_none() {
    let pair = Pair::start().await;
    let wire = Wire::to(address(&pair.one)).await;
    let store = async || {
        let builder = RedisStore::builder(client_of(&wire)).timeout(Duration::from_secs(20));
        builder.build().await.unwrap()
    };
    let stores = [store().await, store().await];
    let load = Load::on(&stores);
    let (mut primary, mut replica) = (&pair.one, &pair.other);
    for _ in 0..2 {
        load.go_on().await;
        let _: () = primary.tell(&format!("FAILOVER TO 127.0.0.1 {}", replica.port())).await;
        wait_for("the end of the fail-over", || says(replica, "role:master").then_some(()));
        wire.lead_to(address(replica));
        load.go_on().await;
        wait_for("replication", || says(primary, "master_link_status:up").then_some(()));
        (primary, replica) = (replica, primary);
    }
    let outcome = load.stop().await;
    assert_eq!((outcome.refused, outcome.lost), (0, 0));
    outcome.seen.no_fault();
    for key in outcome.spent {
        let again = stores[0].consume(claim(key), MINUTE).await;
        assert!(matches!(again, Err(ClaimError::Spent)), "{again:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_hangs_is_left_for_the_one_that_took_its_place() {
    let pair = Pair::start().await;
    let wire = Wire::to(address(&pair.one)).await;
    let builder = RedisStore::builder(client_of(&wire)).timeout(Duration::from_millis(300));
    let store = builder.build().await.unwrap();
    let open = opened(&store).await;
    pair.settle().await;
    pair.one.signal("-STOP");
    let late = store.claim(claim(open), MINUTE).await;
    assert!(matches!(late, Err(ClaimError::Unavailable(_))), "{late:?}");
    let par = endpoint(store.clone());
    par.cannot_push().await;
    par.look().fault("push", "in time");
    let _: () = pair.other.tell("REPLICAOF NO ONE").await;
    wire.lead_to(address(&pair.other));
    let mut answer = store.consume(claim(open), MINUTE).await;
    for _ in 0..20 {
        if !matches!(answer, Err(ClaimError::Unavailable(_))) {
            break;
        }
        answer = store.consume(claim(open), MINUTE).await;
    }
    answer.unwrap();
    use_all(&store, "the new primary").await;
    par.pushed().await;
    par.look().back("push");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_is_lost_is_not_made_again() {
    let redis = Redis::start(&[]);
    let wire = Wire::to(address(&redis)).await;
    let store = store_over(client_of(&wire)).await;
    for cuts in [true, false] {
        let open = opened(&store).await;
        let before = calls(&redis, "evalsha").await;
        wire.delay_replies(Duration::from_secs(30));
        let (spent, ()) = tokio::join!(store.consume(claim(open), MINUTE), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if cuts {
                wire.delay_replies(Duration::ZERO);
                wire.cut();
            }
        });
        wire.delay_replies(Duration::ZERO);
        assert!(matches!(spent, Err(ClaimError::Unavailable(_))), "{spent:?}");
        assert_eq!(calls(&redis, "evalsha").await, before + 1);
        let again = store.consume(claim(open), MINUTE).await;
        assert!(matches!(again, Err(ClaimError::Spent)), "{again:?}");
    }
    let par = endpoint(store);
    wire.delay_replies(Duration::from_secs(30));
    par.cannot_push().await;
    wire.delay_replies(Duration::ZERO);
    par.look().fault("push", "Redis did not answer in time");
    par.pushed().await;
    par.look().back("push");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_finds_no_primary_knocks_a_few_times_and_is_told_within_its_time() {
    let (primary, replica) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Redis::start(&[]));
    let store = RedisStore::builder(replica.client()).timeout(Duration::from_secs(1)).build().await.unwrap();
    follow(&replica, &primary).await;
    let before = connections(&replica).await;
    let started = Instant::now();
    let crowd: Vec<_> = (0..500)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.insert(request(fresh(), &[]), MINUTE).await.is_err() })
        })
        .collect();
    for caller in crowd {
        assert!(caller.await.unwrap());
    }
    assert!(started.elapsed() < Duration::from_secs(20));
    // One for each time that this test asks, and a few attempts.
    let attempts = connections(&replica).await - before;
    assert!((1..=12).contains(&attempts), "{attempts}");
    let par = endpoint(store.clone());
    par.cannot_push().await;
    par.look().fault("push", "READONLY");
    let _: () = replica.tell("REPLICAOF NO ONE").await;
    use_all(&store, "promoted").await;
    par.pushed().await;
    par.look().back("push");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_the_way_to_the_next_connection_open() {
    let mut redis = Redis::start(&[]);
    let store = store_over(redis.client()).await;
    redis.kill();
    for milliseconds in 0..50 {
        let given_up =
            tokio::time::timeout(Duration::from_millis(milliseconds), store.insert(request(fresh(), &[]), MINUTE));
        let _ = given_up.await;
    }
    let par = endpoint(store.clone());
    par.cannot_push().await;
    par.look().fault("push", "Redis cannot be reached");
    redis.restart();
    use_all(&store, "restarted").await;
    par.pushed().await;
    par.look().back("push");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_died_while_nothing_happened_costs_no_call() {
    let redis = Redis::start(&[]);
    let wire = Wire::to(address(&redis)).await;
    let store = store_over(client_of(&wire)).await;
    let open = opened(&store).await;
    wire.cut();
    tokio::time::sleep(Duration::from_millis(2200)).await;
    let par = endpoint(store.clone());
    par.pushed().await;
    par.look().no_fault();
    store.consume(claim(open), MINUTE).await.unwrap();
}

#[test]
fn a_runtime_that_ends_takes_its_connection_along_and_the_next_opens_another() {
    let redis = Redis::start(&[]);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime().block_on(store_over(redis.client()));
    runtime().block_on(async {
        let _ = store.insert(request(fresh(), &[]), MINUTE).await;
        use_all(&store, "another runtime").await;
    });
    // One that ends in the middle of an attempt.
    runtime().block_on(async {
        let _ = tokio::time::timeout(Duration::from_millis(1), store.insert(request(fresh(), &[]), MINUTE)).await;
    });
    runtime().block_on(async {
        let _ = store.insert(request(fresh(), &[]), MINUTE).await;
        use_all(&store, "a third runtime").await;
    });
}
