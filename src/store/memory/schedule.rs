//! The return of room: an exact account of how much ends in each second.

use std::collections::VecDeque;

use super::{expiries::second_of, usage::Kind};

/// Something that takes room until it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) kind: Kind,
    /// The millisecond.
    pub(super) at: u64,
    pub(super) bytes: usize,
}

/// Counts and bytes that end, in the order of time. New things end last as a rule, and those that are removed end first,
/// so that the two ends of the queue are nearly all that is looked at.
///
/// Leaves hygiene out, which is never refused, so that no caller is told when room comes back for it.
#[derive(Debug, Default)]
pub(super) struct Schedule(VecDeque<Second>);

#[derive(Debug)]
struct Second {
    second: u64,
    /// Zero where all has been removed before its time, until no earlier second is left.
    count: usize,
    bytes: usize,
}

impl Schedule {
    pub(super) fn add(&mut self, ending: Ending) {
        if ending.kind == Kind::Hygiene {
            return;
        }
        let second = second_of(ending.at);
        let place = match self.0.back() {
            Some(last) if last.second == second => self.0.len().saturating_sub(1),
            Some(last) if last.second > second => self.place(second),
            _ => self.0.len(),
        };
        match self.0.get_mut(place) {
            Some(known) if known.second == second => {
                known.count = known.count.saturating_add(1);
                known.bytes = known.bytes.saturating_add(ending.bytes);
            }
            _ => self.0.insert(place, Second { second, count: 1, bytes: ending.bytes }),
        }
    }

    /// Takes back what [`add`](Self::add) added.
    pub(super) fn remove(&mut self, ending: Ending) {
        if ending.kind == Kind::Hygiene {
            return;
        }
        let second = second_of(ending.at);
        let place = match self.0.front() {
            Some(first) if first.second == second => 0,
            _ => self.place(second),
        };
        let Some(known) = self.0.get_mut(place).filter(|known| known.second == second) else { return };
        known.count = known.count.saturating_sub(1);
        known.bytes = known.bytes.saturating_sub(ending.bytes);
        while self.0.front().is_some_and(|first| first.count == 0) {
            self.0.pop_front();
        }
    }

    /// Has something end at another time.
    pub(super) fn change(&mut self, before: Ending, after: Ending) {
        self.remove(before);
        self.add(after);
    }

    /// Returns the index at which a second is, or would be.
    fn place(&self, second: u64) -> usize {
        let is_there = |place: &usize| self.0.get(*place).is_some_and(|known| known.second == second);
        let guess = self.guess(second).filter(is_there);
        guess.unwrap_or_else(|| self.0.partition_point(|known| known.second < second))
    }

    /// Returns the index at which a second is if all are equally far from each other, as they are where one follows the
    /// other.
    fn guess(&self, second: u64) -> Option<usize> {
        let (first, last) = (self.0.front()?.second, self.0.back()?.second);
        let steps = u64::try_from(self.0.len()).ok()?.checked_sub(1)?;
        let place = second.checked_sub(first)?.checked_mul(steps)?.checked_div(last.checked_sub(first)?)?;
        usize::try_from(place).ok()
    }

    /// Returns what ends in each second.
    #[cfg(test)]
    pub(super) fn by_second(&self) -> std::collections::BTreeMap<u64, (usize, usize)> {
        let there = self.0.iter().filter(|known| (known.count, known.bytes) != (0, 0));
        there.map(|known| (known.second, (known.count, known.bytes))).collect()
    }

    /// Returns the second by which one has ended at least, and so many bytes in all.
    pub(super) fn room_at(&self, bytes: usize) -> Option<u64> {
        let mut free = 0usize;
        self.0.iter().find_map(|known| {
            free = free.saturating_add(known.bytes);
            (free >= bytes).then_some(known.second)
        })
    }
}
