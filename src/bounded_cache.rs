//! A bounded map that forgets what has not been used for long, without keeping count of every use.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem};

/// Two generations: what is used moves into the young one, and when that is full the old one goes.
pub(crate) struct BoundedCache<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Hash + Eq, V: Clone> BoundedCache<K, V> {
    /// A map of at most twice so many entries.
    pub(crate) fn of(generation: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::BoundedCache;

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let mut map = BoundedCache::of(10);
        for number in 0..1000 {
            map.put(number, ());
            assert!(map.get(&0).is_some(), "used all the time, after {number}");
            assert!(map.young.len() + map.old.len() <= 20);
        }
        assert!(map.get(&1).is_none());
    }
}
