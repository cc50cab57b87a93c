//! Signed tokens whose signature was verified, and the keys that verify it.

use super::{TokenFault, compact::Jws, permitted::Permitted};
use crate::protocol::authentication_key::AuthenticationKey;

/// Keys, or secrets, that the signature of a token is held against.
pub(crate) trait Verifier {
    /// Verifies that the token is signed by one of these, with an algorithm that is permitted, and names the key if it is one of
    /// several that are known to be the sender's.
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault>;
}

/// A token whose signature was verified. [`Jws::verify`] makes it, and nothing else.
#[derive(Clone, Copy)]
pub(crate) struct VerifiedJws<'a>(&'a Jws<'a>);

impl<'a> VerifiedJws<'a> {
    pub(crate) fn payload(self) -> &'a [u8] {
        self.0.unverified_payload()
    }
}

impl Jws<'_> {
    /// The same token, once its signature was verified.
    pub(crate) fn verify(
        &self,
        verifier: &impl Verifier,
        permitted: &Permitted<'_>,
    ) -> Result<VerifiedJws<'_>, TokenFault> {
        verifier.check(self, permitted)?;
        Ok(VerifiedJws(self))
    }

    /// Its payload, once its signature was verified.
    pub(super) fn verify_payload(
        self,
        verifier: &impl Verifier,
        permitted: &Permitted<'_>,
    ) -> Result<Vec<u8>, TokenFault> {
        verifier.check(&self, permitted)?;
        Ok(self.into_unverified_payload())
    }
}
