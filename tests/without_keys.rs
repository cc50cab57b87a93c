//! A build with neither of the libraries that can use keys: what needs none works, and what needs one is refused with the features'
//! names.
#![cfg(not(any(feature = "aws-lc-rs", feature = "josekit")))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parjar::{
    AuthenticationMethod, BuildError, Client, ClientRegistration, Clock as _, FormRequest, InMemoryRegistry,
    ManualClock, ParEndpoint, Policy, Reason,
    jose::{DecryptionKeys, KeyProblem, KeySetError, VerificationKeys},
};
use serde_json::{Value, json};
use sha2::Sha256;

const ISSUER: &str = "https://as.example.com";
const SECRET: &str = "a secret of 32 characters or so, at least";
const FEATURES: &str = "needs keys, which parjar can use with the feature josekit or aws-lc-rs";
const KEY: &str = r#"{ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                       "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }"#;

fn client(members: Value) -> Result<Client, parjar::RegistrationError> {
    let mut registration = json!({ "client_id": "c1", "redirect_uris": ["https://c1.example.com/cb"] });
    registration.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Client::try_from(serde_json::from_value::<ClientRegistration>(registration).unwrap())
}

fn jwks() -> Value {
    json!({ "keys": [serde_json::from_str::<Value>(KEY).unwrap()] })
}

fn push(par: &ParEndpoint, body: &str) -> Result<(), Reason> {
    let headers = [("content-type", &b"application/x-www-form-urlencoded"[..])];
    pollster::block_on(par.push(&FormRequest::new("POST", headers, body))).map(drop).map_err(|refusal| refusal.reason())
}

fn endpoint(members: Value, clock: &ManualClock) -> ParEndpoint {
    let clients = InMemoryRegistry::new([client(members).unwrap()]).unwrap();
    ParEndpoint::builder(ISSUER).clients(clients).clock(clock.clone()).build().unwrap()
}

const REQUEST: &str = "response_type=code&redirect_uri=https%3A%2F%2Fc1.example.com%2Fcb";

#[test]
fn clients_with_secrets_and_with_certificates_of_an_authority_are_served() {
    let clock = ManualClock::default();
    let par = endpoint(json!({ "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post" }), &clock);
    let body = format!("client_id=c1&client_secret={}&{REQUEST}", SECRET.replace(' ', "+"));
    assert_eq!(push(&par, &body), Ok(()));
    assert!(client(json!({
        "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=bank,O=Example Bank,C=BR",
    }))
    .is_ok());
}

#[test]
fn an_assertion_with_a_mac_by_the_secret_authenticates() {
    let clock = ManualClock::default();
    let par = endpoint(json!({ "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_jwt" }), &clock);
    let now = clock.now().unix_timestamp();
    let claims = json!({ "iss": "c1", "sub": "c1", "aud": ISSUER, "jti": "1", "iat": now, "exp": now + 60 });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let input = format!("{}.{}", encode(&json!({ "alg": "HS256" })), encode(&claims));
    let with_mac_by = |secret: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(input.as_bytes());
        let mac = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!(
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={input}.{mac}&{REQUEST}"
        )
    };
    assert!(matches!(
        push(&par, &with_mac_by("another secret of 32 characters or so")),
        Err(Reason::ClientAssertion(_))
    ));
    assert_eq!(push(&par, &with_mac_by(SECRET)), Ok(()));
}

#[test]
fn a_registration_that_needs_keys_is_refused_and_the_features_are_named() {
    let with_secret = json!({ "client_secret": SECRET, "jwks": jwks() });
    for (member, members) in [
        ("token_endpoint_auth_method", json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks() })),
        (
            "token_endpoint_auth_method",
            json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://c1.example.com/jwks" }),
        ),
        (
            "token_endpoint_auth_method",
            json!({ "token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": jwks() }),
        ),
        ("token_endpoint_auth_method", json!({ "token_endpoint_auth_method": "attest_jwt_client_auth" })),
        ("request_object_signing_alg", json!({ "request_object_signing_alg": "ES256" })),
        ("require_signed_request_object", json!({ "require_signed_request_object": true })),
        ("request_object_encryption_alg", json!({ "request_object_encryption_alg": "dir" })),
        ("dpop_bound_access_tokens", json!({ "dpop_bound_access_tokens": true })),
    ] {
        let mut registration =
            if members.get("token_endpoint_auth_method").is_some() { json!({}) } else { with_secret.clone() };
        registration.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let error = client(registration).expect_err(member);
        assert_eq!(error.to_string(), format!("{member}: {FEATURES}"));
    }
}

#[test]
fn keys_that_a_client_does_not_need_are_left_out_and_reported() {
    let client = client(json!({ "client_secret": SECRET, "jwks": jwks() })).unwrap();
    let ignored: Vec<String> = client.ignored().iter().map(ToString::to_string).collect();
    assert_eq!(ignored, ["jwks: keys[0] is of no use: parjar was built without the feature josekit or aws-lc-rs"]);
    let keys = VerificationKeys::parse(&jwks().to_string()).unwrap();
    assert_eq!((keys.len(), keys.skipped()[0].problem()), (0, KeyProblem::NoBackend));
    let Err(KeySetError::Key(error)) = DecryptionKeys::parse(&jwks().to_string()) else {
        panic!("a key that is refused")
    };
    assert_eq!(error.problem(), KeyProblem::NoBackend);
}

#[test]
fn nothing_is_offered_that_takes_keys() {
    let metadata = endpoint(json!({ "client_secret": SECRET }), &ManualClock::default()).metadata();
    let text = serde_json::to_string(&metadata).unwrap();
    for absent in ["ES256", "PS256", "RS256", "EdDSA", "private_key_jwt", "self_signed", "dpop", "encryption"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
    assert_eq!(metadata["request_object_signing_alg_values_supported"], json!(["HS256", "HS384", "HS512"]));
}

#[test]
fn a_policy_that_requires_keys_cannot_be_built() {
    let build = |policy: Policy| {
        let builder = ParEndpoint::builder(ISSUER).token_endpoint("https://as.example.com/token").policy(policy);
        builder.clients(InMemoryRegistry::default()).build().map(drop)
    };
    let mut with_dpop = Policy::oauth();
    with_dpop.require_dpop = true;
    let mut encrypted = Policy::oauth();
    encrypted.require_encrypted_request_object = true;
    let mut by_keys = Policy::oauth();
    by_keys.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::PrivateKeyJwt];
    for (policy, member) in [
        (by_keys, "token_endpoint_auth_methods_supported"),
        (Policy::fapi1_advanced(), "require_signed_request_object"),
        (Policy::haip(), "require_dpop"),
        (with_dpop, "require_dpop"),
        (encrypted, "require_encrypted_request_object"),
    ] {
        let error = build(policy).unwrap_err();
        assert!(matches!(error, BuildError::Policy(_)));
        assert_eq!(error.to_string(), format!("policy.{member}: {FEATURES}"));
    }
    assert_eq!(build(Policy::oidc()), Ok(()));
}
