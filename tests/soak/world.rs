//! A world: nodes of one issuer with what they store, the clients in it, and what is known of each request.

use std::{
    collections::HashMap,
    fmt::Display,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use josekit::jwk::{Jwk, alg::ec::EcCurve};
use serde_json::json;

use crate::{
    case::Left,
    clients::{FLOOD, USUAL},
    dice::Dice,
    node::{Clocks, Node},
    stores::Store,
    tally::Tally,
};

pub(crate) const ISSUER: &str = "https://as.example.com";

/// The longest that a policy allows, so that no check depends on how fast the machine is.
pub(crate) const REQUEST_URI_LIFETIME: i64 = 600;
pub(crate) const LOGIN_LIFETIME: i64 = 3600;
/// The most that a policy allows, so that a flood has soon used up its share.
pub(crate) const LARGEST_BODY: usize = 256 * 1024;

/// What must happen in every world before a run may end.
const WANTED: [&str; 14] = [
    "pushed",
    "opened",
    "ended",
    "token",
    "token used",
    "kept out",
    "hung up",
    "clicked more than once",
    "garbage refused",
    "slow push",
    "stopped in the middle",
    "replay refused",
    "stayed ended",
    "fault",
];

pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) nodes: Vec<Arc<Node>>,
    /// What the nodes share. `None` if each has its own memory.
    pub(crate) store: Option<tokio::sync::Mutex<Store>>,
    pub(crate) tally: Tally,
    /// A fault of a node, or a flood of its memory: one would undo the other.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Goes up when something begins that may lose what was acknowledged, and when it is over.
    losses: AtomicU64,
    /// What has happened to servers, nodes and clocks.
    faults: Mutex<Vec<String>>,
    /// Requests that their clients have left alone, for a look at them after a fault.
    pub(crate) left: Mutex<Vec<Left>>,
    /// Each code that was ever given out, and the state of the request that it is for.
    codes: Mutex<HashMap<String, String>>,
    began: Instant,
    is_over: AtomicBool,
}

impl World {
    /// Two nodes behind a store.
    pub(crate) async fn shared(name: &'static str, store: Store) -> Arc<Self> {
        let (config, url) = (config(), store.url());
        let arguments = ["--issuer", ISSUER, "--store", &url];
        let node = |example| Node::new(example, format!("{name}/{example}"), Clocks::Date, &config, &arguments);
        Self::start(name, vec![node("axum"), node("actix")], Some(store)).await
    }

    /// A node that keeps everything in its memory.
    pub(crate) async fn alone(name: &'static str, example: &str) -> Arc<Self> {
        let node = Node::new(example, name.to_owned(), Clocks::All, &config(), &["--issuer", ISSUER]);
        Self::start(name, vec![node], None).await
    }

    async fn start(name: &'static str, nodes: Vec<Arc<Node>>, store: Option<Store>) -> Arc<Self> {
        for node in &nodes {
            node.start().await;
        }
        Arc::new(Self {
            name,
            nodes,
            store: store.map(tokio::sync::Mutex::new),
            tally: Tally::default(),
            turn: tokio::sync::Mutex::default(),
            losses: AtomicU64::new(0),
            faults: Mutex::default(),
            left: Mutex::default(),
            codes: Mutex::default(),
            began: Instant::now(),
            is_over: AtomicBool::new(false),
        })
    }

    pub(crate) fn node(&self, dice: &mut Dice) -> &Arc<Node> {
        dice.pick(&self.nodes)
    }

    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::SeqCst)
    }

    /// Tells whether everything that was acknowledged since then must still be there.
    pub(crate) fn has_lost_nothing_since(&self, losses: u64) -> bool {
        // While it is odd, something goes on that may lose.
        losses == self.losses() && losses.is_multiple_of(2)
    }

    /// Something begins, or is over, that may lose what was acknowledged.
    pub(crate) fn may_lose(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn tell(&self, fault: impl Display) {
        self.faults.lock().unwrap().push(format!("{:9.3} {fault}", self.age().as_secs_f64()));
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }

    /// Tells whether the code has come with another request.
    pub(crate) fn is_foreign(&self, code: &str, state: &str) -> bool {
        let mut codes = self.codes.lock().unwrap();
        codes.entry(code.to_owned()).or_insert_with(|| state.to_owned()) != state
    }

    /// Something that the run is for and that has not happened.
    pub(crate) fn never(&self) -> Option<String> {
        let alone: &[_] = if self.store.is_none() { &["flood refused", "lock-out ended"] } else { &["kept"] };
        let missing = WANTED.iter().chain(alone).find(|what| self.tally.of(what) == 0)?;
        Some(format!("{missing} in {}", self.name))
    }

    /// Kills the nodes, and lets go of what keeps this world alive.
    pub(crate) fn abandon(&self) {
        self.nodes.iter().for_each(|node| node.kill());
        self.left.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

/// The same for all nodes of an issuer.
fn config() -> String {
    let mut key = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    key.set_key_use("sig");
    let clients: Vec<_> = USUAL.iter().chain([&FLOOD]).map(|client| client.registration()).collect();
    json!({
        "policy": {
            "require_pushed_authorization_requests": true,
            "request_uri_lifetime": REQUEST_URI_LIFETIME,
            "login_lifetime": LOGIN_LIFETIME,
            "limits": { "body": LARGEST_BODY, "value": LARGEST_BODY / 4 },
        },
        "clients": clients,
        "keys": { "keys": [key] },
        "secret": "what the nodes of this world share, and no other world",
    })
    .to_string()
}
