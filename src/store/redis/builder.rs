//! Describing a store, and what is asked of the server before it is believed.

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Value, aio::ConnectionLike};

use super::{
    names::Names,
    script_error::{ScriptError, ask},
};
use crate::{error_text::debug_with_causes, store::StoreError};

/// A connection of any kind.
pub(super) type Connect = Arc<dyn Fn() -> Box<dyn ConnectionLike + Send> + Send + Sync>;

/// Describes a [`RedisStore`](super::RedisStore).
#[must_use]
pub struct RedisStoreBuilder<C> {
    pub(super) connection: C,
    pub(super) marks: Option<Connect>,
    prefix: String,
    pub(super) timeout: Duration,
    danger_allow_eviction_of_marks: bool,
}

/// Why a [`RedisStore`](super::RedisStore) cannot be built.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// The prefix has other letters than `[A-Za-z0-9_.:-]`, or not 1 to 64 of them.
    #[error("prefix: must be 1 to 64 of A-Z a-z 0-9 _ . : -")]
    Prefix,
    /// The time limit is not between a millisecond and a minute.
    #[error("timeout: must be from 1 ms to 60 s")]
    Timeout,
    /// The instance that is to hold marks may evict them, after which what was used once is good again.
    #[error("the Redis instance of the marks has a maxmemory-policy that evicts keys; set it to noeviction")]
    Evicts,
    /// The server could not be asked.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
}

debug_with_causes!(RedisStoreError);

impl<C> RedisStoreBuilder<C> {
    pub(super) fn new(connection: C) -> Self {
        Self {
            connection,
            marks: None,
            prefix: "parjar".to_owned(),
            timeout: Duration::from_secs(2),
            danger_allow_eviction_of_marks: false,
        }
    }

    /// What all keys begin with, in braces: 1 to 64 of `[A-Za-z0-9_.:-]`. Default `parjar`. Deployments with different prefixes
    /// do not see each other.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Keeps marks in another instance, which must not evict. The one that holds requests may evict then: a request that it
    /// drops is one that nobody pushed.
    ///
    /// An insert with marks is two steps then, which go on when their caller is cancelled: the marks, then the request. When the
    /// request is refused, the marks are taken back. When the process dies between the two, or the second has no answer, the marks
    /// stay: what they stand for is used up, and no request is there without its marks.
    pub fn marks_on<M: ConnectionLike + Clone + Send + Sync + 'static>(self, connection: M) -> Self {
        Self { marks: Some(Arc::new(move || Box::new(connection.clone()))), ..self }
    }

    /// How long any one operation may take, from 1 ms to 60 s. Default 2 s. Connections can have a limit of their own (a
    /// `ConnectionManager` or `MultiplexedConnection` has half a second, unless it was given another), and the shorter one
    /// counts.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Accepts an instance for marks that evicts keys when its memory is full. **Risk:** an evicted mark makes an assertion or a
    /// request object good a second time, and whoever can push can fill the memory.
    pub fn danger_allow_eviction_of_marks(self, allow: bool) -> Self {
        Self { danger_allow_eviction_of_marks: allow, ..self }
    }

    pub(super) async fn checked(&mut self) -> Result<Names, RedisStoreError>
    where
        C: ConnectionLike + Send,
    {
        let names = Names::with_prefix(&self.prefix).ok_or(RedisStoreError::Prefix)?;
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(&self.timeout) {
            return Err(RedisStoreError::Timeout);
        }
        if !self.danger_allow_eviction_of_marks {
            let evicts = match &self.marks {
                Some(connect) => tokio::time::timeout(self.timeout, evicts(&mut *connect())).await,
                None => tokio::time::timeout(self.timeout, evicts(&mut self.connection)).await,
            };
            if evicts.unwrap_or(Err(ScriptError::Late)).map_err(StoreError::from)? {
                return Err(RedisStoreError::Evicts);
            }
        }
        Ok(names)
    }
}

/// Whether a server, or a primary of a cluster, says that it evicts keys. One that does not tell is believed.
async fn evicts<C: ConnectionLike + Send + ?Sized>(connection: &mut C) -> Result<bool, ScriptError> {
    let mut question = Cmd::new();
    question.arg("INFO").arg("memory");
    match ask(connection, &question).await {
        Ok(answer) => Ok(says_other_than_noeviction(&answer)),
        Err(ScriptError::Refused(code)) if matches!(&*code, "NOPERM" | "ERR") => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// A cluster answers with a map, or an array, of the answers of its primaries.
fn says_other_than_noeviction(answer: &Value) -> bool {
    let in_text = |text: &str| {
        text.lines()
            .any(|line| line.strip_prefix("maxmemory_policy:").is_some_and(|policy| policy.trim() != "noeviction"))
    };
    match answer {
        Value::BulkString(bytes) => in_text(&String::from_utf8_lossy(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => in_text(text),
        Value::Array(answers) => answers.iter().any(says_other_than_noeviction),
        Value::Map(answers) => answers.iter().any(|(_, answer)| says_other_than_noeviction(answer)),
        _ => false,
    }
}
