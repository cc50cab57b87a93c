//! Proof Key for Code Exchange (RFC 7636): the challenge of a request, and the verifier that answers it at the token endpoint.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A well-formed `code_challenge` with its method.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeChallenge {
    challenge: Box<str>,
    method: CodeChallengeMethod,
}

/// A `code_challenge_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeChallengeMethod {
    /// `S256`
    S256,
    /// `plain`: needs [`Policy::danger_allow_plain_code_challenge`](crate::Policy::danger_allow_plain_code_challenge).
    Plain,
}

impl CodeChallenge {
    /// Makes a challenge, if its length and alphabet are right: 43 to 128 unreserved characters, and for `S256` exactly
    /// the base64url form of 32 bytes (RFC 7636 section 4.2).
    ///
    /// ```
    /// use parjar::{CodeChallenge, CodeChallengeMethod};
    ///
    /// // RFC 7636 appendix B
    /// let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", CodeChallengeMethod::S256).unwrap();
    /// assert!(challenge.verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    /// assert!(!challenge.verify("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
    /// ```
    #[must_use]
    pub fn parse(challenge: &str, method: CodeChallengeMethod) -> Option<Self> {
        let well_formed = match method {
            CodeChallengeMethod::S256 => {
                let mut digest = [0; 33];
                challenge.len() == 43 && URL_SAFE_NO_PAD.decode_slice(challenge, &mut digest) == Ok(32)
            }
            CodeChallengeMethod::Plain => is_verifier(challenge),
        };
        well_formed.then(|| Self { challenge: challenge.into(), method })
    }

    /// Returns the `code_challenge`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.challenge
    }

    /// Returns the `code_challenge_method`.
    #[must_use]
    pub fn method(&self) -> CodeChallengeMethod {
        self.method
    }

    /// Returns `true` if a `code_verifier` answers the challenge (RFC 7636 section 4.6). The comparison takes constant
    /// time.
    #[must_use]
    pub fn verify(&self, code_verifier: &str) -> bool {
        if !is_verifier(code_verifier) {
            return false;
        }
        match self.method {
            CodeChallengeMethod::S256 => {
                let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier));
                computed.as_bytes().ct_eq(self.challenge.as_bytes()).into()
            }
            CodeChallengeMethod::Plain => code_verifier.as_bytes().ct_eq(self.challenge.as_bytes()).into(),
        }
    }
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

impl fmt::Debug for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeChallenge").field("method", &self.method).finish_non_exhaustive()
    }
}
