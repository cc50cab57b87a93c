//! The values of `error` in answers to clients.

use std::fmt;

/// The `error` values of RFC 6749 sections 4.1.2.1 and 5.2 and of the extensions, as far as this library answers them.
///
/// Errors that only an interaction with the user can bring about are not among them, so that none of them can be the
/// answer to a push (RFC 9126 section 2.3). See [`DenialCode`](crate::DenialCode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// `invalid_request` (RFC 6749)
    InvalidRequest,
    /// `invalid_client` (RFC 6749 section 5.2)
    InvalidClient,
    /// `invalid_grant` (RFC 6749 section 5.2): of the token endpoint alone.
    InvalidGrant,
    /// `unauthorized_client` (RFC 6749)
    UnauthorizedClient,
    /// `access_denied` (RFC 6749)
    AccessDenied,
    /// `unsupported_response_type` (RFC 6749)
    UnsupportedResponseType,
    /// `invalid_scope` (RFC 6749)
    InvalidScope,
    /// `server_error` (RFC 6749)
    ServerError,
    /// `temporarily_unavailable` (RFC 6749)
    TemporarilyUnavailable,
    /// `invalid_request_uri` (RFC 9101 section 7)
    InvalidRequestUri,
    /// `invalid_request_object` (RFC 9101 section 7)
    InvalidRequestObject,
    /// `request_not_supported` (RFC 9101 section 7)
    RequestNotSupported,
    /// `request_uri_not_supported` (RFC 9101 section 7)
    RequestUriNotSupported,
    /// `registration_not_supported` (OpenID Connect Core section 3.1.2.6)
    RegistrationNotSupported,
    /// `invalid_target` (RFC 8707)
    InvalidTarget,
    /// `invalid_authorization_details` (RFC 9396)
    InvalidAuthorizationDetails,
    /// `invalid_dpop_proof` (RFC 9449 section 5)
    InvalidDpopProof,
    /// `use_dpop_nonce` (RFC 9449 section 8)
    UseDpopNonce,
    /// `use_attestation_challenge` (draft-ietf-oauth-attestation-based-client-auth)
    UseAttestationChallenge,
    /// `use_fresh_attestation` (draft-ietf-oauth-attestation-based-client-auth)
    UseFreshAttestation,
}

impl ErrorCode {
    /// Returns the value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::UseAttestationChallenge => "use_attestation_challenge",
            Self::UseFreshAttestation => "use_fresh_attestation",
        }
    }
}

impl ErrorCode {
    pub(super) const fn usual_status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `error` values with which a host denies an authorization, through the browser alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialCode {
    /// `access_denied`: the user, or the server, said no.
    AccessDenied,
    /// `login_required` (OpenID Connect Core section 3.1.2.6)
    LoginRequired,
    /// `consent_required` (OpenID Connect Core section 3.1.2.6)
    ConsentRequired,
    /// `interaction_required` (OpenID Connect Core section 3.1.2.6)
    InteractionRequired,
    /// `account_selection_required` (OpenID Connect Core section 3.1.2.6)
    AccountSelectionRequired,
    /// `unmet_authentication_requirements` (OpenID Connect Unmet Authentication Requirements)
    UnmetAuthenticationRequirements,
    /// `server_error`
    ServerError,
    /// `temporarily_unavailable`
    TemporarilyUnavailable,
}

impl DenialCode {
    /// Returns the value on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => ErrorCode::AccessDenied.as_str(),
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::ServerError => ErrorCode::ServerError.as_str(),
            Self::TemporarilyUnavailable => ErrorCode::TemporarilyUnavailable.as_str(),
        }
    }
}
