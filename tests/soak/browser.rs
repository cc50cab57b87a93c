//! As much of a browser as the pages need: cookies, hidden fields, and the way back with a first cookie.

use std::{collections::BTreeMap, io};

use crate::{
    http::{Answer, exchange, form, request},
    world::ISSUER,
};

#[derive(Clone, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

/// The form of a page, as the browser would send it.
#[derive(Clone)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Browser {
    /// Loads the page of a request, by way of the redirect that brings the first cookie.
    pub(crate) async fn open(&mut self, port: u16, client_id: &str, request_uri: &str) -> io::Result<Answer> {
        let mut query = form([("client_id", client_id), ("request_uri", request_uri)]);
        for _ in 0..3 {
            let answer = self.send(port, "GET", &format!("/authorize?{query}"), "").await?;
            match answer.header("location").and_then(|location| location.strip_prefix('?')) {
                Some(again) if answer.status == 303 => query = again.to_owned(),
                _ => return Ok(answer),
            }
        }
        panic!("the server sends browsers in a circle")
    }

    /// Presses a button of the form: `approve` or `deny`.
    pub(crate) async fn decide(&mut self, port: u16, page: &Form, decision: &str) -> io::Result<Answer> {
        self.send(port, "POST", "/authorize", &page.body(decision)).await
    }

    async fn send(&mut self, port: u16, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let answer = exchange(port, &self.bytes(method, path, body)).await?;
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }

    fn bytes(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        if method == "POST" {
            headers.extend([("content-type", "application/x-www-form-urlencoded"), ("origin", ISSUER)]);
        }
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        request(method, path, &headers, body.as_bytes())
    }

    /// The bytes of a decision, for a browser that hangs up.
    pub(crate) fn decision(&self, page: &Form, decision: &str) -> Vec<u8> {
        self.bytes("POST", "/authorize", &page.body(decision))
    }
}

impl Form {
    /// The hidden fields of the only form of a page.
    pub(crate) fn of(page: &Answer) -> Option<Self> {
        let (_, form) = page.body.split_once("<form method=\"post\" action=\"/authorize\">")?;
        let (form, _) = form.split_once("</form>")?;
        let field = |input: &str| {
            let (name, rest) = input.split_once("\" value=\"")?;
            Some((name.to_owned(), unescaped(rest.split_once('"')?.0)))
        };
        let fields = form.split("<input type=\"hidden\" name=\"").skip(1).map(field).collect::<Option<_>>()?;
        Some(Self { fields })
    }

    fn body(&self, decision: &str) -> String {
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        form(fields.chain([("decision", decision)]))
    }
}

fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
