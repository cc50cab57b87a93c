//! What the tests have in common: an authorization server with a few clients, and requests to it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{
    AuthenticatedClient, AuthorizeRefusal, Browser, Client, ClientRegistration, ClientRegistry, FormRequest,
    InMemoryRegistry, ManualClock, ParEndpoint, ParEndpointBuilder, Pending, Policy, Pushed, Refusal, Reply,
    store::{MemoryLimits, MemoryStore, RequestStore},
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const CALLBACK: &str = "https://app.example.com/cb";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// RFC 7636 appendix B.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An authorization server under test. Its clock, shared with its store, stands still until a test moves it.
pub(crate) struct Server {
    pub(crate) par: ParEndpoint,
    pub(crate) registry: InMemoryRegistry,
    pub(crate) store: MemoryStore,
    pub(crate) clock: ManualClock,
}

impl Server {
    /// The policy `oauth` and the clients `basic`, `post` and `other` (basic), each with the secret `s3cret` and the redirect
    /// URI [`CALLBACK`].
    pub(crate) fn new() -> Self {
        Self::with(Policy::oauth(), [basic("basic"), post("post"), basic("other")])
    }

    pub(crate) fn with(policy: Policy, clients: impl IntoIterator<Item = Value>) -> Self {
        Self::built(policy, clients, MemoryLimits::default(), |builder| builder)
    }

    /// The same, with whatever else `finish` sets.
    pub(crate) fn built(
        policy: Policy,
        clients: impl IntoIterator<Item = Value>,
        limits: MemoryLimits,
        finish: impl FnOnce(ParEndpointBuilder) -> ParEndpointBuilder,
    ) -> Self {
        let clock = ManualClock::default();
        let store = MemoryStore::new(limits).with_clock(clock.clone());
        let registry = InMemoryRegistry::new(clients.into_iter().map(client)).unwrap();
        let builder = ParEndpoint::builder(ISSUER)
            .policy(policy)
            .clients(registry.clone())
            .store(store.clone())
            .clock(clock.clone());
        Self { par: finish(builder).build().unwrap(), registry, store, clock }
    }

    /// Posts a form without an `Authorization` header, for the outcome.
    pub(crate) fn try_form(&self, body: &str) -> Result<Pushed, Refusal> {
        let headers = [("content-type", FORM.as_bytes())];
        pollster::block_on(self.par.push(&FormRequest::new("POST", headers, body)))
    }

    /// Posts a form to the token endpoint without an `Authorization` header, for the client.
    pub(crate) fn try_token(&self, body: &str) -> Result<AuthenticatedClient, Refusal> {
        let headers = [("content-type", FORM.as_bytes())];
        authenticate(&self.par, &FormRequest::new("POST", headers, body))
    }

    /// Pushes a body as the client `basic` does.
    pub(crate) fn push(&self, body: &str) -> Reply {
        self.push_as("basic", body)
    }

    /// Pushes a body with HTTP Basic and the secret `s3cret`.
    pub(crate) fn push_as(&self, client_id: &str, body: &str) -> Reply {
        let authorization = authorization(client_id, "s3cret");
        self.send(&[("content-type", FORM), ("authorization", &authorization)], body)
    }

    /// Posts a form without an `Authorization` header.
    pub(crate) fn push_form(&self, body: &str) -> Reply {
        self.send(&[("content-type", FORM)], body)
    }

    pub(crate) fn send(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        let request = FormRequest::new("POST", headers.iter().map(|(name, value)| (*name, value.as_bytes())), body);
        Reply::from(pollster::block_on(self.par.push(&request)))
    }

    /// Pushes a body of any bytes as the client `basic` does.
    pub(crate) fn try_push(&self, body: &[u8]) -> Result<Pushed, Refusal> {
        let authorization = authorization("basic", "s3cret");
        let headers = [("content-type", FORM), ("authorization", &*authorization)];
        let request = FormRequest::new("POST", headers.iter().map(|(name, value)| (*name, value.as_bytes())), body);
        pollster::block_on(self.par.push(&request))
    }

    /// Pushes as `basic` and gives the `request_uri`.
    pub(crate) fn pushed(&self, body: &str) -> String {
        request_uri(&self.push(body))
    }

    /// Opens a pushed request of `basic` without a browser.
    pub(crate) fn open(&self, request_uri: &str) -> Result<Pending, AuthorizeRefusal> {
        self.authorize(&format!("client_id=basic&request_uri={request_uri}"), None)
    }

    pub(crate) fn authorize(&self, query: &str, browser: Option<&str>) -> Result<Pending, AuthorizeRefusal> {
        pollster::block_on(self.par.authorize(query, browser_with(browser)))
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Authenticates at the token endpoint, for the client alone.
pub(crate) fn authenticate<C: ClientRegistry, S: RequestStore>(
    par: &ParEndpoint<C, S>,
    request: &FormRequest<'_>,
) -> Result<AuthenticatedClient, Refusal> {
    pollster::block_on(par.authenticate_client(request)).map(|request| request.into_parts().0)
}

/// The browser with this cookie, or one that the host does not recognize.
pub(crate) fn browser_with(cookie: Option<&str>) -> Browser<'_> {
    cookie.map_or_else(Browser::danger_unbound, |cookie| Browser::bound(cookie).unwrap())
}

/// A registration for `client_secret_basic`.
pub(crate) fn basic(client_id: &str) -> Value {
    json!({ "client_id": client_id, "client_secret": "s3cret", "redirect_uris": [CALLBACK] })
}

/// A registration for `client_secret_post`.
pub(crate) fn post(client_id: &str) -> Value {
    with(basic(client_id), json!({ "token_endpoint_auth_method": "client_secret_post" }))
}

/// A registration of a public client.
pub(crate) fn public(client_id: &str) -> Value {
    json!({ "client_id": client_id, "token_endpoint_auth_method": "none", "redirect_uris": [CALLBACK] })
}

/// A registration with other members added or replaced.
pub(crate) fn with(mut registration: Value, members: Value) -> Value {
    registration.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    registration
}

pub(crate) fn client(registration: Value) -> Client {
    Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap()).unwrap()
}

/// An `Authorization` header of the given halves, which are joined as they are.
pub(crate) fn authorization(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// A form from names and values.
pub(crate) fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A body that every confidential client here may push, and further parameters.
pub(crate) fn code_request(more: &[(&str, &str)]) -> String {
    form([("response_type", "code"), ("redirect_uri", CALLBACK)].into_iter().chain(more.iter().copied()))
}

pub(crate) fn body(reply: &Reply) -> Value {
    serde_json::from_str(reply.body()).unwrap()
}

/// The `error` of a refusal.
pub(crate) fn error(reply: &Reply) -> String {
    body(reply)["error"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn request_uri(reply: &Reply) -> String {
    assert_eq!(reply.status(), 201, "{}", reply.body());
    body(reply)["request_uri"].as_str().unwrap().to_owned()
}
