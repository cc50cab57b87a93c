//! Which key of a client a token is held against.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{
    Policy, Reason,
    jose::{KeyProblem, SigningAlgorithm, TokenFault, VerificationKeys},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    client_keys::{parse, unnamed, with_keys},
    support::{Server, basic, client, code_request, with},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, Key, OTHER_ES256_KEY, RSA_KEY, asserter, assertion, assertion_claims,
        object_fault, object_server, opened, with_assertion,
    },
};

fn push(server: &Server, token: &str) -> Result<(), Reason> {
    server.try_form(&code_request(&with_assertion(token))).map(|_| ()).map_err(|refusal| refusal.reason())
}

fn fault(fault: TokenFault) -> Result<(), Reason> {
    Err(Reason::ClientAssertion(fault))
}

#[test]
fn a_kid_chooses_the_key_and_there_is_no_other() {
    // JAR-033, JAR-068, A-04
    let server = Server::with(
        Policy::oauth(),
        [with(asserter("c1"), with_keys(&[ES256_KEY.public(), OTHER_ES256_KEY.public()]))],
    );
    let token =
        |key: &Key, kid: &str| key.sign(&json!({ "alg": "ES256", "kid": kid }), &assertion_claims("c1", json!({})));
    assert_eq!(push(&server, &token(&ES256_KEY, "es256")), Ok(()));
    assert_eq!(push(&server, &token(&OTHER_ES256_KEY, "other")), Ok(()));
    assert_eq!(push(&server, &token(&ES256_KEY, "other")), fault(TokenFault::Signature));
    for kid in ["unknown", "", "ES256", "es256 ", "es256\0", "../es256", "' OR 1=1--"] {
        assert_eq!(push(&server, &token(&ES256_KEY, kid)), fault(TokenFault::NoKey), "{kid:?}");
    }
    assert_eq!(push(&server, &token(&ES256_KEY, &"x".repeat(257))), fault(TokenFault::Malformed));
    // A key without a name may be the one that is meant.
    let server = Server::with(Policy::oauth(), [with(asserter("c1"), with_keys(&[unnamed(&ES256_KEY)]))]);
    assert_eq!(push(&server, &token(&ES256_KEY, "es256")), Ok(()));
    assert_eq!(push(&server, &token(&OTHER_ES256_KEY, "es256")), fault(TokenFault::Signature));
    assert_eq!(push(&server, &assertion("c1", json!({}))), Ok(()));
}

#[test]
fn without_a_kid_three_keys_that_fit_are_tried() {
    // JAR-083, A-32, C-35
    let keys: Vec<Value> = (0..5)
        .map(|_| josekit::jwk::Jwk::generate_ec_key(josekit::jwk::alg::ec::EcCurve::P256).unwrap())
        .map(|jwk| json!(jwk.to_public_key().unwrap().as_ref()))
        .collect();
    let verify = |position: usize, others: &[Value]| {
        let mut set = keys[..position].to_vec();
        set.push(unnamed(&ES256_KEY));
        set.splice(0..0, others.iter().cloned());
        let token = ES256_KEY.sign(&json!({ "alg": "ES256" }), &json!({}));
        parse(&set).unwrap().verify(&token, SigningAlgorithm::ALL).err()
    };
    for position in 0..5 {
        let expected = (position > 2).then_some(TokenFault::Signature);
        assert_eq!(verify(position, &[]), expected, "{position}");
        // Keys of other kinds do not count.
        let others = [unnamed(&RSA_KEY), unnamed(&ES384_KEY), unnamed(&ED25519_KEY), json!({ "kty": "new" })];
        assert_eq!(verify(position, &others), expected, "{position}");
    }
}

#[test]
fn without_a_kid_the_thumbprint_of_its_certificate_chooses_a_key() {
    // RFC 7515 section 4.1.8
    let certificate = |key: &Key| crate::certificate_maker::Maker::new().key(key).der();
    let thumbprint = |der: &[u8]| crate::tokens::encode(Sha256::digest(der));
    let others: Vec<Value> = (0..5)
        .map(|_| josekit::jwk::Jwk::generate_ec_key(josekit::jwk::alg::ec::EcCurve::P256).unwrap())
        .map(|jwk| json!(jwk.to_public_key().unwrap().as_ref()))
        .collect();
    let own = certificate(&ES256_KEY);
    let by_chain = with(unnamed(&ES256_KEY), json!({ "x5c": [STANDARD.encode(&own)] }));
    let by_member = with(unnamed(&ES256_KEY), json!({ "x5t#S256": thumbprint(&own) }));
    for last in [by_chain, by_member] {
        let keys: Vec<Value> = others.iter().cloned().chain([last]).collect();
        let server = Server::with(Policy::oauth(), [with(asserter("c1"), with_keys(&keys))]);
        let token = |key: &Key, hint: Value| {
            key.sign(&with(json!({ "alg": "ES256" }), json!({ "x5t#S256": hint })), &assertion_claims("c1", json!({})))
        };
        assert_eq!(push(&server, &token(&ES256_KEY, json!(thumbprint(&own)))), Ok(()));
        assert_eq!(push(&server, &token(&OTHER_ES256_KEY, json!(thumbprint(&own)))), fault(TokenFault::Signature));
        // One that names none of the keys is no hint: of six keys three are tried.
        for hint in [json!(thumbprint(b"other")), json!("A"), json!(1), json!(null)] {
            assert_eq!(push(&server, &token(&ES256_KEY, hint.clone())), fault(TokenFault::Signature), "{hint}");
        }
    }
    // And it takes no key away that would have been tried.
    let server = Server::with(Policy::oauth(), [asserter("c1")]);
    let header = json!({ "alg": "ES256", "x5t#S256": thumbprint(b"other") });
    assert_eq!(push(&server, &ES256_KEY.sign(&header, &assertion_claims("c1", json!({})))), Ok(()));
}

#[test]
fn the_same_key_under_several_names_is_tried_once() {
    // JAR-083
    let repeated = |number: usize| with(OTHER_ES256_KEY.public(), json!({ "kid": format!("other-{number}") }));
    let keys: Vec<Value> = (0..5).map(repeated).chain([ES256_KEY.public()]).collect();
    let server = Server::with(Policy::oauth(), [with(asserter("c1"), with_keys(&keys))]);
    assert_eq!(push(&server, &assertion("c1", json!({}))), Ok(()));
}

#[test]
fn the_algorithm_of_a_key_is_the_only_one_it_is_for() {
    // JAR-062, A-36
    let only = |alg: &str| parse(&[with(unnamed(&RSA_KEY), json!({ "alg": alg }))]).unwrap();
    let token = |alg: &str| RSA_KEY.sign(&json!({ "alg": alg }), &json!({ "a": 1 }));
    for alg in ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"] {
        for used in ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"] {
            let outcome = only(alg).verify(&token(used), SigningAlgorithm::ALL);
            let expected = if alg == used { Ok(br#"{"a":1}"#.to_vec()) } else { Err(TokenFault::NoKey) };
            assert_eq!(outcome, expected, "{alg} {used}");
        }
    }
    for (registered, used) in [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")] {
        let keys = parse(&[with(unnamed(&ED25519_KEY), json!({ "alg": registered }))]).unwrap();
        let token = ED25519_KEY.sign(&json!({ "alg": used }), &json!({}));
        assert!(keys.verify(&token, SigningAlgorithm::ALL).is_ok());
    }
}

#[test]
fn verification_as_such_takes_what_is_permitted_and_nothing_else() {
    let keys = parse(&[ES256_KEY.public()]).unwrap();
    let token = ES256_KEY.sign(&json!({ "alg": "ES256" }), &json!({ "a": 1 }));
    assert_eq!(keys.verify(&token, &[SigningAlgorithm::Es256]).unwrap(), br#"{"a":1}"#);
    assert_eq!(keys.verify(&token, &[]), Err(TokenFault::Algorithm));
    assert_eq!(keys.verify(&token, &[SigningAlgorithm::Es384]), Err(TokenFault::Algorithm));
    assert_eq!(VerificationKeys::default().verify(&token, SigningAlgorithm::ALL), Err(TokenFault::NoKey));
    assert_eq!(keys.verify("a.b.c.d.e", SigningAlgorithm::ALL), Err(TokenFault::Malformed));
    assert_eq!(keys.verify(&".".repeat(1_000_000), SigningAlgorithm::ALL), Err(TokenFault::TooLarge));
    // The payload need not be JSON.
    let text = ES256_KEY.sign_text(r#"{"alg":"ES256"}"#, "plain", "ES256");
    assert_eq!(keys.verify(&text, SigningAlgorithm::ALL).unwrap(), b"plain");
}

#[test]
fn keys_are_rotated_by_replacing_the_client() {
    // J-22
    let server = Server::with(Policy::oauth(), [asserter("c1")]);
    let old = || assertion("c1", json!({}));
    let new = || OTHER_ES256_KEY.sign(&json!({ "alg": "ES256", "kid": "other" }), &assertion_claims("c1", json!({})));
    let replace = |keys: &[Value]| server.registry.replace([client(with(asserter("c1"), with_keys(keys)))]).unwrap();
    assert_eq!((push(&server, &old()), push(&server, &new())), (Ok(()), fault(TokenFault::NoKey)));
    replace(&[ES256_KEY.public(), OTHER_ES256_KEY.public()]);
    assert_eq!((push(&server, &old()), push(&server, &new())), (Ok(()), Ok(())));
    replace(&[OTHER_ES256_KEY.public()]);
    assert_eq!((push(&server, &old()), push(&server, &new())), (fault(TokenFault::Signature), Ok(())));
    server.registry.replace([]).unwrap();
    assert_eq!(push(&server, &new()), Err(Reason::UnknownClient));
}

#[test]
fn a_key_that_is_registered_for_encryption_verifies_nothing() {
    // JAR-062, A-36
    let registration =
        with(basic("basic"), json!({ "jwks": { "keys": [with(ES256_KEY.public(), json!({ "use": "enc" }))] } }));
    let server = Server::with(Policy::oauth(), [registration]);
    let object = crate::tokens::object("basic", json!({}));
    assert_eq!(object_fault(&server, &object), TokenFault::NoKey);
    opened(&object_server(), &object);
}

#[test]
fn a_kid_names_one_key_of_a_kind() {
    // F2-023, JAR-082, A-36
    let named = |key: &Key| with(key.public(), json!({ "kid": "same" }));
    let twins = parse(&[named(&ES256_KEY), named(&RSA_KEY), named(&OTHER_ES256_KEY)]).unwrap();
    let skipped: Vec<_> = twins.skipped().iter().map(|key| (key.index(), key.problem())).collect();
    assert_eq!((twins.len(), skipped), (2, vec![(2, KeyProblem::DuplicateKid)]));
    // Of different kinds they may share it: the algorithm tells them apart.
    let server = Server::with(
        Policy::oauth(),
        [with(
            basic("basic"),
            json!({ "jwks": { "keys": [named(&ES256_KEY), named(&RSA_KEY), named(&ED25519_KEY)] } }),
        )],
    );
    for (key, algorithm) in [(&*ES256_KEY, "ES256"), (&*RSA_KEY, "PS256"), (&*ED25519_KEY, "EdDSA")] {
        let claims = crate::tokens::object_claims("basic", json!({}));
        opened(&server, &key.sign(&json!({ "alg": algorithm, "kid": "same" }), &claims));
    }
    // Two algorithms of one RSA key are two kinds as well, if the keys say so.
    let alg = |alg: &str| with(named(&RSA_KEY), json!({ "alg": alg }));
    assert_eq!(parse(&[alg("PS256"), alg("RS256")]).unwrap().len(), 2);
    // And one key under one name is never ambiguous.
    assert_eq!(parse(&[alg("PS256"), named(&RSA_KEY)]).unwrap().len(), 2);
}
