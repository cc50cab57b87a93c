//! A refusal: a reason, with what helps its sender or the host.

use std::{error::Error, fmt};

use super::{Reason, Rejection, code::ErrorCode};
use crate::{
    cause::Cause,
    error_text::debug_by_display,
    protocol::{form_error::FormError, redirect_uri::RedirectUriError},
};

/// A request that was turned down.
///
/// `Display` and `Debug` are for logs: they name the [`Reason`], never a value of the request.
#[derive(Clone)]
pub struct Refusal {
    reason: Reason,
    retry_after: Option<u32>,
    enclosed: Enclosed,
}

/// A part of a refusal for the log of the host, or for the next attempt of its sender.
#[derive(Clone)]
enum Enclosed {
    Nothing,
    Cause(Cause),
    DpopNonce(Box<str>),
    AttestationChallenge(Box<str>),
    ClockOffset(i64),
}

impl Refusal {
    pub(crate) fn unavailable(reason: Reason, cause: impl Into<Cause>) -> Self {
        Self { reason, retry_after: Some(1), enclosed: Enclosed::Cause(cause.into()) }
    }

    /// A fault of this side that does not go away by itself.
    pub(crate) fn failed(reason: Reason, cause: impl Into<Cause>) -> Self {
        Self { reason, retry_after: None, enclosed: Enclosed::Cause(cause.into()) }
    }

    pub(crate) fn later(reason: Reason, seconds: u32) -> Self {
        Self { reason, retry_after: Some(seconds), enclosed: Enclosed::Nothing }
    }

    /// Adds the cause, for the log of the host.
    pub(crate) fn because_of(self, cause: impl Into<Cause>) -> Self {
        Self { enclosed: Enclosed::Cause(cause.into()), ..self }
    }

    /// Adds the nonce that the next DPoP proof must have.
    pub(crate) fn with_dpop_nonce(self, nonce: String) -> Self {
        Self { enclosed: Enclosed::DpopNonce(nonce.into()), ..self }
    }

    /// Adds the challenge that the next proof of possession must have.
    pub(crate) fn with_attestation_challenge(self, challenge: String) -> Self {
        Self { enclosed: Enclosed::AttestationChallenge(challenge.into()), ..self }
    }

    /// Adds the seconds by which the clock of the sender seems to be behind.
    pub(crate) fn with_clock_offset(self, seconds: Option<i64>) -> Self {
        match seconds {
            Some(seconds) => Self { enclosed: Enclosed::ClockOffset(seconds), ..self },
            None => self,
        }
    }

    /// Returns the seconds between the `iat` of a proof of possession and now, for the host's logs, where the proof is refused for
    /// its dates. A positive number is that of a clock that is behind, or of a proof that is old.
    #[must_use]
    pub fn clock_offset(&self) -> Option<i64> {
        match self.enclosed {
            Enclosed::ClockOffset(seconds) => Some(seconds),
            _ => None,
        }
    }

    /// Returns the reason, to count and to match on.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the `error` value that the sender gets.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.reason.code()
    }

    /// Returns the HTTP status at the PAR and token endpoints. For pages see
    /// [`AuthorizeRefusal::page_status`](crate::AuthorizeRefusal::page_status).
    #[must_use]
    pub fn status(&self) -> u16 {
        self.reason.status()
    }

    /// Returns the `error_description` that the sender gets.
    #[must_use]
    pub fn description(&self) -> &'static str {
        self.reason.description()
    }

    /// Returns the seconds after which it is worth trying again, for a `Retry-After` header.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// Returns the body of an error response (RFC 6749 section 5.2). Codes and descriptions are printable ASCII without
    /// quotes and backslashes, so they need no escaping.
    pub(crate) fn to_json(&self) -> String {
        let (code, description) = (self.code().as_str(), self.description());
        [r#"{"error":""#, code, r#"","error_description":""#, description, r#""}"#].concat()
    }

    /// Returns the nonce that the next DPoP proof must have, for a `DPoP-Nonce` header. It is there exactly when the
    /// code is `use_dpop_nonce`.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<&str> {
        match &self.enclosed {
            Enclosed::DpopNonce(nonce) => Some(nonce),
            _ => None,
        }
    }

    /// Returns the challenge that the next proof of possession of an attested key must have, for an
    /// `OAuth-Client-Attestation-Challenge` header. It is there exactly when the code is `use_attestation_challenge`.
    #[must_use]
    pub fn attestation_challenge(&self) -> Option<&str> {
        match &self.enclosed {
            Enclosed::AttestationChallenge(challenge) => Some(challenge),
            _ => None,
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, retry_after: None, enclosed: Enclosed::Nothing }
    }
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        Reason::Form(error).into()
    }
}

impl From<RedirectUriError> for Refusal {
    fn from(error: RedirectUriError) -> Self {
        Reason::RedirectUri(error).into()
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Reason::Host(rejection).into()
    }
}

debug_by_display!(Refusal);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code(), self.reason)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.enclosed {
            Enclosed::Cause(cause) => Some(cause.as_error()),
            _ => None,
        }
    }
}
