//! The common part of the checks: fresh keys, the operations, crowds of callers, and comparing outcomes.

use std::{
    fmt::Debug,
    future::{Future, poll_fn},
    pin::pin,
    sync::Barrier,
    task::Poll,
    thread,
    time::Duration,
};

use super::{Harness, Violation};
use crate::{
    random::{RandomSource as _, SystemRandom},
    store::{
        AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, MarkPurpose, NewRequest, Owner,
        RecordKey, Remembered, ReplayMark, RequestStore, StoreRefusal,
    },
};

pub(super) const LONG: Duration = Duration::from_secs(60);

/// The size of a crowd.
pub(super) const CALLERS: usize = 64;

pub(super) struct Bench<'a, H: Harness> {
    pub(super) harness: &'a H,
    store: H::Store,
}

/// A request under test: fresh keys, so that a store that outlives the test can be used again.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) key: RecordKey,
    pub(super) owner: RecordKey,
    pub(super) payload: &'static [u8],
}

impl Subject {
    pub(super) fn claim_by(&self, browser: Option<RecordKey>) -> Claim {
        Claim { browser, ..Claim::new(self.key, self.owner) }
    }

    pub(super) fn request(&self) -> NewRequest<'static> {
        NewRequest::new(self.key, Owner::authenticated(self.owner), self.payload)
    }
}

impl<'a, H: Harness> Bench<'a, H> {
    pub(super) fn new(harness: &'a H) -> Self {
        Self { harness, store: harness.store() }
    }

    pub(super) fn subject(&self) -> Result<Subject, Violation> {
        self.subject_of(self.key()?)
    }

    /// Another request of an owner.
    pub(super) fn subject_of(&self, owner: RecordKey) -> Result<Subject, Violation> {
        Ok(Subject { key: self.key()?, owner, payload: b"payload \x00\xff" })
    }

    /// A subject that has been inserted.
    pub(super) fn waiting(&self) -> Result<Subject, Violation> {
        let subject = self.subject()?;
        expect("a new request is inserted", &self.insert(subject.request()), Result::is_ok)?;
        Ok(subject)
    }

    /// A subject that has been opened without a browser.
    pub(super) fn open(&self) -> Result<Subject, Violation> {
        let subject = self.waiting()?;
        expect("a request that waits is opened", &self.claim(subject.claim_by(None)), Result::is_ok)?;
        Ok(subject)
    }

    /// Marks that are new.
    pub(super) fn marks<const N: usize>(&self) -> Result<[ReplayMark; N], Violation> {
        let mut marks = [ReplayMark::new(MarkPurpose::Credential, RecordKey::from_bytes([0; 32]), LONG); N];
        for mark in &mut marks {
            mark.key = self.key()?;
        }
        Ok(marks)
    }

    pub(super) fn key(&self) -> Result<RecordKey, Violation> {
        let mut bytes = [0; 32];
        SystemRandom
            .fill(&mut bytes)
            .map_err(|error| Violation { promise: "the kit has random keys", observed: error.to_string() })?;
        Ok(RecordKey::from_bytes(bytes))
    }

    pub(super) fn insert(&self, request: NewRequest<'_>) -> Result<Remembered, InsertError> {
        self.insert_for(request, LONG)
    }

    pub(super) fn insert_for(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        self.harness.block_on(self.store.insert(request, lifetime))
    }

    pub(super) fn claim(&self, claim: Claim) -> Result<Claimed, ClaimError> {
        self.claim_for(claim, LONG)
    }

    pub(super) fn claim_for(&self, claim: Claim, lifetime: Duration) -> Result<Claimed, ClaimError> {
        self.harness.block_on(self.store.claim(claim, lifetime))
    }

    pub(super) fn consume(&self, claim: Claim) -> Result<(), ClaimError> {
        self.consume_for(claim, LONG)
    }

    pub(super) fn consume_for(&self, claim: Claim, lifetime: Duration) -> Result<(), ClaimError> {
        self.harness.block_on(self.store.consume(claim, lifetime))
    }

    pub(super) fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        self.harness.block_on(self.store.annotate(claim, annotation))
    }

    pub(super) fn extend(&self, claim: Claim, lifetime: Duration, longest: Duration) -> Result<Duration, ClaimError> {
        self.harness.block_on(self.store.extend(claim, Extension::new(lifetime, longest)))
    }

    pub(super) fn remember(&self, owner: RecordKey, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.harness.block_on(self.store.remember(Owner::authenticated(owner), marks))
    }

    pub(super) fn store(&self) -> &H::Store {
        &self.store
    }
}

pub(super) fn expect<T: Debug>(
    promise: &'static str,
    observed: &T,
    kept: impl FnOnce(&T) -> bool,
) -> Result<(), Violation> {
    if kept(observed) { Ok(()) } else { Err(Violation { promise, observed: format!("{observed:?}") }) }
}

/// Polls a future so many times, and drops it.
pub(super) async fn give_up<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}

/// Returns the outcomes of 64 callers, in no particular order.
pub(super) fn at_once<H: Harness, T: Send>(
    harness: &H,
    call: impl Fn(H::Store, usize) -> T + Sync,
) -> Result<Vec<T>, Violation> {
    let barrier = Barrier::new(CALLERS);
    // A harness that cannot open so many connections must fail here: once threads wait for each other, it would hang.
    let stores: Vec<H::Store> = (0..CALLERS).map(|_| harness.store()).collect();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = stores
            .into_iter()
            .enumerate()
            .map(|(caller, store)| {
                let (barrier, call) = (&barrier, &call);
                scope.spawn(move || {
                    barrier.wait();
                    call(store, caller)
                })
            })
            .collect();
        callers.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let panics = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    expect("no call panics", &panics, |panics| *panics == 0)?;
    Ok(outcomes.into_iter().flatten().collect())
}

pub(super) fn one_won<T: Debug, E: Debug>(outcomes: &[Result<T, E>], lost: impl Fn(&Result<T, E>) -> bool) -> bool {
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    won == 1 && outcomes.len() == CALLERS && outcomes.iter().filter(|outcome| outcome.is_err()).all(lost)
}

pub(super) fn is_replay_of<T>(expected: ReplayMark) -> impl Fn(&Result<T, StoreRefusal>) -> bool {
    move |outcome| matches!(outcome, Err(StoreRefusal::Replayed { mark }) if *mark == expected.key)
}
