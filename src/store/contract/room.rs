//! Bounds, of a store that has some: what is left out, what is refused, and when to come back.

use std::time::Duration;

use super::{
    Harness, Violation,
    bench::{Bench, LONG, expect, is_replay_of},
    readiness::IS_READY,
};
use crate::store::{
    Claim, InsertError, MarkPurpose, NewRequest, Owner, RecordKey, Remembered, ReplayMark, RequestStore, StoreRefusal,
};

/// Marks of each purpose that there is room for.
const ROOM: usize = 8;

/// A bound may be kept roughly, by several counts for instance. Beyond this it is none.
const MANY: usize = 4 * ROOM;

const LIFETIME: Duration = Duration::from_secs(2);

/// With the second that a store may count in.
const LATEST: Duration = Duration::from_secs(3);

const ROOM_AGAIN: &str = "there is room at the time that was told";

const LEAVE_ROOM: &str = "clients that have not authenticated leave room for those that have";

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    let bounded = || bench.harness.bounded_store(ROOM).map(|store| Bounded { bench, store });
    let stores = [bounded(), bounded(), bounded(), bounded(), bounded(), bounded()];
    let [Some(first), Some(second), Some(third), Some(fourth), Some(fifth), Some(sixth)] = stores else {
        return Ok(());
    };
    hygiene_is_left_out_and_told(&first)?;
    credentials_are_refused_until_there_is_room(&second, Owner::authenticated)?;
    credentials_are_refused_until_there_is_room(&third, Owner::unauthenticated)?;
    public_clients_leave_room_for_others(&fourth, MarkPurpose::Credential)?;
    public_clients_leave_room_for_others(&fifth, MarkPurpose::Hygiene)?;
    requests_of_public_clients_leave_room_for_others(&sixth)
}

/// A store of its own, empty at first.
struct Bounded<'a, 'b, H: Harness> {
    bench: &'a Bench<'b, H>,
    store: H::Store,
}

impl<H: Harness> Bounded<'_, '_, H> {
    fn mark(&self, purpose: MarkPurpose) -> Result<ReplayMark, Violation> {
        Ok(ReplayMark::new(purpose, self.bench.key()?, LONG))
    }

    fn remember(&self, owner: Owner, mark: ReplayMark) -> Result<Remembered, StoreRefusal> {
        self.bench.harness.block_on(self.store.remember(owner, &[mark]))
    }

    fn insert(&self, request: NewRequest<'_>) -> Result<Remembered, InsertError> {
        self.bench.harness.block_on(self.store.insert(request, LONG))
    }
}

fn hygiene_is_left_out_and_told<H: Harness>(bounded: &Bounded<'_, '_, H>) -> Result<(), Violation> {
    const PROMISE: &str = "a mark of hygiene that there is no room for is left out, and the answer tells";
    let owner = Owner::authenticated(bounded.bench.key()?);
    let mut skipped = 0usize;
    for count in 0..MANY {
        let remembered = bounded.remember(owner, bounded.mark(MarkPurpose::Hygiene)?);
        expect(PROMISE, &remembered, |remembered| match remembered {
            Ok(remembered) => remembered.skipped <= 1 && (count > 0 || remembered.skipped == 0),
            Err(_) => false,
        })?;
        skipped = skipped.saturating_add(remembered.map_or(0, |remembered| remembered.skipped));
    }
    expect(PROMISE, &skipped, |skipped| (1..MANY).contains(skipped))?;
    let (credential, hygiene) = (bounded.mark(MarkPurpose::Credential)?, bounded.mark(MarkPurpose::Hygiene)?);
    let key = bounded.bench.key()?;
    let marks = [hygiene, credential];
    let inserted = bounded.insert(NewRequest::new(key, owner, b"payload").with_marks(&marks));
    expect(PROMISE, &inserted, |inserted| matches!(inserted, Ok(Remembered { skipped: 1 })))?;
    let claimed = bounded.bench.harness.block_on(bounded.store.claim(Claim::new(key, owner.key), LONG));
    expect("a request is inserted without the hygiene that there is no room for", &claimed, Result::is_ok)?;
    let known = bounded.remember(owner, credential);
    expect("hygiene takes no room of marks that protect", &known, is_replay_of(credential))
}

fn credentials_are_refused_until_there_is_room<H: Harness>(
    bounded: &Bounded<'_, '_, H>,
    owner: fn(RecordKey) -> Owner,
) -> Result<(), Violation> {
    for _ in 0..MANY {
        let mark = ReplayMark { lifetime: LIFETIME, ..bounded.mark(MarkPurpose::Credential)? };
        let retry_after = match bounded.remember(owner(bounded.bench.key()?), mark) {
            Ok(_) => continue,
            Err(StoreRefusal::Full { retry_after, .. } | StoreRefusal::OwnerLimit { retry_after }) => retry_after,
            Err(other) => return expect("a mark is taken down or there is no room for it", &other, |_| false),
        };
        expect("room comes back when the first mark ends", &retry_after, |after| *after <= LATEST)?;
        let hygiene = bounded.remember(Owner::authenticated(bounded.bench.key()?), bounded.mark(MarkPurpose::Hygiene)?);
        expect("marks that protect take no room of hygiene", &hygiene, |hygiene| {
            matches!(hygiene, Ok(Remembered { skipped: 0 }))
        })?;
        bounded.bench.harness.pass(retry_after);
        let again = bounded.remember(owner(bounded.bench.key()?), mark);
        return expect(ROOM_AGAIN, &again, Result::is_ok);
    }
    Ok(())
}

fn requests_of_public_clients_leave_room_for_others<H: Harness>(bounded: &Bounded<'_, '_, H>) -> Result<(), Violation> {
    let push = |owner: fn(RecordKey) -> Owner| {
        let request = NewRequest::new(bounded.bench.key()?, owner(bounded.bench.key()?), b"payload");
        Ok(bounded.bench.harness.block_on(bounded.store.insert(request, LIFETIME)))
    };
    for _ in 0..MANY {
        let retry_after = match push(Owner::unauthenticated)? {
            Ok(_) => continue,
            Err(InsertError::Refused(
                StoreRefusal::Full { retry_after, .. } | StoreRefusal::OwnerLimit { retry_after },
            )) => retry_after,
            Err(other) => return expect("a request is inserted or there is no room for it", &other, |_| false),
        };
        expect("room comes back when the first request ends", &retry_after, |after| *after <= LATEST)?;
        expect(LEAVE_ROOM, &push(Owner::authenticated)?, Result::is_ok)?;
        expect(IS_READY, &bounded.bench.harness.block_on(bounded.store.ready()), Result::is_ok)?;
        let mark = bounded.mark(MarkPurpose::Credential)?;
        expect(LEAVE_ROOM, &bounded.remember(Owner::authenticated(mark.key), mark), Result::is_ok)?;
        bounded.bench.harness.pass(retry_after);
        return expect(ROOM_AGAIN, &push(Owner::unauthenticated)?, Result::is_ok);
    }
    Ok(())
}

/// Each with a `client_id` of its own.
fn public_clients_leave_room_for_others<H: Harness>(
    bounded: &Bounded<'_, '_, H>,
    purpose: MarkPurpose,
) -> Result<(), Violation> {
    let has_room = |remembered: &Result<Remembered, StoreRefusal>| matches!(remembered, Ok(Remembered { skipped: 0 }));
    for _ in 0..MANY {
        let remembered = bounded.remember(Owner::unauthenticated(bounded.bench.key()?), bounded.mark(purpose)?);
        if !has_room(&remembered) {
            let remembered = bounded.remember(Owner::authenticated(bounded.bench.key()?), bounded.mark(purpose)?);
            return expect(LEAVE_ROOM, &remembered, has_room);
        }
    }
    Ok(())
}
