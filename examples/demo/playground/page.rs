//! The frame of the playground's pages: a header, and a small script that nothing depends on.

use crate::demo::http::{html, message::Answer};

/// What the pages of the authorization server have, and the script beside it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// A page of the playground. `main` is HTML.
pub(super) fn page(status: u16, title: &str, main: &str) -> Answer {
    let main = format!("{HEADER}{main}<script src=\"/playground/playground.js\" defer></script>\n");
    let mut answer = html::page(status, title, &main);
    for (name, value) in &mut answer.headers {
        if *name == "content-security-policy" {
            *value = CONTENT_SECURITY_POLICY.into();
        }
    }
    answer
}

pub(super) fn script() -> Answer {
    Answer::new(200, "text/javascript; charset=utf-8", include_str!("playground.js")).with("cache-control", "no-cache")
}

const HEADER: &str = "<a class=\"skip\" href=\"#main\">To the content</a>\n\
     <header>\n<a class=\"brand\" href=\"/\"><img src=\"/icon.svg\" alt=\"\" width=\"28\" height=\"28\"> parjar playground</a>\n\
     <nav aria-label=\"This server\"><a href=\"/.well-known/oauth-authorization-server\">Metadata</a> <a href=\"/jwks\">Keys</a> \
     <a href=\"https://docs.rs/parjar/latest/parjar/guide/\">Manual</a></nav>\n</header>\n";
