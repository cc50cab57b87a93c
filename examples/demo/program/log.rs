//! The log: one line per event on standard error, without secrets, handles, codes or tokens.
//!
//! Requests only hand lines over. A thread writes them, all that have gathered at once, so that neither waking it nor writing costs each
//! request something. When standard error is slow or is not read, lines are left out and counted.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    iter,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use parjar::{CauseText, Event, Observer};

/// Lines that wait to be written.
const WAITING: usize = 4096;
/// How long lines gather after the first.
const GATHERING: Duration = Duration::from_millis(10);
/// How long a program that ends waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long it waits before it asks again whether there is room among the waiting lines.
const RETRY: Duration = Duration::from_millis(1);

enum Entry {
    Line(String),
    /// Told when everything before it was written.
    Flush(SyncSender<()>),
}

static LOG: LazyLock<SyncSender<Entry>> = LazyLock::new(|| {
    let (sender, entries) = sync_channel(WAITING);
    // Without the thread, the receiver is gone and lines count as left out.
    let _ = thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&entries));
    sender
});
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// Writes a line. A log without a reader is no reason to stop or to wait.
pub(crate) fn line(text: impl fmt::Display) {
    if LOG.try_send(Entry::Line(format!("{text}\n"))).is_err() {
        LEFT_OUT.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits until everything is written, but not long.
pub(crate) fn flush() {
    let begin = Instant::now();
    let (done, written) = sync_channel(1);
    let mut flush = Entry::Flush(done);
    while let Err(error) = LOG.try_send(flush) {
        match error {
            TrySendError::Full(again) if begin.elapsed() < LAST_LINES => flush = again,
            _ => return,
        }
        thread::sleep(RETRY);
    }
    let _ = written.recv_timeout(LAST_LINES.saturating_sub(begin.elapsed()));
}

/// Writes all that waits and then this, which is not left out. Without a reader, that does not take long either.
pub(crate) fn last_line(text: impl fmt::Display) {
    flush();
    let line = format!("{text}\n");
    let (done, written) = sync_channel(1);
    let write = move || {
        let _ = io::stderr().write_all(line.as_bytes());
        let _ = done.send(());
    };
    if thread::Builder::new().name("last line".to_owned()).spawn(write).is_ok() {
        let _ = written.recv_timeout(LAST_LINES);
    }
}

fn write_all(entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        thread::sleep(GATHERING);
        let (mut lines, mut flushed) = (String::new(), Vec::new());
        for entry in iter::once(first).chain(entries.try_iter().take(WAITING)) {
            match entry {
                Entry::Line(line) => lines.push_str(&line),
                Entry::Flush(done) => flushed.push(done),
            }
        }
        let left_out = LEFT_OUT.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            let _ = writeln!(lines, "log lines left out: {left_out}");
        }
        let _ = io::stderr().write_all(lines.as_bytes());
        for done in flushed {
            let _ = done.send(());
        }
    }
}

/// Logs what became of each request. The library names registered clients only.
pub(crate) struct LogObserver;

impl Observer for LogObserver {
    fn observe(&self, event: &Event<'_>) {
        match *event {
            Event::Pushed { client_id, .. } => line(format_args!("pushed client={client_id:?}")),
            Event::Authenticated { stage, client_id, method, .. } => {
                let (stage, method) = (stage.as_str(), method.as_str());
                line(format_args!("authenticated client={client_id:?} stage={stage} method={method}"));
            }
            Event::Opened { client_id, .. } => line(format_args!("opened client={client_id:?}")),
            Event::Completed { client_id, .. } => line(format_args!("completed client={client_id:?}")),
            Event::Denied { client_id, error, .. } => {
                line(format_args!("denied client={client_id:?} error={}", error.as_str()));
            }
            Event::TokenRefused { client_id, error, .. } => {
                line(format_args!("token refused client={client_id:?} error={error}"));
            }
            Event::AnsweredAgain { client_id, .. } => line(format_args!("answered again client={client_id:?}")),
            Event::Replayed { client_id, .. } => line(format_args!("replayed client={client_id:?}")),
            Event::HygieneSkipped { client_id, marks, .. } => {
                line(format_args!("hygiene skipped client={client_id:?} marks={marks}"));
            }
            Event::Refused { stage, reason, client_id, cause, .. } => {
                let client_id = client_id.unwrap_or("(none)");
                let cause = cause.map(|cause| format!(" cause=\"{}\"", CauseText(cause))).unwrap_or_default();
                line(format_args!("refused client={client_id:?} stage={} reason={reason}{cause}", stage.as_str()));
            }
            Event::ResponseNotSigned { client_id, error, .. } => {
                line(format_args!("not signed client={client_id:?} cause=\"{}\"", CauseText(error)));
            }
            Event::KeysNotFetched { client_id, uri, error, .. } => {
                line(format_args!("keys not fetched client={client_id:?} uri={uri:?} cause=\"{}\"", CauseText(error)));
            }
            Event::ClientUnusable { client_id, error, .. } => {
                line(format_args!("unusable client={client_id:?} cause=\"{}\"", CauseText(error)));
            }
            Event::StoreBack { stage, away, .. } => {
                line(format_args!("store back stage={} away_seconds={:.1}", stage.as_str(), away.as_secs_f64()));
            }
            Event::SettingsDiffer { groups, clock_offset, .. } => {
                let groups: Vec<&str> = groups.iter().map(|group| group.as_str()).collect();
                let seconds = clock_offset.unwrap_or_default();
                line(format_args!("another node differs in={:?} clock_offset={seconds}", groups.join(" ")));
            }
            Event::NotReady { error, .. } => {
                line(format_args!("not ready reason={} cause=\"{}\"", error.reason().label(), CauseText(error)));
            }
            Event::NonceKeyNotShared { .. } => {
                line("nodes that share this store refuse each other's nonces: give all of them the same secret");
            }
            _ => {}
        }
    }
}
