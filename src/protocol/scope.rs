//! `scope`: a list of tokens, each separated from the next by one space (RFC 6749 section 3.3).

/// Whether a text is a single scope token: `%x21 / %x23-5B / %x5D-7E`, at least one.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}
