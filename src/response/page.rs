//! The pages of this library: one that posts an authorization response to its client, and one that shows a refusal.

use crate::{error::Refusal, http::Reply};

/// Allows the one script below, by its digest, and no framing.
pub(super) const FORM_POST_POLICY: &str = "default-src 'none'; script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='; \
                                base-uri 'none'; frame-ancestors 'none'";
const FORM_POST_SCRIPT: &str = "document.forms[0].submit()";

/// OAuth 2.0 Form Post Response Mode. The button serves browsers without script.
pub(super) fn form_post(redirect_uri: &str, pairs: &[(&str, &str)]) -> String {
    let mut inputs = String::new();
    for (name, value) in pairs {
        inputs.push_str(&format!(r#"<input type="hidden" name="{}" value="{}">"#, escape(name), escape(value)));
    }
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Continue</title></head>\
         <body><form method=\"post\" action=\"{}\">{inputs}<button>Continue</button></form>\
         <script>{FORM_POST_SCRIPT}</script></body></html>",
        escape(redirect_uri)
    )
}

/// A plain page for a refusal. The description may be the host's own text, so it is escaped.
pub(crate) fn refusal_page(refusal: &Refusal, status: u16) -> Reply {
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Request refused</title></head>\
         <body><h1>This request cannot be continued</h1><p>{}</p><p><code>{}</code></p></body></html>",
        escape(refusal.description()),
        refusal.code()
    );
    Reply::page(status, html, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'", "no-referrer")
        .with_retry_after(refusal.retry_after())
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};

    use super::{FORM_POST_POLICY, FORM_POST_SCRIPT};

    #[test]
    fn the_policy_of_the_form_post_page_allows_its_script() {
        let digest = STANDARD.encode(Sha256::digest(FORM_POST_SCRIPT));
        assert!(FORM_POST_POLICY.contains(&format!("'sha256-{digest}'")), "{digest}");
    }
}
