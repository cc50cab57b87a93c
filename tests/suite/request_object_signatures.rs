//! Headers, algorithms and signatures of request objects: everything that is refused before a claim is looked at.

use josekit::jwk::{KeyPair as _, alg::rsa::RsaKeyPair};
use parjar::{
    Policy, Profile,
    jose::{SigningAlgorithm, TokenFault},
};
use serde_json::{Value, json};

use crate::{
    support::{Server, basic, form, with},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, ES512_KEY, Key, LONG_SECRET, OTHER_ES256_KEY, RSA_KEY, decode, encode, mac,
        mac_text, object, object_claims, object_fault, object_header, object_server, opened, signer,
    },
};

/// An object of `basic` with these header members added or replaced, signed with ES256.
fn with_header(others: Value) -> String {
    with_header_text(&with(object_header("ES256"), others).to_string())
}

/// The same with a header that is a text.
fn with_header_text(header: &str) -> String {
    ES256_KEY.sign_text(header, &object_claims("basic", json!({})).to_string(), "ES256")
}

fn key_of(algorithm: &str) -> &'static Key {
    match algorithm {
        "ES256" => &ES256_KEY,
        "ES384" => &ES384_KEY,
        "ES512" => &ES512_KEY,
        "EdDSA" | "Ed25519" => &ED25519_KEY,
        _ => &RSA_KEY,
    }
}

/// An object of `basic` signed as `algorithm` says, by the key or the secret for it.
fn signed_by(algorithm: &str) -> String {
    let claims = object_claims("basic", json!({}));
    if algorithm.starts_with("HS") {
        mac(&object_header(algorithm), &claims, LONG_SECRET)
    } else {
        key_of(algorithm).sign(&object_header(algorithm), &claims)
    }
}

/// `basic` with all keys, a secret for every HMAC and, if given, a registered algorithm.
fn with_all_keys(registered: Option<&str>) -> Value {
    let keys = [&ES256_KEY, &ES384_KEY, &ES512_KEY, &ED25519_KEY, &RSA_KEY].map(|key| key.public());
    let registration = with(
        basic("basic"),
        json!({ "client_secret": "s3cret", "jwks": { "keys": keys }, "request_object_signing_alg": registered }),
    );
    if registered.is_some_and(|algorithm| algorithm.starts_with("HS")) {
        with(registration, json!({ "client_secret": LONG_SECRET }))
    } else {
        registration
    }
}

fn pushed_with_long_secret(server: &Server, object: &str) -> u16 {
    let encoded: String = url::form_urlencoded::byte_serialize(LONG_SECRET.as_bytes()).collect();
    let authorization = crate::support::authorization("basic", &encoded);
    let headers = [("content-type", crate::support::FORM), ("authorization", &*authorization)];
    server.send(&headers, &form([("request", object)])).status()
}

#[test]
fn a_client_without_a_registered_algorithm_may_use_any_asymmetric_one_but_pkcs1() {
    // JAR-008, JAR-043, JAR-087, A-35
    let server = Server::with(Policy::oauth(), [with_all_keys(None)]);
    for algorithm in ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"] {
        opened(&server, &signed_by(algorithm));
    }
    for algorithm in ["RS256", "RS384", "RS512"] {
        assert_eq!(object_fault(&server, &signed_by(algorithm)), TokenFault::Algorithm, "{algorithm}");
    }
    for algorithm in ["HS256", "HS384", "HS512"] {
        assert_eq!(object_fault(&server, &signed_by(algorithm)), TokenFault::NoKey, "{algorithm}");
    }
}

#[test]
fn a_registered_algorithm_is_the_only_one() {
    // OIDC-030, CM-011, A-35
    let all = SigningAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str());
    for registered in all.clone() {
        let server = Server::with(Policy::oauth(), [with_all_keys(Some(registered))]);
        let is_same = |used: &str| used == registered || [used, registered].iter().all(|name| name.starts_with("Ed"));
        for used in all.clone() {
            let object = signed_by(used);
            if registered.starts_with("HS") {
                assert_eq!(pushed_with_long_secret(&server, &object) == 201, is_same(used), "{registered}: {used}");
            } else if is_same(used) {
                opened(&server, &object);
            } else {
                assert_eq!(object_fault(&server, &object), TokenFault::Algorithm, "{registered}: {used}");
            }
        }
    }
}

#[test]
fn rs256_rs384_and_rs512_are_for_clients_that_have_registered_them_or_a_key_for_them() {
    // N-27, A-35
    for algorithm in ["RS256", "RS384", "RS512"] {
        let key = with(RSA_KEY.public(), json!({ "alg": algorithm }));
        let server = Server::with(Policy::oauth(), [with(basic("basic"), json!({ "jwks": { "keys": [key] } }))]);
        opened(&server, &signed_by(algorithm));
        // And such a key is for nothing else.
        assert_eq!(object_fault(&server, &signed_by("PS256")), TokenFault::NoKey);
    }
}

#[test]
fn the_policy_narrows_the_algorithms_down() {
    // JAR-008, JAR-061
    let mut policy = Policy::oauth();
    policy.request_object_signing_alg_values_supported = vec![SigningAlgorithm::Ps256, SigningAlgorithm::Ed25519];
    let server = Server::with(policy.clone(), [with_all_keys(None)]);
    for algorithm in ["PS256", "EdDSA", "Ed25519"] {
        opened(&server, &signed_by(algorithm));
    }
    for algorithm in ["ES256", "PS384", "RS256", "HS256"] {
        assert_eq!(object_fault(&server, &signed_by(algorithm)), TokenFault::Algorithm, "{algorithm}");
    }
    // What the client has registered does not widen it.
    let server = Server::with(policy, [with_all_keys(Some("ES256"))]);
    assert_eq!(object_fault(&server, &signed_by("ES256")), TokenFault::Algorithm);
}

#[test]
fn only_known_algorithms_have_a_meaning() {
    // JAR-064, A-01, A-35
    let server = object_server();
    let names =
        ["none", "None", "NONE", "nOnE", "", "es256", "Es256", "ES256 ", "ES256K", "RS1", "PS1", "HS1", "A256KW"];
    for name in names {
        assert_eq!(object_fault(&server, &with_header(json!({ "alg": name }))), TokenFault::Algorithm, "{name}");
        let unsigned = with_header(json!({ "alg": name }));
        let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
        assert_eq!(object_fault(&server, &format!("{unsigned}.")), TokenFault::Algorithm, "{name}, unsigned");
    }
    assert_eq!(object_fault(&server, &with_header_text(r#"{"typ":"JWT"}"#)), TokenFault::Algorithm);
    assert_eq!(object_fault(&server, &with_header(json!({ "alg": "RS256" }))), TokenFault::Algorithm);
    for name in ["ES384", "PS256", "EdDSA", "HS256"] {
        assert_eq!(object_fault(&server, &with_header(json!({ "alg": name }))), TokenFault::NoKey, "{name}");
    }
}

#[test]
fn headers_that_ask_for_other_processing_or_bring_a_key_are_refused() {
    // F1-014, JAR-066, JAR-067, J-09, J-10, J-11, A-05, A-06, A-07, A-23. Each is validly signed.
    use TokenFault::{Compressed, Critical, KeyInHeader, Malformed, Type, Unencoded};
    let server = object_server();
    let own = ES256_KEY.public();
    let cases = [
        (json!({ "crit": [] }), Critical),
        (json!({ "crit": ["foo"], "foo": 1 }), Critical),
        (json!({ "crit": "foo" }), Critical),
        (json!({ "crit": ["alg"] }), Critical),
        (json!({ "crit": null }), Critical),
        (json!({ "crit": ["b64"], "b64": false }), Critical),
        (json!({ "crit": ["exp"], "exp": 0 }), Critical),
        (json!({ "b64": false }), Unencoded),
        (json!({ "b64": true }), Unencoded),
        (json!({ "zip": "DEF" }), Compressed),
        (json!({ "zip": "" }), Compressed),
        (json!({ "jwk": own }), KeyInHeader),
        (json!({ "jwk": null }), KeyInHeader),
        (json!({ "cty": "JWT" }), Type),
        (json!({ "cty": "oauth-authz-req+jwt" }), Type),
        (json!({ "typ": null }), Malformed),
        (json!({ "typ": ["JWT"] }), Malformed),
        (json!({ "alg": ["ES256"] }), Malformed),
        (json!({ "alg": null }), Malformed),
        (json!({ "kid": 1 }), Malformed),
        (json!({ "kid": "x".repeat(257) }), Malformed),
        (json!({ "enc": 1 }), Malformed),
    ];
    for (others, fault) in cases {
        let header = with(object_header("ES256"), others.clone()).to_string();
        assert_eq!(object_fault(&server, &with_header_text(&header)), fault, "{others}");
    }
    for others in [json!({ "x": 1, "foo": { "bar": [] } }), json!({ "x5t": "AAAA" }), json!({ "iss": "other" })] {
        opened(&server, &with_header(others));
    }
}

/// Headers of libraries that send along what they have of their key.
pub(crate) fn hints() -> [Value; 6] {
    [
        json!({ "x5c": ["MIIB"] }),
        json!({ "x5c": [] }),
        json!({ "x5t": "AAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "x5u": "https://c1.example/chain.pem" }),
        json!({ "jku": "https://c1.example/jwks" }),
        json!({ "jku": null, "x5c": 1, "x5u": {}, "x5t": [] }),
    ]
}

#[test]
fn hints_at_the_key_in_a_header_are_ignored_or_refused_as_the_policy_says() {
    // F1-014, JAR-066, A-05
    for profile in Profile::ALL {
        let refused = !matches!(profile, Profile::Oauth | Profile::Oidc);
        assert_eq!(Policy::from(*profile).refuse_key_hints_in_token_headers, refused, "{profile}");
    }
    let registration = with(basic("basic"), json!({ "jwks": { "keys": [ES256_KEY.public()] } }));
    let mut strict = Policy::oauth();
    strict.refuse_key_hints_in_token_headers = true;
    for hint in hints() {
        let token = with_header(hint.clone());
        opened(&Server::with(Policy::oauth(), [registration.clone()]), &token);
        let server = Server::with(strict.clone(), [registration.clone()]);
        assert_eq!(object_fault(&server, &token), TokenFault::KeyInHeader, "{hint}");
        // They are no keys: the token is that of another one still.
        let header = with(object_header("ES256"), hint.clone());
        let forged = OTHER_ES256_KEY.sign(&header, &object_claims("basic", json!({})));
        let server = Server::with(Policy::oauth(), [registration.clone()]);
        assert_eq!(object_fault(&server, &forged), TokenFault::Signature, "{hint}");
    }
    // x5t#S256 is good everywhere.
    opened(&Server::with(strict, [registration]), &with_header(json!({ "x5t#S256": "A".repeat(43) })));
}

#[test]
fn a_certificate_in_the_header_makes_no_key_and_nothing_in_it_is_fetched() {
    // A-05, A-41
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let own = crate::certificate_maker::Maker::new().key(&OTHER_ES256_KEY).der();
    let source = crate::jwks_cache::Source::default();
    source.publish(&[ES256_KEY.public()]);
    let registration = with(basic("basic"), json!({ "jwks_uri": "https://basic.example/jwks" }));
    let server = Server::built(Policy::oauth(), [registration], Default::default(), |builder| {
        builder.jwks_source(source.clone())
    });
    let hints = json!({
        "x5c": [STANDARD.encode(own)], "jku": "https://evil.example/jwks", "x5u": "https://evil.example/chain",
    });
    let header = with(object_header("ES256"), hints);
    let forged = OTHER_ES256_KEY.sign(&header, &object_claims("basic", json!({})));
    assert_eq!(object_fault(&server, &forged), TokenFault::Signature);
    opened(&server, &ES256_KEY.sign(&header, &object_claims("basic", json!({}))));
    assert_eq!(source.asked(), ["https://basic.example/jwks"]);
}

#[test]
fn a_key_that_comes_with_the_object_is_not_used() {
    // A-05: signed by the attacker's own key
    let server = object_server();
    let claims = object_claims("basic", json!({}));
    let header = object_header("ES256");
    assert_eq!(object_fault(&server, &OTHER_ES256_KEY.sign(&header, &claims)), TokenFault::Signature);
    let header = with(header, json!({ "jwk": OTHER_ES256_KEY.public() }));
    assert_eq!(object_fault(&server, &OTHER_ES256_KEY.sign(&header, &claims)), TokenFault::KeyInHeader);
}

#[test]
fn the_type_is_compared_as_a_media_type() {
    // JAR-054, JAR-080, JAR-081, N-18, A-09
    let lenient = object_server();
    let mut policy = Policy::oauth();
    policy.require_request_object_type = true;
    let strict = Server::with(policy, [signer("basic")]);
    let explicit = [
        "oauth-authz-req+jwt",
        "OAUTH-AUTHZ-REQ+JWT",
        "application/oauth-authz-req+jwt",
        "Application/OAuth-Authz-Req+JWT",
    ];
    for typ in explicit {
        opened(&lenient, &with_header(json!({ "typ": typ })));
        opened(&strict, &with_header(json!({ "typ": typ })));
    }
    for typ in ["JWT", "jwt", "application/jwt"] {
        opened(&lenient, &with_header(json!({ "typ": typ })));
        assert_eq!(object_fault(&strict, &with_header(json!({ "typ": typ }))), TokenFault::Type, "{typ}");
    }
    opened(&lenient, &with_header_text(r#"{"alg":"ES256"}"#));
    assert_eq!(object_fault(&strict, &with_header_text(r#"{"alg":"ES256"}"#)), TokenFault::Type);
    let others = [
        "at+jwt",
        "application/at+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "logout+jwt",
        "client-authentication+jwt",
        "token-introspection+jwt",
        "entity-statement+jwt",
        "oauth-client-attestation+jwt",
        "oauth-authz-req",
        "oauth-authz-req+jwt ",
        "oauth-authz-req+jwt; charset=utf-8",
        "application/application/oauth-authz-req+jwt",
        "/oauth-authz-req+jwt",
        "JOSE",
        "",
    ];
    for typ in others {
        assert_eq!(object_fault(&lenient, &with_header(json!({ "typ": typ }))), TokenFault::Type, "{typ}");
        assert_eq!(object_fault(&strict, &with_header(json!({ "typ": typ }))), TokenFault::Type, "{typ}");
    }
}

#[test]
fn headers_and_claims_are_json_objects_with_unique_members() {
    // JAR-003, JAR-075, N-29, J-15, A-08, A-22
    let server = object_server();
    let header = |text: &str| with_header_text(text);
    let good_header = object_header("ES256").to_string();
    let payload = |text: &str| ES256_KEY.sign_text(&good_header, text, "ES256");
    let claims = object_claims("basic", json!({})).to_string();
    let and = |members: &str| format!("{},{members}}}", &claims[..claims.len() - 1]);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    opened(&server, &payload(&and(r#""x":{"a":1,"b":{"a":2}}"#)));
    opened(&server, &payload(&and(&format!(r#""x":{}"#, nested(16)))));
    opened(&server, &payload(&format!("\n\t {claims} \r\n")));
    let malformed = [
        header(r#"{"alg":"none","alg":"ES256"}"#),
        header(r#"{"alg":"ES256","alg":"ES256"}"#),
        header(r#"{"alg":"ES256","\u0061lg":"none"}"#),
        header(r#"{"alg":"ES256","x":{"a":1,"a":2}}"#),
        header(r#"{"alg":"ES256"} {}"#),
        header(r#"["ES256"]"#),
        header(r#""ES256""#),
        header(r#"{"alg":"ES256""#),
        header("{'alg':'ES256'}"),
        header("\u{feff}{\"alg\":\"ES256\"}"),
        header(&format!(r#"{{"alg":"ES256","x":{}}}"#, nested(17))),
        header(""),
        payload(""),
        payload("[]"),
        payload("null"),
        payload("\"x\""),
        payload(&format!("[{claims}]")),
        payload(&format!("{claims}{claims}")),
        payload(&format!("\u{feff}{claims}")),
        payload(&and(r#""redirect_uri":"https://evil.example/cb""#)),
        payload(&and(r#""\u0072edirect_uri":"https://evil.example/cb""#)),
        payload(&and(r#""iss":"basic""#)),
        payload(&and(r#""x":1,"x":1"#)),
        payload(&and(r#""x":{"a":1,"a":2}"#)),
        payload(&and(r#""x":[{"a":1,"\u0061":2}]"#)),
        payload(&and(r#""claims":{"userinfo":{"name":null,"name":null}}"#)),
        payload(&and(r#""authorization_details":[{"type":"a","type":"b"}]"#)),
        payload(&and(r#""x":"\ud800""#)),
        payload(&and(r#""x":1e400"#)),
        payload(&and(r#""x":NaN"#)),
        payload(&and(r#""x":01"#)),
        payload(&and(r#""x":"a	b""#)),
        payload(&and(r#""x":1,"#)),
    ];
    for (index, object) in malformed.iter().enumerate() {
        assert_eq!(object_fault(&server, object), TokenFault::Malformed, "number {index}");
    }
    let latin1 = |bytes: &[u8]| {
        let input = format!("{}.{}", encode(&good_header), encode(bytes));
        format!("{input}.{}", encode(ES256_KEY.signature("ES256", input.as_bytes())))
    };
    let mut bytes = and(r#""x":"?""#).into_bytes();
    opened(&server, &latin1(&bytes));
    let at = bytes.len() - 3;
    bytes[at] = 0xE9;
    assert_eq!(object_fault(&server, &latin1(&bytes)), TokenFault::Malformed);
}

#[test]
fn the_text_of_a_token_is_compact_and_has_one_spelling() {
    // JAR-060, A-33, A-34
    let server = object_server();
    let token = object("basic", json!({}));
    opened(&server, &token);
    let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let json_form = json!({ "protected": header, "payload": payload, "signature": signature }).to_string();
    let general = json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] });
    // The last character of 64 bytes carries four bits that must be zero.
    let last = signature.chars().last().unwrap();
    let other_spelling = char::from_u32(last as u32 + 1).unwrap();
    let malformed = [
        "x".to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        "....".to_owned(),
        format!("{header}.{payload}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.x"),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}==.{signature}"),
        format!(" {token}"),
        format!("{token} "),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload}.{}{other_spelling}", &signature[..signature.len() - 1]),
        format!("{header}.{payload}.{signature}!"),
        format!("{header}.{payload}.é{signature}"),
        format!("{header}+/.{payload}.{signature}"),
        format!("{header}.{payload}.{}/+", &signature[..signature.len() - 2]),
        json_form,
        general.to_string(),
        format!("[\"{token}\"]"),
        format!("\"{token}\""),
        ".".repeat(1000),
        format!("{header}..{payload}.{signature}"),
    ];
    for (index, object) in malformed.iter().enumerate() {
        assert_eq!(object_fault(&server, object), TokenFault::Malformed, "number {index}");
    }
    assert_eq!(object_fault(&server, &format!("{header}..{signature}")), TokenFault::Signature);
    assert_eq!(object_fault(&server, &format!("{header}.{payload}.")), TokenFault::Signature);
}

#[test]
fn every_bit_of_a_signature_counts_and_so_does_its_form() {
    // JAR-035, A-38, A-39
    let server = Server::with(Policy::oauth(), [with_all_keys(None)]);
    for algorithm in ["ES256", "ES384", "ES512", "PS256", "EdDSA"] {
        let token = signed_by(algorithm);
        opened(&server, &token);
        let (input, signature) = token.rsplit_once('.').unwrap();
        let signature = decode(signature);
        let with_signature = |bytes: &[u8]| format!("{input}.{}", encode(bytes));
        let mut wrong: Vec<Vec<u8>> = vec![
            Vec::new(),
            vec![0; signature.len()],
            vec![0xFF; signature.len()],
            signature[1..].to_vec(),
            signature[..signature.len() - 1].to_vec(),
            [&signature[..], &[0]].concat(),
            [&[0], &signature[..]].concat(),
            [&signature[signature.len() / 2..], &signature[..signature.len() / 2]].concat(),
        ];
        for byte in [0, signature.len() / 2, signature.len() - 1] {
            for bit in [0x01, 0x80] {
                let mut flipped = signature.clone();
                flipped[byte] ^= bit;
                wrong.push(flipped);
            }
        }
        if algorithm.starts_with("ES") {
            // CVE-2022-21449 in halves, and the form that certificates use.
            let (r, s) = signature.split_at(signature.len() / 2);
            wrong.push([r, &vec![0; s.len()]].concat());
            wrong.push([&vec![0; r.len()], s].concat());
            let number = |bytes: &[u8]| openssl::bn::BigNum::from_slice(bytes).unwrap();
            let der = openssl::ecdsa::EcdsaSig::from_private_components(number(r), number(s)).unwrap();
            wrong.push(der.to_der().unwrap());
        }
        for (index, signature) in wrong.iter().enumerate() {
            let fault = object_fault(&server, &with_signature(signature));
            assert_eq!(fault, TokenFault::Signature, "{algorithm} {index}");
        }
    }
}

#[test]
fn a_signature_covers_header_and_claims() {
    // A-39, J-26
    let server = object_server();
    let token = object("basic", json!({}));
    let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let other_header = encode(json!({ "alg": "ES256" }).to_string());
    let other_payload = encode(object_claims("basic", json!({ "scope": "admin" })).to_string());
    let other = object("basic", json!({}));
    let other_signature = other.rsplit_once('.').unwrap().1;
    opened(&server, &other);
    for forged in [
        format!("{other_header}.{payload}.{signature}"),
        format!("{header}.{other_payload}.{signature}"),
        format!("{header}.{other_payload}.{other_signature}"),
    ] {
        assert_eq!(object_fault(&server, &forged), TokenFault::Signature);
    }
}

#[test]
fn a_public_key_is_never_the_key_of_a_mac() {
    // JAR-065, J-19, A-02, C-11
    let pair =
        RsaKeyPair::from_jwk(&josekit::jwk::Jwk::from_map(RSA_KEY.private().as_object().unwrap().clone()).unwrap());
    let pair = pair.unwrap();
    let pem = pair.to_pem_public_key();
    let public = RSA_KEY.public();
    let secrets = [
        pem.clone(),
        [&pem[..], b"\n"].concat(),
        [b" ", &pem[..]].concat(),
        pem[..pem.len() - 1].to_vec(),
        pair.to_traditional_pem_public_key(),
        pair.to_der_public_key(),
        pair.to_raw_public_key(),
        public.to_string().into_bytes(),
        public["n"].as_str().unwrap().as_bytes().to_vec(),
        decode(public["n"].as_str().unwrap()),
        Vec::new(),
        b"s3cret".to_vec(),
    ];
    let registrations = [
        (json!({}), TokenFault::NoKey),
        (json!({ "request_object_signing_alg": "RS256" }), TokenFault::Algorithm),
        (json!({ "request_object_signing_alg": "PS256" }), TokenFault::Algorithm),
    ];
    for (others, fault) in registrations {
        let registration = with(with(basic("basic"), json!({ "jwks": { "keys": [public] } })), others);
        let server = Server::with(Policy::oauth(), [registration]);
        for algorithm in ["HS256", "HS384", "HS512"] {
            for secret in &secrets {
                let header = with(object_header(algorithm), json!({ "kid": "rsa" }));
                let forged = mac(&header, &object_claims("basic", json!({})), secret);
                assert_eq!(object_fault(&server, &forged), fault, "{algorithm}");
            }
        }
    }
}

#[test]
fn a_mac_needs_the_whole_secret_and_a_registration_that_names_it() {
    // JAR-065, OIDC-032, A-03, J-18
    let secret = "a secret of exactly 32 characters";
    let secret = &secret[..32];
    let registration = with(
        basic("basic"),
        json!({ "client_secrets": [{ "client_secret": secret }], "request_object_signing_alg": "HS256" }),
    );
    let short_beside = serde_json::from_value::<parjar::ClientRegistration>(registration.clone()).unwrap();
    assert_eq!(parjar::Client::try_from(short_beside).unwrap_err().member(), "client_secret");

    let registration = with(registration, json!({ "client_secret": LONG_SECRET }));
    let server = Server::with(Policy::oauth(), [registration]);
    let push = |header: &Value, secret: &str| {
        pushed_with_long_secret(&server, &mac(header, &object_claims("basic", json!({})), secret))
    };
    assert_eq!(push(&object_header("HS256"), LONG_SECRET), 201);
    assert_eq!(push(&object_header("HS256"), secret), 201);
    for wrong in ["", &secret[..31], &format!("{secret}\0"), &format!("{secret}x"), "X secret of exactly 32 character"]
    {
        // HMAC pads a key with zeros, so a secret and the same with a NUL are one key. Nobody can register the latter.
        let expected = if wrong.ends_with('\0') { 201 } else { 400 };
        assert_eq!(push(&object_header("HS256"), wrong), expected, "{wrong:?}");
    }
    let empty = mac_text(r#"{"alg":"HS256"}"#, &object_claims("basic", json!({})).to_string(), "HS256", "");
    assert_eq!(object_fault(&object_server(), &empty), TokenFault::NoKey);
}

#[test]
fn size_and_dots_are_looked_at_first() {
    // JAR-088, J-24, A-21
    let mut policy = Policy::oauth();
    policy.limits.body = 256 * 1024;
    let server = Server::with(policy, [signer("basic")]);
    let limit = 32 * 1024;
    let padded = |length: usize| {
        let [a, b, c] = [8000, 8000, length].map(|length| "x".repeat(length));
        object("basic", json!({ "a": a, "b": b, "c": c, "d": "y".repeat(400) }))
    };
    let longest = (7000..8192).rev().map(padded).find(|token| token.len() <= limit).unwrap();
    assert!(longest.len() > limit - 4, "{}", longest.len());
    opened(&server, &longest);
    for (object, reason) in [
        (format!("{longest}{}", "A".repeat(limit + 1 - longest.len())), "value_too_long"),
        (".".repeat(limit + 1), "value_too_long"),
        (".".repeat(limit), "request_object_malformed"),
        (format!("{}.e30.AA", "A".repeat(8 * 1024 + 1)), "request_object_too_large"),
        (format!("{}.e30.AA", "A".repeat(8 * 1024)), "request_object_malformed"),
    ] {
        let refusal = server.try_push(form([("request", &*object)]).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason().label(), reason);
    }
}
