//! Clients without credentials, whose names any sender can use, against a store that others need.

use std::time::Duration;

use parjar::{
    Client, ClientRegistration, FormRequest, InMemoryRegistry, ParEndpoint, Policy, Reply,
    store::{
        InsertError, MarkPurpose, NewRequest, Owner, PostgresStore, RecordKey, RedisStore, ReplayMark, RequestStore,
        StoreRefusal,
    },
};
use serde_json::json;

use crate::{postgres::database::Database, redis::servers::Redis};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: u64 = 3600;
const FORM: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");

type Par<S> = ParEndpoint<InMemoryRegistry, S>;

/// An endpoint with the confidential client `web`, and ten public ones.
fn endpoint<S: RequestStore>(store: S) -> Par<S> {
    let uris = json!(["https://app.example.com/cb"]);
    let public = (0..10).map(|number| {
        json!({ "client_id": format!("app{number}"), "token_endpoint_auth_method": "none", "redirect_uris": uris })
    });
    let web = json!({ "client_id": "web", "client_secret": "s3cret", "redirect_uris": uris });
    let client =
        |registration| Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap()).unwrap();
    let clients = InMemoryRegistry::new(public.chain([web]).map(client)).unwrap();
    let mut policy = Policy::oauth();
    (policy.danger_allow_unauthenticated_clients, policy.code_challenge_memory) = (true, 86_400);
    ParEndpoint::builder("https://as.example.com").policy(policy).clients(clients).store(store).build().unwrap()
}

fn body(number: usize) -> String {
    let challenge = format!("{number:042}A");
    format!(
        "response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&code_challenge={challenge}&code_challenge_method=S256"
    )
}

async fn push_as_public<S: RequestStore>(par: &Par<S>, number: usize) -> Reply {
    let body = format!("client_id=app{}&{}", number % 10, body(number));
    Reply::from(par.push(&FormRequest::new("POST", [FORM], &body)).await)
}

async fn push_as_web<S: RequestStore>(par: &Par<S>, number: usize) -> Reply {
    let headers = [FORM, ("authorization", b"Basic d2ViOnMzY3JldA==")];
    Reply::from(par.push(&FormRequest::new("POST", headers, &body(number))).await)
}

/// Fills what there is for clients without credentials, with room for a hundred requests of theirs.
async fn public_clients_stop_and_others_go_on<S: RequestStore>(par: &Par<S>) {
    let mut accepted = 0;
    let refused = loop {
        let reply = push_as_public(par, accepted).await;
        if reply.status() != 201 {
            break reply;
        }
        accepted += 1;
        assert!(accepted <= 100);
    };
    assert_eq!(accepted, 100);
    assert_eq!(refused.status(), 503, "{}", refused.body());
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=HOUR).contains(&seconds), "{seconds}");
    for number in 0..10 {
        assert_eq!(push_as_public(par, 1000 + number).await.status(), 503);
        assert_eq!(push_as_web(par, 2000 + number).await.status(), 201);
        let headers = [FORM, ("authorization", &b"Basic d2ViOnMzY3JldA=="[..])];
        par.authenticate_client(&FormRequest::new("POST", headers, "grant_type=authorization_code")).await.unwrap();
    }
}

#[tokio::test]
async fn ten_public_clients_take_nothing_from_others_in_redis() {
    let redis = Redis::any();
    let builder = RedisStore::builder(redis.client()).prefix("public");
    let store = builder.unauthenticated_requests(100, 1 << 20).build().await.unwrap();
    public_clients_stop_and_others_go_on(&endpoint(store)).await;
}

#[tokio::test]
async fn ten_public_clients_take_nothing_from_others_in_postgresql() {
    let database = Database::new().await;
    let builder = PostgresStore::builder(database.pool(4)).unauthenticated_requests(100, 1 << 20);
    let store = builder.build().unwrap();
    store.migrate().await.unwrap();
    public_clients_stop_and_others_go_on(&endpoint(store)).await;
}

fn numbered(family: u8, number: u32) -> RecordKey {
    let mut bytes = [family; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    RecordKey::from_bytes(bytes)
}

fn mark(number: u32) -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, numbered(3, number), MINUTE)
}

#[tokio::test]
async fn public_clients_leave_a_quarter_of_the_memory_of_redis_however_many_nodes_there_are() {
    let redis = Redis::start(&["--maxmemory", "24mb"]);
    let nodes = [redis.store().await, redis.store().await, redis.store().await];
    let payload = [7; 16_000];
    let (mut pushes, mut refusals) = (0, 0);
    while refusals < 300 {
        let store = &nodes[pushes as usize % nodes.len()];
        let owner = Owner::unauthenticated(numbered(1, pushes % 10));
        match store.insert(NewRequest::new(numbered(2, pushes), owner, &payload), MINUTE).await {
            Ok(_) => {}
            Err(InsertError::Refused(StoreRefusal::Full { .. })) => refusals += 1,
            Err(error) => panic!("{error:?}"),
        }
        pushes += 1;
        assert!(pushes < 10_000, "never refused");
    }
    for number in 0..100 {
        let store = &nodes[number as usize % nodes.len()];
        let owner = Owner::authenticated(numbered(1, 99));
        let request = NewRequest::new(numbered(4, number), owner, &payload);
        store.insert(request.with_marks(&[mark(number)]), MINUTE).await.unwrap();
        store.remember(owner, &[mark(1000 + number)]).await.unwrap();
    }
    let public = Owner::unauthenticated(numbered(1, 1));
    // What a node has seen of the memory is good for a tenth of a second.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(matches!(nodes[0].remember(public, &[mark(5000)]).await, Err(StoreRefusal::Full { .. })));
}
