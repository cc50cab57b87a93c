//! Signed authorization responses (JARM).

use super::{Endpoint, Registered};
use crate::{
    jose::SigningAlgorithm,
    lint::{
        LintRule,
        Severity::{DoesNotConform, Note},
        profiles::{ALL, FAPI2},
    },
    policy::{FAPI1_ALGORITHMS, FAPI2_ALGORITHMS, Profile},
};

pub(super) fn rules<'a>() -> Vec<LintRule<Endpoint<'a>>> {
    vec![
        LintRule {
            severity: Note,
            label: "response_signer_without_effect",
            member: "response_signer",
            profiles: ALL,
            broken: |it| it.signs() && !it.offers_signed_responses(),
            requirement: "there is a signer, and the policy has no response mode with a signature (response_modes_supported)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "response_signer_algorithm",
            member: "response_signer",
            profiles: &[Profile::Fapi1Advanced, Profile::Cdr],
            broken: |it| it.signs_by_others(FAPI1_ALGORITHMS),
            requirement: "responses must be signed by PS256 or ES256 (FAPI 1.0 Advanced section 8.6)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "response_signer_algorithm",
            member: "response_signer",
            profiles: FAPI2,
            broken: |it| it.signs_by_others(FAPI2_ALGORITHMS),
            requirement: "responses must be signed by PS256, ES256 or EdDSA with Ed25519 (FAPI 2.0 Security Profile section 5.4.1)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "response_signer_algorithm",
            member: "response_signer",
            profiles: &[Profile::Brazil],
            broken: |it| it.signs_by_others(&[SigningAlgorithm::Ps256]),
            requirement: "responses must be signed by PS256 (Open Finance Brasil security profile)",
        },
    ]
}

pub(super) fn of_clients<'a>() -> Vec<LintRule<Registered<'a>>> {
    vec![LintRule {
        severity: Note,
        label: "response_algorithm_without_effect",
        member: "authorization_signed_response_alg",
        profiles: ALL,
        broken: |it| {
            let registered = it.client.authorization_signed_response_alg();
            registered.is_some_and(|registered| !it.at.offered().iter().any(|offered| offered.is_same(registered)))
        },
        requirement: "the endpoint has no response_signer with this algorithm, so that the client gets no signed responses",
    }]
}

impl Endpoint<'_> {
    /// The algorithms by which responses can be signed.
    fn offered(&self) -> &[SigningAlgorithm] {
        self.parts.answers.responder().signer().map(|signer| signer.offered()).unwrap_or_default()
    }

    fn signs(&self) -> bool {
        !self.offered().is_empty()
    }

    fn offers_signed_responses(&self) -> bool {
        self.policy.response_modes_supported.iter().any(|mode| mode.is_signed())
    }

    fn signs_by_others(&self, good: &[SigningAlgorithm]) -> bool {
        self.offers_signed_responses() && self.offered().iter().any(|offered| !good.contains(offered))
    }
}
