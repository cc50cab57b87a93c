//! What the visitor has chosen: the fields of the form on the start page.

use parjar::{Policy, Profile, jose::SigningAlgorithm};

use super::{client_key::ClientKey, encryption, preset::Preset};
use crate::demo::{http::message::Form, server::issuer::Issuer};

/// Bytes that are kept of one field.
const MAX_FIELD: usize = 8 * 1024;

#[derive(Clone, Default)]
pub(super) struct Choices {
    /// The name of a preset; empty for the server itself.
    pub(super) preset: String,
    pub(super) client: String,
    /// Among the keys of a client that has several.
    pub(super) algorithm: String,
    /// `pushed`, or `url` for a request that the browser carries.
    pub(super) channel: String,
    /// `plain`, `signed` or `encrypted`.
    pub(super) sending: String,
    /// `yes` for tokens that are bound to a key.
    pub(super) dpop: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) code_challenge_method: String,
    pub(super) response_mode: String,
    pub(super) prompt: String,
    pub(super) max_age: String,
    /// Further parameters, a `name=value` on each line.
    pub(super) further: String,
    pub(super) mistake: String,
}

impl Choices {
    /// What the form starts with: a request that the server takes.
    pub(super) fn fitting(preset: &Preset, callback: String) -> Self {
        let policy = preset.server.par.policy();
        let text = |text: &str| text.to_owned();
        Self {
            preset: text(preset.name),
            client: preset.clients.first().map(|client| client.client_id.clone()).unwrap_or_default(),
            algorithm: algorithm(policy).map_or("", |algorithm| algorithm.as_str()).to_owned(),
            channel: text(if policy.pushed_authorization_requests { "pushed" } else { "url" }),
            sending: text(match policy {
                _ if policy.require_encrypted_request_object && encryption::is_offered(&preset.server) => "encrypted",
                _ if policy.require_signed_request_object => "signed",
                _ => "plain",
            }),
            dpop: text(if binds_tokens(policy) { "yes" } else { "no" }),
            redirect_uri: callback,
            scope: scope(policy),
            code_challenge_method: text("S256"),
            response_mode: text(if policy.require_signed_authorization_response { "jwt" } else { "" }),
            ..Self::default()
        }
    }

    /// These, with what a form or the query of a link says instead.
    pub(super) fn changed_by(mut self, form: Form<'_>) -> Self {
        for (name, value) in form.fields() {
            if let Some(field) = self.field_mut(&name) {
                *field = value.trim().chars().take(MAX_FIELD).collect();
            }
        }
        self
    }

    pub(super) fn is_signed(&self) -> bool {
        matches!(self.sending.as_str(), "signed" | "encrypted")
    }

    pub(super) fn is_pushed(&self) -> bool {
        self.channel != "url"
    }

    pub(super) fn binds_tokens(&self) -> bool {
        self.dpop == "yes"
    }

    fn field_mut(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "client" => &mut self.client,
            "algorithm" => &mut self.algorithm,
            "channel" => &mut self.channel,
            "sending" => &mut self.sending,
            "dpop" => &mut self.dpop,
            "redirect_uri" => &mut self.redirect_uri,
            "scope" => &mut self.scope,
            "code_challenge_method" => &mut self.code_challenge_method,
            "response_mode" => &mut self.response_mode,
            "prompt" => &mut self.prompt,
            "max_age" => &mut self.max_age,
            "further" => &mut self.further,
            "mistake" => &mut self.mistake,
            _ => return None,
        })
    }
}

/// FAPI and what builds on it take no tokens that are good in any hands.
fn binds_tokens(policy: &Policy) -> bool {
    policy.require_dpop || !matches!(policy.profile, Profile::Oauth | Profile::Oidc)
}

/// What both assertions and request objects may be signed with.
fn algorithm(policy: &Policy) -> Option<SigningAlgorithm> {
    let lists =
        [&policy.token_endpoint_auth_signing_alg_values_supported, &policy.request_object_signing_alg_values_supported];
    ClientKey::ALGORITHMS.into_iter().find(|algorithm| lists.iter().all(|list| list.contains(algorithm)))
}

fn scope(policy: &Policy) -> String {
    match &policy.scopes_supported {
        Some(scopes) => scopes.join(" "),
        None if !policy.required_scopes.is_empty() => policy.required_scopes.join(" "),
        None => "openid accounts".to_owned(),
    }
}

/// Where the playground's clients get their answers.
pub(crate) fn callback(issuer: &Issuer) -> String {
    issuer.url("/playground/callback")
}
