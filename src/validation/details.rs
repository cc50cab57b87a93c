//! `authorization_details` (RFC 9396): an array of objects, each of a type that server and client know.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    client::Client,
    error::{Reason, Refusal, Rejection},
    json::{self, JsonError},
    policy::Limits,
    protocol::parameters::{Name, Parameters},
};

/// The types that are known, each with the check of the host.
pub(crate) type DetailTypes = BTreeMap<Box<str>, Arc<DetailCheck>>;

/// The host's check for the objects of one type of `authorization_details`.
pub(crate) type DetailCheck = dyn Fn(&Client, &Map<String, Value>) -> Result<(), Rejection> + Send + Sync;

pub(super) fn check(
    parameters: &Parameters,
    client: &Client,
    limits: &Limits,
    types: &DetailTypes,
) -> Result<Vec<Map<String, Value>>, Refusal> {
    let Some(text) = parameters.known(Name::AuthorizationDetails) else {
        return Ok(Vec::new());
    };
    let items = match json::parse_within(text, limits.json_depth) {
        Ok(Value::Array(items)) if !items.is_empty() => items,
        Err(JsonError::TooDeep) => return Err(Reason::AuthorizationDetailsTooDeep.into()),
        _ => return Err(Reason::MalformedAuthorizationDetails.into()),
    };
    if items.len() > limits.authorization_details {
        return Err(Reason::TooManyAuthorizationDetails.into());
    }
    items.into_iter().map(|item| check_one(item, client, types)).collect()
}

fn check_one(item: Value, client: &Client, types: &DetailTypes) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(detail) = item else {
        return Err(Reason::MalformedAuthorizationDetails.into());
    };
    let name = detail.get("type").and_then(Value::as_str).ok_or(Reason::MalformedAuthorizationDetails)?;
    let known = types.get(name).ok_or(Reason::DetailTypeNotOffered)?;
    if !client.authorization_details_types().is_none_or(|types| types.iter().any(|registered| registered == name)) {
        return Err(Reason::DetailTypeNotRegistered.into());
    }
    known(client, &detail)?;
    Ok(detail)
}
