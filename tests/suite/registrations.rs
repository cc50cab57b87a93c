//! Registrations: their defaults, what makes them unusable, and what is kept of them.
use parjar::{
    AuthenticationMethod, Client, ClientRegistration, InMemoryRegistry, Policy, ResponseMode, ResponseType,
    SecretVerifier, VerifierError,
};
use serde_json::{Value, json};

use crate::support::{CALLBACK, basic, client, public, with};

const SHA256_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn problem(registration: Value) -> (&'static str, String) {
    match serde_json::from_value::<ClientRegistration>(registration.clone()) {
        // Only the text of an error survives serde.
        Err(error) => {
            let text = error.to_string();
            let member = registration.as_object().unwrap().keys().find(|name| text.starts_with(&format!("{name}: ")));
            (member.map_or("", |name| name.clone().leak()), text)
        }
        Ok(registration) => {
            let error = Client::try_from(registration).unwrap_err();
            (error.member(), error.to_string())
        }
    }
}

#[test]
fn missing_members_have_the_defaults_of_their_specifications() {
    // CA-006, CM-003, CM-004, CM-005, CM-006, CM-013, CM-014, CM-016, CM-030, PAR-067
    let client = client(basic("c1"));
    assert_eq!(client.client_id(), "c1");
    assert_eq!(client.client_name(), None);
    assert_eq!(client.token_endpoint_auth_method(), AuthenticationMethod::ClientSecretBasic);
    assert!(client.is_confidential());
    assert_eq!(client.response_types(), [ResponseType::CODE]);
    assert_eq!(client.response_modes(), None);
    assert_eq!(client.grant_types().collect::<Vec<_>>(), ["authorization_code"]);
    assert_eq!(client.scope(), None);
    assert!(!client.is_native());
    assert_eq!(client.default_max_age(), None);
    assert_eq!(client.authorization_details_types(), None);
    let policy = Policy::oauth();
    assert!(!client.must_push(&policy) && !client.must_sign(&policy) && !client.must_encrypt(&policy));
    assert!(!client.may_use_per_request_redirect_uris(&policy));
    assert!(client.metadata().is_empty());
}

#[test]
fn every_member_counts() {
    let client = client(with(
        basic("c1"),
        json!({
            "client_name": "Web shop",
            "token_endpoint_auth_method": "client_secret_post",
            "redirect_uris": [CALLBACK, "com.example.app:/cb"],
            "response_types": ["id_token code", "code"],
            "response_modes": ["form_post"],
            "grant_types": ["authorization_code", "implicit", "refresh_token"],
            "scope": " openid  email ",
            "application_type": "native",
            "default_max_age": 60,
            "authorization_details_types": ["payment"],
            "require_pushed_authorization_requests": true,
            "require_signed_request_object": true,
            "require_encrypted_request_object": true,
        }),
    ));
    assert_eq!(client.client_name(), Some("Web shop"));
    assert_eq!(client.token_endpoint_auth_method(), AuthenticationMethod::ClientSecretPost);
    assert_eq!(
        client.redirect_uris().iter().map(|uri| uri.as_str()).collect::<Vec<_>>(),
        [CALLBACK, "com.example.app:/cb"]
    );
    assert_eq!(client.response_types(), [ResponseType::CODE_ID_TOKEN, ResponseType::CODE]);
    assert_eq!(client.response_modes(), Some(&[ResponseMode::FormPost][..]));
    assert_eq!(client.grant_types().count(), 3);
    assert_eq!(client.scope().unwrap(), ["openid", "email"]);
    assert!(client.is_native());
    assert_eq!(client.default_max_age(), Some(60));
    assert_eq!(client.authorization_details_types().unwrap(), ["payment"]);
    let policy = Policy::oauth();
    assert!(client.must_push(&policy) && client.must_sign(&policy) && client.must_encrypt(&policy));
}

#[test]
fn an_empty_secret_counts_as_absent_for_a_client_that_needs_none() {
    // CM-004
    let public = client(with(public("c1"), json!({ "client_secret": "", "client_secret_expires_at": 0 })));
    let ignored: Vec<_> = public.ignored().iter().map(|ignored| ignored.member()).collect();
    assert_eq!(ignored, ["client_secret"]);
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt"] {
        let empty = json!({ "client_secret": "", "token_endpoint_auth_method": method });
        assert_eq!(problem(with(basic("c1"), empty)).0, "client_secret", "{method}");
    }
}

#[test]
fn what_makes_a_registration_unusable_is_named_without_its_value() {
    // CM-001, CM-002, CM-004, CM-016, C-32, P-01
    const CANARY: &str = "cAnArY";
    let printable = |length: usize| "x".repeat(length);
    let cases = [
        ("client_id", json!({ "client_id": "" })),
        ("client_id", json!({ "client_id": printable(8193) })),
        ("client_id", json!({ "client_id": "cAnArY\n" })),
        ("client_id", json!({ "client_id": "cAnArY\u{e9}" })),
        ("client_id", json!({ "client_id": "cAnArY\u{0}" })),
        ("client_id", json!({ "client_id": 7 })),
        ("client_id", json!({ "client_id": null })),
        ("client_name", json!({ "client_name": [CANARY] })),
        ("client_secret", json!({ "client_secret": "" })),
        ("client_secret", json!({ "client_secret": printable(513) })),
        ("client_secret", json!({ "client_secret": "cAnArY\u{e9}" })),
        ("client_secret", json!({ "client_secret": "cAnArY\t" })),
        ("client_secret", json!({ "client_secret": [CANARY] })),
        ("client_secret", json!({ "client_secret": null })),
        ("client_secret_expires_at", json!({ "client_secret_expires_at": CANARY })),
        ("client_secret_expires_at", json!({ "client_secret_expires_at": 1.5 })),
        ("client_secret_expires_at", json!({ "client_secret_expires_at": i64::MAX })),
        ("client_secret_expires_at", json!({ "client_secret_expires_at": i64::MIN })),
        ("client_secret_expires_at", json!({ "client_secret_expires_at": u64::MAX })),
        ("client_secret_expires_at", json!({ "client_secret": null, "client_secret_expires_at": 1 })),
        ("client_secrets", json!({ "client_secrets": CANARY })),
        ("client_secrets", json!({ "client_secrets": [CANARY] })),
        ("client_secrets", json!({ "client_secrets": [{}] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret": "" }] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret": CANARY, "secret": CANARY }] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret_sha256": CANARY }] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret_sha256": "g".repeat(64) }] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret_sha256": SHA256_OF_NOTHING }] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret_sha256": SHA256_OF_NOTHING.to_uppercase() }] })),
        ("request_uri_lifetime", json!({ "request_uri_lifetime": 0 })),
        ("request_uri_lifetime", json!({ "request_uri_lifetime": 601 })),
        ("request_uri_lifetime", json!({ "request_uri_lifetime": CANARY })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret_sha256": "+0".repeat(32) }] })),
        ("client_secrets", json!({ "client_secrets": [{ "client_secret_sha256": "\u{e9}".repeat(32) }] })),
        (
            "client_secrets",
            json!({ "client_secrets": [{ "client_secret": CANARY, "client_secret_sha256": "0".repeat(64) }] }),
        ),
        (
            "client_secrets",
            json!({ "client_secrets": [{ "client_secret": CANARY, "client_secret_expires_at": i64::MAX }] }),
        ),
        ("token_endpoint_auth_method", json!({ "token_endpoint_auth_method": CANARY })),
        ("token_endpoint_auth_method", json!({ "token_endpoint_auth_method": "private_key_jwt" })),
        ("token_endpoint_auth_method", json!({ "token_endpoint_auth_method": "none" })),
        ("token_endpoint_auth_method", json!({ "token_endpoint_auth_method": 1 })),
        ("redirect_uris", json!({ "redirect_uris": [] })),
        ("redirect_uris", json!({ "redirect_uris": CALLBACK })),
        ("redirect_uris", json!({ "redirect_uris": [CALLBACK, 1] })),
        ("redirect_uris", json!({ "redirect_uris": ["https://x.example/cAnArY#", "cAnArY"] })),
        ("redirect_uris", json!({ "redirect_uris": ["javascript:cAnArY"] })),
        ("redirect_uris", json!({ "redirect_uris": ["https://*.x.example/cAnArY"] })),
        ("response_types", json!({ "response_types": [CANARY, "none"] })),
        ("response_types", json!({ "response_types": ["code code"] })),
        ("response_types", json!({ "response_types": "code" })),
        ("response_modes", json!({ "response_modes": [CANARY] })),
        ("response_modes", json!({ "response_modes": ["query", 1] })),
        ("grant_types", json!({ "grant_types": CANARY })),
        ("grant_types", json!({ "grant_types": ["refresh_token"], "response_types": ["code"] })),
        ("grant_types", json!({ "response_types": ["token"] })),
        ("grant_types", json!({ "response_types": ["id_token", "code token"] })),
        ("scope", json!({ "scope": "a cAnArY\"" })),
        ("scope", json!({ "scope": "a\tcAnArY" })),
        ("scope", json!({ "scope": [CANARY] })),
        ("application_type", json!({ "application_type": CANARY })),
        ("sector_identifier_uri", json!({ "sector_identifier_uri": "http://cAnArY.example/" })),
        ("sector_identifier_uri", json!({ "sector_identifier_uri": "https://" })),
        ("default_max_age", json!({ "default_max_age": -1 })),
        ("default_max_age", json!({ "default_max_age": CANARY })),
        ("authorization_details_types", json!({ "authorization_details_types": CANARY })),
        ("require_pushed_authorization_requests", json!({ "require_pushed_authorization_requests": "true" })),
        ("require_signed_request_object", json!({ "require_signed_request_object": 1 })),
        ("require_encrypted_request_object", json!({ "require_encrypted_request_object": CANARY })),
        ("allow_per_request_redirect_uris", json!({ "allow_per_request_redirect_uris": "yes" })),
    ];
    for (member, members) in cases {
        let (named, text) = problem(with(basic("c1"), members.clone()));
        assert_eq!(named, member, "{members} {text}");
        assert!(text.starts_with(&format!("{member}: ")) && !text.contains(CANARY), "{text}");
    }
    assert_eq!(problem(json!({})).1, "client_id: is missing");
    assert_eq!(problem(json!({ "client_id": "c1", "redirect_uris": [CALLBACK] })).0, "client_secret");
}

#[test]
fn reading_a_registration_never_shows_a_value() {
    for text in ["\"cAnArY\"", "[\"cAnArY\"]", "{\"cAnArY\"}", "{\"client_id\":cAnArY}", "{\"client_secret\":\"cAnArY"]
    {
        let error = serde_json::from_str::<ClientRegistration>(text).unwrap_err().to_string();
        assert!(!error.contains("cAnArY"), "{text}: {error}");
    }
    let error = serde_json::from_value::<ClientRegistration>(json!("cAnArY")).unwrap_err().to_string();
    assert!(!error.contains("cAnArY"), "{error}");
}

#[test]
fn the_longest_client_id_and_secret_are_good() {
    let longest = with(basic(&"c".repeat(256)), json!({ "client_secret": " ~".repeat(256) }));
    assert!(Client::try_from(serde_json::from_value::<ClientRegistration>(longest).unwrap()).is_ok());
}

#[test]
fn a_client_for_other_grants_needs_no_redirect_uri() {
    // CM-002, CM-004
    let service = json!({ "client_id": "c1", "client_secret": "s", "grant_types": ["client_credentials"] });
    assert!(client(service.clone()).response_types().is_empty());
    assert!(client(with(basic("c1"), json!({ "response_types": [] }))).response_types().is_empty());
    assert_eq!(problem(with(service, json!({ "response_types": ["code"] }))).0, "grant_types");
}

#[test]
fn what_does_not_matter_is_skipped_and_reported() {
    // CM-004, CM-016
    let reported = |members: Value| {
        let client = client(with(basic("c1"), members));
        let ignored: Vec<String> = client.ignored().iter().map(ToString::to_string).collect();
        (client, ignored)
    };
    assert_eq!(reported(json!({})).1, [""; 0]);
    let (client, ignored) = reported(json!({ "response_types": ["none", "code", "device"] }));
    assert_eq!(client.response_types(), [ResponseType::CODE]);
    let unknown =
        ["number 1", "number 3"].map(|number| format!("response_types: {number} is an unknown response type"));
    assert_eq!(ignored, unknown);
    // The flow of FAPI 1.0, for which many register no implicit.
    for types in [json!(["code id_token"]), json!(["code", "code id_token"])] {
        let (client, ignored) = reported(json!({ "response_types": types }));
        assert!(client.response_types().contains(&ResponseType::CODE_ID_TOKEN));
        assert_eq!(ignored, ["grant_types: implicit is missing, which code id_token is used without"]);
    }
    // Tokens through the browser are another matter.
    let (client, ignored) = reported(json!({ "response_types": ["code", "code id_token token", "token"] }));
    assert_eq!((client.response_types(), ignored.len()), (&[ResponseType::CODE][..], 2));
    let (client, ignored) = reported(json!({ "response_modes": ["query", "web_message", "form_post"] }));
    assert_eq!(client.response_modes(), Some(&[ResponseMode::Query, ResponseMode::FormPost][..]));
    assert_eq!(ignored, ["response_modes: number 2 is an unknown response mode"]);
    let (client, ignored) =
        reported(json!({ "redirect_uris": ["https://a.example/#x", CALLBACK, "http://a.example/"] }));
    assert_eq!(client.redirect_uris().len(), 1);
    assert!(ignored[0].contains("number 1") && ignored[1].contains("number 3"), "{ignored:?}");
}

#[test]
fn empty_members_count_as_absent_and_are_reported() {
    for member in [
        "client_name",
        "token_endpoint_auth_method",
        "token_endpoint_auth_signing_alg",
        "jwks",
        "jwks_uri",
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
        "tls_client_auth_subject_dn_order",
        "request_object_signing_alg",
        "request_object_encryption_alg",
        "request_object_encryption_enc",
        "authorization_signed_response_alg",
        "application_type",
        "sector_identifier_uri",
        "default_max_age",
        "client_secret_expires_at",
        "require_pushed_authorization_requests",
        "dpop_bound_access_tokens",
        "request_uri_lifetime",
    ] {
        for empty in [json!(""), json!([]), json!({})] {
            let client = client(with(basic("c1"), json!({ member: empty })));
            let ignored: Vec<_> = client.ignored().iter().map(|ignored| (ignored.member(), ignored.reason())).collect();
            assert_eq!(ignored, [(member, "is empty, and counts as absent")], "{empty}");
        }
    }
    // Lists and scopes that allow nothing stay what they are.
    let nothing =
        client(with(basic("c1"), json!({ "response_types": [], "scope": "", "authorization_details_types": [] })));
    assert_eq!((nothing.response_types(), nothing.scope(), nothing.ignored().len()), (&[][..], Some(&[][..]), 0));
    assert_eq!(nothing.authorization_details_types(), Some(&[][..]));
}

#[test]
fn null_members_count_as_missing() {
    let nulls = json!({
        "client_name": null, "scope": null, "response_types": null, "redirect_uris": [CALLBACK],
        "require_pushed_authorization_requests": null, "client_secrets": null, "default_max_age": null,
    });
    assert_eq!(client(with(basic("c1"), nulls)).response_types(), [ResponseType::CODE]);
}

#[test]
fn unknown_metadata_is_kept_for_the_host() {
    // CM-027
    let other = json!({ "logo_uri": "https://x.example/l", "contacts": ["a", { "b": [1.5, null] }], "x#de": "y" });
    let client = client(with(basic("c1"), other.clone()));
    assert_eq!(Value::Object(client.metadata().clone()), other);
}

#[test]
fn a_registration_survives_the_round_trip() {
    for document in [
        basic("c1"),
        public("c1"),
        with(
            basic("c1"),
            json!({
                "client_name": "n", "client_secret_expires_at": 0,
                "client_secrets": [
                    { "client_secret": "a", "client_secret_expires_at": 5 },
                    { "client_secret_sha256": "0".repeat(64) },
                ],
                "token_endpoint_auth_method": "client_secret_post", "response_types": [], "response_modes": ["query"],
                "grant_types": ["x"], "scope": "", "application_type": "web",
                "sector_identifier_uri": "https://x.example/s", "default_max_age": 18_446_744_073_709_551_615u64,
                "authorization_details_types": [], "require_pushed_authorization_requests": true,
                "require_signed_request_object": true, "require_encrypted_request_object": true,
                "allow_per_request_redirect_uris": true, "tos_uri": "https://x.example/t", "nested": { "a": [1, "2"] },
            }),
        ),
    ] {
        let registration: ClientRegistration = serde_json::from_value(document.clone()).unwrap();
        let written = serde_json::to_value(&registration).unwrap();
        for (member, value) in document.as_object().unwrap() {
            assert_eq!(&written[member], value, "{member}");
        }
        assert_eq!(serde_json::from_value::<ClientRegistration>(written.clone()).unwrap(), registration);
        let text = serde_json::to_string(&registration).unwrap();
        assert_eq!(serde_json::from_str::<ClientRegistration>(&text).unwrap(), registration);
    }
}

#[test]
fn a_host_verifier_takes_the_place_of_secrets() {
    struct Never;
    impl SecretVerifier for Never {
        async fn verify(&self, _: &str, _: &[u8]) -> Result<bool, VerifierError> {
            Ok(false)
        }
    }
    let verified = |document: Value| {
        let registration = serde_json::from_value::<ClientRegistration>(document).unwrap();
        Client::with_secret_verifier(registration, Never)
    };
    assert!(verified(json!({ "client_id": "c1", "redirect_uris": [CALLBACK] })).is_ok());
    assert_eq!(verified(basic("c1")).unwrap_err().member(), "client_secret");
    assert_eq!(verified(public("c1")).unwrap_err().member(), "token_endpoint_auth_method");
    assert_eq!(verified(json!({ "client_id": "", "redirect_uris": [CALLBACK] })).unwrap_err().member(), "client_id");
}

#[test]
fn two_clients_of_one_name_are_refused() {
    let both = || [client(basic("c1")), client(public("c1"))];
    assert!(InMemoryRegistry::new(both()).is_err());
    let registry = InMemoryRegistry::new([client(basic("c1"))]).unwrap();
    assert!(registry.replace(both()).unwrap_err().to_string().contains("c1"));
}
