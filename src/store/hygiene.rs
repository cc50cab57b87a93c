//! A bound for what is remembered for hygiene, of stores that are shared and cannot count over all nodes without making
//! them wait for each other: each process counts what it has put down itself.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{MarkPurpose, Owner, RecordKey, Remembered, ReplayMark};
use crate::clock::{Clock, SystemClock};

/// Clients are counted by a part of their key. Two that share it share what one of them can have.
const PLACES: usize = 4096;

/// The part that clients which have not authenticated can have together.
const PERCENT_OF_UNAUTHENTICATED: usize = 50;

/// Bounds the marks of hygiene that one process keeps alive in a store, about.
///
/// It counts what it put down in the present window, which is as long as marks live, and estimates from the window
/// before how many of that are still alive. So it needs no list of them.
pub(super) struct HygieneBudget {
    bounds: HygieneBounds,
    windows: Mutex<Windows>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct HygieneBounds {
    pub(super) marks: usize,
    pub(super) marks_per_client: usize,
}

impl Default for HygieneBounds {
    fn default() -> Self {
        Self { marks: 1_000_000, marks_per_client: 100_000 }
    }
}

/// The marks of a call that go to the store.
pub(super) struct Admitted<'a> {
    pub(super) marks: Cow<'a, [ReplayMark]>,
    pub(super) remembered: Remembered,
}

struct Windows {
    length: Duration,
    began: Duration,
    present: Counts,
    before: Counts,
}

#[derive(Default)]
struct Counts {
    all: usize,
    unauthenticated: usize,
    /// Empty as long as there is nothing to count.
    of_clients: Vec<u32>,
}

impl HygieneBudget {
    pub(super) fn new(bounds: HygieneBounds) -> Self {
        Self::by_clock(bounds, Arc::new(SystemClock))
    }

    fn by_clock(bounds: HygieneBounds, clock: Arc<dyn Clock>) -> Self {
        let windows = Windows {
            length: Duration::ZERO,
            began: Duration::ZERO,
            present: Counts::default(),
            before: Counts::default(),
        };
        Self { bounds, windows: Mutex::new(windows), clock }
    }

    /// Leaves out of the marks of a call what there is no room for.
    pub(super) fn admit<'a>(&self, owner: Owner, marks: &'a [ReplayMark]) -> Admitted<'a> {
        let is_hygiene = |mark: &ReplayMark| mark.purpose == MarkPurpose::Hygiene;
        if !marks.iter().any(is_hygiene) {
            return Admitted { marks: Cow::Borrowed(marks), remembered: Remembered::ALL };
        }
        let now = self.clock.elapsed();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted: Vec<ReplayMark> = marks
            .iter()
            .filter(|mark| !is_hygiene(mark) || windows.take(owner, mark.lifetime, self.bounds, now))
            .copied()
            .collect();
        let skipped = marks.len().saturating_sub(admitted.len());
        Admitted { marks: Cow::Owned(admitted), remembered: Remembered::all_but(skipped) }
    }
}

impl Windows {
    /// Counts one more, if there is room.
    fn take(&mut self, owner: Owner, lifetime: Duration, bounds: HygieneBounds, now: Duration) -> bool {
        self.length = self.length.max(lifetime);
        self.turn(now);
        // The older a window is, the less of the one before it is alive.
        let elapsed = now.saturating_sub(self.began);
        let alive = |present: usize, before: usize| {
            let left = self.length.saturating_sub(elapsed).as_millis();
            let of_before = (before as u128).saturating_mul(left).checked_div(self.length.as_millis()).unwrap_or(0);
            present.saturating_add(usize::try_from(of_before).unwrap_or(usize::MAX))
        };
        let place = place_of(&owner.key);
        let of_client = alive(self.present.of_client(place), self.before.of_client(place));
        let for_unauthenticated = bounds.marks.saturating_mul(PERCENT_OF_UNAUTHENTICATED).checked_div(100).unwrap_or(0);
        let has_room = of_client < bounds.marks_per_client
            && alive(self.present.all, self.before.all) < bounds.marks
            && (owner.is_authenticated
                || alive(self.present.unauthenticated, self.before.unauthenticated) < for_unauthenticated);
        if has_room {
            self.present.add(owner, place);
        }
        has_room
    }

    /// Begins a new window when the present one is over.
    fn turn(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.began);
        if elapsed < self.length {
            return;
        }
        let present = std::mem::take(&mut self.present);
        let is_recent = elapsed < self.length.saturating_mul(2);
        self.before = if is_recent { present } else { Counts::default() };
        self.began = if is_recent { self.began.saturating_add(self.length) } else { now };
    }
}

impl Counts {
    fn of_client(&self, place: usize) -> usize {
        self.of_clients.get(place).map_or(0, |count| usize::try_from(*count).unwrap_or(usize::MAX))
    }

    fn add(&mut self, owner: Owner, place: usize) {
        self.all = self.all.saturating_add(1);
        if !owner.is_authenticated {
            self.unauthenticated = self.unauthenticated.saturating_add(1);
        }
        if self.of_clients.is_empty() {
            self.of_clients = vec![0; PLACES];
        }
        if let Some(count) = self.of_clients.get_mut(place) {
            *count = count.saturating_add(1);
        }
    }
}

fn place_of(key: &RecordKey) -> usize {
    let [first, second, ..] = *key.as_bytes();
    usize::from(u16::from_be_bytes([first, second])) % PLACES
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{HygieneBounds, HygieneBudget};
    use crate::{
        clock::ManualClock,
        store::{MarkPurpose, Owner, RecordKey, ReplayMark},
    };

    const DAY: Duration = Duration::from_secs(86_400);

    fn client(number: u8) -> Owner {
        Owner::authenticated(RecordKey::from_bytes([number; 32]))
    }

    fn mark(purpose: MarkPurpose) -> ReplayMark {
        ReplayMark::new(purpose, RecordKey::from_bytes([7; 32]), DAY)
    }

    struct Test {
        budget: HygieneBudget,
        clock: ManualClock,
    }

    impl Test {
        fn new(marks: usize, marks_per_client: usize) -> Self {
            let clock = ManualClock::default();
            let bounds = HygieneBounds { marks, marks_per_client };
            Self { budget: HygieneBudget::by_clock(bounds, Arc::new(clock.clone())), clock }
        }

        /// Counts the attempts that there is room for.
        fn fits(&self, owner: impl Fn(u8) -> Owner, attempts: u8) -> usize {
            let hygiene = [mark(MarkPurpose::Hygiene)];
            (0..attempts).filter(|number| self.budget.admit(owner(*number), &hygiene).remembered.skipped == 0).count()
        }
    }

    #[test]
    fn a_client_has_its_share_and_all_have_theirs() {
        let test = Test::new(30, 10);
        assert_eq!(test.fits(|_| client(1), 50), 10);
        assert_eq!(test.fits(|_| client(2), 50), 10);
        assert_eq!(test.fits(client, 200), 10);
    }

    #[test]
    fn clients_that_have_not_authenticated_have_half() {
        let test = Test::new(30, 10);
        assert_eq!(test.fits(|number| Owner::unauthenticated(client(number).key), 200), 15);
        assert_eq!(test.fits(client, 200), 15);
    }

    #[test]
    fn what_protects_is_not_counted_and_never_left_out() {
        let test = Test::new(0, 0);
        let marks = [mark(MarkPurpose::Credential), mark(MarkPurpose::Hygiene), mark(MarkPurpose::Credential)];
        let admitted = test.budget.admit(client(1), &marks);
        assert_eq!((admitted.marks.len(), admitted.remembered.skipped), (2, 1));
        assert!(admitted.marks.iter().all(|mark| mark.purpose == MarkPurpose::Credential));
    }

    #[test]
    fn room_comes_back_as_marks_end() {
        let test = Test::new(100, 100);
        assert_eq!(test.fits(|_| client(1), 200), 100);
        test.clock.advance(DAY);
        assert!(test.fits(|_| client(1), 200) <= 1, "those of the window before are about to end");
        test.clock.advance(DAY / 2);
        assert!((49..=51).contains(&test.fits(|_| client(1), 200)));
        test.clock.advance(2 * DAY);
        assert_eq!(test.fits(|_| client(1), 200), 100);
    }

    #[test]
    fn a_steady_stream_within_the_bound_is_never_left_out() {
        let test = Test::new(100, 100);
        for _ in 0..2_000 {
            assert_eq!(test.fits(|_| client(1), 1), 1);
            test.clock.advance(DAY / 98);
        }
    }
}
