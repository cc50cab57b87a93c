//! Clients that are URLs: which documents are taken, when they are fetched, and how little a stranger can do with it.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex},
    time::Duration,
};

use parjar::{
    AuthorizeRefusal, BoxedParEndpoint, Browser, Client, ClientRegistry, DocumentSource, ErrorCode, Event, FetchError,
    FetchedDocument, FetchedJwks, FormRequest, InMemoryRegistry, JwksError, JwksSource, ManualClock,
    MetadataDocumentError, MetadataDocumentLimits, MetadataDocumentRegistry, MetadataDocumentRegistryBuilder,
    ParEndpoint, Policy, Profile, Reason, RegistryError, RegistryFaults, Reply,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::{CHALLENGE, FORM, ISSUER, basic, client};

const APP: &str = "https://app.example.com/client.json";

/// Publishes documents, counts who asks for them, and waits where a test wants it to.
#[derive(Clone)]
struct Web(Arc<State>);

struct State {
    pages: Mutex<HashMap<String, Page>>,
    asked: Mutex<Vec<String>>,
    doors: Semaphore,
}

#[derive(Clone)]
enum Page {
    Document(String, Option<Duration>),
    Status(u16),
    Down,
}

impl Web {
    fn new() -> Self {
        Self(Arc::new(State { pages: Mutex::default(), asked: Mutex::default(), doors: Semaphore::new(1_000_000) }))
    }

    fn publish(&self, url: &str, page: Page) {
        self.0.pages.lock().unwrap().insert(url.to_owned(), page);
    }

    fn fetches(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }
}

impl DocumentSource for Web {
    async fn fetch(&self, url: &str) -> Result<FetchedDocument, FetchError> {
        self.0.asked.lock().unwrap().push(url.to_owned());
        self.0.doors.acquire().await.unwrap().forget();
        self.0.doors.add_permits(1);
        match self.0.pages.lock().unwrap().get(url).cloned() {
            Some(Page::Document(body, None)) => Ok(FetchedDocument::new(body)),
            Some(Page::Document(body, Some(age))) => Ok(FetchedDocument::new(body).with_max_age(age)),
            Some(Page::Status(status)) => Err(FetchError::Status(status)),
            Some(Page::Down) => Err(FetchError::TimeLimit),
            None => Err(FetchError::Status(404)),
        }
    }
}

fn document(url: &str) -> Value {
    json!({ "client_id": url, "redirect_uris": ["https://app.example.com/cb"], "token_endpoint_auth_method": "none" })
}

fn page(url: &str) -> Page {
    Page::Document(document(url).to_string(), None)
}

struct Fixture {
    web: Web,
    clock: ManualClock,
    documents: MetadataDocumentRegistry,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(finish: impl FnOnce(MetadataDocumentRegistryBuilder) -> MetadataDocumentRegistryBuilder) -> Self {
        let (web, clock) = (Web::new(), ManualClock::default());
        let builder = MetadataDocumentRegistry::builder(web.clone()).clock(clock.clone());
        Self { web, clock, documents: finish(builder).build().unwrap() }
    }

    fn limited(change: impl FnOnce(&mut MetadataDocumentLimits)) -> Self {
        let mut limits = MetadataDocumentLimits::default();
        change(&mut limits);
        Self::with(|builder| builder.limits(limits))
    }

    async fn look_up(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        self.documents.client(client_id).await
    }

    async fn found(&self, client_id: &str) -> Arc<Client> {
        self.look_up(client_id).await.unwrap().unwrap()
    }

    /// The reason why there is no such client.
    async fn fault(&self, client_id: &str) -> MetadataDocumentError {
        let error = self.look_up(client_id).await.unwrap_err();
        let fault = reason(&error);
        assert_eq!(error.is_unusable_client(), !fault.is_of_this_server());
        fault
    }
}

fn reason(error: &RegistryError) -> MetadataDocumentError {
    error.source().unwrap().downcast_ref::<MetadataDocumentError>().unwrap().clone()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What a vector calls the fault: the member, or the variant.
fn name_of(fault: &MetadataDocumentError) -> String {
    match fault {
        MetadataDocumentError::Registration(error) => error.member().to_owned(),
        MetadataDocumentError::OtherClientId => "OtherClientId".to_owned(),
        MetadataDocumentError::NotJson => "NotJson".to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn published_documents_are_taken_and_bad_ones_are_refused_by_name() {
    let vectors = include_str!("../vectors/metadata-documents.jsonl");
    run(async {
        for line in vectors.lines() {
            let vector: Value = serde_json::from_str(line).unwrap();
            let (case, client_id) = (&vector["case"], vector["client_id"].as_str().unwrap());
            let fixture =
                Fixture::with(|builder| if vector["rules"] == "atproto" { builder.atproto() } else { builder });
            fixture.web.publish(client_id, Page::Document(vector["document"].to_string(), None));
            match (fixture.look_up(client_id).await, vector["method"].as_str()) {
                (Ok(client), Some(method)) => {
                    let client = client.unwrap_or_else(|| panic!("{case}: unknown"));
                    assert_eq!(client.client_id(), client_id, "{case}");
                    assert_eq!(client.token_endpoint_auth_method().as_str(), method, "{case}");
                }
                (Ok(_), None) => panic!("{case}: is taken"),
                (Err(error), None) => {
                    assert!(error.is_unusable_client(), "{case}");
                    assert_eq!(name_of(&reason(&error)), vector["refused"].as_str().unwrap(), "{case}");
                }
                (Err(error), Some(_)) => panic!("{case}: {}", name_of(&reason(&error))),
            }
            assert_eq!(fixture.web.fetches(), 1, "{case}");
        }
    });
}

#[test]
fn texts_that_are_not_documents_are_refused() {
    let twice =
        format!(r#"{{ "client_id": "{APP}", "client_id": "{APP}", "redirect_uris": ["https://a.example/cb"] }}"#);
    let long = json!({ "client_id": APP, "redirect_uris": ["https://a.example/cb"], "x": "x".repeat(16 * 1024) });
    run(async {
        for (text, too_large) in
            [("", false), ("{", false), ("null", false), (&twice, false), (&long.to_string(), true)]
        {
            let fixture = Fixture::new();
            fixture.web.publish(APP, Page::Document(text.to_owned(), None));
            let fault = fixture.fault(APP).await;
            let expected =
                if too_large { MetadataDocumentError::TooLarge(16 * 1024) } else { MetadataDocumentError::NotJson };
            assert_eq!(fault.to_string(), expected.to_string(), "{text}");
        }
    });
}

#[test]
fn names_that_are_not_urls_of_documents_are_unknown_and_fetch_nothing() {
    let fixture = Fixture::new();
    let names = [
        "web",
        "http://app.example.com/client.json",
        "HTTPS://app.example.com/client.json",
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/?a",
        "https://App.example.com/client.json",
        "https://app.example.com:443/client.json",
        "https://app.example.com:0443/client.json",
        "https://app.example.com:/client.json",
        "https://app.example.com./client.json",
        "https://app.example.com/./client.json",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/a/%2e%2e/client.json",
        "https://app.example.com/a/%2E/client.json",
        "https://app.example.com/..",
        "https://app.example.com\\client.json",
        "https://app.example.com/client.json#",
        "https://app.example.com/client.json#a",
        "https://user@app.example.com/client.json",
        "https://:secret@app.example.com/client.json",
        "https://@app.example.com/client.json",
        "https:app.example.com/client.json",
        "https:///app.example.com/client.json",
        "https://app.example.com/client json",
        "https://app.example.com/<client>",
        "https://127.0.0.1/client.json",
        "https://[::1]/client.json",
        "https://1.1.1.1/client.json",
        "https://2130706433/client.json",
        "https://0x7f.1/client.json",
        "https://localhost/client.json",
        "https://app.localhost/client.json",
        "https://router.local/client.json",
        "https://vault.internal/client.json",
        "https://intranet/client.json",
        "https://b%C3%BCcher.example/client.json",
        "https://%61pp.example.com/client.json",
        "http://localhost",
        "http://localhost/?redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb",
    ];
    run(async {
        for name in names {
            assert!(fixture.look_up(name).await.unwrap().is_none(), "{name}");
        }
    });
    assert_eq!(fixture.web.fetches(), 0);
}

#[test]
fn a_document_is_kept_as_long_as_its_response_says_within_bounds() {
    let cases = [(None, 600), (Some(0), 60), (Some(300), 300), (Some(3600), 3600), (Some(u64::MAX), 24 * 60 * 60)];
    run(async {
        for (max_age, seconds) in cases {
            let fixture = Fixture::new();
            fixture.web.publish(APP, Page::Document(document(APP).to_string(), max_age.map(Duration::from_secs)));
            fixture.found(APP).await;
            fixture.clock.advance(Duration::from_secs(seconds - 1));
            fixture.found(APP).await;
            assert_eq!(fixture.web.fetches(), 1, "{max_age:?}");
            fixture.clock.advance(Duration::from_secs(1));
            fixture.found(APP).await;
            assert_eq!(fixture.web.fetches(), 2, "{max_age:?}");
        }
    });
}

#[test]
fn a_change_of_the_document_is_seen_when_its_lifetime_is_over() {
    let fixture = Fixture::new();
    fixture.web.publish(APP, page(APP));
    run(async {
        fixture.found(APP).await;
        let mut other = document(APP);
        other["redirect_uris"] = json!(["https://app.example.com/new"]);
        fixture.web.publish(APP, Page::Document(other.to_string(), None));
        assert_eq!(fixture.found(APP).await.redirect_uris()[0].as_str(), "https://app.example.com/cb");
        fixture.clock.advance(Duration::from_secs(600));
        assert_eq!(fixture.found(APP).await.redirect_uris()[0].as_str(), "https://app.example.com/new");
    });
}

#[test]
fn a_failure_is_remembered_for_the_cooldown_with_its_reason_and_no_longer() {
    let fixture = Fixture::new();
    run(async {
        for page in [Page::Down, Page::Status(500), Page::Status(404), Page::Document("{}".to_owned(), None)] {
            let before = fixture.web.fetches();
            fixture.web.publish(APP, page);
            let first = fixture.fault(APP).await;
            fixture.clock.advance(Duration::from_millis(9_999));
            let second = fixture.fault(APP).await;
            assert_eq!(first.to_string(), second.to_string());
            assert_eq!(fixture.web.fetches() - before, 1);
            fixture.clock.advance(Duration::from_millis(1));
        }
        fixture.web.publish(APP, page(APP));
        fixture.found(APP).await;
    });
}

#[test]
fn the_last_good_document_is_used_while_its_host_is_down_and_not_when_it_is_gone() {
    let faults = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&faults);
    let fixture = Fixture::new();
    fixture.documents.report_faults_to(RegistryFaults::new(move |client_id, error| {
        log.lock().unwrap().push(format!("{client_id} {}", error.source().unwrap()));
    }));
    run(async {
        for down in [Page::Down, Page::Status(503), Page::Status(429), Page::Status(403)] {
            fixture.web.publish(APP, page(APP));
            fixture.clock.advance(Duration::from_secs(24 * 60 * 60));
            fixture.found(APP).await;
            fixture.web.publish(APP, down);
            fixture.clock.advance(Duration::from_secs(600 + 3599));
            fixture.found(APP).await;
            fixture.found(APP).await;
            fixture.clock.advance(Duration::from_secs(10));
            fixture.fault(APP).await;
        }
        let gone = [Page::Status(404), Page::Status(410), Page::Document("{}".to_owned(), None)];
        for gone in gone {
            fixture.web.publish(APP, page(APP));
            fixture.clock.advance(Duration::from_secs(10));
            fixture.found(APP).await;
            fixture.web.publish(APP, gone);
            fixture.clock.advance(Duration::from_secs(600));
            fixture.fault(APP).await;
            fixture.fault(APP).await;
        }
    });
    let faults = faults.lock().unwrap();
    assert_eq!(
        *faults,
        vec![format!("{APP} the metadata document could not be fetched"); 4],
        "each time that an old one is used"
    );
}

#[test]
fn many_who_need_a_document_fetch_it_once() {
    let fixture = Fixture::new();
    fixture.web.publish(APP, page(APP));
    run(async {
        let closed = fixture.web.0.doors.acquire_many(1_000_000).await.unwrap();
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let documents = fixture.documents.clone();
                tokio::spawn(async move { documents.client(APP).await.map(|client| client.is_some()) })
            })
            .collect();
        while fixture.web.fetches() == 0 {
            tokio::task::yield_now().await;
        }
        drop(closed);
        for one in waiting {
            assert!(one.await.unwrap().unwrap());
        }
    });
    assert_eq!(fixture.web.fetches(), 1);
}

#[test]
fn senders_who_give_up_do_not_make_the_server_fetch_again_nor_keep_a_place() {
    let fixture = Fixture::limited(|limits| limits.fetches_at_once_per_host = 1);
    let other = "https://app.example.com/other.json";
    fixture.web.publish(APP, page(APP));
    fixture.web.publish(other, page(other));
    run(async {
        let closed = fixture.web.0.doors.acquire_many(1_000_000).await.unwrap();
        for _ in 0..20 {
            let documents = fixture.documents.clone();
            let sender = tokio::spawn(async move { documents.client(APP).await.is_ok() });
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            sender.abort();
            assert!(sender.await.is_err());
        }
        assert_eq!(fixture.web.fetches(), 1, "it goes on without them");
        assert!(fixture.fault(other).await.is_of_this_server(), "the only place of the host is taken");
        drop(closed);
        fixture.found(APP).await;
        fixture.clock.advance(Duration::from_secs(10));
        fixture.found(other).await;
    });
    assert_eq!(fixture.web.fetches(), 2);
}

#[test]
fn a_source_that_never_answers_is_left_after_the_time_limit() {
    let fixture = Fixture::limited(|limits| limits.time_limit = Duration::from_millis(50));
    run(async {
        let _closed = fixture.web.0.doors.acquire_many(1_000_000).await.unwrap();
        let fault = fixture.fault(APP).await;
        let cause = fault.source().unwrap().downcast_ref::<FetchError>();
        assert!(matches!(cause, Some(FetchError::TimeLimit)), "{fault}");
    });
}

#[test]
fn a_stranger_who_names_many_urls_neither_floods_a_host_nor_drives_out_who_is_known() {
    let fixture = Fixture::limited(|limits| {
        limits.documents = 100;
        limits.fetches_per_minute = 300;
    });
    fixture.web.publish(APP, page(APP));
    run(async {
        fixture.found(APP).await;
        // Many URLs of one host: no more fetches than a host gets in a minute.
        for number in 0..1000 {
            let fault = fixture.fault(&format!("https://victim.example.net/{number}")).await;
            assert_eq!(fault.is_of_this_server(), number >= 30, "{number}");
        }
        assert_eq!(fixture.web.fetches(), 31);
        // Many hosts: no more than all of them get.
        for number in 0..10_000 {
            fixture.fault(&format!("https://host{number}.example.net/client")).await;
        }
        assert_eq!(fixture.web.fetches(), 300);
        fixture.found(APP).await;
        assert_eq!(fixture.web.fetches(), 300, "it is still there");
        // And it can be fetched again, while strangers have used up what there is for them.
        let mut other = document(APP);
        other["client_name"] = json!("New");
        fixture.web.publish(APP, Page::Document(other.to_string(), None));
        for number in 0..5000 {
            fixture.clock.advance(Duration::from_millis(120));
            fixture.fault(&format!("https://again{number}.example.net/client")).await;
        }
        assert_eq!(fixture.found(APP).await.client_name(), Some("New"));
    });
}

#[test]
fn a_stranger_who_names_many_urls_of_a_host_does_not_lock_out_its_client() {
    let fixture = Fixture::new();
    fixture.web.publish(APP, page(APP));
    let origin = APP.rsplit_once('/').unwrap().0;
    run(async {
        fixture.found(APP).await;
        // Two hours, in which the document grows too old to be used while its host is down.
        for number in 0..7200 {
            fixture.clock.advance(Duration::from_secs(1));
            fixture.fault(&format!("{origin}/none/{number}")).await;
        }
        let before = fixture.web.fetches();
        fixture.found(APP).await;
        assert_eq!(fixture.web.fetches(), before + 1);
    });
}

#[test]
fn the_number_of_documents_is_bounded() {
    let fixture = Fixture::limited(|limits| {
        limits.documents = 10;
        limits.fetches_per_minute = 100_000;
    });
    let urls: Vec<String> = (0..100).map(|number| format!("https://app{number}.example.com/client")).collect();
    run(async {
        for url in &urls {
            fixture.web.publish(url, page(url));
            fixture.found(url).await;
        }
        fixture.found(&urls[99]).await;
        assert_eq!(fixture.web.fetches(), 100);
        fixture.found(&urls[0]).await;
        assert_eq!(fixture.web.fetches(), 101);
    });
}

#[test]
fn keys_of_another_host_are_taken_where_the_host_of_the_server_says_so() {
    let mut foreign = document(APP);
    foreign["token_endpoint_auth_method"] = "private_key_jwt".into();
    foreign["jwks_uri"] = "https://keys.example.net/jwks.json".into();
    let page = || Page::Document(foreign.to_string(), None);
    let fixture = Fixture::new();
    fixture.web.publish(APP, page());
    let permissive = Fixture::with(MetadataDocumentRegistryBuilder::danger_allow_jwks_uris_of_other_hosts);
    permissive.web.publish(APP, page());
    run(async {
        assert_eq!(name_of(&fixture.fault(APP).await), "jwks_uri");
        permissive.found(APP).await;
    });
}

#[test]
fn the_host_decides_who_may_come_and_nothing_is_fetched_of_others() {
    let fixture = Fixture::with(|builder| builder.allow_if(|url| url.host().ends_with(".example.com")));
    fixture.web.publish(APP, page(APP));
    run(async {
        fixture.found(APP).await;
        let fault = fixture.fault("https://app.example.net/client.json").await;
        assert!(matches!(fault, MetadataDocumentError::NotAllowed), "{fault}");
    });
    assert_eq!(fixture.web.fetches(), 1);
    // One that asks elsewhere, and changes its mind.
    let allowed = Arc::new(Mutex::new(Some(true)));
    let asked = Arc::clone(&allowed);
    let fixture = Fixture::with(|builder| {
        builder.allow(move |url| {
            let asked = Arc::clone(&asked);
            async move {
                tokio::task::yield_now().await;
                assert_eq!((url.as_str(), url.path(), url.port()), (APP, "/client.json", None));
                asked.lock().unwrap().ok_or_else(|| RegistryError::new("the list is out of reach"))
            }
        })
    });
    fixture.web.publish(APP, page(APP));
    run(async {
        fixture.found(APP).await;
        *allowed.lock().unwrap() = Some(false);
        assert!(matches!(fixture.fault(APP).await, MetadataDocumentError::NotAllowed), "though it is known");
        *allowed.lock().unwrap() = None;
        assert!(!fixture.look_up(APP).await.unwrap_err().is_unusable_client());
    });
}

#[test]
fn a_document_keeps_the_texts_for_the_consent_page_and_drops_what_is_unknown() {
    let fixture = Fixture::new();
    let mut document = document(APP);
    document["client_name"] = json!("App");
    document["client_name#de"] = json!("Anwendung");
    document["logo_uri"] = json!("https://app.example.com/logo.png");
    document["tos_uri"] = json!({ "not": "a text" });
    document["x_large"] = json!("x".repeat(10_000));
    fixture.web.publish(APP, Page::Document(document.to_string(), None));
    let client = run(fixture.found(APP));
    assert_eq!(client.client_name(), Some("App"));
    let kept: Vec<&str> = client.metadata().keys().map(String::as_str).collect();
    assert_eq!(kept, ["client_name#de", "logo_uri"]);
}

#[test]
fn clients_of_developers_are_described_by_their_own_name() {
    let fixture = Fixture::with(|builder| builder.atproto().allow_localhost_clients());
    let uris = |client: &Client| client.redirect_uris().iter().map(|uri| uri.as_str().to_owned()).collect::<Vec<_>>();
    run(async {
        for name in ["http://localhost", "http://localhost/", "http://localhost?", "http://localhost/?scope=atproto"] {
            let client = fixture.found(name).await;
            assert_eq!(client.client_id(), name);
            assert_eq!(uris(&client), ["http://127.0.0.1/", "http://[::1]/"]);
            assert_eq!(client.scope().unwrap(), ["atproto"]);
            assert_eq!(client.token_endpoint_auth_method().as_str(), "none");
            assert!(client.is_native() && client.may_choose_loopback_port());
            assert!(client.must_use_dpop(&Policy::oauth()));
        }
        let client = fixture
            .found(
                "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A3000%2Fcb&redirect_uri=http://[::1]/cb&scope=atproto+transition:generic",
            )
            .await;
        assert_eq!(uris(&client), ["http://127.0.0.1:3000/cb", "http://[::1]/cb"]);
        assert_eq!(client.scope().unwrap(), ["atproto", "transition:generic"]);
        let unusable = [
            "http://localhost?redirect_uri=http%3A%2F%2Flocalhost%2Fcb",
            "http://localhost?redirect_uri=https%3A%2F%2F127.0.0.1%2Fcb",
            "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.2%2Fcb",
            "http://localhost?redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb",
            "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%40app.example.com%2Fcb",
            "http://localhost?scope=other",
            "http://localhost?scope=atproto&scope=atproto",
            "http://localhost?client_name=Bank",
        ];
        for name in unusable {
            assert!(fixture.look_up(name).await.unwrap_err().is_unusable_client(), "{name}");
        }
        let others = [
            "http://localhost:3000",
            "http://localhost/path",
            "http://localhost//",
            "http://localhost.example.com/",
            "http://localhost#a",
            "http://localhost?scope=atproto#a",
            "http://localhost@app.example.com/",
            "https://localhost/",
        ];
        for name in others {
            assert!(fixture.look_up(name).await.unwrap().is_none(), "{name}");
        }
    });
    assert_eq!(fixture.web.fetches(), 0);
}

#[test]
fn limits_that_could_not_be_kept_are_refused() {
    let refused: [fn(&mut MetadataDocumentLimits); 9] = [
        |limits| limits.cooldown = Duration::ZERO,
        |limits| limits.cooldown = Duration::from_secs(61),
        |limits| limits.min_lifetime = Duration::from_secs(5),
        |limits| limits.max_lifetime = Duration::from_secs(30),
        |limits| limits.max_lifetime = Duration::from_secs(8 * 24 * 60 * 60),
        |limits| limits.stale_if_error = Duration::from_secs(25 * 60 * 60),
        |limits| limits.documents = 0,
        |limits| limits.fetches_at_once = 0,
        |limits| limits.fetches_per_minute_per_host = 0,
    ];
    for change in refused {
        let mut limits = MetadataDocumentLimits::default();
        change(&mut limits);
        assert!(MetadataDocumentRegistry::builder(Web::new()).limits(limits).build().is_err());
    }
}

fn push_body(client_id: &str) -> String {
    let pairs = [
        ("client_id", client_id),
        ("response_type", "code"),
        ("redirect_uri", "https://app.example.com/cb"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "af0"),
    ];
    crate::support::form(pairs)
}

#[test]
fn a_client_that_is_a_url_pushes_and_opens_and_registered_ones_come_first() {
    let fixture = Fixture::new();
    fixture.web.publish(APP, page(APP));
    let (events, registered) =
        (Arc::new(Mutex::new(Vec::new())), InMemoryRegistry::new([client(basic("basic"))]).unwrap());
    let log = Arc::clone(&events);
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let par = ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients((registered, fixture.documents.clone()))
        .observer(move |event: &Event<'_>| {
            if let Event::ClientUnusable { client_id, error, .. } = event {
                log.lock().unwrap().push(format!("{client_id}: {}", error.source().unwrap()));
            }
        })
        .build()
        .unwrap()
        .boxed();
    assert_eq!(par.metadata()["client_id_metadata_document_supported"], true);
    let plain = ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::default()).build().unwrap();
    assert!(!plain.metadata().contains_key("client_id_metadata_document_supported"));
    run(async {
        let push = async |client_id: &str| {
            let body = push_body(client_id);
            par.push(&FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body)).await
        };
        let pushed = push(APP).await.unwrap();
        let query = crate::support::form([("client_id", APP), ("request_uri", pushed.request_uri())]);
        let pending = par.authorize(&query, Browser::bound("a cookie").unwrap()).await.unwrap();
        assert_eq!(pending.request().client_id(), APP);
        // One whose document is bad is refused as an unknown one is.
        let bad = "https://bad.example.com/client.json";
        fixture.web.publish(bad, Page::Document(document(APP).to_string(), None));
        let refused = push(bad).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::UnusableClient);
        let unknown = push("nobody").await.unwrap_err();
        assert_eq!(unknown.reason(), Reason::UnknownClient);
        assert_eq!(refused.code(), ErrorCode::InvalidClient);
        let (refused, unknown) = (Reply::from(refused), Reply::from(unknown));
        assert_eq!((refused.status(), refused.body()), (unknown.status(), unknown.body()));
        let refused = par.authorize(&format!("client_id={bad}&request_uri=x"), Browser::danger_unbound()).await;
        assert!(matches!(refused, Err(AuthorizeRefusal::Page { .. })));
    });
    let events = events.lock().unwrap();
    assert_eq!(events[0], "https://bad.example.com/client.json: client_id in the metadata document is not its URL");
}

#[test]
fn the_linter_tells_what_documents_are_missing_or_miss() {
    struct Keys;
    impl JwksSource for Keys {
        async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
            Err(JwksError::new("this test fetches nothing"))
        }
    }
    let builder =
        || ParEndpoint::builder(ISSUER).policy(Policy::atproto()).token_endpoint("https://as.example.com/token");
    let documents = || Fixture::new().documents;
    let labels = |par: BoxedParEndpoint| {
        let found = par.lint(Profile::Atproto, []).into_iter().map(|finding| finding.label());
        found.filter(|label| label.contains("metadata_documents")).collect::<Vec<_>>()
    };
    assert_eq!(
        labels(builder().clients(InMemoryRegistry::default()).build().unwrap().boxed()),
        ["no_metadata_documents"]
    );
    let without_source = builder().clients(documents()).build().unwrap().boxed();
    assert_eq!(labels(without_source), ["metadata_documents_without_source"]);
    let complete = builder().clients((InMemoryRegistry::default(), documents())).jwks_source(Keys).build().unwrap();
    assert_eq!(labels(complete.boxed()), [""; 0]);
}

#[test]
fn a_limit_of_this_server_tells_the_client_to_come_again() {
    let fixture = Fixture::limited(|limits| limits.fetches_per_minute = 1);
    fixture.web.publish(APP, page(APP));
    let par = ParEndpoint::builder(ISSUER).clients(fixture.documents.clone()).build().unwrap();
    run(async {
        fixture.found(APP).await;
        let body = push_body("https://other.example.com/client.json");
        let refused =
            par.push(&FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body)).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::RegistryUnavailable);
        let cause = refused.source().unwrap().to_string();
        assert!(cause.contains("too many") || refused.source().unwrap().source().is_some(), "{cause}");
        assert_eq!(Reply::from(refused).status(), 503);
    });
}
