//! Redis Sentinel: it finds out that a primary is gone, promotes a replica, and tells clients.

use std::time::Duration;

use parjar::store::{ClaimError, RedisStore, RequestStore as _};
use redis::{
    RedisConnectionInfo,
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};

use super::{
    MINUTE, claim, client, fresh,
    load::Load,
    mark, opened,
    permissions::LEAST,
    replicas::{Pair, follow, settle},
    request,
    servers::{Redis, says},
};
use crate::support::wait_for;

/// Three sentinels that watch a primary with two replicas.
struct Guarded {
    pair: Pair,
    third: Redis,
    sentinels: [Redis; 3],
}

impl Guarded {
    /// With further arguments for the first primary.
    async fn start(arguments: &[&str]) -> Self {
        let (pair, third) = (Pair::start_with(arguments).await, Redis::start(&["--repl-diskless-sync-delay", "0"]));
        follow(&third, &pair.one).await;
        for server in [&pair.one, &pair.other, &third] {
            let _: () = server.tell(LEAST).await;
            let _: () = server.tell("ACL SETUSER parjar +role").await;
        }
        let sentinels = [(); 3].map(|()| Redis::start_sentinel());
        let port = pair.one.port();
        for sentinel in &sentinels {
            let _: () = sentinel.tell(&format!("SENTINEL MONITOR login 127.0.0.1 {port} 2")).await;
            let _: () = sentinel.tell("SENTINEL SET login down-after-milliseconds 1000").await;
            let _: () = sentinel.tell("SENTINEL SET login failover-timeout 5000").await;
        }
        let guarded = Self { pair, third, sentinels };
        wait_for("sentinels that know all", || {
            let all = guarded.sentinels.iter().all(|sentinel| {
                let Ok(mut connection) = sentinel.client().get_connection() else { return false };
                let told: String = redis::cmd("INFO").arg("sentinel").query(&mut connection).unwrap_or_default();
                told.contains("status=ok") && told.contains("slaves=2,sentinels=3")
            });
            all.then_some(())
        });
        guarded
    }

    fn client(&self) -> SentinelClient {
        let sentinels = self.sentinels.iter().map(Redis::url).collect();
        let user = RedisConnectionInfo::default().set_username("parjar").set_password("s3cret");
        let servers = SentinelNodeConnectionInfo::default().set_redis_connection_info(user);
        SentinelClient::build(sentinels, "login".to_owned(), Some(servers), SentinelServerType::Master).unwrap()
    }

    /// The server that was promoted.
    fn promoted(&self) -> &Redis {
        wait_for("a promotion", || [&self.pair.other, &self.third].into_iter().find(|redis| says(redis, "role:master")))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_follow_the_sentinels_that_are_left_when_a_primary_dies() {
    let mut guarded = Guarded::start(&[]).await;
    let store = RedisStore::builder(guarded.client()).build().await.unwrap();
    // The first that each store asks.
    guarded.sentinels[0].kill();
    let stores = [store, RedisStore::builder(guarded.client()).build().await.unwrap()];
    let (open, spent, used) = (opened(&stores[0]).await, opened(&stores[0]).await, mark());
    stores[0].consume(claim(spent), MINUTE).await.unwrap();
    stores[0].remember(client(), &[used]).await.unwrap();
    settle(&guarded.pair.one, 2).await;
    let load = Load::on(&stores);
    load.go_on().await;
    guarded.pair.one.kill();
    load.go_on().await;
    let outcome = load.stop().await;
    assert!(outcome.refused > 0);
    outcome.seen.told_if_any("push", "Redis");
    // What had reached the replicas stands; and of all that was told as done, no login was done twice.
    for store in &stores {
        assert!(matches!(store.consume(claim(spent), MINUTE).await, Err(ClaimError::Spent)));
        assert!(store.remember(client(), &[used]).await.is_err());
    }
    stores[1].consume(claim(open), MINUTE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_leave_a_primary_that_lives_on_when_the_sentinels_name_another() {
    // As if the sentinels were slow to turn it into a replica, which takes ten seconds by itself.
    let guarded = Guarded::start(&["--rename-command", "SLAVEOF", "", "--rename-command", "REPLICAOF", ""]).await;
    let store = RedisStore::builder(guarded.client()).build().await.unwrap();
    let open = opened(&store).await;
    settle(&guarded.pair.one, 2).await;
    let _: () = guarded.sentinels[0].tell("SENTINEL FAILOVER login").await;
    let promoted = guarded.promoted();
    // What the store writes to the old primary is lost; but soon it writes to the new one.
    let other = async || RedisStore::builder(promoted.client()).build().await.unwrap();
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 200, "never at the new primary");
        let key = fresh();
        if store.insert(request(key, &[]), MINUTE).await.is_ok()
            && other().await.claim(claim(key), MINUTE).await.is_ok()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(says(&guarded.pair.one, "role:master"));
    store.consume(claim(open), MINUTE).await.unwrap();
    assert!(matches!(other().await.consume(claim(open), MINUTE).await, Err(ClaimError::Spent)));
}
