//! A client that the playground can play, and how it authenticates.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::token;
use crate::demo::{
    http::message::Answer,
    server::{issuer::Issuer, signer::Signer},
};

pub(crate) struct Player {
    pub(crate) client_id: String,
    pub(crate) authentication: Authentication,
    /// Its key, with which it can sign requests whatever it authenticates with.
    pub(crate) signer: Option<Signer>,
    /// Whether pages may show the secret.
    pub(crate) is_public_knowledge: bool,
    pub(crate) about: &'static str,
}

pub(crate) enum Authentication {
    /// A secret in the header.
    Basic(String),
    /// A secret in the body.
    Post(String),
    /// A JWT signed with the key.
    Assertion,
}

impl Authentication {
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Basic(_) => "client_secret_basic",
            Self::Post(_) => "client_secret_post",
            Self::Assertion => "private_key_jwt",
        }
    }
}

/// What a client adds to a form to prove who it is.
pub(super) struct Proof {
    pub(super) authorization: Option<String>,
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Player {
    /// Credentials, wrong ones if that is wanted.
    pub(super) fn proof(&self, issuer: &Issuer, wrong: bool) -> Result<Proof, Answer> {
        let mut proof = Proof { authorization: None, fields: Vec::new() };
        let right_or = |secret: &str| if wrong { "not-the-secret".to_owned() } else { secret.to_owned() };
        match &self.authentication {
            Authentication::Basic(secret) => {
                proof.authorization = Some(basic(&self.client_id, &right_or(secret)));
            }
            Authentication::Post(secret) => proof.fields.push(("client_secret", right_or(secret))),
            Authentication::Assertion => {
                let audience = if wrong { "https://another-server.example.com" } else { issuer.as_str() };
                if let Some(signer) = &self.signer {
                    proof.fields = vec![
                        ("client_assertion_type", token::ASSERTION_TYPE.to_owned()),
                        ("client_assertion", token::assertion(&self.client_id, signer, audience)?),
                    ];
                }
            }
        }
        Ok(proof)
    }
}

/// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
fn basic(client_id: &str, secret: &str) -> String {
    let half = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", half(client_id), half(secret))))
}
