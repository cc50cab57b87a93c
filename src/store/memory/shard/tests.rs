//! The accounts of the memory store, held against its tables after random operations.

#![allow(clippy::arithmetic_side_effects)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{Accounts, Ending, Insertion, Kind, Shard, Share, State, Unfit};
use crate::store::{
    Annotation, Claim, Extension, MarkPurpose, MemoryLimits, Owner, RecordKey, ReplayMark, memory::expiries::second_of,
};

const KINDS: [Kind; 3] = [Kind::Request, Kind::Credential, Kind::Hygiene];

/// Numbers that are the same in each run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn key(&mut self, bound: u8) -> RecordKey {
        RecordKey::from_bytes([self.below(bound.into()) as u8; 32])
    }

    fn duration(&mut self) -> Duration {
        Duration::from_millis(self.below(9_000))
    }
}

/// What counts, as the tables have it.
#[derive(Debug, Default, PartialEq)]
struct Count {
    amount: (usize, usize),
    by_second: BTreeMap<u64, (usize, usize)>,
}

impl Count {
    fn of(endings: impl Iterator<Item = Ending>) -> Self {
        let mut count = Self::default();
        for Ending { kind, at, bytes } in endings {
            count.amount = (count.amount.0 + 1, count.amount.1 + bytes);
            if kind != Kind::Hygiene {
                let of_second = count.by_second.entry(second_of(at)).or_default();
                *of_second = (of_second.0 + 1, of_second.1 + bytes);
            }
        }
        count
    }
}

fn endings(shard: &Shard) -> Vec<(Arc<Share>, Ending)> {
    let live = shard.requests.values().filter(|entry| !matches!(entry.state, State::Spent));
    let requests = live.map(|entry| (Arc::clone(&entry.share), entry.ending()));
    requests.chain(shard.marks.values().map(|known| (Arc::clone(&known.share), known.ending()))).collect()
}

/// Compares every account with what is in the tables.
fn check(shard: &mut Shard, shares: &[Arc<Share>], accounts: &Accounts) {
    let there = endings(shard);
    let count = |kind: Kind, counts: &dyn Fn(&Share) -> bool| {
        Count::of(there.iter().filter(|(share, it)| it.kind == kind && counts(share)).map(|(_, ending)| *ending))
    };
    for kind in KINDS {
        for share in shares {
            let expected = count(kind, &|other| std::ptr::eq(other, &raw const **share));
            let mut used = share.used(kind);
            let by_second = used.schedule().by_second();
            assert_eq!(Count { amount: used.amount(), by_second }, expected, "{kind:?}");
        }
        let (all, unauthenticated) = (count(kind, &|_| true), count(kind, &|share| !share.is_authenticated));
        assert_eq!(accounts.amounts(kind), [all.amount, unauthenticated.amount], "{kind:?}");
        assert_eq!(shard.ends.unauthenticated.of(kind).by_second(), unauthenticated.by_second, "{kind:?}");
        let authenticated = count(kind, &|share| share.is_authenticated);
        assert_eq!(shard.ends.authenticated.of(kind).by_second(), authenticated.by_second, "{kind:?}");
    }
    let spent = shard.requests.values().filter(|entry| matches!(entry.state, State::Spent)).count();
    assert_eq!(accounts.spent.get(), spent);
}

fn limits(numbers: &mut Numbers) -> MemoryLimits {
    let mut below = |bound: u64| numbers.below(bound) as usize + 2;
    MemoryLimits {
        requests: below(12),
        bytes: below(8_000),
        requests_per_client: below(6),
        bytes_per_client: below(4_000),
        marks: below(12),
        marks_per_client: below(6),
        hygiene_marks: below(6),
        hygiene_marks_per_client: below(4),
        unauthenticated_percent: 50,
    }
}

/// How often each thing has happened, so that the test is known to test it.
#[derive(Debug, Default)]
struct Seen {
    refused: usize,
    spent: usize,
    annotated: usize,
    extended: usize,
    taken_back: usize,
}

fn step(shard: &mut Shard, share: &Arc<Share>, accounts: &Accounts, now: u64, numbers: &mut Numbers, seen: &mut Seen) {
    let key = numbers.key(8);
    // Mostly of the right client, so that there is something to change.
    let present = shard.requests.get(&key).filter(|_| numbers.below(4) > 0);
    let claim = Claim::new(key, present.map_or(share.key, |entry| entry.share.key));
    let claim = if numbers.below(2) == 0 { claim } else { claim.by_browser(RecordKey::from_bytes([1; 32])) };
    match numbers.below(10) {
        0 | 1 => {
            let payload = vec![0; numbers.below(600) as usize];
            let new = Insertion { key: claim.key, payload: &payload, lifetime: numbers.duration() };
            let outcome = shard.insert(&new, share, now, accounts);
            seen.refused += usize::from(matches!(outcome, Err(Unfit::Short(_))));
        }
        2..=4 => drop(shard.claim(&claim, numbers.duration(), now)),
        5 => seen.spent += usize::from(shard.consume(&claim, numbers.duration(), now, accounts).is_ok()),
        6 => {
            let note = vec![1; numbers.below(1_000) as usize];
            let annotation = Annotation::new(&note, numbers.below(2) as u32);
            seen.annotated += usize::from(shard.annotate(&claim, annotation, now).is_ok());
        }
        7 => {
            let extension = Extension::new(numbers.duration(), numbers.duration() * 3);
            seen.extended += usize::from(shard.extend(&claim, extension, now).is_ok());
        }
        kind => {
            let purpose = if kind == 8 { MarkPurpose::Credential } else { MarkPurpose::Hygiene };
            let mark = ReplayMark::new(purpose, claim.key, numbers.duration());
            let put_down = shard.put_down(&mark, share, now, accounts);
            if put_down.is_ok() && numbers.below(3) == 0 {
                // By the time that it is taken back it may have expired, and been swept.
                let later = now + numbers.below(2) * 9_000;
                shard.sweep(later, 2, accounts);
                shard.take_back(&mark, now, accounts);
                seen.taken_back += 1;
            }
        }
    }
}

#[test]
fn accounts_agree_with_the_tables_after_any_operations() {
    let mut seen = Seen::default();
    for seed in 0..200 {
        let mut numbers = Numbers(seed);
        let accounts = Accounts::new(limits(&mut numbers));
        let owner = |number: u8| RecordKey::from_bytes([number; 32]);
        let shares = [
            Owner::authenticated(owner(1)),
            Owner::unauthenticated(owner(1)),
            Owner::authenticated(owner(2)),
            Owner::unauthenticated(owner(3)),
        ]
        .map(|owner| Arc::new(Share::of(owner)));
        let (mut shard, mut now) = (Shard::default(), 0);
        for _ in 0..400 {
            now += numbers.below(700);
            let share = &shares[numbers.below(shares.len() as u64) as usize];
            step(&mut shard, share, &accounts, now, &mut numbers, &mut seen);
            check(&mut shard, &shares, &accounts);
        }
        // The latest that anything can have been given.
        shard.sweep(now + 60_000, usize::MAX, &accounts);
        assert!(endings(&shard).is_empty() && shard.requests.is_empty());
        check(&mut shard, &shares, &accounts);
    }
    let Seen { refused, spent, annotated, extended, taken_back } = seen;
    assert!([refused, spent, annotated, extended, taken_back].iter().all(|count| *count > 50), "{seen:?}");
}
