//! Logins that take several pages: what the host notes on a request meanwhile, and the time that it takes.

use std::thread;

use parjar::{
    AnnotateRefusal, AuthorizeRefusal, InMemoryRegistry, ParEndpoint, Pending, Policy, Reason, store::StoreError,
};

use crate::{
    host::{endpoint, open, page, push},
    store_double::{Call, Disturbance, StoreDouble},
    support::{CALLBACK, ISSUER, Server, basic, browser_with, client, code_request, form, request_uri},
};

fn with_policy(set: impl FnOnce(&mut Policy)) -> Server {
    let mut policy = Policy::oauth();
    set(&mut policy);
    Server::with(policy, [basic("basic"), basic("other")])
}

fn query(handle: &str) -> String {
    format!("client_id=basic&request_uri={handle}")
}

/// A request that the browser `one` has opened.
fn opened(server: &Server) -> Pending {
    let handle = server.pushed(&code_request(&[("state", "s")]));
    server.authorize(&query(&handle), Some("one")).unwrap()
}

fn again(server: &Server, pending: &Pending) -> Result<Pending, AuthorizeRefusal> {
    server.authorize(&query(pending.request_uri().unwrap()), Some("one"))
}

fn annotate(server: &Server, pending: &Pending, note: &[u8]) -> Result<Pending, AnnotateRefusal> {
    pollster::block_on(server.par.annotate(pending, note))
}

fn extend(server: &Server, pending: &Pending) -> Result<u64, AuthorizeRefusal> {
    pollster::block_on(server.par.extend(pending)).map(|left| left.as_secs())
}

fn reason<T: std::fmt::Debug>(refused: Result<T, AnnotateRefusal>) -> Reason {
    match refused {
        Err(AnnotateRefusal::Refused(refusal)) => page(Err::<T, _>(refusal)).reason(),
        other => panic!("{other:?}"),
    }
}

/// Another node over the same store.
fn node(server: &Server) -> ParEndpoint {
    ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .store(server.store.clone())
        .clock(server.clock.clone())
        .build()
        .unwrap()
}

#[test]
fn what_one_page_notes_the_next_page_knows_on_every_node() {
    let server = Server::new();
    let pending = opened(&server);
    assert_eq!(pending.annotation(), b"");
    let noted = annotate(&server, &pending, b"user=alice").unwrap();
    assert_eq!((noted.annotation(), pending.annotation()), (&b"user=alice"[..], &b""[..]));
    let there =
        pollster::block_on(node(&server).authorize(&query(pending.request_uri().unwrap()), browser_with(Some("one"))));
    assert_eq!(there.unwrap().annotation(), b"user=alice");
    let chosen = annotate(&server, &noted, b"user=alice account=\x00\xff").unwrap();
    assert_eq!(again(&server, &pending).unwrap().annotation(), b"user=alice account=\x00\xff");
    annotate(&server, &chosen, b"").unwrap();
    let last = again(&server, &pending).unwrap();
    assert_eq!(last.annotation(), b"");
    assert_eq!(last.request().state(), Some("s"));
    assert!(pollster::block_on(server.par.complete(&last)).is_ok());
}

#[test]
fn of_two_pages_that_have_read_the_same_note_one_changes_it() {
    let server = Server::new();
    let pending = opened(&server);
    let outcomes: Vec<bool> = thread::scope(|scope| {
        let (server, pending) = (&server, &pending);
        let callers: Vec<_> =
            (0..64u8).map(|number| scope.spawn(move || annotate(server, pending, &[number]))).collect();
        callers
            .into_iter()
            .map(|caller| match caller.join().unwrap() {
                Ok(_) => true,
                Err(AnnotateRefusal::Changed) => false,
                Err(other) => panic!("{other:?}"),
            })
            .collect()
    });
    assert_eq!(outcomes.iter().filter(|won| **won).count(), 1);
    assert!(matches!(annotate(&server, &pending, b"late"), Err(AnnotateRefusal::Changed)));
    let read = again(&server, &pending).unwrap();
    assert!(annotate(&server, &read, b"after reading").is_ok());
}

#[test]
fn other_browsers_and_clients_neither_write_nor_read_a_note() {
    let server = Server::new();
    let pending = opened(&server);
    annotate(&server, &pending, b"alice").unwrap();
    let handle = pending.request_uri().unwrap();
    assert_eq!(page(server.authorize(&query(handle), Some("two"))).reason(), Reason::OtherBrowser);
    assert_eq!(page(server.authorize(&query(handle), None)).reason(), Reason::OtherBrowser);
    let of_other = format!("client_id=other&request_uri={handle}");
    assert_eq!(page(server.authorize(&of_other, Some("one"))).reason(), Reason::ForeignRequestUri);
    // A host that did not bind its browser is held to the one that has come since.
    let unbound = server.open(&server.pushed(&code_request(&[]))).unwrap();
    server.authorize(&query(unbound.request_uri().unwrap()), Some("one")).unwrap();
    assert_eq!(reason(annotate(&server, &unbound, b"mallory")), Reason::OtherBrowser);
    assert_eq!(page(pollster::block_on(server.par.extend(&unbound))).reason(), Reason::OtherBrowser);
}

#[test]
fn a_note_is_short() {
    let server = Server::new();
    let pending = opened(&server);
    assert!(matches!(annotate(&server, &pending, &[7; 1025]), Err(AnnotateRefusal::TooLong)));
    assert!(annotate(&server, &pending, &[7; 1024]).is_ok());
    assert_eq!(again(&server, &pending).unwrap().annotation(), [7; 1024]);
}

#[test]
fn a_login_that_is_over_takes_neither_notes_nor_time() {
    let server = Server::new();
    let spent = opened(&server);
    pollster::block_on(server.par.complete(&spent)).unwrap();
    assert_eq!(reason(annotate(&server, &spent, b"late")), Reason::SpentRequestUri);
    assert_eq!(page(extend(&server, &spent)).reason(), Reason::SpentRequestUri);
    let expired = opened(&server);
    server.pass(600);
    assert_eq!(reason(annotate(&server, &expired, b"late")), Reason::UnknownRequestUri);
    assert_eq!(page(extend(&server, &expired)).reason(), Reason::UnknownRequestUri);
}

#[test]
fn a_user_who_goes_on_has_time_up_to_the_bound_of_the_policy() {
    let server = Server::new();
    let pending = opened(&server);
    for passed in (500..3000).step_by(500) {
        server.pass(500);
        assert_eq!(extend(&server, &pending).unwrap(), 600, "after {passed} s");
        assert_eq!(extend(&server, &pending).unwrap(), 600, "however often");
    }
    server.pass(590);
    let left = extend(&server, &pending).unwrap();
    assert_eq!(left, 3600 - 2500 - 590);
    server.pass(left - 1);
    let last = again(&server, &pending).unwrap();
    assert_eq!(extend(&server, &last).unwrap(), 1);
    assert_eq!(last.asked_at(), pending.asked_at(), "the request was opened when it was");
    server.pass(1);
    assert_eq!(page(again(&server, &pending)).reason(), Reason::UnknownRequestUri);
    assert!(page(extend(&server, &pending)).reason() == Reason::UnknownRequestUri);
}

#[test]
fn more_time_than_a_policy_allows_is_none() {
    let server = with_policy(|policy| (policy.login_lifetime, policy.longest_login) = (100, 100));
    let pending = opened(&server);
    server.pass(60);
    assert_eq!(extend(&server, &pending).unwrap(), 40);
    server.pass(40);
    assert!(again(&server, &pending).is_err());
}

#[test]
fn the_longest_login_is_no_shorter_than_a_login_and_an_hour_at_most() {
    // P-23
    for (login, longest, good) in [(600, 600, true), (600, 3600, true), (600, 599, false), (600, 3601, false)] {
        let mut policy = Policy::oauth();
        (policy.login_lifetime, policy.longest_login) = (login, longest);
        let clients = InMemoryRegistry::new([client(basic("basic"))]).unwrap();
        match ParEndpoint::builder(ISSUER).policy(policy).clients(clients).build() {
            Ok(_) => assert!(good, "{login} {longest}"),
            Err(error) => {
                assert!(!good, "{login} {longest}");
                assert!(error.to_string().starts_with("policy.longest_login: "), "{error}");
            }
        }
    }
}

#[test]
fn a_request_in_the_query_has_no_note_and_time_from_each_opening() {
    let server = Server::new();
    let plain = form([("client_id", "basic"), ("response_type", "code"), ("redirect_uri", CALLBACK)]);
    let pending = server.authorize(&plain, Some("one")).unwrap();
    assert_eq!(pending.annotation(), b"");
    assert!(matches!(annotate(&server, &pending, b"alice"), Err(AnnotateRefusal::NotPushed)));
    assert_eq!(extend(&server, &pending).unwrap(), 600);
}

/// A store that is down for notes and more time.
#[derive(Clone, Default)]
struct Down;

impl Disturbance for Down {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        match call {
            Call::Annotate(_) | Call::Extend => Err(StoreError::new("db-7 is down")),
            _ => Ok(()),
        }
    }
}

#[test]
fn an_outage_is_a_page_with_503() {
    // O-05
    let par = endpoint(StoreDouble::<Down>::default());
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    let pending = open(&par, &handle, Some("one")).unwrap();
    let refused = pollster::block_on(par.annotate(&pending, b"alice"));
    assert!(!format!("{refused:?}").contains("db-7"));
    assert_eq!(reason(refused), Reason::StoreUnavailable);
    let refused = pollster::block_on(par.extend(&pending)).unwrap_err();
    assert_eq!((refused.page_status(), refused.refusal().reason()), (503, Reason::StoreUnavailable));
}

#[test]
fn a_note_is_not_shown_in_debug_output() {
    // O-01
    let server = Server::new();
    let noted = annotate(&server, &opened(&server), b"alice@example.com").unwrap();
    let shown = format!("{noted:?} {:?}", server.store);
    assert!(!shown.contains("alice") && !shown.contains("97, 108, 105"), "{shown}");
}
