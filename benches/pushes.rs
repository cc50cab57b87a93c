//! A push by a client with a secret, and endpoints to send it to.

use std::time::Duration;

use parjar::{
    Client, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Policy, Reply,
    store::{MemoryLimits, MemoryStore},
};
use serde_json::json;

use super::support::{HEADERS, ISSUER, SteppedClock, now, registration};

pub(crate) const SECRET: &str = "7Fjfp0ZBr1KtDRbnfVdmIw-correct-horse";
pub(crate) const AUTHORIZATION: &[u8] = b"Basic YmVuY2g6N0ZqZnAwWkJyMUt0RFJibmZWZG1Jdy1jb3JyZWN0LWhvcnNl";
const WRONG_SECRET: &[u8] = b"Basic YmVuY2g6N0ZqZnAwWkJyMUt0RFJibmZWZG1Jdy1jb3JyZWN0LWhvcnNF";
const UNKNOWN_CLIENT: &[u8] = b"Basic YmVuY0g6N0ZqZnAwWkJyMUt0RFJibmZWZG1Jdy1jb3JyZWN0LWhvcnNl";
pub(crate) const EIGHT_PARAMETERS: &str = "response_type=code&client_id=bench\
    &redirect_uri=https%3A%2F%2Fclient.example.org%2Fcallback&scope=openid+accounts\
    &state=duk681S8n00GsJpe7n9boxdzen&nonce=n-0S6_WzA2Mj-7n9boxdz\
    &code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U&code_challenge_method=S256";

pub(crate) struct Bench {
    pub(crate) par: ParEndpoint,
    pub(crate) clock: ManualClock,
}

impl Bench {
    /// An endpoint whose requests wait for `lifetime` seconds by a clock that only the bench moves.
    pub(crate) fn new(method: &str, lifetime: u32) -> Self {
        let clock = ManualClock::default();
        let store = roomy_store().with_clock(SteppedClock(clock.clone()));
        Self { par: endpoint(method, lifetime, store), clock }
    }

    pub(crate) fn push(&self, request: &FormRequest<'_>) -> Reply {
        Reply::from(now(self.par.push(request)))
    }

    /// The query with which a browser comes for a request that was pushed just now.
    pub(crate) fn pushed(&self) -> String {
        self.clock.advance(Duration::from_millis(1));
        let request = FormRequest::new("POST", headers(Some(AUTHORIZATION)), EIGHT_PARAMETERS);
        let pushed = now(self.par.push(&request)).unwrap();
        format!("client_id=bench&request_uri={}", pushed.request_uri())
    }
}

pub(crate) fn roomy_store() -> MemoryStore {
    let mut limits = MemoryLimits::default();
    limits.requests = 10_000_000;
    limits.requests_per_client = 10_000_000;
    limits.bytes = usize::MAX;
    limits.bytes_per_client = usize::MAX;
    MemoryStore::new(limits)
}

pub(crate) fn endpoint(method: &str, lifetime: u32, store: MemoryStore) -> ParEndpoint {
    let secret = (method != "none").then_some(SECRET);
    let authentication = json!({ "token_endpoint_auth_method": method, "client_secret": secret });
    let client = Client::try_from(registration(authentication)).unwrap();
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    policy.request_uri_lifetime = lifetime;
    ParEndpoint::builder(ISSUER)
        .policy(policy)
        .clients(InMemoryRegistry::new([client]).unwrap())
        .store(store)
        .build()
        .unwrap()
}

pub(crate) fn headers(authorization: Option<&'static [u8]>) -> Vec<(&'static str, &'static [u8])> {
    HEADERS.into_iter().chain(authorization.map(|value| ("authorization", value))).collect()
}

/// A push that is refused.
pub(crate) struct Refused {
    pub(crate) name: &'static str,
    pub(crate) authorization: &'static [u8],
    pub(crate) body: String,
    pub(crate) status: u16,
}

pub(crate) fn refusals() -> [Refused; 4] {
    let without_client_id = EIGHT_PARAMETERS.replace("&client_id=bench", "");
    let unregistered = EIGHT_PARAMETERS.replace("%2Fcallback", "%2Felsewhere");
    let garbage = "%zz".repeat(EIGHT_PARAMETERS.len() / 3);
    let row = |name, authorization, body: &str, status| Refused { name, authorization, body: body.to_owned(), status };
    [
        row("wrong_secret", WRONG_SECRET, &without_client_id, 401),
        row("unknown_client", UNKNOWN_CLIENT, &without_client_id, 401),
        row("unregistered_redirect_uri", AUTHORIZATION, &unregistered, 400),
        row("garbage", AUTHORIZATION, &garbage, 400),
    ]
}
