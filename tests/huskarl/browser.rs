//! The part of the person with the browser: opens the page, approves, and is sent back.

use std::time::Duration;

use reqwest::{Client, Identity, redirect::Policy};

use crate::server::Certificate;

pub struct Browser(Client);

impl Browser {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Where the browser is sent after the approval.
    pub async fn approve(&self, url: &str) -> String {
        let page = self.0.get(url).send().await.expect("a page");
        assert_eq!(page.status(), 200);
        let cookies: Vec<String> =
            page.headers().get_all("set-cookie").iter().map(|line| cookie(line.to_str().expect("ASCII"))).collect();
        let html = page.text().await.expect("a page");
        let form = html.split("<form").nth(1).expect("a form");
        let (start, content) = form.split_once('>').expect("a form");
        let action = attribute(start, "action").filter(|action| !action.is_empty());
        let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let target = match action {
            Some(path) => format!("{origin}{path}"),
            None => url.to_owned(),
        };
        let hidden =
            content.split("<input").skip(1).filter(|input| attribute(input, "type").as_deref() == Some("hidden"));
        let mut body: Vec<String> =
            hidden.filter_map(|input| Some(pair(&attribute(input, "name")?, &attribute(input, "value")?))).collect();
        body.push(pair("decision", "approve"));
        let request = self.0.post(target).header("cookie", cookies.join("; ")).header("origin", origin);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 303);
        answer.headers().get("location").expect("a location").to_str().expect("ASCII").to_owned()
    }
}

/// A client that follows no redirects; for TLS, one that trusts the server's certificate and shows its own, if it has one.
pub fn client(tls: Option<(&Certificate, Option<&Certificate>)>) -> Client {
    // An error says that it has been installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(10)).no_proxy();
    // Without TLS, nobody is trusted: the authorities of the system are not looked up.
    let trusted = tls.map(|(server, _)| reqwest::Certificate::from_pem(server.cert.as_bytes()).expect("PEM"));
    builder = builder.tls_certs_only(trusted);
    if let Some((_, Some(own))) = tls {
        let pem = format!("{}{}", own.key, own.cert);
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).expect("PEM"));
    }
    builder.build().expect("a client")
}

fn cookie(line: &str) -> String {
    line.split(';').next().unwrap_or_default().to_owned()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")];
    Some(entities.iter().fold(value.to_owned(), |text, (entity, character)| text.replace(entity, character)))
}

fn pair(name: &str, value: &str) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    format!("{}={}", encode(name), encode(value))
}
