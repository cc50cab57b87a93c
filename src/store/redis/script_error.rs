//! What went wrong with a command, without a word of what was in it: servers quote arguments in their errors.

use redis::{RedisError, Value, aio::ConnectionLike};

use super::scripts::Script;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(super) enum ScriptError {
    /// The server did not do it, and says so with this code.
    #[error("Redis refused a command: {0}")]
    Refused(String),
    /// It may have happened or not.
    #[error("Redis did not answer: {0}")]
    Unanswered(String),
    #[error("Redis did not answer in time")]
    Late,
    #[error("Redis answered something else than what was asked")]
    Answer,
    #[error("there is no randomness for a token")]
    Random,
}

impl ScriptError {
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(known) if known == code)
    }

    pub(super) fn is_full(&self) -> bool {
        self.is("OOM")
    }

    /// Something else than a string is under the key.
    pub(super) fn is_of_another_type(&self) -> bool {
        self.is("WRONGTYPE")
    }
}

impl From<RedisError> for ScriptError {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some(code) => Self::Refused(code.to_owned()),
            None if error.is_timeout() => Self::Late,
            None => Self::Unanswered(error.category().to_owned()),
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

/// Runs a script by its digest, and by its text when the server does not know that. Until then nothing has happened.
pub(super) async fn run<C: ConnectionLike + Send + ?Sized>(
    connection: &mut C,
    script: &Script,
    call: &redis::Cmd,
) -> Result<Value, ScriptError> {
    match ask(connection, call).await {
        Err(fault) if fault.is("NOSCRIPT") => ask(connection, &script.spelled_out(call)).await,
        outcome => outcome,
    }
}
