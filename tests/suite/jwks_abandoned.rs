//! Clients that hang up while their keys are being fetched by a source with a time limit: it locks out neither them nor others.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use parjar::{
    Clock as _, FetchedJwks, FormRequest, JwksError, JwksSource, ManualClock, Policy, Pushed, Reason, Refusal,
    jose::TokenFault,
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, FORM, Server, code_request},
    tokens::{ES256_KEY, Key, OTHER_ES256_KEY, assertion_claims, with_assertion},
};

/// Seconds after which the source gives up.
const LIMIT: u64 = 5;

/// A source that answers after a while, and gives up after [`LIMIT`]. Both run by the clock of the test.
#[derive(Clone, Default)]
struct LimitedSource(Arc<State>);

#[derive(Default)]
struct State {
    clock: Mutex<Option<ManualClock>>,
    /// Seconds until the answer.
    latency: AtomicUsize,
    fails: AtomicBool,
    keys: Mutex<Vec<Value>>,
    fetches: AtomicUsize,
}

impl LimitedSource {
    fn publish(&self, keys: &[Value]) {
        *self.0.keys.lock().unwrap() = keys.to_vec();
    }

    fn takes(&self, seconds: usize) {
        self.0.latency.store(seconds, Ordering::SeqCst);
    }

    fn fails(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::SeqCst);
    }

    fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }

    fn now(&self) -> Duration {
        self.0.clock.lock().unwrap().as_ref().unwrap().elapsed()
    }
}

impl JwksSource for LimitedSource {
    async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        let begun = self.now();
        // No connection answers at once.
        let mut connected = false;
        poll_fn(|_| {
            let waited = (self.now() - begun).as_secs();
            if waited >= LIMIT {
                return Poll::Ready(Err(JwksError::new("timed out")));
            }
            let answered = connected && waited >= self.0.latency.load(Ordering::SeqCst) as u64;
            connected = true;
            if answered { Poll::Ready(Ok(())) } else { Poll::Pending }
        })
        .await?;
        if self.0.fails.load(Ordering::SeqCst) {
            return Err(JwksError::new("connection refused"));
        }
        Ok(FetchedJwks::new(json!({ "keys": *self.0.keys.lock().unwrap() }).to_string()))
    }
}

struct Fixture {
    server: Server,
    source: LimitedSource,
}

impl Fixture {
    fn new() -> Self {
        let source = LimitedSource::default();
        let registration = json!({
            "client_id": "c1", "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": "https://c1.example/jwks", "redirect_uris": [CALLBACK],
        });
        let given = source.clone();
        let server =
            Server::built(Policy::oauth(), [registration], Default::default(), |builder| builder.jwks_source(given));
        *source.0.clock.lock().unwrap() = Some(server.clock.clone());
        source.publish(&[ES256_KEY.public()]);
        Self { server, source }
    }

    fn body(&self, key: &Key, kid: &str) -> String {
        let now = self.server.clock.now().unix_timestamp();
        let claims = assertion_claims("c1", json!({ "iat": now, "exp": now + 60 }));
        code_request(&with_assertion(&key.sign(&json!({ "alg": "ES256", "kid": kid }), &claims)))
    }

    /// Waits for at most so many seconds, then hangs up.
    fn push_for(&self, seconds: u64) -> Option<Result<Pushed, Refusal>> {
        self.send_for(&self.body(&ES256_KEY, ES256_KEY.kid()), seconds)
    }

    fn send_for(&self, body: &str, seconds: u64) -> Option<Result<Pushed, Refusal>> {
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], body);
        let mut push = Box::pin(self.server.par.push(&request));
        for second in 0..=seconds {
            // Twice, since a future that was woken is polled again.
            for _ in 0..2 {
                if let Poll::Ready(outcome) = poll(&mut push) {
                    return Some(outcome);
                }
            }
            if second < seconds {
                self.server.pass(1);
            }
        }
        None
    }

    fn patient(&self) -> Result<Pushed, Refusal> {
        self.push_for(60).expect("an answer within a minute")
    }

    /// A request of somebody who has no key of the client, and hangs up at once.
    fn attack(&self) {
        let body = self.body(&OTHER_ES256_KEY, "es256");
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
        let _ = poll(&mut Box::pin(self.server.par.push(&request)));
    }
}

fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_fetch_that_was_given_up_and_timed_out_since_does_not_refuse_the_next_request() {
    let fixture = Fixture::new();
    fixture.source.takes(2);
    assert!(fixture.push_for(1).is_none());
    fixture.server.pass(20);
    fixture.patient().unwrap();
    assert_eq!(fixture.source.fetches(), 2);
}

#[test]
fn two_requests_every_36_seconds_do_not_keep_a_quiet_client_out() {
    let fixture = Fixture::new();
    fixture.source.takes(2);
    let mut succeeded = 0;
    for _ in 0..20 {
        // The first begins a fetch, the second finds it timed out.
        fixture.attack();
        fixture.server.pass(6);
        fixture.attack();
        fixture.server.pass(15);
        succeeded += usize::from(fixture.patient().is_ok());
        // Beyond the lifetime of the keys, so that each round begins without any.
        fixture.server.pass(2 * 60 * 60);
    }
    assert_eq!(succeeded, 20);
}

#[test]
fn a_client_that_hangs_up_after_3_seconds_gets_in_when_its_keys_come_quicker_again() {
    let fixture = Fixture::new();
    fixture.source.takes(4);
    for _ in 0..5 {
        assert!(fixture.push_for(3).is_none());
        fixture.server.pass(10);
    }
    fixture.source.takes(1);
    fixture.push_for(3).expect("an answer within three seconds").unwrap();
}

#[test]
fn several_requests_that_wait_and_all_hang_up_lock_nobody_out() {
    let fixture = Fixture::new();
    fixture.source.takes(2);
    let bodies: Vec<String> = (0..5).map(|_| fixture.body(&ES256_KEY, ES256_KEY.kid())).collect();
    let requests: Vec<_> =
        bodies.iter().map(|body| FormRequest::new("POST", [("content-type", FORM.as_bytes())], body)).collect();
    let mut waiting: Vec<_> = requests.iter().map(|request| Box::pin(fixture.server.par.push(request))).collect();
    assert!(waiting.iter_mut().all(|push| poll(push).is_pending()));
    drop(waiting.remove(0));
    fixture.server.pass(6);
    // The next in line finds the time limit over, begins anew, and hangs up as well.
    assert!(waiting.iter_mut().all(|push| poll(push).is_pending()));
    drop(waiting);
    fixture.server.pass(6);
    fixture.patient().unwrap();
    assert_eq!(fixture.source.fetches(), 3);
}

#[test]
fn hanging_up_while_a_new_key_is_looked_for_does_not_lock_its_owner_out() {
    let fixture = Fixture::new();
    fixture.patient().unwrap();
    fixture.server.pass(60);
    fixture.source.takes(2);
    // A `kid` that is not among the keys makes the server look for newer ones.
    let unknown = |seconds| fixture.send_for(&fixture.body(&OTHER_ES256_KEY, "unknown"), seconds);
    assert!(unknown(1).is_none());
    fixture.server.pass(10);
    fixture.source.publish(&[ES256_KEY.public(), OTHER_ES256_KEY.public()]);
    let body = fixture.body(&OTHER_ES256_KEY, OTHER_ES256_KEY.kid());
    fixture.send_for(&body, 60).unwrap().unwrap();
    assert_eq!(fixture.source.fetches(), 3);
}

#[test]
fn a_source_that_really_fails_still_gets_its_rest() {
    //
    let fixture = Fixture::new();
    fixture.source.takes(2);
    fixture.source.fails(true);
    assert!(fixture.push_for(1).is_none());
    fixture.server.pass(10);
    let refused = fixture.patient().unwrap_err();
    assert_eq!(refused.reason(), Reason::ClientAssertion(TokenFault::KeysUnavailable));
    assert_eq!(fixture.source.fetches(), 2);
    for _ in 0..20 {
        fixture.patient().unwrap_err();
    }
    assert_eq!(fixture.source.fetches(), 2);
}

#[test]
fn a_flood_of_requests_that_hang_up_makes_a_fetch_a_second_at_most_and_locks_nobody_out() {
    //
    let fixture = Fixture::new();
    fixture.source.fails(true);
    for second in 0..30 {
        for _ in 0..50 {
            fixture.attack();
        }
        let fetches = fixture.source.fetches();
        assert!(fetches <= 10 + second, "{fetches} fetches after {second} seconds");
        fixture.server.pass(1);
    }
    fixture.source.fails(false);
    fixture.patient().unwrap();
}
