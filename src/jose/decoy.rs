//! Work done for a sender that does not exist, so that the time of a refusal does not tell which senders exist.

use std::{hint::black_box, sync::LazyLock};

use super::{
    MAX_SHARED_SECRETS, MAX_TRIALS, SharedSecret, SigningAlgorithm, TokenFault, VerificationKeys, compact::Jws,
    permitted::Permitted, verified::Verifier,
};
use crate::protocol::authentication_key::AuthenticationKey;

/// Keys that a refusal tells nothing about: it takes as many verifications as for a sender that does not exist, however many of
/// the keys were tried.
pub(crate) struct EvenKeys<'k>(pub(crate) &'k VerificationKeys);

impl Verifier for EvenKeys<'_> {
    fn check(&self, jws: &Jws<'_>, permitted: &Permitted<'_>) -> Result<Option<AuthenticationKey>, TokenFault> {
        let (outcome, tried) = self.0.attempt(jws, permitted);
        // A token that no key was tried for is refused as that of an unknown sender, decoys and all.
        if outcome == Err(TokenFault::Signature)
            && let Ok(algorithm) = permitted.algorithm_of(jws)
        {
            verify_in_vain(jws, algorithm, MAX_TRIALS.saturating_sub(tried));
        }
        outcome.map(Some)
    }
}

/// Does the work of a verification with keys that do not fit: with as many as are tried for a client that has them.
pub(crate) fn verify_with_decoy_keys(jws: &Jws<'_>, offered: &[SigningAlgorithm]) {
    let permitted = Permitted::any_of(offered);
    let Ok(algorithm) = permitted.algorithm_of(jws) else {
        return;
    };
    if algorithm.is_symmetric() {
        check_macs_in_vain(jws, &permitted, MAX_SHARED_SECRETS);
    } else {
        verify_in_vain(jws, algorithm, MAX_TRIALS);
    }
}

/// Does the work of so many verifications with secrets that are not the sender's.
pub(crate) fn check_macs_in_vain(jws: &Jws<'_>, permitted: &Permitted<'_>, times: usize) {
    for _ in 0..times {
        black_box(SECRET.check(jws, permitted).is_ok());
    }
}

fn verify_in_vain(jws: &Jws<'_>, algorithm: SigningAlgorithm, times: usize) {
    for _ in 0..times {
        black_box(KEYS.fit(jws, algorithm));
    }
}

static SECRET: LazyLock<SharedSecret> = LazyLock::new(|| SharedSecret::new(&[0; 64]));

/// Keys whose private halves were thrown away.
static KEYS: LazyLock<VerificationKeys> =
    LazyLock::new(|| VerificationKeys::parse(include_str!("decoy.jwks.json")).unwrap_or_default());

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "josekit"))]
mod tests {
    use super::{KEYS, SigningAlgorithm};

    #[test]
    fn there_is_a_decoy_for_each_asymmetric_algorithm() {
        for algorithm in SigningAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
            assert!(KEYS.supports(*algorithm), "{algorithm}");
        }
    }
}
