//! A request to the token endpoint, with the client that it comes from.

use super::AuthenticatedClient;
use crate::{
    error::{TokenError, TokenErrorCode},
    protocol::parameters::Parameters,
};

/// A request to the token endpoint whose client has authenticated.
///
/// `Debug` keeps back the values of the parameters: a code, for instance.
#[derive(Clone, Debug)]
pub struct AuthenticatedRequest {
    client: AuthenticatedClient,
    parameters: Parameters,
}

impl AuthenticatedRequest {
    pub(crate) fn new(client: AuthenticatedClient, parameters: Parameters) -> Self {
        Self { client, parameters }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &AuthenticatedClient {
        &self.client
    }

    /// The parameters of the request: `grant_type`, `code` and the like. Credentials (`client_secret`, `client_assertion` and
    /// `client_assertion_type`) are not among them, and neither are parameters without a value.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Returns the `grant_type`, if it is one of those that the endpoint supports and one of those that the client is registered for.
    ///
    /// ```
    /// use parjar::{AuthenticatedRequest, TokenError};
    ///
    /// fn answer(request: &AuthenticatedRequest) -> Result<&'static str, TokenError> {
    ///     Ok(match request.grant_type(&["authorization_code", "refresh_token"])? {
    ///         "refresh_token" => "new tokens for old ones",
    ///         _ => "tokens for a code",
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// `invalid_request` when there is none, `unsupported_grant_type` when it is not supported, and `unauthorized_client` when the client is
    /// not registered for it. Registrations without `grant_types` are for `authorization_code` (RFC 7591 section 2).
    pub fn grant_type(&self, supported: &[&str]) -> Result<&str, TokenError> {
        const MISSING: TokenError = TokenError::new(TokenErrorCode::InvalidRequest, "grant_type is missing");
        let grant_type = self.parameters.get("grant_type").ok_or(MISSING)?;
        if !supported.contains(&grant_type) {
            return Err(TokenErrorCode::UnsupportedGrantType.into());
        }
        if !self.client.client().has_grant_type(grant_type) {
            return Err(TokenErrorCode::UnauthorizedClient.into());
        }
        Ok(grant_type)
    }

    /// The client and the parameters.
    #[must_use]
    pub fn into_parts(self) -> (AuthenticatedClient, Parameters) {
        (self.client, self.parameters)
    }
}
