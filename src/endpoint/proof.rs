//! DPoP proofs (RFC 9449), wherever they come: at the push, at the token endpoint, and with access tokens.

use std::sync::Arc;

use super::{
    issued_nonces::{IssuedNonces, NonceFault},
    operation::Operation,
    server::Server,
    settings::Check,
};
use crate::{
    dpop::{Proof, Proven, Purpose},
    error::{Reason, Refusal},
    http::Header,
    jose::TokenFault,
    observer::Step,
};

/// Verifies DPoP proofs.
pub(super) struct ProofVerifier {
    server: Arc<Server>,
    nonces: Arc<IssuedNonces>,
}

impl ProofVerifier {
    pub(super) fn new(server: &Arc<Server>, nonces: &Arc<IssuedNonces>) -> Self {
        Self { server: Arc::clone(server), nonces: Arc::clone(nonces) }
    }

    /// The nonce that the next proof must have, where the policy demands one.
    pub(super) fn next_nonce(&self) -> Option<String> {
        if self.server.policy.require_dpop_nonce { self.nonces.current(&self.server) } else { None }
    }

    /// Returns `true` if either takes the nonces that the other hands out.
    pub(super) fn takes_nonces_of(&self, other: &Self) -> bool {
        self.nonces.are_those_of(&other.nonces, &self.server)
    }

    /// What nodes compare to see that they have the same keys of nonces.
    pub(super) fn nonce_checks(&self) -> Vec<Check> {
        self.nonces.checks()
    }

    /// Verifies the proof in the `DPoP` header, if there is one. If it is one `of_attestation`, it needs a nonce where any kind of
    /// proof of an attestation does.
    pub(super) fn verify(
        &self,
        operation: &Operation<'_>,
        header: Header<'_>,
        purpose: &Purpose<'_>,
        of_attestation: bool,
    ) -> Result<Option<Proven>, Refusal> {
        match header {
            Header::Absent => Ok(None),
            Header::Repeated => Err(Reason::DpopProof(TokenFault::Repeated).into()),
            Header::Once(value) => {
                operation.run(Step::Proof, || self.verify_value(value, purpose, of_attestation)).map(Some)
            }
        }
    }

    fn verify_value(&self, value: &[u8], purpose: &Purpose<'_>, of_attestation: bool) -> Result<Proven, Refusal> {
        let fault = |fault| Refusal::from(Reason::DpopProof(fault));
        let text = std::str::from_utf8(value).map_err(|_| fault(TokenFault::Malformed))?;
        let proof = Proof::parse(text).map_err(fault)?;
        let policy = &self.server.policy;
        let mut purpose = *purpose;
        if of_attestation || policy.require_dpop_nonce {
            let nonce = self.nonces.check(proof.nonce(), &self.server).map_err(nonce_fault)?;
            purpose = nonce.map_or(purpose, |nonce| purpose.with_nonce(nonce));
        }
        let now = self.server.now();
        proof.verify(&purpose, policy, now).map_err(|dated| {
            fault(dated).with_clock_offset(dated.clock_offset(proof.issued_at(), now.unix_timestamp()))
        })
    }
}

fn nonce_fault(fault: NonceFault) -> Refusal {
    let (reason, next) = match fault {
        NonceFault::Missing(next) => (Reason::MissingDpopNonce, next),
        NonceFault::Stale(next) => (Reason::StaleDpopNonce, next),
    };
    Refusal::from(reason).with_dpop_nonce(next)
}
