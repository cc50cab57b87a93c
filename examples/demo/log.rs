//! The log: one line per event on standard error, without secrets, handles, codes or tokens.

use std::{collections::HashSet, fmt, io::Write as _};

use parjar::{Client, Event, Observer};

/// Writes a line. That nobody reads the log is no reason to stop.
pub(crate) fn line(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Logs what became of each request.
pub(crate) struct LogObserver {
    registered: HashSet<String>,
}

impl LogObserver {
    pub(crate) fn new(clients: &[Client]) -> Self {
        Self { registered: clients.iter().map(|client| client.client_id().to_owned()).collect() }
    }

    /// A name that nobody registered may be anything, a misplaced secret included.
    fn name<'a>(&self, client_id: &'a str) -> &'a str {
        if self.registered.contains(client_id) { client_id } else { "(unregistered)" }
    }
}

impl Observer for LogObserver {
    fn observe(&self, event: &Event<'_>) {
        match *event {
            Event::Pushed { client_id } => line(format_args!("pushed client={:?}", self.name(client_id))),
            Event::Opened { client_id } => line(format_args!("opened client={:?}", self.name(client_id))),
            Event::Completed { client_id } => line(format_args!("completed client={:?}", self.name(client_id))),
            Event::Denied { client_id, error } => {
                line(format_args!("denied client={:?} error={}", self.name(client_id), error.as_str()));
            }
            Event::Replayed { client_id } => line(format_args!("replayed client={:?}", self.name(client_id))),
            Event::Refused { stage, reason, client_id } => {
                let name = client_id.map_or("(none)", |client_id| self.name(client_id));
                line(format_args!("refused client={name:?} stage={} reason={reason}", stage.as_str()));
            }
            _ => {}
        }
    }
}
