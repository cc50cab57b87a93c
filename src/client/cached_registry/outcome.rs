//! What comes of a load.

use std::sync::Arc;

use super::answers::NoClient;
use crate::client::Client;

/// What a load has found.
#[derive(Clone)]
pub(super) enum Outcome {
    Client(Arc<Client>),
    None(NoClient),
}
