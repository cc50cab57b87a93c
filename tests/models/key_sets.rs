//! The JWKS cache: one fetch at a time, for all who need it, whoever gives up.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, LazyLock},
    task::Poll,
};

use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsHeader, serialize_compact},
};
use parjar::{Clock as _, FetchedJwks, JwksError, JwksSource, ManualClock, ParEndpoint};
use serde_json::json;
use shuttle::{
    future::{block_on, yield_now},
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{ISSUER, at_once, endpoint, explore, request};

/// A key, and pushes whose assertions it has signed.
static SIGNED: LazyLock<(Jwk, [String; 3])> = LazyLock::new(|| {
    let key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let signer = ES256.signer_from_jwk(&key).unwrap();
    let now = ManualClock::default().now().unix_timestamp();
    let pushes = ["a", "b", "c"].map(|id| {
        let claims = json!({ "iss": "bank", "sub": "bank", "aud": ISSUER, "jti": id, "iat": now, "exp": now + 60 });
        let token = serialize_compact(claims.to_string().as_bytes(), &JwsHeader::new(), &signer).unwrap();
        format!(
            "response_type=code&client_assertion={token}\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        )
    });
    (key.to_public_key().unwrap(), pushes)
});

/// Publishes the key after a while, and counts.
struct Source {
    running: AtomicUsize,
    begun: AtomicUsize,
}

#[derive(Clone)]
struct Shared(Arc<Source>);

impl JwksSource for Shared {
    async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
        assert_eq!(self.0.running.fetch_add(1, Ordering::SeqCst), 0, "two fetches at a time");
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        yield_now().await;
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        Ok(FetchedJwks::new(json!({ "keys": [SIGNED.0.as_ref()] }).to_string()))
    }
}

fn bank() -> (Arc<ParEndpoint>, Arc<Source>) {
    let registration = json!({
        "client_id": "bank", "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://bank.example.com/jwks", "redirect_uris": ["https://bank.example.com/cb"],
    });
    let source = Arc::new(Source { running: AtomicUsize::new(0), begun: AtomicUsize::new(0) });
    let par = endpoint(registration).jwks_source(Shared(Arc::clone(&source))).build().unwrap();
    (Arc::new(par), source)
}

fn push(par: &ParEndpoint, number: usize) {
    block_on(par.push(&request(None, &SIGNED.1[number]))).unwrap();
}

/// Sends a push, and hangs up when it has waited `patience` times.
fn push_and_hang_up(par: &ParEndpoint, number: usize, patience: usize) {
    let request = request(None, &SIGNED.1[number]);
    block_on(async {
        let mut pushed = pin!(par.push(&request));
        let mut left = patience;
        poll_fn(|context| match pushed.as_mut().poll(context) {
            Poll::Pending if left > 0 => {
                left -= 1;
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
        .await;
    });
}

#[test]
fn of_three_who_need_the_same_keys_one_fetches_them() {
    explore(|| {
        let (par, source) = bank();
        let push = |number: usize, par: Arc<ParEndpoint>| move || push(&par, number);
        at_once([0, 1, 2].map(|number| push(number, Arc::clone(&par))));
        assert_eq!(source.begun.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_fetch_that_is_given_up_goes_on_for_those_who_wait() {
    explore(|| {
        let (par, source) = bank();
        let work = |number: usize, par: Arc<ParEndpoint>| {
            move || match number {
                0 => push_and_hang_up(&par, 0, 0),
                1 => push_and_hang_up(&par, 1, 1),
                _ => push(&par, number),
            }
        };
        at_once([0, 1, 2].map(|number| work(number, Arc::clone(&par))));
        assert_eq!(source.begun.load(Ordering::SeqCst), 1);
    });
}
