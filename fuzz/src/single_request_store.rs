//! A store for one request: nothing in it grows, however long a fuzzer runs.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use parjar::store::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, Owner, RecordKey,
    Remembered, ReplayMark, RequestStore, StoreRefusal,
};

/// Keeps the last request, whatever its key, and the marks of one input.
#[derive(Clone, Default)]
pub struct SingleRequestStore(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    record: Option<Vec<u8>>,
    marks: Vec<RecordKey>,
}

impl SingleRequestStore {
    /// Forgets everything, and keeps this record for the next claim.
    pub fn put(&self, record: &[u8]) {
        *self.state() = State { record: Some(record.to_vec()), marks: Vec::new() };
    }

    pub fn clear(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of a mark that is known.
    fn mark(&self, marks: &[ReplayMark]) -> Result<(), RecordKey> {
        let mut state = self.state();
        for mark in marks {
            if state.marks.contains(&mark.key) {
                return Err(mark.key);
            }
            state.marks.push(mark.key);
        }
        Ok(())
    }
}

impl RequestStore for SingleRequestStore {
    async fn insert(&self, request: NewRequest<'_>, _: Duration) -> Result<Remembered, InsertError> {
        self.mark(request.marks).map_err(|mark| InsertError::Refused(StoreRefusal::Replayed { mark }))?;
        self.state().record = Some(request.payload.to_vec());
        Ok(Remembered::ALL)
    }

    async fn claim(&self, _: Claim, _: Duration) -> Result<Claimed, ClaimError> {
        let record = self.state().record.clone().ok_or(ClaimError::Unknown)?;
        Ok(Claimed::new(record, Duration::ZERO))
    }

    async fn annotate(&self, _: Claim, _: Annotation<'_>) -> Result<(), AnnotateError> {
        Err(AnnotateError::Changed)
    }

    async fn extend(&self, _: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        Ok(extension.lifetime)
    }

    async fn consume(&self, _: Claim, _: Duration) -> Result<(), ClaimError> {
        self.state().record.take().map(drop).ok_or(ClaimError::Spent)
    }

    async fn remember(&self, _: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        self.mark(marks).map_err(|mark| StoreRefusal::Replayed { mark })?;
        Ok(Remembered::ALL)
    }
}
