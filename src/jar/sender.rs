//! The sender of a request object.

use std::sync::Arc;

use crate::{client::Client, client_auth::AuthenticatedClient, policy::Policy};

/// The client that a request object comes from, as far as is known before it is opened.
#[derive(Clone, Copy)]
pub(crate) enum Sender<'a> {
    /// A client that has authenticated to push it.
    Authenticated(&'a AuthenticatedClient),
    /// A client that the query names. An attacker can name any.
    Named(&'a Arc<Client>),
}

impl<'a> Sender<'a> {
    pub(crate) fn client(self) -> &'a Arc<Client> {
        match self {
            Self::Authenticated(client) => client.shared(),
            Self::Named(client) => client,
        }
    }

    /// Returns `true` if an encrypted object of this sender is decrypted: not without proof of who it is, unless the policy has it
    /// so (RFC 9101 section 10.1).
    pub(super) fn may_encrypt(self, policy: &Policy) -> bool {
        match self {
            Self::Authenticated(client) => client.client().is_confidential(),
            Self::Named(_) => policy.danger_decrypt_request_objects_by_value,
        }
    }
}
