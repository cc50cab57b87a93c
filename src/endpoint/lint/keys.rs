//! Keys: those of clients that are somewhere else, those that clients encrypt to, and those of attesters.

use super::{Endpoint, Registered};
use crate::{
    client::KeySource,
    jose::{DecryptionKeys, KeyManagement},
    lint::{LintRule, Severity::Note, profiles::ALL},
    protocol::authentication_method::AuthenticationMethod,
};

pub(super) fn rules<'a>() -> Vec<LintRule<Endpoint<'a>>> {
    vec![
        LintRule {
            severity: Note,
            label: "encryption_without_keys",
            member: "decryption_keys",
            profiles: ALL,
            broken: |it| it.policy.require_encrypted_request_object && !it.parts.offers_encryption_to_keys(),
            requirement: "every request must be encrypted, and there is no key to encrypt to: all are refused but those that are \
                          encrypted with the secret of a client",
        },
        LintRule {
            severity: Note,
            label: "decryption_keys_without_effect",
            member: "decryption_keys",
            profiles: ALL,
            broken: |it| {
                let has_keys = it.parts.objects.decryption_keys().is_some_and(|keys| !keys.algorithms().is_empty());
                has_keys && !(it.policy.request_parameter_supported && it.parts.offers_encryption_to_keys())
            },
            requirement: "there are keys to encrypt to, and the policy offers no algorithm of theirs, or takes no request objects",
        },
        LintRule {
            severity: Note,
            label: "symmetric_encryption_unused",
            member: "request_object_encryption_alg_values_supported",
            profiles: ALL,
            broken: |it| {
                let offered = it.parts.objects.encryption_algorithms();
                let offers_symmetric = offered.into_iter().any(KeyManagement::is_symmetric);
                let is_registered = it.clients.iter().any(|client| {
                    client.keys().object_encryption.is_some_and(|(algorithm, _)| algorithm.is_symmetric())
                });
                it.policy.request_parameter_supported && offers_symmetric && !it.clients.is_empty() && !is_registered
            },
            requirement: "the metadata offers encryption with the secrets of clients, which is for clients that are registered for it \
                          (request_object_encryption_alg), and none of these is",
        },
        LintRule {
            severity: Note,
            label: "metadata_documents_without_source",
            member: "jwks_source",
            profiles: ALL,
            broken: |it| {
                let may_have_keys = it.policy.offers_authentication_method(AuthenticationMethod::PrivateKeyJwt);
                it.parts.has_metadata_documents && may_have_keys && !it.parts.client_keys.has_source()
            },
            requirement: "clients are URLs of documents, and the endpoint has no jwks_source for the keys of those that publish them \
                          elsewhere",
        },
        LintRule {
            severity: Note,
            label: "attester_keys_without_effect",
            member: "attester_keys",
            profiles: ALL,
            broken: |it| it.parts.authenticator.attestations.has_attesters() && !it.policy.offers_attestation(),
            requirement: "there are attesters, and the policy offers no method of theirs (attest_jwt_client_auth, \
                          attest_jwt_client_auth_dpop)",
        },
        LintRule {
            severity: Note,
            label: "no_challenge_endpoint",
            member: "challenge_endpoint",
            profiles: ALL,
            broken: |it| {
                let demanded = it.policy.offers_attestation() && it.policy.client_attestation.require_challenge;
                demanded && it.parts.authenticator.attestations.challenge_endpoint().is_none()
            },
            requirement: "a challenge is demanded, and clients get their first one by nothing but a refusal \
                          (draft-ietf-oauth-attestation-based-client-auth)",
        },
    ]
}

pub(super) fn of_clients<'a>() -> Vec<LintRule<Registered<'a>>> {
    vec![
        LintRule {
            severity: Note,
            label: "jwks_uri_without_source",
            member: "jwks_uri",
            profiles: ALL,
            broken: |it| {
                let is_elsewhere = matches!(it.client.keys().source.as_deref(), Some(KeySource::Uri(_)));
                is_elsewhere && !it.at.parts.client_keys.has_source()
            },
            requirement: "the endpoint has no jwks_source, so that the keys of this client cannot be fetched",
        },
        LintRule {
            severity: Note,
            label: "client_encryption_without_key",
            member: "request_object_encryption_alg",
            profiles: ALL,
            broken: |it| match it.client.keys().object_encryption {
                Some((algorithm, _)) => !it.at.parts.objects.encryption_algorithms().contains(&algorithm),
                None => it.client.must_encrypt(it.at.policy) && !it.at.parts.offers_encryption_to_keys(),
            },
            requirement: "the requests of this client are to be encrypted, and the endpoint has no decryption key that its algorithm \
                          takes, or does not offer it",
        },
    ]
}

impl super::Parts {
    /// Returns `true` if clients can encrypt to a key of the server.
    fn offers_encryption_to_keys(&self) -> bool {
        let has_keys = self.objects.decryption_keys().map(DecryptionKeys::algorithms).unwrap_or_default();
        self.objects.encryption_algorithms().iter().any(|algorithm| has_keys.contains(algorithm))
    }
}
