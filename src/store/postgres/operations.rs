//! The operations, each a statement in a transaction of its own or in one of the host's.

use std::{ops::Deref, time::Duration};

use super::{
    PostgresStore,
    call::Call,
    errors::{Failure, PostgresStoreError},
    marks::Marks,
    parameter::{
        Parameter::{self, Bytes, Number},
        digest, lifetime as time, maybe_digest,
    },
    rows::{State, Stored, claimed, column, known, milliseconds, read},
    schema::VERSION,
    turn::Turns,
};
use crate::store::{
    AnnotateError, Annotation, Claim, ClaimError, Claimed, Extension, InsertError, NewRequest, NotReady,
    NotReadyReason, Owner, Remembered, ReplayMark, RequestStore, StoreRefusal, hygiene::Admitted,
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
    Transaction(&'a (dyn Turns + 'a)),
}

impl<'a> Operations<'a> {
    pub(super) fn of(store: &'a PostgresStore) -> Self {
        Self { store, place: Place::Pool }
    }

    pub(super) async fn call(&self) -> Result<Call<'a>, Failure> {
        match self.place {
            Place::Pool => Call::begin(&*self.store.connector.0, self.store.preparation, self.store.timeout).await,
            Place::Transaction(turns) => Call::begin_in(turns, self.store.timeout).await,
        }
    }

    async fn insert_within_room(&self, request: NewRequest<'_>, lifetime: Duration) -> Result<Remembered, InsertError> {
        let Admitted { marks, remembered } = self.hygiene.admit(request.owner, request.marks);
        let (key, owner) = (digest(&request.key), digest(&request.owner.key));
        let (payload, lifetime) = (Bytes(request.payload), time(lifetime));
        if marks.is_empty() {
            let inserted = self.call().await?.query(&self.statements.insert, &[key, owner, payload, lifetime]).await?;
            return if inserted.is_empty() { Err(InsertError::Exists) } else { Ok(remembered) };
        }
        let marks = Marks::new(&marks)?;
        let [keys, lifetimes] = marks.parameters();
        let parameters = [key, owner, payload, lifetime, keys, lifetimes];
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
                let parameters = [digest(&mark.key), time(mark.lifetime)];
                let put_down = self.call().await?.query(&self.statements.remember, &parameters).await?;
                if put_down.is_empty() { Err(StoreRefusal::Replayed { mark: mark.key }) } else { Ok(remembered) }
            }
            several => {
                let marks = Marks::new(several)?;
                let rows =
                    self.call().await?.query_or_fail(&self.statements.remember_many, &marks.parameters()).await?;
                known(&rows)?.map_or(Ok(remembered), |mark| Err(StoreRefusal::Replayed { mark }))
            }
        }
    }

    /// Opens a request, or reads one that is open.
    async fn open(&self, call: &mut Call<'_>, claim: &Claim, login_lifetime: Duration) -> Result<Claimed, ClaimError> {
        let [key, owner, browser] = claimed_by(claim);
        loop {
            let opened = call.query(&self.statements.open, &[key, owner, browser, time(login_lifetime)]).await?;
            if let Some(row) = opened.first() {
                return Ok(Claimed::new(read(row, 0)?, Duration::ZERO));
            }
            let rows = call.query(&self.statements.read, &[key, owner]).await?;
            let row = rows.first().ok_or(ClaimError::Unknown)?;
            let stored = Stored::read(row, claim)?;
            if stored.is_open_to(claim) {
                return claimed(row);
            }
            if stored.state == State::Open {
                let bound = call.query(&self.statements.bind, &[key, owner, browser]).await?;
                if let Some(row) = bound.first() {
                    return claimed(row);
                }
            }
            // It was inserted, or another browser was faster.
            call.again().await?;
        }
    }

    /// Reads a request that this process has seen open. `None` if that is not all there is to do.
    async fn read_again(&self, call: &mut Call<'_>, claim: &Claim) -> Result<Option<Claimed>, ClaimError> {
        if !self.opened.has_seen(&claim.key) {
            return Ok(None);
        }
        let [key, owner, _] = claimed_by(claim);
        let rows = call.query(&self.statements.read, &[key, owner]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if Stored::read(row, claim)?.is_open_to(claim) { claimed(row).map(Some) } else { Ok(None) }
    }

    /// Reads the request as it is, and changes nothing.
    async fn look(&self, call: &mut Call<'_>, claim: &Claim) -> Result<Stored, ClaimError> {
        let rows = call.query(&self.statements.look, &[digest(&claim.key)]).await?;
        Stored::read(rows.first().ok_or(ClaimError::Unknown)?, claim)
    }
}

/// Key, owner and browser.
fn claimed_by(claim: &Claim) -> [Parameter<'_>; 3] {
    [digest(&claim.key), digest(&claim.owner), maybe_digest(claim.browser.as_ref())]
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
        let mut call = self.call().await?;
        let claimed = match self.read_again(&mut call, &claim).await? {
            Some(claimed) => claimed,
            None => self.open(&mut call, &claim, login_lifetime).await?,
        };
        self.room.opened(&claim, &claimed, login_lifetime);
        self.opened.note(&claim.key);
        Ok(claimed)
    }

    async fn consume(&self, claim: Claim, remembered_for: Duration) -> Result<(), ClaimError> {
        let [key, owner, browser] = claimed_by(&claim);
        let parameters = [key, owner, browser, time(remembered_for)];
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
        let [key, owner, browser] = claimed_by(&claim);
        let revision = i64::from(annotation.revision);
        let parameters = [key, owner, browser, Bytes(annotation.bytes), Number(revision)];
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
        let [key, owner, browser] = claimed_by(&claim);
        let parameters = [key, owner, browser, time(extension.lifetime), time(extension.longest)];
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

    async fn ready(&self) -> Result<(), NotReady> {
        let mut call = self.call().await?;
        let rows = call.query_or_fail(&self.statements.ready, &[]).await?;
        if !column::<bool>(&rows, 0)? {
            return Ok(());
        }
        let rows = call.query_or_fail(&self.statements.version, &[]).await?;
        match column::<Option<i32>>(&rows, 0)? {
            Some(found) if found > VERSION => {
                let newer = PostgresStoreError::NewerSchema { found, known: VERSION };
                Err(NotReady::new(NotReadyReason::Schema, newer))
            }
            _ => Ok(()),
        }
    }

    async fn remember(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Remembered, StoreRefusal> {
        let taken = self.room.for_marks(owner, marks)?;
        taken.settle_marks(self.remember_within_room(owner, marks).await)
    }
}
