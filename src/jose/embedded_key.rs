//! The key that a token brings along in its header (`jwk`, RFC 7515 section 4.1.3). It proves that its sender has the private half,
//! and nothing about who that is.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    KeyProblem, SigningAlgorithm, TokenFault, base64url,
    compact::Jws,
    jwk::Jwk,
    permitted::Permitted,
    prepared_key::{self, PublicKey},
    verified::Verifier,
};

/// A public key, as strong as any that is registered.
pub(crate) struct EmbeddedKey {
    public_key: PublicKey,
    /// The one algorithm it is for, if it says so.
    algorithm: Option<SigningAlgorithm>,
    thumbprint: [u8; 32],
}

impl EmbeddedKey {
    /// Takes a token apart that is at most `limit` bytes long, and has its key in the header.
    pub(crate) fn parse_token(text: &str, limit: usize) -> Result<(Jws<'_>, Self), TokenFault> {
        let (jws, jwk) = Jws::parse_with_jwk(text, limit)?;
        let key = Self::of(&jwk).map_err(|_| TokenFault::Key)?;
        Ok((jws, key))
    }

    /// The key in a `cnf` (RFC 7800 section 3.2).
    #[cfg(feature = "attestation")]
    pub(crate) fn of_confirmation(cnf: &Value) -> Result<Self, TokenFault> {
        let jwk = cnf.get("jwk").ok_or(TokenFault::Key)?;
        Self::of(jwk).map_err(|_| TokenFault::Key)
    }

    fn of(jwk: &Value) -> Result<Self, KeyProblem> {
        let jwk = Jwk::new(jwk)?;
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
        Ok(Self { public_key, algorithm, thumbprint: thumbprint(jwk)? })
    }

    /// RFC 7638, with SHA-256.
    pub(crate) fn thumbprint(&self) -> [u8; 32] {
        self.thumbprint
    }
}

impl Verifier for EmbeddedKey {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<(), TokenFault> {
        let algorithm = permitted.algorithm_of(jws)?;
        let is_for = self.algorithm.is_none_or(|only| only.is_same(algorithm));
        if !is_for || !self.public_key.supports(algorithm) {
            return Err(TokenFault::Algorithm);
        }
        let message = jws.signing_input.as_bytes();
        match prepared_key::verify_embedded(&self.public_key, algorithm, message, &jws.signature) {
            Ok(true) => Ok(()),
            Ok(false) => Err(TokenFault::Signature),
            Err(_) => Err(TokenFault::Key),
        }
    }
}

/// The members are names of curves and strict base64url by now, so that they need no escaping.
fn thumbprint(jwk: Jwk<'_>) -> Result<[u8; 32], KeyProblem> {
    let mut hasher = Sha256::new();
    let mut separator = "{";
    for member in jwk.public_members()? {
        for part in [separator, "\"", *member, "\":\"", jwk.required(member)?, "\""] {
            hasher.update(part);
        }
        separator = ",";
    }
    hasher.update("}");
    Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{EmbeddedKey, base64url};

    #[test]
    fn thumbprints_are_those_of_the_specifications() {
        // RFC 7638 section 3.1, RFC 8037 appendix A.3, RFC 9449 sections 4.2 and 6.1
        let rsa = json!({
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                  tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9\
                  1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        });
        let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let ec = json!({
            "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        });
        for (jwk, thumbprint) in [
            (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            (ec, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        ] {
            assert_eq!(base64url::encode(&EmbeddedKey::of(&jwk).unwrap().thumbprint()), thumbprint);
        }
    }
}
