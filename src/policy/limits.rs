//! Bounds of what a request may contain.

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use crate::json;

/// The most that [`Limits::client_id`] can be, in bytes.
pub(crate) const MAX_CLIENT_ID: usize = 8192;

/// Bounds of a single request, checked before anything is done with it. All are inclusive. Bounds of names and values can be
/// set from 64 to 65 536 bytes, and those of lists from 0 to 1024.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a body, or of a query at the authorization endpoint, at most 262 144. Default 65 536.
    pub body: usize,
    /// Parameters, at most 128. Default 64.
    pub parameters: usize,
    /// Bytes of a decoded parameter name. Default 64.
    pub name: usize,
    /// Bytes of a decoded value. Default 8192.
    pub value: usize,
    /// Bytes of `claims` and of `authorization_details`. Default 16 384.
    pub json_value: usize,
    /// Levels of arrays and objects in `claims`, in `authorization_details` and in other parameters that are JSON, 4 to
    /// 64. Default 16.
    pub json_depth: u8,
    /// Bytes of a `client_id`, 64 to 8192. Default 2048: some are URLs, of metadata documents for instance.
    pub client_id: usize,
    /// Bytes of `request`. Default 32 768.
    pub request_object: usize,
    /// Tokens in `scope`. Default 64.
    pub scope_tokens: usize,
    /// `resource` parameters. Default 16.
    pub resources: usize,
    /// Objects in `authorization_details`. Default 64.
    pub authorization_details: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024,
            parameters: 64,
            name: 64,
            value: 8 * 1024,
            json_value: 16 * 1024,
            json_depth: json::MAX_DEPTH,
            client_id: 2048,
            request_object: 32 * 1024,
            scope_tokens: 64,
            resources: 16,
            authorization_details: 64,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        if !(1..=256 * 1024).contains(&self.body) {
            return Err(PolicyError::new("limits.body", "must be 1 to 262144 bytes"));
        }
        if !(1..=128).contains(&self.parameters) {
            return Err(PolicyError::new("limits.parameters", "must be 1 to 128"));
        }
        if !(4..=64).contains(&self.json_depth) {
            return Err(PolicyError::new("limits.json_depth", "must be 4 to 64"));
        }
        let bytes = [
            ("limits.name", self.name),
            ("limits.value", self.value),
            ("limits.json_value", self.json_value),
            ("limits.request_object", self.request_object),
        ];
        for (member, value) in bytes {
            if !(64..=64 * 1024).contains(&value) {
                return Err(PolicyError::new(member, "must be 64 to 65536 bytes"));
            }
        }
        if !(64..=MAX_CLIENT_ID).contains(&self.client_id) {
            return Err(PolicyError::new("limits.client_id", "must be 64 to 8192 bytes"));
        }
        let counts = [
            ("limits.scope_tokens", self.scope_tokens),
            ("limits.resources", self.resources),
            ("limits.authorization_details", self.authorization_details),
        ];
        for (member, value) in counts {
            if !(0..=1024).contains(&value) {
                return Err(PolicyError::new(member, "must be 0 to 1024"));
            }
        }
        Ok(())
    }
}
