//! A policy in a file: a preset and what differs from it. Read member by member, so that an error names the member and shows
//! no value.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value};

use super::{ClientAttestationPolicy, Limits, Policy, PolicyError, Profile, RequireCodeChallenge};
use crate::{
    expected::{hint, instead_of, one_of},
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
            Value::Object(document) => Self::try_from(document).map_err(D::Error::custom),
            other => Err(D::Error::custom(format_args!("policy: {}", instead_of("an object", &other)))),
        }
    }
}

impl TryFrom<Map<String, Value>> for Policy {
    type Error = PolicyError;

    /// Reads a policy as a file has it: a `preset`, and what differs from it.
    ///
    /// ```
    /// use parjar::Policy;
    /// use serde_json::json;
    ///
    /// let document = json!({ "preset": "oidc", "token_endpoint_auth_methods_supported": ["private_key_jwk"] });
    /// let error = Policy::try_from(document.as_object().unwrap().clone()).unwrap_err();
    /// assert_eq!(error.member(), "token_endpoint_auth_methods_supported");
    /// assert!(error.to_string().ends_with("; the nearest is private_key_jwt"));
    /// ```
    fn try_from(mut document: Map<String, Value>) -> Result<Self, PolicyError> {
        let mut policy = match document.remove("preset") {
            None => Self::oauth(),
            Some(preset) => preset_of(&preset)?,
        };
        for (member, value) in document {
            policy = policy.with(&member, value)?;
        }
        policy.check()?;
        Ok(policy)
    }
}

fn preset_of(preset: &Value) -> Result<Policy, PolicyError> {
    let Value::String(text) = preset else {
        return Err(PolicyError::new("preset", instead_of("a string", preset)));
    };
    let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.as_str()).collect();
    let profile = Profile::parse(text).ok_or_else(|| PolicyError::new("preset", one_of(text, &names)))?;
    Ok(Policy::from(profile))
}

impl Policy {
    fn with(&self, member: &str, value: Value) -> Result<Self, PolicyError> {
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else {
            return Err(PolicyError::new(member, "cannot be set"));
        };
        let setting = Setting { member, known: &members };
        let current = setting.current()?.clone();
        match (current, value) {
            (Value::Object(mut inner), Value::Object(changes)) => {
                for (name, value) in changes {
                    let setting = Setting { member: &name, known: &inner };
                    let within = |error: PolicyError| error.within(member);
                    let before = setting.current().map_err(within)?;
                    let with = |value: &Value| {
                        let mut inner = inner.clone();
                        inner.insert(name.clone(), value.clone());
                        is_policy(&members, member, Value::Object(inner))
                    };
                    setting.check(before, &value, with).map_err(within)?;
                    inner.insert(name, value);
                }
                members.insert(member.to_owned(), Value::Object(inner));
            }
            (current, value) => {
                setting.check(&current, &value, |value| is_policy(&members, member, value.clone()))?;
                members.insert(member.to_owned(), value);
            }
        }
        Document::deserialize(Value::Object(members)).map_err(|_| PolicyError::new(member, "cannot be set"))
    }
}

/// Returns `true` if a policy can have this value.
fn is_policy(members: &Map<String, Value>, member: &str, value: Value) -> bool {
    let mut members = members.clone();
    members.insert(member.to_owned(), value);
    Document::deserialize(Value::Object(members)).is_ok()
}

/// A member among those that there are.
struct Setting<'a> {
    member: &'a str,
    known: &'a Map<String, Value>,
}

impl Setting<'_> {
    /// The value that it has so far.
    fn current(&self) -> Result<&Value, PolicyError> {
        self.known.get(self.member).ok_or_else(|| {
            let names: Vec<&str> = self.known.keys().map(String::as_str).collect();
            PolicyError::new(self.member, format!("is not a setting{}", hint(self.member, &names)))
        })
    }

    /// Says what is wrong with a value, if `is_good` finds that it cannot be taken.
    fn check(&self, current: &Value, value: &Value, is_good: impl Fn(&Value) -> bool) -> Result<(), PolicyError> {
        if is_good(value) {
            return Ok(());
        }
        let names = allowed(self.member);
        let problem = match (current, value) {
            (Value::String(_), Value::String(text)) => one_of(text, &names),
            (Value::Array(_), Value::Array(items)) if !names.is_empty() => {
                let is_bad = |(_, item): &(usize, &Value)| !is_good(&Value::Array(vec![(*item).clone()]));
                match items.iter().enumerate().find(is_bad) {
                    Some((index, Value::String(text))) => {
                        format!("number {} {}", index.saturating_add(1), one_of(text, &names))
                    }
                    _ => instead_of("an array of strings", value),
                }
            }
            (Value::Bool(_), value) => instead_of("true or false", value),
            (Value::Number(_), value) => instead_of("a whole number", value),
            (Value::String(_), value) => instead_of("a string", value),
            (Value::Object(_), value) => instead_of("an object", value),
            (Value::Array(_), value) => instead_of("an array of strings", value),
            (Value::Null, value) => {
                instead_of(if self.member == "max_age" { "a whole number" } else { "an array of strings" }, value)
            }
        };
        Err(PolicyError::new(self.member, problem))
    }
}

/// The values of a member that has names of its own for them.
fn allowed(member: &str) -> Vec<&'static str> {
    match member {
        "token_endpoint_auth_methods_supported" => AuthenticationMethod::ALL.iter().map(|it| it.as_str()).collect(),
        "response_types_supported" => ResponseType::NAMES.to_vec(),
        "response_modes_supported" => ResponseMode::ALL.iter().map(|it| it.as_str()).collect(),
        "request_object_encryption_alg_values_supported" => KeyManagement::ALL.iter().map(|it| it.as_str()).collect(),
        "request_object_encryption_enc_values_supported" => {
            ContentEncryption::ALL.iter().map(|it| it.as_str()).collect()
        }
        "require_code_challenge" => vec!["public_clients", "pushed_requests", "always"],
        member if member.ends_with("signing_alg_values_supported") => {
            SigningAlgorithm::ALL.iter().map(|it| it.as_str()).collect()
        }
        _ => Vec::new(),
    }
}
