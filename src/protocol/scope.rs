//! `scope`: a list of tokens, each separated from the next by one space (RFC 6749 section 3.3).

use super::parameters::{Name, Parameters};

/// Returns the tokens of the `scope` of a request.
pub(crate) fn tokens(parameters: &Parameters) -> impl Iterator<Item = &str> {
    parameters.known(Name::Scope).into_iter().flat_map(|text| text.split(' '))
}

/// Returns `true` if a text is a single scope token: `%x21 / %x23-5B / %x5D-7E`, at least one.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}
