//! The memory store: what ends once, what is put down once, and bounds.

use std::{sync::Arc, time::Duration};

use parjar::store::{
    Claim, ClaimError, InsertError, MarkPurpose, MemoryLimits, MemoryStore, NewRequest, Owner, RecordKey, ReplayMark,
    RequestStore as _, StoreRefusal,
};
use shuttle::future::block_on;

use crate::{at_once, explore};

const MINUTE: Duration = Duration::from_secs(60);

fn key(number: u8) -> RecordKey {
    RecordKey::from_bytes([number; 32])
}

fn owner(number: u8) -> Owner {
    Owner::authenticated(key(number))
}

fn mark(number: u8) -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, key(number), MINUTE)
}

fn insert(store: &MemoryStore, request: u8, of: u8, marks: &[ReplayMark]) -> Result<(), InsertError> {
    let request = NewRequest::new(key(request), owner(of), b"payload").with_marks(marks);
    block_on(store.insert(request, MINUTE)).map(drop)
}

fn bounded(change: impl FnOnce(&mut MemoryLimits)) -> Arc<MemoryStore> {
    let mut limits = MemoryLimits::default();
    change(&mut limits);
    Arc::new(MemoryStore::new(limits))
}

#[test]
fn of_three_that_end_a_request_one_does() {
    explore(|| {
        let store = bounded(|_| {});
        insert(&store, 1, 9, &[]).unwrap();
        let end = |store: Arc<MemoryStore>| {
            move || {
                let claim = Claim::new(key(1), key(9));
                block_on(async {
                    store.claim(claim, MINUTE).await?;
                    store.consume(claim, MINUTE).await
                })
            }
        };
        let outcomes = at_once((0..3).map(|_| end(Arc::clone(&store))));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(
            outcomes.iter().flat_map(|outcome| outcome.as_ref().err()).all(|error| matches!(error, ClaimError::Spent))
        );
        assert!(store.is_empty());
    });
}

#[test]
fn of_two_browsers_the_first_keeps_the_request() {
    explore(|| {
        let store = bounded(|_| {});
        insert(&store, 1, 9, &[]).unwrap();
        let open = |browser: u8, store: Arc<MemoryStore>| {
            let claim = Claim::new(key(1), key(9)).by_browser(key(browser));
            move || block_on(store.claim(claim, MINUTE)).is_ok() && block_on(store.consume(claim, MINUTE)).is_ok()
        };
        let ended = at_once([7, 8].map(|browser| open(browser, Arc::clone(&store))));
        assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
    });
}

#[test]
fn of_three_requests_with_the_same_mark_one_is_stored_and_the_mark_stays() {
    explore(|| {
        let store = bounded(|_| {});
        let push = |number: u8, store: Arc<MemoryStore>| move || insert(&store, number, number, &[mark(50)]);
        let outcomes = at_once([1, 2, 3].map(|number| push(number, Arc::clone(&store))));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(store.len(), 1);
        let later = insert(&store, 4, 4, &[mark(50)]);
        assert!(matches!(later, Err(InsertError::Refused(StoreRefusal::Replayed { .. }))));
    });
}

#[test]
fn marks_in_another_order_neither_wait_for_each_other_nor_both_pass() {
    explore(|| {
        let store = bounded(|_| {});
        let push = |number: u8, marks: [u8; 2], store: Arc<MemoryStore>| {
            move || insert(&store, number, number, &marks.map(mark))
        };
        let outcomes =
            at_once([(1, [50, 51]), (2, [51, 50])].map(|(number, marks)| push(number, marks, Arc::clone(&store))));
        let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(passed <= 1);
        // What was refused has left no mark.
        assert_eq!(insert(&store, 3, 3, &[mark(50), mark(51)]).is_ok(), passed == 0);
    });
}

#[test]
fn bounds_hold_and_what_ends_makes_room() {
    explore(|| {
        let store = bounded(|limits| limits.requests = 1);
        let push = |number: u8, store: Arc<MemoryStore>| {
            move || {
                let stored = insert(&store, number, number, &[mark(50 + number)]).is_ok();
                let claim = Claim::new(key(number), key(number));
                let ended = stored
                    && block_on(store.claim(claim, MINUTE)).is_ok()
                    && block_on(store.consume(claim, MINUTE)).is_ok();
                assert_eq!(stored, ended);
                stored
            }
        };
        let stored = at_once([1, 2, 3].map(|number| push(number, Arc::clone(&store))));
        assert!(stored.contains(&true));
        assert!(store.is_empty());
        // A push that was refused has taken its mark back.
        for (number, stored) in [1, 2, 3].into_iter().zip(stored) {
            assert_eq!(block_on(store.remember(owner(number), &[mark(50 + number)])).is_err(), stored);
        }
    });
}

#[test]
fn of_one_client_no_more_is_stored_than_its_share() {
    explore(|| {
        let store = bounded(|limits| limits.requests_per_client = 2);
        let push = |number: u8, store: Arc<MemoryStore>| move || insert(&store, number, 9, &[]);
        let outcomes = at_once([1, 2, 3].map(|number| push(number, Arc::clone(&store))));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
        assert_eq!(store.len(), 2);
    });
}
