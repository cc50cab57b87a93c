//! The nonces that an endpoint has issued lately: for DPoP proofs (RFC 9449 section 8), and as challenges for attested clients.

use super::{build_error::BuildError, server::Server, settings::Check};
use crate::{
    dpop::{Nonces, RecentNonce},
    random::RandomSource,
    server_secret::{DerivedKey, Purpose, ServerSecret},
};

/// The keys of the nonces, as the host has given them: by themselves, or by a secret that they are derived from.
#[derive(Default)]
pub(super) struct GivenNonceKeys {
    pub(super) current: Option<[u8; 32]>,
    pub(super) replaced: Vec<[u8; 32]>,
    pub(super) secret: Option<ServerSecret>,
}

/// The nonces of an endpoint. There are none where the policy demands neither nonces nor challenges.
pub(super) struct IssuedNonces(Option<Nonces>);

/// The fault of a proof for the sake of its nonce, and the nonce to try again with.
pub(super) enum NonceFault {
    Missing(String),
    Stale(String),
}

impl GivenNonceKeys {
    /// Returns `true` if no other process can have the key.
    pub(super) fn are_of_one_process(&self) -> bool {
        self.current.is_none() && self.secret.as_ref().is_none_or(ServerSecret::is_drawn)
    }

    /// Returns `true` if other nodes may have the same keys.
    pub(super) fn may_be_of_several_nodes(&self) -> bool {
        self.current.is_some() || self.secret.as_ref().is_some_and(|secret| !secret.is_drawn())
    }

    /// What nodes compare to see that they have the same secret.
    pub(super) fn secret_checks(&self, issuer: &str) -> Box<[Check]> {
        let Some(secret) = &self.secret else { return Box::default() };
        let derived = secret.derived(Purpose::Check, issuer);
        std::iter::once(&derived.current).chain(&derived.accepted).map(DerivedKey::check).collect()
    }

    /// Puts the keys of the secret behind those that were given.
    fn with_derived(mut self, issuer: &str) -> Self {
        if let Some(secret) = self.secret.take() {
            let derived = secret.derived(Purpose::Nonces, issuer);
            let bytes = |key: &DerivedKey| *key.as_bytes();
            let current = bytes(&derived.current);
            match self.current {
                None => self.current = Some(current),
                Some(_) => self.replaced.push(current),
            }
            self.replaced.extend(derived.accepted.iter().map(bytes));
        }
        self
    }

    pub(super) fn build(self, server: &Server, random: &dyn RandomSource) -> Result<IssuedNonces, BuildError> {
        let is_used = server.policy.uses_nonces();
        let given = self.with_derived(&server.issuer);
        let key = match given.current {
            None if is_used => {
                let mut key = [0; 32];
                random.fill(&mut key).map_err(|_| BuildError::Random)?;
                Some(key)
            }
            given => given,
        };
        let nonces = key.map(|key| Nonces::new(&server.issuer, &key, &given.replaced)).transpose()?;
        Ok(IssuedNonces(nonces.filter(|_| is_used)))
    }
}

impl IssuedNonces {
    /// The nonce to hand out.
    pub(super) fn current(&self, server: &Server) -> Option<String> {
        self.0.as_ref().map(|nonces| nonces.current(server.now()))
    }

    /// Returns `true` unless these and others are nonces of different keys.
    pub(super) fn are_those_of(&self, others: &Self, server: &Server) -> bool {
        let now = server.now();
        match (&self.0, &others.0) {
            (Some(one), Some(other)) => {
                one.is_recent(&other.current(now), now) && other.is_recent(&one.current(now), now)
            }
            _ => true,
        }
    }

    /// What nodes compare to see that they have the same keys.
    pub(super) fn checks(&self) -> Vec<Check> {
        self.0.as_ref().map(Nonces::checks).unwrap_or_default()
    }

    /// Checks the nonce in a proof that has to have one, if there are nonces.
    pub(super) fn check(&self, shown: Option<&str>, server: &Server) -> Result<Option<RecentNonce>, NonceFault> {
        let Some(nonces) = &self.0 else {
            return Ok(None);
        };
        let now = server.now();
        let shown = shown.ok_or_else(|| NonceFault::Missing(nonces.current(now)))?;
        let recent = nonces.recent(shown, now).ok_or_else(|| NonceFault::Stale(nonces.current(now)))?;
        Ok(Some(recent))
    }
}
