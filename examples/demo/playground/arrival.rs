//! The authorization response, as the browser brings it to the client: plain, or as a JWT (JARM).

use parjar::jose::{SigningAlgorithm, VerificationKeys};
use serde_json::{Map, Value, json};

use super::{
    compact::{self, Decoded},
    flow::bare,
    step::Step,
    wire,
};
use crate::demo::{
    http::message::{Form, Message},
    server::{Server, accounts::unix_time},
};

pub(super) struct Arrival {
    /// Whether it is from the server that the client has asked.
    pub(super) is_genuine: bool,
    pub(super) code: Option<String>,
    pub(super) step: Step,
}

/// The parameters of a response, before it is known to be genuine.
pub(super) struct Response {
    parameters: Map<String, Value>,
    token: Option<String>,
}

impl Response {
    pub(super) fn read(form: Form<'_>) -> Self {
        let token = form.field("response").map(String::from);
        let parameters = match &token {
            Some(token) => compact::claims(token).unwrap_or_default(),
            None => form.fields().map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect(),
        };
        Self { parameters, token }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)?.as_str()
    }

    /// What a client makes of it that has asked this server.
    pub(super) fn at_client(&self, message: &Message<'_>, client_id: &str, server: &Server) -> Arrival {
        let mut remarks = vec!["state is the one of this run."];
        let is_genuine = match &self.token {
            Some(token) => {
                let is_signed = self.is_signed_for(token, client_id, server);
                remarks.push(if is_signed {
                    "The signature is the server's, for this client, and not over (JARM)."
                } else {
                    "The signature is not the server's, or not for this client: a client must stop here."
                });
                is_signed
            }
            None => {
                let is_issuer = self.parameter("iss") == Some(server.issuer.as_str());
                remarks.push(if is_issuer {
                    "iss is the issuer that the request went to (RFC 9207)."
                } else {
                    "iss is not the issuer that the request went to: a client must stop here."
                });
                is_issuer
            }
        };
        if self.parameters.contains_key("error") {
            remarks.push("The server refused, or the user did.");
        }
        let tokens = self.token.iter().map(|token| Decoded::of("response, decoded", token, true)).collect();
        let step = Step {
            title: "The browser brings the answer",
            request: wire::request_text(&bare(message, server), false),
            tokens,
            remarks,
            ..Step::default()
        };
        Arrival { is_genuine, code: self.parameter("code").map(str::to_owned), step }
    }

    fn is_signed_for(&self, token: &str, client_id: &str, server: &Server) -> bool {
        let keys = VerificationKeys::parse(&json!({ "keys": [server.signer.public()] }).to_string());
        let verified = keys.is_ok_and(|keys| keys.verify(token, &[SigningAlgorithm::Es256]).is_ok());
        let is_over = self.parameters.get("exp").and_then(Value::as_u64).is_none_or(|exp| exp <= unix_time());
        let from_server = self.parameter("iss") == Some(server.issuer.as_str());
        verified && !is_over && from_server && self.parameter("aud") == Some(client_id)
    }
}
