//! The connection of a store, which is opened anew when the last one is of no more use.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
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
    connector::{Connection, Later, Opened, RedisConnector},
    script_error::{ScriptError, ask, run},
    scripts::Script,
};
use crate::random::{RandomSource as _, SystemRandom};

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(3);

/// Between the beginnings of two attempts, at least; with each that comes to nothing twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often one call asks.
const RUNS: u32 = 8;

/// After so long without an answer, a connection is asked for one before it carries what may happen once: what lies between may
/// have dropped it.
const QUIET: Duration = Duration::from_secs(5);

/// How long the answer may take then.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);

/// A connection that all calls share, and the one way to the next.
pub(super) struct Line {
    connector: RedisConnector,
    state: watch::Sender<State>,
    /// Attempts and connections that came to nothing since the last answer.
    failures: AtomicU32,
    /// Asks for something harmless.
    greeting: Cmd,
    born: Instant,
    /// Milliseconds from birth to the last answer.
    heard: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Of the last connection.
    number: u64,
    current: Option<Current>,
    is_connecting: bool,
    last_attempt: Option<Instant>,
    /// Why the last attempt came to nothing.
    fault: Option<ScriptError>,
}

struct Current {
    connection: Box<dyn Connection>,
    _watch: Option<Watch>,
}

/// A connection in the hands of one call.
struct Held {
    number: u64,
    connection: Box<dyn Connection>,
}

impl Line {
    pub(super) fn new(connector: RedisConnector, greeting: Cmd) -> Arc<Self> {
        Arc::new(Self {
            connector,
            state: watch::Sender::new(State::default()),
            failures: AtomicU32::new(0),
            greeting,
            born: Instant::now(),
            heard: AtomicU64::new(0),
        })
    }

    /// The answer to a command.
    pub(super) async fn ask(self: &Arc<Self>, deadline: Instant, command: &Cmd) -> Result<Value, ScriptError> {
        self.call(deadline, command, None).await
    }

    /// What a script returns.
    pub(super) async fn run(
        self: &Arc<Self>,
        deadline: Instant,
        script: &Script,
        call: &Cmd,
    ) -> Result<Value, ScriptError> {
        self.call(deadline, call, Some(script)).await
    }

    /// Asks again, over another connection, when the server has certainly not done it; and never when that is not known.
    async fn call(
        self: &Arc<Self>,
        deadline: Instant,
        command: &Cmd,
        script: Option<&Script>,
    ) -> Result<Value, ScriptError> {
        let mut runs: u32 = 0;
        let mut last = None;
        loop {
            let Ok(held) = timeout_at(deadline, self.connection()).await else {
                return Err(last.unwrap_or_else(|| self.no_connection_in_time()));
            };
            let fault = match held {
                Ok(held) => match self.exchange(held, deadline, command, script).await {
                    Err(fault) if fault.is_for_another_connection() => fault,
                    outcome => return outcome,
                },
                Err(fault) => fault,
            };
            runs = runs.saturating_add(1);
            if runs >= RUNS {
                return Err(fault);
            }
            last = Some(fault);
        }
    }

    async fn exchange(
        &self,
        mut held: Held,
        deadline: Instant,
        command: &Cmd,
        script: Option<&Script>,
    ) -> Result<Value, ScriptError> {
        if !self.is_alive(&mut held, deadline).await {
            self.discard(held.number);
            return Err(ScriptError::Unreached("the connection was dead".to_owned()));
        }
        let connection = &mut *held.connection;
        let answer = match script {
            Some(script) => timeout_at(deadline, run(connection, script, command)).await,
            None => timeout_at(deadline, ask(connection, command)).await,
        };
        let answer = answer.unwrap_or(Err(ScriptError::Late));
        match &answer {
            Err(fault) if fault.is_for_another_connection() || fault.is_unknown() => self.discard(held.number),
            _ => self.works(),
        }
        answer
    }

    /// Whether a connection that has been quiet still has a server at its end. What it answers does not matter.
    async fn is_alive(&self, held: &mut Held, deadline: Instant) -> bool {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        if self.born.elapsed().saturating_sub(heard) < QUIET {
            return true;
        }
        let until = Instant::now().checked_add(SIGN_OF_LIFE).map_or(deadline, |until| until.min(deadline));
        let answer = timeout_at(until, ask(&mut *held.connection, &self.greeting)).await;
        let is_alive = answer.is_ok_and(|answer| !answer.is_err_and(|fault| fault.is_unknown()));
        if is_alive {
            self.heard();
        }
        is_alive
    }

    fn heard(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(now, Ordering::Relaxed);
    }

    fn works(&self) {
        self.heard();
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// The connection that there is, or the outcome of the attempt to open the next one, which all callers wait for together.
    async fn connection(self: &Arc<Self>) -> Result<Held, ScriptError> {
        let take = |state: &State| {
            let another = |current: &Current| Held { number: state.number, connection: current.connection.another() };
            state.current.as_ref().map(another)
        };
        if let Some(held) = take(&self.state.borrow()) {
            return Ok(held);
        }
        let mut states = self.state.subscribe();
        self.begin();
        let state = states.wait_for(|state| state.current.is_some() || !state.is_connecting).await;
        let fault = || ScriptError::Unreached("the attempt to connect was given up".to_owned());
        let state = state.map_err(|_| fault())?;
        take(&state).ok_or_else(|| state.fault.clone().unwrap_or_else(fault))
    }

    fn no_connection_in_time(&self) -> ScriptError {
        let fault = self.state.borrow().fault.clone();
        fault.unwrap_or_else(|| ScriptError::Unreached("no connection in time".to_owned()))
    }

    /// Attempts to connect, unless an attempt is under way. It goes on when its caller goes away.
    fn begin(self: &Arc<Self>) {
        let begins = self.state.send_if_modified(|state| {
            let begins = state.current.is_none() && !state.is_connecting;
            state.is_connecting |= begins;
            begins
        });
        if begins {
            let attempt = Attempt { line: Arc::clone(self), is_over: false };
            tokio::spawn(attempt.make());
        }
    }

    /// Throws a connection away. Calls that it carries go on.
    fn discard(&self, number: u64) {
        let discarded = self.state.send_if_modified(|state| {
            let is_current = state.number == number && state.current.is_some();
            if is_current {
                state.current = None;
            }
            is_current
        });
        if discarded {
            self.failed();
        }
    }

    fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// How long the next attempt has to wait. Many nodes do not knock at once.
    fn pause(&self) -> Duration {
        let doublings = self.failures.load(Ordering::Relaxed).saturating_sub(1).min(8);
        let longest = SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE);
        let mut byte = [0];
        let _ = SystemRandom.fill(&mut byte);
        let pause = longest.mul_f64(0.75 + f64::from(byte[0]) / 1024.0);
        let since = self.state.borrow().last_attempt.map_or(Duration::MAX, |last| last.elapsed());
        pause.saturating_sub(since)
    }
}

/// An attempt to connect. One that is dropped half done, because its runtime ends, makes room for another.
struct Attempt {
    line: Arc<Line>,
    is_over: bool,
}

impl Attempt {
    async fn make(mut self) {
        sleep(self.line.pause()).await;
        self.line.state.send_if_modified(|state| {
            state.last_attempt = Some(Instant::now());
            false
        });
        let outcome = match timeout(ATTEMPT, self.line.connector.0.connect()).await {
            Ok(Ok(opened)) => Ok(opened),
            Ok(Err(error)) => Err(ScriptError::unreached(&error)),
            Err(_) => Err(ScriptError::Unreached("no connection in time".to_owned())),
        };
        self.end(outcome);
    }

    fn end(&mut self, outcome: Result<Opened, ScriptError>) {
        self.is_over = true;
        match outcome {
            Ok(_) => self.line.heard(),
            Err(_) => self.line.failed(),
        }
        self.line.state.send_modify(|state| {
            state.is_connecting = false;
            match outcome {
                Ok(Opened { connection, moved }) => {
                    state.number = state.number.wrapping_add(1);
                    let number = state.number;
                    let watch = moved.map(|moved| Watch::begin(&self.line, number, moved));
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
            self.line.state.send_modify(|state| state.is_connecting = false);
        }
    }
}

/// Throws a connection away when it leads to the wrong place, as long as it is in use.
struct Watch(AbortHandle);

impl Watch {
    fn begin(line: &Arc<Line>, number: u64, moved: Later<'static, ()>) -> Self {
        let line = Arc::downgrade(line);
        let watch = tokio::spawn(async move {
            moved.await;
            if let Some(line) = line.upgrade() {
                line.discard(number);
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
