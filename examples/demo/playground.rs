//! The playground at `/`: send a request, look at what went over the wire, follow the `request_uri`, fetch the token.
//!
//! It plays a client of this very server. Its requests are built as raw messages and go through the same functions as those
//! that come from outside; what a page shows is what these functions got and gave. It speaks to nothing else.

mod arrival;
mod browser;
mod certificate;
mod choices;
mod client_key;
mod compact;
mod controls;
mod credentials;
mod curl;
mod dpop_proof;
mod encryption;
mod examples;
mod exchange;
mod first_request;
mod flow;
mod page;
mod played_client;
mod preset;
mod preset_endpoints;
mod reason;
mod request_object;
mod run;
mod run_page;
mod stages;
mod start_page;
mod step;
mod step_view;
mod wire;

use std::{sync::Arc, time::Duration};

use self::{browser::Browser, run::Run};
pub(crate) use self::{
    certificate::OwnCertificate,
    choices::callback,
    client_key::ClientKey,
    flow::open,
    played_client::{Authentication, PlayedClient},
    preset::{Preset, VARIANTS, Variant},
    preset_endpoints::metadata,
    reason::ReasonObserver,
};
use crate::demo::{
    http::message::{Answer, Message},
    server::{
        Server,
        expiring_map::{ExpiringMap, Room},
        issuer::Issuer,
    },
};

const RUN_LIFE: Duration = Duration::from_secs(1800);
const RUNS: usize = 128;
/// What the key of an opening and the name of its run take.
const OPENING_BYTES: usize = 256;

pub(crate) struct Playground {
    /// The server that the playground belongs to.
    server: Arc<Server>,
    /// That server, and those beside it.
    presets: Vec<Preset>,
    /// What tokens are bound to.
    dpop: ClientKey,
    runs: ExpiringMap<Run>,
    /// The names of runs, by what their browsers open.
    openings: ExpiringMap<String>,
}

impl Playground {
    /// The first of the presets is the server itself.
    pub(crate) fn new(server: Arc<Server>, presets: Vec<Preset>, dpop: ClientKey) -> Self {
        let room = |bytes: usize| Room { entries: RUNS, bytes: RUNS.saturating_mul(bytes) };
        Self {
            server,
            presets,
            dpop,
            runs: ExpiringMap::new(RUN_LIFE, room(run::MAX_BYTES)),
            openings: ExpiringMap::new(RUN_LIFE, room(OPENING_BYTES)),
        }
    }

    fn issuer(&self) -> &Issuer {
        &self.server.issuer
    }

    fn presets(&self) -> &[Preset] {
        &self.presets
    }

    fn preset(&self, name: &str) -> Option<&Preset> {
        self.presets.iter().find(|preset| preset.name == name)
    }

    /// Whether pages tell more than a client may know: where all secrets are public knowledge, there is nothing to keep.
    fn is_for_trying_out(&self) -> bool {
        self.presets.iter().flat_map(|preset| &preset.clients).all(|client| client.is_public_knowledge)
    }

    /// A run shows itself only to the browser that started it.
    fn with_run<R>(&self, browser: &Browser, id: &str, look: impl FnOnce(&mut Run) -> R) -> Option<R> {
        let look = |run: &mut Run| run.belongs_to(browser.id()).then(|| look(run));
        self.runs.with(id, look).flatten()
    }
}

/// `GET /`, and what is under `/playground/`.
pub(crate) async fn answer(playground: &Playground, message: &Message<'_>) -> Answer {
    let method = if message.method == "HEAD" { "GET" } else { message.method };
    let path = message.path;
    if let Some(path) = path.strip_prefix(preset::PATH) {
        return preset_endpoints::answer(playground, path, message).await;
    }
    let answer = match (method, path.strip_prefix("/playground/").unwrap_or(path)) {
        ("GET", "/") => flow::start(playground, message),
        ("POST", "push") => flow::send(playground, message).await,
        ("GET", "playground.js") => return page::script(),
        ("GET", "playground.pem") => return flow::certificate(playground),
        ("GET" | "POST", "callback") => flow::arrive(playground, message),
        (_, rest) => match (method, rest.split_once('/')) {
            ("GET" | "POST", Some(("callback", _))) => flow::arrive(playground, message),
            ("GET", Some(("run", id))) => flow::show(playground, message, id),
            ("POST", Some(("run", id))) => flow::go_on(playground, message, id).await,
            _ => return Answer::not_found(),
        },
    };
    answer.unwrap_or_else(|failure| failure)
}
