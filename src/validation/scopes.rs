//! `scope` (RFC 6749 section 3.3): a list of tokens, none beyond what policy and client allow.

use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::Policy,
    protocol::{
        parameters::{Name, Parameters},
        scope,
    },
};

pub(super) fn check(parameters: &Parameters, client: &Client, policy: &Policy) -> Result<(), Refusal> {
    let Some(text) = parameters.known(Name::Scope) else {
        return if policy.require_scope {
            Err(Reason::MissingScope.into())
        } else if policy.required_scopes.is_empty() {
            Ok(())
        } else {
            Err(Reason::ScopeRequired.into())
        };
    };
    for (index, token) in text.split(' ').enumerate() {
        if index >= policy.limits.scope_tokens {
            return Err(Reason::TooManyScopeTokens.into());
        }
        if !scope::is_token(token) {
            return Err(Reason::MalformedScope.into());
        }
        let among = |scopes: &[String]| scopes.iter().any(|scope| scope == token);
        if !policy.scopes_supported.as_deref().is_none_or(among) {
            return Err(Reason::ScopeNotOffered.into());
        }
        if !client.scope().is_none_or(among) {
            return Err(Reason::ScopeNotRegistered.into());
        }
    }
    let asked_for = |required: &String| text.split(' ').any(|token| token == required);
    if policy.required_scopes.iter().all(asked_for) { Ok(()) } else { Err(Reason::ScopeRequired.into()) }
}
