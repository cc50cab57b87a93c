//! The store of several processes over Redis 7.0 or later, Redis Cluster, or Valkey 7.2 or later.

mod builder;
mod connector;
mod errors;
mod names;
mod script_error;
mod scripts;
mod shared_connection;
mod startup_check;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{Cmd, Value};
use tokio::time::Instant;

use self::{
    builder::Checked,
    names::{HEAD, Names, Token},
    script_error::ScriptError,
    scripts::{CLAIM, CONSUME, INSERT, REMEMBER, Script, TAKE_BACK, answer},
    shared_connection::SharedConnection,
};
pub use self::{
    builder::RedisStoreBuilder,
    connector::RedisConnector,
    errors::{RedisInstance, RedisStoreError},
};
use super::{
    Claim, ClaimError, Claimed, InsertError, NewRequest, Owner, Remembered, ReplayMark, RequestStore, StoreError,
    StoreRefusal,
    hygiene::{Admitted, HygieneBudget},
    retry_after,
};
use crate::random::{RandomSource as _, SystemRandom};

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
/// carry a token, by which the second run is answered like the first. An insert without marks has none: its second run is
/// [`InsertError::Exists`], and the endpoint draws another handle.
///
/// Operations need a runtime of tokio with its timers on.
///
/// # Permissions
///
/// The user of the connection needs these permissions. [`build`](RedisStoreBuilder::build) tries each and names the first that is
/// missing. `parjar` in braces is the [prefix](RedisStoreBuilder::prefix). Without `+info`, eviction goes unnoticed.
///
/// ```text
/// ACL SETUSER parjar on >PASSWORD ~{parjar}:* +get +set +getrange +setrange +exists +pexpire +pttl +del +eval +evalsha +info
/// ```
///
/// A cluster needs `+ping +cluster|slots` too, Sentinel needs `+role`, and a database other than 0 needs `+select`. Where marks are
/// [on another instance](RedisStoreBuilder::marks_on), the one with the requests needs neither `+del` nor `+info`, and the one with
/// the marks needs none of `+getrange +setrange +exists +pexpire +pttl`. Replicas need the same user, which Redis does not replicate.
///
/// # What is stored
///
/// Every key is `{prefix}:r:` or `{prefix}:m:` and 64 hexadecimal digits, and has a time to live, which the server sets in one
/// step with the value and counts by its own clock. Payloads are as readable as the server; `SealedStore` encrypts them.
///
/// The braces put all keys of a prefix into one slot of a cluster. So each operation is one command or one script, in one
/// round trip, on the one primary of that slot. To spread the load of many issuers over a cluster, give each a prefix.
///
/// A mark takes about 210 bytes. A memory of code challenges of a day is 86 400 marks and 18 MB for each push a second, up to the
/// [bound](RedisStoreBuilder::hygiene_marks) of each process. Requests and other marks are not counted per client: how much one may
/// store is up to the host's limits in front of the endpoint, and to `maxmemory`. A server whose memory is full refuses inserts ([`StoreRefusal::Full`]); opening and spending go on.
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
///
/// A lost insert is a `request_uri` that is unknown: the client pushes again. A lost claim can be repeated. A lost
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
    names: Names,
    timeout: Duration,
    requests: Arc<SharedConnection>,
    /// To the other instance, which keeps marks.
    marks: Option<Arc<SharedConnection>>,
    tokens: Tokens,
    hygiene: HygieneBudget,
}

impl RedisStore {
    /// Starts to describe a store that connects in this way.
    pub fn builder(connector: impl Into<RedisConnector>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(connector.into())
    }

    fn insertion_beside(
        &self,
        instance_of_marks: &Arc<SharedConnection>,
        request: &NewRequest<'_>,
        lifetime: Duration,
    ) -> impl Future<Output = Result<(), InsertError>> + Send + use<> {
        let (shared, instance_of_marks) = (Arc::clone(&self.0), Arc::clone(instance_of_marks));
        let token = shared.tokens.draw();
        let marks = request.marks.to_vec();
        let insertion = shared.names.insert_alone(request, lifetime);
        async move {
            let deadline = shared.deadline();
            shared.remember(&instance_of_marks, deadline, &marks, &token).await?;
            let inserted = shared.requests.ask(deadline, &insertion).await;
            let may_be_there = match &inserted {
                Ok(answer) => *answer == Value::Okay,
                Err(fault) => fault.is_unknown(),
            };
            if !may_be_there {
                let call = shared.names.take_back(&marks, &token);
                // Marks that cannot be taken back stay: what they stand for is used up.
                let _ = instance_of_marks.run(shared.deadline(), &TAKE_BACK, &call).await;
            }
            inserted_alone(inserted, lifetime)
        }
    }

    async fn spend_or_open(&self, script: &Script, call: &Cmd) -> Result<Value, ClaimError> {
        let shared = &*self.0;
        let answer = shared.requests.run(shared.deadline(), script, call).await;
        answer.map_err(
            |fault| {
                if fault.is_of_another_type() { ClaimError::Unreadable } else { StoreError::from(fault).into() }
            },
        )
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
        let Checked { names, timeout, requests, marks, hygiene } = self.checked().await?;
        let hygiene = HygieneBudget::new(hygiene);
        let tokens = Tokens::new().map_err(StoreError::from)?;
        Ok(RedisStore(Arc::new(Shared { names, timeout, requests, marks, tokens, hygiene })))
    }
}

impl Shared {
    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now)
    }

    async fn remember(
        &self,
        instance: &Arc<SharedConnection>,
        deadline: Instant,
        marks: &[ReplayMark],
        token: &Token,
    ) -> Result<(), StoreRefusal> {
        let call = self.names.remember(marks, token);
        match instance.run(deadline, &REMEMBER, &call).await {
            Ok(Value::Int(answer::DONE)) => Ok(()),
            Ok(answer) => Err(replayed(&answer, marks)),
            Err(fault) => Err(refused(fault, marks.first().map_or(Duration::ZERO, |mark| mark.lifetime))),
        }
    }
}

impl RequestStore for RedisStore {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        if let Some(mark) = ReplayMark::repeated(request.marks) {
            return Err(StoreRefusal::Replayed { mark }.into());
        }
        let shared = &*self.0;
        let Admitted { marks, remembered } = shared.hygiene.admit(request.owner, request.marks);
        let request = NewRequest { marks: &marks, ..request };
        if request.marks.is_empty() {
            let insertion = shared.names.insert_alone(&request, lifetime);
            let answer = shared.requests.ask(shared.deadline(), &insertion).await;
            return inserted_alone(answer, lifetime).map(|()| remembered);
        }
        if let Some(instance_of_marks) = &shared.marks {
            // Two steps, which a caller that goes away must not part.
            let insertion = tokio::spawn(self.insertion_beside(instance_of_marks, &request, lifetime));
            let inserted = insertion.await.unwrap_or_else(|error| Err(StoreError::new(error).into()));
            return inserted.map(|()| remembered);
        }
        let call = shared.names.insert(&request, lifetime, &shared.tokens.draw());
        match shared.requests.run(shared.deadline(), &INSERT, &call).await {
            Ok(Value::Int(answer::DONE)) => Ok(remembered),
            Ok(Value::Int(answer::EXISTS)) => Err(InsertError::Exists),
            Ok(answer) => Err(replayed(&answer, request.marks).into()),
            Err(fault) => Err(refused(fault, lifetime).into()),
        }
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        match self.spend_or_open(&CLAIM, &self.0.names.claim(&claim, login_lifetime)).await? {
            Value::BulkString(record) => claimed(record, None),
            Value::Array(answer) => match <[Value; 2]>::try_from(answer) {
                Ok([Value::BulkString(record), Value::Int(left)]) => claimed(record, Some(left)),
                _ => Err(ClaimError::Unreadable),
            },
            answer => Err(misfit(&answer)),
        }
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let call = self.0.names.consume(&claim, remembered_for, &self.0.tokens.draw());
        match self.spend_or_open(&CONSUME, &call).await? {
            Value::Int(answer::DONE) => Ok(()),
            answer => Err(misfit(&answer)),
        }
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        if let Some(mark) = ReplayMark::repeated(marks) {
            return Err(StoreRefusal::Replayed { mark });
        }
        let shared = &*self.0;
        let Admitted { marks, remembered } = shared.hygiene.admit(owner, marks);
        if marks.is_empty() {
            return Ok(remembered);
        }
        let instance = shared.marks.as_ref().unwrap_or(&shared.requests);
        shared.remember(instance, shared.deadline(), &marks, &shared.tokens.draw()).await?;
        Ok(remembered)
    }
}

fn inserted_alone(answer: Result<Value, ScriptError>, lifetime: Duration) -> Result<(), InsertError> {
    match answer {
        Ok(Value::Okay) => Ok(()),
        Ok(Value::Nil) => Err(InsertError::Exists),
        Ok(_) => Err(StoreError::from(ScriptError::Answer).into()),
        Err(fault) => Err(refused(fault, lifetime).into()),
    }
}

fn refused(fault: ScriptError, lifetime: Duration) -> StoreRefusal {
    if fault.is_full() {
        return StoreRefusal::Full { retry_after: retry_after(lifetime) };
    }
    StoreError::from(fault).into()
}

/// Scripts count from one.
fn replayed(answer: &Value, marks: &[ReplayMark]) -> StoreRefusal {
    let known = match answer {
        Value::Int(place) => usize::try_from(place.saturating_sub(1)).ok().and_then(|index| marks.get(index)),
        _ => None,
    };
    known.map_or_else(|| StoreError::from(ScriptError::Answer).into(), |mark| StoreRefusal::Replayed { mark: mark.key })
}

/// Takes the payload out of a record, of a request that has so many milliseconds left if it was open before.
fn claimed(mut record: Vec<u8>, left: Option<i64>) -> Result<Claimed, ClaimError> {
    let may_be_open: &[u8; 8] = record.get(34..).and_then(|rest| rest.first_chunk()).ok_or(ClaimError::Unreadable)?;
    let open_for = left.map_or(0, |left| u64::from_be_bytes(*may_be_open).saturating_sub(left.max(0).unsigned_abs()));
    if record.len() < HEAD {
        return Err(ClaimError::Unreadable);
    }
    record.drain(..HEAD);
    Ok(Claimed::new(record, Duration::from_millis(open_for)))
}

fn misfit(answer: &Value) -> ClaimError {
    match answer {
        Value::Int(answer::UNKNOWN) => ClaimError::Unknown,
        Value::Int(answer::SPENT) => ClaimError::Spent,
        Value::Int(answer::OTHER_OWNER) => ClaimError::OtherOwner,
        Value::Int(answer::OTHER_BROWSER) => ClaimError::OtherBrowser,
        _ => ClaimError::Unreadable,
    }
}

/// Tells calls apart: half random per store, half counted.
struct Tokens {
    store: [u8; 8],
    next: AtomicU64,
}

impl Tokens {
    fn new() -> Result<Self, ScriptError> {
        let mut store = [0; 8];
        SystemRandom.fill(&mut store).map_err(|_| ScriptError::Random)?;
        Ok(Self { store, next: AtomicU64::new(0) })
    }

    fn draw(&self) -> Token {
        let mut token = [0; 16];
        let (store, call) = token.split_at_mut(8);
        store.copy_from_slice(&self.store);
        call.copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        token
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.0.names.prefix()).finish_non_exhaustive()
    }
}
