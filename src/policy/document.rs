//! A policy in a file: a preset and what differs from it. Read member by member, so that an error names the member and shows
//! no value.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value};

use super::{ClientAttestationPolicy, Limits, Policy, PolicyError, Profile, RequireCodeChallenge};
use crate::{
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    json,
    protocol::{
        authentication_method::AuthenticationMethod,
        response_type::{ResponseMode, ResponseType},
    },
};

/// The members of a policy in a file. `serde` writes their reading and writing for [`Policy`], and demands every field.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Policy", deny_unknown_fields)]
struct Document {
    #[serde(rename = "preset")]
    profile: Profile,
    pushed_authorization_requests: bool,
    require_pushed_authorization_requests: bool,
    request_parameter_supported: bool,
    require_signed_request_object: bool,
    require_encrypted_request_object: bool,
    require_request_object_nbf: bool,
    require_request_object_type: bool,
    require_signed_authorization_response: bool,
    single_use_request_objects: bool,
    allow_per_request_redirect_uris: bool,
    restrict_per_request_redirect_uris_to_registered_path: bool,
    allow_localhost_redirect_uris_on_any_port: bool,
    request_uri_lifetime: u32,
    login_lifetime: u32,
    longest_login: u32,
    request_object_lifetime: u32,
    client_assertion_lifetime: u32,
    clock_leeway: u32,
    spent_lifetime: u32,
    code_challenge_memory: u32,
    response_types_supported: Vec<ResponseType>,
    response_modes_supported: Vec<ResponseMode>,
    token_endpoint_auth_methods_supported: Vec<AuthenticationMethod>,
    tls_client_certificate_bound_access_tokens: bool,
    token_endpoint_auth_signing_alg_values_supported: Vec<SigningAlgorithm>,
    require_client_assertion_type: bool,
    refuse_key_hints_in_token_headers: bool,
    require_client_assertion_iat: bool,
    accept_unencoded_basic_secrets: bool,
    accept_client_assertion_audience_array: bool,
    client_attestation: ClientAttestationPolicy,
    request_object_signing_alg_values_supported: Vec<SigningAlgorithm>,
    request_object_encryption_alg_values_supported: Vec<KeyManagement>,
    request_object_encryption_enc_values_supported: Vec<ContentEncryption>,
    require_dpop: bool,
    require_dpop_nonce: bool,
    dpop_signing_alg_values_supported: Vec<SigningAlgorithm>,
    dpop_proof_lifetime: u32,
    scopes_supported: Option<Vec<String>>,
    required_scopes: Vec<String>,
    require_scope: bool,
    require_nonce_or_state: bool,
    require_code_challenge: RequireCodeChallenge,
    require_redirect_uri: bool,
    require_state: bool,
    refuse_id_token_hint: bool,
    danger_allow_legacy_assertion_audience: bool,
    limits: Limits,
    danger_allow_unauthenticated_clients: bool,
    danger_allow_request_objects_without_exp: bool,
    danger_decrypt_request_objects_by_value: bool,
    danger_allow_plain_code_challenge: bool,
    danger_allow_redirect_uri_schemes_without_dot: bool,
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document::serialize(self, serializer)
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
        Document::deserialize(Value::Object(members)).map_err(|_| PolicyError::new(member, "has not the expected form"))
    }
}
