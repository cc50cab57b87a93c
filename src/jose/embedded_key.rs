//! The key that a token brings along in its header (`jwk`, RFC 7515 section 4.1.3). It proves that its sender has the private half,
//! and does not tell which sender that is.

use serde_json::Value;

use super::{
    KeyProblem, SigningAlgorithm, TokenFault, base64url, compact::Jws, jwk::Jwk, permitted::Permitted, prepared_key,
    public_key::PublicKey, verified::Verifier,
};
use crate::protocol::{authentication_key::AuthenticationKey, confirmation::Thumbprint};

/// A public key, as strong as any that is registered.
pub(crate) struct EmbeddedKey {
    public_key: PublicKey,
    /// The one algorithm it is for, if it says so.
    algorithm: Option<SigningAlgorithm>,
    thumbprint: Thumbprint,
}

impl EmbeddedKey {
    /// Takes a token apart that is at most `limit` bytes long, and has its key in the header.
    pub(crate) fn parse_token(text: &str, limit: usize) -> Result<(Jws<'_>, Self), TokenFault> {
        let (jws, jwk) = Jws::parse_with_jwk(text, limit)?;
        let key = Self::of(&jwk).map_err(|_| TokenFault::Key)?;
        Ok((jws, key))
    }

    /// The key in a `cnf` (RFC 7800 section 3.2).
    pub(crate) fn of_confirmation(cnf: &Value) -> Result<Self, TokenFault> {
        let jwk = cnf.get("jwk").ok_or(TokenFault::Key)?;
        Self::of(jwk).map_err(|_| TokenFault::Key)
    }

    fn of(jwk: &Value) -> Result<Self, KeyProblem> {
        let jwk = Jwk::new(jwk)?;
        // A proof is made by a program, which has no reason to write empty members.
        if jwk.names_private_members() {
            return Err(KeyProblem::Private);
        }
        jwk.kid()?;
        let (public_key, algorithm) = jwk.to_verify_with()?;
        // A number with zeros in front would give the same key another thumbprint.
        if let PublicKey::Rsa { modulus, exponent } = &public_key {
            for (member, number) in [("n", modulus), ("e", exponent)] {
                if jwk.required(member)? != base64url::encode(number) {
                    return Err(KeyProblem::Malformed { member });
                }
            }
        }
        Ok(Self { public_key, algorithm, thumbprint: jwk.thumbprint()? })
    }

    /// RFC 7638, with SHA-256.
    pub(crate) fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }
}

impl Verifier for EmbeddedKey {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault> {
        let algorithm = permitted.algorithm_of(jws)?;
        let is_for = self.algorithm.is_none_or(|only| only.is_same(algorithm));
        if !is_for || !self.public_key.supports(algorithm) {
            return Err(TokenFault::Algorithm);
        }
        let message = jws.signing_input.as_bytes();
        match prepared_key::verify_embedded(&self.public_key, algorithm, message, &jws.signature) {
            Ok(true) => Ok(None),
            Ok(false) => Err(TokenFault::Signature),
            Err(_) => Err(TokenFault::Key),
        }
    }
}
