//! The page on which the user decides. A real one logs the user in, too.

use axum::{
    http::header,
    response::{Html, IntoResponse},
};
use parjar::{BindingCookie, Pending};

pub(crate) fn render(pending: &Pending, cookie: &BindingCookie) -> impl IntoResponse + use<> {
    let request = pending.request();
    let fields = [("csrf", cookie.form_token()), ("request", pending.to_query())];
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)))
        .collect();
    let page = format!(
        "<!doctype html><title>Sign in</title><p>{} asks for access. Your answer goes to {}.\
         <form method=\"post\" action=\"/authorize\">{fields}\
         <button id=\"approve\" name=\"decision\" value=\"approve\">Approve</button>\
         <button id=\"deny\" name=\"decision\" value=\"deny\">Deny</button></form>",
        escaped(request.client_id()),
        escaped(request.redirect_uri().as_str()),
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    (headers, Html(page))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
