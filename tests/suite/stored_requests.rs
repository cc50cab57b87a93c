//! Records that earlier versions have stored, fed to this one. `stored-requests.jsonl` has a line for each kind of record of each
//! version; lines are added, and never changed.
//!
//! When a release changes the layout, `PARJAR_PRINT_RECORDS=1 cargo test --test suite stored_requests -- --nocapture` prints the lines
//! to add.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use parjar::{
    AuthorizationRequest, Browser, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, ParameterValue,
    RandomError, RandomSource, Reason, Reply,
    store::{MemoryStore, NewRequest, Owner, RecordKey, RequestStore as _, StoreError},
};
use serde_json::{Value, json};

use crate::{
    proofs::proof,
    store_double::{Call, Disturbance, StoreDouble},
    support::{
        CALLBACK, FORM, ISSUER, authorization, basic, browser_with, client, code_request, form, request_uri, with,
    },
    tokens::{ES256_KEY, asserter, assertion, object_claims, object_header, with_assertion},
};

const VECTORS: &str = include_str!("../vectors/stored-requests.jsonl");

/// The release that this will be.
const VERSION: &str = "0.1";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn key(text: &Value) -> RecordKey {
    RecordKey::from_bytes(unhex(text).try_into().unwrap())
}

/// What an opened request holds, as a vector tells it.
fn told(request: &AuthorizationRequest) -> Value {
    let parameters = request.parameters().iter_values().map(|(name, value)| match value {
        ParameterValue::Text(text) => json!([name, "text", text]),
        ParameterValue::Json(json) => json!([name, "json", json]),
    });
    let key = request.authentication_key();
    json!({
        "parameters": parameters.collect::<Vec<_>>(),
        "is_signed": request.protection().is_signed(),
        "is_encrypted": request.protection().is_encrypted(),
        "jkt": request.confirmation().jkt.map(|jkt| jkt.to_string()),
        "authentication_key": key.map(|key| key.thumbprint().to_string()),
        "kid": key.and_then(|key| key.kid()),
    })
}

/// Key, owner and payload.
type Inserted = (RecordKey, RecordKey, Vec<u8>);

/// Keeps what is inserted.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Inserted>>>);

impl Disturbance for Kept {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        if let Call::Insert(request) = call {
            *self.0.lock().unwrap() = Some((request.key, request.owner.key, request.payload.to_vec()));
        }
        Ok(())
    }
}

/// The same handles in each run.
struct Sevens;

impl RandomSource for Sevens {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(7);
        Ok(())
    }
}

/// The vector of a push to this version.
fn written(id: &str, registration: Value, headers: &[(&str, &str)], body: &str) -> Value {
    let store = StoreDouble::new(Kept::default());
    let clients = InMemoryRegistry::new([client(registration.clone())]).unwrap();
    let builder = ParEndpoint::builder(ISSUER).clients(clients).store(store.clone());
    let par = builder.random(Sevens).clock(ManualClock::default()).build().unwrap();
    let headers = headers.iter().chain(&[("content-type", FORM)]).map(|(name, value)| (*name, value.as_bytes()));
    let pushed = pollster::block_on(par.push(&FormRequest::new("POST", headers, body.as_bytes()))).unwrap();
    let request_uri = request_uri(&Reply::from(pushed));
    let (key, owner, payload) = store.0.lock().unwrap().take().unwrap();
    let query = format!("client_id={}&request_uri={request_uri}", registration["client_id"].as_str().unwrap());
    let pending = pollster::block_on(par.authorize(&query, browser_with(None))).unwrap();
    json!({
        "written_by": VERSION, "id": id, "client": registration, "request_uri": request_uri,
        "key": hex(key.as_bytes()), "owner": hex(owner.as_bytes()), "payload": hex(&payload), "request": told(pending.request()),
    })
}

/// One of each kind.
fn written_now() -> [Value; 2] {
    let secret = authorization("basic", "s3cret");
    let claims = r#"{"id_token":{"acr":{"essential":true}}}"#;
    let plain = code_request(&[("state", "af0"), ("scope", "openid"), ("claims", claims), ("x", "é\u{1F600}")]);
    let signed = asserter("c1");
    let claims = object_claims("c1", json!({ "max_age": 3600, "claims": { "id_token": { "acr": null } } }));
    let object = ES256_KEY.sign(&object_header("ES256"), &claims);
    let assertion = assertion("c1", json!({}));
    let [kind, assertion] = with_assertion(&assertion);
    let (body, proof) = (form([kind, assertion, ("request", &object)]), proof(&ES256_KEY, json!({})));
    [
        written("plain", basic("basic"), &[("authorization", &secret)], &plain),
        written("signed, bound to a key, by an assertion", signed, &[("dpop", &proof)], &body),
    ]
}

fn vectors() -> impl Iterator<Item = Value> {
    VECTORS.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// An endpoint over a store that holds this record.
fn endpoint_with(vector: &Value, payload: &[u8]) -> ParEndpoint {
    let store = MemoryStore::default();
    let request = NewRequest::new(key(&vector["key"]), Owner::authenticated(key(&vector["owner"])), payload);
    pollster::block_on(store.insert(request, Duration::from_secs(60))).unwrap();
    let clients = InMemoryRegistry::new([client(vector["client"].clone())]).unwrap();
    ParEndpoint::builder(ISSUER).clients(clients).store(store).build().unwrap()
}

fn query(vector: &Value) -> String {
    let [client_id, request_uri] =
        [&vector["client"]["client_id"], &vector["request_uri"]].map(|it| it.as_str().unwrap());
    format!("client_id={client_id}&request_uri={request_uri}")
}

#[test]
fn what_earlier_versions_have_stored_is_opened_and_completed() {
    let mut count = 0;
    for vector in vectors() {
        let id = format!("{} {}", vector["written_by"], vector["id"]);
        let par = endpoint_with(&vector, &unhex(&vector["payload"]));
        let opened = pollster::block_on(par.authorize(&query(&vector), Browser::bound("cookie").unwrap()));
        let pending = opened.unwrap_or_else(|refusal| panic!("{id}: {refusal:?}"));
        assert_eq!(told(pending.request()), vector["request"], "{id}");
        let granted = pollster::block_on(par.complete(&pending)).unwrap();
        let response = pollster::block_on(granted.respond([("code", "c")])).unwrap();
        assert!(response.location().unwrap().starts_with(CALLBACK), "{id}");
        count += 1;
    }
    assert!(count >= 2);
}

#[test]
fn what_this_version_stores_is_among_the_vectors() {
    let now = written_now();
    if std::env::var_os("PARJAR_PRINT_RECORDS").is_some() {
        for vector in &now {
            println!("{vector}");
        }
    }
    // Keys are drawn anew for each run, so what is bound to one cannot be compared byte by byte.
    let [plain, bound] = now;
    assert!(vectors().any(|vector| vector == plain), "{plain}");
    assert!(
        vectors().any(|vector| vector["payload"].as_str().unwrap()[..6] == bound["payload"].as_str().unwrap()[..6])
    );
}

#[test]
fn a_record_of_a_version_that_is_not_known_is_unreadable() {
    for vector in vectors() {
        let mut payload = unhex(&vector["payload"]);
        payload[0] += 1;
        let par = endpoint_with(&vector, &payload);
        let refusal =
            pollster::block_on(par.authorize(&query(&vector), Browser::bound("cookie").unwrap())).unwrap_err();
        assert_eq!(refusal.refusal().reason(), Reason::UnreadableRecord);
        assert_eq!(refusal.refusal().code().as_str(), "invalid_request_uri");
    }
}

#[test]
fn a_kept_target_may_have_members_of_later_versions_but_not_be_of_one() {
    let kept = json!({
        "issuer": ISSUER, "client_id": "basic", "redirect_uri": CALLBACK, "response_mode": "query", "is_pushed": true,
    });
    let read = |members: Value| serde_json::from_value::<parjar::ResponseTarget>(with(kept.clone(), members));
    read(json!({})).unwrap();
    read(json!({ "version": 1, "more": 1 })).unwrap();
    let error = read(json!({ "version": 2 })).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");
}
