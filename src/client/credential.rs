//! Something that a client is known by, in one value with the client.

use std::sync::Arc;

use super::Client;

/// A key, a secret or a name, and the client whose it is. Checks that take one give back this client, and can say nothing of
/// another.
#[derive(Clone, Copy)]
pub(crate) struct Credential<'c, T> {
    client: &'c Arc<Client>,
    value: T,
}

/// The credentials of a client that has none.
#[derive(Clone, Copy)]
pub(crate) struct NoCredentials;

impl<'c, T: Copy> Credential<'c, T> {
    /// A credential that `client` has registered.
    pub(crate) fn of(client: &'c Arc<Client>, value: T) -> Self {
        Self { client, value }
    }

    /// A value that was looked up for the same client, by the credential that it has registered.
    pub(crate) fn resolved<U>(self, value: U) -> Credential<'c, U> {
        Credential { client: self.client, value }
    }

    pub(crate) fn client(self) -> &'c Arc<Client> {
        self.client
    }

    pub(crate) fn value(self) -> T {
        self.value
    }
}
