//! Encrypted request objects at the PAR endpoint: who may send them, how, and what must be inside.

use std::sync::LazyLock;

use parjar::{
    Policy, Reason,
    jose::{ContentEncryption, DecryptionKeys, KeyManagement, TokenFault},
    store::MemoryLimits,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::{
    support::{Server, form, public, with},
    tokens::{
        ES256_KEY, LONG_SECRET, OTHER_ES256_KEY, RSA_KEY, decryption_key, encode, encrypt, encrypt_shared, object,
        object_claims, object_fault, object_header, opened, public_half, seal, signer,
    },
};

static KEYS: LazyLock<[Value; 4]> = LazyLock::new(|| {
    // The private RSA key of a client serves as well as any.
    let rsa = with(RSA_KEY.private(), json!({ "kid": "rsa-enc", "use": "enc" }));
    [rsa, decryption_key("P-256", "p256"), decryption_key("P-384", "p384"), decryption_key("X25519", "x25519")]
});

fn keys(listed: &[Value]) -> DecryptionKeys {
    DecryptionKeys::parse(&json!({ "keys": listed }).to_string()).unwrap()
}

fn server_with(policy: Policy, registration: Value) -> Server {
    Server::built(policy, [registration], Default::default(), |builder| builder.decryption_keys(keys(&*KEYS)))
}

fn server() -> Server {
    server_with(Policy::oauth(), signer("basic"))
}

/// The signed object of `basic`, or whatever else, encrypted with ECDH-ES for the P-256 key and these header members.
fn encrypted(others: Value, plaintext: impl AsRef<[u8]>) -> String {
    let header = with(json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "p256" }), others);
    encrypt(&header, plaintext.as_ref(), &public_half(&KEYS[1]))
}

#[test]
fn every_key_of_the_server_opens_what_was_encrypted_to_it() {
    // PAR-052, JAR-007, JAR-030, JAR-071
    let server = server();
    for key in &*KEYS {
        let is_rsa = key["kty"] == "RSA";
        let algorithms: &[_] =
            if is_rsa { &["RSA-OAEP", "RSA-OAEP-256"] } else { &["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"] };
        for algorithm in algorithms {
            for encryption in ContentEncryption::ALL {
                let header = json!({ "alg": algorithm, "enc": encryption.as_str(), "kid": key["kid"] });
                let token = encrypt(&header, object("basic", json!({ "scope": "a" })).as_bytes(), &public_half(key));
                let pending = opened(&server, &token);
                let protection = pending.request().protection();
                assert!(protection.is_signed() && protection.is_encrypted());
                assert_eq!(pending.request().scopes().collect::<Vec<_>>(), ["a"], "{header}");
            }
        }
    }
}

/// The key that OpenID Connect Core section 10.2 derives from a secret.
fn derived(secret: &str, length: usize) -> Vec<u8> {
    if length <= 32 { Sha256::digest(secret)[..length].to_vec() } else { Sha512::digest(secret)[..length].to_vec() }
}

fn key_length(algorithm: KeyManagement, encryption: ContentEncryption) -> usize {
    match (algorithm, encryption) {
        (KeyManagement::Dir, ContentEncryption::A128Gcm) => 16,
        (KeyManagement::Dir, ContentEncryption::A256CbcHs512) => 64,
        (KeyManagement::A128Kw | KeyManagement::A128GcmKw, _) => 16,
        (KeyManagement::A192Kw | KeyManagement::A192GcmKw, _) => 24,
        _ => 32,
    }
}

#[test]
fn a_secret_encrypts_for_a_client_that_has_registered_exactly_that() {
    // OIDC-033
    let symmetric = KeyManagement::ALL.iter().filter(|algorithm| algorithm.is_symmetric());
    for algorithm in symmetric.clone() {
        let registration = with(
            signer("basic"),
            json!({ "client_secrets": [{ "client_secret": LONG_SECRET }], "request_object_encryption_alg": algorithm }),
        );
        let server = server_with(Policy::oauth(), registration);
        for encryption in ContentEncryption::ALL {
            let header = json!({ "alg": algorithm, "enc": encryption });
            let shared = |secret: &str| derived(secret, key_length(*algorithm, *encryption));
            let plaintext = object("basic", json!({}));
            // Either secret will do, while they are rotated.
            for secret in [LONG_SECRET, "s3cret"] {
                opened(&server, &encrypt_shared(&header, plaintext.as_bytes(), &shared(secret)));
            }
            let stranger = encrypt_shared(&header, plaintext.as_bytes(), &shared("s3cret "));
            assert_eq!(object_fault(&server, &stranger), TokenFault::Decryption, "{header}");
            let other = if *algorithm == KeyManagement::Dir { KeyManagement::A128Kw } else { KeyManagement::Dir };
            let header = json!({ "alg": other, "enc": encryption });
            let shared = derived("s3cret", key_length(other, *encryption));
            let unregistered = encrypt_shared(&header, plaintext.as_bytes(), &shared);
            assert_eq!(object_fault(&server, &unregistered), TokenFault::Algorithm, "{header}");
        }
    }
    let header = json!({ "alg": "dir", "enc": "A128GCM" });
    let token = encrypt_shared(&header, object("basic", json!({})).as_bytes(), &derived("s3cret", 16));
    assert_eq!(object_fault(&server(), &token), TokenFault::Algorithm);
}

#[test]
fn an_expired_secret_decrypts_nothing() {
    // C-22
    let registration = with(
        signer("basic"),
        json!({
            "client_secrets": [{ "client_secret": LONG_SECRET, "client_secret_expires_at": 1_700_000_060 }],
            "request_object_encryption_alg": "dir", "request_object_encryption_enc": "A128GCM",
        }),
    );
    let server = server_with(Policy::oauth(), registration);
    let header = json!({ "alg": "dir", "enc": "A128GCM" });
    let plaintext = object("basic", json!({}));
    let token = encrypt_shared(&header, plaintext.as_bytes(), &derived(LONG_SECRET, 16));
    opened(&server, &token);
    server.pass(60);
    assert_eq!(object_fault(&server, &token), TokenFault::Decryption);
    opened(&server, &encrypt_shared(&header, plaintext.as_bytes(), &derived("s3cret", 16)));
}

#[test]
fn encryption_is_no_substitute_for_a_signature() {
    // JAR-013, JAR-044, JAR-069, A-30, A-31
    let server = server();
    let claims = object_claims("basic", json!({}));
    let signed = object("basic", json!({}));
    let unsigned = |header: &str| format!("{}.{}.", encode(header), encode(claims.to_string()));
    for (plaintext, fault) in [
        (claims.to_string(), TokenFault::Nesting),
        (String::new(), TokenFault::Nesting),
        ("..".to_owned(), TokenFault::Nesting),
        ("null".to_owned(), TokenFault::Nesting),
        (format!("{signed} "), TokenFault::Nesting),
        (format!("\"{signed}\""), TokenFault::Nesting),
        (encrypted(json!({}), &signed), TokenFault::Nesting),
        (encrypted(json!({}), encrypted(json!({}), &signed)), TokenFault::Nesting),
        (unsigned(r#"{"alg":"none"}"#), TokenFault::Algorithm),
        (unsigned("{}"), TokenFault::Algorithm),
        (unsigned(r#"{"alg":"ES256"}"#), TokenFault::Signature),
        (OTHER_ES256_KEY.sign(&object_header("ES256"), &claims), TokenFault::Signature),
        (object("basic", json!({ "exp": 1 })), TokenFault::Expired),
        (object("other", json!({})), TokenFault::Issuer),
        (ES256_KEY.sign(&json!({ "alg": "ES256", "typ": "at+jwt" }), &claims), TokenFault::Type),
        (ES256_KEY.sign(&json!({ "alg": "ES256", "crit": ["x"] }), &claims), TokenFault::Critical),
    ] {
        assert_eq!(object_fault(&server, &encrypted(json!({}), &plaintext)), fault, "{plaintext}");
    }
    assert_eq!(object_fault(&server, &encrypted(json!({}), [0xFF; 64])), TokenFault::Nesting);
    opened(&server, &encrypted(json!({}), &signed));
    // Around an encrypted object there is nothing to sign.
    let inner = encrypted(json!({}), &signed);
    let outer = ES256_KEY.sign_text(&object_header("ES256").to_string(), &inner, "ES256");
    assert_eq!(object_fault(&server, &outer), TokenFault::Malformed);
    let outer = ES256_KEY.sign_text(r#"{"alg":"ES256","cty":"JWT"}"#, &inner, "ES256");
    assert_eq!(object_fault(&server, &outer), TokenFault::Type);
    let twice = ES256_KEY.sign_text(&object_header("ES256").to_string(), &signed, "ES256");
    assert_eq!(object_fault(&server, &twice), TokenFault::Malformed);
}

#[test]
fn the_outer_header_says_a_jwt_or_nothing_about_what_is_inside() {
    // JAR-070, JAR-080, A-09
    let server = server();
    let signed = object("basic", json!({}));
    for value in ["JWT", "jwt", "oauth-authz-req+jwt", "application/JWT", "application/oauth-authz-req+jwt"] {
        opened(&server, &encrypted(json!({ "cty": value }), &signed));
        opened(&server, &encrypted(json!({ "typ": value }), &signed));
    }
    for value in ["at+jwt", "JWS", "json", "", "client-authentication+jwt", "application/json"] {
        for member in ["typ", "cty"] {
            let token = encrypted(json!({ member: value }), &signed);
            assert_eq!(object_fault(&server, &token), TokenFault::Type, "{member} {value}");
        }
    }
    // It is the inner type that counts where one is demanded.
    let mut policy = Policy::oauth();
    policy.require_request_object_type = true;
    let strict = server_with(policy, signer("basic"));
    opened(&strict, &encrypted(json!({}), &signed));
    let untyped = ES256_KEY.sign(&json!({ "alg": "ES256" }), &object_claims("basic", json!({})));
    let token = encrypted(json!({ "typ": "oauth-authz-req+jwt" }), untyped);
    assert_eq!(object_fault(&strict, &token), TokenFault::Type);
}

#[test]
fn claims_that_the_outer_header_repeats_must_agree() {
    // A-45
    let registration = with(
        signer("basic"),
        json!({ "request_object_encryption_alg": "dir", "request_object_encryption_enc": "A128GCM" }),
    );
    let server = server_with(Policy::oauth(), registration);
    let sealed = |others: Value, object: &str| {
        let header = with(json!({ "alg": "dir", "enc": "A128GCM" }), others);
        seal(&header, &[], &derived("s3cret", 16), object.as_bytes())
    };
    let signed = object("basic", json!({ "sub": "user" }));
    let issuer = crate::support::ISSUER;
    for (others, fault) in [
        (json!({ "iss": "other" }), TokenFault::Issuer),
        (json!({ "iss": null }), TokenFault::Issuer),
        (json!({ "iss": ["basic"] }), TokenFault::Issuer),
        (json!({ "sub": "basic" }), TokenFault::Subject),
        (json!({ "aud": "https://other.example" }), TokenFault::Audience),
        (json!({ "aud": [issuer] }), TokenFault::Audience),
    ] {
        assert_eq!(object_fault(&server, &sealed(others.clone(), &signed)), fault, "{others}");
    }
    opened(&server, &sealed(json!({}), &signed));
    opened(&server, &sealed(json!({ "iss": "basic", "sub": "user", "aud": issuer, "exp": 1 }), &signed));
    let without_sub = object("basic", json!({}));
    assert_eq!(object_fault(&server, &sealed(json!({ "sub": "user" }), &without_sub)), TokenFault::Subject);
}

#[test]
fn headers_that_ask_for_other_processing_are_refused() {
    // J-08, J-11, A-05, A-06, A-23. The faults show that nothing was decrypted.
    let server = server();
    let token = encrypted(json!({}), object("basic", json!({})));
    let (_, rest) = token.split_once('.').unwrap();
    for (others, fault) in [
        (json!({ "crit": ["foo"], "foo": 1 }), TokenFault::Critical),
        (json!({ "crit": [] }), TokenFault::Critical),
        (json!({ "zip": "DEF" }), TokenFault::Compressed),
        (json!({ "b64": false }), TokenFault::Unencoded),
        (json!({ "jwk": public_half(&KEYS[1]) }), TokenFault::KeyInHeader),
        // Ignored, and covered by the tag that was made without.
        (json!({ "jku": "https://evil.example" }), TokenFault::Decryption),
        (json!({ "x5c": [] }), TokenFault::Decryption),
        (json!({ "x5u": "https://evil.example" }), TokenFault::Decryption),
        (json!({ "alg": "RSA1_5" }), TokenFault::Algorithm),
        (json!({ "alg": "PBES2-HS256+A128KW", "p2c": 2_147_483_647, "p2s": "AAAA" }), TokenFault::Algorithm),
        (json!({ "alg": "RSA-OAEP-384" }), TokenFault::Algorithm),
        (json!({ "alg": "ECDH-ES+A192KW" }), TokenFault::Algorithm),
        (json!({ "alg": "ecdh-es" }), TokenFault::Algorithm),
        (json!({ "alg": "none" }), TokenFault::Algorithm),
        (json!({ "alg": "ES256" }), TokenFault::Algorithm),
        (json!({ "enc": "A192GCM" }), TokenFault::Algorithm),
        (json!({ "enc": "A192CBC-HS384" }), TokenFault::Algorithm),
        (json!({ "enc": "none" }), TokenFault::Algorithm),
        (json!({ "enc": "" }), TokenFault::Algorithm),
        (json!({ "enc": null }), TokenFault::Malformed),
        (json!({ "alg": "dir" }), TokenFault::Algorithm),
        (json!({ "alg": "A128KW" }), TokenFault::Algorithm),
    ] {
        let header = with(json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "p256" }), others.clone());
        assert_eq!(object_fault(&server, &format!("{}.{rest}", encode(header.to_string()))), fault, "{others}");
    }
    let duplicate = encode(r#"{"alg":"ECDH-ES","enc":"A128GCM","enc":"A256GCM"}"#);
    assert_eq!(object_fault(&server, &format!("{duplicate}.{rest}")), TokenFault::Malformed);
}

#[test]
fn the_policy_narrows_the_algorithms_down() {
    // JAR-008
    let mut policy = Policy::oauth();
    policy.request_object_encryption_alg_values_supported = vec![KeyManagement::EcdhEs];
    policy.request_object_encryption_enc_values_supported = vec![ContentEncryption::A256Gcm];
    let server = server_with(policy, signer("basic"));
    let signed = object("basic", json!({}));
    opened(&server, &encrypted(json!({ "enc": "A256GCM" }), &signed));
    for others in [json!({}), json!({ "alg": "ECDH-ES+A128KW", "enc": "A256GCM" })] {
        assert_eq!(object_fault(&server, &encrypted(others.clone(), &signed)), TokenFault::Algorithm, "{others}");
    }
    let mut policy = Policy::oauth();
    policy.request_object_encryption_alg_values_supported = Vec::new();
    policy.request_object_encryption_enc_values_supported = Vec::new();
    let server = server_with(policy, signer("basic"));
    assert_eq!(object_fault(&server, &encrypted(json!({}), &signed)), TokenFault::Algorithm);
    opened(&server, &signed);
}

#[test]
fn keys_are_chosen_by_kid_and_algorithm() {
    // JAR-085, A-32
    let server = server();
    let signed = object("basic", json!({}));
    let without_kid = |key: &Value, algorithm: &str| {
        encrypt(&json!({ "alg": algorithm, "enc": "A128GCM" }), signed.as_bytes(), &public_half(key))
    };
    for (key, algorithm) in KEYS.iter().zip(["RSA-OAEP-256", "ECDH-ES", "ECDH-ES", "ECDH-ES"]) {
        opened(&server, &without_kid(key, algorithm));
    }
    for kid in ["p384", "P256", "p256 ", "", "rsa-enc", "unknown", "../../dev/null", "' OR 1=1--"] {
        assert_eq!(object_fault(&server, &encrypted(json!({ "kid": kid }), &signed)), TokenFault::Decryption, "{kid}");
    }
}

#[test]
fn without_a_kid_three_keys_that_fit_are_tried() {
    // A-32
    let listed: Vec<Value> = (0..10).map(|number| decryption_key("P-256", &format!("k{number}"))).collect();
    let keys = keys(&listed);
    let open = |header: Value, key: &Value| {
        let token = encrypt(&header, b"payload", &public_half(key));
        keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL)
    };
    for (index, key) in listed.iter().enumerate() {
        let header = json!({ "alg": "ECDH-ES+A128KW", "enc": "A128GCM" });
        let expected = if index < 3 { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
        assert_eq!(open(header.clone(), key), expected, "{index}");
        assert_eq!(open(with(header, json!({ "kid": format!("k{index}") })), key), Ok(b"payload".to_vec()));
    }
}

#[test]
fn keys_of_another_curve_or_algorithm_do_not_count_as_tried() {
    // A-32: the point in the header says which keys can fit
    let of = |kind: &str, kid: &str| decryption_key(kind, kid);
    let narrow = with(of("X25519", "d"), json!({ "alg": "ECDH-ES+A256KW" }));
    let listed = [of("P-256", "a"), of("P-256", "b"), of("P-384", "c"), narrow, of("X25519", "e")];
    let keys = keys(&listed);
    for (index, key) in listed.iter().enumerate() {
        let header = json!({ "alg": if index == 3 { "ECDH-ES+A256KW" } else { "ECDH-ES" }, "enc": "A128GCM" });
        let token = encrypt(&header, b"payload", &public_half(key));
        let opened = keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL);
        assert_eq!(opened.as_deref(), Ok(&b"payload"[..]), "{index}");
    }
}

#[test]
fn only_confidential_clients_get_anything_decrypted() {
    // A-32, OIDC-032, JAR-045
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let registration = with(public("public"), json!({ "jwks": { "keys": [ES256_KEY.public()] } }));
    let server = server_with(policy, registration);
    let body = |object: &str| form([("client_id", "public"), ("request", object)]);
    let signed = object("public", json!({}));
    assert!(server.try_form(&body(&signed)).is_ok());
    let refusal = server.try_form(&body(&encrypted(json!({}), &signed))).unwrap_err();
    assert_eq!(refusal.reason(), Reason::RequestObject(TokenFault::Unauthenticated));
}

#[test]
fn a_server_without_keys_opens_nothing() {
    let server = Server::with(Policy::oauth(), [signer("basic")]);
    assert_eq!(object_fault(&server, &encrypted(json!({}), object("basic", json!({})))), TokenFault::Decryption);
}

#[test]
fn keys_of_the_server_are_replaced_while_it_runs() {
    // JAR-085
    let [old, new] = ["old", "new"].map(|kid| decryption_key("P-256", kid));
    let set = |keys: &[&Value]| DecryptionKeys::parse(&json!({ "keys": keys }).to_string()).unwrap();
    let keys = set(&[&old]);
    let handle = keys.clone();
    let server = Server::built(Policy::oauth(), [signer("basic")], MemoryLimits::default(), |builder| {
        builder.decryption_keys(keys)
    });
    let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM" });
    let encrypted = |key: &Value| encrypt(&header, object("basic", json!({})).as_bytes(), &public_half(key));
    let kids = || {
        let published = handle.public_jwks();
        published["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    opened(&server, &encrypted(&old));
    assert_eq!(object_fault(&server, &encrypted(&new)), TokenFault::Decryption);
    handle.replace(&set(&[&new, &old]));
    assert_eq!(kids(), ["new", "old"]);
    opened(&server, &encrypted(&old));
    opened(&server, &encrypted(&new));
    handle.replace(&set(&[&new]));
    assert_eq!(object_fault(&server, &encrypted(&old)), TokenFault::Decryption);
    handle.replace(&set(&[]));
    let algorithms = &server.par.metadata()["request_object_encryption_alg_values_supported"];
    assert!(!algorithms.as_array().unwrap().contains(&json!("ECDH-ES")), "{algorithms}");
}
