//! HTML by hand: escaped text, and pages with the headers that belong to them.

use std::fmt::{self, Write as _};

use super::message::Answer;

/// Text between tags or in a quoted attribute.
pub(crate) struct Text<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escape(f), "{}", self.0)
    }
}

struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '"' => self.0.write_str("&quot;")?,
                '\'' => self.0.write_str("&#39;")?,
                other => self.0.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// No script, no frame around it. There is no `form-action`, because Chromium applies it to the redirect that follows a
/// form as well, and that one leads to the client.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page. `title` and `main` are HTML.
pub(crate) fn page(status: u16, title: &str, main: &str) -> Answer {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n\
         </head>\n<body>\n{main}</body>\n</html>\n"
    );
    Answer::new(status, "text/html; charset=utf-8", body)
        .no_store()
        .with("content-security-policy", CONTENT_SECURITY_POLICY)
        .with("x-frame-options", "DENY")
        // Not `no-referrer`: with it, browsers keep back the Origin of a form of this page.
        .with("referrer-policy", "same-origin")
}

pub(crate) fn style_sheet() -> Answer {
    Answer::new(200, "text/css; charset=utf-8", include_str!("style.css")).with("cache-control", "no-cache")
}

pub(crate) fn icon() -> Answer {
    Answer::new(200, "image/svg+xml", include_str!("icon.svg")).with("cache-control", "public, max-age=3600")
}
