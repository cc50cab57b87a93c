//! `RedisStore` over Redis, Redis Cluster and Valkey.

mod clusters;
mod commands;
mod contract;
mod damage;
mod failover;
mod full;
mod load;
mod login_age;
mod nodes;
mod outages;
mod permissions;
mod processes;
mod readiness;
mod replicas;
mod rounds;
mod secrecy;
mod sentinels;
pub(crate) mod servers;
mod settings;
mod spread;

use std::time::Duration;

use parjar::store::{Claim, MarkPurpose, NewRequest, Owner, RecordKey, ReplayMark, RequestStore};

const MINUTE: Duration = Duration::from_secs(60);

/// A key that no other test has.
fn fresh() -> RecordKey {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    bytes[12..28].copy_from_slice(&now.to_be_bytes());
    RecordKey::from_bytes(bytes)
}

fn owner() -> RecordKey {
    RecordKey::from_bytes([1; 32])
}

fn client() -> Owner {
    Owner::authenticated(owner())
}

fn mark() -> ReplayMark {
    ReplayMark::new(MarkPurpose::Credential, fresh(), MINUTE)
}

fn request<'a>(key: RecordKey, marks: &'a [ReplayMark]) -> NewRequest<'a> {
    NewRequest::new(key, client(), b"payload \x00\xff").with_marks(marks)
}

fn claim(key: RecordKey) -> Claim {
    Claim::new(key, owner())
}

/// A request that is open.
async fn opened(store: &impl RequestStore) -> RecordKey {
    let key = fresh();
    store.insert(request(key, &[]), MINUTE).await.unwrap();
    store.claim(claim(key), MINUTE).await.unwrap();
    key
}

/// A digest as names have it.
pub(crate) fn letters(key: RecordKey) -> String {
    let padded = openssl::base64::encode_block(key.as_bytes());
    padded.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The name of a client's request in the store with the prefix that is the default.
pub(crate) fn name_of(owner: RecordKey, key: RecordKey) -> String {
    format!("parjar:{{{}}}r:{}", &letters(owner)[..6], letters(key))
}

fn name(key: RecordKey) -> String {
    name_of(owner(), key)
}
