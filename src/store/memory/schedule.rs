//! The return of room: an exact account of how much ends in each second.

use std::collections::{BTreeMap, btree_map::Entry};

use super::expiries::second_of;

/// Counts and bytes that end, by second.
#[derive(Debug, Default)]
pub(super) struct Schedule(BTreeMap<u64, Ending>);

#[derive(Debug, Default)]
struct Ending {
    count: usize,
    bytes: usize,
}

impl Schedule {
    pub(super) fn add(&mut self, expires_at: u64, bytes: usize) {
        let ending = self.0.entry(second_of(expires_at)).or_default();
        ending.count = ending.count.saturating_add(1);
        ending.bytes = ending.bytes.saturating_add(bytes);
    }

    /// Takes back what [`add`](Self::add) added.
    pub(super) fn remove(&mut self, expires_at: u64, bytes: usize) {
        let Entry::Occupied(mut occupied) = self.0.entry(second_of(expires_at)) else { return };
        let ending = occupied.get_mut();
        ending.count = ending.count.saturating_sub(1);
        ending.bytes = ending.bytes.saturating_sub(bytes);
        if ending.count == 0 {
            occupied.remove();
        }
    }

    /// Returns the second by which one has ended at least, and so many bytes in all.
    pub(super) fn room_at(&self, bytes: usize) -> Option<u64> {
        let mut free = 0usize;
        self.0.iter().find_map(|(second, ending)| {
            free = free.saturating_add(ending.bytes);
            (free >= bytes).then_some(*second)
        })
    }
}
