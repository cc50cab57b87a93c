//! The parts of an endpoint.

use std::sync::Arc;

use super::{
    answers::Answers, authenticator::Authenticator, client_keys::ClientKeys, object::ObjectOpener,
    observers::Observers, operation::Operation, proof::ProofVerifier, recent_answers::RecentAnswers, records::Records,
    replay::ReplayGuard, server::Server, settings::Check, urls::Urls,
};
use crate::{observer::Stage, validation::Validator};

/// What the host has said of itself, and nothing but [`ParEndpoint::lint`](super::ParEndpoint::lint) needs.
#[derive(Clone, Copy, Default)]
pub(super) struct HostTraits {
    pub(super) asks_for_client_certificates: bool,
    pub(super) has_clock_of_its_own: bool,
    pub(super) has_random_of_its_own: bool,
    /// A secret or a nonce key, which other nodes may have as well.
    pub(super) has_keys_of_nodes: bool,
}

/// The parts that do not depend on the types of registry and store. Each has a step of its own; the order is the facade's.
pub(super) struct Parts {
    pub(super) server: Arc<Server>,
    pub(super) urls: Arc<Urls>,
    pub(super) authenticator: Authenticator,
    pub(super) proofs: ProofVerifier,
    pub(super) objects: ObjectOpener,
    pub(super) validator: Validator,
    pub(super) client_keys: Arc<ClientKeys>,
    pub(super) replay: Arc<ReplayGuard>,
    pub(super) records: Records,
    pub(super) answers: Arc<Answers>,
    pub(super) recent: Arc<RecentAnswers>,
    /// `true` if nonces are of a key that this process has drawn for itself.
    pub(super) has_random_nonce_key: bool,
    pub(super) host: HostTraits,
    /// Checks of the secret of the host, and of those that are accepted beside it.
    pub(super) secret_checks: Box<[Check]>,
    /// `true` if clients can be URLs of metadata documents.
    pub(super) has_metadata_documents: bool,
    pub(super) observers: Arc<Observers>,
}

impl Parts {
    /// Begins an operation.
    pub(super) fn begin(&self, stage: Stage) -> Operation<'_> {
        Operation::new(&self.observers, stage)
    }
}
