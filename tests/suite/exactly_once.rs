//! However many ask at once, one is granted.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use parjar::{
    AuthorizeRefusal, ClientRegistry, DenialCode, ManualClock, ParEndpoint, Pending, Reason,
    store::{MemoryStore, RequestStore},
};

use crate::{
    host::{HostStore, builder, endpoint, open, page, push},
    support::{ISSUER, browser_with, code_request, request_uri},
};

const CALLERS: usize = 64;
const ROUNDS: usize = 200;

/// In each round `prepare` makes something that all callers then use at the same moment; `check` sees what came of it.
fn race<T: Sync + Send, R: Send>(
    prepare: impl Fn() -> T + Sync,
    call: impl Fn(&T, usize) -> R + Sync,
    check: impl Fn(&T, Vec<R>) + Sync,
) {
    let barrier = Barrier::new(CALLERS);
    let subject = Mutex::new(None);
    let outcomes = Mutex::new(Vec::new());
    let failed = AtomicBool::new(false);
    // A panic must not leave the others waiting for ever.
    let attempt = |step: &dyn Fn()| {
        if !failed.load(Ordering::SeqCst) && catch_unwind(AssertUnwindSafe(step)).is_err() {
            failed.store(true, Ordering::SeqCst);
        }
    };
    let round = |caller: usize| {
        if barrier.wait().is_leader() {
            attempt(&|| *subject.lock().unwrap() = Some(Arc::new(prepare())));
        }
        barrier.wait();
        let shared = subject.lock().unwrap().clone();
        barrier.wait();
        attempt(&|| {
            let outcome = call(shared.as_ref().unwrap(), caller);
            outcomes.lock().unwrap().push(outcome);
        });
        if barrier.wait().is_leader() {
            attempt(&|| check(shared.as_ref().unwrap(), std::mem::take(&mut *outcomes.lock().unwrap())));
        }
    };
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let round = &round;
            scope.spawn(move || (0..ROUNDS).for_each(|_| round(caller)));
        }
    });
    assert!(!failed.load(Ordering::SeqCst));
}

/// Exactly one success; everybody else is refused for this reason.
fn one_wins<T: std::fmt::Debug>(outcomes: Vec<Result<T, AuthorizeRefusal>>, lost: Reason) {
    let (won, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), refused.len()), (1, CALLERS - 1));
    for refusal in refused {
        assert_eq!(page(refusal).reason(), lost);
    }
}

fn pushed<C: ClientRegistry, S: RequestStore>(par: &ParEndpoint<C, S>) -> String {
    request_uri(&push(par, "basic", &code_request(&[])))
}

#[test]
fn of_64_completions_of_one_login_one_is_granted() {
    // PAR-075, P-20
    let par = endpoint(MemoryStore::default());
    race(
        || open(&par, &pushed(&par), Some("one")).unwrap(),
        // One that keeps its grant to itself has the others wait.
        |pending, _| pollster::block_on(par.complete(pending)).map(drop),
        |_, outcomes| one_wins(outcomes, Reason::AlreadyAnswered),
    );
}

fn of_64_tabs_one_is_granted<S: RequestStore + Clone>(store: S) {
    let nodes = [(); 2].map(|()| builder(ISSUER).store(store.clone()).build().unwrap());
    race(
        || {
            let handle = pushed(&nodes[0]);
            let tabs: Vec<Pending> =
                (0..CALLERS).map(|caller| open(&nodes[caller % 2], &handle, None).unwrap()).collect();
            (handle, tabs)
        },
        |(_, tabs), caller| pollster::block_on(nodes[(caller / 2) % 2].complete(&tabs[caller])),
        |(handle, _), outcomes| {
            one_wins(outcomes, Reason::SpentRequestUri);
            assert_eq!(page(open(&nodes[1], handle, None)).reason(), Reason::SpentRequestUri);
        },
    );
}

#[test]
fn of_64_tabs_on_two_nodes_one_is_granted() {
    // PAR-075, P-20
    let store = MemoryStore::default();
    of_64_tabs_one_is_granted(store.clone());
    assert!(store.is_empty());
}

#[test]
fn of_64_tabs_on_two_nodes_with_a_store_of_the_host_one_is_granted() {
    of_64_tabs_one_is_granted(HostStore::new(ManualClock::default()));
}

#[test]
fn of_64_browsers_one_gets_the_request() {
    // P-20
    let store = MemoryStore::default();
    let nodes = [(); 2].map(|()| builder(ISSUER).store(store.clone()).build().unwrap());
    let browsers: Vec<String> = (0..CALLERS).map(|browser| browser.to_string()).collect();
    race(
        || pushed(&nodes[0]),
        |handle, caller| open(&nodes[caller % 2], handle, Some(&browsers[caller])),
        |_, outcomes| one_wins(outcomes, Reason::OtherBrowser),
    );
}

#[test]
fn a_denial_and_a_completion_exclude_each_other() {
    // PAR-026
    let par = endpoint(MemoryStore::default());
    race(
        || open(&par, &pushed(&par), None).unwrap(),
        |pending, caller| {
            if caller % 2 == 0 {
                pollster::block_on(par.complete(pending)).map(drop)
            } else {
                pollster::block_on(par.deny(pending, DenialCode::AccessDenied)).map(drop)
            }
        },
        |_, outcomes| one_wins(outcomes, Reason::SpentRequestUri),
    );
}

#[test]
fn a_reload_at_the_moment_of_completion_brings_nothing_back() {
    // PAR-074, P-18
    let par = endpoint(MemoryStore::default());
    race(
        || {
            let handle = pushed(&par);
            let pending = open(&par, &handle, Some("one")).unwrap();
            (handle, pending)
        },
        |(handle, pending), caller| {
            if caller % 2 == 0 {
                pollster::block_on(par.complete(pending)).is_ok()
            } else {
                let _ = open(&par, handle, Some(["one", "two"][(caller / 2) % 2]));
                false
            }
        },
        |(handle, pending), outcomes| {
            assert_eq!(outcomes.into_iter().filter(|granted| *granted).count(), 1);
            assert_eq!(page(open(&par, handle, Some("one"))).reason(), Reason::SpentRequestUri);
            assert_eq!(page(pollster::block_on(par.complete(pending))).reason(), Reason::AlreadyAnswered);
        },
    );
}

#[test]
fn other_clients_at_the_same_moment_do_no_harm() {
    // P-05
    let par = endpoint(MemoryStore::default());
    race(
        || pushed(&par),
        |handle, caller| match caller {
            0 => open(&par, handle, Some("one")).map(Some),
            _ => {
                let stolen = pollster::block_on(
                    par.authorize(&format!("client_id=other&request_uri={handle}"), browser_with(Some("x"))),
                );
                assert_eq!(page(stolen).reason(), Reason::ForeignRequestUri);
                Ok(None)
            }
        },
        |_, outcomes| {
            let pending = outcomes.into_iter().find_map(|outcome| outcome.unwrap()).unwrap();
            assert!(pollster::block_on(par.complete(&pending)).is_ok());
        },
    );
}

#[test]
fn the_last_place_in_the_store_is_given_once() {
    // P-25
    let mut limits = parjar::store::MemoryLimits::default();
    (limits.requests, limits.requests_per_client) = (10, 10);
    let par = endpoint(MemoryStore::new(limits));
    race(
        || (0..9).map(|_| pushed(&par)).collect::<Vec<_>>(),
        |_, _| push(&par, "basic", &code_request(&[])),
        |handles, replies| {
            let (accepted, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status() == 201);
            assert_eq!((accepted.len(), refused.len()), (1, CALLERS - 1));
            for handle in handles.iter().cloned().chain(accepted.iter().map(request_uri)) {
                let pending = open(&par, &handle, None).unwrap();
                assert!(pollster::block_on(par.complete(&pending)).is_ok());
            }
        },
    );
}
