//! A bound for what clients that have not authenticated keep in a store that is shared. Any sender can use their names, so
//! that shares for each would bound nothing.
//!
//! Each process counts what it has put down itself, to the second at which it ends at the latest. One count for all
//! processes would be a row, or a key, that every push waits for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Claim, Claimed, InsertError, MarkPurpose, NewRequest, Owner, ReplayMark, StoreRefusal};
use crate::clock::{Clock, SystemClock, milliseconds};

/// Bytes that a request takes beside its payload, about.
const BOOKKEEPING: usize = 250;

/// Bytes that a mark takes, about.
#[cfg(feature = "redis")]
const BYTES_OF_MARK: usize = 210;

#[derive(Clone, Copy, Debug)]
pub(super) struct UnauthenticatedBounds {
    pub(super) requests: usize,
    pub(super) bytes: usize,
    /// Marks of credentials. Those of hygiene have bounds of their own.
    pub(super) marks: usize,
}

impl Default for UnauthenticatedBounds {
    fn default() -> Self {
        Self { requests: 200_000, bytes: 256 << 20, marks: 500_000 }
    }
}

/// Returns the bytes that a request takes without its marks, about.
pub(super) fn bytes_of(request: &NewRequest<'_>) -> usize {
    request.payload.len().saturating_add(BOOKKEEPING)
}

/// Returns the bytes that marks take, about.
#[cfg(feature = "redis")]
pub(super) fn bytes_of_marks(marks: &[ReplayMark]) -> usize {
    marks.len().saturating_mul(BYTES_OF_MARK)
}

/// The room that clients have together which have not authenticated.
pub(super) struct UnauthenticatedRoom {
    requests: Mutex<Ledger>,
    marks: Mutex<Ledger>,
    clock: Arc<dyn Clock>,
}

impl UnauthenticatedRoom {
    pub(super) fn new(bounds: UnauthenticatedBounds) -> Self {
        Self::by_clock(bounds, Arc::new(SystemClock))
    }

    fn by_clock(bounds: UnauthenticatedBounds, clock: Arc<dyn Clock>) -> Self {
        let ledger = |count, bytes| Mutex::new(Ledger { bounds: Amount { count, bytes }, ..Ledger::default() });
        Self { requests: ledger(bounds.requests, bounds.bytes), marks: ledger(bounds.marks, usize::MAX), clock }
    }

    /// Takes room for a request that waits, and for its marks.
    pub(super) fn for_request(&self, request: &NewRequest<'_>, lifetime: Duration) -> Result<Taken<'_>, StoreRefusal> {
        let mut taken = self.for_marks(request.owner, request.marks)?;
        if !request.owner.is_authenticated {
            let amount = Amount { count: 1, bytes: bytes_of(request) };
            match self.take(&self.requests, lifetime, amount) {
                Ok(entry) => taken.request = Some(entry),
                Err(refusal) => {
                    taken.give_back();
                    return Err(refusal);
                }
            }
        }
        Ok(taken)
    }

    /// Takes room for the marks of a call.
    pub(super) fn for_marks(&self, owner: Owner, marks: &[ReplayMark]) -> Result<Taken<'_>, StoreRefusal> {
        let mut taken = Taken { room: self, request: None, marks: Vec::new() };
        if !owner.is_authenticated {
            for mark in marks.iter().filter(|mark| mark.purpose == MarkPurpose::Credential) {
                match self.take(&self.marks, mark.lifetime, Amount { count: 1, bytes: 0 }) {
                    Ok(entry) => taken.marks.push(entry),
                    Err(refusal) => {
                        taken.give_back();
                        return Err(refusal);
                    }
                }
            }
        }
        Ok(taken)
    }

    /// Counts a request that was opened, for the time that it can be open. There is no bound for that: where there is no room left,
    /// pushes are refused, and no user whose login has begun.
    pub(super) fn opened(&self, claim: &Claim, claimed: &Claimed, login_lifetime: Duration) {
        if !claim.is_authenticated && claimed.open_for.is_zero() {
            let amount = Amount { count: 1, bytes: claimed.payload.len().saturating_add(BOOKKEEPING) };
            let now = milliseconds(self.clock.elapsed());
            let mut ledger = lock(&self.requests);
            // A process that opens requests may take no pushes, which would do it.
            ledger.sweep(now);
            ledger.count(now, milliseconds(login_lifetime), amount);
        }
    }

    fn take(&self, ledger: &Mutex<Ledger>, lifetime: Duration, amount: Amount) -> Result<Entry, StoreRefusal> {
        let now = milliseconds(self.clock.elapsed());
        let bound = "the room that this process has for clients that do not authenticate";
        let full = |retry_after| StoreRefusal::Full { bound, retry_after };
        lock(ledger).take(now, milliseconds(lifetime), amount).map_err(full)
    }
}

/// Room that a call has taken, and keeps unless it gives it back.
pub(super) struct Taken<'a> {
    room: &'a UnauthenticatedRoom,
    request: Option<Entry>,
    marks: Vec<Entry>,
}

impl Taken<'_> {
    /// Gives the room back after an answer that says that nothing was put down. After an outage there is no telling.
    pub(super) fn settle<T>(self, outcome: Result<T, InsertError>) -> Result<T, InsertError> {
        match &outcome {
            Ok(_) | Err(InsertError::Refused(StoreRefusal::Unavailable(_))) => {}
            Err(_) => self.give_back(),
        }
        outcome
    }

    /// The same for marks alone.
    pub(super) fn settle_marks<T>(self, outcome: Result<T, StoreRefusal>) -> Result<T, StoreRefusal> {
        match &outcome {
            Ok(_) | Err(StoreRefusal::Unavailable(_)) => {}
            Err(_) => self.give_back(),
        }
        outcome
    }

    fn give_back(self) {
        if let Some(entry) = self.request {
            lock(&self.room.requests).give_back(entry);
        }
        for entry in self.marks {
            lock(&self.room.marks).give_back(entry);
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    count: usize,
    bytes: usize,
}

impl Amount {
    fn and(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), bytes: self.bytes.saturating_add(other.bytes) }
    }

    fn without(self, other: Self) -> Self {
        Self { count: self.count.saturating_sub(other.count), bytes: self.bytes.saturating_sub(other.bytes) }
    }

    fn fits(self, bounds: Self) -> bool {
        self.count <= bounds.count && self.bytes <= bounds.bytes
    }
}

/// A part of a ledger, and the second at which it ends.
struct Entry {
    second: u64,
    amount: Amount,
}

/// An exact account of what is there, by the second at which it ends.
#[derive(Default)]
struct Ledger {
    bounds: Amount,
    present: Amount,
    ends: BTreeMap<u64, Amount>,
}

impl Ledger {
    /// Counts so much more. Where there is no room, the error is the time until there is.
    fn take(&mut self, now: u64, lifetime: u64, amount: Amount) -> Result<Entry, Duration> {
        self.sweep(now);
        if !self.present.and(amount).fits(self.bounds) {
            return Err(self.room_in(now, lifetime, amount));
        }
        Ok(self.count(now, lifetime, amount))
    }

    fn count(&mut self, now: u64, lifetime: u64, amount: Amount) -> Entry {
        let second = now.saturating_add(lifetime).div_ceil(1000);
        let of_second = self.ends.entry(second).or_default();
        *of_second = of_second.and(amount);
        self.present = self.present.and(amount);
        Entry { second, amount }
    }

    fn give_back(&mut self, entry: Entry) {
        if let Some(of_second) = self.ends.get_mut(&entry.second) {
            *of_second = of_second.without(entry.amount);
            self.present = self.present.without(entry.amount);
        }
    }

    fn sweep(&mut self, now: u64) {
        while let Some(oldest) = self.ends.first_entry().filter(|oldest| oldest.key().saturating_mul(1000) <= now) {
            self.present = self.present.without(oldest.remove());
        }
    }

    /// Where nothing ends that would make room, the bound itself is too narrow.
    fn room_in(&self, now: u64, lifetime: u64, amount: Amount) -> Duration {
        let mut left = self.present.and(amount);
        let second = self.ends.iter().find_map(|(second, ending)| {
            left = left.without(*ending);
            left.fits(self.bounds).then_some(*second)
        });
        let room_at = second.map_or(now.saturating_add(lifetime), |second| second.saturating_mul(1000));
        Duration::from_millis(room_at.saturating_sub(now))
    }
}

/// No code of others runs under the lock, so what a panic leaves behind is whole.
fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{BOOKKEEPING, UnauthenticatedBounds, UnauthenticatedRoom};
    use crate::{
        clock::ManualClock,
        store::{Claim, Claimed, MarkPurpose, NewRequest, Owner, RecordKey, ReplayMark, StoreRefusal},
    };

    const MINUTE: Duration = Duration::from_secs(60);
    const KEY: RecordKey = RecordKey::from_bytes([7; 32]);

    fn room(requests: usize, bytes: usize, marks: usize) -> (UnauthenticatedRoom, ManualClock) {
        let clock = ManualClock::default();
        let bounds = UnauthenticatedBounds { requests, bytes, marks };
        (UnauthenticatedRoom::by_clock(bounds, Arc::new(clock.clone())), clock)
    }

    fn public(number: u8) -> Owner {
        Owner::unauthenticated(RecordKey::from_bytes([number; 32]))
    }

    fn mark(purpose: MarkPurpose, lifetime: Duration) -> ReplayMark {
        ReplayMark::new(purpose, KEY, lifetime)
    }

    fn retry_after<T>(outcome: Result<T, StoreRefusal>) -> Option<Duration> {
        match outcome {
            Err(StoreRefusal::Full { retry_after, .. }) => Some(retry_after),
            Err(other) => panic!("{other:?}"),
            Ok(_) => None,
        }
    }

    #[test]
    fn requests_count_while_they_wait_and_while_they_are_open() {
        let (room, clock) = room(10, usize::MAX, 10);
        let push = |number| retry_after(room.for_request(&NewRequest::new(KEY, public(number), b""), MINUTE));
        for number in 0..10 {
            assert_eq!(push(number), None);
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(push(10), Some(Duration::from_secs(50)));
        assert!(room.for_request(&NewRequest::new(KEY, Owner::authenticated(KEY), b""), MINUTE).is_ok());

        clock.advance(Duration::from_secs(59));
        let (claim, login) = (Claim::new(KEY, KEY), 10 * MINUTE);
        let opened = |claim: Claim, open_for| room.opened(&claim, &Claimed::new(Vec::new(), open_for), login);
        for _ in 0..10 {
            opened(claim, Duration::ZERO);
            opened(claim.of_unauthenticated(), Duration::from_secs(1));
        }
        assert_eq!(
            push(11),
            None,
            "of clients that authenticate, and of pages that are loaded again, nothing is counted"
        );
        for _ in 0..12 {
            opened(claim.of_unauthenticated(), Duration::ZERO);
        }
        assert_eq!(push(12), Some(login));
        clock.advance(login);
        assert_eq!(push(13), None);
    }

    #[test]
    fn a_process_that_opens_requests_and_takes_no_pushes_forgets_those_that_ended() {
        let (room, clock) = room(10, usize::MAX, 10);
        let claim = Claim::new(KEY, KEY).of_unauthenticated();
        for _ in 0..100 {
            room.opened(&claim, &Claimed::new(Vec::new(), Duration::ZERO), MINUTE);
            clock.advance(Duration::from_secs(10));
        }
        assert!(super::lock(&room.requests).ends.len() <= 6);
    }

    #[test]
    fn bytes_are_bounded_and_a_big_request_waits_for_room_for_all_of_it() {
        let (room, clock) = room(100, 10 * (1_000 + BOOKKEEPING), 10);
        let payload = [0; 10_000];
        let push = |size: usize, seconds| {
            let lifetime = Duration::from_secs(seconds);
            retry_after(room.for_request(&NewRequest::new(KEY, public(1), &payload[..size]), lifetime))
        };
        for seconds in 1..=10 {
            assert_eq!(push(1_000, seconds), None);
        }
        assert_eq!(push(1, 5), Some(Duration::from_secs(1)));
        assert_eq!(push(2_000, 5), Some(Duration::from_secs(2)));
        clock.advance(Duration::from_secs(2));
        assert_eq!(push(2_000, 5), None);
        assert_eq!(push(10_000, 5), Some(Duration::from_secs(7)));
    }

    #[test]
    fn marks_of_credentials_count_and_others_do_not() {
        let (room, _) = room(10, usize::MAX, 3);
        let credential = mark(MarkPurpose::Credential, MINUTE);
        let hygiene = mark(MarkPurpose::Hygiene, MINUTE);
        assert!(room.for_marks(public(1), &[credential, hygiene, credential]).is_ok());
        assert_eq!(retry_after(room.for_marks(public(2), &[credential, credential])), Some(MINUTE));
        assert!(room.for_marks(public(3), &[credential]).is_ok(), "a call that is refused takes nothing");
        assert!(room.for_marks(public(3), &[credential]).is_err());
        assert!(room.for_marks(Owner::authenticated(KEY), &[credential; 9]).is_ok());
        assert!(room.for_marks(public(3), &[hygiene; 9]).is_ok());
    }

    #[test]
    fn room_that_is_given_back_is_there_again() {
        let (room, _) = room(1, usize::MAX, 1);
        let marks = [mark(MarkPurpose::Credential, MINUTE)];
        let request = NewRequest::new(KEY, public(1), b"").with_marks(&marks);
        for _ in 0..5 {
            room.for_request(&request, MINUTE).unwrap().give_back();
        }
        drop(room.for_request(&request, MINUTE).unwrap());
        assert!(room.for_marks(public(1), &marks).is_err());
        assert!(room.for_request(&NewRequest::new(KEY, public(1), b""), MINUTE).is_err());
    }

    #[test]
    fn a_request_that_is_refused_takes_no_room_for_its_marks() {
        let (room, _) = room(0, 0, 1);
        let marks = [mark(MarkPurpose::Credential, MINUTE)];
        assert!(room.for_request(&NewRequest::new(KEY, public(1), b"").with_marks(&marks), MINUTE).is_err());
        assert!(room.for_marks(public(1), &marks).is_ok());
    }
}
