//! The reason why a registration is unusable.

use crate::error_text::debug_by_display;

/// The reason why a registration is unusable. `Display` names the member, never its value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {problem}")]
pub struct RegistrationError {
    member: &'static str,
    problem: String,
}

debug_by_display!(RegistrationError);

impl RegistrationError {
    pub(crate) fn new(member: &'static str, problem: impl Into<String>) -> Self {
        Self { member, problem: problem.into() }
    }

    /// Returns `true` if a member needs another one, which is not there.
    pub(super) fn is_of_missing_member(&self) -> bool {
        matches!(self.member, "token_endpoint_auth_method" | "request_object_signing_alg")
            && self.problem.contains("needs")
    }

    /// The metadata name.
    #[must_use]
    pub fn member(&self) -> &'static str {
        self.member
    }
}
