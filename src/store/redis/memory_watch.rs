//! A look at the memory of the server now and then, so that clients that have not authenticated leave some of it to others,
//! however many processes there are.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{Cmd, Value};
use tokio::time::Instant;

use super::{info, script_error::ScriptError, shared_connection::SharedConnection};

/// The part of `maxmemory` that such clients find free or have to come back for.
const PERCENT: u64 = 75;

/// How long the answer of the server is good for. What this process adds meanwhile is subtracted from it.
const INTERVAL: Duration = Duration::from_millis(100);

/// The same of a server that does not permit the question.
const INTERVAL_IN_VAIN: Duration = Duration::from_secs(60);

/// What is known of the memory of one server, or of the primaries of a cluster.
pub(super) struct MemoryWatch(Mutex<State>);

struct State {
    /// `None` where there is no bound, or none is known.
    room: Option<u64>,
    good_until: Option<Instant>,
}

impl MemoryWatch {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { room: None, good_until: None }))
    }

    /// Returns `true` if there is room for so many bytes of clients that have not authenticated.
    pub(super) async fn has_room(&self, connection: &Arc<SharedConnection>, deadline: Instant, bytes: usize) -> bool {
        if self.begins_look() {
            let answer = connection.ask(deadline, Cmd::new().arg("INFO").arg("memory")).await;
            let is_not_permitted = |fault: &ScriptError| fault.is("NOPERM") || fault.is("ERR");
            // An outage shows where the call itself is made.
            let interval = if answer.as_ref().is_err_and(is_not_permitted) { INTERVAL_IN_VAIN } else { INTERVAL };
            let mut state = self.lock();
            state.room = answer.ok().and_then(|answer| room(&answer));
            state.good_until = Instant::now().checked_add(interval);
        }
        self.lock().take(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// Returns `true` to one caller when it is time to look. Others go on with what is known.
    fn begins_look(&self) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        let is_due = state.good_until.is_none_or(|until| until <= now);
        if is_due {
            state.good_until = now.checked_add(INTERVAL);
        }
        is_due
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, bytes: u64) -> bool {
        let Some(room) = self.room else { return true };
        let left = room.checked_sub(bytes);
        self.room = Some(left.unwrap_or(room));
        left.is_some()
    }
}

/// The bytes that are free for clients that have not authenticated, on the fullest server.
fn room(answer: &Value) -> Option<u64> {
    let mut used = 0u64;
    let mut least = None;
    for line in info::lines(answer) {
        if let Some(bytes) = number(&line, "used_memory:") {
            used = bytes;
        }
        if let Some(bytes) = number(&line, "maxmemory:").filter(|bytes| *bytes > 0) {
            let room = bytes.saturating_mul(PERCENT).checked_div(100).unwrap_or(0).saturating_sub(used);
            least = Some(least.map_or(room, |least: u64| least.min(room)));
        }
    }
    least
}

fn number(line: &str, name: &str) -> Option<u64> {
    line.strip_prefix(name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::room;

    fn of(used: u64, maximum: u64) -> Value {
        let text = format!("# Memory\r\nused_memory:{used}\r\nused_memory_peak:9\r\nmaxmemory:{maximum}\r\n");
        Value::BulkString(text.into_bytes())
    }

    #[test]
    fn a_quarter_is_for_clients_that_have_authenticated() {
        assert_eq!(room(&of(100, 1_000)), Some(650));
        assert_eq!(room(&of(751, 1_000)), Some(0));
        assert_eq!(room(&of(751, 0)), None);
        assert_eq!(room(&Value::Array(vec![of(100, 1_000), of(600, 1_000), of(1, 0)])), Some(150));
        assert_eq!(room(&Value::Nil), None);
    }
}
