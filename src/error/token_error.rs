//! Error responses of token endpoints.

use std::fmt;

use super::rejection::is_error_text;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal $status:literal $text:literal;)*) => {
        /// The `error` values with which a token endpoint answers (RFC 6749 section 5.2), and the endpoints beside it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum TokenErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl TokenErrorCode {
            /// Returns the value on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// Returns the HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$variant => $status,)*
                }
            }

            const fn usual_description(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    /// `invalid_request`: a parameter is missing, repeated or malformed.
    InvalidRequest "invalid_request" 400 "the request is malformed";
    /// `invalid_client`, with a challenge for HTTP Basic.
    InvalidClient "invalid_client" 401 "client authentication failed";
    /// `invalid_grant`: the code, the refresh token or what else is traded is not good, or is another client's; a `redirect_uri` or a
    /// `code_verifier` that does not fit (RFC 7636 section 4.6).
    InvalidGrant "invalid_grant" 400 "the grant is unknown, has expired, was revoked or was used";
    /// `unauthorized_client`: the client is not registered for this grant type.
    UnauthorizedClient "unauthorized_client" 400 "this client may not use this grant type";
    /// `unsupported_grant_type`
    UnsupportedGrantType "unsupported_grant_type" 400 "this grant type is not supported";
    /// `invalid_scope`: more than was granted, or unknown.
    InvalidScope "invalid_scope" 400 "the scope is unknown, or exceeds what was granted";
    /// `invalid_target` (RFC 8707 section 2): a `resource` for which there is no token.
    InvalidTarget "invalid_target" 400 "there is no token for this resource";
    /// `invalid_authorization_details` (RFC 9396 section 5)
    InvalidAuthorizationDetails "invalid_authorization_details" 400 "the authorization_details are not acceptable";
    /// `authorization_pending` (RFC 8628 section 3.5): the user has not decided yet.
    AuthorizationPending "authorization_pending" 400 "the user has not decided yet";
    /// `slow_down` (RFC 8628 section 3.5)
    SlowDown "slow_down" 400 "the client asks too often";
    /// `access_denied` (RFC 8628 section 3.5): the user said no.
    AccessDenied "access_denied" 400 "the user has denied access";
    /// `expired_token` (RFC 8628 section 3.5): the device code has expired.
    ExpiredToken "expired_token" 400 "the time for a decision is over";
    /// `unsupported_token_type` (RFC 7009 section 2.2.1)
    UnsupportedTokenType "unsupported_token_type" 400 "tokens of this type cannot be revoked";
    /// `server_error`: a fault of this side.
    ServerError "server_error" 500 "the server could not process the request";
    /// `temporarily_unavailable`: a fault of this side that passes.
    TemporarilyUnavailable "temporarily_unavailable" 503 "the server cannot answer at the moment";
}

impl fmt::Display for TokenErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error response of a token endpoint (RFC 6749 section 5.2): a code, and fixed text for the client. `Reply::from` makes it the reply, with
/// the headers that belong to it.
///
/// [`ParEndpoint::authenticate_client`](crate::ParEndpoint::authenticate_client) answers by itself what concerns the client and its
/// credentials. This is for what comes after:
///
/// ```
/// use parjar::{AuthenticatedRequest, FormRequest, ParEndpoint, Reply, TokenError, TokenErrorCode};
///
/// # struct Code;
/// # impl Code { fn is_for(&self, _: &AuthenticatedRequest) -> bool { false } }
/// # fn take(_: &str) -> Option<Code> { None }
/// const OF_ANOTHER: TokenError = TokenError::new(TokenErrorCode::InvalidGrant, "the code is that of another client");
///
/// fn redeem(request: &AuthenticatedRequest) -> Result<Code, TokenError> {
///     request.grant_type(&["authorization_code"])?;
///     let code = request.parameters().get("code").ok_or(TokenErrorCode::InvalidRequest)?;
///     let code = take(code).ok_or(TokenErrorCode::InvalidGrant)?;
///     if code.is_for(request) { Ok(code) } else { Err(OF_ANOTHER) }
/// }
///
/// async fn token(par: &ParEndpoint, request: &FormRequest<'_>) -> Reply {
///     let request = match par.authenticate_client(request).await {
///         Ok(request) => request,
///         Err(refusal) => return refusal.into(),
///     };
///     match redeem(&request) {
///         # Ok(_) => unreachable!(),
/// #       /*
///         Ok(code) => ...,
/// #       */
///         // A client that uses DPoP gets the nonce for its next proof with errors as well.
///         Err(error) => error.with_dpop_nonce(par.dpop_nonce()).into(),
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    code: TokenErrorCode,
    description: &'static str,
    dpop_nonce: Option<String>,
    retry_after: Option<u32>,
}

impl TokenError {
    /// Makes an error. The client gets `description` as `error_description`. RFC 6749 section 5.2 allows printable ASCII without `"` and
    /// `\`; a text with anything else is replaced by the usual one of the code, which `TokenError::from` has.
    #[must_use]
    pub const fn new(code: TokenErrorCode, description: &'static str) -> Self {
        let description = if is_error_text(description.as_bytes()) { description } else { code.usual_description() };
        Self { code, description, dpop_nonce: None, retry_after: None }
    }

    /// Adds the nonce for the next DPoP proof, if there is one: [`ParEndpoint::dpop_nonce`](crate::ParEndpoint::dpop_nonce).
    #[must_use]
    pub fn with_dpop_nonce(self, nonce: Option<String>) -> Self {
        Self { dpop_nonce: nonce, ..self }
    }

    /// Adds the seconds after which it is worth trying again.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Returns the `error` value.
    #[must_use]
    pub fn code(&self) -> TokenErrorCode {
        self.code
    }

    /// Returns the `error_description`.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the nonce for the next DPoP proof.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<&str> {
        self.dpop_nonce.as_deref()
    }

    /// Returns the seconds after which it is worth trying again.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// Returns the body. Codes and descriptions need no escaping.
    pub(crate) fn to_json(&self) -> String {
        let (code, description) = (self.code.as_str(), self.description);
        [r#"{"error":""#, code, r#"","error_description":""#, description, r#""}"#].concat()
    }
}

impl From<TokenErrorCode> for TokenError {
    /// The error with the usual text of its code.
    fn from(code: TokenErrorCode) -> Self {
        Self::new(code, code.usual_description())
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.description)
    }
}

impl std::error::Error for TokenError {}
