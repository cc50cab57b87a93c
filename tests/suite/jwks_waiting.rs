//! Many who need the keys of one client at the same time, some of whom do not wait for them.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    thread,
};

use parjar::FormRequest;

use crate::{
    jwks_cache::Fixture,
    support::FORM,
    tokens::{ES256_KEY, OTHER_ES256_KEY},
};

#[test]
fn of_64_who_need_the_same_keys_one_fetches_them() {
    let fixture = Fixture::new();
    fixture.source.slow_down();
    let bodies: Vec<String> = (0..64).map(|_| fixture.body("c1", &ES256_KEY, None)).collect();
    thread::scope(|scope| {
        for body in &bodies {
            scope.spawn(|| fixture.server.try_form(body).unwrap());
        }
    });
    assert_eq!(fixture.source.fetches(), 1);
    assert_eq!(fixture.server.store.len(), 64);

    // The same when the kid is new to everybody.
    fixture.source.publish(&[OTHER_ES256_KEY.public()]);
    fixture.server.pass(30);
    let bodies: Vec<String> = (0..64).map(|_| fixture.body("c1", &OTHER_ES256_KEY, None)).collect();
    thread::scope(|scope| {
        for body in &bodies {
            scope.spawn(|| fixture.server.try_form(body).unwrap());
        }
    });
    assert_eq!(fixture.source.fetches(), 2);
}

/// A push that can be left half done.
macro_rules! start {
    ($fixture:ident, $name:ident, $key:expr) => {
        let body = $fixture.body("c1", $key, None);
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
        let mut $name = Box::pin($fixture.server.par.push(&request));
    };
}

fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn while_somebody_waits_for_new_keys_everybody_else_uses_the_old_ones() {
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.server.pass(15 * 60);
    fixture.source.hold(true);
    start!(fixture, waiting, &ES256_KEY);
    assert!(poll(&mut waiting).is_pending());
    for _ in 0..10 {
        fixture.succeeds();
    }
    fixture.source.hold(false);
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(_))));
    assert_eq!(fixture.source.fetches(), 2);
}

#[test]
fn a_token_with_an_unknown_kid_holds_up_nobody_with_a_known_one() {
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.server.pass(60);
    fixture.source.hold(true);
    start!(fixture, waiting, &OTHER_ES256_KEY);
    assert!(poll(&mut waiting).is_pending());
    for _ in 0..10 {
        fixture.succeeds();
    }
    drop(waiting);
    fixture.succeeds();
}

#[test]
fn whoever_waits_for_a_fetch_that_its_caller_gives_up_gets_the_keys() {
    // S-18: a client that hangs up must not spoil it for others
    let fixture = Fixture::new();
    fixture.source.hold(true);
    start!(fixture, first, &ES256_KEY);
    start!(fixture, second, &ES256_KEY);
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    drop(first);
    fixture.source.hold(false);
    let mut outcome = poll(&mut second);
    if outcome.is_pending() {
        outcome = poll(&mut second);
    }
    assert!(matches!(outcome, Poll::Ready(Ok(_))), "{outcome:?}");
    assert!(fixture.source.fetches() <= 2);
}

#[test]
fn giving_up_fetches_again_and_again_locks_nobody_out() {
    // Anybody can send an unsigned token in the name of a client and hang up while its keys are being fetched.
    let fixture = Fixture::new();
    let mut succeeded = 0;
    for _ in 0..20 {
        fixture.source.hold(true);
        start!(fixture, attack, &OTHER_ES256_KEY);
        let _ = poll(&mut attack);
        drop(attack);
        fixture.source.hold(false);
        for _ in 0..15 {
            succeeded += usize::from(fixture.push("c1", &ES256_KEY).is_ok());
            fixture.server.pass(2);
        }
    }
    assert!(succeeded > 150, "{succeeded} of 300");
    assert!(fixture.source.fetches() <= 60, "{}", fixture.source.fetches());
}
