//! A policy in a file: a preset and what differs from it. Read member by member, so that an error names the member and shows
//! no value.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value};

use super::{Policy, PolicyError, Profile};
use crate::json;

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match json::deserialize(deserializer)? {
            Value::Object(document) => Self::from_document(document).map_err(D::Error::custom),
            _ => Err(D::Error::custom("policy: must be an object")),
        }
    }
}

impl Policy {
    fn from_document(mut document: Map<String, Value>) -> Result<Self, PolicyError> {
        let mut policy = match document.remove("preset") {
            None => Self::oauth(),
            Some(preset) => preset.as_str().and_then(Profile::parse).map(Self::from).ok_or_else(|| {
                PolicyError::new(
                    "preset",
                    "must be oauth, oidc, fapi1_advanced, fapi2_security_profile, fapi2_message_signing, haip, atproto, \
                     brazil or cdr",
                )
            })?,
        };
        for (member, value) in document {
            policy = policy.with(&member, value)?;
        }
        policy.check()?;
        Ok(policy)
    }

    fn with(&self, member: &str, value: Value) -> Result<Self, PolicyError> {
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else {
            return Err(PolicyError::new(member, "cannot be set"));
        };
        let Some(current) = members.get_mut(member) else {
            return Err(PolicyError::new(member, "is not a setting"));
        };
        match (current, value) {
            (Value::Object(current), Value::Object(changes)) => {
                for (inner, value) in changes {
                    if current.insert(inner.clone(), value).is_none() {
                        return Err(PolicyError::new(format!("{member}.{inner}"), "is not a setting"));
                    }
                }
            }
            (current, value) => *current = value,
        }
        Self::deserialize(Value::Object(members)).map_err(|_| PolicyError::new(member, "has not the expected form"))
    }
}
