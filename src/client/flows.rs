//! The response types, response modes and redirect URIs of a client.

use super::{ClientRegistration, RegistrationError, ignored::Ignored};
use crate::{
    expected::hint,
    protocol::{
        redirect_uri::{RedirectUriError, RedirectUriPattern, RegisteredRedirectUri},
        response_type::{ResponseMode, ResponseType},
    },
};

/// RFC 7591 section 2.1: response types and grant types go together. `code id_token` is good without `implicit`, since nothing but
/// the ID token comes through the browser; an access token is not.
pub(super) fn response_types_of(
    registration: &ClientRegistration,
    grant_types: &[String],
    ignored: &mut Ignored,
) -> Result<Vec<ResponseType>, RegistrationError> {
    const MEMBER: &str = "response_types";
    let granted = |grant: &str| grant_types.iter().any(|granted| granted == grant);
    let Some(registered) = &registration.response_types else {
        return Ok(if granted("authorization_code") { vec![ResponseType::CODE] } else { Vec::new() });
    };
    let mut response_types = Vec::with_capacity(registered.len());
    let mut refusal = None;
    for (index, text) in registered.iter().enumerate() {
        let number = index.saturating_add(1);
        let Some(response_type) = ResponseType::parse(text) else {
            let hint = hint(text, &ResponseType::NAMES);
            let problem = format!("contains no known response type{hint}");
            ignored.add(MEMBER, format!("number {number} is an unknown response type{hint}"));
            refusal = refusal.or(Some(RegistrationError::new(MEMBER, problem)));
            continue;
        };
        if response_type.has_code() && !granted("authorization_code") {
            return Err(RegistrationError::new(
                "grant_types",
                "must contain authorization_code for response type code",
            ));
        }
        if response_type.is_front_channel() && !granted("implicit") {
            if response_type != ResponseType::CODE_ID_TOKEN {
                ignored.add(MEMBER, format!("number {number} needs implicit among the grant_types"));
                let problem = "must contain implicit for response types token and id_token";
                refusal = refusal.or(Some(RegistrationError::new("grant_types", problem)));
                continue;
            }
            ignored.add("grant_types", "implicit is missing, which code id_token is used without");
        }
        response_types.push(response_type);
    }
    match refusal {
        Some(refusal) if response_types.is_empty() => Err(refusal),
        _ => Ok(response_types),
    }
}

pub(super) fn response_modes_of(
    registration: &ClientRegistration,
    ignored: &mut Ignored,
) -> Result<Option<Vec<ResponseMode>>, RegistrationError> {
    const MEMBER: &str = "response_modes";
    let Some(registered) = &registration.response_modes else {
        return Ok(None);
    };
    let names = ResponseMode::ALL.map(ResponseMode::as_str);
    let mut modes = Vec::with_capacity(registered.len());
    for (index, text) in registered.iter().enumerate() {
        match ResponseMode::parse(text) {
            Some(mode) => modes.push(mode),
            None => {
                let (number, hint) = (index.saturating_add(1), hint(text, &names));
                ignored.add(MEMBER, format!("number {number} is an unknown response mode{hint}"));
            }
        }
    }
    if let (true, Some(first)) = (modes.is_empty(), registered.first()) {
        let hint = hint(first, &names);
        return Err(RegistrationError::new(MEMBER, format!("contains no known response mode{hint}")));
    }
    Ok(Some(modes))
}

pub(super) fn redirect_uris_of(
    registration: &ClientRegistration,
    ignored: &mut Ignored,
) -> Result<Vec<RegisteredRedirectUri>, RegistrationError> {
    usable("redirect_uris", &registration.redirect_uris, RegisteredRedirectUri::parse_for_client, ignored)
}

pub(super) fn redirect_uri_patterns_of(
    registration: &ClientRegistration,
    ignored: &mut Ignored,
) -> Result<Box<[RedirectUriPattern]>, RegistrationError> {
    let listed = &registration.danger_redirect_uri_patterns;
    usable("danger_redirect_uri_patterns", listed, RedirectUriPattern::parse, ignored).map(Into::into)
}

/// The usable ones, of which there must be one if there is any.
fn usable<T>(
    member: &'static str,
    listed: &[String],
    parse: impl Fn(&str) -> Result<T, RedirectUriError>,
    ignored: &mut Ignored,
) -> Result<Vec<T>, RegistrationError> {
    let (mut usable, mut problems) = (Vec::new(), Vec::new());
    for (index, text) in listed.iter().enumerate() {
        match parse(text) {
            Ok(uri) => usable.push(uri),
            Err(fault) => problems.push(format!("number {} is unusable: {fault}", index.saturating_add(1))),
        }
    }
    if usable.is_empty() && !problems.is_empty() {
        return Err(RegistrationError::new(member, problems.join("; ")));
    }
    for problem in problems {
        ignored.add(member, problem);
    }
    Ok(usable)
}
