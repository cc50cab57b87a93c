//! What went over the wire in one run, and what can be done next.

use std::fmt::Write as _;

use super::{browser::Browser, page::page, run::Run, stages, step_view};
use crate::demo::{
    http::{html::Text, message::Answer},
    server::{accounts::unix_time, issuer::Issuer},
};

/// `issuer` is the one of the server that was chosen, and `preset` the title of that.
pub(super) fn render(run: &Run, id: &str, issuer: &Issuer, preset: &str, browser: &Browser) -> Answer {
    let mut steps = String::new();
    for (index, step) in run.steps.iter().enumerate() {
        steps.push_str(&step_view::section(step, index.saturating_add(1) == run.steps.len()));
    }
    let main = format!(
        "<main id=\"main\">\n<section class=\"intro\"><h1>A run of <em>{client}</em></h1>\n\
         <p class=\"quiet\">At the server: {preset}.</p></section>\n{stages}\
         <ol class=\"steps\">\n{steps}<li class=\"next\">\n{next}</li>\n</ol>\n\
         <div class=\"buttons\"><a class=\"button\" id=\"again\" href=\"/?again={id}\">Change the request and send it again</a>\n\
         <a class=\"button\" id=\"restart\" href=\"/\">Start another run</a></div>\n\
         <p id=\"announcement\" class=\"unseen\" role=\"status\"></p>\n</main>\n",
        client = Text(&run.client_id),
        stages = stages::list(run),
        next = next(run, id, issuer, browser),
        id = Text(id),
    );
    page(200, "A run, playground", &main)
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
    let Some(opens) = &run.opens else {
        html.push_str("</div>\n<p>The push was refused, so there is no <code>request_uri</code> to follow.</p>\n");
        return html;
    };
    let what = if run.choices.is_pushed() { "Open the request_uri" } else { "Open the request" };
    let (again, class) = if run.has_arrived { (" again", "") } else { ("", "primary") };
    let _ = writeln!(
        html,
        "<a class=\"button {class}\" id=\"open\" href=\"{}\">{what}{again}</a>\n{}</div>\n\
         <p class=\"quiet\">All that the browser carries:</p><pre class=\"url\" data-copy=\"the URL\">{}</pre>",
        Text(opens),
        run.valid_until.filter(|_| !run.has_arrived).map(validity).unwrap_or_default(),
        Text(format_args!("{}{opens}", issuer.origin()))
    );
    html
}

/// How long a pushed request waits to be opened. With a script, the seconds count down.
fn validity(until: u64) -> String {
    let left = until.saturating_sub(unix_time());
    if left == 0 {
        return "<span class=\"quiet\">The reference has expired, unless it was opened before.</span>\n".to_owned();
    }
    let seconds_of_day = until % 86_400;
    let (hours, minutes, seconds) = (seconds_of_day / 3600, seconds_of_day / 60 % 60, seconds_of_day % 60);
    format!(
        "<span class=\"quiet\">The reference is <time class=\"countdown\" data-left=\"{left}\">valid until \
         {hours:02}:{minutes:02}:{seconds:02} UTC</time></span>\n"
    )
}
