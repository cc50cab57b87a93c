//! The connection that all calls of a store share. It is replaced when it breaks, when an answer is late, and when the server at
//! its end is not the primary. Behind the connection of a cluster there are several primaries: while the others answer, it stays until
//! the next one is open.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{Cmd, Value};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    call::Call,
    connector::{Connection, Later, Opened, RedisConnector},
    script_error::{ScriptError, ask, run},
};
use crate::random::{RandomSource as _, SystemRandom};

/// Time limit of one attempt to connect.
const ATTEMPT: Duration = Duration::from_secs(3);

/// The least time from the beginning of one attempt to the beginning of the next. It doubles with each failure.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often a call is tried at most.
const RUNS: u32 = 8;

/// A connection that has had no answer for so long is checked before its next call, which could not be repeated if the connection
/// turned out to be dead in the middle of it. The answers of all primaries of a cluster count: one that a busy connection has not asked for
/// long is not checked.
const IDLE: Duration = Duration::from_secs(2);

/// Time limit of that check.
const IDLE_CHECK: Duration = Duration::from_millis(500);

/// The current connection, and how to open the next one.
pub(super) struct SharedConnection {
    connector: RedisConnector,
    state: watch::Sender<State>,
    /// Failed attempts and discarded connections since the last answer.
    failures: AtomicU32,
    may_be_cluster: AtomicBool,
    /// A key that is never used, for checks.
    idle_key: Vec<u8>,
    created: Instant,
    /// The time of the last answer, in milliseconds after `created`.
    last_answer: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Counts connections.
    number: u64,
    current: Option<Current>,
    is_connecting: bool,
    last_attempt: Option<Instant>,
    /// Why the last attempt failed.
    fault: Option<ScriptError>,
}

struct Current {
    connection: Box<dyn Connection>,
    _watch: Option<Watch>,
}

/// A clone of the connection, for one call.
struct Held {
    number: u64,
    connection: Box<dyn Connection>,
}

impl SharedConnection {
    pub(super) fn new(connector: RedisConnector, idle_key: Vec<u8>) -> Arc<Self> {
        let may_be_cluster = AtomicBool::new(connector.0.may_be_cluster());
        Arc::new(Self {
            connector,
            may_be_cluster,
            state: watch::Sender::new(State::default()),
            failures: AtomicU32::new(0),
            idle_key,
            created: Instant::now(),
            last_answer: AtomicU64::new(0),
        })
    }

    /// Returns `false` where there is one server.
    pub(super) fn may_be_cluster(&self) -> bool {
        self.may_be_cluster.load(Ordering::Relaxed)
    }

    /// Notes what a server has said.
    pub(super) fn is_no_cluster(&self) {
        self.may_be_cluster.store(false, Ordering::Relaxed);
    }

    /// Returns the answer to a call.
    ///
    /// Tries again, over another connection, only after answers that say that the server has not run the command. After a late or a
    /// lost answer it may have run.
    pub(super) async fn run(self: &Arc<Self>, deadline: Instant, call: &Call) -> Result<Value, ScriptError> {
        let mut runs: u32 = 0;
        let (mut last, mut left) = (None, None);
        loop {
            let Ok(held) = timeout_at(deadline, self.connection(left)).await else {
                return Err(last.unwrap_or_else(|| self.no_connection_in_time()));
            };
            let fault = match held {
                Ok(held) => {
                    left = Some(held.number);
                    match self.exchange(held, deadline, call).await {
                        Err(fault) if fault.is_for_another_connection() => fault,
                        outcome => return outcome,
                    }
                }
                Err(fault) => fault,
            };
            runs = runs.saturating_add(1);
            if runs >= RUNS {
                return Err(fault);
            }
            last = Some(fault);
        }
    }

    async fn exchange(self: &Arc<Self>, mut held: Held, deadline: Instant, call: &Call) -> Result<Value, ScriptError> {
        let began = self.milliseconds();
        if !self.is_alive(&mut held, deadline, call).await {
            self.leave(held.number, self.has_answered_since(began));
            return Err(ScriptError::Unreached("the connection was dead".to_owned()));
        }
        let answer = timeout_at(deadline, run(&mut *held.connection, call)).await.unwrap_or(Err(ScriptError::Late));
        match &answer {
            Err(fault) if fault.is_unknown() => self.leave(held.number, self.has_answered_since(began)),
            // One server has answered, and the others may do what they are asked for.
            Err(fault) if fault.is_for_another_connection() => self.leave(held.number, true),
            _ => self.note_success(),
        }
        answer
    }

    /// Replaces a connection: at once, or, if it is one to a cluster and of use to others, when the next one is open.
    fn leave(self: &Arc<Self>, number: u64, is_of_use: bool) {
        if is_of_use && self.may_be_cluster() {
            self.begin(|state| state.number == number);
        } else {
            self.discard(number);
        }
    }

    /// Checks a connection that was idle, where the call will go. Any answer will do, even an error.
    async fn is_alive(&self, held: &mut Held, deadline: Instant, call: &Call) -> bool {
        let last_answer = Duration::from_millis(self.last_answer.load(Ordering::Relaxed));
        if self.created.elapsed().saturating_sub(last_answer) < IDLE {
            return true;
        }
        let until = Instant::now().checked_add(IDLE_CHECK).map_or(deadline, |until| until.min(deadline));
        let mut question = Cmd::new();
        question.arg("GET").arg(call.key().unwrap_or(&self.idle_key));
        let answer = timeout_at(until, ask(&mut *held.connection, &question)).await;
        let is_alive = answer.is_ok_and(|answer| !answer.is_err_and(|fault| fault.is_unknown()));
        if is_alive {
            self.note_answer();
        }
        is_alive
    }

    fn note_answer(&self) {
        self.last_answer.store(self.milliseconds(), Ordering::Relaxed);
    }

    fn has_answered_since(&self, began: u64) -> bool {
        self.last_answer.load(Ordering::Relaxed) > began
    }

    /// Milliseconds after `created`.
    fn milliseconds(&self) -> u64 {
        u64::try_from(self.created.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn note_success(&self) {
        self.note_answer();
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Returns the current connection. Without one, all callers wait for the same attempt, and so does a call that has left this one.
    async fn connection(self: &Arc<Self>, left: Option<u64>) -> Result<Held, ScriptError> {
        let is_awaited = |state: &State| state.is_connecting && (state.current.is_none() || left == Some(state.number));
        let take = |state: &State| {
            let another = |current: &Current| Held { number: state.number, connection: current.connection.another() };
            state.current.as_ref().map(another)
        };
        let mut states = self.state.subscribe();
        self.begin(|state| state.current.is_none());
        let state = states.wait_for(|state| !is_awaited(state)).await;
        let fault = || ScriptError::Unreached("the attempt to connect was abandoned".to_owned());
        let state = state.map_err(|_| fault())?;
        take(&state).ok_or_else(|| state.fault.clone().unwrap_or_else(fault))
    }

    fn no_connection_in_time(&self) -> ScriptError {
        let fault = self.state.borrow().fault.clone();
        fault.unwrap_or_else(|| ScriptError::Unreached("no connection in time".to_owned()))
    }

    /// Starts an attempt, if it is wanted and none is under way, in a task of its own, so that it outlives its caller.
    fn begin(self: &Arc<Self>, is_wanted: impl FnOnce(&State) -> bool) {
        let begins = self.state.send_if_modified(|state| {
            let begins = !state.is_connecting && is_wanted(state);
            state.is_connecting |= begins;
            begins
        });
        if begins {
            let attempt = Attempt { connection: Arc::clone(self), is_over: false };
            tokio::spawn(attempt.make());
        }
    }

    /// Drops a connection, unless it was replaced before. Calls that wait for its answers go on.
    fn discard(&self, number: u64) {
        let discarded = self.state.send_if_modified(|state| {
            let is_current = state.number == number && state.current.is_some();
            if is_current {
                state.current = None;
            }
            is_current
        });
        if discarded {
            self.note_failure();
        }
    }

    fn note_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how long the next attempt has to wait, with some randomness, so that many nodes do not connect at the same moment.
    fn pause(&self) -> Duration {
        let doublings = self.failures.load(Ordering::Relaxed).saturating_sub(1).min(8);
        let longest = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE);
        let mut byte = [0];
        let _ = SystemRandom.fill(&mut byte);
        let pause = longest.mul_f64(1.0 + f64::from(byte[0]) / 1024.0);
        let since = self.state.borrow().last_attempt.map_or(Duration::MAX, |last| last.elapsed());
        pause.saturating_sub(since)
    }
}

/// An attempt to connect. When it is dropped half done, because its runtime ends, another one can start.
struct Attempt {
    connection: Arc<SharedConnection>,
    is_over: bool,
}

impl Attempt {
    async fn make(mut self) {
        sleep(self.connection.pause()).await;
        self.connection.state.send_if_modified(|state| {
            state.last_attempt = Some(Instant::now());
            false
        });
        let outcome = match timeout(ATTEMPT, self.connection.connector.0.connect()).await {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(error)) => Err(ScriptError::unreached(&error)),
            Err(_) => Err(ScriptError::Unreached("no connection in time".to_owned())),
        };
        self.end(outcome);
    }

    fn end(&mut self, outcome: Result<Opened, ScriptError>) {
        self.is_over = true;
        match outcome {
            Ok(_) => self.connection.note_answer(),
            Err(_) => self.connection.note_failure(),
        }
        self.connection.state.send_modify(|state| {
            state.is_connecting = false;
            match outcome {
                Ok(Opened { connection, moved }) => {
                    state.number = state.number.wrapping_add(1);
                    let number = state.number;
                    let watch = moved.map(|moved| Watch::begin(&self.connection, number, moved));
                    state.current = Some(Current { connection, _watch: watch });
                    state.fault = None;
                }
                Err(fault) => state.fault = Some(fault),
            }
        });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.state.send_modify(|state| state.is_connecting = false);
        }
    }
}

/// Discards a connection when its server is not the primary any more. Ends with the connection.
struct Watch(AbortHandle);

impl Watch {
    fn begin(connection: &Arc<SharedConnection>, number: u64, moved: Later<'static, ()>) -> Self {
        let connection = Arc::downgrade(connection);
        let watch = tokio::spawn(async move {
            moved.await;
            if let Some(connection) = connection.upgrade() {
                connection.discard(number);
            }
        });
        Self(watch.abort_handle())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
