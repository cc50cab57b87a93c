//! The look-up of the client that a request names.

use std::{pin::pin, sync::Arc};

use super::{ParEndpoint, operation::Operation};
use crate::{
    client::{Client, ClientRegistry, is_client_id},
    error::{Reason, Refusal},
    observer::{Event, Step},
    store::RequestStore,
};

/// The outcome of a look-up.
pub(super) enum LookedUp {
    Found(Arc<Client>),
    Absent(Absence),
}

/// The reason why there is no client to go on with. Its sender is told the same in either case, and after the same time.
#[derive(Clone, Copy)]
pub(super) enum Absence {
    Unknown,
    Unusable,
}

impl LookedUp {
    /// The name under which the client is registered; of one that is not there, the name that was looked up.
    pub(super) fn name<'a>(&'a self, looked_up: &'a str) -> &'a str {
        match self {
            Self::Found(client) => client.client_id(),
            Self::Absent(_) => looked_up,
        }
    }
}

impl Absence {
    /// The reason to refuse credentials, or a request in the query.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Unknown => Reason::UnknownClient,
            Self::Unusable => Reason::UnusableClient,
        }
    }

    /// The reason to refuse a `request_uri`.
    pub(super) fn reason_for_request_uri(self) -> Reason {
        match self {
            Self::Unknown => Reason::RequestUriOfUnknownClient,
            Self::Unusable => Reason::RequestUriOfUnusableClient,
        }
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    pub(super) async fn look_up(&self, operation: &Operation<'_>, client_id: &str) -> Result<LookedUp, Refusal> {
        // A name that cannot be registered never reaches the host's database.
        if client_id.len() > self.policy().limits.client_id {
            return Err(Reason::ClientIdTooLong.into());
        }
        if !is_client_id(client_id) {
            return Ok(LookedUp::Absent(Absence::Unknown));
        }
        Ok(match operation.time(Step::LookUp, pin!(self.clients.client(client_id))).await {
            // Some databases compare without regard to trailing spaces.
            Ok(Some(client)) if client.is_called(client_id) => {
                operation.found(&client);
                LookedUp::Found(client)
            }
            Ok(_) => LookedUp::Absent(Absence::Unknown),
            Err(error) if error.is_unusable_client() => {
                operation.observe(&Event::ClientUnusable { client_id, error: &error });
                LookedUp::Absent(Absence::Unusable)
            }
            Err(error) => return Err(Refusal::unavailable(Reason::RegistryUnavailable, error)),
        })
    }
}
