//! Stores in service: which one, how much room, what an outage does, Redis and PostgreSQL set up, swept and upgraded.
//!
//! | store | for | loses at a restart |
//! | --- | --- | --- |
//! | [`MemoryStore`] (default) | one process | everything; clients push again |
//! | `RedisStore` | several nodes | [what the server loses](#outages) |
//! | `PostgresStore` | several nodes, and [one transaction with the code](super::logins#in-one-transaction) | nothing that was committed |
//! | `SealedStore` around any of them | requests that operators of the store must not read | as the one within |
//! | one of the host's | what you have already | [`writing_a_store`](super::writing_a_store) |
//!
//! Several nodes have more in common than the store: [`several_nodes`](super::several_nodes).
//!
//! # Sizing
//!
//! What lives at a time, for each push a second, with the default lifetimes:
//!
//! | | seconds | lives | bytes in memory |
//! | --- | --- | --- | --- |
//! | a request that waits | [`request_uri_lifetime`](crate::Policy::request_uri_lifetime), 60 | 60, and few of them, if browsers come at once | its parameters and 150, together about 500 |
//! | an open request | [`login_lifetime`](crate::Policy::login_lifetime), 600 | 600 at most; logins end earlier | the same |
//! | a spent request | [`spent_lifetime`](crate::Policy::spent_lifetime), 600 | 600 | 150 |
//! | the `jti` of a client assertion | as long as it is good, 300 at most | 300 | 150 to 250 |
//! | the `jti` of a DPoP proof | [`dpop_proof_lifetime`](crate::Policy::dpop_proof_lifetime) and leeway, 70 | 70 for each endpoint, API calls too | 150 to 250 |
//! | a `code_challenge`, where it is [remembered](crate::Policy::code_challenge_memory) | 86 400 in the AT Protocol | 86 400 | 150 to 250 |
//!
//! So 100 pushes a second by clients with assertions take about 50 MB where each login takes its ten minutes. `MemoryStore` stops at its
//! [`MemoryLimits`]; in Redis a request takes its parameters and 300 bytes more, a mark 200 to 225, and in PostgreSQL 350 and 200, times what waits for
//! vacuum.
//!
//! A store that is full refuses new pushes (`store_full`, 503 with `Retry-After`) and goes on to open and end what it has. Nothing that lives
//! is evicted.
//!
//! # Outages
//!
//! | | clients and users see | the store |
//! | --- | --- | --- |
//! | it cannot be reached, or is slow | 503 `temporarily_unavailable` with `Retry-After`, within 2 s | connects anew by itself |
//! | it fails over | mostly nothing: an operation that has certainly not run is tried again | finds the new primary |
//! | the answer to an operation is lost | 503; it may have happened | is not asked again |
//! | it has lost its last writes | `unknown_request_uri`: the client pushes again | a spent request or a mark may be good again |
//!
//! Nothing is half done. What can be lost is a table in the documentation of each store, with the settings that prevent it: `RedisStore` under
//! *What an outage can cost*, `PostgresStore` under *What is lost when*.
//!
//! # Readiness
//!
//! [`ParEndpoint::ready`] asks whether the next push would be taken. It is cheap enough for a probe every second: two round trips in Redis and
//! PostgreSQL, one more and one for each primary in a cluster, nothing in memory. A cluster is ready when each primary is. It writes nothing. A probe of liveness should not ask it: a restart mends no store. It asks no more than this
//! store: a host that keeps its codes or clients elsewhere asks there as well.
//!
//! # Redis
//!
//! * **The user of the connection** needs the commands that `RedisStore` lists under *Permissions*, one `ACL SETUSER` line; keys of the host's
//!   own in the same Redis, such as its codes, need a line of their own. A missing one is
//!   named at start.
//! * **`maxmemory-policy` must be `noeviction`**, or an assertion is good twice; the store refuses any other at start.
//! * **Sentinel**: build it of a `SentinelClient` (feature `redis-sentinel`). It leaves a primary within a second of the sentinels' naming another.
//! * **Cluster**: build it of a `ClusterClient` (feature `redis-cluster`). What a client has is in one slot, so that each operation is atomic, and clients are
//!   spread over the primaries. A client that is busier than one primary can serve is not spread further.
//! * **Keys of before**: nodes of a version before 0.1 had all keys in one slot; [three rounds](#keys-of-before) change over.
//! * **Persistence**: `appendonly yes`; `appendfsync always` loses nothing in a crash, `everysec` a second.
//! * **TLS**: the features of the `redis` crate choose it, `rediss://` asks for it.
//!
//! ## Keys of before
//!
//! Nodes of a version before 0.1 name their keys `{prefix}:r:...`, and present ones `prefix:{tag}r:...`. Where both are to run over one Redis, replace the nodes three
//! times, with `RedisStoreBuilder::keys` at each of the settings of `RedisKeys` in turn:
//!
//! | round | `keys` | wait before the next |
//! | --- | --- | --- |
//! | 1 | `FormerReadingPerClient` | until all nodes are at it |
//! | 2 | `PerClientReadingFormer` | until all nodes are at it, and then two hours; with [`code_challenge_memory`](crate::Policy::code_challenge_memory), that long |
//! | 3 | `PerClient`, which is the default | |
//!
//! Nodes of two rounds that follow each other share requests and marks, so no login is lost and no mark passes twice, and a round can be taken back: two rounds after the waiting
//! time of the second has passed again. The user
//! of the connection needs both patterns of keys (`~parjar:{* ~{parjar}:*`) until the third. DPoP proofs, and proofs beside attestations, have other marks than before, so between
//! the last nodes of before and the first of round 1 (over PostgreSQL: the first of this version), one that was captured can be good once at either, within its minute. To begin anew is simpler where that
//! is possible: stop all nodes, start the new ones; clients push again, and assertions of the last five minutes could be replayed.
//!
//! # PostgreSQL
//!
//! * **Connections**: of `deadpool-postgres` or any source of `tokio-postgres` clients (feature `postgres`), or a pool of `sqlx` (feature `sqlx`).
//!   `PostgresStore::builder(pool).build()` makes the store, and `store(...)` of the endpoint's builder takes it:
//!   [`recipes`](super::recipes#requests-and-codes-in-postgresql).
//! * **Tables**: [`migrate`](crate::store) at start, or the text of `migration()` by an administrator.
//! * **The role**: `statement_timeout` of 2 s and `read committed`, set on the role; `PostgresStore` has the two lines.
//! * **The pool**: the time limit of the store (`timeout`, 2 s) counts from the call, with the wait for a connection. Leave the limits of the
//!   pool unset, or longer; the shorter one counts, and either is reported as `store_unavailable`. What the host asks over the same
//!   pool, and in a transaction, has no limit by that: it needs one of its own, within the task that makes the decision. All pools
//!   together must not want more connections than the database permits.
//! * **PgBouncer**: transaction mode from 1.21 on with `max_prepared_statements` of 10 or more; older with `unnamed_statements(true)`, and not
//!   over `sqlx`; never statement mode. `check` notices.
//! * **Replication**: `synchronous_commit = on`, and `synchronous_standby_names` where replicas are promoted.
//! * **Sweeping**: expired rows count as gone, and the host deletes them. Report it when that fails, or the table grows unseen:
//!
#![cfg_attr(any(feature = "postgres", feature = "sqlx"), doc = "```")]
#![cfg_attr(not(any(feature = "postgres", feature = "sqlx")), doc = "```text")]
//! use std::time::Duration;
//! use parjar::{CauseText, store::PostgresStore};
//!
//! async fn sweep_for_ever(store: PostgresStore) {
//!     loop {
//!         match store.sweep(1_000).await {
//!             Ok(1_000) => continue, // a full batch: there is more
//!             Ok(_) => {}
//!             Err(error) => eprintln!("expired requests were not swept: {}", CauseText(&error)), // and a counter
//!         }
//!         tokio::time::sleep(Duration::from_secs(10)).await;
//!     }
//! }
//! ```
//!
//! # Speed
//!
//! `cargo bench -p parjar-servers --bench store` compares each operation with the barest command that could do it (`SET`, `GETDEL`, `INSERT`,
//! `DELETE ... RETURNING`), through the same connections, one, 16 and 64 at a time. On a virtual machine with two cores:
//!
//! | | beside | one at a time | 64 at a time |
//! | --- | --- | --- | --- |
//! | Redis, a push | `SET` | 1.0 | 1.0 |
//! | Redis, opening and spending | `GETDEL` | 1.2 | 1.6 |
//! | PostgreSQL without `fsync`, a push | `INSERT` | 0.9 to 1.3 | 0.9 to 1.3 |
//! | PostgreSQL without `fsync`, opening and spending | `DELETE` | 1.0 to 1.1 | 1.2 to 1.3 |
//!
//! What Redis does is a script of a few commands, without which nothing in it is both conditional and atomic. Where a disk has to be waited for,
//! the difference is lost in that.
//!
//! ## What Redis has to do
//!
//! A server of Redis 7.0 says how much time of its processor it has used. With 64 commands on their way at a time, each took:
//!
//! | | microseconds | beside `GETDEL` |
//! | --- | --- | --- |
//! | `GETDEL` | 1.9 to 2.0 | 1 |
//! | `SET` of a new request, which is a push without marks | 2.4 to 2.7 | 1.3 |
//! | a mark alone | 1.8 | 0.9 |
//! | a script that does nothing | 1.7 to 1.8 | 0.9 |
//! | a script of one `GET` | 3.7 | 1.8 |
//! | opening; spending | 5.5 to 5.8 | 2.8 to 3.1 |
//! | a push with one mark; with three | 9.4; 15.4 | 4.9; 8.2 |
//!
//! So a core serves some 48 000 logins a second, each a push with a mark, an opening and a spending; in a cluster, each primary does. A request of eight
//! parameters takes 640 bytes there, a mark 225: a thousand million pushes a day with a mark each are 11 600 a second, which is a quarter of a core, 4.5 GB of requests that
//! wait or are open for ten minutes at most, and 0.8 GB of marks that live for five.
//!
//! ## What PostgreSQL has to do
//!
//! Measured in PostgreSQL 15 with a payload of 350 bytes, within the server: microseconds of its processor without those that any statement
//! takes, and bytes of its log. A `DELETE` by key takes 8 there.
//!
//! | | statements | processor | log |
//! | --- | --- | --- | --- |
//! | a push | 1 | 15 | 710 |
//! | the first opening | 1 | 13 | 220 |
//! | a later one, at the same node | 1 | 4 | 0 |
//! | a later one, at another | 2 | 10 | 0 |
//! | spending | 1 | 13 | 155 |
//! | a refused opening or end | 2 | 10 | 0 |
//! | sweeping, each row | 0.001 | 20 | |
//!
//! With ten million requests there, in 3.4 GB and 0.8 GB of indexes, spending took 15 more where the row was not in `shared_buffers`, and a
//! push 12 to 25; opening was not measured there. Let `shared_buffers` hold the indexes: 80 bytes for each request, 80 for each mark. When
//! 630 000 more had come and gone, the table had been 9 % larger than before, the index by time was 4 % larger, and the primary key was
//! as large as before; autovacuum had been there three times.
//! `cargo bench -p parjar-servers --bench growth -- postgres` does the like with as many as there are.
//!
//! Partitions by time would make sweeping a `DROP TABLE`. They were left out since a handle does not tell its time: of 24 partitions, each
//! operation looks into all, and an `UPDATE` by key takes 136 in the place of 15.
//!
//! # Upgrades
//!
//! Upgrade by one minor version at a time, with `migrate` of the new version first, and the nodes in any order: nodes of two versions read what
//! the other writes. While columns and indexes are added to tables with rows, operations on requests wait, a second or two for each million
//! rows, and fail after their time limit: migrate large tables when few users log in.
//! [Versions of what is stored](crate::store#versions-of-what-is-stored) has the rule, and [another
//! version](super::several_nodes#another-version-of-this-crate) what nodes report meanwhile. Tables of a later version are refused at start.
//! Redis needs no step, but for [keys of before](#keys-of-before).
//!
//! # Backups
//!
//! Nothing in a store is worth one: the longest-lived request is two hours old. A backup that is restored brings back requests that were spent:
//! empty the tables instead, and wait as long as assertions live.

#[cfg(doc)]
use crate::{
    ParEndpoint,
    store::{MemoryLimits, MemoryStore},
};
