//! Request objects (RFC 9101): a whole authorization request as a JWT, right or wrong.

use josekit::JoseError;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use super::{client_key::ClientKey, compact};
use crate::demo::server::accounts::unix_time;

const TYPE: &str = "oauth-authz-req+jwt";
/// Seconds that one is good for.
const LIFE: u64 = 60;
/// Seconds since the one that comes too late was signed.
const TOO_OLD: u64 = 3600;

/// What is wrong with a request object.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fault {
    Tampered,
    Expired,
    Audience,
    Unsigned,
}

impl Fault {
    pub(super) fn parse(mistake: &str) -> Option<Self> {
        Some(match mistake {
            "object_tampered" => Self::Tampered,
            "object_expired" => Self::Expired,
            "object_audience" => Self::Audience,
            "object_unsigned" => Self::Unsigned,
            _ => return None,
        })
    }
}

/// The parameters as a JWT of this client for the server that is the audience.
pub(super) fn sign(
    client_id: &str,
    parameters: &[(String, String)],
    key: &ClientKey,
    audience: &str,
    fault: Option<Fault>,
) -> Result<String, JoseError> {
    let age = if fault == Some(Fault::Expired) { TOO_OLD } else { 0 };
    let audience = if fault == Some(Fault::Audience) { "https://another-server.example.com" } else { audience };
    let claims = Claims { client_id, audience, now: unix_time().saturating_sub(age), parameters };
    let text =
        |claims: &Claims<'_>| serde_json::to_string(claims).map_err(|error| JoseError::InvalidClaim(error.into()));
    match fault {
        Some(Fault::Unsigned) => Ok(compact::unsigned(TYPE, &text(&claims)?)),
        Some(Fault::Tampered) => {
            let token = key.sign(TYPE, &text(&claims)?)?;
            let altered: Vec<_> = [parameters, &[("login_hint".to_owned(), "mallory".to_owned())]].concat();
            Ok(compact::tampered(&token, &text(&Claims { parameters: &altered, ..claims })?))
        }
        _ => key.sign(TYPE, &text(&claims)?),
    }
}

/// The claims of a request object. The parameters keep their order, and their numbers every digit.
struct Claims<'a> {
    client_id: &'a str,
    audience: &'a str,
    now: u64,
    parameters: &'a [(String, String)],
}

impl Serialize for Claims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut claims = serializer.serialize_map(None)?;
        claims.serialize_entry("iss", self.client_id)?;
        claims.serialize_entry("aud", self.audience)?;
        claims.serialize_entry("nbf", &self.now)?;
        claims.serialize_entry("exp", &self.now.saturating_add(LIFE))?;
        let mut resource_done = false;
        for (name, value) in self.parameters {
            if name == "resource" {
                // What is repeated in a form is an array here (RFC 9101 section 4).
                if !std::mem::replace(&mut resource_done, true) {
                    let all = self.parameters.iter().filter(|(name, _)| name == "resource").map(|(_, value)| value);
                    claims.serialize_entry(name, &all.collect::<Vec<_>>())?;
                }
                continue;
            }
            match json_of(name, value) {
                Some(json) => claims.serialize_entry(name, json)?,
                None => claims.serialize_entry(name, value)?,
            }
        }
        claims.end()
    }
}

/// Objects and arrays, and the one parameter that is a number, are no strings in a request object.
fn json_of<'a>(name: &str, value: &'a str) -> Option<&'a RawValue> {
    let is_number = name == "max_age" && value.parse::<u64>().is_ok();
    if is_number || value.starts_with(['{', '[']) { serde_json::from_str(value).ok() } else { None }
}
