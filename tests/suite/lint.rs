//! What the linter finds: nothing in what conforms, and each deviation by its label.

use std::collections::BTreeSet;

use parjar::{
    AuthenticationMethod, Client, Finding, Policy, Profile, RequireCodeChallenge, ResponseType, Severity,
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, basic, client, public, with},
    tokens::{ES256_KEY, LONG_SECRET},
};

use Profile::{Atproto, Brazil, Cdr, Fapi1Advanced, Fapi2MessageSigning, Fapi2SecurityProfile, Haip, Oauth, Oidc};
use Severity::{Dangerous, DoesNotConform, Note};

/// A registration that is good in every profile.
fn conforming() -> Value {
    json!({
        "client_id": "https://app.example.com/client.json", "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://app.example.com/jwks.json", "redirect_uris": [CALLBACK], "scope": "atproto openid",
    })
}

/// What a setting costs, which is told of the AT Protocol's preset as it is.
const COST: &str = "code_challenge_memory_cost";

/// Of what was found, but for the cost of a setting.
fn labels(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(Finding::label).filter(|label| *label != COST).collect()
}

fn lint_policy(profile: Profile, change: fn(&mut Policy)) -> Vec<Finding> {
    let mut policy = Policy::from(profile);
    change(&mut policy);
    policy.lint(profile, [])
}

fn lint_client(profile: Profile, client: &Client) -> Vec<Finding> {
    Policy::from(profile).lint(profile, [client])
}

#[test]
fn every_preset_conforms_to_its_profile() {
    let client = client(conforming());
    for profile in Profile::ALL {
        let findings = Policy::from(*profile).lint(*profile, [&client]);
        assert!(labels(&findings).is_empty(), "{profile}: {findings:?}");
    }
}

#[test]
fn what_a_memory_of_code_challenges_costs_is_told() {
    for profile in Profile::ALL {
        let found = |memory| {
            let mut policy = Policy::from(*profile);
            policy.code_challenge_memory = memory;
            policy.lint(*profile, []).into_iter().find(|finding| finding.label() == COST)
        };
        assert_eq!(found(0), None, "{profile}");
        let finding = found(86_400).unwrap();
        assert_eq!((finding.severity(), finding.member()), (Note, "code_challenge_memory"));
        for figure in ["86 400 marks", "MB in memory", "MB in PostgreSQL or Redis"] {
            assert!(finding.requirement().contains(figure), "{finding}");
        }
    }
    assert!(Policy::atproto().lint(Atproto, []).iter().any(|finding| finding.label() == COST));
}

#[test]
fn each_deviation_of_a_policy_is_found_by_its_label() {
    // Section O, F1-*, F2-*, FM-*, AT-*, AU-*, BR-*
    type Change = fn(&mut Policy);
    let not_atproto = &[Oauth, Oidc, Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip][..];
    let fapi1 = &[Fapi1Advanced, Brazil, Cdr][..];
    let fapi2 = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip][..];
    let pushed = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto, Cdr][..];
    let signed = &[Fapi1Advanced, Brazil, Cdr, Fapi2MessageSigning][..];
    let strict_audience = &[Oauth, Oidc, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto][..];
    let keys_alone = &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto][..];
    let algorithms = &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip][..];
    let all = Profile::ALL;
    let rows: Vec<(&[Profile], Severity, &str, &str, Change)> = vec![
        (not_atproto, Dangerous, "unauthenticated_clients", "danger_allow_unauthenticated_clients", |policy| {
            policy.danger_allow_unauthenticated_clients = true;
        }),
        (all, Dangerous, "request_objects_without_exp", "danger_allow_request_objects_without_exp", |policy| {
            policy.danger_allow_request_objects_without_exp = true;
        }),
        (all, Dangerous, "decryption_by_value", "danger_decrypt_request_objects_by_value", |policy| {
            policy.danger_decrypt_request_objects_by_value = true;
        }),
        (all, Dangerous, "plain_code_challenge", "danger_allow_plain_code_challenge", |policy| {
            policy.danger_allow_plain_code_challenge = true;
        }),
        (strict_audience, Dangerous, "legacy_assertion_audience", "danger_allow_legacy_assertion_audience", |policy| {
            policy.danger_allow_legacy_assertion_audience = true;
        }),
        (&[Oauth, Oidc], Dangerous, "access_token_in_response", "response_types_supported", |policy| {
            policy.response_types_supported.push(ResponseType::TOKEN);
        }),
        (pushed, DoesNotConform, "push_not_required", "require_pushed_authorization_requests", |policy| {
            policy.require_pushed_authorization_requests = false;
        }),
        (
            &[Brazil],
            DoesNotConform,
            "neither_pushed_nor_encrypted",
            "require_pushed_authorization_requests",
            |policy| {
                policy.require_pushed_authorization_requests = false;
            },
        ),
        (keys_alone, DoesNotConform, "authentication_method", "token_endpoint_auth_methods_supported", |policy| {
            policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::ClientSecretBasic);
        }),
        (&[Cdr, Atproto], DoesNotConform, "authentication_method", "token_endpoint_auth_methods_supported", |policy| {
            policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::TlsClientAuth);
        }),
        (&[Atproto], DoesNotConform, "no_public_clients", "danger_allow_unauthenticated_clients", |policy| {
            policy.danger_allow_unauthenticated_clients = false;
        }),
        (
            algorithms,
            DoesNotConform,
            "assertion_algorithm",
            "token_endpoint_auth_signing_alg_values_supported",
            |policy| policy.token_endpoint_auth_signing_alg_values_supported.push(SigningAlgorithm::Rs256),
        ),
        (&[Haip, Atproto], DoesNotConform, "no_es256", "token_endpoint_auth_signing_alg_values_supported", |policy| {
            policy.token_endpoint_auth_signing_alg_values_supported = vec![SigningAlgorithm::Ps256];
        }),
        (all, Note, "long_assertion_lifetime", "client_assertion_lifetime", |policy| {
            policy.client_assertion_lifetime = 301;
        }),
        (signed, DoesNotConform, "unsigned_requests", "require_signed_request_object", |policy| {
            policy.require_signed_request_object = false;
        }),
        (signed, DoesNotConform, "request_objects_without_nbf", "require_request_object_nbf", |policy| {
            policy.require_request_object_nbf = false;
        }),
        (
            algorithms,
            DoesNotConform,
            "request_object_algorithm",
            "request_object_signing_alg_values_supported",
            |policy| policy.request_object_signing_alg_values_supported.push(SigningAlgorithm::Es512),
        ),
        (
            &[Brazil],
            DoesNotConform,
            "encryption_algorithm",
            "request_object_encryption_alg_values_supported",
            |policy| policy.request_object_encryption_alg_values_supported.push(KeyManagement::EcdhEs),
        ),
        (&[Brazil], DoesNotConform, "content_encryption", "request_object_encryption_enc_values_supported", |policy| {
            policy.request_object_encryption_enc_values_supported = vec![ContentEncryption::A128Gcm]
        }),
        (
            &[Fapi1Advanced, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto],
            Note,
            "encryption_with_secrets",
            "request_object_encryption_alg_values_supported",
            |policy| policy.request_object_encryption_alg_values_supported.push(KeyManagement::Dir),
        ),
        (fapi2, DoesNotConform, "clock_leeway", "clock_leeway", |policy| policy.clock_leeway = 9),
        (keys_alone, DoesNotConform, "code_challenge_not_required", "require_code_challenge", |policy| {
            policy.require_code_challenge = RequireCodeChallenge::PublicClients;
        }),
        (&[Fapi1Advanced, Brazil, Cdr], DoesNotConform, "scope_not_required", "require_scope", |policy| {
            policy.require_scope = false;
        }),
        (
            &[Fapi1Advanced, Brazil, Cdr],
            DoesNotConform,
            "nonce_or_state_not_required",
            "require_nonce_or_state",
            |policy| policy.require_nonce_or_state = false,
        ),
        (&[Atproto], DoesNotConform, "code_challenge_memory", "code_challenge_memory", |policy| {
            policy.code_challenge_memory = 3600;
        }),
        (keys_alone, DoesNotConform, "redirect_uri_not_required", "require_redirect_uri", |policy| {
            policy.require_redirect_uri = false;
        }),
        (&[Oidc], DoesNotConform, "redirect_uri_not_required", "require_redirect_uri", |policy| {
            policy.require_redirect_uri = false;
        }),
        (
            &[Oidc, Fapi1Advanced, Brazil, Cdr, Atproto],
            DoesNotConform,
            "per_request_redirect_uris",
            "allow_per_request_redirect_uris",
            |policy| {
                policy.allow_per_request_redirect_uris = true;
                policy.restrict_per_request_redirect_uris_to_registered_path = true;
            },
        ),
        (
            &[Oauth, Fapi2SecurityProfile, Haip],
            Note,
            "per_request_redirect_uris_on_any_path",
            "restrict_per_request_redirect_uris_to_registered_path",
            |policy| policy.allow_per_request_redirect_uris = true,
        ),
        (&[Haip, Atproto], DoesNotConform, "dpop_not_required", "require_dpop", |policy| policy.require_dpop = false),
        (&[Atproto], DoesNotConform, "dpop_nonce_not_required", "require_dpop_nonce", |policy| {
            policy.require_dpop_nonce = false;
        }),
        (fapi2, DoesNotConform, "dpop_algorithm", "dpop_signing_alg_values_supported", |policy| {
            policy.dpop_signing_alg_values_supported.push(SigningAlgorithm::Es384);
        }),
        (&[Haip, Atproto], DoesNotConform, "dpop_without_es256", "dpop_signing_alg_values_supported", |policy| {
            policy.dpop_signing_alg_values_supported = vec![SigningAlgorithm::Ed25519];
        }),
        (
            &[Oauth, Oidc, Fapi2SecurityProfile, Haip],
            Note,
            "long_dpop_proof_lifetime",
            "dpop_proof_lifetime",
            |policy| policy.dpop_proof_lifetime = 61,
        ),
        (
            all,
            Dangerous,
            "redirect_uri_schemes_without_dot",
            "danger_allow_redirect_uri_schemes_without_dot",
            |policy| policy.danger_allow_redirect_uri_schemes_without_dot = true,
        ),
        (keys_alone, Note, "localhost_on_any_port", "allow_localhost_redirect_uris_on_any_port", |policy| {
            policy.allow_localhost_redirect_uris_on_any_port = true;
        }),
        (&[Atproto], DoesNotConform, "state_not_required", "require_state", |policy| policy.require_state = false),
        (&[Atproto], DoesNotConform, "scope_not_required", "required_scopes", |policy| policy.required_scopes.clear()),
        (&[Brazil], DoesNotConform, "id_token_hint", "refuse_id_token_hint", |policy| {
            policy.refuse_id_token_hint = false;
        }),
        (
            &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto, Cdr],
            DoesNotConform,
            "response_type",
            "response_types_supported",
            |policy| policy.response_types_supported.push(ResponseType::CODE_ID_TOKEN),
        ),
        (&[Fapi1Advanced, Brazil], DoesNotConform, "response_type", "response_types_supported", |policy| {
            policy.response_types_supported.push(ResponseType::ID_TOKEN);
        }),
        (fapi1, DoesNotConform, "unsigned_responses", "require_signed_authorization_response", |policy| {
            policy.require_signed_authorization_response = false;
        }),
        (fapi2, DoesNotConform, "request_uri_lifetime", "request_uri_lifetime", |policy| {
            policy.request_uri_lifetime = 600;
        }),
        (&[Brazil], DoesNotConform, "request_uri_lifetime", "request_uri_lifetime", |policy| {
            policy.request_uri_lifetime = 59;
        }),
        (&[Cdr], DoesNotConform, "request_uri_lifetime", "request_uri_lifetime", |policy| {
            policy.request_uri_lifetime = 91;
        }),
        (&[Atproto], Note, "long_request_uri_lifetime", "request_uri_lifetime", |policy| {
            policy.request_uri_lifetime = 301;
        }),
    ];
    for (profiles, severity, label, member, change) in rows {
        for profile in profiles {
            let findings = lint_policy(*profile, change);
            assert_eq!(labels(&findings), BTreeSet::from([label]), "{profile}: {findings:?}");
            let found = findings.iter().find(|finding| finding.label() == label).unwrap();
            assert_eq!((found.severity(), found.member(), found.client_id()), (severity, member, None), "{profile}");
        }
    }
    // Both are true of an endpoint that is not there.
    let off = lint_policy(Cdr, |policy| {
        policy.pushed_authorization_requests = false;
        policy.require_pushed_authorization_requests = false;
    });
    assert_eq!(labels(&off), BTreeSet::from(["push_switched_off", "push_not_required"]));
}

#[test]
fn each_deviation_of_a_registration_is_found_by_its_label() {
    let fapi = &[Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip][..];
    let fapi1 = &[Fapi1Advanced, Brazil, Cdr][..];
    let fapi2 = &[Fapi2SecurityProfile, Fapi2MessageSigning, Haip][..];
    let strict_audience = &[Oauth, Oidc, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto][..];
    let all = Profile::ALL;
    let secret = json!({
        "token_endpoint_auth_method": "client_secret_basic", "client_secret": LONG_SECRET,
    });
    let none = json!({ "token_endpoint_auth_method": "none" });
    let rs256 = json!({ "token_endpoint_auth_signing_alg": "RS256" });
    let no_keys = with(secret.clone(), json!({ "jwks_uri": null }));
    let implicit = json!({ "grant_types": ["implicit", "authorization_code"], "response_types": ["code token"] });
    let loopback = json!({ "redirect_uris": [CALLBACK, "http://127.0.0.1/cb"] });
    let native = with(loopback.clone(), json!({ "application_type": "native" }));
    type Row<'a> = (&'a [Profile], Severity, &'a [&'a str], &'a str, Value);
    let rows: Vec<Row<'_>> = vec![
        (
            strict_audience,
            Dangerous,
            &["client_legacy_assertion_audience"],
            "danger_allow_legacy_assertion_audience",
            json!({ "danger_allow_legacy_assertion_audience": true }),
        ),
        (all, Dangerous, &["client_access_token_in_response"], "response_types", implicit),
        (
            fapi,
            DoesNotConform,
            &["public_client", "authentication_method_without_effect"],
            "token_endpoint_auth_method",
            none.clone(),
        ),
        (&[Oauth, Oidc], Note, &["authentication_method_without_effect"], "token_endpoint_auth_method", none),
        (
            &[Fapi2SecurityProfile, Haip, Atproto, Cdr],
            DoesNotConform,
            &["client_with_secret", "authentication_method_without_effect"],
            "token_endpoint_auth_method",
            secret,
        ),
        (
            fapi,
            DoesNotConform,
            &["client_assertion_algorithm", "assertion_algorithm_without_effect"],
            "token_endpoint_auth_signing_alg",
            rs256,
        ),
        (
            fapi,
            DoesNotConform,
            &["client_request_object_algorithm", "request_object_algorithm_without_effect"],
            "request_object_signing_alg",
            json!({ "request_object_signing_alg": "RS256" }),
        ),
        (
            &[Atproto],
            Note,
            &["request_object_algorithm_without_effect"],
            "request_object_signing_alg",
            json!({ "request_object_signing_alg": "RS256" }),
        ),
        (
            &[Brazil],
            DoesNotConform,
            &["client_encryption"],
            "request_object_encryption_alg",
            json!({ "request_object_encryption_alg": "RSA-OAEP", "request_object_encryption_enc": "A128GCM" }),
        ),
        (
            &[Fapi1Advanced, Cdr, Fapi2MessageSigning],
            DoesNotConform,
            &["client_with_secret", "authentication_method_without_effect", "missing_keys"],
            "token_endpoint_auth_method",
            no_keys,
        ),
        (
            &[Brazil],
            DoesNotConform,
            &["keys_by_value"],
            "jwks",
            json!({ "jwks_uri": null, "jwks": { "keys": [ES256_KEY.public()] } }),
        ),
        (
            all,
            Note,
            &["unusable_keys"],
            "jwks",
            json!({
                "jwks_uri": null,
                "jwks": { "keys": [ES256_KEY.public(), { "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }] },
            }),
        ),
        (
            fapi,
            DoesNotConform,
            &["client_response_algorithm"],
            "authorization_signed_response_alg",
            json!({ "authorization_signed_response_alg": "RS256" }),
        ),
        (fapi1, DoesNotConform, &["redirect_uri_without_https"], "redirect_uris", loopback.clone()),
        (
            fapi1,
            DoesNotConform,
            &["redirect_uri_without_https"],
            "redirect_uris",
            json!({ "redirect_uris": ["com.example.app:/cb"] }),
        ),
        (fapi2, DoesNotConform, &["redirect_uri_over_http"], "redirect_uris", loopback.clone()),
        (&[Oauth, Oidc], Note, &["redirect_uri_of_a_developer"], "redirect_uris", loopback),
        (
            &[Oauth, Oidc, Fapi2SecurityProfile, Fapi2MessageSigning, Haip, Atproto],
            Note,
            &["redirect_uri_scheme_without_effect"],
            "redirect_uris",
            json!({ "redirect_uris": [CALLBACK, "vscode://publisher.extension/cb"] }),
        ),
        (
            all,
            Note,
            &["per_request_redirect_uris_without_effect"],
            "allow_per_request_redirect_uris",
            json!({ "allow_per_request_redirect_uris": true }),
        ),
        (&[Atproto], DoesNotConform, &["client_id"], "client_id", json!({ "client_id": "app" })),
        (
            &[Atproto],
            DoesNotConform,
            &["client_id"],
            "client_id",
            json!({ "client_id": "https://app.example.com:8443/client.json" }),
        ),
        (&[Atproto], DoesNotConform, &["scope"], "scope", json!({ "scope": "openid" })),
    ];
    for (profiles, severity, expected, member, members) in rows {
        for profile in profiles {
            let client = client(with(conforming(), members.clone()));
            let findings = lint_client(*profile, &client);
            let mut labels = labels(&findings);
            if *profile == Brazil && expected != ["keys_by_value"] {
                labels.remove("keys_by_value");
            }
            let known: BTreeSet<&str> = expected.iter().copied().collect();
            assert_eq!(labels, known, "{profile} {members}: {findings:?}");
            let found = findings.iter().find(|finding| finding.label() == expected[0]).unwrap();
            assert_eq!((found.severity(), found.member()), (severity, member), "{profile} {members}");
            assert_eq!(found.client_id(), Some(client.client_id()));
        }
    }
    // http is fine for native clients on their own machine.
    for profile in fapi2 {
        let findings = lint_client(*profile, &client(with(conforming(), native.clone())));
        assert!(labels(&findings).is_empty(), "{profile}: {findings:?}");
    }
    // Development clients of the AT Protocol.
    let developer = with(conforming(), json!({ "client_id": "http://localhost" }));
    assert!(labels(&lint_client(Atproto, &client(developer))).is_empty());
}

#[test]
fn per_request_redirect_uris_with_effect_are_no_finding_of_the_client() {
    let mut policy = Policy::fapi2_security_profile();
    policy.allow_per_request_redirect_uris = true;
    policy.restrict_per_request_redirect_uris_to_registered_path = true;
    let client = client(with(conforming(), json!({ "allow_per_request_redirect_uris": true })));
    assert_eq!(policy.lint(Fapi2SecurityProfile, [&client]), []);
}

#[test]
fn a_policy_can_be_held_against_another_profile() {
    let findings = Policy::oauth().lint(Fapi2MessageSigning, [&client(basic("web")), &client(public("app"))]);
    let expected = BTreeSet::from([
        "push_not_required",
        "authentication_method",
        "assertion_algorithm",
        "unsigned_requests",
        "request_objects_without_nbf",
        "request_object_algorithm",
        "encryption_with_secrets",
        "code_challenge_not_required",
        "redirect_uri_not_required",
        "localhost_on_any_port",
        "dpop_algorithm",
        "client_with_secret",
        "public_client",
        "authentication_method_without_effect",
    ]);
    assert_eq!(labels(&findings), expected);
    // And a preset that is stricter than a profile conforms to it.
    assert_eq!(Policy::fapi2_message_signing().lint(Fapi2SecurityProfile, []), []);
    assert_eq!(Policy::fapi2_security_profile().lint(Oidc, []), []);
}

#[test]
fn a_finding_is_one_line_without_values() {
    let mut policy = Policy::cdr();
    policy.request_uri_lifetime = 4242;
    policy.required_scopes = vec!["cAnArY".to_owned()];
    policy.allow_per_request_redirect_uris = true;
    let registration = with(basic("web"), json!({ "client_secret": "cAnArY", "client_name": "cAnArY" }));
    let findings = policy.lint(Cdr, [&client(registration)]);
    assert!(findings.len() >= 4, "{findings:?}");
    for finding in &findings {
        let line = finding.to_string();
        assert!(!line.contains(['\n', '\r']) && !line.contains("cAnArY") && !line.contains("4242"), "{line}");
        assert!(!line.contains("  "), "{line}");
        assert!(line.contains(finding.requirement()) && line.contains(finding.label()), "{line}");
        assert!(line.starts_with(finding.severity().as_str()), "{line}");
    }
    let first = findings.iter().find(|finding| finding.label() == "client_with_secret").unwrap();
    assert!(first.to_string().starts_with("does not conform: client web, token_endpoint_auth_method: "), "{first}");
    assert!(Dangerous > DoesNotConform && DoesNotConform > Note);
}
