//! What a run draws, from its seed: the same seed gives each client and each world the same choices.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    ops::Range,
    time::Duration,
};

/// SplitMix64: small, and good enough to choose by.
pub(crate) struct Dice(u64);

impl Dice {
    /// A stream of its own for each name.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed, |state, byte| Self(state ^ u64::from(byte)).draw());
        Self(mixed)
    }

    /// For what must not come twice, in this run or another, and decides nothing.
    pub(crate) fn random() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.draw() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    pub(crate) fn milliseconds(&mut self, range: Range<usize>) -> Duration {
        Duration::from_millis(u64::try_from(range.start + self.below(range.len())).unwrap())
    }

    /// Letters that mean nothing in a URL.
    pub(crate) fn text(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..length).map(|_| char::from(*self.pick(LETTERS))).collect()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.draw().to_le_bytes()[0]).collect()
    }
}
