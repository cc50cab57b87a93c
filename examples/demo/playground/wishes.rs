//! What the visitor of the playground has chosen, and the push that follows from it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parjar::RandomError;
use sha2::{Digest as _, Sha256};

use super::{Player, wire};
use crate::demo::{
    issuer::Issuer,
    message::{Form, Message},
    random,
};

pub(super) struct Wishes {
    pub(super) redirect_uri: String,
    scope: String,
    code_challenge_method: String,
    response_mode: String,
    prompt: String,
    max_age: String,
    /// Further parameters, a `name=value` on each line.
    further: String,
    mistake: String,
}

impl Wishes {
    pub(super) fn read(form: Form<'_>) -> Self {
        let field = |name| form.field(name).unwrap_or_default().trim().to_owned();
        Self {
            redirect_uri: field("redirect_uri"),
            scope: field("scope"),
            code_challenge_method: field("code_challenge_method"),
            response_mode: field("response_mode"),
            prompt: field("prompt"),
            max_age: field("max_age"),
            further: field("further"),
            mistake: field("mistake"),
        }
    }

    /// The push, and the code verifier to keep for later.
    pub(super) fn push(
        &self,
        player: &Player,
        issuer: &Issuer,
        state: &str,
    ) -> Result<(Message, Option<String>), RandomError> {
        let verifier = random::token()?;
        let challenge = match self.code_challenge_method.as_str() {
            "S256" => URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)),
            "plain" => verifier.clone(),
            _ => String::new(),
        };
        let method = if challenge.is_empty() { "" } else { self.code_challenge_method.as_str() };
        let nonce = if self.scope.split(' ').any(|scope| scope == "openid") { random::token()? } else { String::new() };
        let chosen = [
            ("client_id", player.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("state", state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", method),
            ("response_mode", &self.response_mode),
            ("prompt", &self.prompt),
            ("max_age", &self.max_age),
        ];
        let further = self.further.lines().filter_map(|line| line.split_once('='));
        let further = further.map(|(name, value)| (name.trim(), value.trim()));
        let mistake = match self.mistake.as_str() {
            "twice" => Some(("scope", self.scope.as_str())),
            "request_uri" => Some(("request_uri", "urn:example:somewhere-else")),
            _ => None,
        };
        let fields: Vec<(String, String)> = chosen
            .into_iter()
            .chain(further)
            .filter(|(_, value)| !value.is_empty())
            .chain(mistake)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let secret = if self.mistake == "secret" { "not-the-secret" } else { &player.secret };
        let mut message = wire::post(player, issuer, &fields, secret);
        if self.mistake == "method" {
            message.method = "PUT".to_owned();
        }
        Ok((message, (!challenge.is_empty()).then_some(verifier)))
    }
}
