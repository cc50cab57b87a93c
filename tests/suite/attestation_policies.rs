//! What a server says about attestations, and settings that cannot be.

use parjar::{
    AuthenticationMethod, BuildError, Client, ClientRegistration, InMemoryRegistry, ParEndpoint, Policy, Profile,
    Reason,
    jose::{SigningAlgorithm, TokenFault},
};
use serde_json::{Value, json};

use crate::{
    attestations::{Trusted, policy, wallet, with_attesters},
    support::{ISSUER, Server, code_request},
    tokens::{ES256_KEY, asserter, assertion_claims, with_assertion},
};

#[test]
fn the_metadata_say_what_is_enforced() {
    // CA-090, SM-021, HA-005
    let mut policy = policy();
    policy.client_attestation.signing_alg_values_supported = vec![SigningAlgorithm::Es256];
    policy.client_attestation.require_challenge = true;
    let builder = with_attesters(ParEndpoint::builder(ISSUER).policy(policy));
    let builder = builder.challenge_endpoint("https://as.example.com/challenge");
    let document = builder.clients(InMemoryRegistry::default()).build().unwrap().metadata();
    let methods = document["token_endpoint_auth_methods_supported"].as_array().unwrap();
    for method in ["attest_jwt_client_auth", "attest_jwt_client_auth_dpop"] {
        assert!(methods.contains(&method.into()));
    }
    assert_eq!(document["client_attestation_signing_alg_values_supported"], json!(["ES256"]));
    let of_proofs = &document["client_attestation_pop_signing_alg_values_supported"];
    assert_eq!(*of_proofs, json!(["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"]));
    assert_eq!(document["challenge_endpoint"], "https://as.example.com/challenge");

    let plain = ParEndpoint::builder(ISSUER).clients(InMemoryRegistry::default()).build().unwrap();
    assert!(plain.metadata().keys().all(|name| !name.contains("attestation") && name != "challenge_endpoint"));
    assert_eq!(plain.attestation_challenge(), None);
    assert!(plain.challenge_reply().is_none());
}

#[test]
fn no_preset_asks_for_attesters_and_haip_may_have_them() {
    // HA-003
    for preset in Profile::ALL.iter().copied().map(Policy::from) {
        assert!(!preset.token_endpoint_auth_methods_supported.iter().any(|method| method.uses_attestation()));
        let mut with_wallets = preset;
        let methods = [AuthenticationMethod::AttestJwtClientAuth, AuthenticationMethod::AttestJwtClientAuthDpop];
        with_wallets.token_endpoint_auth_methods_supported.extend(methods);
        let findings = with_wallets.lint(with_wallets.profile, []);
        let is_one_of_them = findings.iter().any(|finding| finding.label() == "authentication_method");
        let names_its_methods = !matches!(with_wallets.profile, Profile::Oauth | Profile::Oidc | Profile::Haip);
        assert_eq!(is_one_of_them, names_its_methods, "{:?}", with_wallets.profile);
    }
}

#[test]
fn settings_that_cannot_be_are_named() {
    let error = |policy: Policy, url: Option<&str>, attesters: bool| {
        let mut builder = ParEndpoint::builder(ISSUER).policy(policy);
        if attesters {
            builder = with_attesters(builder);
        }
        if let Some(url) = url {
            builder = builder.challenge_endpoint(url);
        }
        builder.clients(InMemoryRegistry::default()).build().err()
    };
    let mut challenging = policy();
    challenging.client_attestation.require_challenge = true;
    let url = "https://as.example.com/challenge";
    assert_eq!(error(policy(), None, false), Some(BuildError::AttesterKeys));
    assert_eq!(error(policy(), Some(url), true), Some(BuildError::UnusedChallengeEndpoint));
    let not_secure = error(challenging.clone(), Some("http://as.example.com/challenge"), true);
    assert_eq!(not_secure, Some(BuildError::Endpoint("challenge_endpoint")));
    assert_eq!(error(challenging, Some(url), true), None);
    // DP-009: their proofs are made for the URL of the token endpoint
    let without_url = ParEndpoint::builder(ISSUER).policy(policy()).attester_keys(Trusted);
    let setting = "attest_jwt_client_auth_dpop in policy.token_endpoint_auth_methods_supported";
    let built = without_url.clients(InMemoryRegistry::default()).build();
    assert_eq!(built.err(), Some(BuildError::TokenEndpoint(setting)));

    let document = |members: Value| {
        serde_json::from_value::<Policy>(json!({ "client_attestation": members })).map_err(|error| error.to_string())
    };
    for (members, said) in [
        (json!({ "signing_alg_values_supported": [] }), "client_attestation.signing_alg_values_supported: must be"),
        (
            json!({ "signing_alg_values_supported": ["HS256"] }),
            "client_attestation.signing_alg_values_supported: must be",
        ),
        (
            json!({ "pop_signing_alg_values_supported": ["HS256"] }),
            "client_attestation.pop_signing_alg_values_supported",
        ),
        (json!({ "pop_lifetime": 0 }), "client_attestation.pop_lifetime"),
        (json!({ "pop_lifetime": 301 }), "client_attestation.pop_lifetime"),
        (json!({ "max_age": 0 }), "client_attestation.max_age"),
        (json!({ "max_ages": 1 }), "client_attestation.max_ages"),
    ] {
        let error = document(members.clone()).expect_err("an error");
        assert!(error.contains(said), "{members}: {error}");
    }
    let read = document(json!({ "max_age": 60, "require_challenge": true })).unwrap();
    assert_eq!(read.client_attestation.max_age, Some(60));
    assert_eq!(read.client_attestation.pop_lifetime, 60);
}

#[test]
fn a_client_registers_for_attestations_without_a_secret() {
    for (text, method) in [
        ("attest_jwt_client_auth", AuthenticationMethod::AttestJwtClientAuth),
        ("attest_jwt_client_auth_dpop", AuthenticationMethod::AttestJwtClientAuthDpop),
    ] {
        assert_eq!(AuthenticationMethod::parse(text), Some(method));
        assert_eq!((method.as_str(), json!(method)), (text, json!(text)));
        let registration: ClientRegistration = serde_json::from_value(wallet("wallet", text)).unwrap();
        let client = Client::try_from(registration).unwrap();
        assert_eq!(client.token_endpoint_auth_method(), method);
        assert!(client.is_confidential());
    }
    // Where the method is not offered, the headers mean nothing.
    let server = Server::with(Policy::oauth(), [wallet("wallet", "attest_jwt_client_auth")]);
    let refusal = server.try_form(&code_request(&[("client_id", "wallet")])).unwrap_err();
    assert_eq!(refusal.reason(), Reason::MethodNotOffered);
}

#[test]
fn the_type_of_client_assertions_can_be_demanded() {
    // CA-044, N-19
    let pushed = |required: bool, typ: Option<&str>| {
        let mut policy = Policy::oauth();
        policy.require_client_assertion_type = required;
        let server = Server::with(policy, [asserter("c1")]);
        let mut header = json!({ "alg": "ES256" });
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let assertion = ES256_KEY.sign(&header, &assertion_claims("c1", json!({})));
        server.try_form(&code_request(&with_assertion(&assertion))).map(|_| ()).map_err(|refusal| refusal.reason())
    };
    let refused = Err(Reason::ClientAssertion(TokenFault::Type));
    for typ in ["client-authentication+jwt", "application/client-authentication+jwt", "CLIENT-authentication+JWT"] {
        assert_eq!(pushed(false, Some(typ)), Ok(()));
        assert_eq!(pushed(true, Some(typ)), Ok(()));
    }
    for typ in [None, Some("JWT")] {
        assert_eq!(pushed(false, typ), Ok(()));
        assert_eq!(pushed(true, typ), refused);
    }
    for typ in ["oauth-authz-req+jwt", "dpop+jwt", "oauth-client-attestation+jwt", "oauth-client-attestation-pop+jwt"] {
        assert_eq!(pushed(false, Some(typ)), refused);
        assert_eq!(pushed(true, Some(typ)), refused);
    }
}
