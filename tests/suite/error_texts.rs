//! What errors of policies and registrations say: the member, what it must be, its type, and what was probably meant. Never a value.

use parjar::{Client, ClientRegistration, Policy, jose::DecryptionKeys};
use serde_json::{Value, json};

use crate::support::{CALLBACK, with};

const METHODS: &str = "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, \
                       self_signed_tls_client_auth, attest_jwt_client_auth, attest_jwt_client_auth_dpop or none";
const ALGORITHMS: &str =
    "ES256, ES384, ES512, PS256, PS384, PS512, EdDSA, Ed25519, RS256, RS384, RS512, HS256, HS384 or HS512";
const PRESETS: &str =
    "oauth, oidc, fapi1_advanced, fapi2_security_profile, fapi2_message_signing, haip, atproto, brazil or cdr";

fn policy_error(document: &Value) -> String {
    let error = Policy::try_from(document.as_object().unwrap().clone()).unwrap_err();
    let by_serde = serde_json::from_value::<Policy>(document.clone()).unwrap_err();
    assert_eq!(error.to_string(), by_serde.to_string());
    assert!(error.to_string().starts_with(error.member()));
    error.to_string()
}

#[test]
fn a_policy_error_names_the_setting_and_what_it_must_be() {
    let rows = [
        (json!({ "preset": "oath" }), format!("preset: must be {PRESETS}; the nearest is oauth")),
        (json!({ "preset": "FAPI2-Security-Profile" }), format!("preset: must be {PRESETS}; the nearest is fapi2_security_profile")),
        (json!({ "preset": "s3cret" }), format!("preset: must be {PRESETS}")),
        (json!({ "preset": 2 }), "preset: must be a string, not a number".into()),
        (
            json!({ "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwk"] }),
            format!("token_endpoint_auth_methods_supported: number 2 must be {METHODS}; the nearest is private_key_jwt"),
        ),
        (
            json!({ "token_endpoint_auth_methods_supported": "private_key_jwt" }),
            "token_endpoint_auth_methods_supported: must be an array of strings, not a string".into(),
        ),
        (
            json!({ "request_object_signing_alg_values_supported": ["es256"] }),
            format!("request_object_signing_alg_values_supported: number 1 must be {ALGORITHMS}; the nearest is ES256"),
        ),
        (
            json!({ "client_attestation": { "signing_alg_values_supported": ["ES25"] } }),
            format!("client_attestation.signing_alg_values_supported: number 1 must be {ALGORITHMS}; the nearest is ES256"),
        ),
        (
            json!({ "client_attestation": { "max_age": "s3cret" } }),
            "client_attestation.max_age: must be a whole number, not a string".into(),
        ),
        (json!({ "client_attestation": { "max_aeg": 3 } }), "client_attestation.max_aeg: is not a setting; the nearest is max_age".into()),
        (
            json!({ "response_modes_supported": ["qeury"] }),
            "response_modes_supported: number 1 must be query, fragment, form_post, jwt, query.jwt, fragment.jwt or form_post.jwt; \
             the nearest is query"
                .into(),
        ),
        (
            json!({ "require_code_challenge": "allways" }),
            "require_code_challenge: must be public_clients, pushed_requests or always; the nearest is always".into(),
        ),
        (json!({ "require_code_challenge": true }), "require_code_challenge: must be a string, not true or false".into()),
        (json!({ "require_state": "true" }), "require_state: must be true or false, not a string".into()),
        (json!({ "require_stat": true }), "require_stat: is not a setting; the nearest is require_state".into()),
        (json!({ "s3cret": true }), "s3cret: is not a setting".into()),
        (json!({ "request_uri_lifetime": "60" }), "request_uri_lifetime: must be a whole number, not a string".into()),
        (
            json!({ "request_uri_lifetime": 1.5 }),
            "request_uri_lifetime: must be a whole number, not a negative number or a fraction".into(),
        ),
        (json!({ "request_uri_lifetime": 5_000_000_000_u64 }), "request_uri_lifetime: must be a whole number, and is too large".into()),
        (json!({ "request_uri_lifetime": 601 }), "request_uri_lifetime: must be 1 to 600 seconds".into()),
        (json!({ "scopes_supported": "openid" }), "scopes_supported: must be an array of strings, not a string".into()),
        (
            json!({ "required_scopes": ["openid", 7] }),
            "required_scopes: must be an array of strings, and number 2 is a number".into(),
        ),
        (json!({ "limits": { "bdoy": 1 } }), "limits.bdoy: is not a setting; the nearest is body".into()),
        (json!({ "limits": { "body": "1" } }), "limits.body: must be a whole number, not a string".into()),
        (json!({ "limits": 7 }), "limits: must be an object, not a number".into()),
    ];
    for (document, expected) in rows {
        assert_eq!(policy_error(&document), expected, "{document}");
    }
    let error = serde_json::from_str::<Policy>("[]").unwrap_err();
    assert!(error.to_string().starts_with("policy: must be an object, not an array"), "{error}");
}

#[test]
fn several_settings_of_one_object_are_taken_together() {
    let document =
        json!({ "limits": { "body": 1000, "name": 100 }, "client_attestation": { "max_age": 5, "pop_lifetime": 7 } });
    let policy: Policy = serde_json::from_value(document).unwrap();
    assert_eq!((policy.limits.body, policy.limits.name), (1000, 100));
    assert_eq!((policy.client_attestation.max_age, policy.client_attestation.pop_lifetime), (Some(5), 7));
}

#[test]
fn a_registration_error_names_the_member_and_what_it_must_be() {
    let rows = [
        (
            json!({ "token_endpoint_auth_method": "private_key_jwk" }),
            format!("token_endpoint_auth_method: must be {METHODS}; the nearest is private_key_jwt"),
        ),
        (json!({ "token_endpoint_auth_method": "s3cret" }), format!("token_endpoint_auth_method: must be {METHODS}")),
        (json!({ "token_endpoint_auth_method": 7 }), "token_endpoint_auth_method: must be a string, not a number".into()),
        (
            json!({ "token_endpoint_auth_methods": ["clientsecretbasic"] }),
            format!("token_endpoint_auth_methods: must be {METHODS}; the nearest is client_secret_basic"),
        ),
        (
            json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "HS-256" }),
            format!("token_endpoint_auth_signing_alg: must be {ALGORITHMS}; the nearest is HS256"),
        ),
        (
            json!({ "require_encrypted_request_object": true, "request_object_encryption_alg": "RSA-OAEP256" }),
            "request_object_encryption_alg: must be RSA-OAEP-256, RSA-OAEP, ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A256KW, dir, A128KW, A192KW, \
             A256KW, A128GCMKW, A192GCMKW or A256GCMKW; the nearest is RSA-OAEP-256"
                .into(),
        ),
        (
            json!({ "require_encrypted_request_object": true, "request_object_encryption_alg": "RSA-OAEP", "request_object_encryption_enc": "A128GMC" }),
            "request_object_encryption_enc: must be A128CBC-HS256, A256CBC-HS512, A128GCM or A256GCM; the nearest is A128GCM".into(),
        ),
        (json!({ "application_type": "nativ" }), "application_type: must be web or native; the nearest is native".into()),
        (
            json!({ "response_types": ["cod"] }),
            "response_types: contains no known response type; the nearest is code".into(),
        ),
        (
            json!({ "response_modes": ["form-post"] }),
            "response_modes: contains no known response mode; the nearest is form_post".into(),
        ),
        (json!({ "client_secret": ["s3cret"] }), "client_secret: must be a string, not an array".into()),
        (
            json!({ "client_secrets": "s3cret" }),
            "client_secrets: must be an array of objects with client_secret or client_secret_sha256, not a string".into(),
        ),
        (json!({ "redirect_uris": "s3cret" }), "redirect_uris: must be an array of strings, not a string".into()),
        (json!({ "redirect_uris": [CALLBACK, 7] }), "redirect_uris: must be an array of strings, and number 2 is a number".into()),
        (
            json!({ "require_pushed_authorization_requests": "true" }),
            "require_pushed_authorization_requests: must be true or false, not a string".into(),
        ),
        (json!({ "default_max_age": -1 }), "default_max_age: must be a whole number of seconds, not a negative number or a fraction".into()),
        (json!({ "default_max_age": "1" }), "default_max_age: must be a whole number of seconds, not a string".into()),
        (
            json!({ "request_uri_lifetime": 5_000_000_000_u64 }),
            "request_uri_lifetime: must be a whole number of seconds, and is too large".into(),
        ),
    ];
    for (members, expected) in rows {
        let document = with(
            json!({ "client_id": "web", "client_secret": "s3cret-s3cret-s3cret-s3cret-s3cret-s3cret", "redirect_uris": [CALLBACK] }),
            members,
        );
        let error = match ClientRegistration::try_from(document.as_object().unwrap().clone()) {
            Err(error) => error,
            Ok(registration) => Client::try_from(registration).unwrap_err(),
        };
        assert_eq!(error.to_string(), expected);
    }
    let error = serde_json::from_str::<ClientRegistration>("7").unwrap_err();
    assert!(error.to_string().starts_with("registration: must be an object, not a number"), "{error}");
}

#[test]
fn what_is_ignored_is_told_what_was_probably_meant() {
    let document = json!({ "client_id": "web", "client_secret": "s3cret", "redirect_uris": [CALLBACK],
        "response_types": ["code", "s3cret", "code idtoken"], "response_modes": ["query", "Fragment"],
        "request_object_signing_alg": "es-256" });
    let registration: ClientRegistration = serde_json::from_value(document).unwrap();
    let client = Client::try_from(registration).unwrap();
    let ignored: Vec<String> = client.ignored().iter().map(|ignored| ignored.to_string()).collect();
    assert_eq!(
        ignored,
        [
            "response_types: number 2 is an unknown response type",
            "response_types: number 3 is an unknown response type; the nearest is code id_token",
            "response_modes: number 2 is an unknown response mode; the nearest is fragment",
            "request_object_signing_alg: is not an algorithm that is supported; the nearest is ES256, and no request object of the client \
             is accepted",
        ]
    );
}

#[test]
fn a_key_of_an_unknown_type_is_told_which_there_are() {
    let error = DecryptionKeys::parse(r#"{ "keys": [ { "kty": "ECC", "crv": "s3cret" } ] }"#).unwrap_err();
    let expected =
        "keys[0] is of a kty or crv that is not supported (RSA; EC with P-256, P-384, P-521; OKP with Ed25519, X25519)";
    assert_eq!(error.to_string(), expected);
}
