//! What the visitor of the playground has chosen, and the push that follows from it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{Player, token, wire};
use crate::demo::{
    http::message::{Answer, Form},
    server::{Server, error_page, random},
};

type Parameters = Vec<(String, String)>;
type Inside = Option<String>;

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
    /// `signed` or `encrypted` for a request object.
    sending: String,
}

/// The first request of a run, and what the client keeps of it.
pub(super) struct Push {
    pub(super) request: wire::Request,
    /// The request object, where it was encrypted after it was signed.
    pub(super) inside: Option<String>,
    pub(super) verifier: Option<String>,
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
            sending: field("sending"),
        }
    }

    pub(super) fn push(&self, player: &Player, server: &Server, state: &str) -> Result<Push, Answer> {
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
        let (fields, inside) = self.packed(fields, player, server)?;
        let mut request = wire::post("/authorize/par", player, &server.issuer, &fields, self.mistake == "secret")?;
        if self.mistake == "method" {
            request.method = "PUT";
        }
        Ok(Push { request, inside, verifier: (!challenge.is_empty()).then_some(verifier) })
    }

    /// The form to send: the parameters, or the request object with all of them. A client without a key can only do the former.
    fn packed(&self, parameters: Parameters, player: &Player, server: &Server) -> Result<(Parameters, Inside), Answer> {
        let signer = match &player.signer {
            Some(signer) if matches!(self.sending.as_str(), "signed" | "encrypted") => signer,
            _ => return Ok((parameters, None)),
        };
        let signed = token::request_object(&player.client_id, &parameters, signer, &server.issuer)?;
        // The name beside it is for clients that put their secret into the form; any other parameter would be refused.
        let form = |object| vec![("client_id".to_owned(), player.client_id.clone()), ("request".to_owned(), object)];
        if self.sending == "signed" {
            return Ok((form(signed), None));
        }
        let encrypted = token::encrypted(&signed, server)?.ok_or_else(error_page::invalid_request)?;
        Ok((form(encrypted), Some(signed)))
    }
}
