//! The answers that browsers have been given lately, for those that ask twice: a second click on a button cancels the answer to the
//! first. Which call ends a request is for the store to decide; here is only the memory of what came of it.

mod patience;

use std::{
    collections::{HashMap, VecDeque},
    fmt, mem,
    pin::pin,
    sync::{Arc, PoisonError},
    time::Duration,
};

use crate::{
    clock::Clock,
    error::DenialCode,
    response::AuthorizationResponse,
    store::{Claim, RecordKey},
    sync::{Mutex, MutexGuard, Notify},
};

/// How long an answer is given again.
const MEMORY: Duration = Duration::from_secs(10);
const ENTRIES: usize = 4096;
const BYTES: usize = 16 * 1024 * 1024;

/// Names what a browser decides: the request, its client, and the browser.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) request: RecordKey,
    pub(super) client: RecordKey,
    pub(super) browser: RecordKey,
}

impl Subject {
    /// The subject of a claim, if it names a browser.
    pub(super) fn of(claim: &Claim) -> Option<Self> {
        Some(Self { request: claim.key, client: claim.owner, browser: claim.browser? })
    }
}

/// The decision of a user about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request is granted, by [`complete`](crate::ParEndpoint::complete).
    Approve,
    /// The request is denied with this error, by [`deny`](crate::ParEndpoint::deny).
    Deny(DenialCode),
}

/// An answer that a browser was given.
#[derive(Clone)]
struct Given {
    decision: Decision,
    response: AuthorizationResponse,
}

/// How far the call is that ends a request.
#[derive(Clone)]
enum Stage {
    /// It asks the store.
    Asking,
    /// It has come to nothing.
    Failed,
    /// The store has let it end the request.
    Ended,
    /// It has ended the request, and there will be no answer.
    Lost,
    Answered(Arc<Given>),
}

/// A call that ends a request, as others see it.
struct Progress {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    stage: Stage,
    is_waited_for: bool,
    is_overdue: bool,
}

/// Remembers answers.
pub(super) struct RecentAnswers {
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    entries: HashMap<Subject, Entry>,
    /// In the order of age. Of two that name the same entry, the earlier one is void.
    ages: VecDeque<(Duration, Subject, u64)>,
    bytes: usize,
    next_number: u64,
}

struct Entry {
    number: u64,
    since: Duration,
    bytes: usize,
    is_provisional: bool,
    progress: Arc<Progress>,
}

/// The place of a call that ends a request, for others to wait at. When it is dropped, they go on.
pub(super) struct Ticket {
    answers: Arc<RecentAnswers>,
    subject: Subject,
    number: u64,
    decision: Decision,
    progress: Arc<Progress>,
}

/// Where a call stands among those for the same subject.
pub(super) enum Turn {
    /// It asks the store.
    First(Ticket),
    /// Another one was there before.
    Later(Follower),
}

/// A call that waits for an earlier one.
pub(super) struct Follower {
    number: u64,
    is_provisional: bool,
    progress: Arc<Progress>,
}

/// The outcome of an earlier call.
pub(super) enum Earlier {
    /// It has ended nothing, so that another one may try.
    Nothing,
    /// It has ended the request, in the same way, with this answer.
    Same(AuthorizationResponse),
    /// It has ended the request, and its answer is not one for this call: there was none, none in time, or it was another decision.
    Other,
}

impl RecentAnswers {
    pub(super) fn new(clock: &Arc<dyn Clock>) -> Self {
        Self { clock: Arc::clone(clock), memory: Mutex::default() }
    }

    /// Takes a turn: the first, or a later one while there is an earlier call, or its answer. The first is provisional if the host
    /// may undo it.
    pub(super) fn turn(self: &Arc<Self>, subject: Subject, decision: Decision, is_provisional: bool) -> Turn {
        let mut memory = self.lock();
        match memory.entries.get(&subject) {
            Some(entry) => Turn::Later(entry.follower()),
            None => Turn::First(self.enter(&mut memory, subject, decision, is_provisional)),
        }
    }

    /// Takes the place of an earlier call that the host has undone.
    pub(super) fn replace(self: &Arc<Self>, subject: Subject, decision: Decision, is_provisional: bool) -> Ticket {
        let mut memory = self.lock();
        memory.forget(&subject);
        self.enter(&mut memory, subject, decision, is_provisional)
    }

    fn enter(
        self: &Arc<Self>,
        memory: &mut Memory,
        subject: Subject,
        decision: Decision,
        is_provisional: bool,
    ) -> Ticket {
        let progress = Arc::new(Progress::default());
        let number = memory.next_number;
        memory.next_number = number.wrapping_add(1);
        let since = self.clock.elapsed();
        let entry = Entry { number, since, bytes: 0, is_provisional, progress: Arc::clone(&progress) };
        memory.entries.insert(subject, entry);
        memory.ages.push_back((since, subject, number));
        Ticket { answers: Arc::clone(self), subject, number, decision, progress }
    }

    /// Finds an earlier call.
    pub(super) fn earlier(&self, subject: &Subject) -> Option<Follower> {
        self.lock().entries.get(subject).map(Entry::follower)
    }

    /// Locks what is remembered, without what is over.
    fn lock(&self) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sweep(self.clock.elapsed());
        memory
    }
}

impl Entry {
    fn follower(&self) -> Follower {
        let Self { number, is_provisional, .. } = *self;
        Follower { number, is_provisional, progress: Arc::clone(&self.progress) }
    }
}

impl Memory {
    /// Forgets what is too old, and the oldest where there is too much. A call that still waits keeps hold of what it waits for.
    fn sweep(&mut self, now: Duration) {
        while let Some((since, subject, number)) = self.ages.front().copied() {
            let is_old = now.saturating_sub(since) >= MEMORY;
            let is_over = self.ages.len() > ENTRIES || self.bytes > BYTES;
            let is_void = self.entries.get(&subject).is_none_or(|entry| (entry.since, entry.number) != (since, number));
            if !is_old && !is_over && !is_void {
                return;
            }
            self.ages.pop_front();
            if !is_void {
                self.forget(&subject);
            }
        }
    }

    fn forget(&mut self, subject: &Subject) {
        if let Some(entry) = self.entries.remove(subject) {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }
}

impl Ticket {
    /// The store has let this call end the request.
    pub(super) fn ended(&self) {
        self.reach(Stage::Ended);
    }

    /// Remembers the answer, for some seconds from now. Of several, the first is the one that is given again.
    pub(super) fn answered(&self, response: &AuthorizationResponse) {
        if !self.is_at(&Stage::Ended) {
            return;
        }
        let mut memory = self.answers.lock();
        let now = self.answers.clock.elapsed();
        if let Some(entry) = memory.entries.get_mut(&self.subject).filter(|entry| entry.number == self.number) {
            let before = mem::replace(&mut entry.bytes, response.bytes());
            entry.since = now;
            memory.bytes = memory.bytes.saturating_sub(before).saturating_add(response.bytes());
            memory.ages.push_back((now, self.subject, self.number));
        }
        drop(memory);
        let given = Given { decision: self.decision, response: response.clone() };
        self.reach(Stage::Answered(Arc::new(given)));
    }

    fn is_at(&self, stage: &Stage) -> bool {
        mem::discriminant(&self.progress.state().stage) == mem::discriminant(stage)
    }

    fn reach(&self, stage: Stage) {
        self.progress.change(|state| state.stage = stage);
    }
}

impl Drop for Ticket {
    /// A call that has ended nothing makes way.
    fn drop(&mut self) {
        if self.is_at(&Stage::Asking) {
            let mut memory = self.answers.lock();
            if memory.entries.get(&self.subject).is_some_and(|entry| entry.number == self.number) {
                memory.forget(&self.subject);
            }
            drop(memory);
            self.reach(Stage::Failed);
        } else if self.is_at(&Stage::Ended) {
            self.reach(Stage::Lost);
        }
    }
}

impl Follower {
    /// Returns `true` if the host may have undone the earlier call.
    pub(super) fn is_provisional(&self) -> bool {
        self.is_provisional
    }

    /// Returns `true` if both wait for the same call.
    pub(super) fn is_of_same_call(&self, other: &Self) -> bool {
        self.number == other.number
    }

    /// Waits until the earlier call has answered, or has come to its end without an answer, for some seconds.
    pub(super) async fn outcome(&self, decision: Decision) -> Earlier {
        let is_first_to_wait = {
            let mut state = self.progress.state();
            state.is_under_way() && !mem::replace(&mut state.is_waited_for, true)
        };
        if is_first_to_wait && !patience::begin(Arc::downgrade(&self.progress)) {
            self.progress.overdue();
        }
        match self.progress.end().await {
            Stage::Failed => Earlier::Nothing,
            Stage::Answered(given) if given.decision == decision => Earlier::Same(given.response.clone()),
            Stage::Asking | Stage::Ended | Stage::Lost | Stage::Answered(_) => Earlier::Other,
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        let state = State { stage: Stage::Asking, is_waited_for: false, is_overdue: false };
        Self { state: Mutex::new(state), changed: Notify::default() }
    }
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes up those that wait.
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_waiters();
    }

    /// Sends those away that wait.
    fn overdue(&self) {
        self.change(|state| state.is_overdue = true);
    }

    /// Waits until the call has come to an end, or is overdue, and returns how far it is.
    async fn end(&self) -> Stage {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Before the look at the state, so that no change of it is missed.
            changed.as_mut().enable();
            let stage = {
                let state = self.state();
                (!state.is_under_way() || state.is_overdue).then(|| state.stage.clone())
            };
            if let Some(stage) = stage {
                return stage;
            }
            changed.await;
        }
    }
}

impl State {
    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Asking | Stage::Ended)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}
