//! What the endpoint answers when something it depends on fails.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use parjar::{
    AuthorizeRefusal, Client, ClientRegistry, FormRequest, InMemoryRegistry, ParEndpoint, RandomError, RandomSource,
    Reason, RegistryError, Reply, RequestUri,
    store::{MemoryStore, StoreError},
};

use crate::{
    host::{builder, endpoint, open, page, push},
    store_double::{Call, Disturbance, StoreDouble},
    support::{
        CALLBACK, FORM, ISSUER, Server, authorization, basic, body, browser_with, client, code_request, error,
        request_uri,
    },
};

const PREFIX: &str = RequestUri::PREFIX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failing {
    Nothing,
    Insert,
    /// Stored, but the confirmation got lost.
    Confirmation,
    Claim,
    Annotate,
    Extend,
    Consume,
}

type Tamper = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

/// Makes a store fail when it is told to, pause before and after each step, and hand out records through `tamper`.
#[derive(Clone)]
struct Unreliable {
    failing: Arc<Mutex<Failing>>,
    tamper: Arc<Mutex<Option<Tamper>>>,
}

impl Unreliable {
    fn store() -> StoreDouble<Self> {
        StoreDouble::new(Self { failing: Arc::new(Mutex::new(Failing::Nothing)), tamper: Arc::default() })
    }

    fn fail(&self, what: Failing) {
        *self.failing.lock().unwrap() = what;
    }

    fn tamper(&self, with: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        *self.tamper.lock().unwrap() = Some(Arc::new(with));
    }

    async fn pass(&self, step: Failing) -> Result<(), StoreError> {
        pause().await;
        if *self.failing.lock().unwrap() == step {
            return Err(StoreError::new("canary: db-7 is down"));
        }
        Ok(())
    }
}

impl Disturbance for Unreliable {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        match call {
            Call::Insert(_) => self.pass(Failing::Insert).await,
            Call::Claim(_) => self.pass(Failing::Claim).await,
            Call::Annotate(_) => self.pass(Failing::Annotate).await,
            Call::Extend => self.pass(Failing::Extend).await,
            Call::Consume(_) => self.pass(Failing::Consume).await,
            Call::Remember => Ok(()),
        }
    }

    async fn after(&self, call: Call<'_>) -> Result<(), StoreError> {
        match call {
            Call::Insert(_) => self.pass(Failing::Confirmation).await?,
            Call::Claim(_) | Call::Consume(_) => pause().await,
            Call::Annotate(_) | Call::Extend | Call::Remember => {}
        }
        Ok(())
    }

    fn claimed(&self, record: Vec<u8>) -> Vec<u8> {
        let tamper = self.tamper.lock().unwrap().clone();
        tamper.map_or(record.clone(), |tamper| tamper(record))
    }
}

async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Polls a future so many times and drops it.
fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    pollster::block_on(poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        context.waker().wake_by_ref();
        future.as_mut().poll(context).map(Some)
    }))
}

#[test]
fn no_handle_is_given_out_that_is_not_safely_stored() {
    // PAR-077, P-41
    let store = Unreliable::store();
    let par = endpoint(store.clone());
    for failing in [Failing::Insert, Failing::Confirmation] {
        store.fail(failing);
        let reply = push(&par, "basic", &code_request(&[]));
        assert_eq!((reply.status(), error(&reply).as_str()), (503, "temporarily_unavailable"), "{failing:?}");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(!reply.body().contains("urn:") && !reply.body().contains("canary"), "{}", reply.body());
    }
    store.fail(Failing::Nothing);
    assert_eq!(push(&par, "basic", &code_request(&[])).status(), 201);
}

#[test]
fn a_store_that_fails_at_the_login_gets_a_page_and_loses_nothing() {
    // O-02
    let store = Unreliable::store();
    let par = endpoint(store.clone());
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    store.fail(Failing::Claim);
    let refusal = page(open(&par, &handle, None));
    assert_eq!((refusal.status(), refusal.reason()), (503, Reason::StoreUnavailable));
    assert_eq!((refusal.code().as_str(), refusal.retry_after()), ("temporarily_unavailable", Some(1)));
    assert!(!format!("{refusal} {}", refusal.description()).contains("canary"));
    assert!(std::error::Error::source(&refusal).unwrap().to_string().contains("canary"), "for the host's log");
    store.fail(Failing::Consume);
    let pending = open(&par, &handle, None).unwrap();
    assert_eq!(page(pollster::block_on(par.complete(&pending))).reason(), Reason::StoreUnavailable);
    store.fail(Failing::Nothing);
    assert!(pollster::block_on(par.complete(&pending)).is_ok());
}

#[test]
fn a_caller_that_gives_up_half_way_loses_nothing_and_doubles_nothing() {
    // S-18
    for polls in 0..8 {
        let store = Unreliable::store();
        let par = endpoint(store.clone());
        let authorization = authorization("basic", "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let form = code_request(&[]);
        give_up_after(polls, par.push(&FormRequest::new("POST", headers, &form)));
        assert!(store.memory.len() <= 1);

        let handle = request_uri(&push(&par, "basic", &form));
        let query = format!("client_id=basic&request_uri={handle}");
        give_up_after(polls, par.authorize(&query, browser_with(Some("one"))));
        let pending = open(&par, &handle, Some("one")).expect("the same browser can go on");
        let first = give_up_after(polls, par.complete(&pending)).and_then(Result::ok).map(drop);
        let second = pollster::block_on(par.complete(&pending)).ok();
        assert!(first.is_none() || second.is_none());
        drop(second);
        assert_eq!(page(pollster::block_on(par.complete(&pending))).reason(), Reason::AlreadyAnswered);
    }
}

/// A registry that is out of order.
struct Unplugged;

impl ClientRegistry for Unplugged {
    async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        Err(RegistryError::new("canary: timeout"))
    }
}

#[test]
fn a_registry_that_fails_is_a_matter_of_time() {
    let par = ParEndpoint::builder(ISSUER).clients(Unplugged).build().unwrap();
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let form = code_request(&[]);
    let request = FormRequest::new("POST", headers, &form);
    let push = Reply::from(pollster::block_on(par.push(&request)));
    let token = Reply::from(pollster::block_on(par.authenticate_client(&request)).unwrap_err());
    for reply in [push, token] {
        assert_eq!((reply.status(), error(&reply).as_str()), (503, "temporarily_unavailable"));
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(!reply.body().contains("canary"));
    }
    let handle = format!("{PREFIX}{}", "A".repeat(43));
    for query in [format!("client_id=basic&request_uri={handle}"), format!("client_id=basic&{form}")] {
        let refusal = page(pollster::block_on(par.authorize(&query, browser_with(None))));
        assert_eq!((refusal.status(), refusal.reason()), (503, Reason::RegistryUnavailable));
    }
}

/// A registry that compares as some databases do.
struct Sloppy(InMemoryRegistry);

impl ClientRegistry for Sloppy {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        self.0.client(&client_id.trim_end().to_lowercase()).await
    }
}

#[test]
fn a_client_whose_name_differs_in_more_than_case_is_no_client() {
    let registry = InMemoryRegistry::new([client(basic("basic"))]).unwrap();
    let par = ParEndpoint::builder(ISSUER).clients(Sloppy(registry)).build().unwrap();
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    for client_id in ["BASIC+", "basic+"] {
        let query = format!("client_id={client_id}&request_uri={handle}");
        assert_eq!(
            page(pollster::block_on(par.authorize(&query, browser_with(None)))).reason(),
            Reason::RequestUriOfUnknownClient
        );
        let plain = format!("client_id={client_id}&{}", code_request(&[]));
        assert_eq!(page(pollster::block_on(par.authorize(&plain, browser_with(None)))).reason(), Reason::UnknownClient);
    }
    let pending =
        pollster::block_on(par.authorize(&format!("client_id=BASIC&request_uri={handle}"), browser_with(None)));
    assert_eq!(pending.unwrap().request().client_id(), "basic");
    assert!(open(&par, &handle, None).is_ok());
}

/// Draws what it is told to, in order; the last again and again, and nothing at all when the list is empty.
#[derive(Clone)]
struct Loaded {
    draws: Vec<u8>,
    drawn: Arc<AtomicUsize>,
}

impl Loaded {
    fn new(draws: &[u8]) -> Self {
        Self { draws: draws.into(), drawn: Arc::default() }
    }
}

impl RandomSource for Loaded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let index = self.drawn.fetch_add(1, Ordering::SeqCst);
        let drawn = self.draws.get(index).or(self.draws.last()).ok_or(RandomError::new("canary: no entropy"))?;
        bytes.fill(*drawn);
        Ok(())
    }
}

#[test]
fn without_randomness_there_is_no_handle() {
    // O-07, P-02
    let store = MemoryStore::default();
    let par = builder(ISSUER).store(store.clone()).random(Loaded::new(&[])).build().unwrap();
    let reply = push(&par, "basic", &code_request(&[]));
    assert_eq!((reply.status(), error(&reply).as_str()), (500, "server_error"));
    assert_eq!(body(&reply).as_object().unwrap().len(), 2);
    assert!(!reply.body().contains("canary"));
    assert!(store.is_empty());
}

#[test]
fn a_taken_handle_is_drawn_again_and_never_overwritten() {
    // P-40
    let random = Loaded::new(&[1, 1, 1, 2, 1]);
    let par = builder(ISSUER).random(random.clone()).build().unwrap();
    let first = request_uri(&push(&par, "basic", &code_request(&[("state", "first")])));
    let second = request_uri(&push(&par, "basic", &code_request(&[("state", "second")])));
    assert_ne!(first, second);
    assert_eq!(random.drawn.load(Ordering::SeqCst), 4);
    let reply = push(&par, "basic", &code_request(&[("state", "third")]));
    assert_eq!((reply.status(), error(&reply).as_str()), (500, "server_error"));
    assert_eq!(random.drawn.load(Ordering::SeqCst), 7, "three draws, then an error");
    for (handle, state) in [(first, "first"), (second, "second")] {
        assert_eq!(open(&par, &handle, None).unwrap().request().state(), Some(state));
    }
}

#[test]
fn a_spent_handle_is_not_given_out_again() {
    // P-40
    let par = builder(ISSUER).random(Loaded::new(&[1])).build().unwrap();
    let pending = open(&par, &request_uri(&push(&par, "basic", &code_request(&[]))), None).unwrap();
    assert!(pollster::block_on(par.complete(&pending)).is_ok());
    assert_eq!(push(&par, "basic", &code_request(&[])).status(), 500);
}

#[test]
fn a_record_that_cannot_be_read_is_an_invalid_handle() {
    // S-07, PAR-078
    let store = Unreliable::store();
    let par = endpoint(store.clone());
    let handle = request_uri(&push(&par, "basic", &code_request(&[("state", "s")])));
    let tampers: [fn(Vec<u8>) -> Vec<u8>; 9] = [
        |_| Vec::new(),
        |record| record[..1].to_vec(),
        |record| record[..record.len() - 1].to_vec(),
        |record| [&record[..], b"x"].concat(),
        |record| [&[1], &record[1..]].concat(),
        |record| [&[0], &record[1..]].concat(),
        |record| record[1..].to_vec(),
        |_| vec![2, 0, 0xFF, 0xFF, 0xFF, 0x7F],
        |_| br#"{"client_id":"basic"}"#.to_vec(),
    ];
    for (number, tamper) in tampers.into_iter().enumerate() {
        store.tamper(tamper);
        let refusal = page(open(&par, &handle, None));
        assert_eq!(refusal.reason(), Reason::UnreadableRecord, "{number}");
        assert_eq!(refusal.code().as_str(), "invalid_request_uri");
        assert_eq!(refusal.description(), Reason::UnknownRequestUri.description());
    }
}

#[test]
fn whatever_a_store_hands_out_nothing_panics_and_nobody_is_sent_astray() {
    // S-07, O-04, P-13
    let store = Unreliable::store();
    let par = endpoint(store.clone());
    let handle = request_uri(&push(&par, "basic", &code_request(&[("state", "s"), ("scope", "openid")])));
    let flips = Arc::new(AtomicUsize::new(0));
    let flip = flips.clone();
    let length = Arc::new(AtomicUsize::new(usize::MAX));
    let measured = length.clone();
    store.tamper(move |mut record| {
        measured.store(record.len() * 8, Ordering::SeqCst);
        let bit = flip.load(Ordering::SeqCst) % (record.len() * 8);
        record[bit / 8] ^= 1 << (bit % 8);
        record
    });
    while flips.fetch_add(1, Ordering::SeqCst) < length.load(Ordering::SeqCst) {
        match open(&par, &handle, None) {
            Ok(pending) => assert_eq!(pending.request().redirect_uri().as_str(), CALLBACK),
            Err(AuthorizeRefusal::Page(_)) => {}
            Err(AuthorizeRefusal::Answered(_)) => panic!("nothing was answered"),
            Err(AuthorizeRefusal::Redirect(refused)) => {
                let redirect = refused.response();
                if let Some(location) = redirect.location() {
                    assert!(
                        location.starts_with("https://app.example.com/cb?")
                            || location.starts_with("https://app.example.com/cb#")
                    );
                }
            }
        }
    }
}

#[test]
fn a_record_of_another_client_is_not_opened_even_when_the_store_confuses_them() {
    // PAR-030, P-04: the client is in the record, too
    let store = Unreliable::store();
    let par = endpoint(store.clone());
    let stolen = Arc::new(Mutex::new(Vec::new()));
    let other = request_uri(&push(&par, "other", &code_request(&[("login_hint", "of-other")])));
    let mine = request_uri(&push(&par, "basic", &code_request(&[])));
    let keep = stolen.clone();
    store.tamper(move |record| {
        keep.lock().unwrap().clone_from(&record);
        record
    });
    assert!(
        pollster::block_on(par.authorize(&format!("client_id=other&request_uri={other}"), browser_with(None))).is_ok()
    );
    store.tamper(move |_| stolen.lock().unwrap().clone());
    assert_eq!(page(open(&par, &mine, None)).code().as_str(), "invalid_request_uri");
}

#[test]
fn an_expired_secret_does_not_hinder_a_login_that_has_begun() {
    // The credentials belong to the push
    let registration =
        crate::support::with(basic("basic"), serde_json::json!({ "client_secret_expires_at": 1_700_000_010 }));
    let server = Server::with(parjar::Policy::oauth(), [registration]);
    let handle = server.pushed(&code_request(&[]));
    server.pass(20);
    assert_eq!(server.push(&code_request(&[])).status(), 401);
    assert!(server.open(&handle).is_ok());
}
