//! What a DPoP proof adds to a push, beside the arithmetic that it cannot do without: `raw` is one bare verification by josekit with a
//! key that is ready, `raw, new key` makes the key ready first. Read the rows as `push, proof` less `push` against `raw`.

#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::panic)]

mod support;

use std::{
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsSigner as _, JwsVerifier as _},
};
use parjar::{
    Client, Clock as _, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Policy, Reply, store::MemoryStore,
};
use serde_json::{Value, json};

use self::support::{HEADERS, ISSUER, SteppedClock, now, registration};

const BODY: &str = "response_type=code&redirect_uri=https%3A%2F%2Fclient.example.org%2Fcallback&scope=openid+accounts\
    &code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U&code_challenge_method=S256";

fn endpoint(policy: Policy, clock: &ManualClock) -> ParEndpoint {
    let client = Client::try_from(registration(json!({ "client_secret": "s3cret" }))).unwrap();
    ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients(InMemoryRegistry::new([client]).unwrap())
        .store(MemoryStore::default().with_clock(SteppedClock(clock.clone())))
        .clock(SteppedClock(clock.clone()))
        .build()
        .unwrap()
}

fn new_key() -> Jwk {
    Jwk::generate_ec_key(EcCurve::P256).unwrap()
}

fn public(key: &Jwk) -> Value {
    json!(key.to_public_key().unwrap().as_ref())
}

/// What is signed, and the signature.
fn proof(key: &Jwk, at: i64) -> (String, Vec<u8>) {
    static ID: AtomicU64 = AtomicU64::new(0);
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": public(key) });
    let claims = json!({
        "jti": ID.fetch_add(1, Ordering::Relaxed).to_string(), "htm": "POST", "iat": at,
        "htu": "https://as.example.com/authorize/par",
    });
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = ES256.signer_from_jwk(key).unwrap().sign(input.as_bytes()).unwrap();
    (input, signature)
}

fn push(par: &ParEndpoint, proof: Option<&str>) -> u16 {
    let authorization = ("authorization", &b"Basic YmVuY2g6czNjcmV0"[..]);
    let headers = HEADERS.into_iter().chain([authorization]).chain(proof.map(|proof| ("dpop", proof.as_bytes())));
    Reply::from(now(par.push(&FormRequest::new("POST", headers, BODY)))).status()
}

fn dpop(criterion: &mut Criterion) {
    let (clock, key) = (ManualClock::default(), new_key());
    let par = endpoint(Policy::oauth(), &clock);
    // So that neither requests nor marks of a client come to their limit.
    let made = |key: &Jwk| {
        clock.advance(Duration::from_millis(2));
        let (input, signature) = proof(key, clock.now().unix_timestamp());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let (input, signature) = proof(&key, 0);
    let verifier = ES256.verifier_from_jwk(&key.to_public_key().unwrap()).unwrap();
    criterion.bench_function("raw", |bencher| {
        bencher.iter(|| verifier.verify(black_box(input.as_bytes()), &signature).unwrap());
    });
    criterion.bench_function("raw, new key", |bencher| {
        let jwk = key.to_public_key().unwrap();
        bencher.iter(|| {
            let verifier = ES256.verifier_from_jwk(black_box(&jwk)).unwrap();
            verifier.verify(input.as_bytes(), &signature).unwrap();
        });
    });
    criterion.bench_function("push", |bencher| {
        bencher.iter_batched(
            || clock.advance(Duration::from_millis(2)),
            |()| assert_eq!(push(&par, None), 201),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("push, proof", |bencher| {
        bencher.iter_batched(|| made(&key), |proof| assert_eq!(push(&par, Some(&proof)), 201), BatchSize::SmallInput);
    });
    criterion.bench_function("push, proof, new key", |bencher| {
        bencher.iter_batched(
            || made(&new_key()),
            |proof| assert_eq!(push(&par, Some(&proof)), 201),
            BatchSize::SmallInput,
        );
    });
    let mut policy = Policy::oauth();
    policy.require_dpop_nonce = true;
    let strict = endpoint(policy, &clock);
    criterion.bench_function("refused for its nonce", |bencher| {
        let proof = made(&key);
        bencher.iter(|| assert_eq!(push(&strict, Some(black_box(&proof))), 400));
    });
}

criterion_group!(benches, dpop);
criterion_main!(benches);
