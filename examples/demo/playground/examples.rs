//! Requests to try: links that fill in the form.

use std::fmt::Write as _;

use super::{choices::callback, preset::Preset};
use crate::demo::{
    http::{html::Text, message::encode},
    server::issuer::Issuer,
};

type Fields = &'static [(&'static str, &'static str)];

const EXAMPLES: [(&str, Fields); 11] = [
    ("Signed", &[("client", "bank"), ("sending", "signed")]),
    ("Signed and encrypted", &[("client", "bank"), ("sending", "encrypted")]),
    ("Without a push", &[("channel", "url")]),
    ("Signed, without a push", &[("client", "bank"), ("channel", "url"), ("sending", "signed")]),
    ("A token bound to a key", &[("dpop", "yes")]),
    ("A signed answer", &[("response_mode", "jwt")]),
    ("A redirect URI of its own", &[("client", "tenants"), ("redirect_uri", "https://tenants.example.com/orders/17")]),
    ("One of its own, without permission", &[("client", "web"), ("redirect_uri", "")]),
    ("Changed after it was signed", &[("client", "bank"), ("sending", "signed"), ("mistake", "object_tampered")]),
    ("For another server", &[("client", "bank"), ("sending", "signed"), ("mistake", "object_audience")]),
    ("Not signed at all", &[("client", "bank"), ("sending", "signed"), ("mistake", "object_unsigned")]),
];

/// For the server that has the clients they name.
pub(super) fn list(preset: &Preset, issuer: &Issuer) -> String {
    if preset.client("bank").is_none() || preset.client("tenants").is_none() {
        return String::new();
    }
    let elsewhere = format!("{}/orders/17", callback(issuer));
    let mut html =
        String::from("<section class=\"examples\" aria-labelledby=\"try\">\n<h2 id=\"try\">Try</h2>\n<ul>\n");
    for (title, fields) in &EXAMPLES {
        let fields = fields.iter().map(|(name, value)| match (*name, *value) {
            ("redirect_uri", "") => ("redirect_uri", elsewhere.as_str()),
            field => field,
        });
        let _ = writeln!(html, "<li><a href=\"/?{}\">{title}</a></li>", Text(encode(fields)));
    }
    html.push_str("</ul>\n</section>\n");
    html
}
