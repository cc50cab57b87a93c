//! A bounded map that forgets what has not been used for long, without keeping count of every use.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem, sync::PoisonError};

use crate::sync::{Mutex, MutexGuard};

/// A map for many threads. It frees forgotten entries after it has released its lock, since a generation can be large.
pub(crate) struct BoundedCache<K, V> {
    generations: Mutex<Generations<K, V>>,
    /// Entries of one generation.
    size: usize,
}

/// An entry that is used moves into the young generation. When that is full, the old one goes.
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

/// Entries that were forgotten, to be freed without a lock.
struct Forgotten<K, V> {
    _generation: HashMap<K, V>,
    _replaced: Option<V>,
}

impl<K: Hash + Eq, V: Clone> BoundedCache<K, V> {
    /// Makes a map of at most twice so many entries.
    pub(crate) fn of(size: usize) -> Self {
        Self { generations: Mutex::new(Generations { young: HashMap::new(), old: HashMap::new() }), size }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let found = self.lock().get(key, self.size);
        found.map(|(value, _)| value)
    }

    /// Returns the value that is there, or puts one there. Of several threads at once, one makes it.
    pub(crate) fn get_or_put<Q: Hash + Eq + ?Sized>(&self, key: &Q, make: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q> + for<'q> From<&'q Q>,
    {
        let mut generations = self.lock();
        let (value, forgotten) = generations.get(key, self.size).unwrap_or_else(|| {
            let value = make();
            let forgotten = generations.put(key.into(), value.clone(), self.size);
            (value, Some(forgotten))
        });
        drop(generations);
        drop(forgotten);
        value
    }

    pub(crate) fn put(&self, key: K, value: V) {
        let forgotten = self.lock().put(key, value, self.size);
        drop(forgotten);
    }

    pub(crate) fn remove<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let mut generations = self.lock();
        let removed = (generations.young.remove(key), generations.old.remove(key));
        drop(generations);
        drop(removed);
    }

    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V: Clone> Generations<K, V> {
    fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q, size: usize) -> Option<(V, Option<Forgotten<K, V>>)>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some((value.clone(), None));
        }
        let (key, value) = self.old.remove_entry(key)?;
        let forgotten = self.put(key, value.clone(), size);
        Some((value, Some(forgotten)))
    }

    fn put(&mut self, key: K, value: V, size: usize) -> Forgotten<K, V> {
        let generation = if self.young.len() >= size {
            mem::replace(&mut self.old, mem::take(&mut self.young))
        } else {
            HashMap::new()
        };
        Forgotten { _generation: generation, _replaced: self.young.insert(key, value) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let map = BoundedCache::of(10);
        for number in 0..1000 {
            map.put(number, ());
            assert!(map.get(&0).is_some(), "used all the time, after {number}");
            let generations = map.lock();
            assert!(generations.young.len() + generations.old.len() <= 20);
        }
        assert!(map.get(&1).is_none());
    }

    /// Looks at the cache that it is in while it is freed.
    struct Reader {
        cache: Arc<BoundedCache<String, Arc<Self>>>,
        freed: Arc<AtomicUsize>,
    }

    impl Drop for Reader {
        fn drop(&mut self) {
            assert!(self.cache.generations.try_lock().is_ok(), "others wait for what is freed");
            self.freed.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_it_forgets_is_freed_when_others_can_read_again() {
        let freed = Arc::default();
        let cache = Arc::new(BoundedCache::of(2));
        let reader = || Arc::new(Reader { cache: Arc::clone(&cache), freed: Arc::clone(&freed) });
        let count = || freed.load(Ordering::Relaxed);
        for name in ["a", "b", "c"] {
            cache.put(name.to_owned(), reader());
        }
        cache.put("c".to_owned(), reader());
        assert_eq!(count(), 1, "c was replaced");
        for name in ["d", "e"] {
            cache.get_or_put(name, reader);
        }
        assert_eq!(count(), 3, "a and b were old");
        cache.put("f".to_owned(), reader());
        cache.get("c");
        assert_eq!(count(), 4, "d was old");
    }
}
