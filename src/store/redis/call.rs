//! A command on its way to a server.

use redis::{Arg, Cmd};

use super::scripts::Script;

/// A command, with the script that it runs and the place of its first key.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) command: Cmd,
    pub(super) script: Option<&'static Script>,
    key: Option<usize>,
}

impl Call {
    /// A command whose first argument is its key.
    pub(super) fn bare(command: Cmd) -> Self {
        Self { command, script: None, key: Some(1) }
    }

    /// A command that is about no key.
    pub(super) fn without_key(command: Cmd) -> Self {
        Self { command, script: None, key: None }
    }

    /// A call of a script that has been begun by [`Script::call`].
    pub(super) fn of(script: &'static Script, command: Cmd) -> Self {
        Self { command, script: Some(script), key: Some(3) }
    }

    /// The first key.
    pub(super) fn key(&self) -> Option<&[u8]> {
        match self.command.args_iter().nth(self.key?)? {
            Arg::Simple(key) => Some(key),
            _ => None,
        }
    }
}
