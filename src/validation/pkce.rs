//! PKCE (RFC 7636): who must use it, and with which method.

use super::Arrival;
use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::{Policy, RequireCodeChallenge},
    protocol::{
        code_challenge::{CodeChallenge, CodeChallengeMethod},
        parameters::{Name, Parameters},
        redirect_uri::RedirectUri,
    },
};

pub(super) fn check(
    parameters: &Parameters,
    client: &Client,
    policy: &Policy,
    arrival: Arrival,
    redirect_uri: &RedirectUri,
) -> Result<Option<CodeChallenge>, Refusal> {
    let method = parameters.known(Name::CodeChallengeMethod);
    let exposed = redirect_uri.needs_code_with_pkce();
    let Some(challenge) = parameters.known(Name::CodeChallenge) else {
        if method.is_some() {
            return Err(Reason::ChallengeMethodAlone.into());
        }
        let required = match policy.require_code_challenge {
            RequireCodeChallenge::Always => true,
            RequireCodeChallenge::PublicClients => !client.is_confidential(),
            RequireCodeChallenge::PushedRequests => arrival == Arrival::Pushed || !client.is_confidential(),
        };
        return if required || exposed { Err(Reason::MissingCodeChallenge.into()) } else { Ok(None) };
    };
    let method = match method {
        Some("S256") => CodeChallengeMethod::S256,
        None | Some("plain") if policy.danger_allow_plain_code_challenge && !exposed => CodeChallengeMethod::Plain,
        _ => return Err(Reason::ChallengeMethod.into()),
    };
    CodeChallenge::parse(challenge, method).map(Some).ok_or_else(|| Reason::MalformedCodeChallenge.into())
}
