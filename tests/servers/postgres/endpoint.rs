//! An authorization server with one client over a store, and stores' operations with fresh keys.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use parjar::{
    AuthorizeRefusal, Browser, Client, ClientRegistration, FormRequest, InMemoryRegistry, ParEndpoint, Pending,
    RandomSource as _, Reply, SystemRandom,
    store::{Claim, MarkPurpose, NewRequest, Owner, RecordKey, ReplayMark, RequestStore},
};
use serde_json::json;

use crate::operator::{Operator, Seen};

pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Node<S>(pub(crate) ParEndpoint<InMemoryRegistry, S>, Operator);

impl<S: RequestStore> Node<S> {
    pub(crate) fn over(store: S) -> Self {
        let registration: ClientRegistration = serde_json::from_value(json!({
            "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"],
        }))
        .unwrap();
        let clients = InMemoryRegistry::new([Client::try_from(registration).unwrap()]).unwrap();
        let operator = Operator::default();
        let builder = ParEndpoint::builder("https://as.example.com").clients(clients).store(store);
        Self(builder.observer(operator.clone()).build().unwrap(), operator)
    }

    /// What its operator has seen since the last look.
    pub(crate) fn look(&self) -> Seen {
        self.1.look()
    }

    pub(crate) async fn push(&self) -> Reply {
        let headers =
            [("content-type", &b"application/x-www-form-urlencoded"[..]), ("authorization", b"Basic d2ViOnMzY3JldA==")];
        let body = b"response_type=code&state=af0&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";
        Reply::from(self.0.push(&FormRequest::new("POST", headers, body)).await)
    }

    pub(crate) async fn pushed(&self) -> String {
        let reply = self.push().await;
        assert_eq!(reply.status(), 201, "{}", reply.body());
        let body: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
        body["request_uri"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn open(&self, request_uri: &str, browser: &str) -> Result<Pending, AuthorizeRefusal> {
        let browser = Browser::bound(browser).unwrap();
        self.0.authorize(&format!("client_id=web&request_uri={request_uri}"), browser).await
    }
}

/// RFC 9126 section 2.3: 503 at the push, and a page with 503 for the browser.
pub(crate) async fn expect_unavailable<S: RequestStore>(node: &Node<S>, request_uri: &str) {
    expect_refused_push(&node.push().await);
    let refusal = node.open(request_uri, "cookie").await.unwrap_err();
    assert_eq!((refusal.page_status(), refusal.refusal().code().as_str()), (503, "temporarily_unavailable"));
}

pub(crate) fn expect_refused_push(reply: &Reply) {
    let body: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
    assert_eq!((reply.status(), body["error"].as_str()), (503, Some("temporarily_unavailable")));
    assert!(reply.header("retry-after").is_some());
}

pub(crate) fn key() -> RecordKey {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes).unwrap();
    RecordKey::from_bytes(bytes)
}

/// The same key in every process.
pub(crate) fn numbered(number: u8) -> RecordKey {
    RecordKey::from_bytes([number; 32])
}

pub(crate) fn client() -> Owner {
    Owner::authenticated(numbered(0xEE))
}

pub(crate) fn new_request(key: RecordKey) -> NewRequest<'static> {
    NewRequest::new(key, client(), b"payload")
}

pub(crate) fn claim(key: RecordKey) -> Claim {
    Claim::new(key, client().key)
}

pub(crate) fn mark(key: RecordKey) -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, key, LONG)
}

/// Counts what happened, over all tasks.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
