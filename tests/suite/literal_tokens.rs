//! Literal tokens that other implementations took, panicked on or worked on for ever.

use parjar::{
    Client, ClientRegistration, FormRequest, InMemoryRegistry, ManualClock, ParEndpoint, Reason, Refusal, Reply,
    jose::{ContentEncryption, DecryptionKeys, KeyManagement, SharedKey, SharedSecret, SigningAlgorithm, TokenFault},
    store::MemoryStore,
};
use serde_json::{Value, json};
use std::time::Duration;

use crate::{
    support::{CALLBACK, FORM, authorization, client, form, request_uri, with},
    tokens::{LONG_SECRET, decode, decryption_key, literal, mac_text, with_assertion},
};

/// The MAC key of T01 to T12, and the key of most of T20 to T26.
const KEY: [u8; 32] = [7; 32];

/// The server and the clock that T01 to T12 were made for, with the client `c1`.
fn endpoint(registration: Value) -> ParEndpoint {
    let clock = ManualClock::default();
    clock.advance(Duration::from_secs(10));
    let registration = with(json!({ "client_id": "c1", "redirect_uris": [CALLBACK] }), registration);
    ParEndpoint::builder("https://as.example")
        .clients(InMemoryRegistry::new([client(registration)]).unwrap())
        .store(MemoryStore::default().with_clock(clock.clone()))
        .clock(clock)
        .decryption_keys(decryption_keys())
        .build()
        .unwrap()
}

fn decryption_keys() -> DecryptionKeys {
    DecryptionKeys::parse(&json!({ "keys": [decryption_key("P-256", "p256")] }).to_string()).unwrap()
}

fn push(par: &ParEndpoint, object: &str) -> Result<Reply, Refusal> {
    let secret: String = url::form_urlencoded::byte_serialize(LONG_SECRET.as_bytes()).collect();
    let authorization = authorization("c1", &secret);
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let body = form([("request", object)]);
    pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))).map(Reply::from)
}

/// The same header and payload with the MAC of a secret that can be registered.
fn signed_again(token: &str) -> String {
    let segments: Vec<_> = token.split('.').collect();
    let text = |index: usize| String::from_utf8(decode(segments[index])).unwrap();
    let again = mac_text(&text(0), &text(1), "HS256", LONG_SECRET);
    assert!(again.starts_with(&format!("{}.{}.", segments[0], segments[1])));
    again
}

#[test]
fn signed_ones_are_believed_exactly_as_far_as_their_headers_allow() {
    // T01 to T12 as they are, by their own key
    let secret = SharedSecret::new(&KEY);
    for (id, expected) in [
        ("T01", None),
        ("T02", Some(TokenFault::Algorithm)),
        ("T03", Some(TokenFault::Critical)),
        ("T04", Some(TokenFault::Unencoded)),
        ("T05", Some(TokenFault::Malformed)),
        ("T06", None),
        ("T07", None),
        ("T08", None),
        ("T09", None),
        ("T10", None),
        ("T11", None),
        ("T12", None),
    ] {
        let verified = secret.verify(&literal(id), SigningAlgorithm::ALL);
        assert_eq!(verified.as_ref().err(), expected.as_ref(), "{id}");
        if let Ok(payload) = verified {
            assert_eq!(payload, decode(literal(id).split('.').nth(1).unwrap()), "{id}");
        }
        let other = SharedSecret::new(&[8; 32]).verify(&literal(id), SigningAlgorithm::ALL);
        assert_eq!(other, Err(expected.unwrap_or(TokenFault::Signature)), "{id}");
    }
}

#[test]
fn a_secret_of_control_characters_cannot_be_registered() {
    let secret = String::from_utf8(KEY.to_vec()).unwrap();
    let mut registration = ClientRegistration::new("c1");
    registration.client_secret = Some(secret.into());
    assert_eq!(Client::try_from(registration).unwrap_err().member(), "client_secret");
}

#[test]
fn signed_ones_are_request_objects_exactly_as_far_as_their_claims_allow() {
    // T01 to T12, by a secret that can be registered
    let par = endpoint(json!({ "client_secret": LONG_SECRET, "request_object_signing_alg": "HS256" }));
    request_uri(&push(&par, &signed_again(&literal("T01"))).unwrap());
    for (id, fault) in [
        ("T03", TokenFault::Critical),
        ("T04", TokenFault::Unencoded),
        ("T05", TokenFault::Malformed),
        ("T06", TokenFault::Malformed),
        ("T07", TokenFault::ClaimType),
        ("T08", TokenFault::ClaimType),
        ("T09", TokenFault::ClientId),
        ("T10", TokenFault::Nested),
        ("T11", TokenFault::Subject),
        ("T12", TokenFault::Parameter),
    ] {
        let refusal = push(&par, &signed_again(&literal(id))).unwrap_err();
        assert_eq!(refusal.reason(), Reason::RequestObject(fault), "{id}");
    }
    let unsigned = push(&par, &literal("T02")).unwrap_err();
    assert_eq!(unsigned.reason(), Reason::RequestObject(TokenFault::Algorithm));
    let by_another_key = push(&par, &literal("T01")).unwrap_err();
    assert_eq!(by_another_key.reason(), Reason::RequestObject(TokenFault::Signature));
}

#[test]
fn an_assertion_is_one_and_request_objects_are_none() {
    // T09, T11, A-11, C-38: the same secret signs both
    let par = endpoint(json!({
        "client_secret": LONG_SECRET, "request_object_signing_alg": "HS256",
        "token_endpoint_auth_method": "client_secret_jwt",
    }));
    let push = |assertion: &str| {
        let body = form(with_assertion(assertion).into_iter().chain([("response_type", "code")]));
        pollster::block_on(par.push(&FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body)))
    };
    assert!(push(&signed_again(&literal("T09"))).is_ok());
    for (id, fault) in [("T01", TokenFault::Subject), ("T11", TokenFault::Type), ("T02", TokenFault::Subject)] {
        let token = if id == "T02" { literal(id) } else { signed_again(&literal(id)) };
        assert_eq!(push(&token).unwrap_err().reason(), Reason::ClientAssertion(fault), "{id}");
    }
}

#[test]
fn encrypted_ones_are_refused_without_a_panic_whatever_holds_the_key() {
    // JAR-073, JAR-074, T20 to T26, J-05, J-06, J-07, J-08, J-11, J-16, A-23, A-24, A-28, A-29
    let open =
        |id: &str, key: &[u8]| SharedKey::new(key).decrypt(&literal(id), KeyManagement::ALL, ContentEncryption::ALL);
    assert_eq!(open("T24ok", &KEY[..16]).as_deref(), Ok(&br#"{"a":1}"#[..]));
    for (id, length, fault) in [
        ("T20", 16, TokenFault::Decryption),
        ("T21", 32, TokenFault::Decryption),
        ("T22", 16, TokenFault::Decryption),
        ("T23", 16, TokenFault::Algorithm),
        ("T24", 16, TokenFault::Decryption),
        ("T25", 16, TokenFault::Critical),
        ("T26", 16, TokenFault::Compressed),
    ] {
        assert_eq!(open(id, &KEY[..length]), Err(fault), "{id}");
        // Of another length, no key is of any use.
        assert_eq!(open(id, &KEY[..15]), Err(fault), "{id}");
    }
}

#[test]
fn encrypted_ones_are_no_request_objects() {
    // T20 to T26, at a client that may use exactly these algorithms
    for (id, pair, fault) in [
        ("T20", ("dir", "A128GCM"), TokenFault::Decryption),
        ("T21", ("dir", "A128CBC-HS256"), TokenFault::Decryption),
        ("T22", ("A128KW", "A128GCM"), TokenFault::Decryption),
        ("T23", ("dir", "A128GCM"), TokenFault::Algorithm),
        ("T24", ("dir", "A128GCM"), TokenFault::Decryption),
        ("T24ok", ("dir", "A128GCM"), TokenFault::Decryption),
        ("T25", ("dir", "A128GCM"), TokenFault::Critical),
        ("T26", ("dir", "A128GCM"), TokenFault::Compressed),
    ] {
        let par = endpoint(json!({
            "client_secret": LONG_SECRET, "request_object_signing_alg": "HS256",
            "request_object_encryption_alg": pair.0, "request_object_encryption_enc": pair.1,
        }));
        assert_eq!(push(&par, &literal(id)).unwrap_err().reason(), Reason::RequestObject(fault), "{id}");
    }
}
