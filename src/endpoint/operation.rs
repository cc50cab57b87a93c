//! One operation on its way: what it reports, and how long its steps take.

use std::{
    error::Error as _,
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use super::observers::Observers;
#[cfg(feature = "tracing")]
use super::spans;
use crate::{
    client::Client,
    error::{DenialCode, Reason, Refusal},
    observer::{Event, STEPS, Stage, Step, Steps},
};

/// Work within a span.
#[cfg(feature = "tracing")]
type Spanned<F> = tracing::instrument::Instrumented<F>;
#[cfg(not(feature = "tracing"))]
type Spanned<F> = F;

/// An operation from its beginning to its outcome.
pub(super) struct Operation<'a> {
    observers: &'a Observers,
    stage: Stage,
    /// There is none without an observer. The clock is not asked then.
    stopwatch: Option<Stopwatch>,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

/// Times by the clock's [`elapsed`](crate::Clock::elapsed).
struct Stopwatch {
    begun: Duration,
    /// Nanoseconds of each step, and one more; 0 of a step that was not made.
    steps: [AtomicU64; STEPS],
}

/// A step that takes its time.
pub(super) struct Timed<'o, F> {
    work: Spanned<F>,
    operation: &'o Operation<'o>,
    step: Step,
    begun: Option<Duration>,
}

impl<F: Future + Unpin> Future for Timed<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let outcome = ready!(Pin::new(&mut self.work).poll(context));
        self.operation.ended(self.step, self.begun);
        Poll::Ready(outcome)
    }
}

impl<'a> Operation<'a> {
    /// Begins an operation.
    pub(super) fn new(observers: &'a Observers, stage: Stage) -> Self {
        let begun = observers.time();
        Self {
            observers,
            stage,
            stopwatch: begun.map(|begun| Stopwatch { begun, steps: Default::default() }),
            #[cfg(feature = "tracing")]
            span: spans::of_operation(stage),
        }
    }

    /// Does the work of the operation, in its span. Work is pinned where it is made: a future has some kilobytes, which would be
    /// copied with each move.
    pub(super) fn trace<F: Future + Unpin>(&self, work: F) -> Spanned<F> {
        #[cfg(feature = "tracing")]
        let work = tracing::Instrument::instrument(work, self.span.clone());
        work
    }

    /// Makes a step that takes its time. Its work is pinned as well.
    pub(super) fn time<F: Future + Unpin>(&self, step: Step, work: F) -> Timed<'_, F> {
        #[cfg(feature = "tracing")]
        let work = tracing::Instrument::instrument(work, spans::of_step(step));
        Timed { work, operation: self, step, begun: self.now() }
    }

    /// Makes a step at once.
    pub(super) fn run<T>(&self, step: Step, work: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        let work = || spans::of_step(step).in_scope(work);
        let begun = self.now();
        let outcome = work();
        self.ended(step, begun);
        outcome
    }

    /// The operation has worked: returns the times of its steps for the event that says so, if there is an observer.
    pub(super) fn worked(&self) -> Option<Steps> {
        let stopwatch = self.stopwatch.as_ref()?;
        let now = self.now()?;
        let steps = stopwatch.steps(now);
        if steps.of(Step::Store).is_some()
            && let Some(away) = self.observers.outage(self.stage).is_over(stopwatch.begun, now)
        {
            self.observe(&Event::StoreBack { stage: self.stage, away });
        }
        Some(steps)
    }

    /// The operation has ended with this error for the client.
    pub(super) fn denied(&self, client_id: &str, error: DenialCode) {
        if let Some(steps) = &self.worked() {
            self.observe(&Event::Denied { stage: self.stage, client_id, error, steps });
        }
    }

    /// Reports what happens on the way.
    pub(super) fn observe(&self, event: &Event<'_>) {
        self.observers.observe(event);
    }

    /// Reports what does not count in the registration of a client, once.
    pub(super) fn found(&self, client: &Client) {
        if self.stopwatch.is_some() && client.is_to_be_remarked_on() {
            let (client_id, members, keys) = (client.client_id(), client.ignored(), client.skipped_keys());
            self.observe(&Event::MembersIgnored { client_id, members, skipped: keys });
        }
    }

    /// Reports a refusal on its way out.
    pub(super) fn refused(&self, client_id: Option<&str>, refusal: Refusal) -> Refusal {
        self.refused_at(self.stage, client_id, refusal)
    }

    /// Reports a refusal on its way out, for a part of the operation that is a stage of its own.
    pub(super) fn refused_at(&self, stage: Stage, client_id: Option<&str>, refusal: Refusal) -> Refusal {
        let reason = refusal.reason();
        #[cfg(feature = "tracing")]
        self.span.record("reason", reason.label());
        let Some((stopwatch, now)) = self.stopwatch.as_ref().zip(self.now()) else {
            return refusal;
        };
        let client_id = client_id.filter(|_| reason.comes_after_look_up());
        if reason == Reason::StoreUnavailable {
            self.observers.outage(stage).is_noticed(stopwatch.begun, now);
        }
        if let (Reason::SpentRequestUri, Some(client_id)) = (reason, client_id) {
            self.observe(&Event::Replayed { client_id });
        }
        let (cause, clock_offset, steps) = (refusal.source(), refusal.clock_offset(), &stopwatch.steps(now));
        self.observe(&Event::Refused { stage, reason, client_id, cause, clock_offset, steps });
        refusal
    }

    /// The time, if there is an observer.
    fn now(&self) -> Option<Duration> {
        self.stopwatch.as_ref().and_then(|_| self.observers.time())
    }

    fn ended(&self, step: Step, begun: Option<Duration>) {
        if let (Some(stopwatch), Some(begun), Some(now)) = (&self.stopwatch, begun, self.now()) {
            stopwatch.add(step, now.saturating_sub(begun));
        }
    }
}

impl Stopwatch {
    fn add(&self, step: Step, time: Duration) {
        let Some(total) = self.steps.get(step as usize) else { return };
        let before = total.load(Ordering::Relaxed).max(1);
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // One operation makes one step after the other.
        total.store(before.saturating_add(nanoseconds), Ordering::Relaxed);
    }

    fn steps(&self, now: Duration) -> Steps {
        let time = |total: &AtomicU64| total.load(Ordering::Relaxed).checked_sub(1).map(Duration::from_nanos);
        Steps::new(now.saturating_sub(self.begun), self.steps.each_ref().map(time))
    }
}
