//! A server, or a cluster, that keeps requests, marks, or both.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{memory_watch::MemoryWatch, shared_connection::SharedConnection};
use crate::store::{Owner, StoreRefusal, retry_after};

pub(super) struct Instance {
    pub(super) connection: Arc<SharedConnection>,
    memory: MemoryWatch,
}

impl Instance {
    pub(super) fn new(connection: Arc<SharedConnection>) -> Self {
        Self { connection, memory: MemoryWatch::new() }
    }

    /// Refuses what a client that has not authenticated wants to put down, where the memory that is left is for others.
    pub(super) async fn leave_memory(
        &self,
        owner: Owner,
        bytes: usize,
        lifetime: Duration,
        deadline: Instant,
    ) -> Result<(), StoreRefusal> {
        if owner.is_authenticated || bytes == 0 || self.memory.has_room(&self.connection, deadline, bytes).await {
            return Ok(());
        }
        let bound = "the memory of Redis for clients that do not authenticate";
        Err(StoreRefusal::Full { bound, retry_after: retry_after(lifetime) })
    }
}
