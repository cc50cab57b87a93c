//! The commands of the operations.

use std::{io::Write as _, time::Duration};

use redis::{Cmd, RedisWrite as _};

use super::{
    call::Call,
    duty::Duty,
    names::{Family, Names},
    scripts::{ANNOTATE, CLAIM, CONSUME, EXTEND, FIND, INSERT, READY, REMEMBER, TAKE_BACK},
    tokens::Token,
};
use crate::{
    clock::milliseconds,
    store::{Annotation, Claim, Extension, NewRequest, RecordKey, ReplayMark},
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

impl Names {
    /// Inserts a request that has no marks here.
    pub(super) fn insert_alone(&self, request: &NewRequest<'_>, waiting: Duration) -> Call {
        let mut command = Cmd::with_capacity(6, self.length_of(request).saturating_add(24));
        command.arg("SET");
        self.put(&mut command, Family::Request, &request.owner.key, &request.key);
        put_record(&mut command, request);
        command.arg("NX").arg("PX").arg(lifetime(waiting));
        Call::bare(command)
    }

    pub(super) fn insert(&self, request: &NewRequest<'_>, waiting: Duration, token: &Token) -> Call {
        let marks = request.marks;
        let bytes = self.length_of(request).saturating_add(self.length_of_marks(marks));
        let count = marks.len().saturating_add(1);
        let mut command = INSERT.call(count, count.saturating_add(2), bytes);
        self.put_marks(&mut command, &request.owner.key, marks);
        self.put(&mut command, Family::Request, &request.owner.key, &request.key);
        command.arg(token);
        put_lifetimes(&mut command, marks);
        command.arg(lifetime(waiting));
        put_record(&mut command, request);
        Call::of(&INSERT, command)
    }

    /// One mark needs no script: a server answers with what is there already.
    pub(super) fn remember(&self, owner: &RecordKey, marks: &[ReplayMark], token: &Token) -> Call {
        if let [mark] = marks {
            let mut command = Cmd::with_capacity(7, self.length().saturating_add(80));
            command.arg("SET");
            self.put(&mut command, Family::Mark, owner, &mark.key);
            command.arg(token).arg("NX").arg("GET").arg("PX").arg(lifetime(mark.lifetime));
            return Call::bare(command);
        }
        let mut command = REMEMBER.call(marks.len(), marks.len().saturating_add(1), self.length_of_marks(marks));
        self.put_marks(&mut command, owner, marks);
        command.arg(token);
        put_lifetimes(&mut command, marks);
        Call::of(&REMEMBER, command)
    }

    /// Asks whether one of the marks is taken.
    pub(super) fn find(&self, owner: &RecordKey, marks: &[ReplayMark], token: &Token) -> Call {
        let mut command = FIND.call(marks.len(), 1, self.length_of_marks(marks));
        self.put_marks(&mut command, owner, marks);
        command.arg(token);
        Call::of(&FIND, command)
    }

    pub(super) fn take_back(&self, owner: &RecordKey, marks: &[ReplayMark], token: &Token) -> Call {
        let mut command = TAKE_BACK.call(marks.len(), 1, self.length_of_marks(marks));
        self.put_marks(&mut command, owner, marks);
        command.arg(token);
        Call::of(&TAKE_BACK, command)
    }

    pub(super) fn claim(&self, claim: &Claim, login_lifetime: Duration) -> Call {
        let mut command = CLAIM.call(1, 4, self.length().saturating_add(96));
        self.put_claim(&mut command, claim);
        let may_be_open = lifetime(login_lifetime);
        command.arg(may_be_open).arg(&may_be_open.to_be_bytes()[..]);
        Call::of(&CLAIM, command)
    }

    pub(super) fn consume(&self, claim: &Claim, remembered_for: Duration, token: &Token) -> Call {
        let mut command = CONSUME.call(1, 4, self.length().saturating_add(104));
        self.put_claim(&mut command, claim);
        command.arg(lifetime(remembered_for)).arg(token);
        Call::of(&CONSUME, command)
    }

    pub(super) fn annotate(&self, claim: &Claim, annotation: Annotation<'_>, token: &Token) -> Call {
        let bytes = self.length().saturating_add(124).saturating_add(annotation.bytes.len());
        let mut command = ANNOTATE.call(1, 5, bytes);
        self.put_claim(&mut command, claim);
        command.arg(annotation.bytes).arg(annotation.revision).arg(token);
        Call::of(&ANNOTATE, command)
    }

    pub(super) fn extend(&self, claim: &Claim, extension: Extension) -> Call {
        let mut command = EXTEND.call(1, 4, self.length().saturating_add(104));
        self.put_claim(&mut command, claim);
        command.arg(lifetime(extension.lifetime)).arg(lifetime(extension.longest));
        Call::of(&EXTEND, command)
    }

    /// Asks about a key that is never used.
    pub(super) fn ready(&self, owner: &RecordKey, duty: Duty) -> Call {
        let (family, commands): (_, &[&str]) = match duty {
            Duty::Requests => (Family::Request, &["GET", "SET"]),
            Duty::Marks | Duty::Both => (Family::Mark, &["GET", "SET", "DEL"]),
        };
        let mut command = READY.call(1, commands.len(), self.length().saturating_add(64));
        command.arg(self.idle(family, owner)).arg(commands);
        Call::of(&READY, command)
    }

    fn put_claim(&self, command: &mut Cmd, claim: &Claim) {
        self.put(command, Family::Request, &claim.owner, &claim.key);
        let browser = claim.browser.as_ref().map(RecordKey::as_bytes);
        command.arg(claim.owner.as_bytes()).arg(browser.map_or(&[][..], |browser| browser));
    }

    fn put_marks(&self, command: &mut Cmd, owner: &RecordKey, marks: &[ReplayMark]) {
        for mark in marks {
            self.put(command, Family::Mark, owner, &mark.key);
        }
    }

    fn length_of(&self, request: &NewRequest<'_>) -> usize {
        self.length().saturating_add(HEAD).saturating_add(request.payload.len())
    }

    fn length_of_marks(&self, marks: &[ReplayMark]) -> usize {
        self.length().saturating_add(16).saturating_mul(marks.len())
    }
}

/// One argument of several pieces.
fn put_record(command: &mut Cmd, request: &NewRequest<'_>) {
    let mut argument = command.writer_for_next_arg();
    for piece in [&WAITING[..], request.owner.key.as_bytes(), &NO_NOTE, request.payload] {
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
