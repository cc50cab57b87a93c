//! Messages as they look on the wire.

use std::fmt::Write as _;

use super::{Player, Step, token::Decoded};
use crate::demo::{
    http::message::{Answer, Message, encode},
    server::issuer::Issuer,
};

/// Bytes of a text that is shown.
pub(super) const MAX_TEXT: usize = 16 * 1024;

/// A request that the playground has put together.
pub(super) struct Request {
    pub(super) method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    pub(super) fn message(&self) -> Message<'_> {
        Message {
            method: self.method,
            path: self.path,
            query: None,
            headers: self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
            body: self.body.as_bytes(),
            certificate: None,
        }
    }
}

/// A POST of a form, with the credentials of a client, or with wrong ones.
pub(super) fn post(
    path: &'static str,
    player: &Player,
    issuer: &Issuer,
    fields: &[(String, String)],
    wrong: bool,
) -> Result<Request, Answer> {
    let mut headers = vec![("host", issuer.host().to_owned())];
    let proof = player.proof(issuer, wrong)?;
    headers.extend(proof.authorization.map(|value| ("authorization", value)));
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = encode(fields.chain(proof.fields.iter().map(|(name, value)| (*name, value.as_str()))));
    headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
    headers.push(("content-length", body.len().to_string()));
    Ok(Request { method: "POST", path, headers, body })
}

pub(super) fn get(path: &'static str, issuer: &Issuer, token: &str) -> Request {
    let headers = vec![("host", issuer.host().to_owned()), ("authorization", format!("Bearer {token}"))];
    Request { method: "GET", path, headers, body: String::new() }
}

/// Request and reply as a step of a run, without the secret if that is not for showing. `inside` is the token that is encrypted
/// in the request.
pub(super) fn step(request: &Request, reply: &Answer, player: &Player, inside: Option<&str>) -> Step {
    Step {
        title: title(request.path),
        tokens: tokens(&request.message(), inside),
        request: request_text(&request.message(), !player.is_public_knowledge),
        reply: Some(reply_text(reply)),
        remarks: Vec::new(),
    }
}

/// The JWTs in a form, decoded.
fn tokens(request: &Message<'_>, inside: Option<&str>) -> Vec<Decoded> {
    let field = |name| request.form().and_then(|form| form.field(name));
    let object = field("request").map(|object| match inside {
        Some(inside) => vec![
            Decoded::of("request, encrypted: all that is legible", &object, true),
            Decoded::of("request, as it was before", inside, true),
        ],
        None => vec![Decoded::of("request, decoded", &object, true)],
    });
    let assertion = field("client_assertion").map(|token| Decoded::of("client_assertion, decoded", &token, false));
    let mut tokens: Vec<Decoded> = object.into_iter().flatten().chain(assertion).collect();
    for part in tokens.iter_mut().flat_map(|token| &mut token.parts) {
        *part = shortened(std::mem::take(part));
    }
    tokens
}

pub(super) fn request_text(request: &Message<'_>, keep_secret: bool) -> String {
    let mut text = format!("{} {}", request.method, request.path);
    if let Some(query) = request.query {
        let _ = write!(text, "?{query}");
    }
    text.push_str(" HTTP/1.1\n");
    for (name, value) in &request.headers {
        let shown = match *name {
            "authorization" if keep_secret && value.starts_with(b"Basic ") => "Basic (kept secret)".into(),
            _ => String::from_utf8_lossy(value),
        };
        let _ = writeln!(text, "{name}: {shown}");
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(request.body));
    shortened(text)
}

/// Runs are kept in memory, and a visitor of the playground decides how long a request is.
fn shortened(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let end = text.char_indices().map(|(index, _)| index).take_while(|index| *index <= MAX_TEXT).last();
    format!("{}…", text.get(..end.unwrap_or_default()).unwrap_or_default())
}

fn reply_text(reply: &Answer) -> String {
    let mut text = format!("HTTP/1.1 {} {}\n", reply.status, phrase(reply.status));
    for (name, value) in &reply.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    text.push_str(&reply.body);
    shortened(text)
}

fn title(path: &str) -> &'static str {
    match path {
        "/authorize/par" => "The client pushes its request",
        "/token" => "The client redeems the code",
        _ => "The client uses the token",
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
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
