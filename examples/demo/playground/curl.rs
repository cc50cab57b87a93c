//! The line for a terminal that sends a request once more.

use std::fmt::Write as _;

use super::wire::MAX_TEXT;
use crate::demo::http::message::Message;

/// What curl adds by itself.
const IMPLIED: [&str; 3] = ["host", "content-length", "content-type"];

/// `origin` is the one of the server. `None` if the line is too long to be kept.
pub(super) fn line(request: &Message<'_>, origin: &str) -> Option<String> {
    let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut line = format!("curl -i {}", quoted(&format!("{origin}{}{query}", request.path)));
    let usual = if request.body.is_empty() { "GET" } else { "POST" };
    if request.method != usual {
        let _ = write!(line, " \\\n  -X {}", quoted(request.method));
    }
    if request.certificate.is_some() {
        line.push_str(" \\\n  --cert playground.pem");
    }
    for (name, value) in request.headers.iter().filter(|(name, _)| !IMPLIED.contains(name)) {
        let _ = write!(line, " \\\n  -H {}", quoted(&format!("{name}: {}", String::from_utf8_lossy(value))));
    }
    if !request.body.is_empty() {
        let _ = write!(line, " \\\n  --data-raw {}", quoted(&String::from_utf8_lossy(request.body)));
    }
    (line.len() <= MAX_TEXT).then_some(line)
}

/// As a shell takes it for one word: nothing but a quote is special between quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
