//! Messages as they look on the wire.

use std::fmt::Write as _;

use crate::demo::http::message::{Answer, Message};

/// Bytes of a text that is shown. Runs are kept in memory, and a visitor decides how long a request is.
pub(super) const MAX_TEXT: usize = 8 * 1024;

/// A secret is left out where it `is_kept`.
pub(super) fn request_text(request: &Message<'_>, is_kept: bool) -> String {
    let mut text = format!("{} {}", request.method, request.path);
    if let Some(query) = request.query {
        let _ = write!(text, "?{query}");
    }
    text.push_str(" HTTP/1.1\n");
    for (name, value) in &request.headers {
        let shown = match *name {
            "authorization" if is_kept && value.starts_with(b"Basic ") => "Basic (kept secret)".into(),
            _ => String::from_utf8_lossy(value),
        };
        let _ = writeln!(text, "{name}: {shown}");
    }
    text.push('\n');
    let body = String::from_utf8_lossy(request.body);
    let fields = body.split('&').map(|field| match field.split_once('=') {
        Some(("client_secret", _)) if is_kept => "client_secret=(kept secret)",
        _ => field,
    });
    text.push_str(&fields.collect::<Vec<_>>().join("&"));
    shortened(text)
}

pub(super) fn reply_text(reply: &Answer) -> String {
    let mut text = format!("HTTP/1.1 {} {}\n", reply.status, phrase(reply.status));
    for (name, value) in &reply.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    text.push_str(&reply.body);
    shortened(text)
}

pub(super) fn shortened(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let end = text.char_indices().map(|(index, _)| index).take_while(|index| *index <= MAX_TEXT).last();
    format!("{}…", text.get(..end.unwrap_or_default()).unwrap_or_default())
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "",
    }
}
