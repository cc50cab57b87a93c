//! Requests to a resource: an access token, and the proof that its sender has the key it is bound to (RFC 9449 section 7).

use std::{error::Error, fmt};

use crate::{
    error::{ErrorCode, Refusal},
    error_text::debug_by_display,
    http::{Header, Reply},
    jose::SigningAlgorithm,
};

/// A request to an API of the host, put together from the parts of any framework's request.
pub struct ResourceRequest<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) dpop: Header<'a>,
    authorization: Header<'a>,
}

impl<'a> ResourceRequest<'a> {
    /// A request from its method, the URI that its sender knows it by, and all its header lines. Header names count without regard
    /// to case.
    pub fn new<N, V>(method: &'a str, uri: &'a str, headers: impl IntoIterator<Item = (N, &'a V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let mut request = Self { method, uri, dpop: Header::Absent, authorization: Header::Absent };
        for (name, value) in headers {
            let name = name.as_ref();
            if name.eq_ignore_ascii_case("dpop") {
                request.dpop.add(value.as_ref());
            } else if name.eq_ignore_ascii_case("authorization") {
                request.authorization.add(value.as_ref());
            }
        }
        request
    }

    /// The token of an `Authorization` header with the scheme `DPoP`. None that came in any other way: a bound token that is
    /// taken as a `Bearer` token is bound to nothing (RFC 9449 section 7.2).
    #[must_use]
    pub fn access_token(&self) -> Option<&'a str> {
        let Header::Once(value) = self.authorization else {
            return None;
        };
        let (scheme, token) = std::str::from_utf8(value).ok()?.split_once(' ')?;
        let token = token.trim_start_matches(' ');
        let proper = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let characters = token.trim_end_matches('=');
        let is_token = !characters.is_empty() && characters.bytes().all(proper);
        (scheme.eq_ignore_ascii_case("DPoP") && is_token).then_some(token)
    }
}

impl fmt::Debug for ResourceRequest<'_> {
    /// Leaves out the headers, which carry the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A refusal of a request to a resource. `Reply::from` makes it a 401 with a challenge, or the reply to the fault of a store.
#[derive(Clone)]
pub struct ResourceRefusal {
    refusal: Refusal,
    challenge: Option<String>,
}

impl ResourceRefusal {
    pub(crate) fn new(refusal: Refusal, algorithms: &[SigningAlgorithm]) -> Self {
        let is_about_proof = matches!(refusal.code(), ErrorCode::InvalidDpopProof | ErrorCode::UseDpopNonce);
        let challenge = is_about_proof.then(|| challenge(algorithms, Some(refusal.code())));
        Self { refusal, challenge }
    }

    /// The refusal, with the nonce for the next proof.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.challenge.is_some() { 401 } else { self.refusal.status() }
    }

    /// The value of `WWW-Authenticate`, for a 401.
    #[must_use]
    pub fn challenge(&self) -> Option<&str> {
        self.challenge.as_deref()
    }
}

debug_by_display!(ResourceRefusal);

impl fmt::Display for ResourceRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl Error for ResourceRefusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.refusal.source()
    }
}

impl From<ResourceRefusal> for Reply {
    fn from(refused: ResourceRefusal) -> Self {
        match refused.challenge {
            None => Self::from(refused.refusal),
            Some(challenge) => {
                let nonce = refused.refusal.dpop_nonce();
                Self::json(401, refused.refusal.to_json()).with_challenge(challenge).with_dpop_nonce(nonce)
            }
        }
    }
}

/// The value of a `WWW-Authenticate` header that asks for DPoP (RFC 9449 section 7.1), without an error for a request that has
/// brought no token.
///
/// ```
/// use parjar::{Policy, dpop::challenge, jose::SigningAlgorithm};
///
/// assert_eq!(challenge(&[SigningAlgorithm::Es256, SigningAlgorithm::Ps256], None), r#"DPoP algs="ES256 PS256""#);
/// let all = challenge(&Policy::oauth().dpop_signing_alg_values_supported, None);
/// assert!(!all.contains("HS256"));
/// ```
#[must_use]
pub fn challenge(algorithms: &[SigningAlgorithm], error: Option<ErrorCode>) -> String {
    let algorithms: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
    let error = error.map(|error| format!(r#"error="{error}", "#)).unwrap_or_default();
    format!(r#"DPoP {error}algs="{}""#, algorithms.join(" "))
}
