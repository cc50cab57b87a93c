//! The store of several processes over Redis 7.0 or later, Redis Cluster, or Valkey 7.2 or later.

mod builder;
mod call;
mod commands;
mod connector;
mod duty;
mod errors;
mod info;
mod insertion;
mod instance;
mod keys;
mod memory_watch;
mod names;
mod readiness;
mod replies;
mod script_error;
mod scripts;
mod shared_connection;
mod slots;
mod startup_check;
mod tokens;

use std::{fmt, sync::Arc, time::Duration};

use redis::Value;
use tokio::time::Instant;

use self::{
    builder::Checked,
    call::Call,
    duty::Duty,
    instance::Instance,
    names::{AllNames, Names},
    readiness::Readiness,
    replies::{claimed, misfit},
    scripts::answer,
    tokens::Tokens,
};
pub use self::{
    builder::RedisStoreBuilder,
    connector::RedisConnector,
    errors::{RedisInstance, RedisStoreError},
    keys::RedisKeys,
};
use super::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, NotReady, Owner,
    RecordKey, Remembered, ReplayMark, RequestStore, StoreError, StoreRefusal, hygiene::HygieneBudget,
    unauthenticated::UnauthenticatedRoom,
};

/// Keeps requests and marks in Redis 7.0 or later, Redis Cluster, or Valkey 7.2 or later, for any number of processes. Clones
/// share a connection.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// use parjar::{ParEndpoint, store::RedisStore};
///
/// let store = RedisStore::builder(redis::Client::open("redis://127.0.0.1/")?).prefix("login").build().await?;
/// let par = ParEndpoint::builder("https://as.example.com").store(store);
/// # Ok(()) }
/// ```
///
/// # Connections
///
/// The store opens its connections itself, by a [`RedisConnector`]. The `redis` crate is version 1
/// ([`reexports::redis`](crate::reexports::redis)).
///
/// | servers | a connector is made of | the primary is |
/// | --- | --- | --- |
/// | one, or a primary and replicas behind a name or a proxy | `redis::Client` | where the address leads at that moment |
/// | a primary and replicas with Redis Sentinel | `redis::sentinel::SentinelClient`, feature `redis-sentinel` | what the sentinels say |
/// | Redis Cluster | `redis::cluster::ClusterClient`, feature `redis-cluster` | what the cluster says |
/// | others | [`RedisConnector::new`] | what the host's function finds |
///
/// The store replaces its connection when it breaks, when an answer is late, when the server says that it is a replica, that it is
/// loading, that it has lost its primary or its replicas, or that another one has the slot (`READONLY`, `LOADING`, `MASTERDOWN`,
/// `NOREPLICAS`, `CLUSTERDOWN`, `MOVED`), and when the sentinels name another primary. Attempts to connect begin at least 0.1 s
/// apart, and up to 1.2 s while they fail; all callers of a process wait for the same attempt.
///
/// An operation that the server has certainly not run is tried again over the next connection, up to eight times in all, within
/// its [time limit](RedisStoreBuilder::timeout). An operation whose answer is late or lost may have run: the store reports that it
/// is unavailable, and does not repeat the operation. A connection of `ClusterClient` does repeat commands without an answer. They
/// carry a token, by which the second run is answered like the first. An insert without marks has none: the second run is
/// [`InsertError::Exists`], and the endpoint draws another handle.
///
/// Operations need a runtime of tokio with its timers on.
///
/// # Permissions
///
/// The user of the connection needs these permissions. [`build`](RedisStoreBuilder::build) tries each and names the first that is
/// missing, of a cluster on each primary. `~parjar` is the [prefix](RedisStoreBuilder::prefix). Without `+info`, eviction goes unnoticed, and a
/// memory that fills up.
///
/// ```text
/// ACL SETUSER parjar on >PASSWORD ~parjar:{* +get +set +getrange +setrange +exists +pexpire +pttl +del +eval +evalsha +info
/// ```
///
/// A cluster needs `+ping +cluster|slots` too, Sentinel needs `+role`, and a database other than 0 needs `+select`. Where marks are
/// [on another instance](RedisStoreBuilder::marks_on), the one with the requests needs no `+del`, and can do without `+info`, and the one with
/// the marks needs none of `+getrange +setrange +exists +pexpire +pttl`. Replicas need the same user, which Redis does not replicate.
///
/// # What is stored
///
/// Every key is `prefix:{tag}r:` for a request, or `prefix:{tag}m:` for a mark, and 43 letters of base64url. It has a time to live, which the
/// server sets in one step with the value and counts by its own clock. Payloads are as readable as the server; `SealedStore` encrypts them.
///
/// The tag is the first six letters of the digest of the client (of a DPoP proof with an access token, of its key). What a client has is thus in
/// one slot of a cluster, and each operation is one command or one script, in one round trip, on one primary. Clients are in different slots, so that
/// a cluster spreads them: with 300 clients, each of three primaries has about a third of the keys and of the commands. One client is never on more
/// than one primary, and goes no faster than that. `RedisStore` looks for a request among those of the client that asks, so a request of another
/// client is [`ClaimError::Unknown`], and to observers [`Reason::UnknownRequestUri`](crate::Reason::UnknownRequestUri).
///
/// Nodes of versions before 0.1 had all keys of a prefix in one slot. [`RedisKeys`] says how to change over from them.
///
/// | operation | commands over the wire | within the script |
/// | --- | --- | --- |
/// | `insert` without marks; `remember` of one mark | `SET` | |
/// | `insert` with marks; `remember` of several | `EVALSHA` | a `SET` for the request and for each mark |
/// | `claim` | `EVALSHA` | `GET`, and at first `SETRANGE` and `PEXPIRE`, later `PTTL` |
/// | `consume` | `EVALSHA` | `GETRANGE`, `SET` |
///
/// A mark takes 195 to 225 bytes, a request 180 to 210 beside its payload and a head of 82. A memory of code challenges of a day is 86 400 marks and 18 MB for each push a second, up to the
/// [bound](RedisStoreBuilder::hygiene_marks) of each process. Requests and marks of clients that authenticate are not counted: how
/// much one of them may store is up to the host's limits in front of the endpoint, and to `maxmemory`. A server whose memory is full
/// refuses inserts ([`StoreRefusal::Full`]); opening and spending go on.
///
/// # Clients that have not authenticated
///
/// Any sender can use the names of public clients. What is stored for all of them together has two bounds, beyond which they are
/// refused ([`StoreRefusal::Full`]) while all others go on:
///
/// * Each process keeps no more than so many [requests](RedisStoreBuilder::unauthenticated_requests) and
///   [marks](RedisStoreBuilder::unauthenticated_marks) of theirs alive. By default that is 256 MiB, 105 MB, and half of the marks of
///   hygiene, 105 MB: up to 480 MB for each process that takes pushes. A process that has been started anew begins to count anew.
/// * When the server uses three quarters of its `maxmemory`, they get no more of it, however many processes there are. A process
///   asks for that (`INFO memory`) while such clients push: ten times a second, and each time it has taken an eighth of what was left.
///   Without `+info` it cannot.
///
/// So `maxmemory` is the bound of a small server, and for one without `maxmemory` the first bound, times the number of processes.
///
/// # Eviction
///
/// The instance that holds marks must not evict keys, or an assertion could be used twice. [`build`](RedisStoreBuilder::build)
/// asks for its `maxmemory_policy` (`INFO memory`; in a cluster, all primaries), and refuses any but `noeviction`. A server that
/// does not permit the question passes. Keys are dropped by `volatile-*` policies as well, for all have a time to live.
///
/// # What an outage can cost
///
/// An operation that fails may have happened or not. What was told as done stays done as far as the server keeps its promises:
///
/// | setting | lost in a crash of the server |
/// | --- | --- |
/// | `appendonly yes`, `appendfsync always` | nothing |
/// | `appendonly yes`, `appendfsync everysec` | about the last second |
/// | snapshots only (`save`) | all since the last snapshot |
/// | no persistence | everything, and its replicas lose it too when it restarts before one of them is promoted |
///
/// A primary confirms a write before its replicas have it, so the change to a replica can lose writes that were told as done:
///
/// | change | the store works again | lost |
/// | --- | --- | --- |
/// | `FAILOVER`, `CLUSTER FAILOVER` | within the same operation | nothing: the old primary waits for its replica |
/// | `REPLICAOF` by hand | within the same operation | what the old primary took after the promotion, and what the replica had not received |
/// | the primary dies, with Sentinel or in a cluster | when a replica is promoted (`down-after-milliseconds`, `cluster-node-timeout`) | what the replica had not received, mostly milliseconds |
/// | the primary hangs, or is cut off | the same | the same, and what the old primary takes from nodes that still reach it |
/// | `SENTINEL FAILOVER` | a second after the sentinels name the new primary | what the old primary took after the promotion; for that second, two nodes can write to two primaries |
/// | one primary of a cluster is away | for the clients that it has, when its replica is promoted; the others go on, without a replica if `cluster-require-full-coverage` is `no` | the same as of any primary |
/// | slots of a cluster move | within the operation, or the next: the `redis` crate waits a second or more before it asks again, or as long as `ClusterClientBuilder::min_retry_wait` says | nothing |
///
/// A lost insert is a `request_uri` that is unknown: the client pushes again. A lost claim can be repeated, and a lost note is the
/// one before. A lost
/// consumption lets a request be spent a second time, and a lost mark lets an assertion, a proof or a request object be used a
/// second time, within its lifetime.
///
/// `min-replicas-to-write` makes a primary that its replicas have left refuse writes (`NOREPLICAS`), which bounds the last two rows
/// by `min-replicas-max-lag`. With one replica, it also stops the new primary until the old one has joined it. `WAIT` narrows the
/// window of the third row and does not close it; the store does not use it, since it would hold up all callers of the connection.
/// A host that must not lose anything in these cases uses `PostgresStore` with synchronous replication; otherwise, short lifetimes
/// bound the risk.
#[derive(Clone)]
pub struct RedisStore(Arc<Shared>);

struct Shared {
    names: AllNames,
    timeout: Duration,
    requests: Instance,
    /// The other instance, which keeps marks.
    marks: Option<Instance>,
    marks_may_be_evicted: bool,
    tokens: Tokens,
    hygiene: HygieneBudget,
    room: UnauthenticatedRoom,
}

impl RedisStore {
    /// Starts to describe a store that connects in this way.
    pub fn builder(connector: impl Into<RedisConnector>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(connector.into())
    }

    /// Asks about a request under the names that are written, and under the others if it is not there. A request is under one of them.
    async fn ask_about(&self, call: impl Fn(&Names) -> Call) -> Result<Value, ClaimError> {
        let shared = &*self.0;
        let deadline = shared.deadline();
        let ask = async |names| {
            let answer = shared.requests.connection.run(deadline, &call(names)).await;
            answer.map_err(|fault| {
                if fault.is_of_another_type() { ClaimError::Unreadable } else { StoreError::from(fault).into() }
            })
        };
        match (ask(&shared.names.written).await?, &shared.names.also_read) {
            (Value::Int(answer::UNKNOWN), Some(others)) => ask(others).await,
            (answer, _) => Ok(answer),
        }
    }
}

impl RedisStoreBuilder {
    /// Connects, and tries each command and each script of the store. That leaves nothing behind, and touches nothing of other
    /// nodes.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError`] names the setting, or says what the server lacks, or that it could not be asked.
    pub async fn build(self) -> Result<RedisStore, RedisStoreError> {
        let Checked { names, timeout, requests, marks, marks_may_be_evicted, hygiene, unauthenticated } =
            self.checked().await?;
        let hygiene = HygieneBudget::new(hygiene);
        let room = UnauthenticatedRoom::new(unauthenticated);
        let tokens = Tokens::new().map_err(StoreError::from)?;
        let (requests, marks) = (Instance::new(requests), marks.map(Instance::new));
        Ok(RedisStore(Arc::new(Shared {
            names,
            timeout,
            requests,
            marks,
            marks_may_be_evicted,
            tokens,
            hygiene,
            room,
        })))
    }
}

impl Shared {
    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now)
    }

    fn readiness_of<'a>(&'a self, instance: &'a Instance, duty: Duty) -> Readiness<'a> {
        Readiness {
            connection: &instance.connection,
            names: &self.names.written,
            duty,
            may_evict: self.marks_may_be_evicted,
            deadline: self.deadline(),
            idle: RecordKey::from_bytes([0; 32]),
        }
    }
}

impl RequestStore for RedisStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        if let Some(mark) = ReplayMark::repeated(request.marks) {
            return Err(StoreRefusal::Replayed { mark }.into());
        }
        let taken = self.0.room.for_request(&request, lifetime)?;
        taken.settle(self.insert_within_room(request, lifetime).await)
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        let claimed = match self.ask_about(|names| names.claim(&claim, login_lifetime)).await? {
            Value::BulkString(record) => claimed(record, None),
            Value::Array(answer) => match <[Value; 2]>::try_from(answer) {
                Ok([Value::BulkString(record), Value::Int(left)]) => claimed(record, Some(left)),
                _ => Err(ClaimError::Unreadable),
            },
            answer => Err(misfit(&answer)),
        }?;
        self.0.room.opened(&claim, &claimed, login_lifetime);
        Ok(claimed)
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let token = self.0.tokens.draw();
        match self.ask_about(|names| names.consume(&claim, remembered_for, &token)).await? {
            Value::Int(answer::DONE) => Ok(()),
            answer => Err(misfit(&answer)),
        }
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        let token = self.0.tokens.draw();
        match self.ask_about(|names| names.annotate(&claim, annotation, &token)).await? {
            Value::Int(answer::DONE) => Ok(()),
            Value::Int(answer::CHANGED) => Err(AnnotateError::Changed),
            answer => Err(misfit(&answer).into()),
        }
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        match self.ask_about(|names| names.extend(&claim, extension)).await? {
            Value::Array(answer) => match *answer {
                [Value::Int(left)] => Ok(Duration::from_millis(left.max(0).unsigned_abs())),
                _ => Err(ClaimError::Unreadable),
            },
            answer => Err(misfit(&answer)),
        }
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        if let Some(mark) = ReplayMark::repeated(marks) {
            return Err(StoreRefusal::Replayed { mark });
        }
        let taken = self.0.room.for_marks(owner, marks)?;
        taken.settle_marks(self.remember_within_room(owner, marks).await)
    }

    async fn ready(&self) -> Result<(), NotReady> {
        let shared = &*self.0;
        match &shared.marks {
            None => shared.readiness_of(&shared.requests, Duty::Both).ask().await,
            Some(marks) => {
                shared.readiness_of(&shared.requests, Duty::Requests).ask().await?;
                shared.readiness_of(marks, Duty::Marks).ask().await
            }
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.0.names.written.prefix()).finish_non_exhaustive()
    }
}
