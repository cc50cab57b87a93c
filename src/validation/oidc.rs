//! `state`, and the parameters of OpenID Connect Core section 3.1.2.1.

use serde_json::{Map, Value};

use crate::{
    error::{Reason, Refusal},
    json::{self, JsonError},
    policy::Policy,
    protocol::{
        parameters::{Name, Parameters},
        response_type::ResponseType,
        scope,
    },
};

pub(super) fn check_state(parameters: &Parameters, policy: &Policy) -> Result<(), Refusal> {
    match parameters.known(Name::State) {
        None if policy.require_state => Err(Reason::MissingState.into()),
        Some(state) if !is_state(state) => Err(Reason::MalformedState.into()),
        _ => Ok(()),
    }
}

pub(super) fn is_state(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}

/// An ID token that comes through the browser must be tied to its request (OpenID Connect Core section 3.2.2.1), and in FAPI 1.0
/// every request to its response (FAPI 1.0 Baseline sections 5.2.2.2 and 5.2.2.3).
pub(super) fn check_nonce(
    parameters: &Parameters,
    response_type: ResponseType,
    policy: &Policy,
) -> Result<(), Refusal> {
    let is_openid = || scope::tokens(parameters).any(|token| token == "openid");
    let has = |name| parameters.known(name).is_some();
    if response_type.has_id_token() && !has(Name::Nonce) {
        return Err(Reason::MissingNonce.into());
    }
    match policy.require_nonce_or_state {
        true if is_openid() && !has(Name::Nonce) => Err(Reason::MissingNonce.into()),
        true if !is_openid() && !has(Name::State) => Err(Reason::MissingState.into()),
        _ => Ok(()),
    }
}

pub(super) fn check_id_token_hint(parameters: &Parameters, policy: &Policy) -> Result<(), Refusal> {
    let refused = policy.refuse_id_token_hint && parameters.known(Name::IdTokenHint).is_some();
    if refused { Err(Reason::IdTokenHint.into()) } else { Ok(()) }
}

/// Unknown values are left to the host: extensions add some.
pub(super) fn check_prompt(parameters: &Parameters) -> Result<(), Refusal> {
    let mut values = parameters.known(Name::Prompt).unwrap_or_default().split(' ').filter(|value| !value.is_empty());
    let none = values.clone().any(|value| value == "none");
    if none && values.any(|value| value != "none") { Err(Reason::PromptNone.into()) } else { Ok(()) }
}

pub(super) fn check_max_age(parameters: &Parameters) -> Result<Option<u64>, Refusal> {
    let Some(text) = parameters.known(Name::MaxAge) else {
        return Ok(None);
    };
    // `u64::from_str` would take a plus sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits => Ok(Some(seconds)),
        _ => Err(Reason::MalformedMaxAge.into()),
    }
}

/// OpenID Connect Core section 5.5: an object whose `userinfo` and `id_token` are objects of `null` or of an object with
/// `essential`, `value` and `values`. Unknown members are ignored. Without an access token there is no `userinfo`.
pub(super) fn check_claims(
    parameters: &Parameters,
    response_type: ResponseType,
    policy: &Policy,
) -> Result<Option<Value>, Refusal> {
    let Some(text) = parameters.known(Name::Claims) else {
        return Ok(None);
    };
    match json::parse_within(text, policy.limits.json_depth) {
        Ok(Value::Object(claims)) if claims.contains_key("userinfo") && response_type == ResponseType::ID_TOKEN => {
            Err(Reason::MalformedClaims.into())
        }
        Ok(Value::Object(claims)) if is_claims_request(&claims) => Ok(Some(Value::Object(claims))),
        Err(JsonError::TooDeep) => Err(Reason::ClaimsTooDeep.into()),
        _ => Err(Reason::MalformedClaims.into()),
    }
}

fn is_claims_request(claims: &Map<String, Value>) -> bool {
    ["userinfo", "id_token"].into_iter().filter_map(|member| claims.get(member)).all(|member| match member {
        Value::Object(requested) => requested.iter().all(|(name, claim)| match claim {
            Value::Array(several) if name == VERIFIED_CLAIMS => {
                !several.is_empty() && several.iter().all(Value::is_object)
            }
            claim => is_claim_request(claim),
        }),
        _ => false,
    })
}

/// May be requested in several sets (OpenID Connect for Identity Assurance 1.0 section 5.6).
const VERIFIED_CLAIMS: &str = "verified_claims";

fn is_claim_request(claim: &Value) -> bool {
    match claim {
        Value::Null => true,
        Value::Object(members) => {
            members.get("essential").is_none_or(Value::is_boolean) && members.get("values").is_none_or(Value::is_array)
        }
        _ => false,
    }
}

/// Meant for self-issued providers (OpenID Connect Core section 7.2.1).
pub(super) fn check_registration(parameters: &Parameters) -> Result<(), Refusal> {
    match parameters.known(Name::Registration) {
        Some(_) => Err(Reason::RegistrationNotSupported.into()),
        None => Ok(()),
    }
}
