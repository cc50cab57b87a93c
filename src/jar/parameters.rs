//! The parameters in a request object (RFC 9101 section 4): each of its JSON type, and all of them kept.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    http::form,
    jose::{ClaimSet, TokenFault, text_of},
    json::{self, JsonError},
    policy::Limits,
    protocol::parameters::{Name, ParameterValue, Parameters},
};

/// Claims about the token itself. They are never parameters (RFC 9101 section 9.1).
const ABOUT_THE_TOKEN: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// The parameters, in their order.
pub(super) fn of_claims(claims: &ClaimSet<'_>, limits: &Limits) -> Result<Parameters, TokenFault> {
    let mut parameters = Parameters::default();
    for (name, raw) in claims.iter().filter(|(name, _)| !ABOUT_THE_TOKEN.contains(name)) {
        check_name(name, limits)?;
        let known = Name::of(name);
        match known {
            Some(Name::Request | Name::RequestUri) => return Err(TokenFault::Nested),
            Some(known) if known.is_credential() => return Err(TokenFault::Credential),
            Some(known) if known.is_for_token_endpoint() => continue,
            Some(Name::Resource) => push_resources(&mut parameters, raw, limits)?,
            _ => push(&mut parameters, known, name, raw, limits)?,
        }
        if parameters.len() > limits.parameters {
            return Err(TokenFault::TooManyParameters);
        }
    }
    Ok(parameters)
}

fn check_name(name: &str, limits: &Limits) -> Result<(), TokenFault> {
    if name.len() > limits.name {
        return Err(TokenFault::NameTooLong);
    }
    let proper = !name.is_empty() && !name.starts_with('\u{feff}');
    if proper && !form::has_control_character(name) { Ok(()) } else { Err(TokenFault::Parameter) }
}

fn push(
    parameters: &mut Parameters,
    known: Option<Name>,
    name: &str,
    raw: &str,
    limits: &Limits,
) -> Result<(), TokenFault> {
    let text = text_of(raw);
    let json = || {
        json::parse_within(raw, limits.json_depth).map_err(|error| match error {
            JsonError::TooDeep => TokenFault::TooDeep,
            JsonError::Malformed => TokenFault::Malformed,
        })
    };
    let fits = match (known, &text) {
        // `registration` is refused later, with a code of its own.
        (Some(Name::Claims | Name::Registration), None) => json()?.is_object(),
        (Some(Name::AuthorizationDetails), None) => json()?.is_array(),
        (Some(Name::MaxAge), None) => raw.bytes().all(|byte| byte.is_ascii_digit()),
        (Some(Name::Claims | Name::AuthorizationDetails), Some(_)) | (Some(_), None) => false,
        (None, None) => json().map(|_| true)?,
        (_, Some(_)) => true,
    };
    if !fits {
        return Err(TokenFault::Parameter);
    }
    match text {
        Some(text) => push_text(parameters, known, name, &text, limits),
        None => {
            // Hosts may log or show the text, and its line breaks mean nothing.
            let compact = json::compact(raw).ok_or(TokenFault::Malformed)?;
            if compact.len() > limits.json_value {
                return Err(TokenFault::ValueTooLong);
            }
            parameters.push_value(known, name, ParameterValue::Json(&compact));
            Ok(())
        }
    }
}

/// A text is held to what holds for one in a form; an empty one counts as omitted there too.
fn push_text(
    parameters: &mut Parameters,
    known: Option<Name>,
    name: &str,
    text: &str,
    limits: &Limits,
) -> Result<(), TokenFault> {
    if text.len() > limits.value {
        return Err(TokenFault::ValueTooLong);
    }
    if form::has_control_character(text) {
        return Err(TokenFault::Parameter);
    }
    if !text.is_empty() {
        parameters.push_as(known, name, text);
    }
    Ok(())
}

/// RFC 8707 section 2.1: a text, or an array of texts, which in a form would be a parameter that is repeated.
fn push_resources(parameters: &mut Parameters, raw: &str, limits: &Limits) -> Result<(), TokenFault> {
    let resources: Vec<Cow<'_, str>> = match text_of(raw) {
        Some(one) => vec![one],
        None => {
            let Some(Value::Array(several)) = json::parse(raw) else {
                return Err(TokenFault::Parameter);
            };
            let text = |value| if let Value::String(text) = value { Some(Cow::Owned(text)) } else { None };
            several.into_iter().map(text).collect::<Option<_>>().ok_or(TokenFault::Parameter)?
        }
    };
    for resource in resources {
        push_text(parameters, Some(Name::Resource), Name::Resource.as_str(), &resource, limits)?;
    }
    Ok(())
}
