//! Encryption at rest: what the store behind holds, and what cannot be done with it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use parjar::{
    InMemoryRegistry, ManualClock, ParEndpoint, RandomError, RandomSource, Reason,
    store::{
        Annotation, Claim, ClaimError, MemoryStore, NewRequest, Owner, RecordKey, RequestStore, SealedStore,
        SealingKeyError, SealingKeys, StoreError,
        contract::{self, Harness},
    },
};
use serde_json::Value;

use crate::{
    host::{endpoint, open, page, push},
    store_double::{Call, Disturbance, StoreDouble},
    stored_requests::unhex,
    support::{code_request, error, request_uri},
};

/// Reads and writes in a database that it should not have come into.
#[derive(Clone, Default)]
struct Intruder {
    records: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What claims get instead of what was stored.
    forged: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Intruder {
    fn last(&self) -> Vec<u8> {
        self.records.lock().unwrap().last().unwrap().clone()
    }

    fn forge(&self, record: Vec<u8>) {
        *self.forged.lock().unwrap() = Some(record);
    }
}

impl Disturbance for Intruder {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        if let Call::Insert(request) = call {
            self.records.lock().unwrap().push(request.payload.to_vec());
        }
        Ok(())
    }

    fn claimed(&self, record: Vec<u8>) -> Vec<u8> {
        self.forged.lock().unwrap().clone().unwrap_or(record)
    }
}

type Database = StoreDouble<Intruder>;

fn keys() -> SealingKeys {
    SealingKeys::new(1, [1; 32]).unwrap()
}

type Sealing = ParEndpoint<InMemoryRegistry, SealedStore<Database>>;

fn server() -> (Sealing, Database, SealingKeys) {
    let (database, keys) = (Database::default(), keys());
    (endpoint(SealedStore::new(database.clone(), keys.clone())), database, keys)
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

struct Sealed(SealedStore<MemoryStore>, ManualClock);

impl Harness for Sealed {
    type Store = SealedStore<MemoryStore>;

    fn store(&self) -> Self::Store {
        self.0.clone()
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }

    fn pass(&self, time: Duration) {
        self.1.advance(time);
    }

    fn rounds(&self) -> usize {
        3
    }
}

#[test]
fn a_sealed_store_keeps_the_contract() {
    let clock = ManualClock::default();
    let store = SealedStore::new(MemoryStore::default().with_clock(clock.clone()), keys());
    contract::check(&Sealed(store, clock)).unwrap();
}

#[test]
fn the_database_shows_nothing_of_a_request() {
    // S-13
    let (par, database, _) = server();
    let uri =
        request_uri(&push(&par, "basic", &code_request(&[("login_hint", "alice@example.com"), ("state", "af0")])));
    for value in ["alice@example.com", "login_hint", "af0", "basic", "https://"] {
        assert!(!contains(&database.last(), value), "{value}");
    }
    let pending = open(&par, &uri, None).unwrap();
    assert_eq!(pending.request().login_hint(), Some("alice@example.com"));
    pollster::block_on(par.complete(&pending)).unwrap();
}

#[test]
fn the_same_request_is_sealed_differently_each_time() {
    let (par, database, _) = server();
    push(&par, "basic", &code_request(&[]));
    let first = database.last();
    push(&par, "basic", &code_request(&[]));
    let second = database.last();
    assert_eq!(first.len(), second.len());
    assert_ne!(first[5..], second[5..]);
}

#[test]
fn no_changed_bit_is_believed() {
    // S-07
    let (par, database, _) = server();
    let uri = request_uri(&push(&par, "basic", &code_request(&[])));
    let sealed = database.last();
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1 << (index % 8);
        database.forge(changed);
        assert_eq!(page(open(&par, &uri, None)).reason(), Reason::UnreadableRecord, "byte {index}");
    }
    for length in 0..sealed.len() {
        database.forge(sealed[..length].to_vec());
        assert_eq!(page(open(&par, &uri, None)).reason(), Reason::UnreadableRecord, "{length} bytes");
    }
    database.forge(sealed);
    open(&par, &uri, None).unwrap();
}

#[test]
fn a_record_does_not_serve_in_the_place_of_another() {
    // S-07
    let (par, database, _) = server();
    push(&par, "basic", &code_request(&[("scope", "everything")]));
    let elsewhere = database.last();
    let uri = request_uri(&push(&par, "basic", &code_request(&[])));
    database.forge(elsewhere);
    assert_eq!(page(open(&par, &uri, None)).reason(), Reason::UnreadableRecord);
}

#[test]
fn a_record_does_not_serve_another_client_or_another_issuer() {
    let keys = keys();
    let database = Database::default();
    let store = SealedStore::new(database.clone(), keys);
    let [key, owner, other] = [1, 2, 3].map(|byte| RecordKey::from_bytes([byte; 32]));
    let lifetime = Duration::from_secs(60);
    let insert = |key, owner| {
        pollster::block_on(store.insert(NewRequest::new(key, Owner::authenticated(owner), b"payload"), lifetime))
            .unwrap();
    };
    insert(key, owner);
    database.forge(database.last());
    // Under the same key for another client, and the same client under another key: as another issuer's digests would be.
    for (key, owner) in [(RecordKey::from_bytes([4; 32]), owner), (RecordKey::from_bytes([5; 32]), other)] {
        insert(key, owner);
        let claimed = pollster::block_on(store.claim(Claim::new(key, owner), lifetime));
        assert!(matches!(claimed, Err(ClaimError::Unreadable)), "{claimed:?}");
    }
    let claimed = pollster::block_on(store.claim(Claim::new(key, owner), lifetime));
    assert_eq!(claimed.unwrap().payload, b"payload");
}

#[test]
fn a_note_is_sealed_to_its_request_and_to_its_number() {
    // S-07, S-13
    let database = MemoryStore::default();
    let store = SealedStore::new(database.clone(), keys());
    let lifetime = Duration::from_secs(60);
    let [one, two] = [1, 2].map(|byte| Claim::new(RecordKey::from_bytes([byte; 32]), RecordKey::from_bytes([9; 32])));
    for claim in [one, two] {
        let request = NewRequest::new(claim.key, Owner::authenticated(claim.owner), b"payload");
        pollster::block_on(store.insert(request, lifetime)).unwrap();
        pollster::block_on(store.claim(claim, lifetime)).unwrap();
        pollster::block_on(store.annotate(claim, Annotation::new(b"alice", 0))).unwrap();
    }
    let read = |claim| pollster::block_on(store.claim(claim, lifetime)).map(|claimed| claimed.annotation);
    let sealed = |claim| pollster::block_on(database.claim(claim, lifetime)).unwrap();
    let forge = |claim, bytes: &[u8], revision| {
        pollster::block_on(database.annotate(claim, Annotation::new(bytes, revision))).unwrap();
    };
    assert_eq!(read(one).unwrap(), b"alice");
    let (note, payload) = (sealed(one).annotation, sealed(one).payload);
    assert!(!contains(&note, "alice"));
    assert_ne!(note, sealed(two).annotation);
    // Of another request, of an earlier time, the payload, and with a changed bit.
    let changed = note.iter().enumerate().map(|(place, byte)| if place == 40 { byte ^ 1 } else { *byte }).collect();
    for (revision, forged) in (1..).zip([sealed(two).annotation, note, payload, changed]) {
        forge(one, &forged, revision);
        assert!(matches!(read(one), Err(ClaimError::Unreadable)), "{revision}");
    }
    pollster::block_on(store.annotate(one, Annotation::new(b"bob", 5))).unwrap();
    assert_eq!(read(one).unwrap(), b"bob");
    pollster::block_on(store.annotate(one, Annotation::new(b"", 6))).unwrap();
    assert_eq!(read(one).unwrap(), b"");
}

#[test]
fn keys_are_rotated_without_losing_a_request() {
    let (par, _, keys) = server();
    let [first, second] = [SealingKeys::new(1, [1; 32]), SealingKeys::new(2, [2; 32])].map(Result::unwrap);
    let old = request_uri(&push(&par, "basic", &code_request(&[])));
    keys.replace(&second.clone().and(1, [1; 32]).unwrap());
    let new = request_uri(&push(&par, "basic", &code_request(&[])));
    for uri in [&old, &new] {
        open(&par, uri, None).unwrap();
    }
    keys.replace(&second);
    assert_eq!(page(open(&par, &old, None)).reason(), Reason::UnreadableRecord);
    open(&par, &new, None).unwrap();
    keys.replace(&first);
    assert_eq!(page(open(&par, &new, None)).reason(), Reason::UnreadableRecord);
}

#[test]
fn a_key_of_the_same_number_is_not_the_same_key() {
    let (par, _, keys) = server();
    let uri = request_uri(&push(&par, "basic", &code_request(&[])));
    keys.replace(&SealingKeys::new(1, [2; 32]).unwrap());
    assert_eq!(page(open(&par, &uri, None)).reason(), Reason::UnreadableRecord);
}

#[test]
fn a_failing_generator_stores_nothing() {
    // O-07
    struct Broken;
    impl RandomSource for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError::new("no entropy"))
        }
    }
    let database = Database::default();
    let par = endpoint(SealedStore::new(database.clone(), keys()).with_random(Broken));
    let reply = push(&par, "basic", &code_request(&[]));
    assert_eq!((reply.status(), error(&reply).as_str()), (503, "temporarily_unavailable"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert!(database.records.lock().unwrap().is_empty());
}

#[test]
fn rings_are_checked() {
    assert_eq!(SealingKeys::new(1, [0; 32]).unwrap_err(), SealingKeyError::Zeros);
    assert_eq!(keys().and(2, [0; 32]).unwrap_err(), SealingKeyError::Zeros);
    assert_eq!(keys().and(1, [2; 32]).unwrap_err(), SealingKeyError::DuplicateNumber(1));
    let full = (2..=16).fold(keys(), |ring, number| ring.and(number, [9; 32]).unwrap());
    assert_eq!(full.and(17, [9; 32]).unwrap_err(), SealingKeyError::TooMany);
}

#[test]
fn debug_shows_numbers_only() {
    // O-01
    let store = SealedStore::new(MemoryStore::default(), SealingKeys::new(2026, [77; 32]).unwrap());
    let shown = format!("{store:?}");
    assert_eq!(shown, "SealedStore { keys: [2026], .. }");
}

#[test]
fn what_earlier_versions_have_sealed_is_opened() {
    for line in include_str!("../vectors/stored-sealed.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let digest = |name: &str| <[u8; 32]>::try_from(unhex(&vector[name])).unwrap();
        let (key, owner) = (RecordKey::from_bytes(digest("key")), RecordKey::from_bytes(digest("owner")));
        let behind = MemoryStore::default();
        let number = u32::try_from(vector["number"].as_u64().unwrap()).unwrap();
        let store = SealedStore::new(behind.clone(), SealingKeys::new(number, digest("sealing_key")).unwrap());
        let (claim, minute) = (Claim::new(key, owner), Duration::from_secs(60));
        pollster::block_on(async {
            let payload = unhex(&vector["payload"]);
            behind.insert(NewRequest::new(key, Owner::authenticated(owner), &payload), minute).await.unwrap();
            assert_eq!(store.claim(claim, minute).await.unwrap().payload, unhex(&vector["opened"]));
            behind.annotate(claim, Annotation::new(&unhex(&vector["annotation"]), 0)).await.unwrap();
            assert_eq!(store.claim(claim, minute).await.unwrap().annotation, unhex(&vector["note"]));
            store.consume(claim, minute).await.unwrap();
        });
    }
}

#[test]
fn what_this_version_seals_has_a_layout_of_the_vectors() {
    /// The same nonce each time.
    struct Sevens;
    impl RandomSource for Sevens {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(7);
            Ok(())
        }
    }
    let database = Database::default();
    let keys = SealingKeys::new(2026, [7; 32]).unwrap();
    let store = SealedStore::new(database.clone(), keys).with_random(Sevens);
    let (key, owner) = (RecordKey::from_bytes([1; 32]), Owner::authenticated(RecordKey::from_bytes([0xC1; 32])));
    let request = NewRequest::new(key, owner, b"payload \x00\xff");
    pollster::block_on(store.insert(request, Duration::from_secs(60))).unwrap();
    let written = database.last();
    let lines = include_str!("../vectors/stored-sealed.jsonl").lines();
    assert!(
        lines.map(|line| unhex(&serde_json::from_str::<Value>(line).unwrap()["payload"])).any(|known| known == written)
    );
}
