//! Why the server does not start: one line that names the place and shows no value.

use std::fmt;

#[derive(Debug)]
pub(crate) struct StartError {
    text: String,
    /// The address of what it is about in the text of a file.
    address: Option<usize>,
}

impl StartError {
    pub(crate) fn new(place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { text: format!("{place}: {problem}"), address: None }
    }

    /// The same error, seen from further out.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }

    /// The same error, about this part of a file. The innermost part that is known counts.
    pub(crate) fn at(self, part: &str) -> Self {
        Self { address: self.address.or(Some(part.as_ptr().addr())), ..self }
    }

    /// The same error, with the file that `contents` are the text of, and the line and column in it.
    pub(crate) fn in_file(self, file: impl fmt::Display, contents: &str) -> Self {
        let offset = self.address.and_then(|address| address.checked_sub(contents.as_ptr().addr()));
        match offset.and_then(|offset| contents.get(..offset)) {
            None => self.within(file),
            Some(before) => {
                let line = before.matches('\n').count().saturating_add(1);
                let start = before.rsplit('\n').next().unwrap_or_default();
                let column = start.chars().count().saturating_add(1);
                self.within(format_args!("{file}:{line}:{column}"))
            }
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names come from the command line and from files; whatever they contain, this stays one line.
        f.write_str(&self.text.replace(char::is_control, "?"))
    }
}
