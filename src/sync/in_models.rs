//! What tokio has for tasks that wait, with a choice of the next thread before each use: shuttle sees nothing of tokio's own.

use shuttle::thread::yield_now;
use tokio::sync::{MutexGuard, TryLockError, futures::Notified};

#[derive(Default)]
pub(crate) struct Notify(tokio::sync::Notify);

impl Notify {
    pub(crate) fn notified(&self) -> Notified<'_> {
        yield_now();
        self.0.notified()
    }

    pub(crate) fn notify_waiters(&self) {
        yield_now();
        self.0.notify_waiters();
    }
}

/// A lock that is held while waiting.
#[derive(Default)]
pub(crate) struct LongMutex<T>(tokio::sync::Mutex<T>);

impl<T> LongMutex<T> {
    pub(crate) fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        yield_now();
        self.0.try_lock()
    }

    pub(crate) async fn lock(&self) -> MutexGuard<'_, T> {
        yield_now();
        self.0.lock().await
    }
}
