//! The answers that are kept for a second click: one call ends the request, and the same browser gets the same answer.

use std::sync::Arc;

use parjar::{AuthorizeRefusal, Browser, Decision, DenialCode, ParEndpoint, Reason, Reply};
use serde_json::json;
use shuttle::future::{block_on, yield_now};

use crate::{at_once, endpoint, explore, request};

/// `web:s3cret`
const AUTHORIZATION: &[u8] = b"Basic d2ViOnMzY3JldA==";

/// The end of a click.
#[derive(Debug)]
enum Clicked {
    /// It has ended the request, with this answer.
    Ended(Reply),
    /// It was given the answer of an earlier one.
    Again(Reply),
    /// It is told that there was an answer, and which reason there is for not giving it.
    Refused(Reason),
    /// Its connection was closed when the request had ended.
    Abandoned,
}

struct Login {
    par: ParEndpoint,
    query: String,
}

impl Login {
    /// A request that the browser `one` has opened.
    fn opened() -> Arc<Self> {
        let registration =
            json!({ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] });
        let par = endpoint(registration).build().unwrap();
        let pushed = block_on(par.push(&request(Some(AUTHORIZATION), "response_type=code&state=s"))).unwrap();
        let query = format!("client_id=web&request_uri={}", pushed.request_uri());
        block_on(par.authorize(&query, browser("one"))).unwrap();
        Arc::new(Self { par, query })
    }

    fn approve(&self, binding: &str, code: &str, is_abandoned: bool) -> Clicked {
        clicked(block_on(async {
            let pending = self.par.authorize_decision(&self.query, browser(binding), Decision::Approve).await?;
            let granted = self.par.complete(&pending).await?;
            yield_now().await;
            if is_abandoned {
                return Ok(None);
            }
            granted.respond([("code", code)]).await.map(|answer| Some(Reply::from(answer)))
        }))
    }

    fn deny(&self, binding: &str) -> Clicked {
        const DENIED: DenialCode = DenialCode::AccessDenied;
        clicked(block_on(async {
            let pending = self.par.authorize_decision(&self.query, browser(binding), Decision::Deny(DENIED)).await?;
            self.par.deny(&pending, DENIED).await.map(|answer| Some(Reply::from(answer)))
        }))
    }
}

fn browser(binding: &str) -> Browser<'_> {
    Browser::bound(binding).unwrap()
}

fn clicked(outcome: Result<Option<Reply>, AuthorizeRefusal>) -> Clicked {
    match outcome {
        Ok(Some(reply)) => Clicked::Ended(reply),
        Ok(None) => Clicked::Abandoned,
        Err(AuthorizeRefusal::Answered(answer)) => Clicked::Again(Reply::from(answer.response().clone())),
        Err(refused) => Clicked::Refused(refused.refusal().reason()),
    }
}

/// Checks that of these one has ended the request, and returns its answer.
fn answer(outcomes: &[Clicked]) -> &Reply {
    let mut ended = outcomes.iter().filter_map(|outcome| match outcome {
        Clicked::Ended(reply) => Some(reply),
        _ => None,
    });
    let answer = ended.next().expect("one has ended the request");
    assert!(ended.next().is_none(), "two have ended the request");
    answer
}

#[test]
fn of_three_clicks_one_brings_a_code_and_the_others_the_same_answer() {
    explore(|| {
        let login = Login::opened();
        let click = |code: &'static str, login: Arc<Login>| move || login.approve("one", code, false);
        let outcomes = at_once(["a", "b", "c"].map(|code| click(code, Arc::clone(&login))));
        let answer = answer(&outcomes);
        for outcome in &outcomes {
            let (Clicked::Ended(reply) | Clicked::Again(reply)) = outcome else { panic!("{outcome:?}") };
            assert!(reply == answer);
        }
    });
}

#[test]
fn another_browser_learns_nothing() {
    explore(|| {
        let login = Login::opened();
        let click = |binding: &'static str, login: Arc<Login>| move || login.approve(binding, binding, false);
        let outcomes = at_once(["one", "two"].map(|binding| click(binding, Arc::clone(&login))));
        let [Clicked::Ended(_), Clicked::Refused(reason)] = &*outcomes else { panic!("{outcomes:?}") };
        assert!(matches!(reason, Reason::OtherBrowser | Reason::SpentRequestUri), "{reason}");
    });
}

#[test]
fn of_two_decisions_one_counts() {
    explore(|| {
        let login = Login::opened();
        let (approving, denying) = (Arc::clone(&login), Arc::clone(&login));
        let work: [Box<dyn FnOnce() -> Clicked + Send>; 2] =
            [Box::new(move || approving.approve("one", "a", false)), Box::new(move || denying.deny("one"))];
        let outcomes = at_once(work);
        answer(&outcomes);
        let told = |outcome: &&Clicked| matches!(outcome, Clicked::Refused(Reason::AlreadyAnswered));
        assert_eq!(outcomes.iter().filter(told).count(), 1, "{outcomes:?}");
    });
}

#[test]
fn a_call_that_ends_the_request_and_is_dropped_keeps_no_other_waiting() {
    explore(|| {
        let login = Login::opened();
        let click = |is_abandoned: bool, login: Arc<Login>| move || login.approve("one", "code", is_abandoned);
        let outcomes = at_once([true, false, false].map(|is_abandoned| click(is_abandoned, Arc::clone(&login))));
        let count = |is: fn(&Clicked) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
        let ended = count(|outcome| matches!(outcome, Clicked::Ended(_) | Clicked::Abandoned));
        assert_eq!(ended, 1, "{outcomes:?}");
        if count(|outcome| matches!(outcome, Clicked::Abandoned)) == 1 {
            let told = count(|outcome| matches!(outcome, Clicked::Refused(Reason::AlreadyAnswered)));
            assert_eq!(told, 2, "{outcomes:?}");
        }
    });
}
