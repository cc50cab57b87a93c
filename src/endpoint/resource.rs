//! Access tokens that are bound to a key, at an API of the host (RFC 9449 section 7).

use std::pin::pin;

use super::{ParEndpoint, Parts, operation::Operation};
use crate::{
    client::ClientRegistry,
    dpop::{Purpose, ResourceRefusal, ResourceRequest, TargetUri},
    error::{Reason, Refusal},
    jose::TokenFault,
    observer::{Stage, Step},
    protocol::confirmation::Thumbprint,
    store::RequestStore,
};

impl<C, S> ParEndpoint<C, S> {
    /// The nonce that the next DPoP proof must have, where the policy demands one
    /// ([`require_dpop_nonce`](crate::Policy::require_dpop_nonce)). A token endpoint and a resource may send it as `DPoP-Nonce` with
    /// any reply that is not cached, so that clients need not ask for it (RFC 9449 section 8.2). The reply to a push has it.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<String> {
        self.parts.proofs.next_nonce()
    }
}

impl<C: ClientRegistry, S: RequestStore> ParEndpoint<C, S> {
    /// Verifies the DPoP proof that comes with an access token to an API of the host's (RFC 9449 section 7): that it is for this
    /// method, URI and token, made by the key that the token is bound to, and new.
    ///
    /// `jkt` is the member of that name in the `cnf` of the token, which the host has looked up, found good, and found bound. See
    /// [`dpop`](crate::dpop).
    ///
    /// # Errors
    ///
    /// A refusal, ready to be sent.
    pub async fn verify_dpop_proof(
        &self,
        request: &ResourceRequest<'_>,
        jkt: Thumbprint,
    ) -> Result<(), ResourceRefusal> {
        let operation = self.parts.begin(Stage::Resource);
        operation.trace(pin!(self.prove_once(&operation, request, jkt))).await.map_err(|refusal| {
            let refusal = operation.refused(None, refusal);
            ResourceRefusal::new(refusal, &self.policy().dpop_signing_alg_values_supported)
        })
    }

    async fn prove_once(
        &self,
        operation: &Operation<'_>,
        request: &ResourceRequest<'_>,
        jkt: Thumbprint,
    ) -> Result<(), Refusal> {
        let Parts { proofs, replay, .. } = &*self.parts;
        let fault = |fault| Refusal::from(Reason::DpopProof(fault));
        let access_token = request.access_token().ok_or_else(|| fault(TokenFault::AccessToken))?;
        let target = [TargetUri::parse(request.uri).ok_or_else(|| fault(TokenFault::TargetUri))?];
        let purpose = Purpose::new(request.method, &target).with_access_token(access_token, jkt);
        let proven = proofs.verify(operation, request.dpop, &purpose, false)?;
        let proven = proven.ok_or_else(|| fault(TokenFault::Missing))?;
        operation.time(Step::Store, pin!(replay.remember_proof(&self.store, &proven))).await?;
        operation.worked();
        Ok(())
    }
}
