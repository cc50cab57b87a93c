//! The requests that this process has seen open.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::RecordKey;

/// 32 KiB in all. Logins that are more than this push each other out.
const PLACES: usize = 4096;

/// Tells which requests are likely to be open, so that a claim reads first what needs no opening. It may err either way: what is true is in
/// the table.
pub(super) struct Opened(Box<[AtomicU64]>);

impl Opened {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn note(&self, key: &RecordKey) {
        let (place, name) = self.place(key);
        if let Some(place) = place {
            place.store(name, Ordering::Relaxed);
        }
    }

    pub(super) fn has_seen(&self, key: &RecordKey) -> bool {
        let (place, name) = self.place(key);
        place.is_some_and(|place| place.load(Ordering::Relaxed) == name)
    }

    /// Where a key is noted, and what is noted there: other bytes of the digest, which are never those of an empty place.
    fn place(&self, key: &RecordKey) -> (Option<&AtomicU64>, u64) {
        let [a, b, rest @ ..] = key.as_bytes();
        let place = usize::from(u16::from_le_bytes([*a, *b])) % PLACES;
        let name = rest.first_chunk().copied().map_or(0, u64::from_le_bytes);
        (self.0.get(place), name | 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Opened, PLACES};
    use crate::store::RecordKey;

    fn key(place: u16, name: u8) -> RecordKey {
        let mut bytes = [name; 32];
        bytes[..2].copy_from_slice(&place.to_le_bytes());
        RecordKey::from_bytes(bytes)
    }

    #[test]
    fn what_was_opened_is_known_until_another_takes_its_place() {
        let opened = Opened::new();
        let (one, other) = (key(7, 1), key(7 + PLACES as u16, 3));
        assert!(!opened.has_seen(&one) && !opened.has_seen(&key(0, 0)));
        opened.note(&one);
        assert!(opened.has_seen(&one) && !opened.has_seen(&other));
        opened.note(&other);
        assert!(!opened.has_seen(&one) && opened.has_seen(&other));
    }
}
