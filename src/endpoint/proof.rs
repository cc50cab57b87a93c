//! DPoP proofs (RFC 9449): at the push, at the token endpoint, and with access tokens.

use super::ParEndpoint;
use crate::{
    client::ClientRegistry,
    dpop::{Proof, Proven, Purpose, ResourceRefusal, ResourceRequest, TargetUri},
    error::{Reason, Refusal},
    http::Header,
    jose::TokenFault,
    observer::Stage,
    protocol::confirmation::Thumbprint,
    store::RequestStore,
};

impl<C, S> ParEndpoint<C, S> {
    /// The nonce that the next DPoP proof must have, where the policy demands one
    /// ([`require_dpop_nonce`](crate::Policy::require_dpop_nonce)). A token endpoint and a resource may send it as `DPoP-Nonce` with
    /// any reply that is not cached, so that clients need not ask for it (RFC 9449 section 8.2). The reply to a push has it.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<String> {
        let nonces = self.settings.nonces.as_ref().filter(|_| self.policy().require_dpop_nonce)?;
        Some(nonces.current(self.settings.clock.now()))
    }

    /// Verifies the proof in the `DPoP` header, if there is one. If it is one `of_attestation`, it needs a nonce where any kind of
    /// proof of an attestation does.
    pub(super) fn proved(
        &self,
        header: Header<'_>,
        purpose: &Purpose<'_>,
        of_attestation: bool,
    ) -> Result<Option<Proven>, Refusal> {
        let fault = |fault| Refusal::from(Reason::DpopProof(fault));
        let value = match header {
            Header::Absent => return Ok(None),
            Header::Repeated => return Err(fault(TokenFault::Repeated)),
            Header::Once(value) => value,
        };
        let text = std::str::from_utf8(value).map_err(|_| fault(TokenFault::Malformed))?;
        let proof = Proof::parse(text).map_err(fault)?;
        if of_attestation || self.policy().require_dpop_nonce {
            self.check_nonce(&proof)?;
        }
        proof.verify(purpose, self.policy(), self.settings.clock.now()).map(Some).map_err(fault)
    }

    fn check_nonce(&self, proof: &Proof<'_>) -> Result<(), Refusal> {
        let Some(nonces) = &self.settings.nonces else {
            return Ok(());
        };
        let now = self.settings.clock.now();
        let reason = match proof.nonce() {
            Some(nonce) if nonces.is_recent(nonce, now) => return Ok(()),
            Some(_) => Reason::StaleDpopNonce,
            None => Reason::MissingDpopNonce,
        };
        Err(Refusal::from(reason).with_dpop_nonce(nonces.current(now)))
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
        self.prove_once(request, jkt).await.map_err(|refusal| {
            let refusal = self.settings.refused(Stage::Resource, None, refusal);
            ResourceRefusal::new(refusal, &self.policy().dpop_signing_alg_values_supported)
        })
    }

    async fn prove_once(&self, request: &ResourceRequest<'_>, jkt: Thumbprint) -> Result<(), Refusal> {
        let fault = |fault| Refusal::from(Reason::DpopProof(fault));
        let access_token = request.access_token().ok_or_else(|| fault(TokenFault::AccessToken))?;
        let target = [TargetUri::parse(request.uri).ok_or_else(|| fault(TokenFault::TargetUri))?];
        let purpose = Purpose::new(request.method, &target).with_access_token(access_token, jkt);
        let proven = self.proved(request.dpop, &purpose, false)?.ok_or_else(|| fault(TokenFault::Missing))?;
        self.settings.replay.remember_proof(&self.store, &proven).await
    }
}
