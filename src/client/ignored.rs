//! Members of registrations that do not count.

use std::{borrow::Cow, fmt};

use serde_json::Value;

use super::{ClientRegistration, RegistrationError};
use crate::json;

/// A member of a registration, or a part of one, that has no effect: an empty one, an unknown value among known ones, or a key
/// that cannot be used.
///
/// `Display` says it in one line, and shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredMember {
    member: &'static str,
    reason: Cow<'static, str>,
}

impl IgnoredMember {
    /// The metadata name.
    #[must_use]
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// Returns `true` for a key of `jwks`, or a part of one.
    pub(crate) fn is_of_key(&self) -> bool {
        self.member == "jwks" && self.reason.starts_with("keys[")
    }

    /// The part that is ignored, and why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for IgnoredMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.reason)
    }
}

const EMPTY: &str = "is empty, and counts as absent";

/// The members that were ignored so far.
#[derive(Default)]
pub(super) struct Ignored(Vec<IgnoredMember>);

impl Ignored {
    pub(super) fn add(&mut self, member: &'static str, reason: impl Into<Cow<'static, str>>) {
        self.0.push(IgnoredMember { member, reason: reason.into() });
    }

    /// Names the empty member, where that is why keys or a subject are missing.
    pub(super) fn explain(&self, error: RegistrationError) -> RegistrationError {
        const NEEDED: [(&str, &str); 7] = [
            ("jwks", "is empty, where a JWK set is needed"),
            ("jwks_uri", "is empty, where keys are needed"),
            ("tls_client_auth_subject_dn", "is empty, where a subject is needed"),
            ("tls_client_auth_san_dns", "is empty, where a subject is needed"),
            ("tls_client_auth_san_uri", "is empty, where a subject is needed"),
            ("tls_client_auth_san_ip", "is empty, where a subject is needed"),
            ("tls_client_auth_san_email", "is empty, where a subject is needed"),
        ];
        let was_empty = |member| self.0.iter().any(|ignored| ignored.member == member && ignored.reason == EMPTY);
        match NEEDED.into_iter().find(|(member, _)| was_empty(*member)) {
            Some((member, problem)) if error.is_of_missing_member() => RegistrationError::new(member, problem),
            _ => error,
        }
    }

    pub(super) fn into_list(self) -> Box<[IgnoredMember]> {
        self.0.into()
    }
}

/// The registration without members that are empty, which some writers put for absent ones. Lists and scopes stay as they are: an
/// empty one allows nothing, where an absent one allows all.
pub(super) fn without_empty(mut registration: ClientRegistration, ignored: &mut Ignored) -> ClientRegistration {
    for member in std::mem::take(&mut registration.emptied) {
        ignored.add(member, EMPTY);
    }
    let it = &mut registration;
    let texts = [
        ("client_name", &mut it.client_name),
        ("token_endpoint_auth_method", &mut it.token_endpoint_auth_method),
        ("token_endpoint_auth_signing_alg", &mut it.token_endpoint_auth_signing_alg),
        ("jwks_uri", &mut it.jwks_uri),
        ("tls_client_auth_subject_dn", &mut it.tls_client_auth_subject_dn),
        ("tls_client_auth_subject_dn_order", &mut it.tls_client_auth_subject_dn_order),
        ("tls_client_auth_san_dns", &mut it.tls_client_auth_san_dns),
        ("tls_client_auth_san_uri", &mut it.tls_client_auth_san_uri),
        ("tls_client_auth_san_ip", &mut it.tls_client_auth_san_ip),
        ("tls_client_auth_san_email", &mut it.tls_client_auth_san_email),
        ("request_object_signing_alg", &mut it.request_object_signing_alg),
        ("request_object_encryption_alg", &mut it.request_object_encryption_alg),
        ("request_object_encryption_enc", &mut it.request_object_encryption_enc),
        ("authorization_signed_response_alg", &mut it.authorization_signed_response_alg),
        ("application_type", &mut it.application_type),
        ("sector_identifier_uri", &mut it.sector_identifier_uri),
    ];
    for (member, text) in texts {
        if text.as_ref().is_some_and(String::is_empty) {
            *text = None;
            ignored.add(member, EMPTY);
        }
    }
    if registration.client_secret.as_ref().is_some_and(|secret| secret.as_str().is_empty()) {
        registration.client_secret = None;
        ignored.add("client_secret", EMPTY);
    }
    if registration.token_endpoint_auth_methods.as_ref().is_some_and(Vec::is_empty) {
        registration.token_endpoint_auth_methods = None;
        ignored.add("token_endpoint_auth_methods", EMPTY);
    }
    let has_uri = registration.jwks_uri.is_some();
    if registration.jwks.as_ref().is_some_and(|jwks| json::is_empty(jwks) || has_no_keys(jwks, has_uri)) {
        registration.jwks = None;
        ignored.add("jwks", EMPTY);
    }
    registration
}

/// Returns `true` for a set whose list of keys is not there, and for one with an empty list, which adds nothing to a `jwks_uri`.
fn has_no_keys(jwks: &Value, has_uri: bool) -> bool {
    jwks.get("keys").is_some_and(|keys| json::is_empty(keys) && (has_uri || !keys.is_array()))
}
