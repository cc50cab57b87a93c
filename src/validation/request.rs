//! A validated authorization request.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    client::Client,
    protocol::{
        authentication_key::AuthenticationKey,
        code_challenge::CodeChallenge,
        confirmation::Confirmation,
        parameters::{Name, Parameters},
        protection::Protection,
        redirect_uri::RedirectUri,
        response_type::{ResponseMode, ResponseType},
    },
};

/// An authorization request that fits policy and client. Only validation makes one.
///
/// The typed accessors are for what the library has checked; everything else is in [`parameters`](Self::parameters), nothing
/// dropped.
#[derive(Clone)]
pub struct AuthorizationRequest {
    client: Arc<Client>,
    parameters: Parameters,
    protection: Protection,
    redirect_uri: RedirectUri,
    authentication_key: Option<AuthenticationKey>,
    checked: Checked,
}

/// The values that the checks read out of the parameters.
#[derive(Clone)]
pub(super) struct Checked {
    pub(super) confirmation: Confirmation,
    pub(super) response_type: ResponseType,
    pub(super) response_mode: ResponseMode,
    pub(super) code_challenge: Option<CodeChallenge>,
    pub(super) max_age: Option<u64>,
    pub(super) claims: Option<Value>,
    pub(super) authorization_details: Vec<Map<String, Value>>,
}

impl AuthorizationRequest {
    /// Makes a request out of parameters that have passed all checks.
    pub(super) fn new(
        client: Arc<Client>,
        authentication_key: Option<AuthenticationKey>,
        parameters: Parameters,
        protection: Protection,
        redirect_uri: RedirectUri,
        checked: Checked,
    ) -> Self {
        Self { client, parameters, protection, redirect_uri, authentication_key, checked }
    }

    pub(crate) fn shared_client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The client that the request is for.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// `client_id`
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.client.client_id()
    }

    /// All parameters, `client_id` among them, in the order of the request.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The protection in which the parameters came: none, a signed request object, or an encrypted one.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// The keys and certificates that the code is to be bound to, and then the tokens, by the push or by `dpop_jkt`. The token
    /// endpoint demands the same (RFC 9449 section 10).
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        self.checked.confirmation
    }

    /// The key that the client has authenticated its push with. `None` with secrets, without credentials, and for a request in the
    /// query. Keep it with the code, where the token endpoint demands the same one: see
    /// [`AuthenticatedClient::authenticated_with`](crate::AuthenticatedClient::authenticated_with).
    #[must_use]
    pub fn authentication_key(&self) -> Option<&AuthenticationKey> {
        self.authentication_key.as_ref()
    }

    /// The URI that the response goes to: the one in the request, or the only registered one where the request has none.
    #[must_use]
    pub fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// `redirect_uri` as it was sent, if it was. The token endpoint demands the same exactly when this is here (RFC 6749 section
    /// 4.1.3).
    #[must_use]
    pub fn redirect_uri_parameter(&self) -> Option<&str> {
        self.parameters.known(Name::RedirectUri)
    }

    /// `response_type`
    #[must_use]
    pub fn response_type(&self) -> ResponseType {
        self.checked.response_type
    }

    /// `response_mode`, or the default of the response type.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.checked.response_mode
    }

    /// The tokens of `scope`; none when it was left out.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.tokens(Name::Scope)
    }

    /// Returns `true` if this token is in `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|token| token == scope)
    }

    /// `state`
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.parameters.known(Name::State)
    }

    /// `nonce`
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.parameters.known(Name::Nonce)
    }

    /// `code_challenge` and its method. The token endpoint demands a `code_verifier` exactly when this is here (RFC 9700
    /// section 4.8.2).
    #[must_use]
    pub fn code_challenge(&self) -> Option<&CodeChallenge> {
        self.checked.code_challenge.as_ref()
    }

    /// The values of `prompt`, unknown ones among them.
    pub fn prompts(&self) -> impl Iterator<Item = &str> {
        self.tokens(Name::Prompt)
    }

    /// Returns `true` if this value is in `prompt`.
    #[must_use]
    pub fn has_prompt(&self, prompt: &str) -> bool {
        self.prompts().any(|value| value == prompt)
    }

    /// `max_age` in seconds, or the client's `default_max_age`.
    #[must_use]
    pub fn max_age(&self) -> Option<u64> {
        self.checked.max_age.or(self.client.default_max_age())
    }

    /// `login_hint`
    #[must_use]
    pub fn login_hint(&self) -> Option<&str> {
        self.parameters.known(Name::LoginHint)
    }

    /// The values of `acr_values`, most wanted first.
    pub fn acr_values(&self) -> impl Iterator<Item = &str> {
        self.tokens(Name::AcrValues)
    }

    /// The values of `ui_locales`, most wanted first.
    pub fn ui_locales(&self) -> impl Iterator<Item = &str> {
        self.tokens(Name::UiLocales)
    }

    /// `claims`, parsed (OpenID Connect Core section 5.5). Its JSON as it came is in the parameters.
    #[must_use]
    pub fn claims(&self) -> Option<&Value> {
        self.checked.claims.as_ref()
    }

    /// The values of `resource` (RFC 8707).
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.parameters.known_all(Name::Resource)
    }

    /// The objects in `authorization_details` (RFC 9396), parsed. Their JSON as it came is in the parameters.
    #[must_use]
    pub fn authorization_details(&self) -> &[Map<String, Value>] {
        &self.checked.authorization_details
    }

    fn tokens(&self, name: Name) -> impl Iterator<Item = &str> {
        self.parameters.known(name).unwrap_or_default().split(' ').filter(|token| !token.is_empty())
    }
}

impl fmt::Debug for AuthorizationRequest {
    /// Shows no values: they may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("client_id", &self.client_id())
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
