//! Tries everything that a store needs, once, before the store is built.

mod trial;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use self::trial::{Keys, Trial};
use super::{
    duty::Duty,
    errors::{RedisInstance, RedisStoreError},
    info,
    names::AllNames,
    shared_connection::SharedConnection,
    slots,
};
use crate::store::StoreError;

/// Checks one server, or all primaries of a cluster.
pub(super) struct StartupCheck<'a> {
    pub(super) connection: &'a Arc<SharedConnection>,
    pub(super) names: &'a AllNames,
    pub(super) timeout: Duration,
    pub(super) instance: RedisInstance,
}

impl StartupCheck<'_> {
    /// Tries each command and each script, on keys that no other node has, and deletes them.
    pub(super) async fn of(&self, duty: Duty) -> Result<(), RedisStoreError> {
        let keys = Keys::draw()?;
        let owners = slots::owners(self.connection, self.deadline(), keys.request).await.map_err(StoreError::from)?;
        for owner in &owners {
            for names in self.names.each() {
                Trial { check: self, names, owner: *owner, keys: &keys }.of(duty).await?;
            }
        }
        Ok(())
    }

    /// Returns the version that the server reports.
    async fn version(&self) -> Option<String> {
        let told = self.connection.run(self.deadline(), &info::about("server")).await.ok()?;
        let version =
            info::lines(&told).into_iter().find_map(|line| Some(line.strip_prefix("redis_version:")?.to_owned()))?;
        version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then_some(version)
    }

    /// Returns `true` when the server, or a primary of a cluster, reports that it evicts keys, and `false` when it does not permit the
    /// question.
    pub(super) async fn evicts(&self) -> Result<bool, StoreError> {
        match self.connection.run(self.deadline(), &info::about_memory()).await {
            Ok(told) => Ok(info::evicting_policy(&told).is_some()),
            Err(fault) if fault.is("NOPERM") || fault.is("ERR") => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now)
    }
}
