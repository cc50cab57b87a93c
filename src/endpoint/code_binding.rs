//! What an authorization code is bound to, kept with it and demanded when it is redeemed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ParEndpoint;
use crate::{
    client_auth::AuthenticatedRequest,
    error::{Reason, Refusal},
    observer::Stage,
    policy::Profile,
    protocol::{
        authentication_key::AuthenticationKey,
        code_challenge::{CodeChallenge, CodeChallengeMethod},
        confirmation::{Confirmation, Thumbprint},
        parameters::Name,
    },
    validation::request::AuthorizationRequest,
};

/// What an authorization code is bound to by its authorization request: the client, its `redirect_uri`, the `code_challenge`, and the keys
/// that the client has shown. A host keeps it with the code, and hands it to [`ParEndpoint::check_code`] when the code comes to
/// its token endpoint.
///
/// It is kept by `serde`, as a map of texts: `client_id`, and where the request has them `redirect_uri`, `code_challenge`,
/// `code_challenge_method`, `jkt`, `x5t#S256`, `client_instance`, `authentication_key` (a thumbprint) and `kid`. Nothing in it is a
/// secret; an attacker who can change it can redeem codes of others. A member that this version does not know is an error, since it is a
/// demand of a later one.
///
/// ```
/// use parjar::{AuthenticatedRequest, CodeBinding, Granted, ParEndpoint, Refusal};
///
/// /// The row of a code, when it is issued.
/// fn row(granted: &Granted) -> serde_json::Result<String> {
///     serde_json::to_string(&CodeBinding::of(granted.request()))
/// }
///
/// /// The same row, after `DELETE ... RETURNING` by the code that came to the token endpoint.
/// fn redeem(par: &ParEndpoint, request: &AuthenticatedRequest, row: &str) -> Result<(), Box<dyn std::error::Error>> {
///     let binding: CodeBinding = serde_json::from_str(row)?;
///     par.check_code(request, &binding)?;
///     // ... issue the tokens, bound to `request.client().confirmation()`
///     Ok(())
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Kept", into = "Kept")]
pub struct CodeBinding {
    client_id: String,
    redirect_uri: Option<String>,
    code_challenge: Option<CodeChallenge>,
    confirmation: Confirmation,
    authentication_key: Option<AuthenticationKey>,
}

impl CodeBinding {
    /// The binding of the code that is issued for this request.
    #[must_use]
    pub fn of(request: &AuthorizationRequest) -> Self {
        Self {
            client_id: request.client_id().to_owned(),
            redirect_uri: request.redirect_uri_parameter().map(str::to_owned),
            code_challenge: request.code_challenge().cloned(),
            confirmation: request.confirmation(),
            authentication_key: request.authentication_key().cloned(),
        }
    }

    /// The client that the code was issued to.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The keys that the code is bound to. A refresh token that comes of it is bound to the same: see
    /// [`AuthenticatedClient::fulfils`](crate::AuthenticatedClient::fulfils).
    #[must_use]
    pub fn confirmation(&self) -> Confirmation {
        self.confirmation
    }

    /// The key that the client has authenticated its push with. In the AT Protocol a refresh token is bound to it as well: see
    /// [`AuthenticatedClient::authenticated_with`](crate::AuthenticatedClient::authenticated_with).
    #[must_use]
    pub fn authentication_key(&self) -> Option<&AuthenticationKey> {
        self.authentication_key.as_ref()
    }

    /// The reason for which a request to the token endpoint may not have the code.
    fn check(&self, request: &AuthenticatedRequest, demands_key: bool) -> Result<(), Reason> {
        let (client, parameters) = (request.client(), request.parameters());
        if client.client().client_id() != self.client_id {
            return Err(Reason::CodeOfOtherClient);
        }
        if !client.fulfils(self.confirmation) {
            return Err(Reason::CodeOfOtherKey);
        }
        if demands_key && !client.authenticated_with(self.authentication_key.as_ref()) {
            return Err(Reason::CodeOfOtherAuthenticationKey);
        }
        if self.redirect_uri.is_some() && parameters.known(Name::RedirectUri) != self.redirect_uri.as_deref() {
            return Err(Reason::CodeOfOtherRedirectUri);
        }
        match (&self.code_challenge, parameters.known(Name::CodeVerifier)) {
            (Some(challenge), Some(verifier)) if challenge.verify(verifier) => Ok(()),
            (None, None) => Ok(()),
            (Some(_), None) => Err(Reason::MissingCodeVerifier),
            (Some(_), Some(_)) => Err(Reason::WrongCodeVerifier),
            // An attacker may have taken the challenge off the authorization request (RFC 9700 section 4.8.2).
            (None, Some(_)) => Err(Reason::StrayCodeVerifier),
        }
    }
}

impl<C, S> ParEndpoint<C, S> {
    /// Checks that the client of a request to the token endpoint may have the tokens of a code: that it is the client that the code
    /// was issued to, names the `redirect_uri` of the authorization request if that had one (RFC 6749 section 4.1.3), answers
    /// its `code_challenge` (RFC 7636 section 4.6), and has shown the keys that the code is bound to (RFC 9449 section 10, RFC 8705).
    /// In the AT Protocol it must have authenticated with the key of the push, too.
    ///
    /// The host finds the code, ends it so that it is good once, looks at its age, and calls this whatever it found. A code that comes a
    /// second time should revoke what was issued for it (RFC 6749 section 4.1.2). See [`CodeBinding`] for an example.
    ///
    /// # Errors
    ///
    /// A refusal with `invalid_grant`, ready to be sent as the reply of the token endpoint. Observers have been told.
    pub fn check_code(&self, request: &AuthenticatedRequest, code: &CodeBinding) -> Result<(), Refusal> {
        let demands_key = self.policy().profile == Profile::Atproto;
        code.check(request, demands_key).map_err(|reason| {
            let client_id = request.client().client().client_id();
            self.parts.begin(Stage::Token).refused(Some(client_id), reason.into())
        })
    }
}

impl fmt::Debug for CodeBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeBinding").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The members as they are kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_challenge: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code_challenge_method: Option<Method>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jkt: Option<String>,
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_instance: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authentication_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Method {
    S256,
    #[serde(rename = "plain")]
    Plain,
}

impl From<CodeBinding> for Kept {
    fn from(binding: CodeBinding) -> Self {
        let text = |thumbprint: Option<Thumbprint>| thumbprint.map(|thumbprint| thumbprint.to_string());
        let Confirmation { jkt, x5t_s256, client_instance } = binding.confirmation;
        let (challenge, key) = (binding.code_challenge, binding.authentication_key);
        Self {
            client_id: binding.client_id,
            redirect_uri: binding.redirect_uri,
            code_challenge_method: challenge.as_ref().map(|challenge| match challenge.method() {
                CodeChallengeMethod::S256 => Method::S256,
                CodeChallengeMethod::Plain => Method::Plain,
            }),
            code_challenge: challenge.map(|challenge| challenge.as_str().to_owned()),
            jkt: text(jkt),
            x5t_s256: text(x5t_s256),
            client_instance: text(client_instance),
            authentication_key: text(key.as_ref().map(AuthenticationKey::thumbprint)),
            kid: key.and_then(|key| key.kid().map(str::to_owned)),
        }
    }
}

impl TryFrom<Kept> for CodeBinding {
    type Error = &'static str;

    fn try_from(kept: Kept) -> Result<Self, Self::Error> {
        let thumbprint = |text: Option<String>| {
            text.map(|text| Thumbprint::parse(&text).ok_or("a thumbprint is not 43 characters of base64url"))
                .transpose()
        };
        let code_challenge = match (kept.code_challenge, kept.code_challenge_method) {
            (None, None) => None,
            (Some(challenge), Some(method)) => {
                let method = match method {
                    Method::S256 => CodeChallengeMethod::S256,
                    Method::Plain => CodeChallengeMethod::Plain,
                };
                Some(CodeChallenge::parse(&challenge, method).ok_or("code_challenge is malformed")?)
            }
            _ => return Err("code_challenge and code_challenge_method come together"),
        };
        let authentication_key = thumbprint(kept.authentication_key)?.map(AuthenticationKey::new);
        Ok(Self {
            client_id: kept.client_id,
            redirect_uri: kept.redirect_uri,
            code_challenge,
            confirmation: Confirmation {
                jkt: thumbprint(kept.jkt)?,
                x5t_s256: thumbprint(kept.x5t_s256)?,
                client_instance: thumbprint(kept.client_instance)?,
            },
            authentication_key: match (authentication_key, kept.kid) {
                (Some(key), Some(kid)) => Some(key.with_kid(kid)),
                (key, _) => key,
            },
        })
    }
}
