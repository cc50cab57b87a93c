//! One run through the flow: what the client remembers between its requests, and what went over the wire so far.

use serde_json::Value;

use super::{Player, token::Decoded, wire};
use crate::demo::{
    http::message::{Answer, Form, Message},
    server::issuer::Issuer,
};

/// A run that goes on and on keeps its latest steps only.
const MAX_STEPS: usize = 16;

pub(super) struct Run {
    browser: String,
    pub(super) client_id: String,
    redirect_uri: String,
    verifier: Option<String>,
    pub(super) request_uri: Option<String>,
    pub(super) code: Option<String>,
    pub(super) token: Option<String>,
    pub(super) steps: Vec<Step>,
}

/// A request, and the reply unless it is for the browser to show.
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) request: String,
    /// The JWTs in the request.
    pub(super) tokens: Vec<Decoded>,
    pub(super) reply: Option<String>,
    pub(super) remarks: Vec<&'static str>,
}

impl Run {
    pub(super) fn start(
        browser: &str,
        player: &Player,
        redirect_uri: String,
        verifier: Option<String>,
        push: Step,
        reply: &Answer,
    ) -> Self {
        Self {
            browser: browser.to_owned(),
            client_id: player.client_id.clone(),
            redirect_uri,
            verifier,
            request_uri: member(reply, "request_uri"),
            code: None,
            token: None,
            steps: vec![push],
        }
    }

    pub(super) fn belongs_to(&self, browser: &str) -> bool {
        self.browser == browser
    }

    /// The authorization response has come back through the browser.
    pub(super) fn arrive(&mut self, message: &Message<'_>, response: Form<'_>, issuer: &Issuer) {
        let shown = Message { headers: vec![("host", issuer.host().as_bytes())], certificate: None, ..message.clone() };
        let genuine = response.field("iss").is_some_and(|iss| iss == issuer.as_str());
        let mut remarks = vec!["state is the one of this run."];
        remarks.push(if genuine {
            "iss is the issuer that the request went to (RFC 9207)."
        } else {
            "iss is not the issuer that the request went to: a client must stop here."
        });
        if genuine {
            self.code = response.field("code").map(Into::into).or(self.code.take());
        }
        if response.field("error").is_some() {
            remarks.push("The server refused, or the user did.");
        }
        let request = wire::request_text(&shown, false);
        self.push_step(Step {
            title: "The browser brings the answer",
            request,
            tokens: Vec::new(),
            reply: None,
            remarks,
        });
    }

    /// What the token endpoint wants to see, once there is a code.
    pub(super) fn token_request(&self) -> Option<Vec<(String, String)>> {
        let mut fields = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("code".to_owned(), self.code.clone()?),
            ("client_id".to_owned(), self.client_id.clone()),
        ];
        if !self.redirect_uri.is_empty() {
            fields.push(("redirect_uri".to_owned(), self.redirect_uri.clone()));
        }
        if let Some(verifier) = &self.verifier {
            fields.push(("code_verifier".to_owned(), verifier.clone()));
        }
        Some(fields)
    }

    pub(super) fn resource_request(&self, issuer: &Issuer) -> Option<wire::Request> {
        self.token.as_deref().map(|token| wire::get("/resource", issuer, token))
    }

    /// A request of the client was answered.
    pub(super) fn record(&mut self, step: Step, reply: &Answer) {
        self.token = member(reply, "access_token").or(self.token.take());
        self.push_step(step);
    }

    fn push_step(&mut self, step: Step) {
        if self.steps.len() >= MAX_STEPS {
            self.steps.remove(0);
        }
        self.steps.push(step);
    }
}

/// A string in a JSON reply.
fn member(reply: &Answer, name: &str) -> Option<String> {
    let body: Value = serde_json::from_str(&reply.body).ok()?;
    body.get(name)?.as_str().map(str::to_owned)
}
