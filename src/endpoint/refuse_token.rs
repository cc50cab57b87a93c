//! The refusals of the host's own at its token endpoint.

use super::ParEndpoint;
use crate::{client_auth::AuthenticatedRequest, error::TokenError, observer::Event};

impl<C, S> ParEndpoint<C, S> {
    /// Refuses a request to the token endpoint, whose client has authenticated, for a reason of the host's own: a code that it does not
    /// know, for instance. Observers are told ([`Event::TokenRefused`]), so that a client that tries codes shows in logs and
    /// metrics; and a client that has shown a DPoP key gets the nonce for its next proof.
    ///
    /// What this library refuses, observers know already.
    ///
    /// ```
    /// use parjar::{AuthenticatedRequest, CodeBinding, ParEndpoint, Reply, TokenErrorCode};
    ///
    /// fn redeem(
    ///     par: &ParEndpoint,
    ///     request: &AuthenticatedRequest,
    ///     take: impl Fn(&str) -> Option<CodeBinding>,
    /// ) -> Result<CodeBinding, Reply> {
    ///     let refused = |error: TokenErrorCode| par.refuse_token(request, error);
    ///     let code = request.parameters().get("code").ok_or_else(|| refused(TokenErrorCode::InvalidRequest))?;
    ///     let code = take(code).ok_or_else(|| refused(TokenErrorCode::InvalidGrant))?;
    ///     par.check_code(request, &code)?;
    ///     Ok(code)
    /// }
    /// ```
    pub fn refuse_token(&self, request: &AuthenticatedRequest, error: impl Into<TokenError>) -> TokenError {
        let (client, error) = (request.client(), error.into());
        let client_id = client.client().client_id();
        self.parts.observers.observe(&Event::TokenRefused { client_id, error: error.code() });
        match client.confirmation().jkt {
            Some(_) => error.with_dpop_nonce(self.dpop_nonce()),
            None => error,
        }
    }
}
