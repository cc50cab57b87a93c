//! Pushes with a JWT for authentication and a JWT as request, from raw bytes to reply, beside the arithmetic that they cannot do
//! without: `raw` is two bare verifications by josekit, and for encrypted objects one bare decryption, of the same tokens with
//! keys that are ready. Read each row as a ratio to the `raw` of its group, in the same run on the same machine. It is josekit there
//! whatever the library verifies by, so that runs with and without `--no-default-features --features aws-lc-rs` can be compared.
//!
//! With `-- --ratios` it prints these ratios instead, measured by turns, so that a noisy machine treats both alike, and then how long
//! refusals take that must not be told apart.

#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod support;

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{BatchSize, Criterion, criterion_group};
use josekit::{
    jwe::{
        ECDH_ES, JweContentEncryption, JweDecrypter, JweEncrypter, JweHeader, RSA_OAEP_256, enc::A128GCM,
        serialize_compact as encrypt,
    },
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ed::EdCurve},
    },
    jws::{ES256, EdDSA, JwsHeader, JwsSigner, JwsVerifier, PS256, serialize_compact as sign},
};
use parjar::{
    Client, ClientRegistration, ClientRegistry, Clock, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint,
    RegistryError, Reply, jose::DecryptionKeys, store::MemoryStore,
};
use serde_json::{Value, json};

use self::support::{HEADERS, ISSUER, SteppedClock, now, registration};

/// A registry that reads the registration anew for each request, as one over a database without a cache would.
struct Forgetful(ClientRegistration);

impl ClientRegistry for Forgetful {
    async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        Ok(Some(Arc::new(Client::try_from(self.0.clone()).unwrap())))
    }
}

/// A client that authenticates in another way.
fn with_secret() -> Client {
    Client::try_from(registration(json!({ "client_id": "basic", "client_secret": "s3cret" }))).unwrap()
}

/// One kind of signing key.
struct Algorithm {
    name: &'static str,
    public: Value,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
    /// Makes a verifier from the public key, as josekit does it.
    prepare: fn(&Value) -> Box<dyn JwsVerifier>,
}

fn jwk(value: &Value) -> Jwk {
    Jwk::from_map(value.as_object().unwrap().clone()).unwrap()
}

fn algorithms() -> [Algorithm; 3] {
    let make = |name, key: Jwk, signer, prepare: fn(&Value) -> Box<dyn JwsVerifier>| {
        let public = json!(key.to_public_key().unwrap().as_ref());
        Algorithm { name, verifier: prepare(&public), public, signer, prepare }
    };
    let (es256, ps256, ed25519) = (
        Jwk::generate_ec_key(EcCurve::P256).unwrap(),
        Jwk::generate_rsa_key(2048).unwrap(),
        Jwk::generate_ed_key(EdCurve::Ed25519).unwrap(),
    );
    let signers: [Box<dyn JwsSigner>; 3] = [
        Box::new(ES256.signer_from_jwk(&es256).unwrap()),
        Box::new(PS256.signer_from_jwk(&ps256).unwrap()),
        Box::new(EdDSA.signer_from_jwk(&ed25519).unwrap()),
    ];
    let [a, b, c] = signers;
    [
        make("ES256", es256, a, |public| Box::new(ES256.verifier_from_jwk(&jwk(public)).unwrap())),
        make("PS256", ps256, b, |public| Box::new(PS256.verifier_from_jwk(&jwk(public)).unwrap())),
        make("EdDSA", ed25519, c, |public| Box::new(EdDSA.verifier_from_jwk(&jwk(public)).unwrap())),
    ]
}

/// The keys of the server.
struct ServerKeys {
    private: Value,
    rsa: Jwk,
    ec: Jwk,
}

impl ServerKeys {
    fn new() -> Self {
        let (mut rsa, mut ec) = (Jwk::generate_rsa_key(2048).unwrap(), Jwk::generate_ec_key(EcCurve::P256).unwrap());
        rsa.set_key_id("rsa");
        ec.set_key_id("ec");
        Self { private: json!({ "keys": [rsa.as_ref(), ec.as_ref()] }), rsa, ec }
    }

    fn encrypt(&self, algorithm: &str, object: &str) -> String {
        let mut header = JweHeader::new();
        header.set_content_encryption("A128GCM");
        header.set_content_type("JWT");
        let (kid, encrypter): (_, Box<dyn JweEncrypter>) = match algorithm {
            "RSA-OAEP-256" => {
                ("rsa", Box::new(RSA_OAEP_256.encrypter_from_jwk(&self.rsa.to_public_key().unwrap()).unwrap()))
            }
            _ => ("ec", Box::new(ECDH_ES.encrypter_from_jwk(&self.ec.to_public_key().unwrap()).unwrap())),
        };
        header.set_key_id(kid);
        encrypt(object.as_bytes(), &header, &*encrypter).unwrap()
    }

    fn decrypter(&self, algorithm: &str) -> Box<dyn JweDecrypter> {
        match algorithm {
            "RSA-OAEP-256" => Box::new(RSA_OAEP_256.decrypter_from_jwk(&self.rsa).unwrap()),
            _ => Box::new(ECDH_ES.decrypter_from_jwk(&self.ec).unwrap()),
        }
    }
}

/// One bare decryption, of segments that are decoded.
struct RawDecryption {
    decrypter: Box<dyn JweDecrypter>,
    header: JweHeader,
    additional_data: String,
    segments: [Vec<u8>; 4],
}

impl RawDecryption {
    fn of(token: &str, decrypter: Box<dyn JweDecrypter>) -> Self {
        let parts: Vec<&str> = token.split('.').collect();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        Self {
            decrypter,
            header: JweHeader::from_bytes(&decode(parts[0])).unwrap(),
            additional_data: parts[0].to_owned(),
            segments: [decode(parts[1]), decode(parts[2]), decode(parts[3]), decode(parts[4])],
        }
    }

    fn run(&self) {
        let [key, vector, content, tag] = &self.segments;
        let key = Some(&**key).filter(|key| !key.is_empty());
        let key = self.decrypter.decrypt(key, &A128GCM, &self.header).unwrap();
        let aad = self.additional_data.as_bytes();
        black_box(A128GCM.decrypt(&key, Some(vector), content, aad, Some(tag)).unwrap());
    }
}

/// A push, and the arithmetic in it.
struct Row {
    name: String,
    par: ParEndpoint,
    forgetful: ParEndpoint<Forgetful>,
    clocks: [ManualClock; 2],
    body: String,
    tokens: [(Vec<u8>, Vec<u8>); 2],
    decryption: Option<RawDecryption>,
}

impl Row {
    fn new(algorithm: &Algorithm, keys: &ServerKeys, encryption: Option<&str>) -> Self {
        let clock = ManualClock::default();
        let date = clock.now().unix_timestamp();
        let assertion = json!({
            "iss": "bench", "sub": "bench", "aud": ISSUER, "iat": date, "exp": date + 60,
            "jti": "duk681S8n00GsJpe7n9boxdzen",
        });
        let object = json!({
            "iss": "bench", "aud": ISSUER, "iat": date, "nbf": date, "exp": date + 300, "client_id": "bench",
            "response_type": "code", "redirect_uri": "https://client.example.org/callback", "scope": "openid accounts",
            "state": "duk681S8n00GsJpe7n9boxdzen", "nonce": "n-0S6_WzA2Mj-7n9boxdz",
            "code_challenge": "K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U", "code_challenge_method": "S256",
        });
        let signed = |claims: &Value, typ: &str| {
            let mut header = JwsHeader::new();
            header.set_token_type(typ);
            header.set_key_id("key");
            sign(claims.to_string().as_bytes(), &header, &*algorithm.signer).unwrap()
        };
        let (assertion, object) =
            (signed(&assertion, "client-authentication+jwt"), signed(&object, "oauth-authz-req+jwt"));
        let raw = |token: &str| {
            let (input, signature) = token.rsplit_once('.').unwrap();
            (input.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).unwrap())
        };
        let tokens = [raw(&assertion), raw(&object)];
        let encrypted = encryption.map(|encryption| (encryption, keys.encrypt(encryption, &object)));
        let decryption =
            encrypted.as_ref().map(|(encryption, token)| RawDecryption::of(token, keys.decrypter(encryption)));
        let object = encrypted.map_or(object, |(_, token)| token);
        let body = format!(
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={assertion}&request={object}"
        );
        let mut public = algorithm.public.clone();
        public["kid"] = json!("key");
        let registration = registration(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [public] },
        }));
        let client = Client::try_from(registration.clone()).unwrap();
        let clocks = [ManualClock::default(), ManualClock::default()];
        let decryption_keys = DecryptionKeys::parse(&keys.private.to_string()).unwrap();
        // Dates stand still; what is stored expires at once, so that the same tokens are good again.
        let [store, other_store] = clocks.clone().map(|clock| MemoryStore::default().with_clock(SteppedClock(clock)));
        Self {
            name: encryption.map_or(algorithm.name.to_owned(), |encryption| format!("{}+{encryption}", algorithm.name)),
            par: ParEndpoint::builder(ISSUER)
                .clients(InMemoryRegistry::new([client, with_secret()]).unwrap())
                .store(store)
                .clock(SteppedClock(clock.clone()))
                .decryption_keys(decryption_keys.clone())
                .build()
                .unwrap(),
            forgetful: ParEndpoint::builder(ISSUER)
                .clients(Forgetful(registration))
                .store(other_store)
                .clock(SteppedClock(clock))
                .decryption_keys(decryption_keys)
                .build()
                .unwrap(),
            clocks,
            body,
            tokens,
            decryption,
        }
    }

    fn raw(&self, verifiers: [&dyn JwsVerifier; 2]) {
        if let Some(decryption) = &self.decryption {
            decryption.run();
        }
        for ((input, signature), verifier) in self.tokens.iter().zip(verifiers) {
            verifier.verify(black_box(input), black_box(signature)).unwrap();
        }
    }

    fn push(&self) {
        self.clocks[0].advance(Duration::from_secs(1000));
        let request = FormRequest::new("POST", HEADERS, black_box(&self.body));
        let reply = Reply::from(now(self.par.push(&request)));
        assert_eq!(reply.status(), 201, "{}", reply.body());
    }

    fn push_forgetful(&self) {
        self.clocks[1].advance(Duration::from_secs(1000));
        let request = FormRequest::new("POST", HEADERS, black_box(&self.body));
        let reply = Reply::from(now(self.forgetful.push(&request)));
        assert_eq!(reply.status(), 201, "{}", reply.body());
    }
}

fn rows() -> Vec<(Algorithm, Vec<Row>)> {
    let keys = ServerKeys::new();
    let encryptions = [None, Some("RSA-OAEP-256"), Some("ECDH-ES")];
    let rows = |algorithm: Algorithm| {
        let rows = encryptions.iter().map(|encryption| Row::new(&algorithm, &keys, *encryption)).collect();
        (algorithm, rows)
    };
    algorithms().into_iter().map(rows).collect()
}

fn pushes(criterion: &mut Criterion) {
    for (algorithm, rows) in rows() {
        let verifier = &*algorithm.verifier;
        for row in rows {
            let mut group = criterion.benchmark_group(format!("jar/{}", row.name));
            group.bench_function("raw", |bencher| bencher.iter(|| row.raw([verifier, verifier])));
            group.bench_function("push", |bencher| bencher.iter(|| row.push()));
            group.bench_function("push/registration_read_anew", |bencher| bencher.iter(|| row.push_forgetful()));
            if row.decryption.is_none() {
                group.bench_function("raw/keys_prepared_anew", |bencher| {
                    bencher.iter(|| {
                        let verifiers =
                            [(algorithm.prepare)(&algorithm.public), (algorithm.prepare)(&algorithm.public)];
                        row.raw([&*verifiers[0], &*verifiers[1]]);
                    });
                });
            }
            group.finish();
        }
    }
}

/// What a registry pays that makes its clients anew: with a key that this process has seen before, and with one that it has not.
fn registrations(criterion: &mut Criterion) {
    let with_new_key = || {
        let key = Jwk::generate_ec_key(EcCurve::P256).unwrap().to_public_key().unwrap();
        registration(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key.as_ref()] } }))
    };
    let mut group = criterion.benchmark_group("registration");
    let seen = with_new_key();
    group.bench_function("key_seen_before", |bencher| {
        bencher.iter_batched(|| seen.clone(), |seen| Client::try_from(seen).unwrap(), BatchSize::SmallInput);
    });
    group.bench_function("new_key", |bencher| {
        bencher.iter_batched(with_new_key, |new| Client::try_from(new).unwrap(), BatchSize::SmallInput);
    });
    group.finish();
}

/// The quickest of many short runs by turns, in nanoseconds each.
fn by_turns<const N: usize>(work: [&dyn Fn(); N]) -> [f64; N] {
    const ITERATIONS: u32 = 20;
    let mut best = [f64::MAX; N];
    for _ in 0..150 {
        for (work, best) in work.iter().zip(&mut best) {
            let start = Instant::now();
            (0..ITERATIONS).for_each(|_| work());
            *best = best.min(start.elapsed().as_nanos() as f64 / f64::from(ITERATIONS));
        }
    }
    best
}

fn ratios() {
    let by = if cfg!(feature = "aws-lc-rs") { "AWS-LC" } else { "josekit" };
    println!("\npushes verified by {by}, raw by josekit");
    println!("{:<22} {:>9} {:>9} {:>6} {:>14}", "by turns, best of 150", "raw", "push", "ratio", "read anew");
    for (algorithm, rows) in rows() {
        let verifier = &*algorithm.verifier;
        for row in rows {
            let [raw, push, anew] =
                by_turns([&|| row.raw([verifier, verifier]), &|| row.push(), &|| row.push_forgetful()]);
            let (us, ratio) = (1000.0, push / raw);
            println!(
                "{:<22} {:>6.1} us {:>6.1} us {ratio:>6.3} {:>6.3} of raw",
                row.name,
                raw / us,
                push / us,
                anew / raw
            );
        }
    }
}

/// What is refused for reasons that must not be told apart, by turns.
fn refusals() {
    let keys = ServerKeys::new();
    let [algorithm, ..] = algorithms();
    println!(
        "\n{:<22} {:>24} {:>24} {:>24}",
        "refused, best of 150", "good key, broken tag", "broken key", "tag of other length"
    );
    for encryption in ["RSA-OAEP-256", "ECDH-ES"] {
        let row = Row::new(&algorithm, &keys, Some(encryption));
        let (start, token) = row.body.rsplit_once("&request=").unwrap();
        let segments: Vec<&str> = token.split('.').collect();
        let altered = |index: usize| {
            let mut segments: Vec<String> = segments.iter().map(|segment| (*segment).to_owned()).collect();
            let first = if segments[index].starts_with('A') { "B" } else { "A" };
            segments[index].replace_range(..1, first);
            format!("{start}&request={}", segments.join("."))
        };
        // An agreed key is broken by another party name.
        let broken_key = if encryption == "ECDH-ES" {
            let header = String::from_utf8(URL_SAFE_NO_PAD.decode(segments[0]).unwrap()).unwrap();
            let header = URL_SAFE_NO_PAD.encode(header.replacen('{', r#"{"apu":"QQ","#, 1));
            format!("{start}&request={header}.{}", segments[1..].join("."))
        } else {
            altered(1)
        };
        let bodies = [altered(4), broken_key, row.body[..row.body.len() - 2].to_owned()];
        let refuse = |body: &str| {
            row.clocks[0].advance(Duration::from_secs(1000));
            let reply = Reply::from(now(row.par.push(&FormRequest::new("POST", HEADERS, black_box(body)))));
            assert_eq!(
                (reply.status(), reply.body().contains("invalid_request_object")),
                (400, true),
                "{}",
                reply.body()
            );
        };
        let [tag, key, length] = by_turns([&|| refuse(&bodies[0]), &|| refuse(&bodies[1]), &|| refuse(&bodies[2])]);
        println!("{encryption:<22} {:>21.1} us {:>21.1} us {:>21.1} us", tag / 1000.0, key / 1000.0, length / 1000.0);
    }
    println!(
        "\n{:<22} {:>24} {:>24} {:>24}",
        "assertion, best of 150", "wrong signature", "unknown client", "other method"
    );
    for algorithm in algorithms() {
        let row = Row::new(&algorithm, &keys, None);
        let (form, rest) = row.body.split_once("client_assertion=eyJ").unwrap();
        let (token, object) = rest.split_once("&request=").unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let wrong = if signature.starts_with('A') { "B" } else { "A" };
        let forged = |claims: Option<Value>| {
            let (header, payload) = input.split_once('.').unwrap();
            let payload = claims.map_or(payload.to_owned(), |claims| URL_SAFE_NO_PAD.encode(claims.to_string()));
            format!("{form}client_assertion=eyJ{header}.{payload}.{wrong}{}&request={object}", &signature[1..])
        };
        let date = ManualClock::default().now().unix_timestamp();
        let nobody = |client_id: &str| {
            json!({
                "iss": client_id, "sub": client_id, "aud": ISSUER, "iat": date, "exp": date + 60,
                "jti": "duk681S8n00GsJpe7n9boxdzen",
            })
        };
        let bodies = [forged(None), forged(Some(nobody("nobod"))), forged(Some(nobody("basic")))];
        let refuse = |body: &str| {
            let reply = Reply::from(now(row.par.push(&FormRequest::new("POST", HEADERS, black_box(body)))));
            assert_eq!(reply.status(), 401, "{}", reply.body());
        };
        let [wrong, unknown, other] =
            by_turns([&|| refuse(&bodies[0]), &|| refuse(&bodies[1]), &|| refuse(&bodies[2])]);
        println!(
            "{:<22} {:>21.1} us {:>21.1} us {:>21.1} us",
            algorithm.name,
            wrong / 1000.0,
            unknown / 1000.0,
            other / 1000.0
        );
    }
}

criterion_group!(benches, pushes, registrations);

fn main() {
    // `cargo test --benches` and a filter want criterion's part only.
    if std::env::args().any(|argument| argument == "--ratios") {
        ratios();
        return refusals();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
