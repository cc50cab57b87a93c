//! An outage of the store, as operations of one kind meet it: from the first that is refused to the first that works again.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// When the store was away. Times are nanoseconds by the clock's [`elapsed`](crate::Clock::elapsed), and one more; 0 is never.
#[derive(Default)]
pub(super) struct Outage {
    away_since: AtomicU64,
    back_since: AtomicU64,
}

impl Outage {
    /// An operation that had `begun` was refused because the store was away. One that had begun before the store came back tells
    /// nothing new.
    pub(super) fn is_noticed(&self, begun: Duration, now: Duration) {
        if self.back_since.load(Ordering::Acquire) <= nanoseconds(begun) {
            // The first of several counts.
            let _ = self.away_since.compare_exchange(0, nanoseconds(now), Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// An operation that had `begun` has worked. Returns for how long the store was away, to one of the operations that find it back:
    /// not to one that had begun before it was away.
    pub(super) fn is_over(&self, begun: Duration, now: Duration) -> Option<Duration> {
        let away_since = self.away_since.load(Ordering::Acquire);
        if away_since == 0 || nanoseconds(begun) < away_since {
            return None;
        }
        self.back_since.fetch_max(nanoseconds(now), Ordering::AcqRel);
        let ended = self.away_since.compare_exchange(away_since, 0, Ordering::AcqRel, Ordering::Relaxed);
        ended.ok().map(|since| Duration::from_nanos(nanoseconds(now).saturating_sub(since)))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_operation_that_works_is_told_how_long_the_store_was_away_and_no_other() {
        let outage = Outage::default();
        assert_eq!(outage.is_over(at(0), at(1)), None);
        outage.is_noticed(at(1), at(2));
        outage.is_noticed(at(2), at(3));
        assert_eq!(outage.is_over(at(4), at(5)), Some(at(3)));
        assert_eq!(outage.is_over(at(4), at(5)), None);
    }

    #[test]
    fn operations_that_overlap_the_ends_of_an_outage_do_not_count() {
        let outage = Outage::default();
        outage.is_noticed(at(1), at(2));
        // It had begun before anything was amiss.
        assert_eq!(outage.is_over(at(1), at(3)), None);
        assert_eq!(outage.is_over(at(5), at(6)), Some(at(4)));
        // It had waited since the outage.
        outage.is_noticed(at(5), at(7));
        assert_eq!(outage.is_over(at(8), at(9)), None);
        outage.is_noticed(at(9), at(10));
        assert_eq!(outage.is_over(at(11), at(12)), Some(at(2)));
    }
}
