//! Decryption as such: lengths, tags, padding and points that are not what they should be, and one answer to all of them.

use openssl::symm::{self, Cipher};
use parjar::{
    Policy,
    jose::{ContentEncryption, DecryptionKeys, KeyManagement, KeyProblem, SharedKey, TokenFault},
};
use serde_json::{Value, json};

use crate::{
    client_keys::blamed,
    support::{Server, with},
    tokens::{
        RSA_KEY, decode, decryption_key, encode, encrypt, encrypt_shared, object, object_fault, opened, public_half,
        seal, signer,
    },
};

const KEY: [u8; 64] = [7; 64];

const KEY_LENGTHS: [(KeyManagement, usize); 6] = [
    (KeyManagement::A128Kw, 16),
    (KeyManagement::A192Kw, 24),
    (KeyManagement::A256Kw, 32),
    (KeyManagement::A128GcmKw, 16),
    (KeyManagement::A192GcmKw, 24),
    (KeyManagement::A256GcmKw, 32),
];

fn content_key(encryption: ContentEncryption) -> &'static [u8] {
    match encryption {
        ContentEncryption::A128Gcm => &KEY[..16],
        ContentEncryption::A256CbcHs512 => &KEY,
        _ => &KEY[..32],
    }
}

fn open(key: &[u8], token: &str) -> Result<Vec<u8>, TokenFault> {
    SharedKey::new(key).decrypt(token, KeyManagement::ALL, ContentEncryption::ALL)
}

fn segments(token: &str) -> [Vec<u8>; 5] {
    token.split('.').map(decode).collect::<Vec<_>>().try_into().unwrap()
}

fn join(segments: &[Vec<u8>; 5]) -> String {
    segments.each_ref().map(encode).join(".")
}

/// A token whose content was encrypted with the shared key itself.
fn direct(encryption: ContentEncryption, plaintext: &[u8]) -> String {
    encrypt_shared(&json!({ "alg": "dir", "enc": encryption }), plaintext, content_key(encryption))
}

#[test]
fn a_padding_oracle_has_nothing_to_say() {
    // J-01, J-02, A-27: every value of the byte that ends the padding of the last block but one
    for encryption in ContentEncryption::ALL {
        let token = direct(*encryption, &[b'x'; 40]);
        assert_eq!(open(content_key(*encryption), &token).as_deref(), Ok(&[b'x'; 40][..]));
        let genuine = segments(&token);
        let at = genuine[3].len() - 17;
        let mut refused = 0;
        for value in 0..=255 {
            let mut tampered = genuine.clone();
            tampered[3][at] = value;
            if tampered != genuine {
                assert_eq!(open(content_key(*encryption), &join(&tampered)), Err(TokenFault::Decryption));
                refused += 1;
            }
        }
        assert_eq!(refused, 255);
        // Nor has a tag, wherever it differs.
        for at in 0..genuine[4].len() {
            let mut tampered = genuine.clone();
            tampered[4][at] ^= 1;
            assert_eq!(open(content_key(*encryption), &join(&tampered)), Err(TokenFault::Decryption));
        }
    }
}

#[test]
fn whatever_is_wrong_with_an_encrypted_object_its_sender_is_told_the_same() {
    // J-01, J-17, J-26, JAR-031, O-02: `object_fault` compares status and text
    let private = decryption_key("P-256", "p256");
    let rsa = with(RSA_KEY.private(), json!({ "kid": "rsa", "use": "enc" }));
    let keys = DecryptionKeys::parse(&json!({ "keys": [private, rsa] }).to_string()).unwrap();
    let server =
        Server::built(Policy::oauth(), [signer("basic")], Default::default(), |builder| builder.decryption_keys(keys));
    for (algorithm, key) in [("ECDH-ES+A128KW", &private), ("RSA-OAEP-256", &rsa), ("RSA-OAEP", &rsa)] {
        for encryption in ContentEncryption::ALL {
            let header = json!({ "alg": algorithm, "enc": encryption });
            let token = encrypt(&header, object("basic", json!({})).as_bytes(), &public_half(key));
            opened(&server, &token);
            let genuine = segments(&token);
            for segment in 1..5 {
                let length = genuine[segment].len();
                for at in [0, length / 2, length.saturating_sub(17), length - 1] {
                    let mut tampered = genuine.clone();
                    tampered[segment][at] ^= 1;
                    assert_eq!(object_fault(&server, &join(&tampered)), TokenFault::Decryption, "{header} {segment}");
                }
                for shorter in [0, length - 1] {
                    let mut tampered = genuine.clone();
                    tampered[segment].truncate(shorter);
                    assert_eq!(object_fault(&server, &join(&tampered)), TokenFault::Decryption, "{header} {segment}");
                }
            }
            // A key of the right length, for another content.
            let other = encrypt(&header, object("basic", json!({})).as_bytes(), &public_half(key));
            let mut mixed = genuine.clone();
            mixed[1] = segments(&other)[1].clone();
            assert_eq!(object_fault(&server, &join(&mixed)), TokenFault::Decryption, "{header}");
        }
    }
}

#[test]
fn a_tag_is_whole() {
    // J-03, A-28
    for encryption in ContentEncryption::ALL {
        let genuine = segments(&direct(*encryption, b"payload"));
        let whole = genuine[4].len();
        assert_eq!(whole, if *encryption == ContentEncryption::A256CbcHs512 { 32 } else { 16 });
        for length in 0..=64 {
            let mut changed = genuine.clone();
            changed[4].resize(length, 0);
            let expected = if length == whole { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
            assert_eq!(open(content_key(*encryption), &join(&changed)), expected, "{encryption} {length}");
        }
    }
}

#[test]
fn an_initialization_vector_has_its_length() {
    // J-05, J-06, J-27, A-29
    for encryption in ContentEncryption::ALL {
        let genuine = segments(&direct(*encryption, b"payload"));
        for length in 0..=64 {
            let mut changed = genuine.clone();
            changed[2].resize(length, 0);
            let expected = if changed == genuine { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
            assert_eq!(open(content_key(*encryption), &join(&changed)), expected, "{encryption} {length}");
        }
    }
}

#[test]
fn an_encrypted_key_has_its_length() {
    // J-07, A-29
    for encryption in ContentEncryption::ALL {
        let lengths = KEY_LENGTHS.into_iter().chain([(KeyManagement::Dir, content_key(*encryption).len())]);
        for (algorithm, key_length) in lengths {
            let header = json!({ "alg": algorithm, "enc": encryption });
            let genuine = segments(&encrypt_shared(&header, b"payload", &KEY[..key_length]));
            for length in 0..=80 {
                let mut changed = genuine.clone();
                changed[1].resize(length, 0);
                let expected = if changed == genuine { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
                assert_eq!(open(&KEY[..key_length], &join(&changed)), expected, "{header} {length}");
            }
        }
    }
    for (kind, algorithms) in [
        ("P-256", ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]),
        ("X25519", ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]),
    ] {
        let private = decryption_key(kind, "k");
        let keys = DecryptionKeys::parse(&json!({ "keys": [private] }).to_string()).unwrap();
        for algorithm in algorithms {
            let header = json!({ "alg": algorithm, "enc": "A128CBC-HS256" });
            let genuine = segments(&encrypt(&header, b"payload", &public_half(&private)));
            for length in 0..=64 {
                let mut changed = genuine.clone();
                changed[1].resize(length, 0);
                let opened = keys.decrypt(&join(&changed), KeyManagement::ALL, ContentEncryption::ALL);
                let expected = if changed == genuine { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
                assert_eq!(opened, expected, "{kind} {algorithm} {length}");
            }
        }
    }
}

#[test]
fn a_shared_key_has_the_length_that_the_algorithm_wants() {
    for encryption in ContentEncryption::ALL {
        for (algorithm, key_length) in
            KEY_LENGTHS.into_iter().chain([(KeyManagement::Dir, content_key(*encryption).len())])
        {
            let token = encrypt_shared(&json!({ "alg": algorithm, "enc": encryption }), b"payload", &KEY[..key_length]);
            for length in [0, 1, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64] {
                assert_eq!(
                    open(&KEY[..length], &token).is_ok(),
                    length == key_length,
                    "{algorithm} {encryption} {length}"
                );
            }
        }
    }
}

/// A token whose key is encrypted with AES GCM under `KEY`, with parts of these lengths, and whose content is as it should be.
fn with_encrypted_key(tag_length: usize, vector: &[u8], others: Value) -> String {
    let content_key = [9; 16];
    let mut tag = [0; 16];
    let cipher = Cipher::aes_128_gcm();
    let vector_or_any = if vector.is_empty() { &[0; 12] } else { vector };
    let encrypted_key =
        symm::encrypt_aead(cipher, &KEY[..16], Some(vector_or_any), &[], &content_key, &mut tag).unwrap();
    let header =
        json!({ "alg": "A128GCMKW", "enc": "A128GCM", "iv": encode(vector), "tag": encode(&tag[..tag_length]) });
    seal(&with(header, others), &encrypted_key, &content_key, b"payload")
}

#[test]
fn the_tag_and_vector_of_an_encrypted_key_have_their_lengths() {
    // J-04: only the encrypted key is not as it should be, so that nothing else can be the cause
    let key = &KEY[..16];
    for length in 0..=16 {
        let expected = if length == 16 { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
        assert_eq!(open(key, &with_encrypted_key(length, &[5; 12], json!({}))), expected, "{length}");
    }
    for length in 0..=64 {
        let expected = if length == 12 { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
        assert_eq!(open(key, &with_encrypted_key(16, &[5; 64][..length], json!({}))), expected, "{length}");
    }
    for others in [
        json!({ "tag": null }),
        json!({ "tag": 1 }),
        json!({ "iv": null }),
        json!({ "iv": ["AAAA"] }),
        json!({ "tag": "=" }),
        json!({ "iv": "!" }),
    ] {
        assert_eq!(
            open(key, &with_encrypted_key(16, &[5; 12], others.clone())),
            Err(TokenFault::Decryption),
            "{others}"
        );
    }
}

#[test]
fn blocks_are_whole() {
    for encryption in [ContentEncryption::A128CbcHs256, ContentEncryption::A256CbcHs512] {
        let genuine = segments(&direct(encryption, b"payload"));
        for length in 0..=48 {
            let mut changed = genuine.clone();
            changed[3].resize(length, 0);
            let expected = if length == 16 { Ok(b"payload".to_vec()) } else { Err(TokenFault::Decryption) };
            assert_eq!(open(content_key(encryption), &join(&changed)), expected, "{encryption} {length}");
        }
    }
}

#[test]
fn the_point_of_a_key_agreement_is_one_of_the_curve() {
    // JAR-072, A-26
    let (p256, other) = (decryption_key("P-256", "k"), decryption_key("P-256", "k"));
    let p384 = decryption_key("P-384", "k");
    let x25519 = decryption_key("X25519", "k");
    let zeros = |length: usize| encode(vec![0; length]);
    let short = |private: &Value, member: &str| encode(&decode(private[member].as_str().unwrap())[1..]);
    let point =
        |members: Value| with(json!({ "kty": "EC", "crv": "P-256", "x": other["x"], "y": other["y"] }), members);
    let on_x25519 = |x: String| json!({ "kty": "OKP", "crv": "X25519", "x": x });
    let mut low_order_one = [0; 32];
    low_order_one[0] = 1;
    let low_order_eight = [
        0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F, 0xC4, 0x6A, 0xDA, 0x09,
        0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16, 0x5F, 0x49, 0xB8, 0x00,
    ];
    let cases = [
        (&p256, json!(null)),
        (&p256, json!("x")),
        (&p256, json!({})),
        (&p256, point(json!({ "x": other["y"] }))),
        (&p256, point(json!({ "x": zeros(32), "y": zeros(32) }))),
        (&p256, point(json!({ "y": short(&other, "y") }))),
        (&p256, point(json!({ "x": encode([&[0][..], &decode(other["x"].as_str().unwrap())].concat()) }))),
        (&p256, point(json!({ "x": encode([0xFF; 32]) }))),
        (&p256, point(json!({ "crv": "P-384" }))),
        (&p256, point(json!({ "crv": "secp256k1" }))),
        (&p256, point(json!({ "kty": "OKP" }))),
        (&p256, point(json!({ "d": other["d"] }))),
        (&p256, point(json!({ "kid": "k" }))),
        (&p256, point(json!({ "x": 1 }))),
        (&p256, json!({ "kty": "EC", "crv": "P-384", "x": p384["x"], "y": p384["y"] })),
        (&p256, on_x25519(x25519["x"].as_str().unwrap().to_owned())),
        (&x25519, on_x25519(zeros(32))),
        (&x25519, on_x25519(encode(low_order_one))),
        (&x25519, on_x25519(encode(low_order_eight))),
        (&x25519, on_x25519(zeros(31))),
        (&x25519, on_x25519(short(&x25519, "x"))),
        (&x25519, json!({ "kty": "OKP", "crv": "X25519", "x": x25519["x"], "y": x25519["x"] })),
        (&x25519, point(json!({}))),
    ];
    for (private, epk) in cases {
        let keys = DecryptionKeys::parse(&json!({ "keys": [private] }).to_string()).unwrap();
        let genuine = encrypt(&json!({ "alg": "ECDH-ES", "enc": "A128GCM" }), b"payload", &public_half(private));
        assert!(keys.decrypt(&genuine, KeyManagement::ALL, ContentEncryption::ALL).is_ok());
        let (header, rest) = genuine.split_once('.').unwrap();
        let header: Value = serde_json::from_slice(&decode(header)).unwrap();
        let forged = format!("{}.{rest}", encode(with(header, json!({ "epk": epk })).to_string()));
        let opened = keys.decrypt(&forged, KeyManagement::ALL, ContentEncryption::ALL);
        assert_eq!(opened, Err(TokenFault::Decryption), "{epk}");
    }
}

#[test]
fn names_of_the_parties_take_part_in_a_key_agreement() {
    // RFC 7518 section 4.6.1.2 and 4.6.1.3
    let private = decryption_key("P-256", "k");
    let keys = DecryptionKeys::parse(&json!({ "keys": [private] }).to_string()).unwrap();
    let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM", "apu": encode("client"), "apv": encode("server") });
    let token = encrypt(&header, b"payload", &public_half(&private));
    assert!(keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL).is_ok());
    let (header, rest) = token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    for party in [json!(1), json!("="), json!([])] {
        let forged = format!("{}.{rest}", encode(with(header.clone(), json!({ "apu": party })).to_string()));
        let opened = keys.decrypt(&forged, KeyManagement::ALL, ContentEncryption::ALL);
        assert_eq!(opened, Err(TokenFault::Decryption), "{party}");
    }
}

#[test]
fn what_is_not_permitted_is_not_decrypted() {
    let token = direct(ContentEncryption::A128Gcm, b"payload");
    let keys = SharedKey::new(&KEY[..16]);
    let decrypt = |algorithms: &[_], encryptions: &[_]| keys.decrypt(&token, algorithms, encryptions);
    assert!(decrypt(&[KeyManagement::Dir], &[ContentEncryption::A128Gcm]).is_ok());
    assert_eq!(decrypt(&[], ContentEncryption::ALL), Err(TokenFault::Algorithm));
    assert_eq!(decrypt(KeyManagement::ALL, &[]), Err(TokenFault::Algorithm));
    assert_eq!(decrypt(&[KeyManagement::A128Kw], ContentEncryption::ALL), Err(TokenFault::Algorithm));
    assert_eq!(decrypt(KeyManagement::ALL, &[ContentEncryption::A256Gcm]), Err(TokenFault::Algorithm));
    assert_eq!(keys.decrypt("a.b.c", KeyManagement::ALL, ContentEncryption::ALL), Err(TokenFault::Malformed));
    let too_large = ".".repeat(64 * 1024 + 1);
    assert_eq!(keys.decrypt(&too_large, KeyManagement::ALL, ContentEncryption::ALL), Err(TokenFault::TooLarge));
    // A symmetric key is no private one, and the other way round.
    let p256 = decryption_key("P-256", "k");
    let private = DecryptionKeys::parse(&json!({ "keys": [p256] }).to_string()).unwrap();
    assert_eq!(private.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL), Err(TokenFault::Decryption));
    let for_private = encrypt(&json!({ "alg": "ECDH-ES", "enc": "A128GCM" }), b"payload", &public_half(&p256));
    assert_eq!(open(&KEY[..16], &for_private), Err(TokenFault::Decryption));
}

#[test]
fn private_keys_that_cannot_be_used_are_refused_when_they_are_read() {
    // JAR-086, A-37
    let (p256, other) = (decryption_key("P-256", "a"), decryption_key("P-256", "b"));
    let x25519 = decryption_key("X25519", "c");
    let rsa = with(RSA_KEY.private(), json!({ "kid": "d", "use": "enc" }));
    let without = |key: &Value, member: &str| {
        let mut key = key.clone();
        key.as_object_mut().unwrap().shift_remove(member);
        key
    };
    let cases = [
        (json!(1), KeyProblem::NotAnObject),
        (json!({}), KeyProblem::Malformed { member: "kty" }),
        (without(&p256, "kty"), KeyProblem::Malformed { member: "kty" }),
        (without(&p256, "x"), KeyProblem::Malformed { member: "x" }),
        (without(&p256, "y"), KeyProblem::Malformed { member: "y" }),
        (without(&p256, "d"), KeyProblem::Public),
        (without(&x25519, "d"), KeyProblem::Public),
        (without(&rsa, "d"), KeyProblem::Public),
        (without(&rsa, "q"), KeyProblem::Malformed { member: "q" }),
        (with(p256.clone(), json!({ "d": other["d"] })), KeyProblem::Inconsistent),
        (with(p256.clone(), json!({ "x": other["x"] })), KeyProblem::OffCurve),
        (with(p256.clone(), json!({ "x": "AAAA" })), KeyProblem::Malformed { member: "x" }),
        (with(p256.clone(), json!({ "crv": "P-521" })), KeyProblem::UnknownType),
        (with(p256.clone(), json!({ "crv": "secp256k1" })), KeyProblem::UnknownType),
        (with(p256.clone(), json!({ "kty": "oct", "k": "AAAA" })), KeyProblem::UnknownType),
        (with(p256.clone(), json!({ "use": "sig" })), KeyProblem::OtherPurpose),
        (with(p256.clone(), json!({ "alg": "RSA-OAEP" })), KeyProblem::OtherPurpose),
        (with(p256.clone(), json!({ "alg": "ES256" })), KeyProblem::OtherPurpose),
        (with(p256.clone(), json!({ "key_ops": ["sign"] })), KeyProblem::OtherPurpose),
        (with(p256.clone(), json!({ "key_ops": "deriveKey" })), KeyProblem::Malformed { member: "key_ops" }),
        (with(p256.clone(), json!({ "kid": 1 })), KeyProblem::Malformed { member: "kid" }),
        (with(x25519.clone(), json!({ "x": other["x"] })), KeyProblem::Inconsistent),
        (with(rsa.clone(), json!({ "e": "Aw" })), KeyProblem::Inconsistent),
        (with(rsa.clone(), json!({ "e": "AQ" })), KeyProblem::Weak),
        (with(rsa.clone(), json!({ "n": "AQAB" })), KeyProblem::Weak),
        (with(rsa.clone(), json!({ "alg": "RSA1_5" })), KeyProblem::OtherPurpose),
    ];
    for (key, problem) in cases {
        let error = DecryptionKeys::parse(&json!({ "keys": [other, key] }).to_string()).unwrap_err();
        assert_eq!(blamed(error), Some((1, problem)), "{key}");
    }
    let twice =
        DecryptionKeys::parse(&json!({ "keys": [p256, with(x25519.clone(), json!({ "kid": "a" }))] }).to_string());
    assert_eq!(blamed(twice.unwrap_err()), Some((1, KeyProblem::DuplicateKid)));
    for set in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        let error = DecryptionKeys::parse(set).unwrap_err();
        assert_eq!(blamed(error), None, "{set}");
    }
    assert!(DecryptionKeys::parse(&json!({ "keys": vec![p256; 33] }).to_string()).is_err());
}

#[test]
fn the_published_set_holds_public_members_only() {
    // SM-022, J-20
    let unnamed = |kind: &str| {
        let mut key = decryption_key(kind, "x");
        let members = key.as_object_mut().unwrap();
        members.retain(|member, _| !matches!(&**member, "kid" | "use"));
        key
    };
    let rsa = with(RSA_KEY.private(), json!({ "kid": "named", "alg": "RSA-OAEP-256", "secret": "canary" }));
    let listed = [rsa, unnamed("P-256"), unnamed("P-384"), unnamed("X25519")];
    let keys = DecryptionKeys::parse(&json!({ "keys": listed }).to_string()).unwrap();
    let published = keys.public_jwks();
    let published = published["keys"].as_array().unwrap();
    assert_eq!(published.len(), 4);
    for (public, private) in published.iter().zip(&listed) {
        let known = ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"];
        assert!(public.as_object().unwrap().keys().all(|member| known.contains(&&**member)), "{public}");
        assert_eq!(public["use"], "enc");
        assert!(
            ["x", "n"]
                .iter()
                .any(|member| public.get(*member).is_some() && public.get(*member) == private.get(*member))
        );
        // A client that encrypts to it by the published name is understood.
        let algorithm = if public["kty"] == "RSA" { "RSA-OAEP-256" } else { "ECDH-ES" };
        let header = json!({ "alg": algorithm, "enc": "A128GCM", "kid": public["kid"] });
        let token = encrypt(&header, b"payload", public);
        assert!(keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL).is_ok());
    }
    assert_eq!(published[0]["kid"], "named");
    assert_eq!(published[1]["kid"].as_str().unwrap().len(), 43);
    let shown = format!("{keys:?} {:?}", SharedKey::new(&KEY[..16]));
    assert!(!shown.contains("canary") && !shown.contains("7, 7") && !shown.contains(listed[1]["d"].as_str().unwrap()));
    // `alg` narrows a key down.
    let header = json!({ "alg": "RSA-OAEP", "enc": "A128GCM", "kid": "named" });
    let token = encrypt(&header, b"payload", &public_half(&listed[0]));
    assert_eq!(keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL), Err(TokenFault::Decryption));
}
