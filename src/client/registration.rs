//! Client registrations as they come from a file, a database or a registration endpoint, with the metadata names of RFC 7591,
//! RFC 9126, RFC 9101, RFC 9396 and OpenID Connect Dynamic Registration.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Map, Value};

use super::{RegistrationError, SecretRegistration, SecretText};
use crate::{expected::instead_of, json};

/// A client's metadata, unchecked. [`Client::try_from`](crate::Client) checks it.
///
/// Missing members have the defaults of their specifications, and so do empty ones: `null`, `""`, `[]` and `{}`, but for lists and
/// `scope`, where an empty one allows nothing. Members that this library does not know are kept in `other` for the host (RFC 7591 section 2). Reading one never shows a value in an error.
///
/// ```
/// use parjar::{Client, ClientRegistration};
///
/// let registration: ClientRegistration = serde_json::from_str(
///     r#"{ "client_id": "web", "client_secret": "correct horse", "redirect_uris": ["https://app.example.com/cb"] }"#,
/// )?;
/// let client = Client::try_from(registration)?;
/// assert_eq!(client.token_endpoint_auth_method().as_str(), "client_secret_basic");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClientRegistration {
    /// `client_id`: 1 to 8192 printable ASCII characters, of which requests may have as many as
    /// [`Limits::client_id`](crate::Limits::client_id) says.
    pub client_id: String,
    /// `client_name`, for the consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// `client_secret` in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretText>,
    /// `client_secret_expires_at`, in seconds since 1970. 0 or absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    /// `client_secrets` (an extension): further secrets, for rotation. With `client_secret_jwt` at most 8 secrets in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_secrets: Vec<SecretRegistration>,
    /// `token_endpoint_auth_method`. Default `client_secret_basic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    /// `token_endpoint_auth_methods` (an extension): the methods of which the client may use one in each request, for servers that
    /// have not stored which. Default: `token_endpoint_auth_method` alone, which must be among them if it is there; if not, the
    /// first of them stands for it.
    ///
    /// They must show the same credentials in different ways: `client_secret_basic` and `client_secret_post`, or
    /// `attest_jwt_client_auth` and `attest_jwt_client_auth_dpop`. Other sets are refused, because an attacker would choose the weakest
    /// of them. A client that changes from a secret to keys is registered anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods: Option<Vec<String>>,
    /// `token_endpoint_auth_signing_alg`: of client assertions. Absent: any that the policy offers, but RS256, RS384 and
    /// RS512 only with a key whose `alg` is that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// `danger_allow_legacy_assertion_audience` (an extension): whether `aud` of this client's assertions may also be the URL of the token
    /// endpoint or of the PAR endpoint, or an array with one of those or the issuer, as RFC 9126 section 2 has it. For
    /// clients older than RFC 7523bis: another server that they trust could use such an assertion here.
    pub danger_allow_legacy_assertion_audience: bool,
    /// `jwks`: the public keys of the client, as a JWK set. For `self_signed_tls_client_auth`, a key with `x5c` is good with the
    /// first certificate in there only, and one without is good with any certificate for it. Dates of such certificates
    /// do not count: what ends one is taking it out of the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// `jwks_uri`: where they are to be fetched, an https URL of a named host, without user information and fragment, of at most 2048
    /// bytes. Excludes `jwks`. See [`JwksSource`](crate::JwksSource).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// `tls_client_auth_subject_dn` (RFC 8705 section 2.1.2), in the text form of RFC 4514: the last part of the certificate's
    /// subject comes first, as in `CN=client,O=Example,C=BR`. Attributes are named or dotted numbers, with `OID.` before them or
    /// not; a value may be the DER in hexadecimal digits after a `#`, or stand in double quotes; a `;` is as good as a `,`. So
    /// texts of Java, .NET, OpenSSL and RFC 2253 can be registered as they are printed, if
    /// [`tls_client_auth_subject_dn_order`](Self::tls_client_auth_subject_dn_order) says which end they begin with.
    ///
    /// It is compared part by part and to the end. Types of strings, letter case and repeated spaces make no difference;
    /// Unicode is not normalised. Exactly one of the five members is there for `tls_client_auth`, and none otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    /// `tls_client_auth_subject_dn_order` (an extension): which part of the certificate's subject comes first in the text.
    /// `last_first` (default) is the order of RFC 4514; `first_first` that of the certificate, as in `C=BR, O=Example, CN=client`,
    /// which OpenSSL and the Windows console print; with `either`, a certificate with the same parts in the opposite order is
    /// the client's too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn_order: Option<String>,
    /// `tls_client_auth_san_dns`: one of the DNS names of the certificate, without regard to case. No wildcards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    /// `tls_client_auth_san_uri`: one of its URIs, to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    /// `tls_client_auth_san_ip`: one of its addresses, IPv4 or IPv6, compared as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    /// `tls_client_auth_san_email`: one of its mailboxes. Case makes no difference after the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    /// `tls_client_certificate_bound_access_tokens` (RFC 8705 section 3.4): whether the tokens of this client are to be bound to
    /// the certificate of its connection, however it authenticates. See [`Confirmation`](crate::Confirmation).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// `request_object_signing_alg`. Absent: any that the policy offers, but RS256, RS384 and RS512 only with a
    /// key whose `alg` is that, and none with the `client_secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<String>,
    /// `request_object_encryption_alg`: what the client may use, and must use where encryption is required. Absent: any that
    /// the policy offers, but none with the `client_secret`. From a secret that was not drawn at random, the key can be guessed
    /// from one token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<String>,
    /// `request_object_encryption_enc`. Default `A128CBC-HS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<String>,
    /// `redirect_uris`. Those that cannot be used are skipped and reported, where there are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// `danger_redirect_uri_patterns` (an extension): beginnings of redirect URIs with a `*` at their end, as
    /// `https://app.example.com/cb/*`, which a [`RedirectUriMatcher`](crate::RedirectUriMatcher) of the host can accept. See
    /// [`RedirectUriPattern`](crate::RedirectUriPattern) for what they risk. In `redirect_uris` a URI with `*` is skipped and reported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub danger_redirect_uri_patterns: Vec<String>,
    /// `response_types`. Default `code`, where the grant types allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types: Option<Vec<String>>,
    /// `response_modes` (FAPI 2.0 Message Signing). Absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_modes: Option<Vec<String>>,
    /// `authorization_signed_response_alg` (JARM): how responses are signed for the client. Absent: RS256, or what the
    /// [`ResponseSigner`](crate::ResponseSigner) prefers if it has no RS256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<String>,
    /// `grant_types`. Default `authorization_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// `scope`: the most that the client may ask for. Absent: what the policy offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `application_type`: `web` (default) or `native`, which lets the port of a loopback redirect URI differ. So it may where a
    /// client with `token_endpoint_auth_method` `none` does not say which it is, as command-line tools register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    /// `sector_identifier_uri`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// `default_max_age`, in seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    /// `authorization_details_types` (RFC 9396 section 10). Absent: all that the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details_types: Option<Vec<String>>,
    /// `require_pushed_authorization_requests` (RFC 9126 section 6)
    pub require_pushed_authorization_requests: bool,
    /// `require_signed_request_object` (RFC 9101 section 10.5)
    pub require_signed_request_object: bool,
    /// `require_encrypted_request_object` (an extension)
    pub require_encrypted_request_object: bool,
    /// `allow_per_request_redirect_uris` (an extension). See
    /// [`Policy::allow_per_request_redirect_uris`](crate::Policy::allow_per_request_redirect_uris).
    pub allow_per_request_redirect_uris: bool,
    /// `dpop_bound_access_tokens` (RFC 9449 section 5.2): whether the client's requests to the token endpoint must bring a DPoP
    /// proof.
    pub dpop_bound_access_tokens: bool,
    /// `accept_unencoded_basic_secrets` (an extension): a secret with `+` or `%` is also accepted as many clients send it by HTTP
    /// Basic, without the form-encoding of RFC 6749 section 2.3.1. See
    /// [`Policy::accept_unencoded_basic_secrets`](crate::Policy::accept_unencoded_basic_secrets).
    pub accept_unencoded_basic_secrets: bool,
    /// `request_uri_lifetime` (an extension): seconds that the pushed requests of the client wait to be opened, 1 to 600. It can be
    /// shorter than [`Policy::request_uri_lifetime`](crate::Policy::request_uri_lifetime), and not longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_uri_lifetime: Option<u32>,
    /// Everything else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
    /// Members that were empty when the registration was read, and not of their type.
    #[serde(skip)]
    pub(super) emptied: Vec<&'static str>,
}

impl ClientRegistration {
    /// A registration with nothing but its `client_id`.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), ..Self::default() }
    }
}

impl fmt::Debug for ClientRegistration {
    /// Keeps back the members that this library does not know: there may be secrets among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRegistration").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for ClientRegistration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match json::deserialize(deserializer)? {
            Value::Object(members) => Self::try_from(members).map_err(D::Error::custom),
            other => Err(D::Error::custom(format_args!("registration: {}", instead_of("an object", &other)))),
        }
    }
}

impl TryFrom<Map<String, Value>> for ClientRegistration {
    type Error = RegistrationError;

    fn try_from(document: Map<String, Value>) -> Result<Self, RegistrationError> {
        let mut unread = Unread { document, emptied: Vec::new() };
        let members = &mut unread;
        Ok(Self {
            client_id: take(members, "client_id", "a string")?
                .ok_or_else(|| RegistrationError::new("client_id", "is missing"))?,
            client_name: take(members, "client_name", "a string")?,
            client_secret: take(members, "client_secret", "a string")?,
            client_secret_expires_at: take(members, "client_secret_expires_at", "a whole number of seconds")?,
            client_secrets: take(
                members,
                "client_secrets",
                "an array of objects with client_secret or client_secret_sha256",
            )?
            .unwrap_or_default(),
            token_endpoint_auth_method: take(members, "token_endpoint_auth_method", "a string")?,
            token_endpoint_auth_methods: take(members, "token_endpoint_auth_methods", "an array of strings")?,
            token_endpoint_auth_signing_alg: take(members, "token_endpoint_auth_signing_alg", "a string")?,
            danger_allow_legacy_assertion_audience: flag(members, "danger_allow_legacy_assertion_audience")?,
            jwks: take(members, "jwks", "a JWK set")?,
            jwks_uri: take(members, "jwks_uri", "a string")?,
            tls_client_auth_subject_dn: take(members, "tls_client_auth_subject_dn", "a string")?,
            tls_client_auth_subject_dn_order: take(members, "tls_client_auth_subject_dn_order", "a string")?,
            tls_client_auth_san_dns: take(members, "tls_client_auth_san_dns", "a string")?,
            tls_client_auth_san_uri: take(members, "tls_client_auth_san_uri", "a string")?,
            tls_client_auth_san_ip: take(members, "tls_client_auth_san_ip", "a string")?,
            tls_client_auth_san_email: take(members, "tls_client_auth_san_email", "a string")?,
            tls_client_certificate_bound_access_tokens: flag(members, "tls_client_certificate_bound_access_tokens")?,
            request_object_signing_alg: take(members, "request_object_signing_alg", "a string")?,
            request_object_encryption_alg: take(members, "request_object_encryption_alg", "a string")?,
            request_object_encryption_enc: take(members, "request_object_encryption_enc", "a string")?,
            redirect_uris: texts(members, "redirect_uris")?.unwrap_or_default(),
            danger_redirect_uri_patterns: texts(members, "danger_redirect_uri_patterns")?.unwrap_or_default(),
            response_types: texts(members, "response_types")?,
            response_modes: texts(members, "response_modes")?,
            authorization_signed_response_alg: take(members, "authorization_signed_response_alg", "a string")?,
            grant_types: take(members, "grant_types", "an array of strings")?,
            scope: take(members, "scope", "a string")?,
            application_type: take(members, "application_type", "a string")?,
            sector_identifier_uri: take(members, "sector_identifier_uri", "a string")?,
            default_max_age: take(members, "default_max_age", "a whole number of seconds")?,
            authorization_details_types: take(members, "authorization_details_types", "an array of strings")?,
            require_pushed_authorization_requests: flag(members, "require_pushed_authorization_requests")?,
            require_signed_request_object: flag(members, "require_signed_request_object")?,
            require_encrypted_request_object: flag(members, "require_encrypted_request_object")?,
            allow_per_request_redirect_uris: flag(members, "allow_per_request_redirect_uris")?,
            dpop_bound_access_tokens: flag(members, "dpop_bound_access_tokens")?,
            accept_unencoded_basic_secrets: flag(members, "accept_unencoded_basic_secrets")?,
            request_uri_lifetime: take(members, "request_uri_lifetime", "a whole number of seconds")?,
            other: unread.document,
            emptied: unread.emptied,
        })
    }
}

/// The members that have yet to be read.
struct Unread {
    document: Map<String, Value>,
    emptied: Vec<&'static str>,
}

fn take<T: DeserializeOwned>(
    members: &mut Unread,
    member: &'static str,
    expected: &str,
) -> Result<Option<T>, RegistrationError> {
    let value = match members.document.remove(member) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    match T::deserialize(&value) {
        Ok(value) => Ok(Some(value)),
        Err(_) if json::is_empty(&value) => {
            members.emptied.push(member);
            Ok(None)
        }
        Err(_) => Err(RegistrationError::new(member, instead_of(expected, &value))),
    }
}

/// Texts, of which each is used or reported. `null` is as good as an empty one.
fn texts(members: &mut Unread, member: &'static str) -> Result<Option<Vec<String>>, RegistrationError> {
    if let Some(Value::Array(listed)) = members.document.get_mut(member) {
        for empty in listed.iter_mut().filter(|value| json::is_empty(value)) {
            *empty = Value::String(String::new());
        }
    }
    take(members, member, "an array of strings")
}

fn flag(members: &mut Unread, member: &'static str) -> Result<bool, RegistrationError> {
    Ok(take(members, member, "true or false")?.unwrap_or_default())
}
