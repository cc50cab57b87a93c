//! The errors that keep a store from being built.

use std::fmt;

use crate::{error_text::debug_by_display, store::StoreError};

/// Reasons for which a [`RedisStore`](super::RedisStore) cannot be built.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// The prefix has other letters than `[A-Za-z0-9_.:-]`, or not 1 to 64 of them.
    #[error("prefix: must be 1 to 64 of A-Z a-z 0-9 _ . : -")]
    Prefix,
    /// The time limit is not between a millisecond and a minute.
    #[error("timeout: must be from 1 ms to 60 s")]
    Timeout,
    /// The instance for marks can evict them, after which an assertion or a request object could be used again.
    #[error("the Redis instance of the marks has a maxmemory-policy that evicts keys; set it to noeviction")]
    Evicts,
    /// A server cannot read the scripts, for which it must be Redis 7.0 or later, or Valkey 7.2 or later.
    #[error("{instance} must be Redis 7.0 or later, or Valkey 7.2 or later{}", found(version.as_deref()))]
    TooOld {
        /// The version of Redis that the server says it is, if it says so.
        version: Option<String>,
        /// The server.
        instance: RedisInstance,
    },
    /// A server does not know a command of the store, or knows it by another name (`rename-command`).
    #[error("{instance} has no command {command}, or has it renamed")]
    NoCommand {
        /// The command.
        command: &'static str,
        /// The server.
        instance: RedisInstance,
    },
    /// The user of the connection may not run a command of the store.
    #[error("{instance} does not permit its user to run {command}: ACL SETUSER <user> +{}", command.to_lowercase())]
    NotPermitted {
        /// The command.
        command: &'static str,
        /// The server.
        instance: RedisInstance,
    },
    /// The user of the connection may not use the keys of the store.
    #[error("{instance} does not permit its user to use the keys of the store: ACL SETUSER <user> {pattern}")]
    KeysNotPermitted {
        /// The keys, as `ACL SETUSER` takes them.
        pattern: String,
        /// The server.
        instance: RedisInstance,
    },
    /// A server could not be reached, or was not able to run a command at that moment.
    #[error("Redis cannot be used: {}", .0.cause_text())]
    Unavailable(StoreError),
}

impl From<StoreError> for RedisStoreError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

debug_by_display!(RedisStoreError);

fn found(version: Option<&str>) -> String {
    version.map_or_else(String::new, |version| format!(", and is {version}"))
}

/// One of the servers of a [`RedisStore`](super::RedisStore).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisInstance {
    /// The one for requests, and for marks unless they have one of their own.
    Requests,
    /// The one of [`marks_on`](super::RedisStoreBuilder::marks_on).
    Marks,
}

impl fmt::Display for RedisInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "the Redis server",
            Self::Marks => "the Redis server of the marks",
        })
    }
}
