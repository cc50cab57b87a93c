//! What the linter finds in registrations: what a profile does not have, and what has no effect under the policy.

use std::collections::BTreeMap;

use parjar::{AuthenticationMethod, Finding, Policy, Profile, Severity, jose::SigningAlgorithm};
use serde_json::{Value, json};

use crate::{
    policy_lint::{Deviations as _, FAPI, FAPI1, FAPI2},
    support::{CALLBACK, client, with},
    tokens::{ES256_KEY, LONG_SECRET},
};

use Profile::{Atproto, Brazil, Cdr, Fapi2SecurityProfile, Oauth, Oidc};
use Severity::{Dangerous, DoesNotConform, Note};

/// A registration that is good in every profile.
pub(crate) fn conforming() -> Value {
    json!({
        "client_id": "https://app.example.com/client.json", "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://app.example.com/jwks.json", "redirect_uris": [CALLBACK], "scope": "atproto openid",
    })
}

type Found = BTreeMap<&'static str, Severity>;

/// Labels and severities of what is found in a registration that conforms but for this, under the preset of a profile.
fn found(profile: Profile, changed: &Value) -> Found {
    let client = client(with(conforming(), changed.clone()));
    let findings = Policy::from(profile).deviations(profile, [&client]);
    assert!(findings.iter().all(|finding| finding.client_id() == Some(client.client_id())), "{findings:?}");
    findings.iter().map(|finding: &Finding| (finding.label(), finding.severity())).collect()
}

/// Those of these that are to be found.
fn expected<const N: usize>(rows: [(&'static str, Severity, bool); N]) -> Found {
    rows.into_iter().filter_map(|(label, severity, is_found)| is_found.then_some((label, severity))).collect()
}

#[test]
fn what_is_dangerous_is_found_unless_the_profile_has_it() {
    let implicit = json!({ "grant_types": ["implicit", "authorization_code"], "response_types": ["code token"] });
    let audience = json!({ "danger_allow_legacy_assertion_audience": true });
    for profile in Profile::ALL {
        let token = expected([("client_access_token_in_response", Dangerous, true)]);
        assert_eq!(found(*profile, &implicit), token, "{profile}");
        let legacy = expected([("client_legacy_assertion_audience", Dangerous, !FAPI1.contains(profile))]);
        assert_eq!(found(*profile, &audience), legacy, "{profile}");
    }
}

#[test]
fn a_client_is_found_that_authenticates_otherwise_than_a_profile_has_it() {
    let none = json!({ "token_endpoint_auth_method": "none" });
    let secret = json!({ "token_endpoint_auth_method": "client_secret_basic", "client_secret": LONG_SECRET });
    for profile in Profile::ALL {
        let policy = Policy::from(*profile);
        let offers = |method| policy.offers_authentication_method(method);
        let public = expected([
            ("public_client", DoesNotConform, FAPI.contains(profile)),
            ("authentication_method_without_effect", Note, !offers(AuthenticationMethod::None)),
        ]);
        assert_eq!(found(*profile, &none), public, "{profile}");
        let is_foreign = !offers(AuthenticationMethod::ClientSecretBasic);
        let with_secret = expected([
            ("client_with_secret", DoesNotConform, is_foreign),
            ("authentication_method_without_effect", Note, is_foreign),
        ]);
        assert_eq!(found(*profile, &secret), with_secret, "{profile}");
    }
}

#[test]
fn an_algorithm_is_found_that_fapi_does_not_have_or_that_has_no_effect() {
    for profile in Profile::ALL {
        let policy = Policy::from(*profile);
        let rows = [
            (
                "token_endpoint_auth_signing_alg",
                "client_assertion_algorithm",
                Some(("assertion_algorithm_without_effect", &policy.token_endpoint_auth_signing_alg_values_supported)),
            ),
            (
                "request_object_signing_alg",
                "client_request_object_algorithm",
                Some(("request_object_algorithm_without_effect", &policy.request_object_signing_alg_values_supported)),
            ),
            ("authorization_signed_response_alg", "client_response_algorithm", None),
        ];
        for (member, label, without_effect) in rows {
            for algorithm in SigningAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
                let is_foreign =
                    FAPI.contains(profile) && !policy.request_object_signing_alg_values_supported.contains(algorithm);
                let mut all = expected([(label, DoesNotConform, is_foreign)]);
                all.extend(
                    without_effect.filter(|(_, offered)| !offered.contains(algorithm)).map(|(label, _)| (label, Note)),
                );
                assert_eq!(found(*profile, &json!({ member: algorithm })), all, "{profile} {member} {algorithm:?}");
            }
        }
    }
}

#[test]
fn brazil_has_one_encryption() {
    let registered = |key: &str, content: &str| {
        let changed = json!({ "request_object_encryption_alg": key, "request_object_encryption_enc": content });
        found(Brazil, &changed)
    };
    let foreign = expected([("client_encryption", DoesNotConform, true)]);
    assert_eq!(registered("RSA-OAEP", "A256GCM"), Found::new());
    assert_eq!(registered("RSA-OAEP", "A128GCM"), foreign);
    assert_eq!(registered("RSA-OAEP-256", "A256GCM"), foreign);
}

#[test]
fn keys_are_missed_where_requests_must_be_signed() {
    let no_keys = json!({
        "token_endpoint_auth_method": "client_secret_basic", "client_secret": LONG_SECRET, "jwks_uri": null,
    });
    for profile in Profile::ALL {
        let missed = found(*profile, &no_keys).get("missing_keys").copied();
        let must_sign = Policy::from(*profile).require_signed_request_object;
        assert_eq!(missed, must_sign.then_some(Note), "{profile}");
    }
}

#[test]
fn keys_are_found_that_are_not_in_the_directory_or_cannot_be_used() {
    for profile in Profile::ALL {
        let (key, unknown) = (ES256_KEY.public(), json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }));
        for (keys, has_unusable) in [(json!([key]), false), (json!([key, unknown]), true)] {
            let all = expected([
                ("keys_by_value", DoesNotConform, *profile == Brazil),
                ("unusable_keys", Note, has_unusable),
            ]);
            assert_eq!(found(*profile, &json!({ "jwks_uri": null, "jwks": { "keys": keys } })), all, "{profile}");
        }
    }
}

#[test]
fn redirect_uris_are_found_that_are_not_https_and_not_those_of_a_native_client() {
    let loopback = json!({ "redirect_uris": [CALLBACK, "http://127.0.0.1/cb"] });
    let native = with(loopback.clone(), json!({ "application_type": "native" }));
    let app = json!({ "redirect_uris": ["com.example.app:/cb"] });
    let editor = json!({ "redirect_uris": [CALLBACK, "vscode://publisher.extension/cb"] });
    for profile in Profile::ALL {
        let https_alone = ("redirect_uri_without_https", DoesNotConform, FAPI1.contains(profile));
        let http = [
            https_alone,
            ("redirect_uri_over_http", DoesNotConform, FAPI2.contains(profile)),
            ("redirect_uri_of_a_developer", Note, matches!(profile, Oauth | Oidc)),
        ];
        assert_eq!(found(*profile, &loopback), expected(http), "{profile}");
        assert_eq!(found(*profile, &native), expected([https_alone]), "{profile}");
        assert_eq!(found(*profile, &app), expected([https_alone]), "{profile}");
        let scheme = [https_alone, ("redirect_uri_scheme_without_effect", Note, true)];
        assert_eq!(found(*profile, &editor), expected(scheme), "{profile}");
    }
}

#[test]
fn redirect_uris_of_requests_are_found_that_the_policy_does_not_allow() {
    let changed = json!({ "allow_per_request_redirect_uris": true });
    let without_effect = expected([("per_request_redirect_uris_without_effect", Note, true)]);
    for profile in Profile::ALL {
        assert_eq!(found(*profile, &changed), without_effect, "{profile}");
    }
    let mut policy = Policy::fapi2_security_profile();
    policy.allow_per_request_redirect_uris = true;
    policy.restrict_per_request_redirect_uris_to_registered_path = true;
    assert_eq!(policy.deviations(Fapi2SecurityProfile, [&client(with(conforming(), changed))]), []);
}

#[test]
fn the_at_protocol_knows_clients_by_the_url_of_their_metadata_and_asks_for_its_scope() {
    for (client_id, is_found) in [
        ("app", true),
        ("https://app.example.com:8443/client.json", true),
        ("https://app.example.com/client.json", false),
        // For development.
        ("http://localhost", false),
    ] {
        let all = expected([("client_id", DoesNotConform, is_found)]);
        assert_eq!(found(Atproto, &json!({ "client_id": client_id })), all, "{client_id}");
        assert_eq!(found(Oauth, &json!({ "client_id": client_id })), Found::new(), "{client_id}");
    }
    let all = expected([("scope", DoesNotConform, true)]);
    assert_eq!(found(Atproto, &json!({ "scope": "openid" })), all);
}

#[test]
fn secrets_are_found_that_can_be_guessed_or_that_clients_send_as_they_are() {
    let basic = |secret: &str, others: Value| {
        with(json!({ "token_endpoint_auth_method": "client_secret_basic", "client_secret": secret }), others)
    };
    let short = expected([("short_secret", Dangerous, true)]);
    assert_eq!(found(Oauth, &basic(&"x".repeat(21), json!({}))), short);
    assert_eq!(found(Oauth, &basic(&"x".repeat(22), json!({}))), Found::new());
    let rotated = json!({ "client_secrets": [{ "client_secret": "s3cret" }] });
    assert_eq!(found(Oauth, &basic(LONG_SECRET, rotated)), short);
    let unencoded = expected([("secret_sent_unencoded", Note, true)]);
    for secret in ["a secret with + of some length", "a secret with % of some length"] {
        assert_eq!(found(Oauth, &basic(secret, json!({}))), unencoded, "{secret}");
        assert_eq!(found(Oauth, &basic(secret, json!({ "accept_unencoded_basic_secrets": true }))), Found::new());
        let by_post = json!({ "token_endpoint_auth_method": "client_secret_post" });
        assert_eq!(found(Oauth, &basic(secret, by_post)), Found::new());
        let mut policy = Policy::oauth();
        policy.accept_unencoded_basic_secrets = true;
        assert_eq!(policy.lint(Oauth, [&client(with(conforming(), basic(secret, json!({}))))]), []);
    }
}

#[test]
fn members_are_found_that_are_misspelled_or_ignored() {
    for profile in Profile::ALL {
        let misspelled = expected([("misspelled_member", Note, true)]);
        assert_eq!(found(*profile, &json!({ "require_pushed_authorization_request": true })), misspelled, "{profile}");
        assert_eq!(found(*profile, &json!({ "id_token_signed_response_alg": "PS256", "logo_uri": "x" })), Found::new());
        let ignored = expected([("ignored_member", Note, true)]);
        for members in [json!({ "jwks": {} }), json!({ "response_types": ["code", "none"] })] {
            assert_eq!(found(*profile, &members), ignored, "{profile} {members}");
        }
    }
    // The finding names the member that was meant, and why one is ignored.
    let members = json!({ "require_pushed_authorization_request": true, "response_types": ["code", "none"] });
    let findings = Policy::oauth().lint(Oauth, [&client(with(conforming(), members))]);
    let named: Vec<_> = findings.iter().map(|finding| (finding.member(), finding.requirement())).collect();
    assert_eq!(named[0], ("response_types", "number 2 is an unknown response type"));
    assert_eq!(named[1].0, "require_pushed_authorization_requests");
}

#[test]
fn a_lifetime_is_found_that_the_policy_does_not_let_a_client_have() {
    for profile in Profile::ALL {
        let policy = Policy::from(*profile).request_uri_lifetime;
        for lifetime in [5, 30, 60, 61, 600] {
            let kept =
                lifetime <= policy && (*profile != Brazil || lifetime >= 60) && (*profile != Cdr || lifetime >= 10);
            let all = expected([("request_uri_lifetime_without_effect", Note, !kept)]);
            assert_eq!(found(*profile, &json!({ "request_uri_lifetime": lifetime })), all, "{profile} {lifetime}");
        }
    }
}
