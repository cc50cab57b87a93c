//! Algorithms that a profile does not have.

use crate::jose::SigningAlgorithm;

/// Returns `true` if others than these are offered.
pub(super) fn others(offered: &[SigningAlgorithm], good: &[SigningAlgorithm]) -> bool {
    offered.iter().any(|algorithm| !good.contains(algorithm))
}
