//! Clients and servers that demand signed or encrypted request objects, and what becomes of requests when demands change.

use parjar::{DenialCode, ErrorCode, Policy, Reason, jose::DecryptionKeys, jose::TokenFault};
use serde_json::{Value, json};
use std::{sync::LazyLock, time::Duration};

use crate::{
    host::{page, redirected},
    support::{Server, body, client, code_request, form, with},
    tokens::{NOW, decryption_key, encrypt, object, object_fault, object_server, opened, public_half, signer},
};

static PRIVATE: LazyLock<Value> = LazyLock::new(|| decryption_key("P-256", "enc"));

fn server(policy: Policy, registration: Value) -> Server {
    let keys = DecryptionKeys::parse(&json!({ "keys": [*PRIVATE] }).to_string()).unwrap();
    Server::built(policy, [registration], Default::default(), |builder| builder.decryption_keys(keys))
}

fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::oauth();
    change(&mut policy);
    policy
}

fn encrypted(algorithm: &str, encryption: &str, object: &str) -> String {
    encrypt(&json!({ "alg": algorithm, "enc": encryption }), object.as_bytes(), &public_half(&PRIVATE))
}

#[test]
fn who_has_to_sign_cannot_send_plain_parameters() {
    // JAR-049, JAR-050, JAR-051, P-33, CM-013
    let by_client = with(signer("basic"), json!({ "require_signed_request_object": true }));
    for server in [
        server(Policy::oauth(), by_client),
        server(policy(|policy| policy.require_signed_request_object = true), signer("basic")),
    ] {
        let plain = code_request(&[]);
        let refusal = server.try_push(plain.as_bytes()).unwrap_err();
        assert_eq!((refusal.reason(), refusal.code()), (Reason::SignatureRequired, ErrorCode::InvalidRequest));
        assert_eq!(refusal.status(), 400);
        let query = format!("client_id=basic&{plain}");
        assert_eq!(redirected(server.authorize(&query, None)).0.reason(), Reason::SignatureRequired);
        let good = object("basic", json!({}));
        opened(&server, &good);
        let unsigned = format!("{}.{}.", crate::tokens::encode(r#"{"alg":"none"}"#), good.split('.').nth(1).unwrap());
        assert_eq!(object_fault(&server, &unsigned), TokenFault::Algorithm);
        assert_eq!(object_fault(&server, &encrypted("ECDH-ES", "A128GCM", &unsigned)), TokenFault::Algorithm);
        assert!(server.authorize(&form([("client_id", "basic"), ("request", &good)]), None).is_ok());
        // `request` without a value is no request object.
        let refusal = server.try_push(format!("{plain}&request=").as_bytes()).unwrap_err();
        assert_eq!(refusal.reason(), Reason::SignatureRequired);
    }
}

#[test]
fn who_has_to_encrypt_can_do_nothing_else_and_only_in_the_registered_way() {
    // CM-012, A-44
    let pair = json!({ "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A256GCM" });
    let by_client = with(with(signer("basic"), pair.clone()), json!({ "require_encrypted_request_object": true }));
    let by_policy = policy(|policy| policy.require_encrypted_request_object = true);
    let signed = object("basic", json!({}));
    for server in [server(Policy::oauth(), by_client), server(by_policy.clone(), with(signer("basic"), pair.clone()))] {
        let refusal = server.try_push(code_request(&[]).as_bytes()).unwrap_err();
        assert_eq!((refusal.reason(), refusal.code()), (Reason::EncryptionRequired, ErrorCode::InvalidRequest));
        assert_eq!(object_fault(&server, &signed), TokenFault::NotEncrypted);
        opened(&server, &encrypted("ECDH-ES", "A256GCM", &signed));
        assert_eq!(object_fault(&server, &encrypted("ECDH-ES", "A128GCM", &signed)), TokenFault::Algorithm);
        assert_eq!(object_fault(&server, &encrypted("ECDH-ES+A128KW", "A256GCM", &signed)), TokenFault::Algorithm);
        let claims = crate::tokens::object_claims("basic", json!({})).to_string();
        assert_eq!(object_fault(&server, &encrypted("ECDH-ES", "A256GCM", &claims)), TokenFault::Nesting);
        let by_value = server.authorize(&form([("client_id", "basic"), ("request", &signed)]), None);
        assert_eq!(page(by_value).reason(), Reason::RequestObject(TokenFault::NotEncrypted));
    }
    // Without a registered pair any will do.
    let any = server(by_policy, signer("basic"));
    for (algorithm, encryption) in [("ECDH-ES", "A128GCM"), ("ECDH-ES+A256KW", "A256CBC-HS512")] {
        opened(&any, &encrypted(algorithm, encryption, &signed));
    }
    assert_eq!(object_fault(&any, &signed), TokenFault::NotEncrypted);
    // And without a demand a registered pair is a declaration.
    let declared = server(Policy::oauth(), with(signer("basic"), pair));
    opened(&declared, &signed);
    opened(&declared, &encrypted("ECDH-ES+A128KW", "A128CBC-HS256", &signed));
    assert!(declared.try_push(code_request(&[]).as_bytes()).is_ok());
}

#[test]
fn the_default_content_encryption_is_that_of_the_specification() {
    // CM-012
    let members = json!({ "request_object_encryption_alg": "ECDH-ES", "require_encrypted_request_object": true });
    let server = server(Policy::oauth(), with(signer("basic"), members));
    let signed = object("basic", json!({}));
    opened(&server, &encrypted("ECDH-ES", "A128CBC-HS256", &signed));
    assert_eq!(object_fault(&server, &encrypted("ECDH-ES", "A128GCM", &signed)), TokenFault::Algorithm);
}

#[test]
fn a_request_that_was_signed_stays_good_when_signatures_are_demanded_later() {
    // P-15, PAR-080
    let server = server(Policy::oauth(), signer("basic"));
    let signed = server.pushed(&form([("request", &*object("basic", json!({})))]));
    let sealed = server.pushed(&form([("request", &*encrypted("ECDH-ES", "A128GCM", &object("basic", json!({}))))]));
    let plain = server.pushed(&code_request(&[]));
    assert!([&signed, &sealed, &plain].into_iter().all(|uri| server.open(uri).is_ok()));

    let must_sign = with(signer("basic"), json!({ "require_signed_request_object": true }));
    server.registry.replace([client(must_sign.clone())]).unwrap();
    assert!(server.open(&signed).unwrap().request().protection().is_signed());
    assert!(server.open(&sealed).is_ok());
    assert_eq!(redirected(server.open(&plain)).0.reason(), Reason::SignatureRequired);

    let must_encrypt = with(must_sign, json!({ "require_encrypted_request_object": true }));
    server.registry.replace([client(must_encrypt)]).unwrap();
    assert!(server.open(&sealed).unwrap().request().protection().is_encrypted());
    assert_eq!(redirected(server.open(&signed)).0.reason(), Reason::EncryptionRequired);

    // Keys that have changed since make no difference: what was verified was verified.
    let other_key = json!({ "jwks": { "keys": [crate::tokens::OTHER_ES256_KEY.public()] } });
    server.registry.replace([client(with(signer("basic"), other_key))]).unwrap();
    assert!(server.open(&signed).is_ok());
    assert_eq!(object_fault(&server, &object("basic", json!({}))), TokenFault::Signature);
}

#[test]
fn a_request_uri_does_not_outlive_the_object_behind_it() {
    // P-24
    let server = object_server();
    for (left, expires_in) in [(1, 1), (3, 3), (59, 59), (60, 60), (61, 60), (300, 60)] {
        let reply = server.push(&form([("request", &*object("basic", json!({ "exp": NOW + left })))]));
        assert_eq!(body(&reply)["expires_in"], expires_in, "{left}");
    }
    let server = object_server();
    let uri = server.pushed(&form([("request", &*object("basic", json!({ "exp": NOW + 3 })))]));
    server.clock.advance(Duration::from_millis(2999));
    let pending = server.open(&uri).unwrap();
    // Once opened it has the time that a login may take.
    server.pass(300);
    assert!(server.open(&uri).is_ok());
    assert!(pollster::block_on(server.par.complete(&pending)).is_ok());

    let late = object_server();
    let uri = late.pushed(&form([("request", &*object("basic", json!({ "exp": NOW + 3 })))]));
    late.pass(3);
    assert_eq!(page(late.open(&uri)).reason(), Reason::UnknownRequestUri);
    // An end in the middle of a second is the end of the second before.
    let fraction = object("basic", json!({ "exp": NOW as f64 + 5.9 }));
    let server = object_server();
    assert_eq!(body(&server.push(&form([("request", &*fraction)])))["expires_in"], 5);
    let mut without_end = Policy::oauth();
    without_end.danger_allow_request_objects_without_exp = true;
    let server = Server::with(without_end, [signer("basic")]);
    assert_eq!(body(&server.push(&form([("request", &*object("basic", json!({ "exp": null })))])))["expires_in"], 60);
}

#[test]
fn a_pushed_object_is_granted_or_denied_once() {
    // P-18, P-20
    let mut policy = Policy::oauth();
    policy.single_use_request_objects = true;
    let server = Server::with(policy, [signer("basic")]);
    let push = |id: &str| server.pushed(&form([("request", &*object("basic", json!({ "jti": id })))]));
    let pending = server.open(&push("a")).unwrap();
    assert!(pollster::block_on(server.par.complete(&pending)).is_ok());
    assert_eq!(page(pollster::block_on(server.par.complete(&pending))).reason(), Reason::SpentRequestUri);
    let pending = server.open(&push("b")).unwrap();
    assert!(pollster::block_on(server.par.deny(&pending, DenialCode::LoginRequired)).is_ok());
    assert_eq!(page(pollster::block_on(server.par.complete(&pending))).reason(), Reason::SpentRequestUri);
}

#[test]
fn metadata_says_what_is_taken() {
    // SM-004, SM-008, SM-009, SM-011
    let metadata = |server: &Server| Value::Object(server.par.metadata());
    let plain = metadata(&object_server());
    assert_eq!(plain["request_parameter_supported"], true);
    assert_eq!(plain["require_signed_request_object"], false);
    let signing = plain["request_object_signing_alg_values_supported"].as_array().unwrap();
    assert!(signing.contains(&json!("ES256")) && !signing.contains(&json!("none")));
    let for_secrets = plain["request_object_encryption_alg_values_supported"].as_array().unwrap();
    assert!(for_secrets.contains(&json!("dir")) && !for_secrets.contains(&json!("ECDH-ES")));
    let with_key = metadata(&server(policy(|policy| policy.require_signed_request_object = true), signer("basic")));
    assert_eq!(with_key["require_signed_request_object"], true);
    let algorithms = with_key["request_object_encryption_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&json!("ECDH-ES")) && !algorithms.contains(&json!("RSA-OAEP-256")));
    let off = metadata(&server(policy(|policy| policy.request_parameter_supported = false), signer("basic")));
    assert_eq!(off["request_parameter_supported"], false);
    assert!(off.get("request_object_signing_alg_values_supported").is_none());
    assert!(off.get("request_object_encryption_alg_values_supported").is_none());
}
