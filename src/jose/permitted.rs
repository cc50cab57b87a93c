//! The algorithms that a sender may use: decided from the header alone, before a key is looked at.

use super::{SigningAlgorithm, TokenFault, compact::Jws};

/// The algorithms that a sender may use.
pub(crate) struct Permitted<'a> {
    offered: &'a [SigningAlgorithm],
    registered: Option<SigningAlgorithm>,
    /// RS256, RS384 and RS512 take a registration that names them.
    careful: bool,
}

impl<'a> Permitted<'a> {
    /// Any of these.
    pub(crate) fn any_of(offered: &'a [SigningAlgorithm]) -> Self {
        Self { offered, registered: None, careful: false }
    }

    /// Those that the server offers, narrowed down to the one that the client has registered. RS256, RS384 and
    /// RS512 are older choices, for clients that name them.
    pub(crate) fn for_client(offered: &'a [SigningAlgorithm], registered: Option<SigningAlgorithm>) -> Self {
        Self { offered, registered, careful: true }
    }

    /// The algorithm that the header names, if it is permitted.
    pub(crate) fn algorithm_of(&self, jws: &Jws<'_>) -> Result<SigningAlgorithm, TokenFault> {
        let algorithm = jws.header.alg.as_deref().and_then(SigningAlgorithm::parse).ok_or(TokenFault::Algorithm)?;
        let offered = self.offered.iter().any(|offered| offered.is_same(algorithm));
        let registered = self.registered.is_none_or(|registered| registered.is_same(algorithm));
        if offered && registered { Ok(algorithm) } else { Err(TokenFault::Algorithm) }
    }

    /// Returns `true` if the registration must name this algorithm, and has not done so for the client: then the key must.
    pub(super) fn only_by_registration(&self, algorithm: SigningAlgorithm) -> bool {
        self.careful && self.registered.is_none() && algorithm.is_pkcs1()
    }
}
