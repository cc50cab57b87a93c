//! Policies: presets, files, bounds, and what an endpoint cannot be built with.

use parjar::{
    AuthenticationMethod, BuildError, InMemoryRegistry, ParEndpoint, Policy, Profile, RequireCodeChallenge,
    ResponseMode, ResponseType, jose::SigningAlgorithm,
};
use serde::{Deserialize as _, Serialize as _};
use serde_json::{Value, json};

use crate::support::ISSUER;

fn build(policy: Policy) -> Result<ParEndpoint, BuildError> {
    ParEndpoint::builder(ISSUER).policy(policy).clients(InMemoryRegistry::default()).build()
}

fn read(document: Value) -> Result<Policy, String> {
    Policy::deserialize(document).map_err(|error| error.to_string())
}

#[test]
fn the_presets_are_what_they_say() {
    // Section O, N-11, BCP-001
    let oauth = Policy::oauth();
    assert_eq!(Policy::default(), oauth);
    assert!(oauth.pushed_authorization_requests);
    assert!(!oauth.require_pushed_authorization_requests);
    assert!(!oauth.require_signed_request_object && !oauth.require_encrypted_request_object);
    assert!(!oauth.allow_per_request_redirect_uris);
    assert!(!oauth.danger_allow_unauthenticated_clients && !oauth.danger_allow_plain_code_challenge);
    assert_eq!((oauth.request_uri_lifetime, oauth.login_lifetime, oauth.spent_lifetime), (60, 600, 600));
    assert_eq!(oauth.response_types_supported, [ResponseType::CODE]);
    assert_eq!(oauth.require_code_challenge, RequireCodeChallenge::PublicClients);
    assert!(!oauth.require_redirect_uri);
    assert!(oauth.offers_authentication_method(AuthenticationMethod::ClientSecretBasic));
    assert!(oauth.offers_authentication_method(AuthenticationMethod::ClientSecretPost));
    assert!(!oauth.offers_authentication_method(AuthenticationMethod::None));

    let oidc = Policy::oidc();
    assert!(oidc.require_redirect_uri);
    let mut same = oauth;
    same.profile = Profile::Oidc;
    same.require_redirect_uri = true;
    assert_eq!(oidc, same);
    assert!(build(oidc).is_ok());
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    // P-26
    let limits = parjar::Limits::default();
    assert_eq!((limits.body, limits.parameters, limits.name, limits.value), (65_536, 64, 64, 8192));
    assert_eq!((limits.json_value, limits.request_object), (16_384, 32_768));
    assert_eq!((limits.scope_tokens, limits.resources, limits.authorization_details), (64, 16, 64));
}

#[test]
fn a_file_has_a_preset_and_what_differs_from_it() {
    assert_eq!(read(json!({})).unwrap(), Policy::oauth());
    assert_eq!(read(json!({ "preset": "oidc" })).unwrap(), Policy::oidc());
    let policy = read(json!({
        "preset": "oidc",
        "require_redirect_uri": false,
        "request_uri_lifetime": 5,
        "response_types_supported": ["code", "id_token code"],
        "response_modes_supported": ["query", "fragment"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "scopes_supported": ["openid"],
        "require_dpop": true,
        "require_dpop_nonce": true,
        "dpop_signing_alg_values_supported": ["ES256"],
        "dpop_proof_lifetime": 300,
        "require_code_challenge": "always",
        "limits": { "body": 1000, "resources": 1 },
    }))
    .unwrap();
    let mut expected = Policy::oauth();
    expected.profile = Profile::Oidc;
    expected.request_uri_lifetime = 5;
    expected.response_types_supported = vec![ResponseType::CODE, ResponseType::CODE_ID_TOKEN];
    expected.response_modes_supported = vec![ResponseMode::Query, ResponseMode::Fragment];
    expected.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::ClientSecretPost];
    expected.scopes_supported = Some(vec!["openid".into()]);
    expected.require_dpop = true;
    expected.require_dpop_nonce = true;
    expected.dpop_signing_alg_values_supported = vec![SigningAlgorithm::Es256];
    expected.dpop_proof_lifetime = 300;
    expected.require_code_challenge = RequireCodeChallenge::Always;
    expected.limits.body = 1000;
    expected.limits.resources = 1;
    assert_eq!(policy, expected);
    assert_eq!(read(policy.serialize(serde_json::value::Serializer).unwrap()).unwrap(), policy);
    assert_eq!(read(json!({ "scopes_supported": null })).unwrap(), Policy::oauth());
}

#[test]
fn a_mistake_in_a_file_is_named_and_its_value_is_not_shown() {
    for (document, member) in [
        (json!({ "profile": "oidc" }), "profile"),
        (json!({ "preset": "cAnArY" }), "preset"),
        (json!({ "preset": null }), "preset"),
        (json!({ "require_pushed_authorisation_requests": true }), "require_pushed_authorisation_requests"),
        (json!({ "limits": { "bodies": 7 } }), "limits.bodies"),
        (json!({ "limits": "cAnArY" }), "limits"),
        (json!({ "limits": { "body": "cAnArY" } }), "limits.body"),
        (json!({ "limits": { "body": -1 } }), "limits.body"),
        (json!({ "limits": null }), "limits"),
        (json!({ "require_pushed_authorization_requests": "cAnArY" }), "require_pushed_authorization_requests"),
        (json!({ "require_pushed_authorization_requests": null }), "require_pushed_authorization_requests"),
        (json!({ "request_uri_lifetime": "60s" }), "request_uri_lifetime"),
        (json!({ "request_uri_lifetime": 1.5 }), "request_uri_lifetime"),
        (json!({ "request_uri_lifetime": -1 }), "request_uri_lifetime"),
        (json!({ "request_uri_lifetime": u64::MAX }), "request_uri_lifetime"),
        (json!({ "request_uri_lifetime": 0 }), "request_uri_lifetime"),
        (json!({ "response_types_supported": ["cAnArY"] }), "response_types_supported"),
        (json!({ "response_modes_supported": ["cAnArY"] }), "response_modes_supported"),
        (json!({ "token_endpoint_auth_methods_supported": ["cAnArY"] }), "token_endpoint_auth_methods_supported"),
        (json!({ "require_code_challenge": "cAnArY" }), "require_code_challenge"),
        (json!({ "scopes_supported": ["cAnArY\""] }), "scopes_supported"),
        (json!({ "dpop_signing_alg_values_supported": ["cAnArY"] }), "dpop_signing_alg_values_supported"),
        (json!({ "dpop_signing_alg_values_supported": ["HS256"] }), "dpop_signing_alg_values_supported"),
        (json!({ "dpop_signing_alg_values_supported": [] }), "dpop_signing_alg_values_supported"),
        (json!({ "require_dpop": "cAnArY" }), "require_dpop"),
        (json!({ "dpop_proof_lifetime": 0 }), "dpop_proof_lifetime"),
        (json!({ "danger_allow_plain_code_challenge": {} }), "danger_allow_plain_code_challenge"),
    ] {
        let error = read(document.clone()).unwrap_err();
        assert!(error.starts_with(&format!("{member}: ")), "{document}: {error}");
        assert!(!error.contains("cAnArY") && !error.contains('\n'), "{document}: {error}");
    }
}

#[test]
fn reading_a_policy_never_shows_a_value() {
    for document in [json!("cAnArY"), json!(["cAnArY"])] {
        let error = read(document).unwrap_err();
        assert!(!error.contains("cAnArY"), "{error}");
    }
}

#[test]
fn numbers_have_bounds_and_are_never_clamped() {
    // P-23, PAR-027
    type Set = fn(&mut Policy, u64);
    let settings: [(&str, Set, u64, u64); 10] = [
        ("request_uri_lifetime", |policy, value| policy.request_uri_lifetime = u32::try_from(value).unwrap(), 1, 600),
        ("login_lifetime", |policy, value| policy.login_lifetime = u32::try_from(value).unwrap(), 1, 3600),
        ("dpop_proof_lifetime", |policy, value| policy.dpop_proof_lifetime = u32::try_from(value).unwrap(), 1, 300),
        ("spent_lifetime", |policy, value| policy.spent_lifetime = u32::try_from(value).unwrap(), 1, 3600),
        ("limits.body", |policy, value| policy.limits.body = value as usize, 1, 262_144),
        ("limits.parameters", |policy, value| policy.limits.parameters = value as usize, 1, 128),
        ("limits.name", |policy, value| policy.limits.name = value as usize, 64, 65_536),
        ("limits.value", |policy, value| policy.limits.value = value as usize, 64, 65_536),
        ("limits.json_value", |policy, value| policy.limits.json_value = value as usize, 64, 65_536),
        ("limits.request_object", |policy, value| policy.limits.request_object = value as usize, 64, 65_536),
    ];
    for (member, set, min, max) in settings {
        for (value, good) in
            [(min, true), (max, true), (0, false), (min - 1, false), (max + 1, false), (u64::from(u32::MAX), false)]
        {
            let mut policy = Policy::oauth();
            set(&mut policy, value);
            match build(policy) {
                Ok(_) => assert!(good, "{member} {value}"),
                Err(error) => {
                    assert!(!good, "{member} {value}");
                    assert!(error.to_string().starts_with(&format!("policy.{member}: ")), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    type Set = fn(&mut Policy);
    let contradictions: [(&str, Set); 9] = [
        ("response_types_supported", |policy| policy.response_types_supported.clear()),
        ("response_modes_supported", |policy| policy.response_modes_supported.clear()),
        ("response_modes_supported", |policy| policy.response_modes_supported = vec![ResponseMode::FormPost]),
        ("response_modes_supported", |policy| {
            policy.response_types_supported.push(ResponseType::CODE_ID_TOKEN);
            policy.response_modes_supported = vec![ResponseMode::Query];
        }),
        ("token_endpoint_auth_methods_supported", |policy| policy.token_endpoint_auth_methods_supported.clear()),
        ("token_endpoint_auth_methods_supported", |policy| {
            policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::None);
        }),
        ("require_pushed_authorization_requests", |policy| {
            policy.pushed_authorization_requests = false;
            policy.require_pushed_authorization_requests = true;
        }),
        ("scopes_supported", |policy| policy.scopes_supported = Some(vec!["a b".into()])),
        ("scopes_supported", |policy| policy.scopes_supported = Some(vec![String::new()])),
    ];
    for (member, set) in contradictions {
        let mut policy = Policy::oauth();
        set(&mut policy);
        match build(policy).unwrap_err() {
            BuildError::Policy(error) => assert_eq!(error.member(), member),
            other => panic!("{member}: {other}"),
        }
    }
    let mut only_public = Policy::oauth();
    only_public.token_endpoint_auth_methods_supported.clear();
    only_public.danger_allow_unauthenticated_clients = true;
    assert!(build(only_public).is_ok());
}

#[test]
fn an_issuer_is_an_https_url_without_query_and_fragment() {
    // PAR-002, SM-001, ISS-002
    let with_issuer = |issuer: &str| ParEndpoint::builder(issuer).clients(InMemoryRegistry::default()).build();
    for issuer in [
        "",
        "as.example.com",
        "http://as.example.com",
        "http://localhost.evil.example",
        "https://as.example.com?x",
        "https://as.example.com?",
        "https://as.example.com#x",
        "https://as.example.com#",
        "https://user@as.example.com",
        "https://as.example.com/\u{e9}",
        "https://as.example.com/ x",
        " https://as.example.com",
        "https://as.example.com\n",
        "https:\\\\as.example.com",
        "https://",
        "javascript:alert(1)",
        "file:///etc",
    ] {
        assert_eq!(with_issuer(issuer).unwrap_err(), BuildError::Issuer, "{issuer:?}");
    }
    for issuer in ["https://as.example.com", "https://as.example.com:8443/t/1", "http://localhost:3000", "http://[::1]"]
    {
        assert!(with_issuer(issuer).is_ok(), "{issuer}");
    }
}

#[test]
fn an_issuer_is_a_url_as_it_stands_and_not_only_after_repair() {
    // ISS-002, SM-001: clients compare it character by character.
    for issuer in ["https:as.example.com", "https:/as.example.com", "https:///as.example.com", "http:localhost"] {
        let outcome = ParEndpoint::builder(issuer).clients(InMemoryRegistry::default()).build();
        assert_eq!(outcome.unwrap_err(), BuildError::Issuer, "{issuer}");
    }
}

#[test]
fn endpoints_are_https_urls() {
    // PAR-002
    for url in ["http://as.example.com/a", "/authorize", "", "https://u@as.example.com/", "https://as.example.com/#x"] {
        let outcome = ParEndpoint::builder(ISSUER)
            .authorization_endpoint(url)
            .pushed_authorization_request_endpoint("https://as.example.com/par")
            .clients(InMemoryRegistry::default())
            .build();
        assert_eq!(outcome.unwrap_err(), BuildError::Endpoint("authorization_endpoint"), "{url}");
        let outcome = ParEndpoint::builder(ISSUER)
            .pushed_authorization_request_endpoint(url)
            .clients(InMemoryRegistry::default())
            .build();
        assert_eq!(outcome.unwrap_err(), BuildError::Endpoint("pushed_authorization_request_endpoint"), "{url}");
    }
}

#[test]
fn an_endpoint_without_clients_is_not_built() {
    assert_eq!(ParEndpoint::builder(ISSUER).build().unwrap_err(), BuildError::Clients);
}
