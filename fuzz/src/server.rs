//! An authorization server for the targets, and what holds for everything that it says.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{
    AuthorizationResponse, AuthorizeRefusal, Browser, Client, ClientRegistration, FormRequest, InMemoryRegistry,
    ManualClock, ParEndpoint, Pending, Policy, Pushed, Refusal, Reply, RequestUri,
};
use serde_json::{Value, json};

use super::single_request_store::SingleRequestStore;

const PREFIX: &str = RequestUri::PREFIX;

pub const ISSUER: &str = "https://as.example";
pub const TOKEN_ENDPOINT: &str = "https://as.example/token";
pub const PAR_ENDPOINT: &str = "https://as.example/authorize/par";
pub const CALLBACK: &str = "https://app.example.com/cb";
pub const FORM: &str = "application/x-www-form-urlencoded";
/// What the clock shows.
pub const NOW: i64 = 1_700_000_000;
/// As long as the longest hash.
pub const SECRET: &str = "a secret of 64 characters, which is as long as the hash of HS512";

pub struct Server {
    pub par: ParEndpoint<InMemoryRegistry, SingleRequestStore>,
    pub store: SingleRequestStore,
}

impl Server {
    pub fn new(policy: Policy, clients: impl IntoIterator<Item = Value>) -> Self {
        Self::try_new(policy, clients).expect("a server")
    }

    /// `None` when a registration is no good.
    pub fn try_new(policy: Policy, clients: impl IntoIterator<Item = Value>) -> Option<Self> {
        let client = |registration: Value| {
            let registration: ClientRegistration = serde_json::from_value(registration).expect("a registration");
            Client::try_from(registration).ok()
        };
        let clients: Vec<Client> = clients.into_iter().map(client).collect::<Option<_>>()?;
        let store = SingleRequestStore::default();
        let par = ParEndpoint::builder(ISSUER)
            .token_endpoint(TOKEN_ENDPOINT)
            .policy(policy)
            .clients(InMemoryRegistry::new(clients).expect("different clients"))
            .store(store.clone())
            .clock(ManualClock::default())
            .build()
            .expect("an endpoint");
        Some(Self { par, store })
    }

    /// Pushes a body with HTTP Basic and [`SECRET`].
    pub fn push(&self, client_id: &str, body: &[u8]) -> Result<Pushed, Refusal> {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{client_id}:{}", encode(SECRET))));
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let pushed = pollster::block_on(self.par.push(&FormRequest::new("POST", headers, body)));
        pushed.inspect_err(check_refusal)
    }

    pub fn authorize(&self, query: &str) -> Result<Pending, AuthorizeRefusal> {
        pollster::block_on(self.par.authorize(query, Browser::danger_unbound())).inspect_err(check_authorize_refusal)
    }

    /// Opens what was pushed, or what is in the [`SingleRequestStore`].
    pub fn open(&self, client_id: &str) -> Result<Pending, AuthorizeRefusal> {
        self.authorize(&format!("client_id={}&request_uri={PREFIX}{}", encode(client_id), "A".repeat(43)))
    }

    /// Ends a request with a code, which must work once if it was pushed.
    pub fn complete(&self, pending: &Pending) -> AuthorizationResponse {
        let granted = pollster::block_on(self.par.complete(pending)).expect("the first to complete it");
        if pending.request_uri().is_some() {
            assert!(pollster::block_on(self.par.complete(pending)).is_err(), "completed twice");
        }
        let redirect = pollster::block_on(granted.respond([("code", "the code")])).expect("a response");
        check_redirect(&redirect, pending.request().redirect_uri().as_str());
        redirect
    }
}

/// A registration for `client_secret_basic`, with other members added or replaced.
pub fn registration(client_id: &str, members: Value) -> Value {
    let mut registration = json!({ "client_id": client_id, "client_secret": SECRET, "redirect_uris": [CALLBACK] });
    let Value::Object(members) = members else { panic!("no members") };
    registration.as_object_mut().expect("an object").extend(members);
    registration
}

/// One name or value of a form.
pub fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// RFC 6749 section 5.2 on `error` and `error_description`, and less: nothing may need escaping anywhere.
fn is_error_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\' | b'\''))
}

pub fn check_refusal(refusal: &Refusal) {
    for text in [refusal.description(), refusal.code().as_str(), refusal.reason().label(), &refusal.to_string()] {
        assert!(is_error_text(text), "{text:?}");
    }
    let reply = Reply::from(refusal);
    check_headers(&reply);
    assert_eq!(reply.status(), refusal.status());
    let body: Value = serde_json::from_str(reply.body()).expect("JSON");
    assert_eq!(body, json!({ "error": refusal.code().as_str(), "error_description": refusal.description() }));
}

pub fn check_authorize_refusal(refused: &AuthorizeRefusal) {
    check_refusal(refused.refusal());
    assert!(matches!(refused.page_status(), 400 | 500 | 503));
    if let AuthorizeRefusal::Redirect(refused) = refused {
        check_redirect(refused.response(), CALLBACK);
    }
}

/// Nobody is sent anywhere but to the redirect URI, and gets there what was meant for it alone.
pub fn check_redirect(redirect: &AuthorizationResponse, redirect_uri: &str) {
    let reply = Reply::from(redirect.clone());
    check_headers(&reply);
    let Some(location) = redirect.location() else {
        assert!(reply.body().contains(&format!("action=\"{}\"", escape(redirect_uri))), "{}", reply.body());
        return;
    };
    assert_eq!(reply.header("location"), Some(location));
    let rest = location.strip_prefix(redirect_uri).unwrap_or_else(|| panic!("{location} is not {redirect_uri}"));
    let (target, arrived) = (parsed(redirect_uri), parsed(location));
    assert_eq!(target.scheme(), arrived.scheme(), "{location}");
    assert_eq!(target.host(), arrived.host(), "{location}");
    assert_eq!(target.port_or_known_default(), arrived.port_or_known_default(), "{location}");
    assert_eq!(target.path(), arrived.path(), "{location}");
    let response = if rest.starts_with('#') { arrived.fragment() } else { arrived.query() };
    let count = |name: &str| {
        let pairs = url::form_urlencoded::parse(response.unwrap_or_default().as_bytes());
        pairs.filter(|(other, _)| other == name).count()
    };
    assert_eq!(count("iss"), 1, "{location}");
    assert_eq!(count("code") + count("error"), 1, "{location}");
    assert!(count("state") <= 1, "{location}");
}

fn parsed(uri: &str) -> url::Url {
    url::Url::parse(uri).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('\'', "&#39;")
}

fn check_headers(reply: &Reply) {
    for (name, value) in reply.headers() {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name:?}");
        assert!(value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)), "{name}: {value:?}");
    }
}
