//! What refusals cost: the work of each kind of bad input is held against that of a good push of the same make, in counts that are
//! the same on every machine.

#![allow(clippy::arithmetic_side_effects)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use josekit::{
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsHeader},
};
use serde_json::{Value, json};

use super::{Browser, ParEndpoint, counted_store::CountedStore};
use crate::{
    client::{Client, ClientRegistration, ClientRegistry, InMemoryRegistry, RegistryError},
    clock::{Clock as _, ManualClock},
    error::Reason,
    http::FormRequest,
    jose::{DecryptionKeys, TokenFault},
    policy::Policy,
    protocol::form_error::FormError,
    work::{self, Work},
};

const ISSUER: &str = "https://as.example.com";
const FORM: &str = "application/x-www-form-urlencoded";
const PLAIN: &str = "response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=openid&state=af0";

/// What an operation takes of this process, and of what the host has plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    look_ups: usize,
    store_calls: usize,
    work: Work,
}

impl Cost {
    /// What this takes more than another.
    fn above(&self, other: &Self) -> Vec<&'static str> {
        let pairs = [
            ("look-ups", self.look_ups, other.look_ups),
            ("calls of the store", self.store_calls, other.store_calls),
            ("forms", self.work.forms, other.work.forms),
            ("JSON texts", self.work.json, other.work.json),
            ("digests", self.work.digests, other.work.digests),
            ("MACs", self.work.macs, other.work.macs),
            ("verifications", self.work.verifications, other.work.verifications),
            ("decryptions", self.work.decryptions, other.work.decryptions),
        ];
        pairs.into_iter().filter(|(_, this, other)| this > other).map(|(name, ..)| name).collect()
    }
}

struct CountedRegistry {
    clients: InMemoryRegistry,
    look_ups: Arc<AtomicUsize>,
}

impl ClientRegistry for CountedRegistry {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
        self.clients.client(client_id).await
    }
}

/// A request, as a client sends it.
struct Sent {
    method: &'static str,
    content_type: &'static str,
    authorization: Option<String>,
    proofs: Vec<String>,
    body: Vec<u8>,
}

impl Sent {
    fn by_secret(body: impl AsRef<[u8]>) -> Self {
        Self::with_authorization("web:s3cret", body)
    }

    fn with_authorization(authorization: &str, body: impl AsRef<[u8]>) -> Self {
        let authorization = Some(format!("Basic {}", STANDARD.encode(authorization)));
        Self { authorization, ..Self::form(body) }
    }

    fn form(body: impl AsRef<[u8]>) -> Self {
        Self { method: "POST", content_type: FORM, authorization: None, proofs: Vec::new(), body: body.as_ref().into() }
    }

    fn by_assertion(assertion: &str, body: &str) -> Self {
        Self::form(format!(
            "{body}&client_assertion={assertion}\
             &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        ))
    }

    fn with_proof(mut self, proof: String) -> Self {
        self.proofs.push(proof);
        self
    }
}

/// A server whose parts count, and the keys of its client `bank`.
struct Fixture {
    par: ParEndpoint<CountedRegistry, CountedStore>,
    look_ups: Arc<AtomicUsize>,
    store: CountedStore,
    now: i64,
    key: Jwk,
    proof_key: Jwk,
}

impl Fixture {
    fn new(policy: Policy) -> Self {
        let [key, proof_key] = [(); 2].map(|()| Jwk::generate_ec_key(EcCurve::P256).unwrap());
        let mut public = json!(key.to_public_key().unwrap().as_ref());
        public["kid"] = json!("bank-1");
        let client = |registration: Value| {
            Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap()).unwrap()
        };
        let redirect_uris = ["https://app.example.com/cb"];
        let clients = [
            client(json!({
                "client_id": "web", "client_secret": "s3cret", "redirect_uris": redirect_uris, "scope": "openid",
            })),
            client(json!({
                "client_id": "bank", "token_endpoint_auth_method": "private_key_jwt", "redirect_uris": redirect_uris,
                "jwks": { "keys": [public] }, "scope": "openid",
            })),
        ];
        let mut decryption_key = Jwk::generate_rsa_key(2048).unwrap();
        decryption_key.set_key_id("enc");
        let clock = ManualClock::default();
        let (look_ups, store) = (Arc::new(AtomicUsize::new(0)), CountedStore::default());
        let par = ParEndpoint::builder(ISSUER)
            .policy(policy)
            .clients(CountedRegistry {
                clients: InMemoryRegistry::new(clients).unwrap(),
                look_ups: Arc::clone(&look_ups),
            })
            .store(store.clone())
            .token_endpoint(format!("{ISSUER}/token"))
            .decryption_keys(DecryptionKeys::parse(&json!({ "keys": [decryption_key.as_ref()] }).to_string()).unwrap())
            .clock(clock.clone())
            .build()
            .unwrap();
        Self { par, look_ups, store, now: clock.now().unix_timestamp(), key, proof_key }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        sign(&self.key, header, claims)
    }

    fn assertion(&self, id: &str, changes: Value) -> String {
        let mut claims = json!({
            "iss": "bank", "sub": "bank", "aud": ISSUER, "jti": id, "iat": self.now, "exp": self.now + 60,
        });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.sign(&json!({ "alg": "ES256" }), &claims)
    }

    fn object(&self, changes: Value) -> String {
        let mut claims = json!({
            "iss": "bank", "aud": ISSUER, "iat": self.now, "nbf": self.now, "exp": self.now + 60, "client_id": "bank",
            "response_type": "code", "redirect_uri": "https://app.example.com/cb",
        });
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.sign(&json!({ "alg": "ES256", "typ": "oauth-authz-req+jwt" }), &claims)
    }

    fn proof(&self, id: &str) -> String {
        let mut jwk = json!(self.proof_key.to_public_key().unwrap().as_ref());
        jwk.as_object_mut().unwrap().retain(|member, _| matches!(&**member, "kty" | "crv" | "x" | "y"));
        let claims = json!({ "jti": id, "htm": "POST", "htu": format!("{ISSUER}/authorize/par"), "iat": self.now });
        sign(&self.proof_key, &json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": jwk }), &claims)
    }

    /// Does something, and returns what it takes.
    fn cost<T>(&self, operation: impl FnOnce() -> T) -> (T, Cost) {
        self.look_ups.store(0, Ordering::Relaxed);
        self.store.reset();
        let (outcome, work) = work::of(operation);
        (outcome, Cost { look_ups: self.look_ups.load(Ordering::Relaxed), store_calls: self.store.calls(), work })
    }

    fn push(&self, sent: &Sent) -> (Result<String, Reason>, Cost) {
        let headers = [("content-type", sent.content_type)]
            .into_iter()
            .chain(sent.authorization.iter().map(|value| ("authorization", &**value)))
            .chain(sent.proofs.iter().map(|value| ("dpop", &**value)));
        let request = FormRequest::new(sent.method, headers, &sent.body);
        let (pushed, cost) = self.cost(|| pollster::block_on(self.par.push(&request)));
        (pushed.map(|pushed| pushed.request_uri().to_owned()).map_err(|refusal| refusal.reason()), cost)
    }

    /// The cost of a good push.
    fn good(&self, sent: &Sent) -> Cost {
        let (pushed, cost) = self.push(sent);
        pushed.unwrap();
        cost
    }

    fn refused(&self, sent: &Sent, reason: Reason) -> Cost {
        let (pushed, cost) = self.push(sent);
        assert_eq!(pushed.unwrap_err(), reason);
        cost
    }

    fn open(&self, client_id: &str, request_uri: &str, browser: &str) -> (Result<super::Pending, Reason>, Cost) {
        let query = format!("client_id={client_id}&request_uri={request_uri}");
        let browser = Browser::bound(browser).unwrap();
        let (opened, cost) = self.cost(|| pollster::block_on(self.par.authorize(&query, browser)));
        (opened.map_err(|refused| refused.refusal().reason()), cost)
    }
}

fn sign(key: &Jwk, header: &Value, claims: &Value) -> String {
    let header = JwsHeader::from_map(header.as_object().unwrap().clone()).unwrap();
    let signer = ES256.signer_from_jwk(key).unwrap();
    josekit::jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).unwrap()
}

/// With another signature of the same length.
fn tampered(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let changed = if signature.starts_with('A') { "B" } else { "A" };
    format!("{input}.{changed}{}", signature.get(1..).unwrap())
}

fn assert_no_dearer(good: &Cost, refusals: impl IntoIterator<Item = (&'static str, Cost)>) {
    for (kind, cost) in refusals {
        println!("{kind}: {cost:?}");
        assert!(
            cost.above(good).is_empty(),
            "{kind} takes more {:?} than a good push: {cost:?}, {good:?}",
            cost.above(good)
        );
    }
}

#[test]
fn a_form_that_is_refused_costs_no_more_than_a_good_push() {
    let fixture = Fixture::new(Policy::oauth());
    let good = fixture.good(&Sent::by_secret(PLAIN));
    println!("good: {good:?}");
    let form = |body: &[u8], error| fixture.refused(&Sent::by_secret(body), Reason::Form(error));
    let many: String = (0..1000).map(|number| format!("&p{number}=1")).collect();
    let unread = [
        ("wrong method", {
            let sent = Sent { method: "GET", ..Sent::by_secret(PLAIN) };
            fixture.refused(&sent, Reason::MethodNotAllowed)
        }),
        ("wrong content type", {
            let sent = Sent { content_type: "application/json", ..Sent::by_secret(PLAIN) };
            fixture.refused(&sent, Reason::ContentType)
        }),
        ("oversized body", form(&vec![b'a'; 1 << 20], FormError::TooLarge)),
        ("too many parameters", form(many.as_bytes(), FormError::TooManyParameters)),
        ("a parameter twice", form(format!("{PLAIN}&state=b").as_bytes(), FormError::DuplicateParameter)),
        ("bad percent-encoding", form(b"state=%zz", FormError::MalformedEncoding)),
        ("garbage bytes", form(&[0xFF; 300], FormError::NotUtf8)),
    ];
    for (kind, cost) in &unread {
        let nothing = Work { forms: cost.work.forms, ..Work::default() };
        assert_eq!((cost.look_ups, cost.store_calls, cost.work), (0, 0, nothing), "{kind}");
    }
    assert_no_dearer(&good, unread);
    let elsewhere = PLAIN.replace("%2Fcb", "%2Felsewhere");
    let redirect_uri = fixture.push(&Sent::by_secret(elsewhere));
    assert!(matches!(redirect_uri.0, Err(Reason::RedirectUri(_))));
    let scope = Sent::by_secret(PLAIN.replace("openid", "admin"));
    let read = [
        ("unknown client", fixture.refused(&Sent::with_authorization("nobody:s3cret", PLAIN), Reason::UnknownClient)),
        ("wrong secret", fixture.refused(&Sent::with_authorization("web:wrong", PLAIN), Reason::WrongSecret)),
        ("wrong method of authentication", {
            fixture.refused(&Sent::with_authorization("bank:s3cret", PLAIN), Reason::WrongMethod)
        }),
        ("bad redirect URI", redirect_uri.1),
        ("bad scope", fixture.refused(&scope, Reason::ScopeNotRegistered)),
    ];
    for (kind, cost) in &read {
        assert_eq!(cost.store_calls, 0, "{kind}");
    }
    assert_no_dearer(&good, read);
}

#[test]
fn of_assertions_that_are_refused_only_one_with_a_bad_signature_costs_more_than_a_good_push() {
    let fixture = Fixture::new(Policy::oauth());
    let push = |assertion: &str| Sent::by_assertion(assertion, PLAIN);
    let good = fixture.good(&push(&fixture.assertion("used", json!({}))));
    println!("good: {good:?}");
    let refused = |assertion: &str, fault| fixture.refused(&push(assertion), Reason::ClientAssertion(fault));
    let (past, elsewhere) = (json!({ "exp": fixture.now - 600 }), json!({ "aud": "https://other.example.com" }));
    let cheap = [
        ("malformed JWT", refused("eyJhbGciOiJFUzI1NiJ9.e30", TokenFault::Malformed)),
        ("expired", refused(&fixture.assertion("a", past), TokenFault::Expired)),
        ("for another audience", refused(&fixture.assertion("b", elsewhere), TokenFault::Audience)),
        ("replayed", refused(&fixture.assertion("used", json!({})), TokenFault::Replayed)),
    ];
    assert_no_dearer(&good, cheap);

    // Nothing that is verified or found before tells these from each other: which client, key or algorithm there is stays hidden.
    let good_one = fixture.assertion("c", json!({}));
    let claims = |client_id: &str| {
        json!({
            "iss": client_id, "sub": client_id, "aud": ISSUER, "jti": "d", "iat": fixture.now, "exp": fixture.now + 60,
        })
    };
    let of_stranger = fixture.sign(&json!({ "alg": "ES256" }), &claims("nobody"));
    let of_other_key = fixture.sign(&json!({ "alg": "ES256", "kid": "other" }), &claims("bank"));
    let of_other_algorithm = {
        let (header, rest) = good_one.split_once('.').unwrap();
        assert!(!header.is_empty());
        format!("{}.{rest}", STANDARD.encode(r#"{"alg":"ES384"}"#).trim_end_matches('='))
    };
    let hidden = [
        ("bad signature", refused(&tampered(&good_one), TokenFault::Signature)),
        ("unknown client", fixture.refused(&push(&of_stranger), Reason::UnknownClient)),
        ("another kid", fixture.push(&push(&of_other_key)).1),
        ("another algorithm", fixture.push(&push(&of_other_algorithm)).1),
    ];
    for (kind, cost) in hidden {
        println!("{kind}: {cost:?}");
        assert_eq!(cost.work.verifications, 3, "{kind}");
        assert_eq!((cost.look_ups, cost.store_calls), (1, 0), "{kind}");
        let as_good = Work { verifications: good.work.verifications, ..cost.work };
        assert!(Cost { work: as_good, ..cost }.above(&good).is_empty(), "{kind}: {cost:?}");
    }
}

#[test]
fn request_objects_that_are_refused_cost_no_more_than_a_good_push() {
    let fixture = Fixture::new(Policy::oauth());
    let ids = AtomicUsize::new(0);
    let push = |object: &str| {
        let id = ids.fetch_add(1, Ordering::Relaxed).to_string();
        Sent::by_assertion(&fixture.assertion(&id, json!({})), &format!("request={object}"))
    };
    let object = fixture.object(json!({}));
    let good = fixture.good(&push(&object));
    println!("good: {good:?}");
    let refused = |object: &str, fault| fixture.refused(&push(object), Reason::RequestObject(fault));
    let huge = format!("{object}{}", "A".repeat(200_000));
    let elsewhere = fixture.object(json!({ "aud": "https://other.example.com" }));
    let refusals = [
        ("malformed object", refused("e30.e30", TokenFault::Malformed)),
        ("object for another audience", refused(&elsewhere, TokenFault::Audience)),
        ("object with a bad signature", refused(&tampered(&object), TokenFault::Signature)),
        ("huge object", fixture.push(&push(&huge)).1),
    ];
    for (kind, cost) in &refusals {
        assert_eq!(cost.store_calls, 0, "{kind}");
    }
    assert_no_dearer(&good, refusals);

    // To decrypt is what a good push of an encrypted object takes as well.
    let header = STANDARD.encode(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"oauth-authz-req+jwt","kid":"enc"}"#);
    let garbage = format!(
        "{}.{}.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
        header.trim_end_matches('=').replace('+', "-").replace('/', "_"),
        "A".repeat(342)
    );
    let (outcome, cost) = fixture.push(&push(&garbage));
    println!("encrypted garbage: {outcome:?} {cost:?}");
    assert_eq!(outcome.unwrap_err(), Reason::RequestObject(TokenFault::Decryption));
    assert_eq!((cost.work.decryptions, cost.work.verifications, cost.store_calls), (1, 1, 0));
    // A stranger has nothing decrypted.
    let stranger = Sent::with_authorization("web:wrong", format!("request={garbage}"));
    assert_eq!(fixture.refused(&stranger, Reason::WrongSecret).work.decryptions, 0);
}

#[test]
fn proofs_that_are_refused_cost_no_more_than_a_good_push() {
    let mut policy = Policy::oauth();
    let fixture = Fixture::new(policy.clone());
    let push = |proof: String| Sent::by_secret(PLAIN).with_proof(proof);
    let good = fixture.good(&push(fixture.proof("used")));
    println!("good: {good:?}");
    let refused = |proof: String, fault| fixture.refused(&push(proof), Reason::DpopProof(fault));
    policy.require_dpop_nonce = true;
    let with_nonces = Fixture::new(policy);
    let without_nonce = Sent::by_secret(PLAIN).with_proof(with_nonces.proof("a"));
    let refusals = [
        ("malformed proof", refused("e30.e30".to_owned(), TokenFault::Malformed)),
        ("proof with a bad signature", refused(tampered(&fixture.proof("b")), TokenFault::Signature)),
        ("replayed proof", refused(fixture.proof("used"), TokenFault::Replayed)),
        ("proof without a nonce", with_nonces.refused(&without_nonce, Reason::MissingDpopNonce)),
    ];
    assert_no_dearer(&good, refusals);
    assert_eq!(with_nonces.refused(&without_nonce, Reason::MissingDpopNonce).work.verifications, 0);
}

#[test]
fn openings_that_are_refused_cost_no_more_than_a_good_one() {
    let fixture = Fixture::new(Policy::oauth());
    let pushed = |fixture: &Fixture| fixture.push(&Sent::by_secret(PLAIN)).0.unwrap();
    let (open, spent) = (pushed(&fixture), pushed(&fixture));
    let (opened, opening) = fixture.open("web", &open, "one");
    opened.unwrap();
    println!("good opening: {opening:?}");
    let pending = fixture.open("web", &spent, "one").0.unwrap();
    pollster::block_on(fixture.par.complete(&pending)).unwrap();
    let refused = |client_id: &str, request_uri: &str, browser: &str, reason: Reason| {
        let (outcome, cost) = fixture.open(client_id, request_uri, browser);
        assert_eq!(outcome.err(), Some(reason));
        cost
    };
    let unknown = format!("urn:ietf:params:oauth:request_uri:{}", "A".repeat(43));
    let malformed = refused("web", "urn:ietf:params:oauth:request_uri:short", "one", Reason::MalformedRequestUri);
    assert_eq!((malformed.look_ups, malformed.store_calls), (0, 0));
    let refusals = [
        ("malformed request_uri", malformed),
        ("unknown request_uri", refused("web", &unknown, "one", Reason::UnknownRequestUri)),
        ("spent request_uri", refused("web", &spent, "one", Reason::SpentRequestUri)),
        ("request_uri of another client", refused("bank", &open, "one", Reason::ForeignRequestUri)),
        ("request_uri of another browser", refused("web", &open, "two", Reason::OtherBrowser)),
        ("unknown client", refused("nobody", &open, "one", Reason::RequestUriOfUnknownClient)),
    ];
    assert_no_dearer(&opening, refusals);
}
