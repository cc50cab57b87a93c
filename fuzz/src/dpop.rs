//! A DPoP proof: as a whole, its header, and claims whose signature is right.

use std::sync::LazyLock;

use josekit::{
    jwk::Jwk,
    jws::{EdDSA, JwsSigner as _, alg::eddsa::EddsaJwsSigner},
};
use parjar::{
    Clock as _, ManualClock, Policy, Thumbprint,
    dpop::{Proof, Proven, Purpose, TargetUri},
    jose::TokenFault,
};
use serde_json::Value;

use super::{
    json::{get, members},
    server::{NOW, TOKEN_ENDPOINT},
    tokens::{date, encode},
};

/// RFC 8037 appendix A.
const PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const HEADER: &str = r#"{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#;
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

static SIGNER: LazyLock<EddsaJwsSigner> = LazyLock::new(|| {
    let jwk = Jwk::from_bytes(PRIVATE).expect("a key");
    EdDSA.signer_from_jwk(&jwk).expect("a signer")
});
static TARGETS: LazyLock<[TargetUri; 1]> = LazyLock::new(|| [TargetUri::parse(TOKEN_ENDPOINT).expect("a URI")]);
static POLICY: LazyLock<Policy> = LazyLock::new(Policy::oauth);

pub fn run(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(verify(text).is_err(), "a proof that nobody made");
    }
    for signature in [String::new(), encode([0; 64])] {
        let token = format!("{}.{}.{signature}", encode(bytes), encode(r#"{"htm":"POST"}"#));
        assert!(verify(&token).is_err(), "a header is no proof");
    }
    let input = format!("{}.{}", encode(HEADER), encode(bytes));
    let signature = SIGNER.sign(input.as_bytes()).expect("a signature");
    if let Ok(proven) = verify(&format!("{input}.{}", encode(signature))) {
        let claims = std::str::from_utf8(bytes).ok().and_then(members);
        check(&proven, &claims.expect("an object without repeated members"));
    }
}

fn verify(token: &str) -> Result<Proven, TokenFault> {
    Proof::parse(token)?.verify(&Purpose::new("POST", &*TARGETS), &POLICY, ManualClock::default().now())
}

fn check(proven: &Proven, claims: &[(String, Value)]) {
    assert_eq!(Some(proven.thumbprint()), Thumbprint::parse(THUMBPRINT));
    let text = |name: &str| get(claims, name).and_then(Value::as_str).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(text("htm"), "POST");
    assert_eq!(text("jti"), proven.id());
    assert!((1..=256).contains(&proven.id().len()));
    let issued_at = date(claims, "iat").expect("iat");
    // In floating point, and therefore with a second to spare.
    assert!((NOW as f64 - 61.0..=NOW as f64 + 11.0).contains(&issued_at), "{issued_at}");
    assert!((NOW + 1..=NOW + 71).contains(&proven.expires_at()));
    check_target(text("htu"));
}

/// By what browsers make of it. Query and fragment do not count (RFC 9449 section 4.3, item 9).
fn check_target(htu: &str) {
    let url = url::Url::parse(htu).unwrap_or_else(|error| panic!("{htu}: {error}"));
    assert_eq!(url.origin().ascii_serialization(), "https://as.example", "{htu}");
    assert!(url.username().is_empty() && url.password().is_none(), "{htu}");
    // A form decodes the same, but for a plus sign, which is not in the path.
    let path: String = url::form_urlencoded::parse(url.path().as_bytes()).map(|(name, _)| name.into_owned()).collect();
    assert_eq!(path, "/token", "{htu}");
}
