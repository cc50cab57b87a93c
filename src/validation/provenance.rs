//! The way in which the parameters of a request came, and all that is known about them beside their values.

use std::sync::Arc;

use crate::{
    client::Client,
    client_auth::AuthenticatedClient,
    jar::RequestObject,
    protocol::{authentication_key::AuthenticationKey, confirmation::Confirmation, protection::Protection},
};

/// The way in which parameters came, and the client whose they are. Each constructor is one origin.
#[derive(Clone)]
pub(crate) struct Provenance {
    client: Arc<Client>,
    arrival: Arrival,
    protection: Protection,
    confirmation: Confirmation,
    authentication_key: Option<AuthenticationKey>,
}

/// The way of a request to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Through the PAR endpoint, from a client that authenticated as it is registered.
    Pushed,
    /// Through the browser.
    Plain,
}

impl Provenance {
    /// Pushed by a client that has authenticated: in the form, or in a request object.
    pub(crate) fn pushed(by: &AuthenticatedClient, object: Option<&RequestObject<'_>>) -> Self {
        Self {
            client: Arc::clone(by.shared()),
            arrival: Arrival::Pushed,
            protection: protection_of(object),
            confirmation: by.confirmation(),
            authentication_key: by.authentication_key().cloned(),
        }
    }

    /// Read from the store, in which a push of the client has put them.
    pub(crate) fn stored(
        client: Arc<Client>,
        protection: Protection,
        confirmation: Confirmation,
        authentication_key: Option<AuthenticationKey>,
    ) -> Self {
        Self { client, arrival: Arrival::Pushed, protection, confirmation, authentication_key }
    }

    /// In the query that a browser brings: spelled out, or in a request object.
    pub(crate) fn in_query(client: &Arc<Client>, object: Option<&RequestObject<'_>>) -> Self {
        Self {
            client: Arc::clone(client),
            arrival: Arrival::Plain,
            protection: protection_of(object),
            confirmation: Confirmation::default(),
            authentication_key: None,
        }
    }

    pub(super) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    pub(super) fn arrival(&self) -> Arrival {
        self.arrival
    }

    pub(super) fn protection(&self) -> Protection {
        self.protection
    }

    pub(super) fn confirmation(&self) -> Confirmation {
        self.confirmation
    }

    /// The client, and the key that it has authenticated the request with.
    pub(super) fn into_parts(self) -> (Arc<Client>, Option<AuthenticationKey>) {
        (self.client, self.authentication_key)
    }
}

fn protection_of(object: Option<&RequestObject<'_>>) -> Protection {
    object.map_or(Protection::Plain, RequestObject::protection)
}
