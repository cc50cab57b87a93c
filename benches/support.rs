//! What the benches have in common: a client, what it sends with each push, and a clock that a bench moves.

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use parjar::{ClientRegistration, Clock, ManualClock};
use serde_json::{Value, json};
use time::OffsetDateTime;

pub(crate) const ISSUER: &str = "https://as.example.com";

/// What comes with a push in any case.
pub(crate) const HEADERS: [(&str, &[u8]); 4] = [
    ("host", b"as.example.com"),
    ("user-agent", b"bench"),
    ("content-type", b"application/x-www-form-urlencoded"),
    ("content-length", b"333"),
];

/// Costs what the system's clock costs, and shows a time of our own.
pub(crate) struct SteppedClock(pub(crate) ManualClock);

impl Clock for SteppedClock {
    fn now(&self) -> OffsetDateTime {
        black_box(OffsetDateTime::now_utc());
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        black_box(Instant::now());
        self.0.elapsed()
    }
}

/// The output of a future that never waits: stores and registries here are in memory.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// The client `bench`, with how it authenticates.
pub(crate) fn registration(authentication: Value) -> ClientRegistration {
    let mut registration = json!({
        "client_id": "bench",
        "redirect_uris": ["https://client.example.org/callback"],
        "scope": "openid accounts",
    });
    registration.as_object_mut().unwrap().extend(authentication.as_object().unwrap().clone());
    serde_json::from_value(registration).unwrap()
}
