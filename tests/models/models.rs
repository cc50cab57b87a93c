//! Models of threads: shuttle chooses which of them goes on wherever two can meet, many times over, from a fixed seed. A call
//! that is never woken up, and a lock that is never released, end a model as a deadlock.
//!
//! `RUSTFLAGS='--cfg parjar_models' cargo test -p parjar-models --target-dir target/models`

#![cfg(parjar_models)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects)]

mod key_sets;
mod second_clicks;
mod store;

use std::sync::{Mutex, PoisonError};

use parjar::{Client, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, ParEndpointBuilder};
use serde_json::Value;
use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
    thread,
};

const ISSUER: &str = "https://as.example.com";
/// Orders that are tried of each kind.
const ORDERS: usize = 600;
const SEED: u64 = 9126;
/// Changes of threads that come at the worst time.
const CHANGES: usize = 3;

/// Runs a model in many orders of its threads: some drawn at each step, some with few changes at any place.
fn explore(model: impl Fn() + Send + Sync + Clone + 'static) {
    // What is kept for the whole process, such as keys that were prepared, would otherwise be shared with another model.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut config = Config::new();
    // OpenSSL and debug builds need more than the default.
    config.stack_size = 1 << 20;
    Runner::new(RandomScheduler::new_from_seed(SEED, ORDERS), config.clone()).run(model.clone());
    Runner::new(PctScheduler::new_from_seed(SEED, CHANGES, ORDERS), config).run(model);
}

/// Does all of this at the same time, and returns what came of each.
fn at_once<T: Send + 'static>(work: impl IntoIterator<Item = impl FnOnce() -> T + Send + 'static>) -> Vec<T> {
    let threads: Vec<_> = work.into_iter().map(thread::spawn).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// An endpoint with one client. Time stands still.
fn endpoint(registration: Value) -> ParEndpointBuilder {
    let client = Client::try_from(serde_json::from_value::<parjar::ClientRegistration>(registration).unwrap()).unwrap();
    ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::new([client]).unwrap()).clock(ManualClock::default())
}

fn request<'a>(authorization: Option<&'a [u8]>, body: &'a str) -> FormRequest<'a> {
    let headers = [("content-type", &b"application/x-www-form-urlencoded"[..])].into_iter();
    FormRequest::new("POST", headers.chain(authorization.map(|value| ("authorization", value))), body)
}
