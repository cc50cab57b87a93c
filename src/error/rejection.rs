//! Refusals by the host.

use super::code::ErrorCode;

/// A refusal by a rule of the host: an error code, a label to count by, and fixed public text.
///
/// ```
/// use parjar::{ErrorCode, Rejection};
///
/// const TOO_MUCH: Rejection =
///     Rejection::new(ErrorCode::InvalidAuthorizationDetails, "amount_over_limit", "the amount is over the limit");
/// assert_eq!(TOO_MUCH.label(), "amount_over_limit");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    pub(super) code: ErrorCode,
    pub(super) label: &'static str,
    pub(super) description: &'static str,
}

impl Rejection {
    /// Makes a rejection. The client gets `description` as `error_description`. RFC 6749 section 5.2 allows printable
    /// ASCII without `"` and `\`; a text with anything else is replaced by the name of the code.
    #[must_use]
    pub const fn new(code: ErrorCode, label: &'static str, description: &'static str) -> Self {
        let description = if is_error_text(description.as_bytes()) { description } else { code.as_str() };
        Self { code, label, description }
    }

    /// Returns the label to count by.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.label
    }
}

/// Returns `true` for what may be an `error_description`.
pub(super) const fn is_error_text(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        if !matches!(*first, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E) {
            return false;
        }
        bytes = rest;
    }
    true
}
