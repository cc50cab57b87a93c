//! Whether an instance would take the next push: a script that does nothing, which a server runs only where it would run one that
//! writes, and a look at its memory.

use std::sync::Arc;

use redis::{Cmd, Value};
use tokio::time::Instant;

use super::{
    duty::Duty,
    info,
    names::Names,
    script_error::{ScriptError, Why},
    scripts::{READY, answer},
    shared_connection::SharedConnection,
};
use crate::store::{NotReady, NotReadyReason, StoreError};

/// What is asked of one instance.
pub(super) struct Readiness<'a> {
    pub(super) connection: &'a Arc<SharedConnection>,
    pub(super) names: &'a Names,
    pub(super) duty: Duty,
    /// Whether a policy of eviction is no fault.
    pub(super) may_evict: bool,
    pub(super) deadline: Instant,
}

impl Readiness<'_> {
    pub(super) async fn ask(&self) -> Result<(), NotReady> {
        match self.connection.run(self.deadline, &READY, &self.names.ready(self.duty)).await {
            Ok(Value::Int(answer::DONE)) => {}
            Ok(Value::BulkString(command)) => {
                let command = String::from_utf8_lossy(&command);
                let cause = format!("Redis does not permit its user to run {command} on the keys of the store");
                return Err(NotReady::new(NotReadyReason::NotPermitted, cause));
            }
            Ok(_) => return Err(not_ready(ScriptError::Answer)),
            Err(fault) => return Err(not_ready(fault)),
        }
        if self.may_evict || self.duty == Duty::Requests { Ok(()) } else { self.keeps_what_it_has().await }
    }

    async fn keeps_what_it_has(&self) -> Result<(), NotReady> {
        match self.connection.ask(self.deadline, Cmd::new().arg("INFO").arg("memory")).await {
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
