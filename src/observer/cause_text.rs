//! Errors, and lists of remarks, as one line of a log.

use std::{
    error::Error,
    fmt::{self, Write as _},
};

/// Characters of a cause in a log.
const LENGTH: usize = 500;

/// Displays an error and the errors behind it as one line: at most 500 characters, joined by colons, with line breaks and other
/// control characters escaped. A text that repeats the one before is left out.
///
/// ```
/// use std::io;
/// use parjar::CauseText;
///
/// let error = io::Error::other("no route to host\nfake line");
/// assert_eq!(CauseText(&error).to_string(), r"no route to host\nfake line");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CauseText<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for CauseText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut whole = String::new();
        let mut next = Some(self.0);
        while let Some(error) = next.filter(|_| whole.len() < LENGTH.saturating_mul(4)) {
            let text = error.to_string();
            if !whole.ends_with(&text) {
                let joint = if whole.is_empty() { "" } else { ": " };
                whole.push_str(joint);
                whole.push_str(&text);
            }
            next = error.source();
        }
        write_line(&whole, f)
    }
}

/// Displays a list as one line in the same way, joined by semicolons.
#[cfg(feature = "tracing")]
pub(super) struct Listed<'a, T>(pub(super) &'a [T]);

#[cfg(feature = "tracing")]
impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut whole = String::new();
        for item in self.0 {
            if whole.len() >= LENGTH.saturating_mul(4) {
                break;
            }
            let joint = if whole.is_empty() { "" } else { "; " };
            write!(whole, "{joint}{item}")?;
        }
        write_line(&whole, f)
    }
}

fn write_line(whole: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for character in whole.chars().take(LENGTH) {
        match character {
            '"' | '\'' => f.write_char(character)?,
            other => write!(f, "{}", other.escape_debug())?,
        }
    }
    Ok(())
}
