//! Names of keys, and the commands that carry them.

use std::{io::Write as _, time::Duration};

use redis::{Cmd, RedisWrite as _};

use crate::{
    clock::milliseconds,
    hex,
    store::{
        Annotation, Claim, Extension, NewRequest, RecordKey, ReplayMark,
        redis::{
            duty::Duty,
            scripts::{ANNOTATE, CLAIM, CONSUME, EXTEND, INSERT, READY, REMEMBER, TAKE_BACK},
            tokens::Token,
        },
    },
};

/// Bytes of a record before the note of the host, or before what wrote it where there was one.
pub(super) const HEAD: usize = 82;

/// No note.
const NO_NOTE: [u8; 8] = [0; 8];

/// The layout, the state of a request that waits, no browser, and no time to be open. See [`scripts`](super::scripts).
const WAITING: [u8; 42] = {
    let mut start = [0; 42];
    (start[0], start[1]) = (2, 1);
    start
};

/// The longest lifetime, a hundred years. Servers refuse numbers that overflow their clock.
const LONGEST: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

const LONGEST_PREFIX: usize = 64;

/// The start of all keys of one deployment. The braces put all of them into one slot of a cluster.
pub(super) struct Names {
    requests: Box<[u8]>,
    marks: Box<[u8]>,
}

impl Names {
    /// `None` for a prefix of other letters than `[A-Za-z0-9_.:-]`, an empty one, or a long one.
    pub(super) fn with_prefix(prefix: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        let is_prefix = (1..=LONGEST_PREFIX).contains(&prefix.len()) && prefix.bytes().all(is_allowed);
        let family = |family: char| format!("{{{prefix}}}:{family}:").into_bytes().into_boxed_slice();
        is_prefix.then(|| Self { requests: family('r'), marks: family('m') })
    }

    pub(super) fn prefix(&self) -> &str {
        let braced = self.requests.strip_suffix(b"}:r:").and_then(|braced| braced.strip_prefix(b"{"));
        braced.and_then(|prefix| std::str::from_utf8(prefix).ok()).unwrap_or_default()
    }

    /// Returns the keys in the notation of access control lists.
    pub(super) fn pattern(&self) -> String {
        format!("~{{{}}}:*", self.prefix())
    }

    pub(super) fn of_request(&self, key: &RecordKey) -> Vec<u8> {
        [&*self.requests, &hex::encode(key.as_bytes())].concat()
    }

    pub(super) fn of_mark(&self, key: &RecordKey) -> Vec<u8> {
        [&*self.marks, &hex::encode(key.as_bytes())].concat()
    }

    /// Reads a key that is never used.
    pub(super) fn idle_check(&self) -> Cmd {
        let mut command = Cmd::new();
        command.arg("GET").arg(&*self.marks);
        command
    }

    /// Inserts a request that has no marks here.
    pub(super) fn insert_alone(&self, request: &NewRequest<'_>, waiting: Duration) -> Cmd {
        let mut command = Cmd::with_capacity(6, self.length_of(request).saturating_add(24));
        command.arg("SET");
        put_name(&mut command, &self.requests, &request.key);
        put_record(&mut command, request);
        command.arg("NX").arg("PX").arg(lifetime(waiting));
        command
    }

    pub(super) fn insert(&self, request: &NewRequest<'_>, waiting: Duration, token: &Token) -> Cmd {
        let marks = request.marks;
        let bytes = self.length_of(request).saturating_add(self.length_of_marks(marks));
        let count = marks.len().saturating_add(1);
        let mut command = INSERT.call(count, count.saturating_add(2), bytes);
        self.put_marks(&mut command, marks);
        put_name(&mut command, &self.requests, &request.key);
        command.arg(token);
        put_lifetimes(&mut command, marks);
        command.arg(lifetime(waiting));
        put_record(&mut command, request);
        command
    }

    pub(super) fn remember(&self, marks: &[ReplayMark], token: &Token) -> Cmd {
        let mut command = REMEMBER.call(marks.len(), marks.len().saturating_add(1), self.length_of_marks(marks));
        self.put_marks(&mut command, marks);
        command.arg(token);
        put_lifetimes(&mut command, marks);
        command
    }

    pub(super) fn take_back(&self, marks: &[ReplayMark], token: &Token) -> Cmd {
        let mut command = TAKE_BACK.call(marks.len(), 1, self.length_of_marks(marks));
        self.put_marks(&mut command, marks);
        command.arg(token);
        command
    }

    pub(super) fn claim(&self, claim: &Claim, login_lifetime: Duration) -> Cmd {
        let mut command = CLAIM.call(1, 4, self.requests.len().saturating_add(168));
        self.put_claim(&mut command, claim);
        let may_be_open = lifetime(login_lifetime);
        command.arg(may_be_open).arg(&may_be_open.to_be_bytes()[..]);
        command
    }

    pub(super) fn consume(&self, claim: &Claim, remembered_for: Duration, token: &Token) -> Cmd {
        let mut command = CONSUME.call(1, 4, self.requests.len().saturating_add(176));
        self.put_claim(&mut command, claim);
        command.arg(lifetime(remembered_for)).arg(token);
        command
    }

    pub(super) fn annotate(&self, claim: &Claim, annotation: Annotation<'_>, token: &Token) -> Cmd {
        let bytes = self.requests.len().saturating_add(196).saturating_add(annotation.bytes.len());
        let mut command = ANNOTATE.call(1, 5, bytes);
        self.put_claim(&mut command, claim);
        command.arg(annotation.bytes).arg(annotation.revision).arg(token);
        command
    }

    pub(super) fn extend(&self, claim: &Claim, extension: Extension) -> Cmd {
        let mut command = EXTEND.call(1, 4, self.requests.len().saturating_add(176));
        self.put_claim(&mut command, claim);
        command.arg(lifetime(extension.lifetime)).arg(lifetime(extension.longest));
        command
    }

    /// Asks about a key that is never used.
    pub(super) fn ready(&self, duty: Duty) -> Cmd {
        let (family, commands): (_, &[&str]) = match duty {
            Duty::Requests | Duty::Both => (&self.requests, &["GET", "SET"]),
            Duty::Marks => (&self.marks, &["GET", "SET", "DEL"]),
        };
        let mut command = READY.call(1, commands.len(), family.len().saturating_add(64));
        command.arg(&**family).arg(commands);
        command
    }

    fn put_claim(&self, command: &mut Cmd, claim: &Claim) {
        put_name(command, &self.requests, &claim.key);
        let browser = claim.browser.as_ref().map(RecordKey::as_bytes);
        command.arg(claim.owner.as_bytes()).arg(browser.map_or(&[][..], |browser| browser));
    }

    fn put_marks(&self, command: &mut Cmd, marks: &[ReplayMark]) {
        for mark in marks {
            put_name(command, &self.marks, &mark.key);
        }
    }

    fn length_of(&self, request: &NewRequest<'_>) -> usize {
        self.requests.len().saturating_add(HEAD + 80).saturating_add(request.payload.len())
    }

    fn length_of_marks(&self, marks: &[ReplayMark]) -> usize {
        self.marks.len().saturating_add(80).saturating_mul(marks.len())
    }
}

fn put_name(command: &mut Cmd, family: &[u8], key: &RecordKey) {
    put_pieces(command, [family, &hex::encode(key.as_bytes())]);
}

fn put_record(command: &mut Cmd, request: &NewRequest<'_>) {
    put_pieces(command, [&WAITING, request.owner.key.as_bytes(), &NO_NOTE, request.payload]);
}

/// One argument of several pieces.
fn put_pieces<const N: usize>(command: &mut Cmd, pieces: [&[u8]; N]) {
    let mut argument = command.writer_for_next_arg();
    for piece in pieces {
        // Writes into memory, which does not fail.
        let _ = argument.write_all(piece);
    }
}

fn put_lifetimes(command: &mut Cmd, marks: &[ReplayMark]) {
    for mark in marks {
        command.arg(lifetime(mark.lifetime));
    }
}

/// In milliseconds, and never none, which a server would take for a mistake. It counts whole ones and lets a key live through the
/// last, which is thus one too many.
fn lifetime(lifetime: Duration) -> u64 {
    milliseconds(lifetime).saturating_sub(1).clamp(1, LONGEST)
}
