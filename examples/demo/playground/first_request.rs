//! The authorization request that follows from what the visitor has chosen.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{
    choices::Choices,
    client_key::ClientKey,
    dpop_proof, encryption,
    played_client::PlayedClient,
    request_object::{self, Fault},
};
use crate::demo::{
    http::message::Answer,
    server::{Server, error_page, random},
};

pub(super) type Fields = Vec<(String, String)>;

/// The parameters of a request, before they are packed.
pub(super) struct FirstRequest {
    parameters: Fields,
    pub(super) verifier: Option<String>,
}

/// What goes over the wire.
pub(super) struct Packed {
    pub(super) fields: Fields,
    /// The request object, where it was encrypted after it was signed.
    pub(super) inside: Option<String>,
}

impl FirstRequest {
    pub(super) fn of(choices: &Choices, client: &PlayedClient, dpop: &ClientKey, state: &str) -> Result<Self, Answer> {
        let verifier = random::token()?;
        let challenge = match choices.code_challenge_method.as_str() {
            "S256" => URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)),
            "plain" => verifier.clone(),
            _ => String::new(),
        };
        let method = if challenge.is_empty() { "" } else { choices.code_challenge_method.as_str() };
        let is_login = choices.scope.split(' ').any(|scope| scope == "openid");
        let nonce = if is_login { random::token()? } else { String::new() };
        // A push has a proof in its header, and a URL has no header.
        let names_key = choices.binds_tokens() && !choices.is_pushed();
        let thumbprint = if names_key { dpop_proof::thumbprint(dpop) } else { String::new() };
        let chosen = [
            ("client_id", client.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &choices.redirect_uri),
            ("scope", &choices.scope),
            ("state", state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", method),
            ("response_mode", &choices.response_mode),
            ("prompt", &choices.prompt),
            ("max_age", &choices.max_age),
            ("dpop_jkt", &thumbprint),
        ];
        let further = choices.further.lines().filter_map(|line| line.split_once('='));
        let further = further.map(|(name, value)| (name.trim(), value.trim()));
        let mistake = match choices.mistake.as_str() {
            "twice" => Some(("scope", choices.scope.as_str())),
            "request_uri" => Some(("request_uri", "urn:example:somewhere-else")),
            _ => None,
        };
        let parameters = chosen
            .into_iter()
            .chain(further)
            .filter(|(_, value)| !value.is_empty())
            .chain(mistake)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self { parameters, verifier: (!challenge.is_empty()).then_some(verifier) })
    }

    /// The form or query to send: the parameters, or a fresh request object with all of them. A client without a key can only do
    /// the former.
    pub(super) fn packed(&self, choices: &Choices, client: &PlayedClient, server: &Server) -> Result<Packed, Answer> {
        let fault = Fault::parse(&choices.mistake);
        let Some(key) = client.key(&choices.algorithm).filter(|_| choices.is_signed() || fault.is_some()) else {
            return Ok(Packed { fields: self.parameters.clone(), inside: None });
        };
        let audience = server.issuer.as_str();
        let signed = request_object::sign(&client.client_id, &self.parameters, key, audience, fault)?;
        // The name beside it is for clients that put their secret into the form; any other parameter would be refused.
        let form = |object| vec![("client_id".to_owned(), client.client_id.clone()), ("request".to_owned(), object)];
        if choices.sending != "encrypted" {
            return Ok(Packed { fields: form(signed), inside: None });
        }
        let encrypted = encryption::encrypted(&signed, server)?.ok_or_else(error_page::invalid_request)?;
        Ok(Packed { fields: form(encrypted), inside: Some(signed) })
    }
}

/// What the visitor has chosen and this request does not show.
pub(super) fn left_out(choices: &Choices, client: &PlayedClient) -> Option<&'static str> {
    let needs_key = choices.is_signed() || Fault::parse(&choices.mistake).is_some();
    if needs_key && client.keys.is_empty() {
        return Some("This client has no key, so its request goes without a signature.");
    }
    let needs_push = matches!(choices.mistake.as_str(), "secret" | "method");
    (needs_push && !choices.is_pushed()).then_some("The mistake that was chosen is one of a push, and this is none.")
}
