//! Keys and signatures at the edges of what libraries agree on: what is taken must not depend on the one that verifies.

use openssl::{
    bn::{BigNum, BigNumContext},
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::{Padding, Rsa},
    sign::{RsaPssSaltlen, Signer},
};
use parjar::jose::{
    ContentEncryption, DecryptionKeys, KeyManagement, KeyProblem, SigningAlgorithm, TokenFault, VerificationKeys,
};
use serde_json::{Value, json};

use crate::{
    client_keys::{blamed, parse},
    support::with,
    tokens::{encode, encrypt, public_half},
};

fn number(value: u64) -> BigNum {
    BigNum::from_slice(&value.to_be_bytes()).unwrap()
}

fn public(key: &Rsa<Private>) -> Value {
    json!({ "kty": "RSA", "n": encode(key.n().to_vec()), "e": encode(key.e().to_vec()) })
}

fn private(numbers: [&BigNum; 8]) -> Value {
    let mut jwk = json!({ "kty": "RSA", "use": "enc", "kid": "rsa" });
    for (member, number) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"].into_iter().zip(numbers) {
        jwk[member] = encode(number.to_vec()).into();
    }
    jwk
}

/// All numbers that follow from `p`, `q` and `e`.
fn of_factors(p: &BigNum, q: &BigNum, e: &BigNum) -> Value {
    let mut context = BigNumContext::new().unwrap();
    let one = number(1);
    let [mut n, mut product, mut d, mut dp, mut dq, mut qi] = std::array::from_fn(|_| BigNum::new().unwrap());
    let (less_p, less_q) = (p - &one, q - &one);
    n.checked_mul(p, q, &mut context).unwrap();
    product.checked_mul(&less_p, &less_q, &mut context).unwrap();
    d.mod_inverse(e, &product, &mut context).unwrap();
    dp.nnmod(&d, &less_p, &mut context).unwrap();
    dq.nnmod(&d, &less_q, &mut context).unwrap();
    qi.mod_inverse(q, p, &mut context).unwrap();
    private([&n, e, &d, p, q, &dp, &dq, &qi])
}

fn prime(bits: i32) -> BigNum {
    let mut prime = BigNum::new().unwrap();
    prime.generate_prime(bits, false, None, None).unwrap();
    prime
}

/// A token by a key of OpenSSL's. `salt` is for RSASSA-PSS.
fn token(key: &PKey<Private>, algorithm: &str, salt: Option<RsaPssSaltlen>) -> String {
    let input = format!("{}.{}", encode(json!({ "alg": algorithm }).to_string()), encode("payload"));
    let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
    if let Some(salt) = salt {
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer.set_rsa_pss_saltlen(salt).unwrap();
    }
    format!("{input}.{}", encode(signer.sign_oneshot_to_vec(input.as_bytes()).unwrap()))
}

fn verify(keys: &VerificationKeys, token: &str) -> Result<Vec<u8>, TokenFault> {
    keys.verify(token, SigningAlgorithm::ALL)
}

#[test]
fn an_exponent_has_at_most_33_bits() {
    for (e, fits) in [((1 << 32) + 1, true), ((1 << 33) - 1, true), ((1 << 33) + 1, false)] {
        let key = Rsa::generate_with_e(2048, &number(e)).unwrap();
        let parsed = parse(&[public(&key)]);
        if fits {
            let (keys, key) = (parsed.unwrap(), PKey::from_rsa(key).unwrap());
            for (algorithm, salt) in [("RS256", None), ("PS256", Some(RsaPssSaltlen::DIGEST_LENGTH))] {
                assert_eq!(verify(&keys, &token(&key, algorithm, salt)).unwrap(), b"payload", "{e} {algorithm}");
            }
        } else {
            assert_eq!(blamed(parsed.unwrap_err()), Some((0, KeyProblem::Weak)), "{e}");
        }
    }
}

#[test]
fn the_salt_of_a_signature_is_as_long_as_its_hash() {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let keys = parse(&[public(&key.rsa().unwrap())]).unwrap();
    let of_length = |salt| verify(&keys, &token(&key, "PS256", Some(salt)));
    assert_eq!(of_length(RsaPssSaltlen::custom(32)).unwrap(), b"payload");
    for salt in
        [RsaPssSaltlen::custom(0), RsaPssSaltlen::custom(20), RsaPssSaltlen::custom(33), RsaPssSaltlen::MAXIMUM_LENGTH]
    {
        assert_eq!(of_length(salt), Err(TokenFault::Signature));
    }
}

#[test]
fn a_signature_is_as_long_as_the_modulus() {
    // Of an RSA signature that begins with zeros, a lenient library takes the rest; so it does with zeros too many in front.
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let keys = parse(&[public(&key.rsa().unwrap())]).unwrap();
    let input = |number: u32| format!("{}.{}", encode(r#"{"alg":"RS256"}"#), encode(format!("payload {number}")));
    let signature = |number: u32| {
        Signer::new(MessageDigest::sha256(), &key).unwrap().sign_oneshot_to_vec(input(number).as_bytes()).unwrap()
    };
    let (number, signature) =
        (0..).map(|number| (number, signature(number))).find(|(_, signature)| signature[0] == 0).unwrap();
    let with = |signature: &[u8]| verify(&keys, &format!("{}.{}", input(number), encode(signature)));
    assert!(with(&signature).is_ok());
    assert_eq!(with(&signature[1..]), Err(TokenFault::Signature));
    assert_eq!(with(&[&[0], &*signature].concat()), Err(TokenFault::Signature));
}

#[test]
fn the_y_of_an_ed25519_key_is_less_than_the_prime() {
    // RFC 8032 section 5.1.3: 2^255 - 19 + 3 is the 3 of another text.
    for (first, problem) in [(0xEB, None), (0xED, Some(KeyProblem::OffCurve)), (0xF0, Some(KeyProblem::OffCurve))] {
        for top in [0x7F, 0xFF] {
            let mut x = [0xFF; 32];
            (x[0], x[31]) = (first, top);
            let parsed = parse(&[json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) })]);
            assert_eq!(parsed.err().and_then(blamed), problem.map(|problem| (0, problem)), "{first:x} {top:x}");
        }
    }
}

#[test]
fn private_rsa_keys_decrypt_however_their_numbers_are_chosen() {
    let (e, short, long) = (number(65_537), prime(1024), prime(1030));
    for jwk in [
        of_factors(&short, &long, &e),
        of_factors(&long, &short, &e),
        of_factors(&prime(1025), &prime(1025), &e),
        private_of(&Rsa::generate_with_e(2048, &number(3)).unwrap()),
        private_of(&Rsa::generate_with_e(2048, &number((1 << 32) + 1)).unwrap()),
    ] {
        let keys = DecryptionKeys::parse(&json!({ "keys": [jwk] }).to_string()).unwrap();
        for algorithm in ["RSA-OAEP", "RSA-OAEP-256"] {
            let token = encrypt(&json!({ "alg": algorithm, "enc": "A128GCM" }), b"payload", &public_half(&jwk));
            let plaintext = keys.decrypt(&token, KeyManagement::ALL, ContentEncryption::ALL);
            assert_eq!(plaintext.unwrap(), b"payload", "{algorithm} {jwk}");
        }
    }
}

fn private_of(key: &Rsa<Private>) -> Value {
    let [p, q, dp, dq, qi] =
        [key.p(), key.q(), key.dmp1(), key.dmq1(), key.iqmp()].map(|number| number.unwrap().to_owned().unwrap());
    private([
        &key.n().to_owned().unwrap(),
        &key.e().to_owned().unwrap(),
        &key.d().to_owned().unwrap(),
        &p,
        &q,
        &dp,
        &dq,
        &qi,
    ])
}

#[test]
fn private_rsa_keys_have_primes_for_factors_and_an_exponent_of_at_most_33_bits() {
    let refused =
        |jwk: Value| blamed(DecryptionKeys::parse(&json!({ "keys": [jwk] }).to_string()).err().unwrap()).unwrap().1;
    let mut composite = BigNum::new().unwrap();
    composite.checked_mul(&prime(512), &prime(513), &mut BigNumContext::new().unwrap()).unwrap();
    assert_eq!(refused(of_factors(&composite, &prime(1025), &number(65_537))), KeyProblem::Inconsistent);
    assert_eq!(refused(of_factors(&prime(1025), &composite, &number(65_537))), KeyProblem::Inconsistent);
    let long = Rsa::generate_with_e(2048, &number((1 << 33) + 1)).unwrap();
    assert_eq!(refused(private_of(&long)), KeyProblem::Weak);
}

#[test]
fn the_private_exponent_is_less_than_the_modulus() {
    // RFC 8017 section 3.2: every number in steps of (p - 1)(q - 1) decrypts alike.
    let key = Rsa::generate(2048).unwrap();
    let (p, q, one) = (key.p().unwrap(), key.q().unwrap(), number(1));
    let mut step = BigNum::new().unwrap();
    step.checked_mul(&(p - &one), &(q - &one), &mut BigNumContext::new().unwrap()).unwrap();
    let mut d = key.d().to_owned().unwrap();
    while d < *key.n() {
        let parsed = DecryptionKeys::parse(&json!({ "keys": [with_exponent(&key, &d)] }).to_string());
        assert!(parsed.is_ok());
        d = &d + &step;
    }
    for _ in 0..3 {
        let parsed = DecryptionKeys::parse(&json!({ "keys": [with_exponent(&key, &d)] }).to_string());
        assert_eq!(blamed(parsed.err().unwrap()), Some((0, KeyProblem::Inconsistent)));
        d = &d + &step;
    }
}

fn with_exponent(key: &Rsa<Private>, d: &BigNum) -> Value {
    with(private_of(key), json!({ "d": encode(d.to_vec()) }))
}
