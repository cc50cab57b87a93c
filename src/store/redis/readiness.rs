//! Whether an instance would take the next push: a script that does nothing, which a server runs only where it would run one that
//! writes, on each primary of a cluster; and a look at its memory.

use std::sync::Arc;

use redis::Value;
use tokio::time::Instant;

use super::{
    duty::Duty,
    info,
    names::Names,
    script_error::{ScriptError, Why},
    scripts::answer,
    shared_connection::SharedConnection,
    slots,
};
use crate::store::{NotReady, NotReadyReason, RecordKey, StoreError};

/// What is asked of one instance.
pub(super) struct Readiness<'a> {
    pub(super) connection: &'a Arc<SharedConnection>,
    pub(super) names: &'a Names,
    pub(super) duty: Duty,
    /// Whether a policy of eviction is no fault.
    pub(super) may_evict: bool,
    pub(super) deadline: Instant,
    /// Whose keys to ask about, where there is one server.
    pub(super) idle: RecordKey,
}

impl Readiness<'_> {
    pub(super) async fn ask(&self) -> Result<(), NotReady> {
        for owner in slots::owners(self.connection, self.deadline, self.idle).await.map_err(not_ready)? {
            self.takes_a_push(&owner).await?;
        }
        if self.may_evict || self.duty == Duty::Requests { Ok(()) } else { self.keeps_what_it_has().await }
    }

    async fn takes_a_push(&self, owner: &RecordKey) -> Result<(), NotReady> {
        match self.connection.run(self.deadline, &self.names.ready(owner, self.duty)).await {
            Ok(Value::Int(answer::DONE)) => Ok(()),
            Ok(Value::BulkString(command)) => {
                let command = String::from_utf8_lossy(&command);
                let cause = format!("Redis does not permit its user to run {command} on the keys of the store");
                Err(NotReady::new(NotReadyReason::NotPermitted, cause))
            }
            Ok(_) => Err(not_ready(ScriptError::Answer)),
            Err(fault) => Err(not_ready(fault)),
        }
    }

    async fn keeps_what_it_has(&self) -> Result<(), NotReady> {
        match self.connection.run(self.deadline, &info::about_memory()).await {
            Ok(told) => match info::evicting_policy(&told) {
                Some(policy) => {
                    let cause = format!("Redis holds marks, and its maxmemory-policy is {policy}");
                    Err(NotReady::new(NotReadyReason::Evicts, cause))
                }
                None => Ok(()),
            },
            // A server that does not permit the question.
            Err(fault) if fault.is("NOPERM") || fault.is("ERR") => Ok(()),
            Err(fault) => Err(not_ready(fault)),
        }
    }
}

fn not_ready(fault: ScriptError) -> NotReady {
    let reason = match &fault {
        fault if fault.is_full() => NotReadyReason::Full,
        ScriptError::Refused { code, why } => match (&**code, why) {
            ("READONLY" | "NOREPLICAS" | "MISCONF", _) => NotReadyReason::ReadOnly,
            (_, Why::NotPermitted | Why::KeyNotPermitted | Why::NoCommand) => NotReadyReason::NotPermitted,
            _ => NotReadyReason::Unavailable,
        },
        _ => NotReadyReason::Unavailable,
    };
    NotReady::of(reason, StoreError::from(fault))
}
