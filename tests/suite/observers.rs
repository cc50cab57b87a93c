//! What a host can count and log.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    host::{builder, open, push},
    store_double::{Call, Disturbance, StoreDouble},
    support::{FORM, ISSUER, authorization, browser_with, code_request, request_uri},
};
use parjar::{
    CauseText, DenialCode, Event, FormRequest, HostEndpoint, InMemoryRegistry, Level, ManualClock, Observer,
    ParEndpoint, Policy, Stage,
    store::{MemoryLimits, MemoryStore, StoreError},
};

/// Notes every event as a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        let line = match *event {
            Event::Pushed { client_id, .. } => format!("pushed {client_id}"),
            Event::Refused { stage, reason, client_id, .. } => {
                format!("refused {} {reason} {}", stage.as_str(), client_id.unwrap_or("-"))
            }
            Event::Authenticated { stage, client_id, method, .. } => {
                format!("authenticated {} {client_id} {}", stage.as_str(), method.as_str())
            }
            Event::Opened { client_id, .. } => format!("opened {client_id}"),
            Event::Completed { client_id, .. } => format!("completed {client_id}"),
            Event::Denied { client_id, error, .. } => format!("denied {client_id} {}", error.as_str()),
            Event::Replayed { client_id, .. } => format!("replayed {client_id}"),
            Event::HygieneSkipped { client_id, marks, .. } => format!("hygiene skipped {client_id} {marks}"),
            _ => "unknown".to_owned(),
        };
        self.0.lock().unwrap().push(line);
    }
}

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

struct Watched {
    par: ParEndpoint<InMemoryRegistry, MemoryStore>,
    clock: ManualClock,
    log: Log,
}

impl Watched {
    fn new() -> Self {
        let (log, clock) = (Log::default(), ManualClock::default());
        let mut limits = MemoryLimits::default();
        limits.requests_per_client = 5;
        let store = MemoryStore::new(limits).with_clock(clock.clone());
        Self { par: builder(ISSUER).store(store).observer(log.clone()).build().unwrap(), clock, log }
    }

    /// Pushes, and forgets the event.
    fn pushed(&self) -> String {
        let handle = request_uri(&push(&self.par, "basic", &code_request(&[])));
        self.log.take();
        handle
    }

    fn authorize(&self, query: &str, browser: Option<&str>) {
        let _ = pollster::block_on(self.par.authorize(query, browser_with(browser)));
    }

    fn saw(&self, lines: &[&str]) {
        assert_eq!(self.log.take(), lines);
    }
}

#[test]
fn a_login_is_told_from_push_to_end() {
    let server = Watched::new();
    let handle = request_uri(&push(&server.par, "basic", &code_request(&[])));
    server.saw(&["pushed basic"]);
    let pending = open(&server.par, &handle, None).unwrap();
    server.saw(&["opened basic"]);
    open(&server.par, &handle, None).unwrap();
    server.saw(&["opened basic"]);
    pollster::block_on(server.par.complete(&pending)).unwrap();
    server.saw(&["completed basic"]);
}

#[test]
fn a_denial_is_told_with_its_error() {
    let server = Watched::new();
    let pending = open(&server.par, &server.pushed(), None).unwrap();
    server.log.take();
    pollster::block_on(server.par.deny(&pending, DenialCode::LoginRequired)).unwrap();
    server.saw(&["denied basic login_required"]);
}

#[test]
fn a_replay_is_told_wherever_it_happens() {
    // P-18
    let server = Watched::new();
    let handle = server.pushed();
    let pending = open(&server.par, &handle, None).unwrap();
    pollster::block_on(server.par.complete(&pending)).unwrap();
    server.log.take();
    let _ = open(&server.par, &handle, None);
    server.saw(&["replayed basic", "refused authorize spent_request_uri basic"]);
    let _ = pollster::block_on(server.par.complete(&pending));
    server.saw(&["replayed basic", "refused complete spent_request_uri basic"]);
    let _ = pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied));
    server.saw(&["replayed basic", "refused complete spent_request_uri basic"]);
    server.authorize(&format!("client_id=other&request_uri={handle}"), None);
    server.saw(&["refused authorize foreign_request_uri other"]);
}

#[test]
fn every_refused_login_is_told_with_its_reason() {
    let server = Watched::new();
    let handle = server.pushed();
    server.authorize("", None);
    server.saw(&["refused authorize missing_client_id -"]);
    server.authorize("%", None);
    server.saw(&["refused authorize malformed_encoding -"]);
    server.authorize("client_id=basic&request_uri=x", None);
    server.saw(&["refused authorize malformed_request_uri -"]);
    server.authorize("client_id=basic&request_uri=https://x.example", None);
    server.saw(&["refused authorize external_request_uri -"]);
    server.authorize("client_id=nobody&response_type=code", None);
    server.saw(&["refused authorize unknown_client -"]);
    server.authorize("client_id=basic", None);
    server.saw(&["refused authorize missing_response_type basic"]);
    server.authorize("client_id=basic&redirect_uri=https://evil.example", None);
    server.saw(&["refused authorize redirect_uri_different basic"]);
    open(&server.par, &handle, Some("one")).unwrap();
    server.log.take();
    server.authorize(&format!("client_id=basic&request_uri={handle}"), Some("two"));
    server.saw(&["refused authorize other_browser basic"]);
    server.clock.advance(std::time::Duration::from_secs(600));
    server.authorize(&format!("client_id=basic&request_uri={handle}"), Some("one"));
    server.saw(&["refused authorize unknown_request_uri basic"]);
}

#[test]
fn every_refused_push_is_told_with_its_reason() {
    let server = Watched::new();
    let send = |method: &str, authorization: &str, form: &str| {
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let _ = pollster::block_on(server.par.push(&FormRequest::new(method, headers, form)));
    };
    let good = authorization("basic", "s3cret");
    send("GET", &good, "");
    server.saw(&["refused push method_not_allowed -"]);
    send("POST", &authorization("basic", "wrong"), "");
    server.saw(&["refused push wrong_secret basic"]);
    send("POST", &authorization("nobody", "wrong"), "");
    server.saw(&["refused push unknown_client -"]);
    send("POST", &good, "response_type=code&redirect_uri=https://evil.example");
    server.saw(&["refused push redirect_uri_different basic"]);
    (0..6).for_each(|_| send("POST", &good, &code_request(&[])));
    assert_eq!(server.log.take()[5], "refused push client_limit basic");
}

#[test]
fn the_token_endpoint_has_a_stage_of_its_own() {
    let server = Watched::new();
    let authorization = authorization("basic", "wrong");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let request = FormRequest::new("POST", headers, "grant_type=authorization_code");
    assert!(pollster::block_on(server.par.authenticate_client(&request)).is_err());
    server.saw(&["refused token wrong_secret basic"]);
}

#[test]
fn a_client_that_has_authenticated_is_told_with_endpoint_and_method() {
    let log = Log::default();
    let revocation = format!("{ISSUER}/revoke");
    let builder = builder(ISSUER).host_endpoint(HostEndpoint::Revocation, revocation).observer(log.clone());
    let par = builder.build().unwrap();
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let request = FormRequest::new("POST", headers, "token=x");
    pollster::block_on(par.authenticate_client(&request)).unwrap();
    pollster::block_on(par.authenticate_client_at(HostEndpoint::Revocation, &request)).unwrap();
    assert_eq!(
        log.take(),
        ["authenticated token basic client_secret_basic", "authenticated revocation basic client_secret_basic"]
    );
}

#[test]
fn all_observers_are_told() {
    let (first, second) = (Log::default(), Log::default());
    let par = builder(ISSUER).observer(first.clone()).observer(second.clone()).build().unwrap();
    push(&par, "basic", &code_request(&[]));
    assert_eq!((first.take(), second.take()), (vec!["pushed basic".to_owned()], vec!["pushed basic".to_owned()]));
}

#[test]
fn labels_are_fixed() {
    // S-21
    let stages = [Stage::Push, Stage::Authorize, Stage::Complete, Stage::Token].map(Stage::as_str);
    assert_eq!(stages, ["push", "authorize", "complete", "token"]);
    let server = Watched::new();
    for client_id in ["nobody", "x%20y%22", "%C3%A9"] {
        server.authorize(&format!("client_id={client_id}&request_uri=x"), None);
    }
    assert!(server.log.take().iter().all(|line| line.starts_with("refused authorize malformed_request_uri ")));
}

#[test]
fn a_boxed_endpoint_keeps_its_observers() {
    let log = Log::default();
    let par = builder(ISSUER).policy(Policy::oauth()).observer(log.clone()).build().unwrap().boxed();
    push(&par, "basic", &code_request(&[]));
    assert_eq!(log.take(), ["pushed basic"]);
}

/// A store that cannot be reached while it is `down`, with the reason of it in a cause of the cause.
#[derive(Clone, Default)]
struct Outage {
    down: Arc<AtomicBool>,
}

impl Disturbance for Outage {
    async fn before(&self, _: Call<'_>) -> Result<(), StoreError> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(StoreError::new(NotReached(io::Error::other("no route to db-7\n ERROR fake")))),
            false => Ok(()),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the database cannot be reached")]
struct NotReached(#[source] io::Error);

#[test]
fn a_fault_of_this_side_is_told_with_its_cause_and_at_its_level() {
    let seen: Arc<Mutex<Vec<(Level, String)>>> = Arc::default();
    let log = Arc::clone(&seen);
    let observer = move |event: &Event<'_>| {
        let cause = match *event {
            Event::Refused { cause: Some(cause), .. } => CauseText(cause).to_string(),
            _ => String::new(),
        };
        log.lock().unwrap().push((event.level(), cause));
    };
    let store = StoreDouble::new(Outage::default());
    let par = builder(ISSUER).store(store.clone()).observer(observer).build().unwrap();
    push(&par, "basic", &code_request(&[]));
    push(&par, "basic", "");
    store.down.store(true, Ordering::Relaxed);
    push(&par, "basic", &code_request(&[]));
    let down = r"the database cannot be reached: no route to db-7\n ERROR fake";
    let expected = [(Level::Info, ""), (Level::Info, ""), (Level::Error, down)];
    assert_eq!(*seen.lock().unwrap(), expected.map(|(level, cause)| (level, cause.to_owned())));
}

#[test]
fn a_store_that_is_full_says_what_of_it() {
    let causes: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&causes);
    let mut limits = MemoryLimits::default();
    limits.requests = 1;
    limits.requests_per_client = 2;
    let observer = move |event: &Event<'_>| {
        if let Event::Refused { reason: parjar::Reason::StoreFull, cause: Some(cause), .. } = event {
            log.lock().unwrap().push(CauseText(*cause).to_string());
        }
    };
    let par = builder(ISSUER).store(MemoryStore::new(limits)).observer(observer).build().unwrap();
    push(&par, "basic", &code_request(&[]));
    push(&par, "basic", &code_request(&[]));
    assert_eq!(*causes.lock().unwrap(), ["the room in memory"]);
}

#[test]
fn a_limit_is_told_as_a_warning() {
    let levels: Arc<Mutex<Vec<Level>>> = Arc::default();
    let log = Arc::clone(&levels);
    let mut limits = MemoryLimits::default();
    limits.requests_per_client = 1;
    let store = MemoryStore::new(limits);
    let observer = move |event: &Event<'_>| log.lock().unwrap().push(event.level());
    let par = builder(ISSUER).store(store).observer(observer).build().unwrap();
    push(&par, "basic", &code_request(&[]));
    push(&par, "basic", &code_request(&[]));
    assert_eq!(*levels.lock().unwrap(), [Level::Info, Level::Warning]);
}

#[cfg(feature = "metrics")]
#[test]
fn outcomes_are_counted_by_fixed_labels() {
    use metrics_util::{
        MetricKind,
        debugging::{DebugValue, DebuggingRecorder},
    };
    use parjar::MetricsObserver;

    let recorder = DebuggingRecorder::new();
    let counts = recorder.snapshotter();
    let store = StoreDouble::new(Outage::default());
    metrics::with_local_recorder(&recorder, || {
        let par = builder(ISSUER).store(store.clone()).observer(MetricsObserver::new()).build().unwrap();
        push(&par, "basic", &code_request(&[]));
        push(&par, "basic", &code_request(&[]));
        push(&par, "canary", &code_request(&[]));
        store.down.store(true, Ordering::Relaxed);
        push(&par, "basic", &code_request(&[]));
    });
    let mut counted: Vec<_> = counts
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.kind() == MetricKind::Counter)
        .map(|(key, _, _, value)| {
            let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let DebugValue::Counter(count) = value else { panic!("a counter") };
            format!("{}{{{}}} {count}", key.key().name(), labels.join(","))
        })
        .collect();
    counted.sort();
    assert_eq!(
        counted,
        [
            "parjar_events_total{event=pushed} 2",
            "parjar_events_total{event=refused} 2",
            "parjar_refusals_total{stage=push,reason=store_unavailable,level=error} 1",
            "parjar_refusals_total{stage=push,reason=unknown_client,level=info} 1",
        ]
    );
}

#[cfg(feature = "tracing")]
mod tracing_events {
    use parjar::{Client, ClientRegistry, RegistryError, TracingObserver};
    use serde_json::json;
    use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt as _};

    use super::*;
    use crate::support::{basic, client, with};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Written {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// All lines that are written while `work` goes on.
    fn written(work: impl FnOnce(&ParEndpoint)) -> Vec<String> {
        let written = Written::default();
        let subscriber =
            tracing_subscriber::fmt().with_writer(written.clone()).with_ansi(false).without_time().finish();
        let clock = ManualClock::default();
        let par = builder(ISSUER).clock(clock).observer(TracingObserver).build().unwrap();
        {
            let _guard = subscriber.set_default();
            work(&par);
        }
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_outcome_is_one_line_without_secrets() {
        // O-01, P-01
        let lines = written(|par| {
            let more = [("login_hint", "canary"), ("state", "canary"), ("x", "canary")];
            let handle = request_uri(&push(par, "basic", &code_request(&more)));
            let pending = open(par, &handle, Some("canary")).unwrap();
            let _ = open(par, &handle, Some("canary-other"));
            let granted = pollster::block_on(par.complete(&pending)).unwrap();
            crate::host::respond(&granted, [("code", "canary")]);
            let _ = open(par, &handle, Some("canary"));
            let denied = open(par, &request_uri(&push(par, "basic", &code_request(&more))), None).unwrap();
            let _ = pollster::block_on(par.deny(&denied, DenialCode::AccessDenied));
        });
        let expected = [
            (" INFO", "pushed"),
            (" INFO", "opened"),
            (" INFO", "refused"),
            (" INFO", "completed"),
            (" WARN", "replayed"),
            (" INFO", "refused"),
            (" INFO", "pushed"),
            (" INFO", "opened"),
            (" INFO", "denied"),
        ];
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (line, (level, message)) in lines.iter().zip(expected) {
            assert!(line.starts_with(&format!("{level} parjar: {message} ")), "{line}");
            assert!(line.contains("basic"));
            for secret in ["canary", "s3cret", "urn:"] {
                assert!(!line.contains(secret), "{line}");
            }
        }
        assert!(lines[2].contains(r#"stage="authorize" reason="other_browser""#), "{}", lines[2]);
    }

    #[test]
    fn a_client_that_cannot_be_used_is_one_line_with_its_cause_and_another_with_the_refusal() {
        struct Broken;
        impl ClientRegistry for Broken {
            async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
                Err(RegistryError::unusable_client("redirect_uris:\n must not be empty"))
            }
        }
        let lines = written(|par| {
            let par = par.with_clients(Broken);
            assert_eq!(push(&par, "broken", "").status(), 401);
        });
        assert_eq!(
            lines,
            [
                r#" WARN parjar: client unusable client_id="broken" cause=the client cannot be used: redirect_uris:\n must not be empty"#,
                r#" INFO parjar: refused stage="push" reason="unusable_client" client_id="broken" total_us=0 look_up_us=0 authentication_us=0"#,
            ]
        );
    }

    #[test]
    fn a_name_that_nobody_registered_stays_out() {
        // O-03: it may be a secret in the wrong place, or an attack on whoever reads the log.
        let hostile = |length| "c1\u{2028}\u{202e}canary\"\\n ERROR parjar: ".to_owned() + &"x".repeat(length);
        let (short, long) = (hostile(1_000), hostile(5_000));
        for (client_id, rest) in [
            (&*short, ("request_uri", "x")),
            (&*short, ("response_type", "code")),
            (&*long, ("request_uri", "x")),
            (&*long, ("response_type", "code")),
        ] {
            let query = crate::support::form([("client_id", client_id), rest]);
            let lines = written(|par| {
                assert!(pollster::block_on(par.authorize(&query, browser_with(None))).is_err());
            });
            assert_eq!(lines.len(), 1);
            assert!(!lines[0].contains("canary"), "{}", lines[0]);
            assert!(!lines[0].contains("client_id="), "{}", lines[0]);
        }
    }

    #[test]
    fn a_fault_of_this_side_is_an_error_with_its_cause() {
        let store = StoreDouble::new(Outage::default());
        store.down.store(true, Ordering::Relaxed);
        let written = Written::default();
        let subscriber =
            tracing_subscriber::fmt().with_writer(written.clone()).with_ansi(false).without_time().finish();
        let par = builder(ISSUER).store(store).observer(TracingObserver).build().unwrap();
        {
            let _guard = subscriber.set_default();
            push(&par, "basic", &code_request(&[]));
        }
        let line = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(line.starts_with("ERROR parjar: refused "), "{line}");
        assert!(line.contains(r"cause=the database cannot be reached: "), "{line}");
        assert!(line.contains(r"no route to db-7\n ERROR fake"), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }

    #[test]
    fn what_does_not_count_in_a_registration_is_one_line() {
        let document = json!({ "jwks_uri": "", "response_types": ["code", "canary"] });
        let emptied = client(with(basic("basic"), document));
        let registry = InMemoryRegistry::new([emptied]).unwrap();
        let lines = written(|par| {
            let par = par.with_clients(registry);
            push(&par, "basic", "");
            push(&par, "basic", "");
        });
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert_eq!(
            lines[0],
            r#" INFO parjar: members ignored client_id="basic" keys_skipped=0 ignored=jwks_uri: is empty, and counts as absent; "#
                .to_owned()
                + "response_types: number 2 is an unknown response type"
        );
    }

    #[test]
    fn the_end_of_an_outage_is_one_line() {
        let store = StoreDouble::new(Outage::default());
        let lines = written(|par| {
            let par = par.with_store(store.clone());
            for down in [true, true, false, false] {
                store.down.store(down, Ordering::Relaxed);
                push(&par, "basic", &code_request(&[]));
            }
        });
        let messages: Vec<&str> = lines.iter().map(|line| line.split(" parjar: ").nth(1).unwrap()).collect();
        assert!(messages[0].starts_with("refused ") && messages[1].starts_with("refused "), "{lines:#?}");
        assert_eq!(lines[2], r#" WARN parjar: store back stage="push" away_us=0"#);
        assert!(messages[3].starts_with("pushed ") && messages[4].starts_with("pushed "), "{lines:#?}");
        assert_eq!(lines.len(), 5);
    }
}
