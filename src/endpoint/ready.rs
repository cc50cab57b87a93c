//! Whether the next push would be taken.

use super::ParEndpoint;
use crate::{
    observer::Event,
    store::{NotReady, RequestStore},
};

impl<C, S: RequestStore> ParEndpoint<C, S> {
    /// Asks the store whether it would take the next push: whether it can be asked in time, has what it keeps requests in, takes
    /// writes, drops nothing that must not be lost, and has room. For the readiness probe of a load balancer or of Kubernetes, which
    /// asks each node every second or so. Observers are told when it would not ([`Event::NotReady`]), with the cause.
    ///
    /// It changes nothing, and can be dropped at any time. It takes as long as the store has for an operation, 2 seconds by default.
    ///
    /// | store | what it takes | what it looks at |
    /// | --- | --- | --- |
    /// | `MemoryStore` | no time | its limits of requests and of marks |
    /// | `RedisStore` | a script that does nothing, then `INFO memory`: two round trips; where marks are on another server, one more, and it has as long for each | reachable; no replica; no error of a disk; replicas that it must have; `maxmemory`; the policy of eviction on every primary; permissions |
    /// | `PostgresStore` | a statement that inserts no row, then the version of the tables where the role may read it: two round trips | reachable; tables, columns and version; rights; read-only |
    /// | others | what [`RequestStore::ready`] of the host takes | what it looks at; by default, that it can be asked |
    ///
    /// Not looked at: room on the disk of PostgreSQL, which shows in the push that meets it, and what the host's registry and its
    /// `jwks_uri`s are about.
    ///
    /// A store that is [full](crate::store::NotReadyReason::Full) can still open and end requests. Where all nodes share it, a probe that
    /// takes each of them out of service makes an outage of logins out of one of pushes; a host may rather answer such a probe with yes.
    ///
    /// ```
    /// use parjar::{BoxedParEndpoint, CauseText, store::NotReadyReason};
    ///
    /// /// The status of `GET /ready`.
    /// async fn ready(par: &BoxedParEndpoint) -> u16 {
    ///     match par.ready().await {
    ///         Ok(()) => 200,
    ///         Err(error) if error.reason() == NotReadyReason::Full => 200,
    ///         Err(error) => {
    ///             eprintln!("not ready: {}", CauseText(&error));
    ///             503
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotReady`], whose source is the cause. It is for the log: the text of a reply to a stranger need say no more than that.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let outcome = self.store.ready().await;
        if let Err(error) = &outcome {
            self.parts.observers.observe(&Event::NotReady { error });
        }
        outcome
    }
}
