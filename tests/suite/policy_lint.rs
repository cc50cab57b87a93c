//! What the linter finds in policies: nothing in a preset, and each step away from it by the member that was changed.

use std::collections::{BTreeMap, BTreeSet};

use parjar::{
    AuthenticationMethod, Client, Finding, Policy, Profile, ResponseType, Severity,
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
};
use serde_json::{Map, Value, json};

use crate::{
    registration_lint::conforming,
    support::{basic, client, public, with},
};

use Profile::{Atproto, Brazil, Cdr, Fapi1Advanced, Fapi2MessageSigning, Fapi2SecurityProfile, Haip, Oauth, Oidc};
use Severity::{Dangerous, DoesNotConform, Note};

pub(crate) const FAPI: [Profile; 6] = [Fapi1Advanced, Brazil, Cdr, Fapi2SecurityProfile, Fapi2MessageSigning, Haip];
pub(crate) const FAPI1: [Profile; 3] = [Fapi1Advanced, Brazil, Cdr];
pub(crate) const FAPI2: [Profile; 3] = [Fapi2SecurityProfile, Fapi2MessageSigning, Haip];

/// What a setting costs, which is told of the AT Protocol's preset as it is.
const COST: &str = "code_challenge_memory_cost";

pub(crate) trait Deviations {
    /// Findings, but for costs.
    fn deviations<'a>(&self, profile: Profile, clients: impl IntoIterator<Item = &'a Client>) -> Vec<Finding>;
}

impl Deviations for Policy {
    fn deviations<'a>(&self, profile: Profile, clients: impl IntoIterator<Item = &'a Client>) -> Vec<Finding> {
        self.lint(profile, clients).into_iter().filter(|finding| finding.label() != COST).collect()
    }
}

pub(crate) fn labels(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(Finding::label).collect()
}

/// A policy as a file has it.
fn members(policy: &Policy) -> Map<String, Value> {
    serde_json::to_value(policy).unwrap().as_object().unwrap().clone()
}

/// The preset of a profile with one member changed, if that can be a policy.
fn changed(profile: Profile, member: &str, value: impl Into<Value>) -> serde_json::Result<Policy> {
    let mut members = members(&Policy::from(profile));
    members.insert(member.to_owned(), value.into());
    serde_json::from_value(Value::Object(members))
}

/// The one finding in a policy.
fn the_finding(profile: Profile, policy: &Policy) -> Finding {
    let findings = policy.deviations(profile, []);
    let [finding] = &findings[..] else { panic!("{profile}: {findings:?}") };
    assert_eq!(finding.client_id(), None);
    finding.clone()
}

/// Severity and label of the one finding that there may be, after checking that it names what was changed.
fn found(profile: Profile, member: &str, value: impl Into<Value>) -> Option<(Severity, &'static str)> {
    let policy = changed(profile, member, value).unwrap();
    if policy.deviations(profile, []).is_empty() {
        return None;
    }
    let finding = the_finding(profile, &policy);
    assert_eq!(finding.member(), member, "{profile}");
    Some((finding.severity(), finding.label()))
}

/// The preset's own list, and one more in it.
fn one_more(profile: Profile, member: &str, value: &Value) -> Vec<Value> {
    let mut list = members(&Policy::from(profile))[member].as_array().unwrap().clone();
    list.push(value.clone());
    list
}

#[test]
fn every_preset_conforms_to_its_profile() {
    let client = client(conforming());
    for profile in Profile::ALL {
        let findings = Policy::from(*profile).deviations(*profile, [&client]);
        assert!(findings.is_empty(), "{profile}: {findings:?}");
    }
}

#[test]
fn what_a_memory_of_code_challenges_costs_is_told() {
    for profile in Profile::ALL {
        let found = |memory: u32| {
            let policy = changed(*profile, "code_challenge_memory", memory).unwrap();
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
fn what_a_preset_demands_beyond_oauth_is_missed_when_it_is_gone() {
    // Section O, F1-*, F2-*, FM-*, AT-*, AU-*, BR-*
    // Matters of choice, what is stricter in OAuth, and what the library asks for and the profile does not.
    const FREE: [&str; 5] = [
        "preset",
        "response_types_supported",
        "response_modes_supported",
        "danger_allow_legacy_assertion_audience",
        "require_client_assertion_iat",
    ];
    // Recommended, not required.
    const RECOMMENDED: [&str; 2] = ["allow_localhost_redirect_uris_on_any_port", "refuse_key_hints_in_token_headers"];
    let oauth = members(&Policy::oauth());
    let mut impossible = BTreeSet::new();
    for profile in Profile::ALL {
        let demanded = members(&Policy::from(*profile)).into_iter().filter(|(member, value)| {
            *value != oauth[member] && !FREE.contains(&member.as_str()) && !member.ends_with("_values_supported")
        });
        for (member, _) in demanded {
            let Ok(policy) = changed(*profile, &member, oauth[&member].clone()) else {
                impossible.insert(member);
                continue;
            };
            let finding = the_finding(*profile, &policy);
            let severity = if RECOMMENDED.contains(&member.as_str()) { Note } else { DoesNotConform };
            assert_eq!((finding.severity(), finding.member()), (severity, member.as_str()), "{profile}");
        }
    }
    // Alone, these do not make a policy: see the next two tests.
    assert_eq!(
        impossible,
        ["require_signed_authorization_response", "token_endpoint_auth_methods_supported"].map(Into::into).into()
    );
}

#[test]
fn responses_must_be_signed_where_fapi_1_is_asked_for() {
    for profile in Profile::ALL {
        let mut policy = Policy::from(*profile);
        policy.require_signed_authorization_response = false;
        let unsigned = labels(&policy.deviations(*profile, [])).contains("unsigned_responses");
        assert_eq!(unsigned, FAPI1.contains(profile), "{profile}");
    }
}

#[test]
fn an_authentication_method_is_found_that_a_profile_does_not_have() {
    use AuthenticationMethod::{
        ClientSecretBasic, ClientSecretJwt, ClientSecretPost, PrivateKeyJwt, SelfSignedTlsClientAuth, TlsClientAuth,
    };
    let methods =
        [ClientSecretBasic, ClientSecretPost, ClientSecretJwt, PrivateKeyJwt, TlsClientAuth, SelfSignedTlsClientAuth];
    for profile in Profile::ALL {
        let preset = Policy::from(*profile);
        for method in methods {
            let mut policy = preset.clone();
            policy.token_endpoint_auth_methods_supported.push(method);
            let findings = policy.deviations(*profile, []);
            if preset.offers_authentication_method(method) {
                assert!(findings.is_empty(), "{profile} {method:?}: {findings:?}");
            } else {
                let finding = the_finding(*profile, &policy);
                assert_eq!((finding.severity(), finding.label()), (DoesNotConform, "authentication_method"));
                assert_eq!(finding.member(), "token_endpoint_auth_methods_supported", "{profile} {method:?}");
            }
        }
    }
}

#[test]
fn of_all_profiles_with_keys_haip_has_attestations() {
    for profile in FAPI {
        let mut policy = Policy::from(profile);
        policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::AttestJwtClientAuth);
        assert_eq!(policy.deviations(profile, []).is_empty(), profile == Haip, "{profile}");
    }
}

#[test]
fn a_signing_algorithm_is_found_that_fapi_does_not_have() {
    // F1-*, F2-*, BR-*
    for profile in Profile::ALL {
        for (member, profiles) in [
            ("token_endpoint_auth_signing_alg_values_supported", &FAPI[..]),
            ("request_object_signing_alg_values_supported", &FAPI),
            ("dpop_signing_alg_values_supported", &FAPI2),
        ] {
            let offered = members(&Policy::from(*profile))[member].as_array().unwrap().clone();
            for algorithm in SigningAlgorithm::ALL.iter().map(|algorithm| json!(algorithm)) {
                // A proof is never signed with a secret.
                let Ok(policy) = changed(*profile, member, one_more(*profile, member, &algorithm)) else { continue };
                let expected = profiles.contains(profile) && !offered.contains(&algorithm);
                let findings = policy.deviations(*profile, []);
                assert_eq!(!findings.is_empty(), expected, "{profile} {member} {algorithm}: {findings:?}");
                assert!(findings.iter().all(|it| (it.severity(), it.member()) == (DoesNotConform, member)));
            }
        }
    }
}

#[test]
fn es256_is_missed_where_every_client_must_be_able_to_use_it() {
    for profile in [Haip, Atproto] {
        for member in ["token_endpoint_auth_signing_alg_values_supported", "dpop_signing_alg_values_supported"] {
            assert_eq!(found(profile, member, json!(["PS256"])).unwrap().0, DoesNotConform);
        }
    }
}

#[test]
fn an_encryption_is_found_that_brazil_does_not_have_or_that_no_client_has_a_secret_for() {
    let (key, content) =
        ("request_object_encryption_alg_values_supported", "request_object_encryption_enc_values_supported");
    for profile in Profile::ALL {
        let secrets = Policy::from(*profile).offers_authentication_method(AuthenticationMethod::ClientSecretBasic);
        for algorithm in KeyManagement::ALL {
            let expected = match profile {
                Brazil if *algorithm != KeyManagement::RsaOaep => Some((DoesNotConform, "encryption_algorithm")),
                Brazil => None,
                _ => (algorithm.is_symmetric() && !secrets).then_some((Note, "encryption_with_secrets")),
            };
            let list = one_more(*profile, key, &json!(algorithm));
            let list: Vec<_> = if expected.is_none() { list[..list.len() - 1].to_vec() } else { list };
            assert_eq!(found(*profile, key, list), expected, "{profile} {algorithm:?}");
        }
        for encryption in ContentEncryption::ALL {
            let refused = *profile == Brazil && *encryption != ContentEncryption::A256Gcm;
            let expected = refused.then_some((DoesNotConform, "content_encryption"));
            assert_eq!(found(*profile, content, vec![json!(encryption)]), expected, "{profile} {encryption:?}");
        }
    }
}

#[test]
fn what_is_spelled_danger_is_found_unless_the_profile_demands_it() {
    // Section O
    let mut demanded = BTreeMap::<String, Vec<Profile>>::new();
    for profile in Profile::ALL {
        let dangers = members(&Policy::from(*profile)).into_iter().filter(|(member, _)| member.starts_with("danger_"));
        for (member, value) in dangers {
            if value == true {
                demanded.entry(member).or_default().push(*profile);
            } else {
                assert_eq!(found(*profile, &member, true).map(|(severity, _)| severity), Some(Dangerous), "{profile}");
            }
        }
    }
    // The AT Protocol has public clients; FAPI 1 lets an assertion name an endpoint.
    assert_eq!(
        demanded,
        BTreeMap::from([
            ("danger_allow_legacy_assertion_audience".to_owned(), FAPI1.to_vec()),
            ("danger_allow_unauthenticated_clients".to_owned(), vec![Atproto]),
        ])
    );
}

#[test]
fn a_response_type_is_found_that_brings_a_token_or_that_a_profile_does_not_have() {
    for profile in Profile::ALL {
        let preset = Policy::from(*profile);
        for kind in [ResponseType::CODE, ResponseType::TOKEN, ResponseType::ID_TOKEN, ResponseType::CODE_ID_TOKEN] {
            let mut policy = preset.clone();
            policy.response_types_supported = vec![ResponseType::CODE, kind];
            if kind == ResponseType::CODE {
                policy.response_types_supported.pop();
            }
            let foreign = !matches!(profile, Oauth | Oidc) && !preset.response_types_supported.contains(&kind);
            let expected = [("access_token_in_response", kind.has_token()), ("response_type", foreign)];
            let expected = expected.into_iter().filter_map(|(label, is_found)| is_found.then_some(label)).collect();
            let findings = policy.deviations(*profile, []);
            assert_eq!(labels(&findings), expected, "{profile} {}", kind.as_str());
            assert!(findings.iter().all(|finding| finding.member() == "response_types_supported"));
        }
    }
}

#[test]
fn redirect_uris_of_a_request_are_found_where_each_must_be_registered_and_where_they_are_anywhere() {
    for profile in Profile::ALL {
        let mut policy = Policy::from(*profile);
        policy.allow_per_request_redirect_uris = true;
        let mut expected = BTreeSet::from(["per_request_redirect_uris_on_any_path"]);
        if matches!(profile, Oidc | Fapi1Advanced | Brazil | Cdr | Atproto) {
            expected.insert("per_request_redirect_uris");
        }
        assert_eq!(labels(&policy.deviations(*profile, [])), expected, "{profile}");
        policy.restrict_per_request_redirect_uris_to_registered_path = true;
        expected.remove("per_request_redirect_uris_on_any_path");
        assert_eq!(labels(&policy.deviations(*profile, [])), expected, "{profile}");
    }
}

#[test]
fn times_are_found_beyond_the_bound_of_a_profile() {
    type Set = fn(&mut Policy, u32);
    let request_uri: Set = |policy, seconds| policy.request_uri_lifetime = seconds;
    let leeway: Set = |policy, seconds| policy.clock_leeway = seconds;
    let assertion: Set = |policy, seconds| policy.client_assertion_lifetime = seconds;
    let memory: Set = |policy, seconds| policy.code_challenge_memory = seconds;
    let proof: Set = |policy, seconds| {
        policy.dpop_proof_lifetime = seconds;
        policy.require_dpop_nonce = false;
    };
    // Each with the last good value and the first that is not.
    type Row<'a> = (&'a [Profile], &'a str, Set, u32, u32, Severity);
    let rows: [Row<'_>; 9] = [
        (&FAPI2, "request_uri_lifetime", request_uri, 599, 600, DoesNotConform),
        (&[Brazil], "request_uri_lifetime", request_uri, 60, 59, DoesNotConform),
        (&[Cdr], "request_uri_lifetime", request_uri, 10, 9, DoesNotConform),
        (&[Cdr], "request_uri_lifetime", request_uri, 90, 91, DoesNotConform),
        (&[Atproto], "long_request_uri_lifetime", request_uri, 300, 301, Note),
        (&FAPI2, "clock_leeway", leeway, 10, 9, DoesNotConform),
        (Profile::ALL, "long_assertion_lifetime", assertion, 300, 301, Note),
        (Profile::ALL, "long_dpop_proof_lifetime", proof, 60, 61, Note),
        (&[Atproto], "code_challenge_memory", memory, 86_400, 86_399, DoesNotConform),
    ];
    for (profiles, label, set, good, bad, severity) in rows {
        for profile in profiles {
            let found = |seconds| {
                let mut policy = Policy::from(*profile);
                set(&mut policy, seconds);
                let findings = policy.deviations(*profile, []);
                findings.iter().find(|finding| finding.label() == label).map(Finding::severity)
            };
            assert_eq!((found(good), found(bad)), (None, Some(severity)), "{profile} {label}");
        }
    }
    // With a nonce the time of a proof does not matter.
    assert_eq!(found(Atproto, "dpop_proof_lifetime", 61), None);
}

#[test]
fn an_endpoint_that_is_not_there_is_not_required_either() {
    let mut policy = Policy::cdr();
    policy.pushed_authorization_requests = false;
    policy.require_pushed_authorization_requests = false;
    assert_eq!(labels(&policy.deviations(Cdr, [])), BTreeSet::from(["push_switched_off", "push_not_required"]));
}

#[test]
fn a_policy_can_be_held_against_another_profile() {
    let clients = [client(basic("web")), client(public("app"))];
    let findings = Policy::oauth().deviations(Fapi2MessageSigning, &clients);
    // What is found, is found of what oauth has and the profile has not.
    let preset = members(&Policy::fapi2_message_signing());
    for finding in findings.iter().filter(|finding| finding.client_id().is_none()) {
        assert_ne!(members(&Policy::oauth())[finding.member()], preset[finding.member()], "{finding}");
    }
    let found_of = |client_id: Option<&str>| findings.iter().filter(|it| it.client_id() == client_id).count();
    assert!(found_of(None) > 9 && found_of(Some("web")) > 0 && found_of(Some("app")) > 0, "{findings:?}");
    // And a preset that is stricter than a profile conforms to it.
    assert_eq!(Policy::fapi2_message_signing().deviations(Fapi2SecurityProfile, []), []);
    assert_eq!(Policy::fapi2_security_profile().deviations(Oidc, []), []);
}

#[test]
fn a_finding_is_one_line_without_values() {
    let mut policy = Policy::cdr();
    policy.request_uri_lifetime = 4242;
    policy.required_scopes = vec!["cAnArY".to_owned()];
    policy.allow_per_request_redirect_uris = true;
    let registration = with(basic("web"), json!({ "client_secret": "cAnArY", "client_name": "cAnArY" }));
    let findings = policy.deviations(Cdr, [&client(registration)]);
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
