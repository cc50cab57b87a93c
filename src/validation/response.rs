//! `response_type` and `response_mode` (RFC 6749 section 3.1.1, OAuth 2.0 Multiple Response Types).

use crate::{
    client::Client,
    error::{Reason, Refusal},
    parameters::{Name, Parameters},
    policy::Policy,
    response_type::{ResponseMode, ResponseType},
};

/// Whether the client has any business at the authorization endpoint.
pub(super) fn check_flow(client: &Client) -> Result<(), Refusal> {
    if client.response_types().is_empty() { Err(Reason::NoAuthorizationFlow.into()) } else { Ok(()) }
}

pub(super) fn check_type(parameters: &Parameters, client: &Client, policy: &Policy) -> Result<ResponseType, Refusal> {
    let text = parameters.known(Name::ResponseType).ok_or(Reason::MissingResponseType)?;
    let response_type = ResponseType::parse(text).ok_or(Reason::ResponseTypeNotOffered)?;
    if !policy.response_types_supported.contains(&response_type) {
        return Err(Reason::ResponseTypeNotOffered.into());
    }
    if !client.response_types().contains(&response_type) {
        return Err(Reason::ResponseTypeNotRegistered.into());
    }
    Ok(response_type)
}

pub(super) fn check_mode(
    parameters: &Parameters,
    client: &Client,
    policy: &Policy,
    response_type: ResponseType,
) -> Result<ResponseMode, Refusal> {
    let mode = mode_of(parameters, client, policy, response_type).ok_or(Reason::ResponseMode)?;
    let leaks = mode == ResponseMode::Query && response_type.is_front_channel();
    if leaks { Err(Reason::ResponseMode.into()) } else { Ok(mode) }
}

/// The mode in which an error goes back even when the response type is wrong. `None` when what is asked for cannot be served.
pub(super) fn mode_for_errors(parameters: &Parameters, client: &Client, policy: &Policy) -> Option<ResponseMode> {
    let response_type = parameters.known(Name::ResponseType).and_then(ResponseType::parse);
    mode_of(parameters, client, policy, response_type.unwrap_or(ResponseType::CODE))
}

fn mode_of(
    parameters: &Parameters,
    client: &Client,
    policy: &Policy,
    response_type: ResponseType,
) -> Option<ResponseMode> {
    let mode = match parameters.known(Name::ResponseMode) {
        None => response_type.default_mode(),
        Some(text) => ResponseMode::parse(text)?,
    };
    let offered = policy.response_modes_supported.contains(&mode);
    let registered = client.response_modes().is_none_or(|modes| modes.contains(&mode));
    (offered && registered).then_some(mode)
}
