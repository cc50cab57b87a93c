//! How long operations and their steps take, and what is told of clients and stores on the way.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parjar::{
    AuthorizationResponse, Client, ClientRegistry, Clock, DenialCode, Event, FetchedJwks, FormRequest,
    InMemoryRegistry, JwksError, JwksSource, ManualClock, ParEndpoint, Policy, RegistryError, ResponseTarget, Stage,
    Step, Steps, jose::DecryptionKeys, store::StoreError,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    host::{builder, open, push},
    store_double::{Call, Disturbance, StoreDouble},
    support::{CALLBACK, FORM, ISSUER, Server, authorization, basic, client, code_request, form, request_uri, with},
    tokens::{ES256_KEY, assertion, decryption_key, encrypt, object, public_half, signer, with_assertion},
};

/// A clock that counts how often it is asked for a time that has passed.
#[derive(Clone, Default)]
struct CountingClock {
    clock: ManualClock,
    asked: Arc<AtomicU64>,
}

impl Clock for CountingClock {
    fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.clock.elapsed()
    }
}

/// A whole login, and a call to the token endpoint.
fn log_in<C: ClientRegistry>(par: &ParEndpoint<C>) {
    let handle = request_uri(&push(par, "basic", &code_request(&[])));
    push(par, "basic", "");
    let pending = open(par, &handle, None).unwrap();
    pollster::block_on(par.complete(&pending)).unwrap();
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    pollster::block_on(par.authenticate_client(&FormRequest::new("POST", headers, "grant_type=x"))).unwrap();
}

#[test]
fn where_nobody_listens_the_clock_is_not_asked() {
    let clock = CountingClock::default();
    log_in(&builder(ISSUER).clock(clock.clone()).build().unwrap());
    assert_eq!(clock.asked.load(Ordering::Relaxed), 0);
    log_in(&builder(ISSUER).clock(clock.clone()).observer(|_: &Event<'_>| {}).build().unwrap());
    assert!(clock.asked.load(Ordering::Relaxed) > 0);
}

/// What a host has that takes its time: 3 ms for each client, 50 ms for keys, 200 ms for each call of the store.
#[derive(Clone)]
struct Slow {
    clock: ManualClock,
    clients: InMemoryRegistry,
}

impl Slow {
    fn takes(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
    }
}

impl ClientRegistry for Slow {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        self.takes(3);
        self.clients.client(client_id).await
    }
}

impl JwksSource for Slow {
    async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
        self.takes(50);
        Ok(FetchedJwks::new(json!({ "keys": [ES256_KEY.public()] }).to_string()))
    }
}

impl Disturbance for Slow {
    async fn before(&self, _: Call<'_>) -> Result<(), StoreError> {
        self.takes(200);
        Ok(())
    }
}

type Outcomes = Arc<Mutex<Vec<(&'static str, Stage, Steps)>>>;

/// An endpoint over a slow host, and the outcomes that it reports.
fn slow() -> (ParEndpoint<Slow, StoreDouble<Slow>>, Outcomes) {
    let uri_client = json!({
        "client_id": "uri", "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://client.example.com/jwks", "redirect_uris": [CALLBACK],
    });
    let clients = InMemoryRegistry::new([basic("basic"), uri_client].map(client)).unwrap();
    let host = Slow { clock: ManualClock::default(), clients };
    let outcomes = Outcomes::default();
    let seen = Arc::clone(&outcomes);
    let par = ParEndpoint::builder(ISSUER)
        .clock(host.clock.clone())
        .clients(host.clone())
        .jwks_source(host.clone())
        .store(StoreDouble::new(host))
        .observer(move |event: &Event<'_>| {
            if let Some((stage, steps)) = event.steps() {
                seen.lock().unwrap().push((event.label(), stage, *steps));
            }
        })
        .build()
        .unwrap();
    (par, outcomes)
}

fn milliseconds(steps: &Steps) -> (u128, Vec<(&'static str, u128)>) {
    let times = steps.iter().map(|(step, time)| (step.as_str(), time.as_millis()));
    (steps.total().as_millis(), times.collect())
}

fn take(outcomes: &Outcomes) -> Vec<(&'static str, Stage, Steps)> {
    std::mem::take(&mut *outcomes.lock().unwrap())
}

#[test]
fn an_outcome_tells_how_long_the_operation_and_its_steps_took() {
    let (par, outcomes) = slow();
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    let pending = open(&par, &handle, None).unwrap();
    pollster::block_on(par.complete(&pending)).unwrap();
    let outcomes = take(&outcomes);
    let [pushed, opened, completed] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((pushed.0, pushed.1), ("pushed", Stage::Push));
    let steps = vec![("look_up", 3), ("authentication", 0), ("validation", 0), ("store", 200)];
    assert_eq!(milliseconds(&pushed.2), (203, steps));
    assert_eq!((opened.0, opened.1), ("opened", Stage::Authorize));
    assert_eq!(milliseconds(&opened.2), (203, vec![("look_up", 3), ("validation", 0), ("store", 200)]));
    assert_eq!((completed.0, completed.1), ("completed", Stage::Complete));
    assert_eq!(milliseconds(&completed.2), (200, vec![("store", 200)]));
}

#[test]
fn a_refusal_and_a_denial_tell_how_long_they_took() {
    let (par, outcomes) = slow();
    push(&par, "basic", "");
    let pending = open(&par, &request_uri(&push(&par, "basic", &code_request(&[]))), None).unwrap();
    pollster::block_on(par.deny(&pending, DenialCode::AccessDenied)).unwrap();
    let outcomes = take(&outcomes);
    let (label, stage, steps) = &outcomes[0];
    assert_eq!((*label, *stage), ("refused", Stage::Push));
    assert_eq!((steps.total().as_millis(), steps.of(Step::Store)), (3, None));
    let (label, stage, steps) = &outcomes[3];
    assert_eq!((*label, *stage, steps.total().as_millis()), ("denied", Stage::Complete, 200));
}

#[test]
fn a_denial_after_a_grant_is_an_operation_of_its_own() {
    let (par, outcomes) = slow();
    let pending = open(&par, &request_uri(&push(&par, "basic", &code_request(&[]))), None).unwrap();
    let granted = pollster::block_on(par.complete(&pending)).unwrap();
    let target: ResponseTarget = granted.target();
    take(&outcomes);
    let _: AuthorizationResponse = pollster::block_on(par.refuse(&target, DenialCode::ServerError)).unwrap();
    pollster::block_on(granted.refuse(DenialCode::ServerError)).unwrap();
    let outcomes = take(&outcomes);
    assert_eq!(
        outcomes.iter().map(|(label, stage, _)| (*label, *stage)).collect::<Vec<_>>(),
        [("denied", Stage::Respond), ("denied", Stage::Respond)]
    );
    assert_eq!(outcomes[0].2.of(Step::LookUp), Some(Duration::from_millis(3)));
}

#[test]
fn keys_that_are_fetched_are_a_part_of_the_authentication() {
    let (par, outcomes) = slow();
    let send = || {
        let body = code_request(&with_assertion(&assertion("uri", json!({}))));
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
        pollster::block_on(par.authenticate_client(&request)).unwrap();
        take(&outcomes).pop().unwrap()
    };
    let (label, stage, steps) = send();
    assert_eq!((label, stage), ("authenticated", Stage::Token));
    let times = vec![("look_up", 3), ("authentication", 50), ("keys", 50), ("store", 200)];
    assert_eq!(milliseconds(&steps), (253, times));
    // They are known by then.
    assert_eq!(send().2.of(Step::Keys), Some(Duration::ZERO));
}

#[test]
fn opening_a_request_object_is_a_step_and_its_decryption_another() {
    let key = decryption_key("P-256", "p256");
    let outcomes = Outcomes::default();
    let seen = Arc::clone(&outcomes);
    let keys = DecryptionKeys::parse(&json!({ "keys": [key] }).to_string()).unwrap();
    let server = Server::built(Policy::oauth(), [signer("basic")], Default::default(), |builder| {
        builder.decryption_keys(keys).observer(move |event: &Event<'_>| {
            if let Some((stage, steps)) = event.steps() {
                seen.lock().unwrap().push((event.label(), stage, *steps));
            }
        })
    });
    let signed = object("basic", json!({}));
    let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "p256" });
    let encrypted = encrypt(&header, signed.as_bytes(), &public_half(&key));
    for (object, is_decrypted) in [(signed, false), (encrypted, true)] {
        assert_eq!(server.push(&form([("request", &*object)])).status(), 201);
        let (_, _, steps) = take(&outcomes).pop().unwrap();
        assert!(steps.of(Step::RequestObject).is_some());
        assert_eq!(steps.of(Step::Decryption).is_some(), is_decrypted);
    }
}

#[cfg(feature = "metrics")]
#[test]
fn times_are_measured_by_fixed_labels_in_seconds() {
    use metrics_util::{
        MetricKind,
        debugging::{DebugValue, DebuggingRecorder},
    };
    use parjar::MetricsObserver;

    let recorder = DebuggingRecorder::new();
    let measured = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let host =
            Slow { clock: ManualClock::default(), clients: InMemoryRegistry::new([client(basic("basic"))]).unwrap() };
        let par = ParEndpoint::builder(ISSUER)
            .clock(host.clock.clone())
            .clients(host.clone())
            .store(StoreDouble::new(host))
            .observer(MetricsObserver::new())
            .build()
            .unwrap();
        push(&par, "basic", &code_request(&[]));
        push(&par, "canary", "");
    });
    let mut lines: Vec<String> = measured
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.kind() == MetricKind::Histogram)
        .map(|(key, unit, _, value)| {
            assert_eq!(unit, Some(metrics::Unit::Seconds));
            let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let DebugValue::Histogram(values) = value else { panic!("a histogram") };
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            format!("{}{{{}}} {values:?}", key.key().name(), labels.join(","))
        })
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "parjar_step_seconds{stage=push,step=authentication} [0.0, 0.0]",
            "parjar_step_seconds{stage=push,step=look_up} [0.003, 0.003]",
            "parjar_step_seconds{stage=push,step=store} [0.2]",
            "parjar_step_seconds{stage=push,step=total} [0.203, 0.003]",
            "parjar_step_seconds{stage=push,step=validation} [0.0]",
        ]
    );
}

/// Notes the events that are no outcome, as lines.
fn remarks() -> (impl Fn(&Event<'_>) + Send + Sync + 'static, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&lines);
    let note = move |event: &Event<'_>| {
        let line = match *event {
            Event::MembersIgnored { client_id, members, skipped, .. } => {
                let members: Vec<String> = members.iter().map(ToString::to_string).collect();
                format!("{client_id}: {} ({} keys)", members.join("; "), skipped.len())
            }
            Event::StoreBack { stage, away, .. } => format!("{} back after {away:?}", stage.as_str()),
            _ => return,
        };
        let level = event.level();
        seen.lock().unwrap().push(format!("{level:?} {line}"));
    };
    (note, lines)
}

#[test]
fn what_does_not_count_in_a_registration_is_told_once_for_each_client_that_is_parsed() {
    let (note, lines) = remarks();
    let emptied = || client(with(basic("basic"), json!({ "response_types": ["code", "future"], "jwks_uri": "" })));
    let registry = InMemoryRegistry::new([emptied()]).unwrap();
    let par = ParEndpoint::builder(ISSUER).clients(registry.clone()).observer(note).build().unwrap();
    let take = || std::mem::take(&mut *lines.lock().unwrap());
    assert_eq!(take(), [""; 0]);
    for _ in 0..3 {
        push(&par, "basic", &code_request(&[]));
    }
    let line = "Info basic: jwks_uri: is empty, and counts as absent; response_types: number 2 is an unknown response type \
                (0 keys)";
    assert_eq!(take(), [line]);
    registry.replace([emptied()]).unwrap();
    push(&par, "basic", "");
    assert_eq!(take(), [line]);
    registry.replace([client(basic("basic"))]).unwrap();
    push(&par, "basic", "");
    assert_eq!(take(), [""; 0]);
}

#[test]
fn keys_that_are_skipped_are_a_warning() {
    let (note, lines) = remarks();
    let weak = json!({ "kty": "future", "kid": "canary" });
    let registration = with(basic("basic"), json!({ "jwks": { "keys": [ES256_KEY.public(), weak] } }));
    let registry = InMemoryRegistry::new([client(registration)]).unwrap();
    let par = ParEndpoint::builder(ISSUER).clients(registry).observer(note).build().unwrap();
    push(&par, "basic", "");
    let lines = lines.lock().unwrap();
    assert!(lines.len() == 1 && lines[0].starts_with("Warning basic: jwks: keys[1]"), "{lines:?}");
    assert!(lines[0].ends_with("(1 keys)"), "{lines:?}");
}

#[test]
fn what_nobody_hears_is_told_to_the_first_who_listens() {
    let emptied = client(with(basic("basic"), json!({ "jwks_uri": "" })));
    let registry = InMemoryRegistry::new([emptied]).unwrap();
    push(&ParEndpoint::builder(ISSUER).clients(registry.clone()).build().unwrap(), "basic", "");
    let (note, lines) = remarks();
    push(&ParEndpoint::builder(ISSUER).clients(registry).observer(note).build().unwrap(), "basic", "");
    assert_eq!(lines.lock().unwrap().len(), 1);
}

/// A store that is away while a test says so, and takes a second to say it.
#[derive(Clone, Default)]
struct Away {
    clock: ManualClock,
    is_away: Arc<AtomicBool>,
}

impl Disturbance for Away {
    async fn before(&self, _: Call<'_>) -> Result<(), StoreError> {
        if !self.is_away.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.clock.advance(Duration::from_secs(1));
        Err(StoreError::new("no route"))
    }
}

#[test]
fn a_store_that_is_back_is_told_once_for_each_kind_of_operation_that_met_the_outage() {
    let (note, lines) = remarks();
    let store = StoreDouble::new(Away::default());
    let clock = store.clock.clone();
    let par = builder(ISSUER).store(store.clone()).clock(clock.clone()).observer(note).build().unwrap();
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    let pending = open(&par, &handle, None).unwrap();
    let take = || std::mem::take(&mut *lines.lock().unwrap());

    store.is_away.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(push(&par, "basic", &code_request(&[])).status(), 503);
    }
    assert_eq!(pollster::block_on(par.complete(&pending)).unwrap_err().page_status(), 503);
    // Refused before the store is asked, which says nothing about it.
    push(&par, "basic", "");
    assert_eq!(take(), [""; 0]);

    clock.advance(Duration::from_secs(60));
    store.is_away.store(false, Ordering::Relaxed);
    push(&par, "basic", "");
    assert_eq!(take(), [""; 0]);
    push(&par, "basic", &code_request(&[]));
    assert_eq!(take(), ["Warning push back after 63s"]);
    open(&par, &handle, None).unwrap();
    push(&par, "basic", &code_request(&[]));
    assert_eq!(take(), [""; 0]);
    pollster::block_on(par.complete(&pending)).unwrap();
    assert_eq!(take(), ["Warning complete back after 60s"]);
}

#[test]
fn of_many_operations_at_once_one_finds_the_store_back() {
    let (note, lines) = remarks();
    let store = StoreDouble::new(Away::default());
    let par = builder(ISSUER).store(store.clone()).clock(store.clock.clone()).observer(note).build().unwrap();
    for round in 1..=20 {
        store.is_away.store(true, Ordering::Relaxed);
        push(&par, "basic", &code_request(&[]));
        store.is_away.store(false, Ordering::Relaxed);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| push(&par, "basic", &code_request(&[])));
            }
        });
        assert_eq!(lines.lock().unwrap().len(), round);
    }
}
