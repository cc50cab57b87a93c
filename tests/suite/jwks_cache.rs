//! Keys at a `jwks_uri`: when they are fetched, how long they are believed, and what becomes of everybody while they cannot be.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    thread,
    time::Duration,
};

use parjar::{
    BuildError, Event, FetchedJwks, InMemoryRegistry, JwksCacheLimits, JwksError, JwksSource, ParEndpoint, Policy,
    Pushed, Reason, Refusal,
    jose::{KeyProblem, TokenFault},
    store::MemoryLimits,
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, ISSUER, Server, code_request, form, with},
    tokens::{
        ES256_KEY, Key, OTHER_ES256_KEY, RSA_KEY, assertion, assertion_claims, object_claims, object_header,
        with_assertion,
    },
};

/// Publishes keys, counts who asks for them, and does whatever else a test wants.
#[derive(Clone, Default)]
pub(crate) struct Source(Arc<State>);

#[derive(Default)]
struct State {
    answer: Mutex<Answer>,
    asked: Mutex<Vec<String>>,
    running: AtomicUsize,
    held: AtomicBool,
    slow: AtomicBool,
}

#[derive(Clone, Default)]
enum Answer {
    #[default]
    Fails,
    Body(String),
    BodyFor(String, Duration),
}

impl Source {
    pub(crate) fn publish(&self, keys: &[Value]) {
        self.answer(Answer::Body(json!({ "keys": keys }).to_string()));
    }

    fn answer(&self, answer: Answer) {
        *self.0.answer.lock().unwrap() = answer;
    }

    /// From now on nothing is answered, until it is again.
    pub(crate) fn hold(&self, held: bool) {
        self.0.held.store(held, Ordering::SeqCst);
    }

    /// From now on an answer takes a while.
    pub(crate) fn slow_down(&self) {
        self.0.slow.store(true, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap().clone()
    }

    pub(crate) fn fetches(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }
}

impl JwksSource for Source {
    async fn fetch(&self, jwks_uri: &str) -> Result<FetchedJwks, JwksError> {
        self.0.asked.lock().unwrap().push(jwks_uri.to_owned());
        assert_eq!(self.0.running.fetch_add(1, Ordering::SeqCst), 0, "two fetches at a time");
        let _running = Running(&self.0.running);
        if self.0.slow.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(30));
        }
        poll_fn(|_| if self.0.held.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(()) }).await;
        match self.0.answer.lock().unwrap().clone() {
            Answer::Fails => Err(JwksError::new("canary: connection refused")),
            Answer::Body(body) => Ok(FetchedJwks::new(body)),
            Answer::BodyFor(body, age) => Ok(FetchedJwks::new(body).with_max_age(age)),
        }
    }
}

struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

type Log = Arc<Mutex<Vec<String>>>;

pub(crate) struct Fixture {
    pub(crate) server: Server,
    pub(crate) source: Source,
    events: Log,
}

/// Clients that publish their keys, each at a URL of its own.
fn registration(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": format!("https://{client_id}.example/jwks"), "redirect_uris": [CALLBACK],
    })
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with([registration("c1"), registration("c2")], JwksCacheLimits::default())
    }

    fn with(clients: impl IntoIterator<Item = Value>, limits: JwksCacheLimits) -> Self {
        let (source, events) = (Source::default(), Log::default());
        let log = events.clone();
        let observe = move |event: &Event<'_>| match *event {
            Event::KeysFetched { client_id, usable, skipped, .. } => {
                let skipped: Vec<_> = skipped.iter().map(|key| (key.index(), key.problem())).collect();
                log.lock().unwrap().push(format!("fetched {client_id} {usable} {skipped:?}"));
            }
            Event::KeysNotFetched { client_id, uri, stale, .. } => {
                assert_eq!(uri, format!("https://{client_id}.example/jwks"));
                let others = if stale { ", old ones are used" } else { "" };
                log.lock().unwrap().push(format!("not fetched {client_id}{others}"));
            }
            _ => {}
        };
        let server = Server::built(Policy::oauth(), clients, Default::default(), |builder| {
            builder.jwks_source(source.clone()).jwks_cache(limits).observer(observe)
        });
        source.publish(&[ES256_KEY.public()]);
        Self { server, source, events }
    }

    /// A body that authenticates with this key now, and asks for a code.
    pub(crate) fn body(&self, client_id: &str, key: &Key, kid: Option<&str>) -> String {
        let now = parjar::Clock::now(&self.server.clock).unix_timestamp();
        let claims = assertion_claims(client_id, json!({ "iat": now, "exp": now + 60 }));
        let assertion = key.sign(&json!({ "alg": "ES256", "kid": kid.unwrap_or(key.kid()) }), &claims);
        code_request(&with_assertion(&assertion))
    }

    pub(crate) fn push(&self, client_id: &str, key: &Key) -> Result<Pushed, Refusal> {
        self.server.try_form(&self.body(client_id, key, None))
    }

    pub(crate) fn succeeds(&self) {
        self.push("c1", &ES256_KEY).unwrap();
    }

    fn fails(&self, key: &Key, fault: TokenFault) {
        let refusal = self.push("c1", key).unwrap_err();
        assert_eq!((refusal.reason(), refusal.status()), (Reason::ClientAssertion(fault), 401));
    }

    fn events(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}

#[test]
fn keys_are_fetched_when_they_are_first_needed_and_then_kept() {
    let fixture = Fixture::new();
    assert_eq!(fixture.source.fetches(), 0);
    for _ in 0..10 {
        fixture.succeeds();
    }
    assert_eq!(*fixture.source.0.asked.lock().unwrap(), ["https://c1.example/jwks"]);
    assert_eq!(fixture.events(), ["fetched c1 1 []"]);
    fixture.push("c2", &ES256_KEY).unwrap();
    assert_eq!(*fixture.source.0.asked.lock().unwrap(), ["https://c1.example/jwks", "https://c2.example/jwks"]);
    assert_eq!(fixture.events(), ["fetched c2 1 []"]);
}

#[test]
fn assertions_and_request_objects_are_verified_with_the_same_keys() {
    let fixture = Fixture::new();
    let assertion = ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims("c1", json!({})));
    let object = ES256_KEY.sign(&object_header("ES256"), &object_claims("c1", json!({})));
    let body = form(with_assertion(&assertion).into_iter().chain([("request", &*object)]));
    fixture.server.try_form(&body).unwrap();
    let by_value = form([("client_id", "c1"), ("request", &object)]);
    assert!(fixture.server.authorize(&by_value, None).is_ok());
    let now =
        code_request(&with_assertion(&ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims("c1", json!({})))));
    fixture.server.try_token(&now).unwrap();
    assert_eq!(fixture.source.fetches(), 1);

    let forged = OTHER_ES256_KEY.sign(&object_header("ES256"), &object_claims("c1", json!({})));
    let by_value = form([("client_id", "c1"), ("request", &forged)]);
    let refusal = fixture.server.authorize(&by_value, None).unwrap_err();
    assert_eq!(refusal.refusal().reason(), Reason::RequestObject(TokenFault::Signature));
}

#[test]
fn an_object_whose_keys_cannot_be_fetched_is_refused_as_one() {
    // CM-008
    let fixture = Fixture::new();
    fixture.source.answer(Answer::Fails);
    let object = ES256_KEY.sign(&object_header("ES256"), &object_claims("c1", json!({})));
    let refusal = fixture.server.authorize(&form([("client_id", "c1"), ("request", &object)]), None).unwrap_err();
    assert_eq!(refusal.refusal().reason(), Reason::RequestObject(TokenFault::KeysUnavailable));
    assert!(!format!("{refusal:?} {refusal}").contains("canary"));
}

#[test]
fn keys_are_fetched_again_when_their_lifetime_is_over() {
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.server.pass(15 * 60 - 1);
    fixture.succeeds();
    assert_eq!(fixture.source.fetches(), 1);
    fixture.server.pass(1);
    fixture.succeeds();
    assert_eq!(fixture.source.fetches(), 2);
    // What was taken out is gone with that.
    fixture.source.publish(&[OTHER_ES256_KEY.public()]);
    fixture.server.pass(15 * 60);
    fixture.fails(&ES256_KEY, TokenFault::NoKey);
    fixture.push("c1", &OTHER_ES256_KEY).unwrap();
    assert_eq!(fixture.source.fetches(), 3);
}

#[test]
fn a_max_age_shortens_the_lifetime_down_to_the_cooldown_and_never_lengthens_it() {
    for (max_age, lifetime) in [(0, 30), (10, 30), (60, 60), (899, 899), (900, 900), (86_400, 900), (u64::MAX, 900)] {
        let fixture = Fixture::new();
        let body = json!({ "keys": [ES256_KEY.public()] }).to_string();
        fixture.source.answer(Answer::BodyFor(body, Duration::from_secs(max_age)));
        fixture.succeeds();
        fixture.server.pass(lifetime - 1);
        fixture.succeeds();
        assert_eq!(fixture.source.fetches(), 1, "{max_age}");
        fixture.server.pass(1);
        fixture.succeeds();
        assert_eq!(fixture.source.fetches(), 2, "{max_age}");
    }
}

#[test]
fn an_unknown_kid_brings_new_keys_once_the_cooldown_is_over() {
    // JAR-084, A-42
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.source.publish(&[ES256_KEY.public(), OTHER_ES256_KEY.public()]);
    fixture.server.pass(29);
    fixture.fails(&OTHER_ES256_KEY, TokenFault::NoKey);
    assert_eq!(fixture.source.fetches(), 1);
    fixture.server.pass(1);
    fixture.push("c1", &OTHER_ES256_KEY).unwrap();
    fixture.succeeds();
    assert_eq!(fixture.source.fetches(), 2);
}

#[test]
fn a_signature_that_does_not_fit_brings_no_new_keys() {
    // A-42: only an unknown kid does.
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.server.pass(60);
    let body = fixture.body("c1", &OTHER_ES256_KEY, Some("es256"));
    let refusal = fixture.server.try_form(&body).unwrap_err();
    assert_eq!(refusal.reason(), Reason::ClientAssertion(TokenFault::Signature));
    assert_eq!(fixture.source.fetches(), 1);
}

#[test]
fn a_flood_of_unknown_kids_causes_one_fetch_in_each_cooldown() {
    // A-42
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.server.pass(30);
    let flood = |number: usize| {
        let body = fixture.body("c1", &OTHER_ES256_KEY, Some(&format!("kid-{number}")));
        let refusal = fixture.server.try_form(&body).unwrap_err();
        assert_eq!(refusal.reason(), Reason::ClientAssertion(TokenFault::NoKey));
    };
    (0..500).for_each(flood);
    assert_eq!(fixture.source.fetches(), 2);
    for number in 0..500 {
        fixture.server.pass(1);
        flood(number);
    }
    let fetches = fixture.source.fetches();
    assert!((16..=2 + 500 / 30).contains(&fetches), "{fetches}");
    fixture.succeeds();
    assert_eq!(fixture.source.fetches(), fetches);
}

#[test]
fn a_source_that_fails_is_left_alone_for_a_while() {
    // A-42: negative answers are kept as well
    let fixture = Fixture::new();
    fixture.source.answer(Answer::Fails);
    for _ in 0..100 {
        fixture.fails(&ES256_KEY, TokenFault::KeysUnavailable);
    }
    assert_eq!(fixture.source.fetches(), 1);
    assert_eq!(fixture.events(), ["not fetched c1"]);
    fixture.source.publish(&[ES256_KEY.public()]);
    fixture.server.pass(29);
    fixture.fails(&ES256_KEY, TokenFault::KeysUnavailable);
    fixture.server.pass(1);
    fixture.succeeds();
    assert_eq!(fixture.source.fetches(), 2);
    assert_eq!(fixture.events(), ["fetched c1 1 []"]);
}

#[test]
fn old_keys_go_on_to_be_used_while_new_ones_cannot_be_had_but_not_for_ever() {
    let fixture = Fixture::new();
    fixture.succeeds();
    fixture.events();
    fixture.source.answer(Answer::Fails);
    fixture.server.pass(15 * 60);
    fixture.succeeds();
    fixture.fails(&OTHER_ES256_KEY, TokenFault::NoKey);
    assert_eq!(fixture.source.fetches(), 2);
    fixture.server.pass(60 * 60 - 1);
    fixture.succeeds();
    assert_eq!(fixture.source.fetches(), 3);
    assert_eq!(fixture.events(), ["not fetched c1, old ones are used"; 2]);
    fixture.server.pass(1);
    fixture.fails(&ES256_KEY, TokenFault::KeysUnavailable);
    fixture.server.pass(30);
    fixture.fails(&ES256_KEY, TokenFault::KeysUnavailable);
    assert_eq!(fixture.events(), ["not fetched c1"]);
    fixture.source.publish(&[ES256_KEY.public()]);
    fixture.server.pass(30);
    fixture.succeeds();
}

#[test]
fn what_is_no_set_of_keys_or_too_large_counts_as_a_failure() {
    // JAR-088, A-36
    let keys = json!({ "keys": [ES256_KEY.public()] });
    let padded = |length: usize| {
        let empty = with(keys.clone(), json!({ "x": "" })).to_string().len();
        with(keys.clone(), json!({ "x": "y".repeat(length - empty) })).to_string()
    };
    let bodies = [
        String::new(),
        "<html>not found</html>".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"keys":{}}"#.to_owned(),
        r#"{"keys":null}"#.to_owned(),
        format!("{}{}", keys, keys),
        r#"{"keys":[],"keys":[]}"#.to_owned(),
        "[".repeat(60_000),
        padded(256 * 1024 + 1),
        "x".repeat(10_000_000),
    ];
    for (index, body) in bodies.into_iter().enumerate() {
        let fixture = Fixture::new();
        fixture.source.answer(Answer::Body(body));
        let refusal = fixture.push("c1", &ES256_KEY).unwrap_err();
        assert_eq!(refusal.reason(), Reason::ClientAssertion(TokenFault::KeysUnavailable), "number {index}");
        assert_eq!(fixture.events(), ["not fetched c1"]);
    }
    let fixture = Fixture::new();
    fixture.source.answer(Answer::Body(padded(256 * 1024)));
    fixture.succeeds();
}

#[test]
fn one_bad_key_does_not_lock_out_the_others() {
    // JAR-082, A-36
    let fixture = Fixture::new();
    let off_curve = with(ES256_KEY.public(), json!({ "x": OTHER_ES256_KEY.public()["x"], "kid": "off" }));
    fixture.source.publish(&[
        json!({ "kty": "oct", "k": "AAAA" }),
        OTHER_ES256_KEY.private(),
        off_curve,
        json!(null),
        json!({ "kty": "new", "kid": "x" }),
        with(RSA_KEY.public(), json!({ "use": "enc" })),
        with(RSA_KEY.public(), json!({ "e": "Aw" })),
        ES256_KEY.public(),
        with(OTHER_ES256_KEY.public(), json!({ "kid": "es256" })),
        with(RSA_KEY.public(), json!({ "kid": "es256" })),
    ]);
    fixture.succeeds();
    let expected = [
        (0, KeyProblem::Private),
        (1, KeyProblem::Private),
        (2, KeyProblem::OffCurve),
        (3, KeyProblem::NotAnObject),
        (4, KeyProblem::UnknownType),
        (5, KeyProblem::OtherPurpose),
        (6, KeyProblem::Weak),
        (8, KeyProblem::DuplicateKid),
    ];
    assert_eq!(fixture.events(), [format!("fetched c1 2 {:?}", expected.to_vec())]);
    fixture.fails(&OTHER_ES256_KEY, TokenFault::NoKey);
}

#[test]
fn without_a_source_there_are_no_keys() {
    let server = Server::with(Policy::oauth(), [registration("c1")]);
    let assertion = ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims("c1", json!({})));
    let refusal = server.try_form(&code_request(&with_assertion(&assertion))).unwrap_err();
    assert_eq!(refusal.reason(), Reason::ClientAssertion(TokenFault::KeysUnavailable));
}

#[test]
fn what_can_be_refused_without_keys_causes_no_fetch() {
    // A-42, JAR-034: the algorithm is looked at before any key
    let fixture = Fixture::new();
    let claims = |others| assertion_claims("c1", others);
    let header = json!({ "alg": "ES256" });
    let good = ES256_KEY.sign(&header, &claims(json!({})));
    let (_, rest) = good.split_once('.').unwrap();
    let with_alg = |alg: &str| format!("{}.{rest}", crate::tokens::encode(json!({ "alg": alg }).to_string()));
    for (token, reason) in [
        ("x".to_owned(), Reason::ClientAssertion(TokenFault::Malformed)),
        (ES256_KEY.sign(&header, &claims(json!({ "exp": 1 }))), Reason::ClientAssertion(TokenFault::Expired)),
        (ES256_KEY.sign(&header, &claims(json!({ "jti": null }))), Reason::ClientAssertion(TokenFault::Id)),
        (ES256_KEY.sign(&header, &assertion_claims("nobody", json!({}))), Reason::UnknownClient),
        (with_alg("none"), Reason::ClientAssertion(TokenFault::Algorithm)),
        (with_alg("ES256K"), Reason::ClientAssertion(TokenFault::Algorithm)),
    ] {
        let refusal = fixture.server.try_form(&code_request(&with_assertion(&token))).unwrap_err();
        assert_eq!(refusal.reason(), reason);
        assert_eq!(fixture.source.fetches(), 0, "{reason}");
    }
}

#[test]
fn the_number_of_sets_is_bounded() {
    let mut limits = JwksCacheLimits::default();
    limits.sets = 10;
    let names: Vec<String> = (0..100).map(|number| format!("c{number}")).collect();
    let fixture = Fixture::with(names.iter().map(|name| registration(name)), limits);
    for name in &names {
        fixture.push(name, &ES256_KEY).unwrap();
    }
    assert_eq!(fixture.source.fetches(), 100);
    // The last one is there, the first one is not.
    fixture.push("c99", &ES256_KEY).unwrap();
    assert_eq!(fixture.source.fetches(), 100);
    fixture.push("c0", &ES256_KEY).unwrap();
    assert_eq!(fixture.source.fetches(), 101);
    // What is used all the time stays.
    for name in &names[1..50] {
        fixture.push(name, &ES256_KEY).unwrap();
        fixture.push("c0", &ES256_KEY).unwrap();
    }
    assert_eq!(fixture.source.fetches(), 101 + 49);
}

#[test]
fn a_cache_that_could_not_keep_its_promises_is_not_built() {
    // A-42: without a cooldown, every made-up `kid` would be a fetch
    let build = |change: fn(&mut JwksCacheLimits)| {
        let mut limits = JwksCacheLimits::default();
        change(&mut limits);
        ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::default()).jwks_cache(limits).build()
    };
    assert!(build(|_| {}).is_ok());
    let refused: [fn(&mut JwksCacheLimits); 4] = [
        |limits| limits.cooldown = Duration::ZERO,
        |limits| limits.cooldown = limits.lifetime + Duration::from_secs(1),
        |limits| limits.stale_if_error = Duration::MAX,
        |limits| limits.sets = 0,
    ];
    for change in refused {
        assert!(matches!(build(change), Err(BuildError::JwksCache(_))));
    }
}

#[test]
fn a_source_that_panics_once_does_so_once() {
    // O-04
    struct Stumbling(AtomicUsize);
    impl JwksSource for Stumbling {
        async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
            assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "stumbled");
            Ok(FetchedJwks::new(json!({ "keys": [ES256_KEY.public()] }).to_string()))
        }
    }
    let server = Server::built(Policy::oauth(), [registration("c1")], MemoryLimits::default(), |builder| {
        builder.jwks_source(Stumbling(AtomicUsize::new(0)))
    });
    let push = || {
        let body = code_request(&with_assertion(&assertion("c1", json!({}))));
        catch_unwind(AssertUnwindSafe(|| server.try_form(&body).map(|_| ())))
    };
    assert!(push().is_err());
    assert!(matches!(push(), Ok(Ok(()))));
}
