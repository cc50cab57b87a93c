//! One run through the flow: what the client remembers between its requests, and what went over the wire so far.

use parjar::Reason;
use serde_json::Value;

use super::{
    arrival::Arrival,
    choices::Choices,
    first_request::Fields,
    step::Step,
    wire::{MAX_TEXT, shortened},
};
use crate::demo::{http::message::Answer, server::accounts::unix_time};

/// A run that goes on and on keeps its latest steps only.
const MAX_STEPS: usize = 12;
/// Texts that one step has at most: request, reply, command line, and three tokens of two parts.
const MAX_TEXTS: usize = 9;
/// What a run may take in memory. What was chosen, and what the browser opens, fit into three more steps.
pub(super) const MAX_BYTES: usize = (MAX_STEPS + 3) * MAX_TEXTS * MAX_TEXT;

pub(super) struct Run {
    browser: String,
    pub(super) choices: Choices,
    pub(super) client_id: String,
    verifier: Option<String>,
    /// Path and query that the browser opens.
    pub(super) opens: Option<String>,
    /// Until when a pushed request can be opened, in seconds since 1970.
    pub(super) valid_until: Option<u64>,
    pub(super) has_arrived: bool,
    pub(super) code: Option<String>,
    pub(super) token: Option<String>,
    pub(super) has_used_token: bool,
    pub(super) nonce: Option<String>,
    pub(super) steps: Vec<Step>,
}

impl Run {
    pub(super) fn start(browser: &str, client_id: &str, choices: Choices, verifier: Option<String>) -> Self {
        Self {
            browser: browser.to_owned(),
            choices,
            client_id: client_id.to_owned(),
            verifier,
            opens: None,
            valid_until: None,
            has_arrived: false,
            code: None,
            token: None,
            has_used_token: false,
            nonce: None,
            steps: Vec::new(),
        }
    }

    pub(super) fn belongs_to(&self, browser: &str) -> bool {
        self.browser == browser
    }

    /// The push was answered. Returns the `request_uri`, if there is one.
    pub(super) fn pushed(&mut self, reply: &Answer) -> Option<String> {
        let lifetime = body_of(reply)?.get("expires_in")?.as_u64()?;
        self.valid_until = Some(unix_time().saturating_add(lifetime));
        member(reply, "request_uri")
    }

    /// The server has refused to open the request.
    pub(super) fn not_opened(&mut self, request: String, reason: Option<Reason>) {
        self.record([Step {
            title: "The server refuses to open it",
            request: shortened(request),
            reason,
            remarks: vec!["The browser shows a page of the server, and the client hears nothing."],
            ..Step::default()
        }]);
    }

    /// The authorization response has come back through the browser.
    pub(super) fn arrived(&mut self, arrival: Arrival) {
        self.has_arrived = true;
        if arrival.is_genuine {
            self.code = arrival.code.or(self.code.take());
        }
        self.record([arrival.step]);
    }

    /// What the token endpoint wants to see, once there is a code.
    pub(super) fn token_request(&self) -> Option<Fields> {
        let mut fields = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("code".to_owned(), self.code.clone()?),
            ("client_id".to_owned(), self.client_id.clone()),
        ];
        if !self.choices.redirect_uri.is_empty() {
            fields.push(("redirect_uri".to_owned(), self.choices.redirect_uri.clone()));
        }
        if let Some(verifier) = &self.verifier {
            fields.push(("code_verifier".to_owned(), verifier.clone()));
        }
        Some(fields)
    }

    /// The token endpoint has answered.
    pub(super) fn redeemed(&mut self, reply: &Answer) {
        self.token = member(reply, "access_token").or(self.token.take());
    }

    pub(super) fn record(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.steps.extend(steps);
        let surplus = self.steps.len().saturating_sub(MAX_STEPS);
        self.steps.drain(..surplus);
    }
}

fn body_of(reply: &Answer) -> Option<Value> {
    serde_json::from_str(&reply.body).ok()
}

/// A string in a JSON reply.
fn member(reply: &Answer, name: &str) -> Option<String> {
    body_of(reply)?.get(name)?.as_str().map(str::to_owned)
}
