//! Why the server does not start: one line that names the place and shows no value.

use std::fmt;

#[derive(Debug)]
pub(crate) struct StartError(String);

impl StartError {
    pub(crate) fn new(place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self(format!("{place}: {problem}"))
    }

    /// The same error, seen from further out.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self(format!("{place}: {self}"))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names come from the command line and from files; whatever they contain, this stays one line.
        f.write_str(&self.0.replace(char::is_control, "?"))
    }
}
