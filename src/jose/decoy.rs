//! Work done for a sender that does not exist, so that the time of a refusal does not tell which senders exist.

use std::{hint::black_box, sync::LazyLock};

use super::{
    SharedSecret, SigningAlgorithm, VerificationKeys, compact::Jws, permitted::Permitted, verified::Verifier as _,
};

/// Does the work of a verification with a key that does not fit.
pub(crate) fn verify_with_decoy_key(jws: &Jws<'_>, offered: &[SigningAlgorithm]) {
    let permitted = Permitted::any_of(offered);
    let Ok(algorithm) = permitted.algorithm_of(jws) else {
        return;
    };
    let fits = if algorithm.is_symmetric() { SECRET.check(jws, &permitted).is_ok() } else { KEYS.fit(jws, algorithm) };
    black_box(fits);
}

static SECRET: LazyLock<SharedSecret> = LazyLock::new(|| SharedSecret::new(&[0; 64]));

/// Keys whose private halves were thrown away.
static KEYS: LazyLock<VerificationKeys> =
    LazyLock::new(|| VerificationKeys::parse(include_str!("decoy.jwks.json")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::{KEYS, SigningAlgorithm};

    #[test]
    fn there_is_a_decoy_for_each_asymmetric_algorithm() {
        for algorithm in SigningAlgorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric()) {
            assert!(KEYS.supports(*algorithm), "{algorithm}");
        }
    }
}
