//! A second click on a button: the same browser gets the same answer, for some seconds, and nobody else does.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
    thread,
};

use parjar::{
    AuthorizeRefusal, BindingCookies, Browser, Decision, DenialCode, ParEndpoint, Pending, Reason, Reply,
    store::{MemoryStore, StoreError},
};

use crate::{
    host::{builder, endpoint, page, pause, push},
    store_double::{Call, Disturbance, StoreDouble},
    support::{ISSUER, Server, browser_with, code_request, request_uri},
};

const CLICKS: usize = 64;
const DENY: Decision = Decision::Deny(DenialCode::AccessDenied);

fn query(handle: &str) -> String {
    format!("client_id=basic&request_uri={handle}")
}

fn decide(
    par: &ParEndpoint,
    handle: &str,
    browser: Option<&str>,
    decision: Decision,
) -> Result<Pending, AuthorizeRefusal> {
    pollster::block_on(par.authorize_decision(&query(handle), browser_with(browser), decision))
}

/// What the handler of a host does: the answer, and whether a code was issued for it.
async fn approve(
    par: &ParEndpoint,
    handle: &str,
    browser: Option<&str>,
    code: &str,
) -> Result<Reply, AuthorizeRefusal> {
    let pending = par.authorize_decision(&query(handle), browser_with(browser), Decision::Approve).await?;
    Ok(par.complete(&pending).await?.respond([("code", code)]).await?.into())
}

fn opened() -> (Server, String) {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("state", "s")]));
    server.authorize(&query(&handle), Some("one")).unwrap();
    (server, handle)
}

fn again(refused: Result<Reply, AuthorizeRefusal>) -> Reply {
    match refused {
        Err(AuthorizeRefusal::Answered(answer)) => {
            let reply = Reply::from(answer.response().clone());
            assert!(reply == Reply::from(AuthorizeRefusal::Answered(answer)));
            reply
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn a_second_click_gets_the_same_answer_for_ten_seconds() {
    let (server, handle) = opened();
    let first = pollster::block_on(approve(&server.par, &handle, Some("one"), "first")).unwrap();
    assert!(first.header("location").unwrap().contains("code=first"));
    for _ in 0..3 {
        assert!(again(pollster::block_on(approve(&server.par, &handle, Some("one"), "later"))) == first);
    }
    server.pass(9);
    assert!(again(pollster::block_on(approve(&server.par, &handle, Some("one"), "later"))) == first);
    server.pass(1);
    let later = decide(&server.par, &handle, Some("one"), Decision::Approve);
    assert_eq!(page(later).reason(), Reason::SpentRequestUri);
}

#[test]
fn a_second_denial_gets_the_same_answer() {
    let (server, handle) = opened();
    let pending = decide(&server.par, &handle, Some("one"), DENY).unwrap();
    let first = Reply::from(pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied)).unwrap());
    let second = decide(&server.par, &handle, Some("one"), DENY);
    assert!(again(second.map(|_| panic!("a denial was decided again"))) == first);
    let tab = pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied));
    assert!(again(tab.map(Reply::from)) == first);
}

#[test]
fn a_link_to_a_spent_request_opens_nothing() {
    let (server, handle) = opened();
    pollster::block_on(approve(&server.par, &handle, Some("one"), "code")).unwrap();
    assert_eq!(page(server.authorize(&query(&handle), Some("one"))).reason(), Reason::SpentRequestUri);
}

#[test]
fn another_browser_or_client_or_an_unknown_browser_learns_nothing() {
    let (server, handle) = opened();
    pollster::block_on(approve(&server.par, &handle, Some("one"), "code")).unwrap();
    for browser in [Some("two"), Some("One"), None] {
        for decision in [Decision::Approve, DENY] {
            let refused = page(decide(&server.par, &handle, browser, decision));
            assert_eq!(refused.reason(), Reason::SpentRequestUri, "{browser:?}");
        }
    }
    let foreign = format!("client_id=other&request_uri={handle}");
    let refused = server.par.authorize_decision(&foreign, browser_with(Some("one")), Decision::Approve);
    assert_eq!(page(pollster::block_on(refused)).reason(), Reason::ForeignRequestUri);
}

#[test]
fn a_browser_that_is_not_recognized_never_gets_an_answer_again() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let pending = server.authorize(&query(&handle), None).unwrap();
    pollster::block_on(approve(&server.par, &handle, None, "code")).unwrap();
    assert_eq!(page(pollster::block_on(server.par.complete(&pending))).reason(), Reason::SpentRequestUri);
    let refused = pollster::block_on(approve(&server.par, &handle, None, "code"));
    assert_eq!(page(refused).reason(), Reason::SpentRequestUri);
}

#[test]
fn another_decision_is_told_that_there_was_one() {
    let (server, handle) = opened();
    let tab = server.authorize(&query(&handle), Some("one")).unwrap();
    pollster::block_on(approve(&server.par, &handle, Some("one"), "code")).unwrap();
    assert_eq!(page(decide(&server.par, &handle, Some("one"), DENY)).reason(), Reason::AlreadyAnswered);
    let denied = pollster::block_on(server.par.deny(&tab, DenialCode::AccessDenied));
    let refusal = page(denied);
    assert_eq!((refusal.reason(), refusal.code().as_str()), (Reason::AlreadyAnswered, "invalid_request_uri"));
}

#[test]
fn a_hundred_clicks_at_once_bring_one_code() {
    for round in 0..100 {
        let (server, handle) = opened();
        let par = &server.par;
        let tab = server.authorize(&query(&handle), Some("one")).unwrap();
        let outcomes: Vec<_> = thread::scope(|scope| {
            let click = |number: usize| {
                let (handle, tab, code) = (&handle, &tab, format!("code-{round}-{number}"));
                // Some have opened the request before, some open it with the decision.
                move || {
                    pollster::block_on(async move {
                        if number.is_multiple_of(2) {
                            return approve(par, handle, Some("one"), &code).await;
                        }
                        Ok(par.complete(tab).await?.respond([("code", code.as_str())]).await?.into())
                    })
                }
            };
            let threads: Vec<_> = (0..CLICKS).map(|number| scope.spawn(click(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (granted, others): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(granted.len(), 1);
        let first = granted.into_iter().next().unwrap().unwrap();
        for other in others {
            assert!(again(other) == first);
        }
    }
}

#[test]
fn a_handler_that_is_dropped_after_the_grant_lets_the_others_go_on() {
    let (server, handle) = opened();
    let tab = server.authorize(&query(&handle), Some("one")).unwrap();
    let granted = pollster::block_on(server.par.complete(&tab)).unwrap();
    let mut waiting = pin!(approve(&server.par, &handle, Some("one"), "second"));
    let waker = Waker::noop();
    assert!(waiting.as_mut().poll(&mut Context::from_waker(waker)).is_pending(), "it waits for the first");
    drop(granted);
    assert_eq!(page(pollster::block_on(waiting)).reason(), Reason::AlreadyAnswered);
    let later = pollster::block_on(approve(&server.par, &handle, Some("one"), "third"));
    assert_eq!(page(later).reason(), Reason::AlreadyAnswered, "never a second grant");
}

/// Its caller can give up before the request is spent.
#[derive(Clone, Default)]
struct SlowToSpend;

impl Disturbance for SlowToSpend {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        if let Call::Consume(_) = call {
            pause().await;
        }
        Ok(())
    }
}

#[test]
fn a_first_call_that_is_dropped_before_it_has_asked_leaves_the_grant_to_the_next() {
    let par = endpoint(StoreDouble::new(SlowToSpend));
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    let pending = pollster::block_on(par.authorize(&query(&handle), browser_with(Some("one")))).unwrap();
    let waker = Waker::noop();
    {
        let mut abandoned = pin!(par.complete(&pending));
        assert!(abandoned.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        let mut waiting = pin!(par.complete(&pending));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    assert!(pollster::block_on(par.complete(&pending)).is_ok());
}

#[test]
fn a_caller_that_keeps_its_grant_keeps_nobody_waiting_for_ever() {
    let (server, handle) = opened();
    let tab = server.authorize(&query(&handle), Some("one")).unwrap();
    let granted = pollster::block_on(server.par.complete(&tab)).unwrap();
    let second = pollster::block_on(server.par.complete(&tab));
    assert_eq!(page(second).reason(), Reason::AlreadyAnswered);
    let first = Reply::from(pollster::block_on(granted.respond([("code", "late")])).unwrap());
    assert!(again(pollster::block_on(approve(&server.par, &handle, Some("one"), "third"))) == first);
}

#[test]
fn another_node_says_that_the_request_was_answered_to_the_browser_that_answered_it() {
    let store = MemoryStore::default();
    let nodes = [(); 2].map(|()| builder(ISSUER).store(store.clone()).build().unwrap());
    let cookies = BindingCookies::new(ISSUER, &[7; 32]);
    let handle = request_uri(&push(&nodes[0], "basic", &code_request(&[])));
    let cookie = cookies.read(&handle, "").unwrap();
    let unopened = cookie.to_set(600);
    let pending = pollster::block_on(nodes[0].authorize(&query(&handle), cookie.browser())).unwrap();
    let header = cookie.of(&pending).to_set(600);
    let pair = header.split(';').next().unwrap();

    let sent = cookies.read(&handle, pair).unwrap();
    pollster::block_on(async { nodes[0].complete(&pending).await?.respond([("code", "c")]).await }).unwrap();
    let again = |node: &ParEndpoint, browser: Browser<'_>| {
        page(pollster::block_on(node.authorize_decision(&query(&handle), browser, Decision::Approve))).reason()
    };
    assert_eq!(again(&nodes[1], sent.browser()), Reason::AlreadyAnswered);
    let (start, mac) = pair.rsplit_once('.').unwrap();
    let forged = cookies.read(&handle, &format!("{start}.{}", mac.chars().rev().collect::<String>())).unwrap();
    // Whoever has the `request_uri` is given a cookie, and learns nothing by it.
    let sent_back = cookies.read(&handle, unopened.split(';').next().unwrap()).unwrap();
    let made_up = cookies.read(&handle, "").unwrap();
    for other in [forged.browser(), sent_back.browser(), made_up.browser(), Browser::danger_unbound()] {
        assert_eq!(again(&nodes[1], other), Reason::SpentRequestUri);
    }
}
