//! The claims of a JWT (RFC 7519): no duplicates, no conversions that can fail silently, and values that are not read kept as
//! they are written.

use std::borrow::Cow;

use serde_json::{Value, value::RawValue};

use super::TokenFault;
use crate::json;

/// Bytes of a `jti`.
const MAX_ID: usize = 256;

/// The last second of the year 9999.
const MAX_DATE: i64 = 253_402_300_799;

/// The members of a payload, in their order.
pub(crate) struct ClaimSet<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// `aud`, in either of its forms (RFC 7519 section 4.1.3).
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl<'a> ClaimSet<'a> {
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, TokenFault> {
        let text = std::str::from_utf8(payload).map_err(|_| TokenFault::Malformed)?;
        json::parse_members(text).map(Self).ok_or(TokenFault::Malformed)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (&**name, value.get()))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|(member, _)| *member == name).map(|(_, value)| value)
    }

    /// A text. One of another type is not taken for absent.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, TokenFault> {
        match self.get(name) {
            None => Ok(None),
            Some(raw) => text_of(raw).map(Some).ok_or(TokenFault::ClaimType),
        }
    }

    /// Seconds since 1970, the fraction cut off.
    pub(crate) fn date(&self, name: &str) -> Result<Option<i64>, TokenFault> {
        match self.get(name) {
            None => Ok(None),
            Some(raw) => date_of(raw).map(Some).ok_or(TokenFault::ClaimType),
        }
    }

    /// `jti`, which is neither empty nor long.
    pub(crate) fn id(&self) -> Result<Option<Box<str>>, TokenFault> {
        match self.text("jti")? {
            None => Ok(None),
            Some(id) if (1..=MAX_ID).contains(&id.len()) => Ok(Some(id.into())),
            Some(_) => Err(TokenFault::Id),
        }
    }

    pub(crate) fn audience(&self) -> Result<Option<Audience>, TokenFault> {
        let Some(raw) = self.get("aud") else {
            return Ok(None);
        };
        match json::parse(raw) {
            Some(Value::String(one)) => Ok(Some(Audience::One(one))),
            Some(Value::Array(several)) => {
                let text = |value| if let Value::String(text) = value { Some(text) } else { None };
                let several = several.into_iter().map(text).collect::<Option<_>>();
                several.map(|several| Some(Audience::Several(several))).ok_or(TokenFault::ClaimType)
            }
            _ => Err(TokenFault::ClaimType),
        }
    }

    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        self.get(name).and_then(json::parse)
    }
}

impl Audience {
    pub(crate) fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

/// The text that a JSON value is, if it is one.
pub(crate) fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// Reads a date digit by digit: floating point would give different dates the same value, and overflow in silence.
fn date_of(raw: &str) -> Option<i64> {
    if !raw.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = match raw.split_once(['e', 'E']) {
        None => (raw, 0),
        // Beyond four digits the number is out of range, or nothing.
        Some((mantissa, exponent)) if exponent.len() <= 5 => (mantissa, exponent.parse::<i32>().ok()?),
        Some(_) => return None,
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = exponent.saturating_add(i32::try_from(whole.len()).ok()?);
    let mut digits = whole.bytes().chain(fraction.bytes());
    let mut date = 0i64;
    for _ in 0..places {
        let digit = match digits.next() {
            Some(digit) => i64::from(digit.checked_sub(b'0')?),
            None if date == 0 => break,
            None => 0,
        };
        date = date.checked_mul(10)?.checked_add(digit)?;
        if date > MAX_DATE {
            return None;
        }
    }
    Some(date)
}

#[cfg(test)]
mod tests {
    use super::date_of;

    #[test]
    fn dates_are_exact_and_bounded() {
        let accepted = [
            ("0", 0),
            ("1700000000", 1_700_000_000),
            ("1.5", 1),
            ("1700000000.999", 1_700_000_000),
            ("17e8", 1_700_000_000),
            ("1.7E+9", 1_700_000_000),
            ("17000000001e-1", 1_700_000_000),
            ("0e99", 0),
            ("5e-9", 0),
            ("253402300799", 253_402_300_799),
        ];
        for (raw, date) in accepted {
            assert_eq!(date_of(raw), Some(date), "{raw}");
        }
        let refused = [
            "253402300800",
            "1e300",
            "1e19",
            "1e99999",
            "9223372036854775807",
            "18446744073709551616",
            "-1",
            "-0",
            "-0.5",
            "\"5\"",
            "null",
            "true",
            "[1]",
            "",
        ];
        for raw in refused {
            assert_eq!(date_of(raw), None, "{raw}");
        }
    }
}
