//! Describing a store.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    connector::RedisConnector,
    duty::Duty,
    errors::{RedisInstance, RedisStoreError},
    keys::RedisKeys,
    names::{AllNames, Family},
    shared_connection::SharedConnection,
    startup_check::StartupCheck,
};
use crate::store::{RecordKey, hygiene::HygieneBounds, unauthenticated::UnauthenticatedBounds};

/// Describes a [`RedisStore`](super::RedisStore).
#[must_use]
pub struct RedisStoreBuilder {
    requests: RedisConnector,
    marks: Option<RedisConnector>,
    prefix: String,
    keys: RedisKeys,
    timeout: Duration,
    danger_allow_eviction_of_marks: bool,
    hygiene: HygieneBounds,
    unauthenticated: UnauthenticatedBounds,
}

/// The parts of a store, once its servers are checked.
pub(super) struct Checked {
    pub(super) names: AllNames,
    pub(super) timeout: Duration,
    pub(super) requests: Arc<SharedConnection>,
    pub(super) marks: Option<Arc<SharedConnection>>,
    pub(super) marks_may_be_evicted: bool,
    pub(super) hygiene: HygieneBounds,
    pub(super) unauthenticated: UnauthenticatedBounds,
}

impl RedisStoreBuilder {
    pub(super) fn new(requests: RedisConnector) -> Self {
        Self {
            requests,
            marks: None,
            prefix: "parjar".to_owned(),
            keys: RedisKeys::default(),
            timeout: Duration::from_secs(2),
            danger_allow_eviction_of_marks: false,
            hygiene: HygieneBounds::default(),
            unauthenticated: UnauthenticatedBounds::default(),
        }
    }

    /// Sets what all keys begin with: 1 to 64 of `[A-Za-z0-9_.:-]`. Default `parjar`. Deployments with different prefixes
    /// do not see each other.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Sets the names of the keys, for nodes that take the place of others with the names of before. Default
    /// [`RedisKeys::PerClient`].
    pub fn keys(self, keys: RedisKeys) -> Self {
        Self { keys, ..self }
    }

    /// Keeps marks in another instance, which must not evict. The one that holds requests may evict then: a request that it
    /// drops counts as never pushed.
    ///
    /// An insert with marks is two steps then, which go on when their caller is cancelled: the marks, then the request. When the
    /// request is refused, the marks are taken back. When the process dies between the two, or the second has no answer, the marks
    /// stay, and the client needs new assertions; there is never a request without its marks.
    pub fn marks_on(self, connector: impl Into<RedisConnector>) -> Self {
        Self { marks: Some(connector.into()), ..self }
    }

    /// Sets how long any one operation may take, from 1 ms to 60 s, with the time that it takes to connect anew. Default 2 s. The
    /// connections of `ClusterClient`, and those of a host's function, can have shorter limits of their own.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets how many marks of [hygiene](crate::store::MarkPurpose::Hygiene) this process keeps in the server, and how many of them for
    /// one client. Default 1 000 000, up to 230 MB for each process, and 100 000. What is beyond is left out. Clients that have not
    /// authenticated have half of it together. A process that has been started anew begins to count anew.
    pub fn hygiene_marks(self, marks: usize, marks_per_client: usize) -> Self {
        Self { hygiene: HygieneBounds { marks, marks_per_client }, ..self }
    }

    /// Sets how many requests of clients that have not [authenticated](crate::store::Owner::is_authenticated) this process keeps in
    /// the server, and how many bytes they may take with 250 for each: default 200 000, and 256 MiB. Beyond this they are refused
    /// ([`StoreRefusal::Full`](crate::store::StoreRefusal::Full)) until there is room. See
    /// [the store](super::RedisStore#clients-that-have-not-authenticated).
    ///
    /// A request counts for its own lifetime, and once it is opened for that of a login: with 60 s and 600 s, the default is good for
    /// 3 000 pushes of such clients a second and process, or 300 logins. More time that the host gives to a login is not counted.
    pub fn unauthenticated_requests(self, requests: usize, bytes: usize) -> Self {
        Self { unauthenticated: UnauthenticatedBounds { requests, bytes, ..self.unauthenticated }, ..self }
    }

    /// Sets how many marks of proofs and request objects of such clients this process keeps in the server. Default 500 000, which
    /// are up to 105 MB. Beyond this, what comes with them is refused until there is room.
    pub fn unauthenticated_marks(self, marks: usize) -> Self {
        Self { unauthenticated: UnauthenticatedBounds { marks, ..self.unauthenticated }, ..self }
    }

    /// Accepts an instance for marks that evicts keys when its memory is full. **Risk:** an evicted mark makes an assertion or a
    /// request object good a second time, and any client can fill the memory by pushing.
    pub fn danger_allow_eviction_of_marks(self, allow: bool) -> Self {
        Self { danger_allow_eviction_of_marks: allow, ..self }
    }

    pub(super) async fn checked(self) -> Result<Checked, RedisStoreError> {
        let names = AllNames::new(&self.prefix, self.keys).ok_or(RedisStoreError::Prefix)?;
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(&self.timeout) {
            return Err(RedisStoreError::Timeout);
        }
        let idle_key = || names.written.idle(Family::Mark, &RecordKey::from_bytes([0; 32]));
        let requests = SharedConnection::new(self.requests, idle_key());
        let marks = self.marks.map(|connector| SharedConnection::new(connector, idle_key()));
        let trial = |connection, instance| StartupCheck { connection, names: &names, timeout: self.timeout, instance };
        let of_requests = trial(&requests, RedisInstance::Requests);
        let holds_marks = match &marks {
            Some(line) => {
                of_requests.of(Duty::Requests).await?;
                let of_marks = trial(line, RedisInstance::Marks);
                of_marks.of(Duty::Marks).await?;
                of_marks
            }
            None => {
                of_requests.of(Duty::Both).await?;
                of_requests
            }
        };
        if !self.danger_allow_eviction_of_marks && holds_marks.evicts().await? {
            return Err(RedisStoreError::Evicts);
        }
        Ok(Checked {
            names,
            timeout: self.timeout,
            requests,
            marks,
            marks_may_be_evicted: self.danger_allow_eviction_of_marks,
            hygiene: self.hygiene,
            unauthenticated: self.unauthenticated,
        })
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder").finish_non_exhaustive()
    }
}
