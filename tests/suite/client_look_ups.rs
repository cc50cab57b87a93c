//! What a registry may say of a client: that it cannot be used, and why; or the client under the name that was registered, however the
//! request spells it.

use std::sync::{Arc, Mutex};

use parjar::{
    AuthorizeRefusal, BoxedParEndpoint, Browser, Client, ClientRegistration, ClientRegistry, Decision, Event,
    FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Policy, Reason, Refusal, RegistryError, Reply,
    SecretVerifier, Stage, VerifierError,
    jose::TokenFault,
    store::{MemoryLimits, MemoryStore},
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, FORM, ISSUER, authenticate, authorization, basic, client, code_request, form, public, with},
    tokens::{ES256_KEY, asserter, assertion, assertion_claims, object_claims, object_header, with_assertion},
};

const CANARY: &str = "canary";

/// Knows `broken`, which cannot be used, and finds the others in any case of their letters.
struct Host {
    clients: InMemoryRegistry,
    stand_in: Option<Arc<Client>>,
}

impl ClientRegistry for Host {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        if client_id == "broken" {
            let row = json!({ "client_id": "broken", "client_secret": CANARY, "redirect_uris": [CANARY] });
            let registration =
                serde_json::from_value::<ClientRegistration>(row).map_err(RegistryError::unusable_client)?;
            return Client::try_from(registration).map(|it| Some(Arc::new(it))).map_err(RegistryError::unusable_client);
        }
        self.clients.client(&client_id.to_ascii_lowercase()).await
    }

    fn stand_in(&self) -> Option<Arc<Client>> {
        self.stand_in.clone()
    }
}

type Log = Arc<Mutex<Vec<String>>>;

struct Fixture {
    par: BoxedParEndpoint,
    store: MemoryStore,
    log: Log,
}

fn described(event: &Event<'_>) -> String {
    match event {
        Event::ClientUnusable { client_id, error, .. } => {
            let reason = std::error::Error::source(error).unwrap();
            format!("{client_id} is unusable: {reason} ({error})")
        }
        Event::Refused { stage, reason, client_id, .. } => format!("{} {reason} {client_id:?}", stage.as_str()),
        Event::Pushed { client_id, .. } => format!("pushed {client_id}"),
        Event::Opened { client_id, .. } => format!("opened {client_id}"),
        Event::Completed { client_id, .. } => format!("completed {client_id}"),
        Event::AnsweredAgain { client_id, .. } => format!("answered again {client_id}"),
        other => format!("{other:?}"),
    }
}

fn fixture(stand_in: Option<Client>) -> Fixture {
    let (log, store) = (Log::default(), MemoryStore::new(MemoryLimits::default()).with_clock(ManualClock::default()));
    let seen = Arc::clone(&log);
    let clients = [basic("web"), asserter("keyed"), public("public")].map(client);
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let par = ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients(Host { clients: InMemoryRegistry::new(clients).unwrap(), stand_in: stand_in.map(Arc::new) })
        .store(store.clone())
        .clock(ManualClock::default())
        .observer(move |event: &Event<'_>| seen.lock().unwrap().push(described(event)))
        .build()
        .unwrap();
    Fixture { par: par.boxed(), store, log }
}

impl Fixture {
    fn push(&self, user: Option<&str>, body: &str) -> Result<String, Refusal> {
        let header = user.map(|user| authorization(user, "s3cret"));
        let headers = [("content-type", FORM.as_bytes())].into_iter();
        let headers = headers.chain(header.as_ref().map(|header| ("authorization", header.as_bytes())));
        let pushed = pollster::block_on(self.par.push(&FormRequest::new("POST", headers, body)));
        pushed.map(|pushed| pushed.request_uri().to_owned())
    }

    fn authorize(&self, query: &str) -> Result<parjar::Pending, AuthorizeRefusal> {
        pollster::block_on(self.par.authorize(query, Browser::bound("one").unwrap()))
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

#[test]
fn a_client_that_cannot_be_used_is_refused_as_an_unknown_one_and_its_reason_is_reported() {
    let fixture = fixture(None);
    let unusable =
        "broken is unusable: redirect_uris: number 1 is unusable: not an absolute URI (the client cannot be used)";
    for body in [code_request(&[]), code_request(&with_assertion(&assertion("broken", json!({}))))] {
        let user = |name| if body.contains("client_assertion") { None } else { Some(name) };
        let broken = fixture.push(user("broken"), &body).unwrap_err();
        assert_eq!(broken.reason(), Reason::UnusableClient);
        assert_eq!(fixture.told(), [unusable, "push unusable_client Some(\"broken\")"]);
        let reply = Reply::from(&broken);
        assert_eq!(reply.status(), 401);
        let unknown = fixture.push(Some("unknown"), &code_request(&[])).unwrap_err();
        assert!(reply == Reply::from(&unknown), "told apart");
        assert!(!format!("{broken:?} {broken}").contains(CANARY));
        assert_eq!(fixture.told(), ["push unknown_client None"]);
    }
    let header = authorization("broken", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
    let at_token = authenticate(&fixture.par, &FormRequest::new("POST", headers, "")).unwrap_err();
    assert_eq!((at_token.reason(), at_token.status()), (Reason::UnusableClient, 401));
    assert_eq!(fixture.told(), [unusable, "token unusable_client Some(\"broken\")"]);
    assert_eq!(fixture.store.len(), 0);
}

#[test]
fn a_client_that_cannot_be_used_opens_nothing_and_looks_like_an_unknown_one_there_too() {
    let fixture = fixture(None);
    let handle = fixture.push(Some("web"), &code_request(&[])).unwrap();
    for (query, reason) in [
        (form([("client_id", "broken"), ("request_uri", &*handle)]), Reason::RequestUriOfUnusableClient),
        (
            form([("client_id", "broken"), ("response_type", "code"), ("redirect_uri", CALLBACK)]),
            Reason::UnusableClient,
        ),
    ] {
        let broken = fixture.authorize(&query).unwrap_err();
        let unknown = fixture.authorize(&query.replace("broken", "unknown")).unwrap_err();
        let (AuthorizeRefusal::Page(broken), AuthorizeRefusal::Page(unknown)) = (broken, unknown) else {
            panic!("to be shown: {query}")
        };
        assert_eq!(broken.reason(), reason);
        assert_ne!(unknown.reason(), reason);
        assert!(Reply::from(&broken) == Reply::from(&unknown), "told apart: {query}");
    }
    let told = fixture.told();
    assert_eq!(told.iter().filter(|line| line.starts_with("broken is unusable")).count(), 2, "{told:?}");
    // The request is none of its business, and stays what it was.
    assert!(fixture.authorize(&form([("client_id", "web"), ("request_uri", &*handle)])).is_ok());
}

#[test]
fn the_secret_of_a_client_that_cannot_be_used_is_verified_by_the_stand_in() {
    // CA-010
    struct Counted(Arc<Mutex<usize>>);
    impl SecretVerifier for Counted {
        async fn verify(&self, _: &str, _: &[u8]) -> Result<bool, VerifierError> {
            *self.0.lock().unwrap() += 1;
            Ok(true)
        }
    }
    let count = Arc::new(Mutex::new(0));
    let registration = json!({ "client_id": "stand-in", "redirect_uris": [CALLBACK] });
    let registration = serde_json::from_value::<ClientRegistration>(registration).unwrap();
    let stand_in = Client::with_secret_verifier(registration, Counted(Arc::clone(&count))).unwrap();
    let fixture = fixture(Some(stand_in));
    for (name, calls) in [("unknown", 1), ("broken", 2)] {
        assert!(fixture.push(Some(name), &code_request(&[])).is_err());
        assert_eq!(*count.lock().unwrap(), calls, "{name}");
    }
}

#[test]
fn the_name_that_was_registered_rules_from_the_push_to_the_code() {
    // C-32
    let fixture = fixture(None);
    let handle = fixture.push(Some("WEB"), &code_request(&[("client_id", "WEB"), ("state", "s")])).unwrap();
    assert_eq!(fixture.told(), ["pushed web"]);
    // What is stored belongs to the registered name, however the browser spells it.
    let query = |name: &str| form([("client_id", name), ("request_uri", &*handle)]);
    for name in ["Web", "web", "WEB"] {
        let pending = fixture.authorize(&query(name)).unwrap();
        assert_eq!(pending.request().client_id(), "web");
        assert!(pending.request().parameters().iter().eq([
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("client_id", "web"),
            ("state", "s"),
        ]));
        assert_eq!(fixture.told(), ["opened web"]);
    }
    let decide = |name: &str| {
        let browser = Browser::bound("one").unwrap();
        pollster::block_on(fixture.par.authorize_decision(&query(name), browser, Decision::Approve))
    };
    let granted = pollster::block_on(fixture.par.complete(&decide("wEb").unwrap())).unwrap();
    let answer = pollster::block_on(granted.respond([("code", "c")])).unwrap();
    // The second click of a form that has the other spelling.
    let again = decide("WEB").unwrap_err();
    assert!(matches!(&again, AuthorizeRefusal::Answered(again) if again.response().location() == answer.location()));
    assert_eq!(fixture.told(), ["opened web", "completed web", "answered again web"]);
    // Refusals too.
    let header = authorization("WEB", "wrong");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
    let request = FormRequest::new("POST", headers, "client_id=WEB&grant_type=x");
    assert_eq!(authenticate(&fixture.par, &request).unwrap_err().reason(), Reason::WrongSecret);
    assert_eq!(fixture.told(), [format!("{} wrong_secret Some(\"web\")", Stage::Token.as_str())]);
    // In the query, and at the token endpoint.
    let in_query = form([("client_id", "PUBLIC"), ("response_type", "code"), ("code_challenge_method", "S256")]);
    let in_query = format!(
        "{in_query}&code_challenge={}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb",
        crate::support::CHALLENGE
    );
    let pending = fixture.authorize(&in_query).unwrap();
    assert_eq!(pending.request().parameters().get("client_id"), Some("public"));
    let header = authorization("WEB", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
    let request = FormRequest::new("POST", headers, "client_id=WEB&grant_type=x");
    let authenticated = pollster::block_on(fixture.par.authenticate_client(&request)).unwrap();
    assert_eq!(authenticated.client().client().client_id(), "web");
    assert!(authenticated.parameters().iter().eq([("client_id", "web"), ("grant_type", "x")]));
}

#[test]
fn another_spelling_is_no_way_around_what_may_happen_once() {
    // C-07: marks are those of the registered name
    let fixture = fixture(None);
    let jwt =
        |name: &str| ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims(name, json!({ "jti": "once" })));
    let push = |name: &str| fixture.push(None, &code_request(&with_assertion(&jwt(name))));
    assert!(push("KEYED").is_ok());
    for name in ["keyed", "KEYED", "Keyed"] {
        assert_eq!(push(name).unwrap_err().reason(), Reason::ClientAssertion(TokenFault::Replayed), "{name}");
    }
    let pushed = fixture.told();
    assert_eq!(pushed[0], "pushed keyed");
    assert!(pushed[1..].iter().all(|line| line == "push assertion_replayed Some(\"keyed\")"), "{pushed:?}");
}

#[test]
fn a_request_object_has_the_name_that_was_registered() {
    // JAR-*: RFC 9101 section 5
    let fixture = fixture(None);
    let object = |name: &str| ES256_KEY.sign(&object_header("ES256"), &object_claims(name, json!({})));
    let in_query = |name: &str, object: &str| fixture.authorize(&form([("client_id", name), ("request", object)]));
    let pending = in_query("KEYED", &object("keyed")).unwrap();
    assert_eq!(pending.request().parameters().get("client_id"), Some("keyed"));
    let refused = in_query("KEYED", &object("KEYED")).unwrap_err();
    assert!(matches!(&refused, AuthorizeRefusal::Page(it) if it.reason() == Reason::RequestObject(TokenFault::Issuer)));
}

#[test]
fn a_name_that_differs_in_more_than_case_is_none() {
    // C-32
    struct Anything(Arc<Client>);
    impl ClientRegistry for Anything {
        async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
            Ok(Some(Arc::clone(&self.0)))
        }
    }
    let unicode: Value = with(basic("kiosk"), json!({}));
    let par = ParEndpoint::builder(ISSUER).clients(Anything(Arc::new(client(unicode)))).build().unwrap();
    for (name, is_found) in
        [("kiosk", true), ("KIOSK", true), ("kiosk ", false), ("kio%53k", true), ("kiosk1", false), ("k", false)]
    {
        let header = authorization(&name.replace(' ', "+"), "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
        let outcome = pollster::block_on(par.push(&FormRequest::new("POST", headers, code_request(&[]).as_bytes())));
        assert_eq!(outcome.is_ok(), is_found, "{name}");
    }
}

#[test]
fn a_registry_error_says_which_kind_it_is_and_keeps_its_cause_back() {
    let unavailable = RegistryError::new(CANARY);
    let unusable = RegistryError::unusable_client(CANARY);
    assert!(unusable.is_unusable_client() && !unavailable.is_unusable_client());
    for (error, text) in [(unavailable, "the client registry is unavailable"), (unusable, "the client cannot be used")]
    {
        assert_eq!((error.to_string(), format!("{error:?}")), (text.to_owned(), text.to_owned()));
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), CANARY);
    }
}
