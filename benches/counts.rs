//! Does one operation a number of times, for tools that count instructions: they count the same on a busy machine as on an idle one.
//!
//! `counts ROW TIMES` does the operation of a row; `counts` lists the rows. What else a process does is in the difference between two
//! numbers of times. `.ci/counts` runs all of it, and compares with what was counted before.

#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]

mod pushes;
mod support;

use std::{hint::black_box, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jws::{ES256, JwsHeader, alg::ecdsa::EcdsaJwsVerifier, serialize_compact};
use josekit::{jwk::Jwk, jws::JwsVerifier as _};
use parjar::{
    Browser, Client, Clock as _, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint,
    store::{Claim, MemoryStore, NewRequest, Owner, RecordKey, RequestStore as _},
};
use serde_json::{Value, json};

use self::{
    pushes::{AUTHORIZATION, Bench, EIGHT_PARAMETERS, headers, refusals},
    support::{HEADERS, ISSUER, SteppedClock, now, registration},
};

const ROWS: [&str; 7] = [
    "push/basic",
    "push/post",
    "push/jar",
    "push/jar/arithmetic",
    "push+authorize+complete",
    "memory/insert",
    "memory/insert+claim+consume",
];

fn main() {
    // Cargo's own flags are for benches that measure.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.as_slice() {
        [row, times] => count(row, times.parse().unwrap()),
        _ => {
            ROWS.iter().for_each(|row| println!("{row}"));
            refusals().iter().for_each(|refused| println!("refuse/{}", refused.name));
        }
    }
}

fn count(row: &str, times: u32) {
    match row {
        "push/basic" => push("client_secret_basic", Some(AUTHORIZATION), EIGHT_PARAMETERS, times),
        "push/post" => {
            let body = format!("{EIGHT_PARAMETERS}&client_secret={}", pushes::SECRET);
            push("client_secret_post", None, &body, times);
        }
        "push/jar" => {
            let tokens = Tokens::new();
            (0..times).for_each(|_| tokens.push());
        }
        "push/jar/arithmetic" => {
            let tokens = Tokens::new();
            (0..times).for_each(|_| tokens.verify());
        }
        "push+authorize+complete" => {
            let bench = Bench::new("client_secret_basic", 60);
            for _ in 0..times {
                let query = bench.pushed();
                let pending = now(bench.par.authorize(&query, Browser::bound("browser").unwrap())).unwrap();
                black_box(now(bench.par.complete(&pending)).unwrap());
            }
        }
        "memory/insert" => keep(false, times),
        "memory/insert+claim+consume" => keep(true, times),
        _ => {
            let bench = Bench::new("client_secret_basic", 60);
            let refused = refusals().into_iter().find(|refused| row.strip_prefix("refuse/") == Some(refused.name));
            let refused = refused.unwrap_or_else(|| panic!("there is no row {row}"));
            for _ in 0..times {
                let headers = headers(Some(refused.authorization));
                let request = FormRequest::new("POST", headers, black_box(&refused.body));
                assert_eq!(bench.push(&request).status(), refused.status);
            }
        }
    }
}

/// Each request has expired when the next comes.
fn push(method: &str, authorization: Option<&'static [u8]>, body: &str, times: u32) {
    let bench = Bench::new(method, 1);
    for _ in 0..times {
        bench.clock.advance(Duration::from_secs(2));
        let request = FormRequest::new("POST", headers(authorization), black_box(body));
        assert_eq!(bench.push(&request).status(), 201);
    }
}

/// Keeps requests in the memory store, each of which has expired when the next comes, and ends them in the same second or not.
fn keep(is_ended: bool, times: u32) {
    let clock = ManualClock::default();
    let store = pushes::roomy_store().with_clock(SteppedClock(clock.clone()));
    let (owner, payload) = (RecordKey::from_bytes([7; 32]), [7; 237]);
    for number in 0..times {
        clock.advance(Duration::from_secs(2));
        let mut key = [9; 32];
        key[28..].copy_from_slice(&number.to_le_bytes());
        let claim = Claim::new(RecordKey::from_bytes(key), owner).by_browser(RecordKey::from_bytes([8; 32]));
        let request = NewRequest::new(claim.key, Owner::authenticated(owner), black_box(&payload));
        now(store.insert(request, Duration::from_secs(1))).unwrap();
        if is_ended {
            black_box(now(store.claim(claim, Duration::from_secs(1))).unwrap());
            now(store.consume(claim, Duration::from_secs(1))).unwrap();
        }
    }
}

/// An assertion and a request object, an endpoint to push them to, and what it has to verify.
struct Tokens {
    par: ParEndpoint,
    /// The clock of the store. That of the endpoint stands still, so that the same tokens are good for ever.
    clock: ManualClock,
    body: String,
    verifier: EcdsaJwsVerifier,
    signed: [(String, Vec<u8>); 2],
}

impl Tokens {
    fn new() -> Self {
        let key = Jwk::generate_ec_key(josekit::jwk::alg::ec::EcCurve::P256).unwrap();
        let signer = ES256.signer_from_jwk(&key).unwrap();
        let public = key.to_public_key().unwrap();
        let clock = ManualClock::default();
        let date = clock.now().unix_timestamp();
        let sign = |typ: &str, claims: Value| {
            let mut header = JwsHeader::new();
            header.set_token_type(typ);
            serialize_compact(claims.to_string().as_bytes(), &header, &signer).unwrap()
        };
        let assertion = sign(
            "client-authentication+jwt",
            json!({
                "iss": "bench", "sub": "bench", "aud": ISSUER, "iat": date, "exp": date + 60, "jti": "duk681S8n00GsJpe7n9boxdzen",
            }),
        );
        let object = sign(
            "oauth-authz-req+jwt",
            json!({
                "iss": "bench", "aud": ISSUER, "iat": date, "nbf": date, "exp": date + 300, "client_id": "bench",
                "response_type": "code", "redirect_uri": "https://client.example.org/callback", "scope": "openid accounts",
                "state": "duk681S8n00GsJpe7n9boxdzen", "nonce": "n-0S6_WzA2Mj-7n9boxdz",
                "code_challenge": "K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U", "code_challenge_method": "S256",
            }),
        );
        let client = Client::try_from(registration(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [public.as_ref()] },
        })));
        let of_store = ManualClock::default();
        let par = ParEndpoint::builder(ISSUER)
            .clients(InMemoryRegistry::new([client.unwrap()]).unwrap())
            .store(MemoryStore::default().with_clock(SteppedClock(of_store.clone())))
            .clock(SteppedClock(clock))
            .build()
            .unwrap();
        let signed = [&assertion, &object].map(|token| {
            let (input, signature) = token.rsplit_once('.').unwrap();
            (input.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap())
        });
        let body = format!(
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={assertion}&request={object}"
        );
        Self { par, clock: of_store, body, verifier: ES256.verifier_from_jwk(&public).unwrap(), signed }
    }

    fn push(&self) {
        self.clock.advance(Duration::from_secs(1000));
        let request = FormRequest::new("POST", HEADERS, black_box(&self.body));
        assert_eq!(parjar::Reply::from(now(self.par.push(&request))).status(), 201);
    }

    fn verify(&self) {
        for (input, signature) in &self.signed {
            self.verifier.verify(black_box(input.as_bytes()), black_box(signature)).unwrap();
        }
    }
}
