//! The same endpoint over another store or another registry, for one request.

use std::sync::Arc;

use super::ParEndpoint;
use crate::{client::ClientRegistry, store::RequestStore};

impl<C: Clone, S> ParEndpoint<C, S> {
    /// Returns this endpoint over another store, with which it shares everything else: policy, keys, caches, what it remembers of
    /// its answers. It takes no more than a clone, so a host can make one for each request: over a transaction of its
    /// database, in which it then issues the code as well.
    ///
    /// ```
    /// use parjar::{AuthorizeRefusal, Browser, Decision, Granted, ParEndpoint, store::RequestStore};
    ///
    /// /// In a transaction that the caller commits, with the code in it, or rolls back.
    /// async fn approve(
    ///     par: &ParEndpoint,
    ///     in_transaction: impl RequestStore,
    ///     form: &str,
    ///     browser: Browser<'_>,
    /// ) -> Result<Granted, AuthorizeRefusal> {
    ///     let par = par.with_store(in_transaction);
    ///     let pending = par.authorize_decision(form, browser, Decision::Approve).await?;
    ///     par.complete(&pending).await
    /// }
    /// ```
    ///
    /// `PostgresStore::in_transaction` makes such a store (feature `postgres`), as does `PostgresStore::in_sqlx_transaction` (feature
    /// `sqlx`). One of the host's own has the operations of [`RequestStore`], each a statement in the transaction; those that change nothing must not spoil it.
    ///
    /// # What a rollback undoes
    ///
    /// Everything that the store did: the request is open as before, or waits, and can be completed by another call at once. So
    /// the order is: complete, write the code, commit, and then [`respond`](crate::Granted::respond). A response that was made
    /// before the commit is remembered for a second click, and is given again if the request turns out to be spent, by a call at
    /// another node for instance. Events tell what the endpoint did, whether or not the host has committed it.
    ///
    /// **A mark that is rolled back never was.** [`push`](Self::push), [`authenticate_client`](Self::authenticate_client) and
    /// [`verify_dpop_proof`](Self::verify_dpop_proof) use up assertions and proofs: call them at an endpoint over the store
    /// itself, or commit whatever becomes of the request, or a client assertion is good again when its request has failed.
    #[must_use]
    pub fn with_store<S2: RequestStore>(&self, store: S2) -> ParEndpoint<C, S2> {
        ParEndpoint { clients: self.clients.clone(), store, is_provisional: true, parts: Arc::clone(&self.parts) }
    }
}

impl<C, S: Clone> ParEndpoint<C, S> {
    /// Returns this endpoint over another registry, with which it shares everything else, as
    /// [`with_store`](Self::with_store) does: for clients that are read in a transaction of the host's, or for a part of the clients.
    ///
    /// A `client_id` is the same client in all registries of one issuer: what it has pushed is opened by its name, whichever registry
    /// knew it then. Tenants whose clients may have the same names need an issuer each.
    #[must_use]
    pub fn with_clients<C2: ClientRegistry>(&self, clients: C2) -> ParEndpoint<C2, S> {
        let is_provisional = self.is_provisional;
        clients.report_faults_to(self.parts.observers.of_registry());
        ParEndpoint { clients, store: self.store.clone(), is_provisional, parts: Arc::clone(&self.parts) }
    }
}
