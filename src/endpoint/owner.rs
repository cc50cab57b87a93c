//! The owner of requests and marks in a store.

use crate::{
    client::Client,
    store::{Owner, digest::KeySpace},
};

/// The owner that the requests and the marks of a client count against.
pub(super) fn owner(keys: &KeySpace, client: &Client) -> Owner {
    let key = keys.owner(client.client_id());
    if client.is_confidential() { Owner::authenticated(key) } else { Owner::unauthenticated(key) }
}
