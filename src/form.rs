//! Strict decoding of `application/x-www-form-urlencoded` (RFC 6749 appendix B).
//!
//! The usual decoders never fail: they turn broken UTF-8 into replacement characters, so that different bytes become the same
//! value, and leave broken percent-encodings as they are. Here each of these is a refusal.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    error::{Reason, Refusal},
    parameters::{Name, Parameters},
    policy::Limits,
};

/// A decoded form: credentials on one side, everything else on the other.
pub(crate) struct Form {
    pub(crate) parameters: Parameters,
    pub(crate) client_secret: Option<Zeroizing<String>>,
    seen: u32,
    /// Unknown names without a value: not part of the request, and still not to be repeated.
    empty: Vec<Box<str>>,
}

impl Form {
    pub(crate) fn parse(body: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        let mut form =
            Self { parameters: Parameters::with_capacity(body.len()), client_secret: None, seen: 0, empty: Vec::new() };
        let (mut name_buffer, mut value_buffer) = (Vec::new(), Zeroizing::new(Vec::new()));
        let mut count = 0usize;
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            count = count.saturating_add(1);
            if count > limits.parameters {
                return Err(Reason::TooManyParameters.into());
            }
            let (raw_name, raw_value) = split_pair(pair);
            let name = decode(raw_name, limits.name, Reason::NameTooLong, &mut name_buffer)?;
            if name.is_empty() || name.starts_with('\u{feff}') {
                return Err(Reason::MalformedName.into());
            }
            let known = Name::of(name);
            let value = decode(raw_value, value_limit(limits, known), Reason::ValueTooLong, &mut value_buffer)?;
            form.take(name, known, value)?;
        }
        Ok(form)
    }

    /// Whether a parameter was there at all, be it empty.
    pub(crate) fn has_seen(&self, name: Name) -> bool {
        self.seen & name.bit() != 0
    }

    fn take(&mut self, name: &str, known: Option<Name>, value: &str) -> Result<(), Refusal> {
        if let Some(known) = known {
            if self.has_seen(known) && known != Name::Resource {
                return Err(Reason::DuplicateParameter.into());
            }
            self.seen |= known.bit();
        } else if self.parameters.get(name).is_some() || self.empty.iter().any(|empty| **empty == *name) {
            return Err(Reason::DuplicateParameter.into());
        }
        match known {
            Some(Name::ClientSecret) => self.client_secret = Some(Zeroizing::new(value.to_owned())),
            Some(Name::ClientAssertion | Name::ClientAssertionType) => {}
            None if value.is_empty() => self.empty.push(name.into()),
            _ if value.is_empty() => {}
            _ => self.parameters.push(name, value),
        }
        Ok(())
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl Parameters {
    /// Decodes a form (`application/x-www-form-urlencoded`), as strictly as the PAR endpoint does: percent-encoding, UTF-8,
    /// duplicates and limits are checked, empty values are dropped. Credentials are left out.
    ///
    /// # Errors
    ///
    /// `invalid_request`, with a [`Reason`] of the group that starts with [`Reason::MalformedEncoding`].
    pub fn parse(form: &[u8], limits: &Limits) -> Result<Self, Refusal> {
        Ok(Form::parse(form, limits)?.parameters)
    }
}

fn value_limit(limits: &Limits, name: Option<Name>) -> usize {
    match name {
        Some(Name::Claims | Name::AuthorizationDetails) => limits.json_value,
        Some(Name::Request) => limits.request_object,
        _ => limits.value,
    }
}

fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    (halves.next().unwrap_or_default(), halves.next().unwrap_or_default())
}

/// Decodes one name or value into `buffer`, whose earlier content is overwritten.
pub(crate) fn decode<'a>(
    raw: &[u8],
    limit: usize,
    too_long: Reason,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a str, Reason> {
    // Each decoded byte takes at most three raw ones.
    if raw.len() > limit.saturating_mul(3) {
        return Err(too_long);
    }
    buffer.clear();
    buffer.reserve(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        let decoded = match byte {
            b'+' => b' ',
            b'%' => match (hex(bytes.next()), hex(bytes.next())) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(Reason::MalformedEncoding),
            },
            byte => byte,
        };
        buffer.push(decoded);
    }
    if buffer.len() > limit {
        return Err(too_long);
    }
    let text = std::str::from_utf8(buffer).map_err(|_| Reason::NotUtf8)?;
    let control = if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.chars().any(char::is_control)
    };
    if control { Err(Reason::ControlCharacter) } else { Ok(text) }
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    match *digit? {
        digit @ b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        digit @ b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        digit @ b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}
