//! A look at the memory of the server now and then, so that clients that have not authenticated leave some of it to others,
//! however many processes there are.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::Value;
use tokio::time::Instant;

use super::{info, script_error::ScriptError, shared_connection::SharedConnection};

/// The part of `maxmemory` that such clients find free or have to come back for.
const PERCENT: u64 = 75;

/// Processes that may take room at the same time and together take no more than there is: each takes this part of what it
/// has seen before it looks again.
const PROCESSES: u64 = 8;

/// How long the answer of the server is good for. What this process adds meanwhile is subtracted from it.
const INTERVAL: Duration = Duration::from_millis(100);

/// The same of a server that does not permit the question.
const INTERVAL_IN_VAIN: Duration = Duration::from_secs(60);

/// What is known of the memory of one server, or of the primaries of a cluster.
pub(super) struct MemoryWatch(Mutex<State>);

struct State {
    /// `None` where there is no bound, or none is known.
    room: Option<u64>,
    /// The part of the room that this process takes before it looks again.
    allowance: u64,
    good_until: Option<Instant>,
}

impl MemoryWatch {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { room: None, allowance: 0, good_until: None }))
    }

    /// Returns `true` if there is room for so many bytes of clients that have not authenticated.
    pub(super) async fn has_room(&self, connection: &Arc<SharedConnection>, deadline: Instant, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.begins_look() {
            self.look(connection, deadline).await;
        }
        let known = self.lock().take(bytes);
        match known {
            Some(has_room) => has_room,
            None => {
                self.look(connection, deadline).await;
                self.lock().take_last(bytes)
            }
        }
    }

    async fn look(&self, connection: &Arc<SharedConnection>, deadline: Instant) {
        let answer = connection.run(deadline, &info::about_memory()).await;
        let is_not_permitted = |fault: &ScriptError| fault.is("NOPERM") || fault.is("ERR");
        // An outage shows where the call itself is made.
        let interval = if answer.as_ref().is_err_and(is_not_permitted) { INTERVAL_IN_VAIN } else { INTERVAL };
        let room = answer.ok().and_then(|answer| room(&answer));
        let allowance = room.and_then(|room| room.checked_div(PROCESSES)).unwrap_or_default();
        *self.lock() = State { room, allowance, good_until: Instant::now().checked_add(interval) };
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
    /// Takes room, if it is known whether there is some.
    fn take(&mut self, bytes: u64) -> Option<bool> {
        let Some(room) = self.room else { return Some(true) };
        let Some(left) = room.checked_sub(bytes) else { return Some(false) };
        self.allowance = self.allowance.checked_sub(bytes)?;
        self.room = Some(left);
        Some(true)
    }

    /// Takes room right after a look, be it all that is left.
    fn take_last(&mut self, bytes: u64) -> bool {
        self.take(bytes).unwrap_or_else(|| {
            self.allowance = 0;
            true
        })
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

    use super::{PROCESSES, State, room};

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

    #[test]
    fn a_process_looks_again_before_it_has_taken_what_others_may_take_too() {
        let mut state = State { room: Some(800), allowance: 800 / PROCESSES, good_until: None };
        assert_eq!(state.take(60), Some(true));
        assert_eq!(state.take(60), None, "to be looked at again");
        assert!(state.take_last(60));
        assert_eq!(state.take(1), None);
        assert_eq!(state.take(801), Some(false));
        assert_eq!(State { room: None, ..state }.take(u64::MAX), Some(true));
    }
}
