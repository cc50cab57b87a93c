//! The operations, each a statement in a transaction of its own or in one of the host's.

use std::{ops::Deref, time::Duration};

use super::{
    PostgresStore,
    call::Call,
    errors::Failure,
    marks::Marks,
    parameter::{Bytes, Parameter, bytes, bytes_of, digest, number, numbers, whole_milliseconds},
    rows::{State, Stored, claimed, column, known, milliseconds, read},
    turn::Turns,
};
use crate::store::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, Owner, Remembered,
    ReplayMark, RequestStore, StoreRefusal, hygiene::Admitted,
};

/// The operations of a store, at one place.
pub(super) struct Operations<'a> {
    pub(super) store: &'a PostgresStore,
    pub(super) place: Place<'a>,
}

/// The place where operations are run.
pub(super) enum Place<'a> {
    /// In transactions of their own.
    Pool,
    /// In one of the host's.
    Transaction(&'a Turns<'a>),
}

impl<'a> Operations<'a> {
    pub(super) fn of(store: &'a PostgresStore) -> Self {
        Self { store, place: Place::Pool }
    }

    pub(super) async fn call(&self) -> Result<Call<'a>, Failure> {
        match self.place {
            Place::Pool => Call::begin(&self.store.pool, self.store.preparation, self.store.timeout).await,
            Place::Transaction(turns) => Call::begin_in(turns, self.store.timeout).await,
        }
    }

    async fn insert_within_room(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let Admitted { marks, remembered } = self.hygiene.admit(request.owner, request.marks);
        let (key, owner, lifetime) = (digest(&request.key), digest(&request.owner.key), whole_milliseconds(lifetime));
        let payload = Bytes(request.payload);
        let new: [Parameter<'_>; 4] = [bytes(&key), bytes(&owner), bytes(&payload), number(&lifetime)];
        if marks.is_empty() {
            let inserted = self.call().await?.query(&self.statements.insert, &new).await?;
            return if inserted.is_empty() { Err(InsertError::Exists) } else { Ok(remembered) };
        }
        let marks = Marks::new(&marks)?;
        let [key, owner, payload, lifetime] = new;
        let parameters = [key, owner, payload, lifetime, bytes_of(&marks.keys), numbers(&marks.lifetimes)];
        let rows = self.call().await?.query_or_fail(&self.statements.insert_with_marks, &parameters).await?;
        if let Some(mark) = known(&rows)? {
            return Err(InsertError::Refused(StoreRefusal::Replayed { mark }));
        }
        if column(&rows, 1)? { Err(InsertError::Exists) } else { Ok(remembered) }
    }

    async fn remember_within_room(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        let Admitted { marks, remembered } = self.hygiene.admit(owner, marks);
        match &*marks {
            [] => Ok(remembered),
            [mark] => {
                let (key, lifetime) = (digest(&mark.key), whole_milliseconds(mark.lifetime));
                let parameters = [bytes(&key), number(&lifetime)];
                let put_down = self.call().await?.query(&self.statements.remember, &parameters).await?;
                if put_down.is_empty() { Err(StoreRefusal::Replayed { mark: mark.key }) } else { Ok(remembered) }
            }
            several => {
                let marks = Marks::new(several)?;
                let parameters = [bytes_of(&marks.keys), numbers(&marks.lifetimes)];
                let rows = self.call().await?.query_or_fail(&self.statements.remember_many, &parameters).await?;
                known(&rows)?.map_or(Ok(remembered), |mark| Err(StoreRefusal::Replayed { mark }))
            }
        }
    }

    /// Reads the request as it is, and changes nothing.
    async fn look(&self, call: &mut Call<'_>, claim: &Claim) -> Result<Stored, ClaimError> {
        let rows = call.query(&self.statements.look, &[bytes(&digest(&claim.key))]).await?;
        Stored::read(rows.first().ok_or(ClaimError::Unknown)?, claim)
    }
}

impl Deref for Operations<'_> {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        self.store
    }
}

impl RequestStore for Operations<'_> {
    async fn insert(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let taken = self.room.for_request(&request, lifetime)?;
        taken.settle(self.insert_within_room(request, lifetime).await)
    }

    async fn claim(&self, claim: Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        let (key, owner, browser) = (digest(&claim.key), digest(&claim.owner), claim.browser.as_ref().map(digest));
        let lifetime = whole_milliseconds(login_lifetime);
        let parameters = [bytes(&key), bytes(&owner), bytes(&browser), number(&lifetime)];
        let mut call = self.call().await?;
        loop {
            let rows = call.query(&self.statements.claim, &parameters).await?;
            let row = rows.first().ok_or(ClaimError::Unknown)?;
            if read(row, 4)? || Stored::read(row, &claim)?.is_open_to(&claim) {
                let claimed = claimed(row)?;
                self.room.opened(&claim, &claimed, login_lifetime);
                return Ok(claimed);
            }
            // It was there to be opened or bound, and another was faster.
            call.again().await?;
        }
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let (key, owner, browser) = (digest(&claim.key), digest(&claim.owner), claim.browser.as_ref().map(digest));
        let lifetime = whole_milliseconds(remembered_for);
        let parameters = [bytes(&key), bytes(&owner), bytes(&browser), number(&lifetime)];
        let mut call = self.call().await?;
        loop {
            let spent = call.query(&self.statements.consume, &parameters).await?;
            if !spent.is_empty() {
                return Ok(());
            }
            if self.look(&mut call, &claim).await?.state == State::Waiting {
                return Err(ClaimError::Unknown);
            }
            // It was opened in between.
            call.again().await?;
        }
    }

    async fn annotate(&self, claim: Claim, annotation: Annotation<'_>) -> Result<(), AnnotateError> {
        let (key, owner, browser) = (digest(&claim.key), digest(&claim.owner), claim.browser.as_ref().map(digest));
        let (note, revision) = (Bytes(annotation.bytes), i64::from(annotation.revision));
        let parameters = [bytes(&key), bytes(&owner), bytes(&browser), bytes(&note), number(&revision)];
        let mut call = self.call().await?;
        loop {
            let annotated = call.query(&self.statements.annotate, &parameters).await?;
            if !annotated.is_empty() {
                return Ok(());
            }
            let stored = self.look(&mut call, &claim).await?;
            if stored.state == State::Waiting {
                return Err(ClaimError::Unknown.into());
            }
            if stored.revision != revision {
                return Err(AnnotateError::Changed);
            }
            // It was opened in between.
            call.again().await?;
        }
    }

    async fn extend(&self, claim: Claim, extension: Extension) -> Result<Duration, ClaimError> {
        let (key, owner, browser) = (digest(&claim.key), digest(&claim.owner), claim.browser.as_ref().map(digest));
        let [lifetime, longest] = [extension.lifetime, extension.longest].map(whole_milliseconds);
        let parameters = [bytes(&key), bytes(&owner), bytes(&browser), number(&lifetime), number(&longest)];
        let mut call = self.call().await?;
        loop {
            let extended = call.query(&self.statements.extend, &parameters).await?;
            if let Some(row) = extended.first() {
                return milliseconds(row, 0);
            }
            if self.look(&mut call, &claim).await?.state == State::Waiting {
                return Err(ClaimError::Unknown);
            }
            // It was opened in between.
            call.again().await?;
        }
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        let taken = self.room.for_marks(owner, marks)?;
        taken.settle_marks(self.remember_within_room(owner, marks).await)
    }
}
