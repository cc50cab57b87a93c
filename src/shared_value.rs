//! A value that its clones share, and that is replaced as a whole while they are in use.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Clones see the same value.
pub(crate) struct SharedValue<T: ?Sized>(Arc<RwLock<Arc<T>>>);

impl<T: ?Sized> SharedValue<T> {
    pub(crate) fn new(value: impl Into<Arc<T>>) -> Self {
        Self(Arc::new(RwLock::new(value.into())))
    }

    /// Returns the present value, which stays as it is for its holder when another one takes its place.
    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.lock())
    }

    /// Returns what a short look at the present value gives. The value is not kept alive by it, so that a large one is freed
    /// by the caller of [`replace`](Self::replace), and never by a reader.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// Puts another value in the place of the present one, which is freed after the lock is released: readers do not wait for
    /// that.
    pub(crate) fn replace(&self, value: impl Into<Arc<T>>) {
        let value = value.into();
        let replaced = std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), value);
        drop(replaced);
    }

    fn lock(&self) -> RwLockReadGuard<'_, Arc<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Default> Default for SharedValue<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> Clone for SharedValue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Looks at the cell while it is freed.
    struct Reader<'a> {
        cell: Option<SharedValue<Self>>,
        readable: &'a AtomicUsize,
    }

    impl Drop for Reader<'_> {
        fn drop(&mut self) {
            if self.cell.as_ref().is_some_and(|cell| cell.0.try_read().is_ok()) {
                self.readable.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn a_replaced_value_is_freed_when_others_can_read_again() {
        let readable = AtomicUsize::new(0);
        let cell = SharedValue::new(Reader { cell: None, readable: &readable });
        cell.replace(Reader { cell: Some(cell.clone()), readable: &readable });
        assert_eq!(readable.load(Ordering::Relaxed), 0);
        cell.replace(Reader { cell: None, readable: &readable });
        assert_eq!(readable.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn clones_share_and_holders_keep() {
        let cell = SharedValue::<&str>::new("old");
        let (clone, held) = (cell.clone(), cell.get());
        clone.replace("new");
        assert_eq!((*held, *cell.get(), cell.look(|text| text.len())), ("old", "new", 3));
    }
}
