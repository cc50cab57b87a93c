//! `response_type` and `response_mode` (RFC 6749 section 3.1.1, OAuth 2.0 Multiple Response Types, JARM).

use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::Policy,
    protocol::{
        parameters::{Name, Parameters},
        response_type::{ResponseMode, ResponseType},
    },
    response::signer::{DynResponseSigner, algorithm_for},
};

/// The settings that decide which response modes there are.
pub(super) struct Modes<'a> {
    pub(super) policy: &'a Policy,
    pub(super) client: &'a Client,
    pub(super) signer: Option<&'a dyn DynResponseSigner>,
}

/// Refuses a client that is registered for no flow of the authorization endpoint.
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
    modes: &Modes<'_>,
    response_type: ResponseType,
) -> Result<ResponseMode, Refusal> {
    let mode = modes.requested(parameters, response_type)?;
    let leaks = mode.is_in_query() && response_type.is_front_channel();
    if leaks { Err(Reason::ResponseMode.into()) } else { Ok(mode) }
}

/// The mode in which an error goes back even when the response type is wrong. `None` when what is asked for cannot be served.
pub(super) fn mode_for_errors(parameters: &Parameters, modes: &Modes<'_>) -> Option<ResponseMode> {
    let response_type = parameters.known(Name::ResponseType).and_then(ResponseType::parse);
    modes.requested(parameters, response_type.unwrap_or(ResponseType::CODE)).ok()
}

impl Modes<'_> {
    /// Returns the mode that is asked for, if it can be had.
    fn requested(&self, parameters: &Parameters, response_type: ResponseType) -> Result<ResponseMode, Reason> {
        let requested = match parameters.known(Name::ResponseMode) {
            None => response_type.default_mode(),
            Some(text) => ResponseMode::parse(text).ok_or(Reason::ResponseMode)?,
        };
        if self.policy.needs_signed_response(response_type) && !requested.is_signed() {
            return Err(Reason::SignedResponseRequired);
        }
        let mode = requested.resolved(response_type);
        let among = |modes: &[ResponseMode]| modes.contains(&requested) || modes.contains(&mode);
        let offered = among(&self.policy.response_modes_supported) && self.client.response_modes().is_none_or(among);
        let can_sign = || self.signer.is_some_and(|signer| algorithm_for(signer, self.client).is_some());
        if offered && (!mode.is_signed() || can_sign()) { Ok(mode) } else { Err(Reason::ResponseMode) }
    }
}
