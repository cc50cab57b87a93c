//! A proof: one JWT that its sender has signed with the key it brings along (RFC 9449 section 4).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::{RecentNonce, TargetUri};
use crate::{
    jose::{ClaimSet, Dates, EmbeddedKey, Jws, Permitted, TokenFault},
    policy::Policy,
    protocol::confirmation::Thumbprint,
};

/// Bytes of a proof: four times the length of one with an RSA key of 4096 bits.
const MAX_PROOF: usize = 8 * 1024;

const TYPE: &str = "dpop+jwt";

/// A proof by its form. Nothing of it has been verified.
pub struct Proof<'a> {
    jws: Jws<'a>,
    key: EmbeddedKey,
    method: Box<str>,
    target: Box<str>,
    dates: Dates,
    id: Box<str>,
    nonce: Option<Box<str>>,
    access_token_digest: Option<Box<str>>,
}

/// The request, and at a resource the access token, that a proof has to be made for.
#[derive(Clone, Copy)]
pub struct Purpose<'a> {
    method: &'a str,
    targets: &'a [TargetUri],
    access_token: Option<(&'a str, Thumbprint)>,
    nonce: Option<RecentNonce>,
}

impl<'a> Purpose<'a> {
    /// A request with this method, to an endpoint that clients know under these URIs.
    #[must_use]
    pub fn new(method: &'a str, targets: &'a [TargetUri]) -> Self {
        Self { method, targets, access_token: None, nonce: None }
    }

    /// With an access token, and the key that it is bound to (`jkt`, RFC 9449 section 6).
    #[must_use]
    pub fn with_access_token(self, access_token: &'a str, jkt: Thumbprint) -> Self {
        Self { access_token: Some((access_token, jkt)), ..self }
    }

    /// With a recent nonce of the server's, which the proof has. Its time counts in place of `iat` (RFC 9449 section 4.3, item 11),
    /// so that a device with a wrong clock can make proofs.
    #[must_use]
    pub fn with_nonce(self, nonce: RecentNonce) -> Self {
        Self { nonce: Some(nonce), ..self }
    }
}

/// A proof that is good for its purpose. [`Proof::verify`] makes it. It may have been used before: a [`jti`](Self::id) is good once
/// for each key and URI.
#[derive(Clone)]
pub struct Proven {
    thumbprint: Thumbprint,
    target: TargetUri,
    id: Box<str>,
    expires_at: i64,
}

impl<'a> Proof<'a> {
    /// Reads the value of a `DPoP` header.
    ///
    /// # Errors
    ///
    /// When it is not one compact JWS with the `typ` `dpop+jwt`, a public key in its header, and the claims of a proof.
    pub fn parse(text: &'a str) -> Result<Self, TokenFault> {
        let (jws, key) = EmbeddedKey::parse_token(text, MAX_PROOF)?;
        if !jws.header.has_explicit_type(TYPE) {
            return Err(TokenFault::Type);
        }
        let claims = ClaimSet::parse(jws.unverified_payload())?;
        Ok(Self {
            method: claims.text("htm")?.ok_or(TokenFault::Method)?.into(),
            target: claims.text("htu")?.ok_or(TokenFault::TargetUri)?.into(),
            dates: Dates::read(&claims)?,
            id: claims.id()?.ok_or(TokenFault::Id)?,
            nonce: claims.text("nonce")?.map(Into::into),
            access_token_digest: claims.text("ath")?.map(Into::into),
            key,
            jws,
        })
    }

    /// `nonce`. To be checked before the rest, so that the answer to a proof without one is the nonce.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Verifies the proof, with the algorithms, the lifetime and the leeway of the policy. The signature comes last, as it takes
    /// longest. An `ath` is ignored where there is no access token.
    ///
    /// # Errors
    ///
    /// When the proof is for another request, too old, of the future, or not signed with its key.
    pub fn verify(&self, purpose: &Purpose<'_>, policy: &Policy, now: OffsetDateTime) -> Result<Proven, TokenFault> {
        let permitted = Permitted::any_of(&policy.dpop_signing_alg_values_supported);
        permitted.algorithm_of(&self.jws)?;
        if *self.method != *purpose.method {
            return Err(TokenFault::Method);
        }
        let target = TargetUri::parse(&self.target).filter(|target| purpose.targets.contains(target));
        let target = target.ok_or(TokenFault::TargetUri)?;
        let expires_at = self.check_dates(purpose.nonce, policy, now.unix_timestamp())?;
        let thumbprint = self.key.thumbprint();
        if let Some((access_token, jkt)) = purpose.access_token {
            self.check_access_token(access_token)?;
            if thumbprint != jkt {
                return Err(TokenFault::OtherKey);
            }
        }
        self.jws.verify(&self.key, &permitted)?;
        Ok(Proven { thumbprint, target, id: self.id.clone(), expires_at })
    }

    /// `iat`, in seconds since 1970.
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.dates.issued_at
    }

    /// Returns the first second in which it is too old.
    fn check_dates(&self, nonce: Option<RecentNonce>, policy: &Policy, now: i64) -> Result<i64, TokenFault> {
        let issued_at = self.dates.issued_at.ok_or(TokenFault::MissingIssuedAt)?;
        if let Some(nonce) = nonce {
            return Ok(nonce.until());
        }
        self.dates.check(now, policy.clock_leeway)?;
        let expires_at = issued_at.saturating_add(policy.dpop_proof_lifetime.into()).saturating_add(1);
        if expires_at <= now { Err(TokenFault::Lifetime) } else { Ok(expires_at) }
    }

    fn check_access_token(&self, access_token: &str) -> Result<(), TokenFault> {
        let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(access_token));
        let shown = self.access_token_digest.as_deref().unwrap_or_default();
        if expected.as_bytes().ct_eq(shown.as_bytes()).into() { Ok(()) } else { Err(TokenFault::AccessToken) }
    }
}

impl Proven {
    /// The key, by which tokens are bound to it.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The URI that it was made for, one of those in the [`Purpose`].
    #[must_use]
    pub fn target(&self) -> &TargetUri {
        &self.target
    }

    /// `jti`, 1 to 256 bytes
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it is over, in seconds since 1970: until then its `jti` is to be remembered.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

impl fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

impl fmt::Debug for Purpose<'_> {
    /// Leaves out the access token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purpose").field("targets", &self.targets).finish_non_exhaustive()
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}
