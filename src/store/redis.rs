//! The store of several processes over Redis 7 or later, Redis Cluster, or Valkey.

mod builder;
mod names;
mod script_error;
mod scripts;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{
    Cmd, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

pub use self::builder::{RedisStoreBuilder, RedisStoreError};
use self::{
    builder::Connect,
    names::{HEAD, Names, Token},
    script_error::{ScriptError, ask, run},
    scripts::{CLAIM, CONSUME, INSERT, REMEMBER, Script, TAKE_BACK, answer},
};
use super::{
    Claim, ClaimError, InsertError, NewRequest, Owner, Remembered, ReplayMark, RequestStore, StoreError, StoreRefusal,
    retry_after,
};
use crate::random::{RandomSource as _, SystemRandom};

/// Keeps requests and marks in Redis 7 or later, Redis Cluster, or Valkey, for any number of processes. Clones share the
/// connection.
///
/// ```no_run
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// use parjar::{ParEndpoint, store::RedisStore};
///
/// let client = redis::Client::open("redis://127.0.0.1/")?;
/// let store = RedisStore::builder(client.get_connection_manager().await?).prefix("login").build().await?;
/// let par = ParEndpoint::builder("https://as.example.com").store(store);
/// # Ok(()) }
/// ```
///
/// # Connections
///
/// Any asynchronous connection of the `redis` crate, version 1 ([`reexports::redis`](crate::reexports::redis)), will do that can be
/// cloned.
///
/// | connection | when the server goes away and comes back |
/// | --- | --- |
/// | `ConnectionManager` (recommended) | connects again by itself, and repeats no command |
/// | `ClusterConnection` | connects again by itself, follows moved slots and new primaries, and repeats commands |
/// | `MultiplexedConnection` | every operation fails from then on, until the host builds a new store |
///
/// A command that was repeated because its answer was lost is answered as it was the first time, but for an insert without
/// marks: that is told as [`InsertError::Exists`], upon which the endpoint draws another handle.
///
/// Connections should have `TCP_NODELAY` set, and `TCP_USER_TIMEOUT` or keepalive, with `TcpSettings` of that crate: a network
/// that drops packets silently is not noticed otherwise for minutes. In the meantime operations end at their
/// [time limit](RedisStoreBuilder::timeout). They need a tokio runtime with its timers on.
///
/// # What is stored
///
/// Every key is `{prefix}:r:` or `{prefix}:m:` and 64 hexadecimal digits, and has a time to live, which the server sets in one
/// step with the value and counts by its own clock. Payloads are as readable as the server; `SealedStore` encrypts them.
///
/// The braces put all keys of a prefix into one slot of a cluster. So each operation is one command or one script, in one
/// round trip, on the one primary of that slot. To spread the load of many issuers over a cluster, give each a prefix.
///
/// Nothing counts requests per client: how much one may store is up to the host's limits in front of the endpoint, and to
/// `maxmemory`. A server whose memory is full refuses inserts ([`StoreRefusal::Full`]); opening and spending go on.
///
/// # Eviction
///
/// The instance that holds marks must not evict keys, or an assertion could be used twice. [`build`](RedisStoreBuilder::build)
/// asks for its `maxmemory_policy` (`INFO memory`; in a cluster, all primaries), and refuses any but `noeviction`. A server that
/// does not permit the question is believed. Keys are dropped by `volatile-*` policies as well, for all have a time to live.
///
/// # What an outage can cost
///
/// An operation that fails may have happened or not. What was told as done stays done as far as the server keeps its promises:
///
/// | setting | lost in a crash of the server | what that means |
/// | --- | --- | --- |
/// | `appendonly yes`, `appendfsync always` | nothing | |
/// | `appendonly yes`, `appendfsync everysec` | about the last second | see below |
/// | snapshots only (`save`) | all since the last snapshot | see below |
/// | no persistence | everything | pending logins start again; marks are forgotten |
/// | failover to a replica, or a partition | what the replica had not received, mostly milliseconds | see below |
///
/// A lost insert is a `request_uri` that nobody knows: the client pushes again. A lost claim can be repeated. A lost
/// consumption lets a request be spent a second time, and a lost mark lets an assertion or a request object be used a second time,
/// within its lifetime. Whoever cannot accept that after a crash sets `appendfsync always`; after a failover nothing but a quorum
/// helps, which Redis replication has not. `WAIT` would narrow the window and not close it, and it does not go together with a
/// connection that is shared; `min-replicas-to-write` keeps a primary that is alone from going on for long. Short lifetimes
/// bound all of it.
pub struct RedisStore<C = MultiplexedConnection> {
    connection: C,
    shared: Arc<Shared>,
}

struct Shared {
    names: Names,
    timeout: Duration,
    /// The other instance, for marks.
    marks: Option<Connect>,
    tokens: Tokens,
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// Starts to describe a store over this connection.
    pub fn builder(connection: C) -> RedisStoreBuilder<C> {
        RedisStoreBuilder::new(connection)
    }

    fn insertion_beside(
        &self,
        connect: &Connect,
        request: &NewRequest<'_>,
        lifetime: Duration,
    ) -> impl Future<Output = Result<Remembered, InsertError>> + Send + use<C> {
        let (connect, mut connection, shared) =
            (Arc::clone(connect), self.connection.clone(), Arc::clone(&self.shared));
        let token = shared.tokens.draw();
        let marks = request.marks.to_vec();
        let insertion = shared.names.insert_alone(request, lifetime);
        async move {
            let connection_of_marks = &mut *connect();
            shared.remember(connection_of_marks, &marks, &token).await?;
            let inserted = shared.in_time(ask(&mut connection, &insertion)).await;
            if !matches!(inserted, Ok(Value::Okay) | Err(ScriptError::Unanswered(_) | ScriptError::Late)) {
                let call = shared.names.take_back(&marks, &token);
                // Marks that cannot be taken back stay: what they stand for is used up.
                let _ = shared.in_time(run(connection_of_marks, &TAKE_BACK, &call)).await;
            }
            inserted_alone(inserted, lifetime)
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStoreBuilder<C> {
    /// Checks the settings, and the server if it lets itself be asked.
    ///
    /// # Errors
    ///
    /// [`RedisStoreError`] names the setting, or says that the server could not be asked.
    pub async fn build(mut self) -> Result<RedisStore<C>, RedisStoreError> {
        let names = self.checked().await?;
        let tokens = Tokens::new().map_err(StoreError::from)?;
        let shared = Shared { names, timeout: self.timeout, marks: self.marks, tokens };
        Ok(RedisStore { connection: self.connection, shared: Arc::new(shared) })
    }
}

impl Shared {
    async fn in_time(&self, answer: impl Future<Output = Result<Value, ScriptError>>) -> Result<Value, ScriptError> {
        tokio::time::timeout(self.timeout, answer).await.unwrap_or(Err(ScriptError::Late))
    }

    async fn remember<C: ConnectionLike + Send + ?Sized>(
        &self,
        connection: &mut C,
        marks: &[ReplayMark],
        token: &Token,
    ) -> Result<Remembered, StoreRefusal> {
        let call = self.names.remember(marks, token);
        match self.in_time(run(connection, &REMEMBER, &call)).await {
            Ok(Value::Int(answer::DONE)) => Ok(Remembered::ALL),
            Ok(answer) => Err(replayed(&answer, marks)),
            Err(fault) => Err(refused(fault, marks.first().map_or(Duration::ZERO, |mark| mark.lifetime))),
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RequestStore for RedisStore<C> {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        if let Some(mark) = ReplayMark::repeated(request.marks) {
            return Err(StoreRefusal::Replayed { mark }.into());
        }
        let shared = &*self.shared;
        if request.marks.is_empty() {
            let command = shared.names.insert_alone(&request, lifetime);
            let inserted = shared.in_time(ask(&mut self.connection.clone(), &command)).await;
            return inserted_alone(inserted, lifetime);
        }
        if let Some(connect) = &shared.marks {
            // Two steps, which a caller that goes away must not part.
            let insertion = tokio::spawn(self.insertion_beside(connect, &request, lifetime));
            return insertion.await.unwrap_or_else(|error| Err(StoreError::new(error).into()));
        }
        let call = shared.names.insert(&request, lifetime, &shared.tokens.draw());
        match shared.in_time(run(&mut self.connection.clone(), &INSERT, &call)).await {
            Ok(Value::Int(answer::DONE)) => Ok(Remembered::ALL),
            Ok(Value::Int(answer::EXISTS)) => Err(InsertError::Exists),
            Ok(answer) => Err(replayed(&answer, request.marks).into()),
            Err(fault) => Err(refused(fault, lifetime).into()),
        }
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Vec<u8>, ClaimError> {
        match self.spend_or_open(&CLAIM, &self.shared.names.claim(&claim, login_lifetime)).await? {
            Value::BulkString(mut record) if record.len() >= HEAD => {
                record.drain(..HEAD);
                Ok(record)
            }
            answer => Err(misfit(&answer)),
        }
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let call = self.shared.names.consume(&claim, remembered_for, &self.shared.tokens.draw());
        match self.spend_or_open(&CONSUME, &call).await? {
            Value::Int(answer::DONE) => Ok(()),
            answer => Err(misfit(&answer)),
        }
    }

    async fn remember(&self, _: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        if let Some(mark) = ReplayMark::repeated(marks) {
            return Err(StoreRefusal::Replayed { mark });
        }
        if marks.is_empty() {
            return Ok(Remembered::ALL);
        }
        let token = self.shared.tokens.draw();
        match &self.shared.marks {
            Some(connect) => self.shared.remember(&mut *connect(), marks, &token).await,
            None => self.shared.remember(&mut self.connection.clone(), marks, &token).await,
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    async fn spend_or_open(&self, script: &Script, call: &Cmd) -> Result<Value, ClaimError> {
        let answer = self.shared.in_time(run(&mut self.connection.clone(), script, call)).await;
        answer.map_err(
            |fault| {
                if fault.is_of_another_type() { ClaimError::Unreadable } else { StoreError::from(fault).into() }
            },
        )
    }
}

fn inserted_alone(answer: Result<Value, ScriptError>, lifetime: Duration) -> Result<Remembered, InsertError> {
    match answer {
        Ok(Value::Okay) => Ok(Remembered::ALL),
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

impl<C: Clone> Clone for RedisStore<C> {
    fn clone(&self) -> Self {
        Self { connection: self.connection.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.shared.names.prefix()).finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for RedisStoreBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").finish_non_exhaustive()
    }
}
