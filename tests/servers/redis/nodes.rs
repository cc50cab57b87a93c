//! Endpoints that share one server.

use parjar::{
    AuthorizeRefusal, BoxedParEndpoint, Browser, Client, ClientRegistration, ErrorCode, FormRequest, InMemoryRegistry,
    ParEndpoint, Pending, Reply,
    store::{RedisStore, RequestStore},
};

use super::servers::Redis;
use crate::operator::{Operator, Seen};

/// An endpoint with the client `web`, whose registration asks for nothing but a secret.
pub(crate) struct Node {
    pub(crate) par: BoxedParEndpoint,
    operator: Operator,
}

pub(crate) fn endpoint(store: impl RequestStore + 'static) -> Node {
    endpoint_of("https://as.example.com", store)
}

pub(crate) fn endpoint_of(issuer: &str, store: impl RequestStore + 'static) -> Node {
    let registration: ClientRegistration = serde_json::from_str(
        r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
    )
    .unwrap();
    let clients = InMemoryRegistry::new([Client::try_from(registration).unwrap()]).unwrap();
    let operator = Operator::default();
    let builder = ParEndpoint::builder(issuer).clients(clients).store(store).observer(operator.clone());
    Node { par: builder.build().unwrap().boxed(), operator }
}

impl Node {
    /// What its operator has seen since the last look.
    pub(crate) fn look(&self) -> Seen {
        self.operator.look()
    }

    /// A push that is refused while the store is away.
    pub(crate) async fn cannot_push(&self) {
        let reply = self.push().await;
        assert_eq!(reply.status(), 503, "{}", reply.body());
    }

    pub(crate) async fn push(&self) -> Reply {
        let headers =
            [("content-type", &b"application/x-www-form-urlencoded"[..]), ("authorization", b"Basic d2ViOnMzY3JldA==")];
        let body = b"response_type=code&state=af0&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";
        Reply::from(self.par.push(&FormRequest::new("POST", headers, body)).await)
    }

    pub(crate) async fn pushed(&self) -> String {
        let reply = self.push().await;
        assert_eq!(reply.status(), 201, "{}", reply.body());
        let body: serde_json::Value = serde_json::from_str(reply.body()).unwrap();
        body["request_uri"].as_str().unwrap().to_owned()
    }

    /// Pushes until the store works again.
    pub(crate) async fn pushed_again(&self) {
        for _ in 0..200 {
            if self.push().await.status() == 201 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("never works again");
    }

    pub(crate) async fn open(&self, request_uri: &str, browser: Option<&str>) -> Result<Pending, AuthorizeRefusal> {
        let browser = browser.map_or_else(Browser::danger_unbound, |cookie| Browser::bound(cookie).unwrap());
        self.par.authorize(&format!("client_id=web&request_uri={request_uri}"), browser).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_pushed_to_one_node_is_opened_and_ended_on_another_once() {
    // PAR-075, P-20
    let redis = Redis::any();
    let one = endpoint(redis.store().await);
    let other = endpoint(RedisStore::builder(redis.client()).build().await.unwrap());
    for _ in 0..20 {
        let request_uri = one.pushed().await;
        let pending = other.open(&request_uri, Some("cookie")).await.unwrap();
        assert_eq!(pending.request().state(), Some("af0"));
        let stolen = one.open(&request_uri, Some("another")).await.unwrap_err();
        assert_eq!(stolen.refusal().code(), ErrorCode::InvalidRequestUri);
        let again = one.open(&request_uri, Some("cookie")).await.unwrap();
        let outcomes: [Result<(), AuthorizeRefusal>; 2] = {
            let (first, second) = tokio::join!(one.par.complete(&again), other.par.complete(&pending));
            [first.map(drop), second.map(drop)]
        };
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert!(one.open(&request_uri, Some("cookie")).await.is_err());
    }
}

#[tokio::test]
async fn issuers_and_prefixes_do_not_see_each_other() {
    // S-05
    let redis = Redis::any();
    let store = redis.store().await;
    let elsewhere = RedisStore::builder(redis.client()).prefix("elsewhere").build().await.unwrap();
    let request_uri = endpoint(store.clone()).pushed().await;
    for other in [endpoint_of("https://other.example", store.clone()), endpoint(elsewhere)] {
        let refusal = other.open(&request_uri, None).await.unwrap_err();
        assert_eq!(refusal.refusal().code(), ErrorCode::InvalidRequestUri);
    }
    endpoint(store).open(&request_uri, None).await.unwrap();
}
