//! Strict decoding of `application/x-www-form-urlencoded` (RFC 6749 appendix B).
//!
//! The usual decoders never fail: they turn broken UTF-8 into replacement characters, so that different bytes become
//! the same value, and leave broken percent-encodings as they are. This one refuses both.

use std::{borrow::Cow, fmt};

use zeroize::Zeroizing;

use crate::{
    hex, json,
    policy::Limits,
    protocol::{
        form_error::FormError,
        parameters::{Name, Parameters},
    },
};

/// A decoded form: credentials on one side, everything else on the other.
pub(crate) struct Form {
    pub(crate) parameters: Parameters,
    pub(crate) credentials: FormCredentials,
    seen: u64,
    /// Unknown names without a value: not part of the request, but not to be repeated either.
    empty: Vec<Box<str>>,
}

/// The credentials in a form.
#[derive(Default)]
pub(crate) struct FormCredentials {
    pub(crate) client_secret: Option<Zeroizing<String>>,
    pub(crate) client_assertion: Option<Zeroizing<String>>,
    pub(crate) client_assertion_type: Option<Zeroizing<String>>,
}

impl FormCredentials {
    fn place_of(&mut self, name: Name) -> Option<&mut Option<Zeroizing<String>>> {
        match name {
            Name::ClientSecret => Some(&mut self.client_secret),
            Name::ClientAssertion => Some(&mut self.client_assertion),
            Name::ClientAssertionType => Some(&mut self.client_assertion_type),
            _ => None,
        }
    }
}

impl Form {
    pub(crate) fn parse(body: &[u8], limits: &Limits) -> Result<Self, FormError> {
        if body.len() > limits.body {
            return Err(FormError::TooLarge);
        }
        #[cfg(test)]
        crate::work::count(|work| &mut work.forms);
        let mut form = Self {
            parameters: Parameters::with_capacity(body.len()),
            credentials: FormCredentials::default(),
            seen: 0,
            empty: Vec::new(),
        };
        // Once for the whole, which takes less than once for each name and value.
        let body = std::str::from_utf8(body).map_err(|_| FormError::NotUtf8)?;
        let (mut name_buffer, mut value_buffer) = (Vec::new(), Vec::new());
        let mut count = 0usize;
        for pair in split(body, b'&').filter(|pair| !pair.is_empty()) {
            count = count.saturating_add(1);
            if count > limits.parameters {
                return Err(FormError::TooManyParameters);
            }
            let (raw_name, raw_value) = split_pair(pair);
            let (name, known) = decode_name(raw_name, limits.name, &mut name_buffer)?;
            form.note(name, known)?;
            let limit = value_limit(limits, known);
            if let Some(credential) = known.and_then(|known| form.credentials.place_of(known)) {
                let mut secret_buffer = Zeroizing::new(Vec::new());
                let value = decode(raw_value, limit, FormError::ValueTooLong, &mut secret_buffer)?;
                *credential = Some(Zeroizing::new(value.to_owned()));
                continue;
            }
            if known.is_some_and(Name::is_json) {
                let value = decode_json(raw_value, limit, &mut value_buffer)?;
                if !value.is_empty() {
                    form.parameters.push_as(known, name, &value);
                }
                continue;
            }
            let value = decode(raw_value, limit, FormError::ValueTooLong, &mut value_buffer)?;
            if !value.is_empty() {
                form.parameters.push_as(known, name, value);
            } else if known.is_none() {
                form.empty.push(name.into());
            }
        }
        Ok(form)
    }

    /// Returns `true` if a parameter was there, be it empty.
    pub(crate) fn has_seen(&self, name: Name) -> bool {
        self.seen & name.bit() != 0
    }

    /// Returns `true` if one of these parameters was there.
    pub(crate) fn has_seen_any(&self, names: u64) -> bool {
        self.seen & names != 0
    }

    fn note(&mut self, name: &str, known: Option<Name>) -> Result<(), FormError> {
        let repeated = match known {
            Some(Name::Resource) => false,
            Some(known) => self.has_seen(known),
            None => self.parameters.get(name).is_some() || self.empty.iter().any(|empty| **empty == *name),
        };
        if repeated {
            return Err(FormError::DuplicateParameter);
        }
        self.seen |= known.map_or(0, Name::bit);
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
    /// duplicates and limits are checked, empty values are dropped. Credentials of clients are left out. It is not for the form of a login
    /// page: a password in there would be kept like any parameter, and not be wiped.
    ///
    /// # Errors
    ///
    /// A [`FormError`]. `Refusal::from` makes it the refusal with which the PAR endpoint answers such a form.
    pub fn parse(form: &[u8], limits: &Limits) -> Result<Self, FormError> {
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

fn split_pair(pair: &str) -> (&str, &str) {
    split_once(pair, b'=').unwrap_or((pair, ""))
}

fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let (first, rest) = text.split_at_checked(memchr::memchr(at, text.as_bytes())?)?;
    Some((first, rest.get(1..)?))
}

fn split(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (first, others) = split_once(text, at).map_or((text, None), |(first, others)| (first, Some(others)));
        rest = others;
        Some(first)
    })
}

/// Decodes a name, and tells whether it is known. Nearly all are, and need no decoding.
fn decode_name<'a>(raw: &'a str, limit: usize, buffer: &'a mut Vec<u8>) -> Result<(&'a str, Option<Name>), FormError> {
    if let Some(known) = Name::of(raw).filter(|_| raw.len() <= limit) {
        return Ok((known.as_str(), Some(known)));
    }
    let name = decode(raw, limit, FormError::NameTooLong, buffer)?;
    if name.is_empty() || name.starts_with('\u{feff}') {
        return Err(FormError::MalformedName);
    }
    Ok((name, Name::of(name)))
}

/// Decodes one name or value, where necessary by way of `buffer`, whose earlier content is overwritten.
pub(crate) fn decode<'a>(
    raw: &'a str,
    limit: usize,
    too_long: FormError,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a str, FormError> {
    // Each decoded byte takes at most three raw ones.
    if raw.len() > limit.saturating_mul(3) {
        return Err(too_long);
    }
    if all(raw.as_bytes(), |byte| matches!(byte, 0x20..=0x7E) & (byte != b'%') & (byte != b'+')) {
        return if raw.len() > limit { Err(too_long) } else { Ok(raw) };
    }
    let bytes = unescape(raw.as_bytes(), buffer)?;
    if bytes.len() > limit {
        return Err(too_long);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FormError::NotUtf8)?;
    if has_control_character(text) { Err(FormError::ControlCharacter) } else { Ok(text) }
}

/// As [`decode`], for a value that is JSON, where line feeds, carriage returns and tabs are white space (RFC 8259 section 2). They
/// are left out, since hosts may log or show the text.
fn decode_json<'a>(raw: &'a str, limit: usize, buffer: &'a mut Vec<u8>) -> Result<Cow<'a, str>, FormError> {
    // Each decoded byte takes at most three raw ones.
    if raw.len() > limit.saturating_mul(3) {
        return Err(FormError::ValueTooLong);
    }
    let bytes = unescape(raw.as_bytes(), buffer)?;
    if bytes.len() > limit {
        return Err(FormError::ValueTooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FormError::NotUtf8)?;
    if !has_control_character(text) {
        return Ok(Cow::Borrowed(text));
    }
    let compact = json::compact(text).filter(|compact| !compact.is_empty() && !has_control_character(compact));
    compact.ok_or(FormError::ControlCharacter)
}

pub(crate) fn has_control_character(text: &str) -> bool {
    !all(text.as_bytes(), |byte| matches!(byte, 0x20..=0x7E)) && text.chars().any(char::is_control)
}

/// Does what `Iterator::all` does, over every byte, which the compiler turns into vector instructions.
fn all(bytes: &[u8], holds: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, byte| all & holds(*byte))
}

fn unescape<'a>(raw: &[u8], buffer: &'a mut Vec<u8>) -> Result<&'a [u8], FormError> {
    buffer.clear();
    // All at once: a buffer that grows would leave parts of secrets behind.
    buffer.reserve(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = memchr::memchr2(b'%', b'+', rest).and_then(|at| rest.split_at_checked(at)) {
        buffer.extend_from_slice(plain);
        let (byte, others) = match escaped {
            [b'+', others @ ..] => (Some(b' '), others),
            [_, high, low, others @ ..] => (hex::byte([*high, *low]), others),
            _ => (None, escaped),
        };
        buffer.push(byte.ok_or(FormError::MalformedEncoding)?);
        rest = others;
    }
    buffer.extend_from_slice(rest);
    Ok(buffer)
}
