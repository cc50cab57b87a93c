//! RSA keys of a chip that drew its primes badly (CVE-2017-15361, "ROCA"), so that the public half can be factored.

const GENERATOR: u32 = 65_537;

/// The odd primes by which such a modulus gives itself away.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Returns `true` if a modulus is modulo every prime a power of 65537. One in 200 million others is as well.
pub(super) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power(remainder(modulus, *prime), *prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)).checked_rem(prime).unwrap_or_default())
}

fn is_power(number: u32, prime: u32) -> bool {
    let step = |power: &u32| power.wrapping_mul(GENERATOR).checked_rem(prime);
    std::iter::successors(Some(1), step).take(prime as usize).any(|power| power == number)
}

#[cfg(test)]
mod tests {
    use super::{has_fingerprint, is_power};

    #[test]
    fn powers_of_the_generator_are_found_and_nothing_else() {
        // 65537 is 2 modulo 5, which generates everything but 0, and -1 modulo 11, which generates itself and 1.
        assert_eq!([0, 1, 2, 3, 4].map(|number| is_power(number, 5)), [false, true, true, true, true]);
        assert_eq!((0..11).filter(|number| is_power(*number, 11)).collect::<Vec<_>>(), [1, 10]);
        assert!(has_fingerprint(&[1]), "1 is a power of everything");
        assert!(!has_fingerprint(&[6]));
    }
}
