//! `RedisStore` over Redis, Redis Cluster and Valkey.

mod contract;
mod damage;
mod full;
mod nodes;
mod outages;
mod processes;
mod secrecy;
mod servers;
mod settings;

use std::time::Duration;

use parjar::{
    RequestStore,
    store::{Claim, Key, Mark, NewRequest},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A key that no other test has.
fn fresh() -> Key {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes[8..12].copy_from_slice(&std::process::id().to_be_bytes());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    bytes[12..28].copy_from_slice(&now.to_be_bytes());
    Key::from_bytes(bytes)
}

fn owner() -> Key {
    Key::from_bytes([1; 32])
}

fn mark() -> Mark {
    Mark { key: fresh(), lifetime: MINUTE }
}

fn request<'a>(key: Key, marks: &'a [Mark]) -> NewRequest<'a> {
    NewRequest { key, owner: owner(), payload: b"payload \x00\xff", lifetime: MINUTE, marks }
}

fn claim(key: Key) -> Claim {
    Claim { key, owner: owner(), browser: None, lifetime: MINUTE }
}

/// A request that is open.
async fn opened(store: &impl RequestStore) -> Key {
    let key = fresh();
    store.insert(request(key, &[])).await.unwrap();
    store.claim(claim(key)).await.unwrap();
    key
}

fn hex(key: Key) -> String {
    key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a request in the store with the prefix that is the default.
fn name(key: Key) -> String {
    format!("{{parjar}}:r:{}", hex(key))
}
