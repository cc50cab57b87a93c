//! Where codes, tokens and playground runs live: a map in memory whose entries all have the same life.
//!
//! It is bounded: a new entry on a full shelf pushes the oldest one out. Names are kept as digests only, so that looking one
//! up takes the same time whatever an attacker guesses, and nothing in memory can be presented as a handle.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

type Name = [u8; 32];

pub(crate) struct Shelf<T> {
    life: Duration,
    capacity: usize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    by_name: HashMap<Name, T>,
    /// In the order of arrival, which is the order of expiry too.
    arrivals: VecDeque<(Instant, Name)>,
}

impl<T> Shelf<T> {
    pub(crate) fn new(life: Duration, capacity: usize) -> Self {
        let entries = Entries { by_name: HashMap::new(), arrivals: VecDeque::new() };
        Self { life, capacity, entries: Mutex::new(entries) }
    }

    pub(crate) fn put(&self, handle: &str, value: T) {
        let mut entries = self.lock();
        if entries.arrivals.len() >= self.capacity {
            entries.drop_oldest();
        }
        let name = name(handle);
        entries.arrivals.push_back((Instant::now(), name));
        entries.by_name.insert(name, value);
    }

    /// Shows a live entry to `look`, alone: nobody else sees or changes it meanwhile.
    pub(crate) fn with<R>(&self, handle: &str, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.lock().by_name.get_mut(&name(handle)).map(look)
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        while entries.arrivals.front().is_some_and(|(arrival, _)| arrival.elapsed() >= self.life) {
            entries.drop_oldest();
        }
        entries
    }
}

impl<T> Entries<T> {
    fn drop_oldest(&mut self) {
        if let Some((_, name)) = self.arrivals.pop_front() {
            self.by_name.remove(&name);
        }
    }
}

fn name(handle: &str) -> Name {
    Sha256::digest(handle.as_bytes()).into()
}
