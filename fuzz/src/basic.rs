//! The value of an `Authorization` header.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{FormRequest, Policy, Reply};
use serde_json::json;

use super::server::{FORM, Server, check_refusal, registration};

/// The second is made of what has a meaning on the way.
const CLIENTS: [(&str, &str); 2] = [("c1", "s3cret"), ("a b:c+d%65=/", ":se cret+%3A&=")];

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let client = |(client_id, secret): (&str, &str)| registration(client_id, json!({ "client_secret": secret }));
    Server::new(Policy::oauth(), CLIENTS.map(client))
});

/// Takes the input for a header, and for what a header encodes.
pub fn run(bytes: &[u8]) {
    check(bytes);
    check(format!("Basic {}", STANDARD.encode(bytes)).as_bytes());
}

fn check(header: &[u8]) {
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header)];
    let request = FormRequest::new("POST", headers, "grant_type=authorization_code");
    match pollster::block_on(SERVER.par.authenticate_client(&request)) {
        Ok(authenticated) => {
            let client = authenticated.client();
            let shown = lenient(header).expect("credentials, by any decoder");
            assert_eq!(client.client().client_id(), shown.0);
            assert!(CLIENTS.contains(&(&shown.0, &shown.1)), "{shown:?}");
        }
        Err(refusal) => {
            check_refusal(&refusal);
            assert_eq!((refusal.status(), refusal.code().as_str()), (401, "invalid_client"));
            let challenge = Reply::from(&refusal);
            assert!(challenge.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")));
        }
    }
}

/// User and password as a decoder reads them that makes the best of everything.
fn lenient(header: &[u8]) -> Option<(String, String)> {
    let (_, encoded) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let decode = |half: &str| {
        // As a value, in which `=` means nothing; `&` would end it.
        let half = format!("x={}", half.replace('&', "%26"));
        url::form_urlencoded::parse(half.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(user)?, decode(password)?))
}
