//! The servers of the stores, and what can happen to them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::{
    postgres::Cluster,
    redis::{Redis, says},
    support::{Wire, wait_for},
};

pub(crate) enum Store {
    Redis(Pair),
    Postgres(Database),
}

/// What happens to a store. All that was acknowledged is still there afterwards, except for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// Ends at once, and comes back.
    Crash,
    /// Does not answer for a while.
    Hang,
    /// Loses its connections.
    Cut,
    /// Refuses to write more.
    Full,
    /// Answers late.
    Late,
    /// Changes places with its replica, in good order.
    ChangePlaces,
    /// Dies, and its replica takes its place: lost is what the replica has not received.
    Promote,
}

const OF_REDIS: [StoreFault; 7] = {
    use StoreFault::*;
    [Crash, Hang, Cut, Full, Late, ChangePlaces, Promote]
};
const OF_POSTGRES: [StoreFault; 4] = {
    use StoreFault::*;
    [Crash, Hang, Cut, Late]
};

impl Store {
    pub(crate) async fn redis() -> Self {
        Self::Redis(Pair::start().await)
    }

    pub(crate) async fn postgres() -> Self {
        let cluster = tokio::task::block_in_place(Cluster::start);
        let wire = Wire::to((Ipv4Addr::LOCALHOST, cluster.config().get_ports()[0]).into()).await;
        Self::Postgres(Database { cluster, wire })
    }

    /// For the command line of a node. It leads through a wire.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Redis(pair) => format!("redis://{}/", pair.wire.address()),
            Self::Postgres(database) => {
                format!("postgres://parjar@{}/postgres?sslmode=disable", database.wire.address())
            }
        }
    }

    pub(crate) fn faults(&self) -> &'static [StoreFault] {
        match self {
            Self::Redis(_) => &OF_REDIS,
            Self::Postgres(_) => &OF_POSTGRES,
        }
    }

    /// Lets it happen, for so long where it has a length, and makes it good.
    pub(crate) async fn suffer(&mut self, fault: StoreFault, long: Duration) {
        match self {
            Self::Redis(pair) => pair.suffer(fault, long).await,
            Self::Postgres(database) => database.suffer(fault, long).await,
        }
    }

    /// Waits until a replica has all that was acknowledged.
    pub(crate) async fn settle(&self) {
        if let Self::Redis(pair) = self {
            pair.settle().await;
        }
    }
}

/// A server of Redis that writes everything to its disk before it answers, and its replica, behind a wire that leads to the primary.
pub(crate) struct Pair {
    primary: Redis,
    replica: Redis,
    wire: Wire,
}

impl Pair {
    async fn start() -> Self {
        let settings = ["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"];
        let start = || tokio::task::block_in_place(|| Redis::start(&settings));
        let (primary, replica) = (start(), start());
        let wire = Wire::to(address(&primary)).await;
        let pair = Self { primary, replica, wire };
        pair.follow().await;
        pair
    }

    async fn suffer(&mut self, fault: StoreFault, long: Duration) {
        match fault {
            StoreFault::Crash => {
                self.primary.kill();
                tokio::time::sleep(long).await;
                tokio::task::block_in_place(|| self.primary.restart());
                self.connected();
            }
            StoreFault::Hang => {
                self.primary.signal("-STOP");
                tokio::time::sleep(long).await;
                self.primary.signal("-CONT");
            }
            StoreFault::Cut => self.wire.cut(),
            StoreFault::Full => {
                let _: () = self.primary.tell("CONFIG SET maxmemory 1").await;
                tokio::time::sleep(long).await;
                let _: () = self.primary.tell("CONFIG SET maxmemory 0").await;
            }
            StoreFault::Late => late(&self.wire, long).await,
            StoreFault::ChangePlaces => {
                self.connected();
                let _: () = self.primary.tell(&format!("FAILOVER TO 127.0.0.1 {}", self.replica.port())).await;
                let other = &self.replica;
                tokio::task::block_in_place(|| wait_for("a fail-over", || says(other, "role:master").then_some(())));
                self.change();
            }
            StoreFault::Promote => {
                self.primary.kill();
                tokio::time::sleep(long).await;
                let _: () = self.replica.tell("REPLICAOF NO ONE").await;
                self.change();
                tokio::task::block_in_place(|| self.replica.restart());
                self.follow().await;
            }
        }
    }

    fn change(&mut self) {
        std::mem::swap(&mut self.primary, &mut self.replica);
        self.wire.lead_to(address(&self.primary));
    }

    async fn follow(&self) {
        let _: () = self.replica.tell(&format!("REPLICAOF 127.0.0.1 {}", self.primary.port())).await;
        self.connected();
    }

    fn connected(&self) {
        let replica = &self.replica;
        tokio::task::block_in_place(|| {
            wait_for("replication", || says(replica, "master_link_status:up").then_some(()));
        });
    }

    async fn settle(&self) {
        let mut connection = self.primary.connection().await;
        // A write of this connection is what `WAIT` waits for.
        let () = ::redis::cmd("SET").arg("settled").arg(1).query_async(&mut connection).await.unwrap();
        let have: u64 = ::redis::cmd("WAIT").arg(1).arg(0).query_async(&mut connection).await.unwrap();
        assert_eq!(have, 1);
    }
}

/// PostgreSQL behind a wire.
pub(crate) struct Database {
    cluster: Cluster,
    wire: Wire,
}

impl Database {
    async fn suffer(&self, fault: StoreFault, long: Duration) {
        match fault {
            StoreFault::Crash => {
                tokio::task::block_in_place(|| self.cluster.crash());
                tokio::time::sleep(long).await;
                tokio::task::block_in_place(|| self.cluster.boot());
            }
            StoreFault::Hang => {
                let (client, connection) = self.cluster.config().connect(tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                let (of_requests, of_marks) = ("LOCK TABLE parjar_requests", "LOCK TABLE parjar_marks");
                client.batch_execute(&format!("BEGIN; {of_requests}; {of_marks}")).await.unwrap();
                tokio::time::sleep(long).await;
                client.batch_execute("COMMIT").await.unwrap();
            }
            StoreFault::Late => late(&self.wire, long).await,
            _ => self.wire.cut(),
        }
    }
}

/// Later than the stores wait, by turns.
async fn late(wire: &Wire, long: Duration) {
    wire.delay_replies(Duration::from_millis(2500));
    tokio::time::sleep(long).await;
    wire.delay_replies(Duration::ZERO);
}

fn address(redis: &Redis) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, redis.port()).into()
}
