//! A cluster whose primaries change.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parjar::store::{
    ClaimError, InsertError, NewRequest, Owner, RecordKey, RedisConnector, RedisStore, RequestStore as _, StoreRefusal,
};
use redis::cluster::ClusterClient;
use tokio::sync::Semaphore;

use super::{
    MINUTE, claim, client, fresh,
    load::Load,
    mark, opened,
    replicas::settle,
    servers::{Cluster, says},
};
use crate::support::wait_for;

#[tokio::test(flavor = "multi_thread")]
async fn stores_follow_a_cluster_whose_primary_gives_way_hangs_or_dies() {
    let mut cluster = Cluster::start(2).await;
    // As a host has it, with the limits of the client itself.
    let urls: Vec<String> = cluster.nodes().iter().map(|node| node.url().to_owned()).collect();
    let store = async |timeout| {
        let cluster_client = ClusterClient::new(urls.iter().map(String::as_str)).unwrap();
        RedisStore::builder(cluster_client).timeout(timeout).build().await.unwrap()
    };
    let stores = [store(Duration::from_secs(20)).await, store(Duration::from_secs(20)).await];
    let (open, spent, used) = (opened(&stores[0]).await, opened(&stores[0]).await, mark());
    stores[0].consume(claim(spent), MINUTE).await.unwrap();
    stores[0].remember(client(), &[used]).await.unwrap();
    settle(&cluster.nodes()[0], 2).await;

    // Planned: the primary waits until its replica has all.
    let load = Load::on(&stores);
    load.go_on().await;
    let _: () = cluster.nodes()[3].tell("CLUSTER FAILOVER").await;
    wait_for("the change of places", || says(&cluster.nodes()[3], "role:master").then_some(()));
    load.go_on().await;
    let outcome = load.stop().await;
    assert_eq!((outcome.refused, outcome.lost), (0, 0));
    outcome.seen.no_fault();
    for key in outcome.spent {
        let again = stores[0].consume(claim(key), MINUTE).await;
        assert!(matches!(again, Err(ClaimError::Spent)), "{again:?}");
    }
    wait_for("two replicas", || says(&cluster.nodes()[3], "connected_slaves:2").then_some(()));
    settle(&cluster.nodes()[3], 2).await;

    // Then the new primary hangs, and the one that follows it dies.
    let quick = Duration::from_millis(500);
    let stores = [store(quick).await, store(quick).await];
    let load = Load::on(&stores);
    let mut primary = 3;
    for hangs in [true, false] {
        load.go_on().await;
        if hangs {
            cluster.nodes()[primary].signal("-STOP");
        } else {
            cluster.nodes()[primary].kill();
        }
        let others: Vec<usize> = [0, 3, 4].into_iter().filter(|&other| other != primary).collect();
        let is_promoted = |nodes: &mut [super::servers::Redis]| {
            others.iter().copied().find(|&other| !(hangs && other == 3) && says(&nodes[other], "role:master"))
        };
        let promoted = wait_for("a promotion", || is_promoted(cluster.nodes()));
        load.go_on().await;
        if hangs {
            cluster.nodes()[primary].signal("-CONT");
            wait_for("two replicas", || says(&cluster.nodes()[promoted], "connected_slaves:2").then_some(()));
        }
        primary = promoted;
    }
    let outcome = load.stop().await;
    assert!(outcome.refused > 0);
    outcome.seen.fault("push", "Redis").back("push");
    for store in &stores {
        assert!(matches!(store.consume(claim(spent), MINUTE).await, Err(ClaimError::Spent)));
        let known = store.remember(client(), &[used]).await;
        assert!(matches!(known, Err(StoreRefusal::Replayed { .. })), "{known:?}");
    }
    stores[1].consume(claim(open), MINUTE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_hangs_costs_the_clients_of_the_others_nothing() {
    let mut cluster = Cluster::start(0).await;
    // The first attempt to connect succeeds, and later ones end when the primary is back.
    let (client, is_away, connected) =
        (cluster.client(), Arc::new(AtomicBool::new(false)), Arc::new(Semaphore::new(0)));
    let connector = {
        let (is_away, connected) = (Arc::clone(&is_away), Arc::clone(&connected));
        RedisConnector::new(move || {
            let (client, is_away, connected) = (client.clone(), Arc::clone(&is_away), Arc::clone(&connected));
            async move {
                if is_away.load(Ordering::SeqCst) {
                    let _ = connected.acquire().await;
                }
                client.get_async_connection().await
            }
        })
    };
    let store = RedisStore::builder(connector).timeout(Duration::from_secs(5)).build().await.unwrap();
    let push =
        async |owner| store.insert(NewRequest::new(fresh(), Owner::authenticated(owner), b"payload"), MINUTE).await;
    for node in cluster.nodes() {
        let _: () = node.tell("CONFIG SET cluster-require-full-coverage no").await;
    }
    // Which clients the second primary has is told by the keys that it has.
    let (mut its, mut others) = (Vec::new(), Vec::new());
    for owner in (0..60).map(|number| RecordKey::from_bytes([number; 32])) {
        push(owner).await.unwrap();
        let names: Vec<String> = cluster.nodes()[1].tell("KEYS *").await;
        if names.len() > its.len() { its.push(owner) } else { others.push(owner) }
    }

    is_away.store(true, Ordering::SeqCst);
    cluster.nodes()[1].signal("-STOP");
    assert!(!its.is_empty() && !others.is_empty(), "60 clients have different places");
    let hanging = push(its[0]);
    let going_on = async {
        for owner in &others {
            push(*owner).await.unwrap();
        }
    };
    let (refused, ()) = tokio::join!(hanging, going_on);
    assert!(matches!(refused, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{refused:?}");
    for owner in &others {
        push(*owner).await.unwrap();
    }

    cluster.nodes()[1].signal("-CONT");
    is_away.store(false, Ordering::SeqCst);
    connected.add_permits(100);
    while push(its[0]).await.is_err() {}
}
