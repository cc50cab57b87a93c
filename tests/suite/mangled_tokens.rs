//! Whatever is done to a token of somebody else, or sent in place of one: it is answered, and never believed.

use std::sync::LazyLock;

use parjar::{
    Policy,
    jose::{
        ContentEncryption, DecryptionKeys, KeyManagement, SharedKey, SharedSecret, SigningAlgorithm, TokenFault,
        VerificationKeys,
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, Server, basic, code_request, form, with},
    tokens::{
        ED25519_KEY, ES256_KEY, LONG_SECRET, RSA_KEY, assertion_claims, decryption_key, encode, encrypt,
        encrypt_shared, mac, object_claims, object_header, public_half, signer, with_assertion,
    },
};

/// Genuine tokens of one kind, none of which has been used, and a server that would take each.
struct Genuine {
    server: Server,
    tokens: Vec<String>,
}

static ASSERTIONS: LazyLock<Genuine> = LazyLock::new(|| {
    let keys = [ES256_KEY.public(), ED25519_KEY.public(), RSA_KEY.public()];
    let by_key = json!({
        "client_id": "c1", "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": keys },
        "redirect_uris": [CALLBACK],
    });
    let by_secret = json!({ "token_endpoint_auth_method": "client_secret_jwt", "client_secret": LONG_SECRET });
    let claims = |client_id| assertion_claims(client_id, json!({}));
    Genuine {
        server: Server::with(Policy::oauth(), [by_key, with(basic("s1"), by_secret)]),
        tokens: vec![
            ES256_KEY.sign(&json!({ "alg": "ES256" }), &claims("c1")),
            ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "es256", "typ": "JWT" }), &claims("c1")),
            ED25519_KEY.sign(&json!({ "alg": "EdDSA" }), &claims("c1")),
            RSA_KEY.sign(&json!({ "alg": "PS256" }), &claims("c1")),
            mac(&json!({ "alg": "HS256" }), &claims("s1"), LONG_SECRET),
            mac(&json!({ "alg": "HS512" }), &claims("s1"), LONG_SECRET),
        ],
    }
});

static PRIVATE: LazyLock<Value> = LazyLock::new(|| decryption_key("P-256", "enc"));

static OBJECTS: LazyLock<Genuine> = LazyLock::new(|| {
    let keys = DecryptionKeys::parse(&json!({ "keys": [*PRIVATE] }).to_string()).unwrap();
    let claims = object_claims("basic", json!({}));
    let signed = ES256_KEY.sign(&object_header("ES256"), &claims);
    let sealed = |encryption: ContentEncryption| {
        let header = json!({ "alg": "ECDH-ES+A128KW", "enc": encryption });
        encrypt(&header, signed.as_bytes(), &public_half(&PRIVATE))
    };
    let mut tokens: Vec<String> = ContentEncryption::ALL.iter().copied().map(sealed).collect();
    tokens.extend([signed, ES256_KEY.sign(&json!({ "alg": "ES256" }), &object_claims("basic", json!({ "x": [1] })))]);
    let finish = |builder: parjar::ParEndpointBuilder| builder.decryption_keys(keys);
    Genuine { server: Server::built(Policy::oauth(), [signer("basic")], Default::default(), finish), tokens }
});

/// One thing that can be done to a text.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index),
    Truncate(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Repeat(prop::sample::Index),
    Segment(prop::sample::Index, prop::sample::Index, prop::sample::Index),
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), prop::char::any()).prop_map(|(at, by)| Change::Replace(at, by)),
        (at(), "[A-Za-z0-9_.=-]{1,5}").prop_map(|(at, what)| Change::Insert(at, what)),
        at().prop_map(Change::Remove),
        at().prop_map(Change::Truncate),
        (at(), 0u8..7).prop_map(|(at, bit)| Change::Flip(at, bit)),
        at().prop_map(Change::Repeat),
        (at(), at(), at()).prop_map(|(from, segment, to)| Change::Segment(from, segment, to)),
    ]
}

pub(crate) fn changed(token: &str, change: &Change, others: &[String]) -> String {
    let mut characters: Vec<char> = token.chars().collect();
    let length = characters.len();
    if length == 0 {
        return String::new();
    }
    match change {
        Change::Replace(at, by) => characters[at.index(length)] = *by,
        Change::Insert(at, what) => {
            let at = at.index(length);
            characters.splice(at..at, what.chars());
        }
        Change::Remove(at) => drop(characters.remove(at.index(length))),
        Change::Truncate(at) => characters.truncate(at.index(length)),
        Change::Flip(at, bit) => {
            let character = &mut characters[at.index(length)];
            *character = char::from_u32(*character as u32 ^ 1 << bit).unwrap_or('?');
        }
        Change::Repeat(at) => {
            let rest = characters[at.index(length)..].to_vec();
            characters.extend(rest);
        }
        Change::Segment(from, segment, to) => {
            let donor: Vec<&str> = others[from.index(others.len())].split('.').collect();
            let mut segments: Vec<&str> = token.split('.').collect();
            let to = to.index(segments.len());
            segments[to] = donor[segment.index(donor.len())];
            return segments.join(".");
        }
    }
    characters.into_iter().collect()
}

fn assertion_is_believed(token: &str) -> bool {
    let server = &ASSERTIONS.server;
    let pushed = server.try_form(&code_request(&with_assertion(token))).is_ok();
    let authenticated = server.try_token(&form(with_assertion(token))).is_ok();
    pushed || authenticated
}

fn object_is_believed(token: &str) -> bool {
    let pushed = OBJECTS.server.try_push(form([("request", token)]).as_bytes()).is_ok();
    let opened = OBJECTS.server.authorize(&form([("client_id", "basic"), ("request", token)]), None).is_ok();
    pushed || opened
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("basic")),
        Just(Value::from("code")),
        Just(Value::from(1_700_000_060)),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn the_genuine_tokens_are_believed() {
    // Others of the same make, so that those of the properties stay unused.
    for token in &OBJECTS.tokens {
        assert!(object_is_believed(token));
    }
    let fresh = |key: &crate::tokens::Key, algorithm: &str| {
        key.sign(&json!({ "alg": algorithm }), &assertion_claims("c1", json!({})))
    };
    for token in [fresh(&ES256_KEY, "ES256"), fresh(&ED25519_KEY, "EdDSA"), fresh(&RSA_KEY, "PS256")] {
        assert!(assertion_is_believed(&token));
    }
    for algorithm in ["HS256", "HS512"] {
        let token = mac(&json!({ "alg": algorithm }), &assertion_claims("s1", json!({})), LONG_SECRET);
        assert!(assertion_is_believed(&token));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    // O-04, A-39: changed in any way, an assertion authenticates nobody.
    #[test]
    fn a_changed_assertion_is_not_believed(
        which in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..4),
    ) {
        let tokens = &ASSERTIONS.tokens;
        let start = tokens[which.index(tokens.len())].clone();
        let token = changes.iter().fold(start, |token, change| changed(&token, change, tokens));
        prop_assume!(!tokens.contains(&token));
        prop_assert!(!assertion_is_believed(&token), "{}", token);
    }

    #[test]
    fn a_changed_request_object_is_not_believed(
        which in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..4),
    ) {
        let tokens = &OBJECTS.tokens;
        let start = tokens[which.index(tokens.len())].clone();
        let token = changes.iter().fold(start, |token, change| changed(&token, change, tokens));
        prop_assume!(!tokens.contains(&token));
        prop_assert!(!object_is_believed(&token), "{}", token);
    }

    #[test]
    fn any_text_is_answered(text in ".{0,200}", dots in "[A-Za-z0-9_.-]{0,200}") {
        for token in [text, dots] {
            prop_assert!(!assertion_is_believed(&token) && !object_is_believed(&token));
        }
    }

    #[test]
    fn any_segments_are_answered(
        header in any_json(), payload in any_json(), rest in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..4),
        with_members in prop::collection::vec(("alg|enc|kid|typ|cty|epk|iv|tag|p2c|crit", any_json()), 0..4),
        algorithm in prop::sample::select(vec!["ES256", "HS256", "none", "dir", "ECDH-ES", "ECDH-ES+A128KW", "A128GCMKW"]),
    ) {
        let mut members = json!({ "alg": algorithm, "enc": "A128CBC-HS256" });
        members.as_object_mut().unwrap().extend(with_members);
        for header in [header.to_string(), members.to_string()] {
            let rest: Vec<String> = rest.iter().map(encode).collect();
            let token = format!("{}.{}.{}", encode(header), encode(payload.to_string()), rest.join("."));
            prop_assert!(!assertion_is_believed(&token) && !object_is_believed(&token));
        }
    }

    // O-04: the signature is good, so that everything behind it is reached.
    #[test]
    fn any_signed_claims_are_answered(
        claims in prop::collection::vec(
            (
                "iss|sub|aud|exp|nbf|iat|jti|client_id|request|scope|max_age|claims|resource|authorization_details|.{0,8}",
                any_json(),
            ),
            0..5,
        ),
        payload in any_json(),
    ) {
        let header = json!({ "alg": "HS256" });
        let of = |claims: Value, others: &[(String, Value)]| {
            let mut claims = claims;
            claims.as_object_mut().unwrap().extend(others.iter().cloned());
            claims
        };
        for claims in [of(assertion_claims("s1", json!({})), &claims), payload.clone()] {
            assertion_is_believed(&mac(&header, &claims, LONG_SECRET));
        }
        for claims in [of(object_claims("basic", json!({})), &claims), payload] {
            let token = ES256_KEY.sign(&json!({ "alg": "ES256" }), &claims);
            let believed = object_is_believed(&token);
            prop_assert!(!believed || (claims["iss"] == "basic" && claims["client_id"] == "basic"), "{}", claims);
        }
    }

    #[test]
    fn any_key_set_is_read(keys in prop::collection::vec(any_json(), 0..3), set in any_json(), text in ".{0,100}",
        members in prop::collection::vec(("kty|crv|x|y|n|e|d|k|use|alg|kid|key_ops", any_json()), 0..3),
        base in 0usize..4,
    ) {
        let bases = [ES256_KEY.public(), RSA_KEY.public(), ED25519_KEY.public(), PRIVATE.clone()];
        let mut key = bases[base].clone();
        key.as_object_mut().unwrap().extend(members);
        for set in [set.to_string(), json!({ "keys": keys }).to_string(), json!({ "keys": [key] }).to_string(), text] {
            let _ = VerificationKeys::parse(&set);
            let _ = VerificationKeys::parse_fetched(&set);
            let _ = DecryptionKeys::parse(&set);
        }
    }

    // J-05 to J-07: whatever the parts of an encrypted token are.
    #[test]
    fn any_parts_of_an_encrypted_token_are_answered(
        algorithm in 0usize..KeyManagement::ALL.len(), encryption in 0usize..ContentEncryption::ALL.len(),
        parts in prop::array::uniform4(prop::collection::vec(any::<u8>(), 0..90)), key_length in 0usize..70,
        point in any_json(), vector in prop::collection::vec(any::<u8>(), 0..20), tag in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let header = json!({
            "alg": KeyManagement::ALL[algorithm], "enc": ContentEncryption::ALL[encryption], "epk": point,
            "iv": encode(vector), "tag": encode(tag),
        });
        let token = format!("{}.{}", encode(header.to_string()), parts.each_ref().map(encode).join("."));
        let shared = SharedKey::new(&vec![7; key_length]);
        let private = DecryptionKeys::parse(&json!({ "keys": [*PRIVATE] }).to_string()).unwrap();
        let opened = shared.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL);
        prop_assert_eq!(opened, Err(TokenFault::Decryption));
        let opened = private.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL);
        prop_assert_eq!(opened, Err(TokenFault::Decryption));
    }

    #[test]
    fn what_was_encrypted_or_signed_comes_out_as_it_was(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        for (encryption, length) in [("A128GCM", 16), ("A256GCM", 32), ("A128CBC-HS256", 32), ("A256CBC-HS512", 64)] {
            let token = encrypt_shared(&json!({ "alg": "dir", "enc": encryption }), &payload, &vec![7; length]);
            let keys = SharedKey::new(&vec![7; length]);
            let opened = keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL);
            prop_assert_eq!(opened, Ok(payload.clone()));
        }
        let input = format!("{}.{}", encode(r#"{"alg":"ES256"}"#), encode(&payload));
        let token = format!("{input}.{}", encode(ES256_KEY.signature("ES256", input.as_bytes())));
        let keys = VerificationKeys::parse(&json!({ "keys": [ES256_KEY.public()] }).to_string()).unwrap();
        prop_assert_eq!(keys.verify(&token, SigningAlgorithm::ALL), Ok(payload));
        prop_assert!(SharedSecret::new(LONG_SECRET.as_bytes()).verify(&token, SigningAlgorithm::ALL).is_err());
    }
}
