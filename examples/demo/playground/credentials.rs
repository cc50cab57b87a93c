//! What a client adds to one request to prove who it is.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use josekit::jws::{HS256, JwsSigner};
use serde_json::json;

use super::{
    compact,
    played_client::{Authentication, PlayedClient},
};
use crate::demo::{
    http::message::Answer,
    server::{accounts::unix_time, issuer::Issuer, random},
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that an assertion is good for: long enough to be sent, and not much more.
const LIFE: u64 = 60;

#[derive(Default)]
pub(super) struct Credentials {
    pub(super) authorization: Option<String>,
    pub(super) fields: Vec<(&'static str, String)>,
}

/// Whether the client proves who it is as it should.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Right,
    /// With a secret that is not its own, or for another server.
    Wrong,
}

impl Credentials {
    /// Those for one request; an assertion is good once. `algorithm` chooses among the keys of a client that has several.
    pub(super) fn of(client: &PlayedClient, issuer: &Issuer, algorithm: &str, kind: Kind) -> Result<Self, Answer> {
        let is_wrong = kind == Kind::Wrong;
        let secret = |secret: &str| if is_wrong { "not-the-secret".to_owned() } else { secret.to_owned() };
        let audience = if is_wrong { "https://another-server.example.com" } else { issuer.as_str() };
        let mut credentials = Self::default();
        match &client.authentication {
            Authentication::Basic(right) => {
                credentials.authorization = Some(basic(&client.client_id, &secret(right)));
            }
            Authentication::Post(right) => credentials.fields.push(("client_secret", secret(right))),
            Authentication::Mac(secret) => {
                let signer = HS256.signer_from_bytes(secret)?;
                let header = compact::header("client-authentication+jwt", "HS256");
                let claims = assertion_claims(&client.client_id, audience)?;
                credentials.assert(compact::signed(&header, &claims, &signer as &dyn JwsSigner)?);
            }
            Authentication::Key => {
                if let Some(key) = client.key(algorithm) {
                    let claims = assertion_claims(&client.client_id, audience)?;
                    credentials.assert(key.sign("client-authentication+jwt", &claims)?);
                }
            }
            Authentication::Certificate(_) => {}
        }
        Ok(credentials)
    }

    fn assert(&mut self, assertion: String) {
        self.fields = vec![("client_assertion_type", ASSERTION_TYPE.to_owned()), ("client_assertion", assertion)];
    }
}

/// RFC 7523 section 3
fn assertion_claims(client_id: &str, audience: &str) -> Result<String, Answer> {
    let now = unix_time();
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": random::token()?,
        "iat": now,
        "exp": now.saturating_add(LIFE),
    });
    Ok(claims.to_string())
}

/// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
fn basic(client_id: &str, secret: &str) -> String {
    let half = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", half(client_id), half(secret))))
}
