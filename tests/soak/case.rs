//! The model of one request: what was acknowledged, how it has ended, and what must not happen to it.

use std::{
    fmt::Display,
    sync::{Arc, Mutex},
    time::Instant,
};

use crate::{browser::Browser, clients::Client, world::World};

/// What a client is told when its user denies.
pub(crate) const DENIED: &str = "access_denied";

pub(crate) struct Case {
    pub(crate) world: Arc<World>,
    pub(crate) client: Client,
    /// What the client knows its request by.
    pub(crate) state: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    trace: Vec<String>,
    /// The losses that the world had seen when the push was acknowledged.
    since: u64,
    /// The answers to the client, each once, and the losses at that time.
    endings: Vec<(String, u64)>,
}

/// A request that its client has left alone.
pub(crate) struct Left {
    pub(crate) case: Arc<Case>,
    pub(crate) request_uri: String,
    pub(crate) stage: Stage,
    pub(crate) at: Instant,
}

pub(crate) enum Stage {
    Waiting,
    /// Open to this browser.
    Open(Browser),
    /// Ended by this browser.
    Spent(Browser),
}

impl Case {
    pub(crate) fn new(world: &Arc<World>, client: Client, state: String) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), client, state, known: Mutex::default() })
    }

    /// Writes down what has happened to the request.
    pub(crate) fn note(&self, what: impl Display) {
        let line = format!("{:9.3} {what}", self.world.age().as_secs_f64());
        self.known.lock().unwrap().trace.push(line);
    }

    /// The server has acknowledged the push. `losses` is what the world had seen before it was sent.
    pub(crate) fn acknowledged(&self, losses: u64) {
        self.note("pushed");
        self.known.lock().unwrap().since = losses;
    }

    /// What has happened since may have lost other requests, and not this one.
    pub(crate) fn is_known_to_be_safe(&self) {
        let losses = self.world.losses();
        let mut known = self.known.lock().unwrap();
        known.since = losses;
        for (_, then) in &mut known.endings {
            *then = losses;
        }
    }

    /// Tells whether what was acknowledged must still be there.
    pub(crate) fn is_kept(&self) -> bool {
        self.world.has_lost_nothing_since(self.known.lock().unwrap().since)
    }

    /// The server does not know the request, which it had acknowledged.
    pub(crate) fn lost(&self, what: impl Display) {
        self.note(format_args!("lost: {what}"));
        if self.is_kept() {
            self.fail("a request that was acknowledged is lost");
        }
        self.world.tally.count("lost in a fault that may lose");
    }

    /// The client gets an answer: a code, or an error. `losses` is what the world had seen before the decision was sent.
    pub(crate) fn ended(&self, ending: &str, losses: u64) {
        self.note(format_args!("ended with {ending}"));
        if ending != DENIED && self.world.is_foreign(ending, &self.state) {
            self.fail("the code was given out for another request");
        }
        let mut known = self.known.lock().unwrap();
        if known.endings.iter().any(|(other, _)| other == ending) {
            return;
        }
        let twice = known.endings.iter().any(|(_, then)| self.world.has_lost_nothing_since(losses.min(*then)));
        let again = !known.endings.is_empty();
        known.endings.push((ending.to_owned(), losses));
        drop(known);
        if twice {
            self.fail("the request has ended twice");
        }
        self.world.tally.count(if again { "ended again after a fault that may lose" } else { "ended" });
    }

    /// Stops the run, with all that is known of this request.
    pub(crate) fn fail(&self, what: impl Display) -> ! {
        let trace = self.known.lock().unwrap().trace.join("\n  ");
        let faults = self.world.faults();
        let faults = faults[faults.len().saturating_sub(20)..].join("\n  ");
        panic!(
            "{what}\nthe request {} of {} in {}:\n  {trace}\nfaults there:\n  {faults}",
            self.state, self.client.id, self.world.name
        )
    }
}
