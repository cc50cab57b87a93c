//! Discovery: what is published is what is enforced.

use parjar::{
    AuthenticationMethod, Client, HostEndpoint, InMemoryRegistry, ParEndpoint, ParEndpointBuilder, Policy,
    ResponseType, jose::SigningAlgorithm,
};
use serde_json::{Map, Value, json};

use crate::support::ISSUER;

fn metadata(policy: Policy, more: impl FnOnce(ParEndpointBuilder) -> ParEndpointBuilder) -> Map<String, Value> {
    more(ParEndpoint::builder(ISSUER).policy(policy)).clients(InMemoryRegistry::default()).build().unwrap().metadata()
}

#[test]
fn the_document_of_the_preset_oauth() {
    // PAR-066, PK-010, ISS-003, PAR-003, PAR-007, PAR-065, SM-001 to SM-006, SM-010, SM-012 to SM-014, SM-017, DP-018
    let expected = json!({
        "issuer": "https://as.example.com",
        "authorization_endpoint": "https://as.example.com/authorize",
        "pushed_authorization_request_endpoint": "https://as.example.com/authorize/par",
        "require_pushed_authorization_requests": false,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "require_signed_request_object": false,
        "request_object_signing_alg_values_supported": SigningAlgorithm::ALL,
        "request_object_encryption_alg_values_supported":
            ["dir", "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW"],
        "request_object_encryption_enc_values_supported": ["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth",
            "self_signed_tls_client_auth",
        ],
        "token_endpoint_auth_signing_alg_values_supported": SigningAlgorithm::ALL,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    assert_eq!(Value::Object(metadata(Policy::oauth(), |builder| builder)), expected);
}

#[test]
fn every_switch_shows() {
    // SM-003, SM-010, SM-012, SM-015, SM-017, SM-018
    let mut policy = Policy::oauth();
    policy.require_pushed_authorization_requests = true;
    policy.require_signed_request_object = true;
    policy.danger_allow_unauthenticated_clients = true;
    policy.danger_allow_plain_code_challenge = true;
    policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::ClientSecretPost];
    policy.response_types_supported = vec![ResponseType::CODE, ResponseType::CODE_ID_TOKEN];
    policy.scopes_supported = Some(vec!["openid".into()]);
    let document = metadata(policy, |builder| {
        builder
            .authorization_endpoint("https://login.example.com/a?tenant=1")
            .pushed_authorization_request_endpoint("https://login.example.com/push")
            .authorization_details_type("payment", |_: &Client, _: &Map<String, Value>| Ok(()))
    });
    for (member, value) in [
        ("authorization_endpoint", json!("https://login.example.com/a?tenant=1")),
        ("pushed_authorization_request_endpoint", json!("https://login.example.com/push")),
        ("require_pushed_authorization_requests", json!(true)),
        ("require_signed_request_object", json!(true)),
        ("token_endpoint_auth_methods_supported", json!(["client_secret_post", "none"])),
        ("code_challenge_methods_supported", json!(["S256", "plain"])),
        ("response_types_supported", json!(["code", "code id_token"])),
        ("scopes_supported", json!(["openid"])),
        ("authorization_details_types_supported", json!(["payment"])),
    ] {
        assert_eq!(document[member], value, "{member}");
    }
}

#[test]
fn an_endpoint_that_is_switched_off_is_not_published() {
    // SM-002: its presence alone says that it can be used.
    let mut policy = Policy::oauth();
    policy.pushed_authorization_requests = false;
    let document = metadata(policy, |builder| builder);
    assert!(!document.contains_key("pushed_authorization_request_endpoint"));
    assert!(!document.contains_key("require_pushed_authorization_requests"));
}

#[test]
fn endpoints_follow_the_issuer_unless_they_are_given() {
    // PAR-081
    for (issuer, authorize, par) in [
        ("https://as.example.com", "https://as.example.com/authorize", "https://as.example.com/authorize/par"),
        ("https://as.example.com/", "https://as.example.com/authorize", "https://as.example.com/authorize/par"),
        ("https://a.example/t/1", "https://a.example/t/1/authorize", "https://a.example/t/1/authorize/par"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/authorize", "http://127.0.0.1:8080/authorize/par"),
    ] {
        let par_endpoint = ParEndpoint::builder(issuer).clients(InMemoryRegistry::default()).build().unwrap();
        let document = par_endpoint.metadata();
        assert_eq!(document["issuer"], issuer);
        assert_eq!(document["authorization_endpoint"], authorize);
        assert_eq!(document["pushed_authorization_request_endpoint"], par);
        assert_eq!(par_endpoint.pushed_authorization_request_endpoint(), par);
    }
    let given = ParEndpoint::builder(ISSUER)
        .authorization_endpoint("https://login.example.com/oauth/")
        .clients(InMemoryRegistry::default())
        .build()
        .unwrap();
    assert_eq!(given.pushed_authorization_request_endpoint(), "https://login.example.com/oauth/par");
}

/// A proof to a token endpoint whose URL is unknown is refused.
#[test]
fn dpop_is_offered_where_the_token_endpoint_is_known() {
    let with_url = |builder: ParEndpointBuilder| builder.token_endpoint("https://as.example.com/token");
    let document = metadata(Policy::oauth(), with_url);
    assert_eq!(
        document["dpop_signing_alg_values_supported"],
        json!(["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"])
    );
    assert!(!metadata(Policy::oauth(), |builder| builder).contains_key("dpop_signing_alg_values_supported"));
}

/// A host adds its own members without taking any away.
#[test]
fn what_only_the_host_can_know_is_not_in_the_document() {
    const OF_THE_HOST: [&str; 26] = [
        "jwks_uri",
        "registration_endpoint",
        "grant_types_supported",
        "service_documentation",
        "ui_locales_supported",
        "op_policy_uri",
        "op_tos_uri",
        "signed_metadata",
        "userinfo_endpoint",
        "end_session_endpoint",
        "check_session_iframe",
        "acr_values_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "id_token_encryption_alg_values_supported",
        "id_token_encryption_enc_values_supported",
        "userinfo_signing_alg_values_supported",
        "display_values_supported",
        "claim_types_supported",
        "claims_supported",
        "claims_locales_supported",
        "claims_parameter_supported",
        "prompt_values_supported",
        "protected_resources",
        "authorization_encryption_alg_values_supported",
        "pre-authorized_grant_anonymous_access_supported",
    ];
    let mut hybrid = Policy::oidc();
    hybrid.response_types_supported = vec![ResponseType::CODE, ResponseType::CODE_ID_TOKEN];
    let policies = [Policy::oauth(), hybrid, Policy::fapi2_security_profile(), Policy::atproto()];
    for policy in policies {
        let document = metadata(policy, |builder| {
            HOST_ENDPOINTS.into_iter().fold(
                builder.token_endpoint("https://as.example.com/token"),
                |builder, endpoint| {
                    builder.host_endpoint(endpoint, format!("https://as.example.com/{}", endpoint.as_str()))
                },
            )
        });
        for name in OF_THE_HOST {
            assert!(!document.contains_key(name), "{name}");
        }
    }
}

const HOST_ENDPOINTS: [HostEndpoint; 4] = [
    HostEndpoint::Revocation,
    HostEndpoint::Introspection,
    HostEndpoint::DeviceAuthorization,
    HostEndpoint::BackchannelAuthentication,
];
