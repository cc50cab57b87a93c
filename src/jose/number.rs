//! Large numbers, as bytes without zeros in front.

/// Values that the exponent of an RSA key may have at most. A long one makes verification slow, so libraries have bounds for it,
/// and this is the least of them.
pub(super) const MAX_EXPONENT: u64 = (1 << 33) - 1;

pub(super) fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len().saturating_mul(8).saturating_sub(leading)
}

pub(super) fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte % 2 == 1)
}

pub(super) fn is_less(number: &[u8], other: &[u8]) -> bool {
    (number.len(), number) < (other.len(), other)
}

/// The number, if it is not too large.
pub(super) fn small(number: &[u8]) -> Option<u64> {
    (number.len() <= 8).then(|| number.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}
