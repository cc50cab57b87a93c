//! Errors of commands, without the server's own words, which can quote arguments.

use redis::{RedisError, Value, aio::ConnectionLike};

use super::call::Call;
use crate::store::StoreError;

#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ScriptError {
    /// The server did not run it, and says so with this code.
    #[error("Redis refused a command: {code}")]
    Refused { code: String, why: Why },
    /// No server was asked.
    #[error("Redis cannot be reached: {0}")]
    Unreached(String),
    /// It may have run or not.
    #[error("Redis did not answer: {0}")]
    Unanswered(String),
    /// It may have run or not.
    #[error("Redis did not answer in time")]
    Late,
    #[error("Redis answered something else than what was asked")]
    Answer,
    #[error("there is no randomness for a token")]
    Random,
}

/// The reason of a refusal, as far as a start needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It has no such command, or under another name.
    NoCommand,
    /// The user may not run it.
    NotPermitted,
    /// The user may not use the key.
    KeyNotPermitted,
    /// It cannot read the script.
    NoScript,
    /// Something else, or for this time only.
    Other,
}

/// Codes that say that the server has not run the command, and that another connection may lead to one that does: from a replica,
/// from a server that is starting or has lost its primary, its replicas or its cluster, and from one that asks for a password.
const ELSEWHERE: [&str; 8] =
    ["READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN", "MOVED", "ASK", "NOREPLICAS", "NOAUTH"];

impl ScriptError {
    pub(super) fn is(&self, known: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == known)
    }

    pub(super) fn why(&self) -> Option<Why> {
        match self {
            Self::Refused { why, .. } => Some(*why),
            _ => None,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.is("OOM")
    }

    pub(super) fn is_of_unknown_script(&self) -> bool {
        self.is("NOSCRIPT")
    }

    /// Returns `true` when the value under the key is no string.
    pub(super) fn is_of_another_type(&self) -> bool {
        self.is("WRONGTYPE")
    }

    /// Returns `true` when the command has not run, and another connection may lead to a server that runs it.
    pub(super) fn is_for_another_connection(&self) -> bool {
        match self {
            Self::Refused { code, .. } => ELSEWHERE.contains(&&**code),
            Self::Unreached(_) => true,
            _ => false,
        }
    }

    /// Returns `true` when the command may have run or not. The connection is of no more use then.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unanswered(_) | Self::Late)
    }

    /// Keeps the text of an error of an attempt to connect: nothing of a request has been sent by then.
    pub(super) fn unreached(error: &RedisError) -> Self {
        Self::Unreached(error.to_string())
    }
}

impl From<RedisError> for ScriptError {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some(code) => {
                Self::Refused { code: code.to_owned(), why: Why::of(code, error.detail().unwrap_or_default()) }
            }
            None if error.is_timeout() => Self::Late,
            None => Self::Unanswered(error.category().to_owned()),
        }
    }
}

impl Why {
    /// Reads the error texts of Redis 6 to 8 and of Valkey.
    fn of(code: &str, words: &str) -> Self {
        match code {
            "NOPERM" if words.contains(" to run the '") => Self::NotPermitted,
            "NOPERM" => Self::KeyNotPermitted,
            "ERR" if words.starts_with("unknown command") => Self::NoCommand,
            "ERR" if words.contains("compiling script") || words.contains("shebang") => Self::NoScript,
            _ => Self::Other,
        }
    }
}

impl From<ScriptError> for StoreError {
    fn from(fault: ScriptError) -> Self {
        Self::new(fault)
    }
}

pub(super) async fn ask<C: ConnectionLike + Send + ?Sized>(
    connection: &mut C,
    command: &redis::Cmd,
) -> Result<Value, ScriptError> {
    Ok(connection.req_packed_command(command).await?.extract_error()?)
}

/// Runs a script by its digest, and by its text when the server does not know the digest, in which case nothing has run yet.
pub(super) async fn run<C: ConnectionLike + Send + ?Sized>(
    connection: &mut C,
    call: &Call,
) -> Result<Value, ScriptError> {
    match (ask(connection, &call.command).await, call.script) {
        (Err(fault), Some(script)) if fault.is_of_unknown_script() => {
            ask(connection, &script.spelled_out(&call.command)).await
        }
        (outcome, _) => outcome,
    }
}
