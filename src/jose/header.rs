//! The header of a token (RFC 7515 section 4, RFC 7516 section 4).

use serde_json::{Map, Value};

use super::{MAX_KID, TokenFault, base64url, claim_set::text_of};
use crate::{json, protocol::confirmation::Thumbprint};

/// Bytes of an encoded header.
const MAX_HEADER: usize = 8 * 1024;

/// A header that asks for nothing unusual. Nothing of it has been verified.
#[derive(Default)]
pub(crate) struct Header {
    pub(super) alg: Option<Box<str>>,
    pub(super) enc: Option<Box<str>>,
    pub(super) kid: Option<Box<str>>,
    typ: Option<Box<str>>,
    cty: Option<Box<str>>,
    /// The key that the token brings along, or certificates for one, if it is one that may.
    pub(super) brought: Option<Value>,
    /// `jku`, `x5c` or `x5u` is there. They are not read.
    names_keys: bool,
    /// Members of an algorithm, and unknown ones.
    pub(super) others: Map<String, Value>,
}

impl Header {
    pub(super) fn parse(segment: &str) -> Result<Self, TokenFault> {
        Self::read(segment, None)
    }

    /// As [`parse`](Self::parse), for a kind of token that may bring its key along, in this member and in no other.
    pub(super) fn parse_with(segment: &str, member: &str) -> Result<Self, TokenFault> {
        let header = Self::read(segment, Some(member))?;
        header.check_names_no_keys()?;
        Ok(header)
    }

    /// Refuses `jku`, `x5c` and `x5u`.
    pub(super) fn check_names_no_keys(&self) -> Result<(), TokenFault> {
        if self.names_keys { Err(TokenFault::KeyInHeader) } else { Ok(()) }
    }

    /// Refuses `jku`, `x5c`, `x5t` and `x5u`, if they are to be refused.
    pub(crate) fn check_hints(&self, refused: bool) -> Result<(), TokenFault> {
        let hints = self.names_keys || self.others.contains_key("x5t");
        if hints && refused { Err(TokenFault::KeyInHeader) } else { Ok(()) }
    }

    /// `x5t#S256` (RFC 7515 section 4.1.8), if it can be one.
    pub(super) fn certificate_thumbprint(&self) -> Option<Thumbprint> {
        Thumbprint::parse(self.text("x5t#S256")?)
    }

    fn read(segment: &str, may_bring: Option<&str>) -> Result<Self, TokenFault> {
        if segment.len() > MAX_HEADER {
            return Err(TokenFault::TooLarge);
        }
        let bytes = base64url::decode(segment).ok_or(TokenFault::Malformed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| TokenFault::Malformed)?;
        let members = json::parse_members(text).ok_or(TokenFault::Malformed)?;
        let mut header = Self::default();
        for (name, raw) in members {
            let place = match &*name {
                "alg" => &mut header.alg,
                "enc" => &mut header.enc,
                "kid" => &mut header.kid,
                "typ" => &mut header.typ,
                "cty" => &mut header.cty,
                "crit" => return Err(TokenFault::Critical),
                "b64" => return Err(TokenFault::Unencoded),
                "zip" => return Err(TokenFault::Compressed),
                name if may_bring == Some(name) => {
                    header.brought = Some(json::parse(raw.get()).ok_or(TokenFault::Malformed)?);
                    continue;
                }
                "jwk" => return Err(TokenFault::KeyInHeader),
                "jku" | "x5c" | "x5u" => {
                    header.names_keys = true;
                    continue;
                }
                _ => {
                    let value = json::parse(raw.get()).ok_or(TokenFault::Malformed)?;
                    header.others.insert(name.into_owned(), value);
                    continue;
                }
            };
            *place = Some(text_of(raw.get()).ok_or(TokenFault::Malformed)?.into());
        }
        if header.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenFault::Malformed);
        }
        Ok(header)
    }

    /// A member that belongs to some algorithm, if it is a text.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.others.get(member).and_then(Value::as_str)
    }

    /// Returns `true` if `typ` is absent, `JWT`, or one of these media types, which are compared as such (RFC 7515 section 4.1.9).
    pub(crate) fn has_type(&self, types: &[&str]) -> bool {
        self.typ.as_ref().is_none_or(|typ| is_type(typ, types))
    }

    /// Returns `true` if `typ` is there and is this.
    pub(crate) fn has_explicit_type(&self, wanted: &str) -> bool {
        self.typ.as_ref().is_some_and(|typ| without_prefix(typ).eq_ignore_ascii_case(wanted))
    }

    /// Returns `true` if `cty` is absent, `JWT`, or one of these media types.
    pub(super) fn has_content_type(&self, types: &[&str]) -> bool {
        self.cty.as_ref().is_none_or(|cty| is_type(cty, types))
    }

    pub(super) fn has_any_content_type(&self) -> bool {
        self.cty.is_some()
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
