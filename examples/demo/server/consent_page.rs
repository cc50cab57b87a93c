//! The page on which a user signs in and decides: one form, hidden fields, two buttons.

use std::fmt::Write as _;

use parjar::{AuthorizationRequest, Login};
use url::Url;

use super::accounts::Account;
use crate::demo::http::{
    html::{Text, page},
    json_text::indented,
    message::Answer,
};

/// The form goes to the path `action`. A user who is not `signed_in` signs in by approving.
pub(crate) fn render(login: &Login, action: &str, account: &Account, signed_in: bool) -> Answer {
    let request = login.pending().request();
    let client = request.client();
    let name = client.client_name().unwrap_or(client.client_id());
    let main = format!(
        "<main class=\"card\">\n\
         <p class=\"account\"><span class=\"avatar\">{initial}</span> <span>{sign} in as <strong>{account}</strong></span></p>\n\
         <h1><em><bdi>{name}</bdi></em> asks for access</h1>\n{home}\
         {requested}\
         <p class=\"quiet\">Your answer goes to <strong id=\"destination\">{destination}</strong>.{caution}</p>\n\
         <form method=\"post\" action=\"{action}\">\n{fields}\
         <div class=\"buttons\">\n\
         <button id=\"approve\" name=\"decision\" value=\"approve\" class=\"primary\">Approve</button>\n\
         <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button>\n\
         </div>\n</form>\n</main>\n",
        initial = Text(account.name.chars().next().unwrap_or('?')),
        sign = if signed_in { "Signed" } else { "Sign" },
        account = Text(account.name),
        name = Text(name),
        home = home(client.client_id()),
        requested = requested(request),
        destination = Text(destination(request)),
        caution = caution(request),
        fields = hidden_fields(login),
    );
    page(200, "Sign in", &main)
}

/// With these alone, any node can find the request again.
fn hidden_fields(login: &Login) -> String {
    let (pending, form_token) = (login.pending(), login.form_token());
    let request_query = pending.to_query();
    let mut fields = vec![("csrf", form_token.as_str())];
    match pending.request_uri() {
        Some(request_uri) => {
            fields.extend([("client_id", pending.request().client_id()), ("request_uri", request_uri)])
        }
        None => fields.push(("request_query", &request_query)),
    }
    let mut html = String::new();
    for (name, value) in fields {
        let _ = writeln!(html, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", Text(value));
    }
    html
}

/// What the client wants, in words.
fn requested(request: &AuthorizationRequest) -> String {
    let mut items = String::new();
    for scope in request.scopes() {
        let meaning = match scope {
            "openid" => "Know who you are",
            "accounts" => "See your accounts",
            "payments" => "Prepare payments",
            "offline_access" => "Keep access while you are away",
            _ => "Use what it calls",
        };
        let _ = writeln!(items, "<li>{meaning} <code>{}</code></li>", Text(scope));
    }
    for resource in request.resources() {
        let _ = writeln!(items, "<li>For use at <code>{}</code></li>", Text(resource));
    }
    if let Some(details) = request.parameters().get("authorization_details") {
        let _ = writeln!(items, "<li>In detail <pre><bdi>{}</bdi></pre></li>", Text(indented(details)));
    }
    if items.is_empty() {
        return "<p>It asks for nothing in particular, only that you sign in.</p>\n".to_owned();
    }
    format!("<ul class=\"requested\">\n{items}</ul>\n")
}

/// The host of a client that is a URL: a client chooses its own name, and an attacker the name of another.
fn home(client_id: &str) -> String {
    let host = Url::parse(client_id).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.map(|host| {
        format!("<p class=\"quiet\">It is published at <strong id=\"client\">{}</strong>.</p>\n", Text(host))
    })
    .unwrap_or_default()
}

/// The host behind the redirect URI, or the whole of a URI without a host.
fn destination(request: &AuthorizationRequest) -> String {
    let uri = request.redirect_uri();
    let host = Url::parse(uri.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| uri.as_str().to_owned())
}

fn caution(request: &AuthorizationRequest) -> &'static str {
    let uri = request.redirect_uri();
    if !uri.is_registered() {
        " The application chose the exact address for this request; only its host is registered."
    } else if uri.is_loopback() {
        " That is a program on your own device."
    } else {
        ""
    }
}
