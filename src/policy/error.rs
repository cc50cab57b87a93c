//! Errors of policies.

use std::borrow::Cow;

use crate::error_text::debug_by_display;

/// A setting that is out of its bounds or contradicts another one.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {problem}")]
pub struct PolicyError {
    member: String,
    problem: Cow<'static, str>,
}

debug_by_display!(PolicyError);

impl PolicyError {
    pub(super) fn new(member: impl Into<String>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { member: member.into(), problem: problem.into() }
    }

    /// The same error, of a member of `outer`.
    pub(super) fn within(self, outer: &str) -> Self {
        Self { member: format!("{outer}.{}", self.member), ..self }
    }

    /// Returns the name of the setting, as in a file.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.member
    }
}
