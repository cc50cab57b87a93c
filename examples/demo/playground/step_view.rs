//! One step of a run as HTML: the request, the reply, what is in them, and what it took.

use std::{fmt::Write as _, time::Duration};

use serde_json::Value;

use super::{
    compact::{self, Decoded},
    reason,
    step::Step,
};
use crate::demo::http::{html::Text, json_text::indented};

pub(super) fn section(step: &Step, is_latest: bool) -> String {
    let id = if is_latest { " id=\"latest\"" } else { "" };
    let took = step.took.map(|took| format!(" <small class=\"took\">{}</small>", in_words(took)));
    let mut html = format!(
        "<li{id}>\n<h2>{}{}</h2>\n<div class=\"panes\">\n{}",
        step.title,
        took.unwrap_or_default(),
        request_pane(&step.request)
    );
    if step.reply.is_some() || !step.tokens.is_empty() {
        let reply = step.reply.as_deref().map(reply_pane).unwrap_or_default();
        let _ = writeln!(html, "<div>\n{reply}{}</div>", token_pane(&step.tokens));
    }
    html.push_str("</div>\n");
    if let Some(reason) = step.reason {
        html.push_str(&reason_of(reason));
    }
    for remark in &step.remarks {
        let _ = writeln!(html, "<p class=\"remark\">{remark}</p>");
    }
    if let Some(line) = &step.curl {
        html.push_str(&curl(line, &step.tokens));
    }
    html.push_str("</li>\n");
    html
}

fn in_words(took: Duration) -> String {
    let milliseconds = took.as_secs_f64() * 1000.0;
    if milliseconds < 10.0 { format!("{milliseconds:.2} ms") } else { format!("{milliseconds:.0} ms") }
}

/// For the eyes of the operator: its clients see the reply only.
fn reason_of(reason: parjar::Reason) -> String {
    let label = format!("<code class=\"reason\">{}</code>", reason.label());
    let manual = reason::link(reason).map(|link| {
        format!(
            " <a href=\"{link}\">What it means and how it is mended<span class=\"unseen\">: {}</span></a>",
            reason.label()
        )
    });
    format!(
        "<p class=\"remark refusal\">What the operator sees, and the client does not: {label}{}</p>\n",
        manual.unwrap_or_default()
    )
}

fn curl(line: &str, tokens: &[Decoded]) -> String {
    let once = match tokens.is_empty() {
        true => "",
        false => {
            "<p class=\"quiet\">Its tokens are good once, and for a minute: what was taken before is refused as a replay.</p>\n"
        }
    };
    format!(
        "<details><summary>The same with curl</summary>\n<pre class=\"url\" data-copy=\"the command\">{}</pre>\n{once}</details>\n",
        Text(line)
    )
}

/// A request as it is on the wire, and its parameters once more for reading.
fn request_pane(text: &str) -> String {
    let body = text.split_once("\n\n").map_or("", |(_, body)| body);
    let query = text.split(' ').nth(1).and_then(|target| target.split_once('?')).map_or("", |(_, query)| query);
    let mut html = format!("<div class=\"pane\"><h3>Request</h3>\n<pre>{}</pre>\n", Text(text.trim_end()));
    let parameters = if body.is_empty() { query } else { body };
    if !parameters.is_empty() {
        let open = if body.is_empty() { " open" } else { "" };
        let _ = writeln!(html, "<details{open}><summary>The parameters, decoded</summary><dl>");
        for (name, value) in url::form_urlencoded::parse(parameters.as_bytes()) {
            let _ = writeln!(html, "<dt>{}</dt><dd>{}</dd>", Text(name), Text(value));
        }
        html.push_str("</dl></details>\n");
    }
    html.push_str("</div>\n");
    html
}

/// The JWTs in a request, for reading.
fn token_pane(tokens: &[Decoded]) -> String {
    if tokens.is_empty() {
        return String::new();
    }
    let mut html = String::from("<div class=\"pane\"><h3>In the request</h3>\n");
    for Decoded { title, parts, open } in tokens {
        let open = if *open { " open" } else { "" };
        let _ = writeln!(html, "<details{open}><summary>{title}</summary>");
        for (part, name) in parts.iter().zip(["header", "claims"]) {
            let _ = writeln!(html, "<h4>{name}</h4><pre>{}</pre>", Text(indented(part)));
        }
        html.push_str("</details>\n");
    }
    html.push_str("</div>\n");
    html
}

/// A reply as it is on the wire, and its JSON once more for reading.
fn reply_pane(text: &str) -> String {
    let status = text.split(' ').nth(1).unwrap_or_default();
    let mood = if status.starts_with('2') { "good" } else { "bad" };
    let body = text.split_once("\n\n").map_or("", |(_, body)| body);
    let mut html = format!(
        "<div class=\"pane\"><h3>Reply <span class=\"status {mood}\">{}</span></h3>\n<pre>{}</pre>\n",
        Text(status),
        Text(text.trim_end())
    );
    let mut details = |open: &str, summary: &str, json: &str| {
        let _ =
            writeln!(html, "<details{open}><summary>{summary}</summary><pre>{}</pre></details>", Text(indented(json)));
    };
    if body.starts_with('{') {
        let is_nested = body.chars().skip(1).any(|character| character == '{');
        details(if is_nested { " open" } else { "" }, "The body, laid out", body);
    }
    if let Some(claims) = id_token_claims(body) {
        details(" open", "The claims in the ID token", &claims);
    }
    html.push_str("</div>\n");
    html
}

fn id_token_claims(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let claims = compact::claims(body.get("id_token")?.as_str()?)?;
    serde_json::to_string(&claims).ok()
}
