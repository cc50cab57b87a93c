//! The end of waiting, on any executor: one thread for the process, from the first call that has to wait.

use std::{
    sync::{
        LazyLock, Weak,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::Progress;

/// How long a call waits for an earlier one.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many may be waited for at the same time.
const WAITED_FOR: usize = 1024;

type Waited = (Instant, Weak<Progress>);

/// Everything is waited for equally long, so that a queue is in order.
static QUEUE: LazyLock<Option<SyncSender<Waited>>> = LazyLock::new(|| {
    let (sender, queue) = sync_channel(WAITED_FOR);
    let thread = thread::Builder::new().name("parjar waiting".to_owned()).spawn(move || watch_over(&queue));
    thread.ok().map(|_| sender)
});

/// Has the progress marked as overdue in some seconds. Returns `false` if that cannot be done.
pub(super) fn begin(progress: Weak<Progress>) -> bool {
    // Models wait for ever, so that a call that is never woken up is seen.
    if cfg!(parjar_models) {
        return true;
    }
    let waited = (Instant::now(), progress);
    QUEUE.as_ref().is_some_and(|queue| queue.try_send(waited).is_ok())
}

fn watch_over(queue: &Receiver<Waited>) {
    for (since, progress) in queue {
        thread::sleep(PATIENCE.saturating_sub(since.elapsed()));
        if let Some(progress) = progress.upgrade() {
            progress.overdue();
        }
    }
}
