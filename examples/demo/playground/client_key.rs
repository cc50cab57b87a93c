//! A private key of a client: what it signs assertions, request objects and proofs with.

use josekit::{
    JoseError,
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ed::EdCurve},
    },
    jws::{ES256, ES384, EdDSA, JwsSigner, PS256},
};
use parjar::jose::SigningAlgorithm;
use serde_json::{Map, Value};

use super::compact;

pub(crate) struct ClientKey {
    algorithm: SigningAlgorithm,
    public: Map<String, Value>,
    signer: Box<dyn JwsSigner>,
}

/// RFC 7518 section 6: what is secret in a key of any type.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

impl ClientKey {
    /// The algorithms that there can be keys for.
    pub(crate) const ALGORITHMS: [SigningAlgorithm; 4] =
        [SigningAlgorithm::Es256, SigningAlgorithm::Ps256, SigningAlgorithm::EdDsa, SigningAlgorithm::Es384];

    /// A new key, which is gone with the process.
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Self, JoseError> {
        let mut jwk = match algorithm {
            SigningAlgorithm::Ps256 => Jwk::generate_rsa_key(2048)?,
            SigningAlgorithm::EdDsa => Jwk::generate_ed_key(EdCurve::Ed25519)?,
            SigningAlgorithm::Es384 => Jwk::generate_ec_key(EcCurve::P384)?,
            _ => Jwk::generate_ec_key(EcCurve::P256)?,
        };
        jwk.set_key_use("sig");
        jwk.set_algorithm(algorithm.as_str());
        jwk.set_key_id(format!("playground-{algorithm}"));
        Self::of(jwk.into())
    }

    /// The key of a private JWK that says which algorithm it is for.
    pub(crate) fn of(jwk: Map<String, Value>) -> Result<Self, JoseError> {
        let algorithm = jwk.get("alg").and_then(Value::as_str).and_then(SigningAlgorithm::parse);
        let mut public = jwk.clone();
        public.retain(|name, _| !PRIVATE_MEMBERS.contains(&name.as_str()));
        let jwk = Jwk::from_map(jwk)?;
        let (algorithm, signer): (_, Box<dyn JwsSigner>) = match algorithm {
            Some(algorithm @ SigningAlgorithm::Ps256) => (algorithm, Box::new(PS256.signer_from_jwk(&jwk)?)),
            Some(algorithm @ SigningAlgorithm::EdDsa) => (algorithm, Box::new(EdDSA.signer_from_jwk(&jwk)?)),
            Some(algorithm @ SigningAlgorithm::Es384) => (algorithm, Box::new(ES384.signer_from_jwk(&jwk)?)),
            _ => (SigningAlgorithm::Es256, Box::new(ES256.signer_from_jwk(&jwk)?)),
        };
        Ok(Self { algorithm, public, signer })
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The JWK that others verify with.
    pub(crate) fn public(&self) -> &Map<String, Value> {
        &self.public
    }

    /// A JWT of this `typ` with these claims, which are JSON.
    pub(super) fn sign(&self, token_type: &str, claims: &str) -> Result<String, JoseError> {
        let kid = self.public.get("kid").cloned().unwrap_or_default();
        self.sign_with_header(token_type, ("kid", kid), claims)
    }

    /// The same, with another member than `kid` in the header.
    pub(super) fn sign_with_header(
        &self,
        token_type: &str,
        (name, value): (&str, Value),
        claims: &str,
    ) -> Result<String, JoseError> {
        let mut header = compact::header(token_type, self.algorithm.as_str());
        header.insert(name.to_owned(), value);
        compact::signed(&header, claims, &*self.signer)
    }
}
