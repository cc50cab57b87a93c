//! A private key that signs with ES256: the server's own, and those of the clients that the playground plays.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    JoseError,
    jwk::{Jwk, alg::ec::EcCurve},
    jws::{ES256, JwsHeader, alg::ecdsa::EcdsaJwsSigner, serialize_compact},
};
use parjar::{
    Client, ResponseSigner, SignerError,
    jose::{KeySetError, SigningAlgorithm, VerificationKeys},
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) struct Signer {
    kid: String,
    public: Map<String, Value>,
    signer: EcdsaJwsSigner,
}

impl Signer {
    /// A new key, which is gone with the process.
    pub(crate) fn generate() -> Result<Self, String> {
        Self::of(Jwk::generate_ec_key(EcCurve::P256).map_err(|_| "cannot make a key")?.into())
    }

    /// The key of a private JWK, or the member that makes it none and why.
    pub(crate) fn of(jwk: Map<String, Value>) -> Result<Self, String> {
        for (member, only) in [("kty", "EC"), ("crv", "P-256"), ("use", "sig"), ("alg", "ES256")] {
            let absent_is_fine = matches!(member, "use" | "alg");
            if jwk.get(member).map_or(!absent_is_fine, |value| value != only) {
                return Err(format!("{member}: must be {only} for a key that signs"));
            }
        }
        let public = public_half(&jwk);
        let kid = public.get("kid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let usable = VerificationKeys::parse(&json!({ "keys": [public] }).to_string());
        let verification_keys = usable.map_err(|error| match error {
            KeySetError::Key(key) => format!("x, y or kid: {}", key.problem()),
            other => other.to_string(),
        })?;
        let signer = Jwk::from_map(jwk).and_then(|jwk| ES256.signer_from_jwk(&jwk));
        let signer = signer.map_err(|_| "d or key_ops: does not make it a key that signs")?;
        let signer = Self { kid, public, signer };
        // The halves belong together if one verifies what the other has signed.
        let probe = signer.sign("JWT", "{}").unwrap_or_default();
        match verification_keys.verify(&probe, &[SigningAlgorithm::Es256]) {
            Ok(_) => Ok(signer),
            Err(_) => Err("d: does not belong to the public key".to_owned()),
        }
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The JWK that others verify with.
    pub(crate) fn public(&self) -> &Map<String, Value> {
        &self.public
    }

    /// A JWT of this `typ` with these claims, which are JSON.
    pub(crate) fn sign(&self, token_type: &str, claims: &str) -> Result<String, JoseError> {
        let mut header = JwsHeader::new();
        header.set_token_type(token_type);
        header.set_key_id(&self.kid);
        serialize_compact(claims.as_bytes(), &header, &self.signer)
    }
}

/// The server's own key, where it signs authorization responses (JARM).
pub(crate) struct ServerKey(pub(crate) Arc<Signer>);

impl ResponseSigner for ServerKey {
    fn algorithms(&self) -> &[SigningAlgorithm] {
        &[SigningAlgorithm::Es256]
    }

    async fn sign(&self, _: &Client, _: SigningAlgorithm, claims: &str) -> Result<String, SignerError> {
        self.0.sign("JWT", claims).map_err(SignerError::new)
    }
}

/// Without a `kid` of its own, a key is called by its thumbprint (RFC 7638).
fn public_half(jwk: &Map<String, Value>) -> Map<String, Value> {
    let copy = |name: &&str| jwk.get(*name).map(|value| ((*name).to_owned(), value.clone()));
    // In the order in which they are hashed.
    let members: Map<String, Value> = ["crv", "kty", "x", "y"].iter().filter_map(copy).collect();
    let thumbprint = || URL_SAFE_NO_PAD.encode(Sha256::digest(Value::Object(members.clone()).to_string()));
    let kid = jwk.get("kid").cloned().unwrap_or_else(|| thumbprint().into());
    let mut public = Map::from_iter([("kid".to_owned(), kid)]);
    public.extend([("use".to_owned(), "sig".into()), ("alg".to_owned(), "ES256".into())]);
    public.extend(members);
    public
}
