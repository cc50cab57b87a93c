//! The header of a token (RFC 7515 section 4, RFC 7516 section 4).

use serde_json::{Map, Value};

use super::{MAX_KID, TokenFault, base64url};
use crate::json;

/// Bytes of an encoded header.
const MAX_HEADER: usize = 8 * 1024;

/// A header that asks for nothing unusual. Nothing of it has been verified.
pub(crate) struct Header {
    pub(super) members: Map<String, Value>,
}

impl Header {
    pub(super) fn parse(segment: &str) -> Result<Self, TokenFault> {
        if segment.len() > MAX_HEADER {
            return Err(TokenFault::TooLarge);
        }
        let bytes = base64url::decode(segment).ok_or(TokenFault::Malformed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| TokenFault::Malformed)?;
        let Some(Value::Object(members)) = json::parse(text) else {
            return Err(TokenFault::Malformed);
        };
        let refused = [
            ("crit", TokenFault::Critical),
            ("b64", TokenFault::Unencoded),
            ("zip", TokenFault::Compressed),
            ("jwk", TokenFault::KeyInHeader),
            ("jku", TokenFault::KeyInHeader),
            ("x5c", TokenFault::KeyInHeader),
            ("x5u", TokenFault::KeyInHeader),
        ];
        if let Some((_, fault)) = refused.into_iter().find(|(member, _)| members.contains_key(*member)) {
            return Err(fault);
        }
        let header = Self { members };
        for member in ["alg", "enc", "kid", "typ", "cty"] {
            if header.members.get(member).is_some_and(|value| !value.is_string()) {
                return Err(TokenFault::Malformed);
            }
        }
        if header.kid().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenFault::Malformed);
        }
        Ok(header)
    }

    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str)
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.text("kid")
    }

    /// Whether `typ` is absent, `JWT`, or one of these media types, which are compared as such (RFC 7515 section 4.1.9).
    pub(crate) fn has_type(&self, types: &[&str]) -> bool {
        self.text("typ").is_none_or(|typ| is_type(typ, types))
    }

    /// Whether `typ` says precisely this.
    pub(crate) fn has_explicit_type(&self, wanted: &str) -> bool {
        self.text("typ").is_some_and(|typ| without_prefix(typ).eq_ignore_ascii_case(wanted))
    }

    /// Whether `cty` is absent, `JWT`, or one of these media types.
    pub(super) fn has_content_type(&self, types: &[&str]) -> bool {
        self.text("cty").is_none_or(|cty| is_type(cty, types))
    }

    pub(super) fn has_any_content_type(&self) -> bool {
        self.members.contains_key("cty")
    }
}

fn is_type(text: &str, types: &[&str]) -> bool {
    let text = without_prefix(text);
    text.eq_ignore_ascii_case("JWT") || types.iter().any(|wanted| text.eq_ignore_ascii_case(wanted))
}

fn without_prefix(text: &str) -> &str {
    match text.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => text,
    }
}
