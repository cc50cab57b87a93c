//! Where codes, tokens and playground runs live: a map in memory whose entries all have the same life.
//!
//! It is bounded in entries and bytes. What must not be lost has a share for each client, and is refused above it, so that no
//! client can push out what others hold. Names are kept as digests only, so that looking one up takes the same time whatever an attacker
//! guesses, and nothing in memory can be presented as a handle.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

/// One client may use one part in so many.
const SHARES: usize = 10;

type Name = [u8; 32];

pub(crate) struct ExpiringMap<T> {
    life: Duration,
    bounds: Room,
    entries: Mutex<Entries<T>>,
}

/// There is no room, for any client or for this one.
#[derive(Debug)]
pub(crate) struct Full;

/// What a map may take, or takes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Room {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl Room {
    fn with(self, bytes: usize) -> Self {
        Self { entries: self.entries.saturating_add(1), bytes: self.bytes.saturating_add(bytes) }
    }

    fn without(self, bytes: usize) -> Self {
        Self { entries: self.entries.saturating_sub(1), bytes: self.bytes.saturating_sub(bytes) }
    }

    fn fits(self, bounds: Self) -> bool {
        self.entries <= bounds.entries && self.bytes <= bounds.bytes
    }
}

struct Entry<T> {
    owner: Box<str>,
    bytes: usize,
    value: T,
}

struct Entries<T> {
    by_name: HashMap<Name, Entry<T>>,
    /// In the order of arrival, which is the order of expiry too.
    arrivals: VecDeque<(Instant, Name)>,
    total: Room,
    by_owner: HashMap<Box<str>, Room>,
}

impl<T> ExpiringMap<T> {
    pub(crate) fn new(life: Duration, bounds: Room) -> Self {
        let empty = Entries {
            by_name: HashMap::new(),
            arrivals: VecDeque::new(),
            total: Room::default(),
            by_owner: HashMap::new(),
        };
        Self { life, bounds, entries: Mutex::new(empty) }
    }

    /// Takes an entry, unless the map or the owner's share of it is full.
    pub(crate) fn put(&self, owner: &str, handle: &str, value: T, bytes: usize) -> Result<(), Full> {
        let share = Room { entries: self.bounds.entries / SHARES, bytes: self.bounds.bytes / SHARES };
        let mut entries = self.lock();
        let owned = entries.by_owner.get(owner).copied().unwrap_or_default();
        if !entries.total.with(bytes).fits(self.bounds) || !owned.with(bytes).fits(share) {
            return Err(Full);
        }
        entries.insert(owner, handle, value, bytes);
        Ok(())
    }

    /// Takes an entry that no client relies on, and drops the oldest ones where it needs the room.
    pub(crate) fn put_over_oldest(&self, handle: &str, value: T, bytes: usize) {
        let mut entries = self.lock();
        while !entries.total.with(bytes).fits(self.bounds) && !entries.arrivals.is_empty() {
            entries.drop_oldest();
        }
        entries.insert("", handle, value, bytes);
    }

    /// Shows a live entry to `look`, alone: no other request sees or changes it meanwhile.
    pub(crate) fn with<R>(&self, handle: &str, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.lock().by_name.get_mut(&name(handle)).map(|entry| look(&mut entry.value))
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
    fn insert(&mut self, owner: &str, handle: &str, value: T, bytes: usize) {
        let name = name(handle);
        if let Some(replaced) = self.by_name.insert(name, Entry { owner: owner.into(), bytes, value }) {
            self.arrivals.retain(|(_, other)| *other != name);
            self.release(&replaced);
        }
        self.arrivals.push_back((Instant::now(), name));
        self.total = self.total.with(bytes);
        let owned = self.by_owner.entry(owner.into()).or_default();
        *owned = owned.with(bytes);
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.arrivals.pop_front().and_then(|(_, name)| self.by_name.remove(&name)) {
            self.release(&entry);
        }
    }

    fn release(&mut self, entry: &Entry<T>) {
        self.total = self.total.without(entry.bytes);
        if let Some(owned) = self.by_owner.get_mut(&entry.owner) {
            *owned = owned.without(entry.bytes);
            if owned.entries == 0 {
                self.by_owner.remove(&entry.owner);
            }
        }
    }
}

fn name(handle: &str) -> Name {
    Sha256::digest(handle.as_bytes()).into()
}
