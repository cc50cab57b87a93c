//! The log: one line per event on standard error, without secrets, handles, codes or tokens.

use std::{error::Error as _, fmt, io::Write as _};

use parjar::{Event, Observer};

/// Writes a line. That nobody reads the log is no reason to stop.
pub(crate) fn line(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Logs what became of each request. The library names registered clients only.
pub(crate) struct LogObserver;

impl Observer for LogObserver {
    fn observe(&self, event: &Event<'_>) {
        match *event {
            Event::Pushed { client_id, .. } => line(format_args!("pushed client={client_id:?}")),
            Event::Opened { client_id, .. } => line(format_args!("opened client={client_id:?}")),
            Event::Completed { client_id, .. } => line(format_args!("completed client={client_id:?}")),
            Event::Denied { client_id, error, .. } => {
                line(format_args!("denied client={client_id:?} error={}", error.as_str()));
            }
            Event::Replayed { client_id, .. } => line(format_args!("replayed client={client_id:?}")),
            Event::HygieneSkipped { client_id, marks, .. } => {
                line(format_args!("hygiene skipped client={client_id:?} marks={marks}"));
            }
            Event::Refused { stage, reason, client_id, .. } => {
                let client_id = client_id.unwrap_or("(none)");
                line(format_args!("refused client={client_id:?} stage={} reason={reason}", stage.as_str()));
            }
            Event::ResponseNotSigned { client_id, error, .. } => {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                line(format_args!("not signed client={client_id:?} cause={cause:?}"));
            }
            _ => {}
        }
    }
}
