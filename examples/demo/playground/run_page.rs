//! What went over the wire in one run, and what can be done next.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    browser::Browser,
    run::{Run, Step},
    start_page::HEADER,
    token::Decoded,
};
use crate::demo::{
    http::{
        html::{Text, page},
        json_text::indented,
        message::{Answer, encode},
    },
    server::issuer::Issuer,
};

pub(super) fn render(run: &Run, id: &str, issuer: &Issuer, browser: &Browser) -> Answer {
    let mut steps = String::new();
    for (index, step) in run.steps.iter().enumerate() {
        steps.push_str(&section(step, index.saturating_add(1) == run.steps.len()));
    }
    let main = format!(
        "{HEADER}<main>\n<section class=\"intro\"><h1>A run of <em>{client}</em></h1></section>\n\
         <ol class=\"steps\">\n{steps}<li class=\"next\">\n{next}</li>\n</ol>\n\
         <p><a class=\"button\" id=\"restart\" href=\"/\">Start another run</a></p>\n</main>\n",
        client = Text(&run.client_id),
        next = next(run, id, issuer, browser),
    );
    page(200, "Playground", &main)
}

fn section(step: &Step, is_latest: bool) -> String {
    let id = if is_latest { " id=\"latest\"" } else { "" };
    let mut html = format!("<li{id}>\n<h2>{}</h2>\n<div class=\"panes\">\n{}", step.title, request_pane(&step.request));
    if let Some(reply) = &step.reply {
        let _ = writeln!(html, "<div>\n{}{}</div>", reply_pane(reply), token_pane(&step.tokens));
    }
    html.push_str("</div>\n");
    for remark in &step.remarks {
        let _ = writeln!(html, "<p class=\"remark\">{remark}</p>");
    }
    html.push_str("</li>\n");
    html
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
    let payload = body.get("id_token")?.as_str()?.split('.').nth(1)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn next(run: &Run, id: &str, issuer: &Issuer, browser: &Browser) -> String {
    let mut html = String::from("<h2>Next</h2>\n<div class=\"buttons\">\n");
    let mut post = |name: &str, button: &str, label: &str, class: &str| {
        let _ = writeln!(
            html,
            "<form method=\"post\" action=\"/playground/run/{id}\">\
             <input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
             <button id=\"{button}\" name=\"next\" value=\"{name}\" class=\"{class}\">{label}</button></form>",
            id = Text(id),
            csrf = browser.form_token(),
        );
    };
    match (&run.code, &run.token) {
        (Some(_), None) => post("token", "redeem", "Redeem the code", "primary"),
        (Some(_), Some(_)) => {
            post("resource", "resource", "Use the token", "primary");
            post("token", "redeem-again", "Redeem the code again", "");
        }
        (None, _) => {}
    }
    if let Some(request_uri) = &run.request_uri {
        let path =
            format!("/authorize?{}", encode([("client_id", run.client_id.as_str()), ("request_uri", request_uri)]));
        let (label, class) =
            if run.steps.len() > 1 { ("Open the request_uri again", "") } else { ("Open the request_uri", "primary") };
        let _ = writeln!(html, "<a class=\"button {class}\" id=\"open\" href=\"{}\">{label}</a>\n</div>", Text(&path));
        let _ = writeln!(
            html,
            "<p class=\"quiet\">All that the browser carries:</p><pre class=\"url\">{}</pre>",
            Text(issuer.url(&path))
        );
    } else {
        html.push_str("</div>\n<p>The push was refused, so there is no <code>request_uri</code> to follow.</p>\n");
    }
    html
}
