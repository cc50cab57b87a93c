//! Digests of the settings of an endpoint, one for each group that nodes should have in common.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    endpoint::ParEndpoint, jose::DecryptionKeys, response::signer::DynResponseSigner, settings_group::SettingsGroup,
};

/// Ahead of what follows, so that a record that is sealed is not taken for one that is not. The digit is the version of the layout:
/// for each group its number, the number of its checks, and the checks.
const HEAD: &[u8] = b"parjar settings 1\0";
/// What the head of any version begins with.
const HEAD_OF_ANY: &[u8] = b"parjar settings ";

/// The beginning of a digest: enough to tell settings apart, and too little to find out what they are.
pub(in crate::endpoint) type Check = [u8; 8];

/// The settings of one node.
pub(super) struct Fingerprint {
    groups: Vec<(SettingsGroup, Checks)>,
    bytes: Vec<u8>,
}

/// The checks of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Checks {
    /// Of settings that must be the same.
    Of(Check),
    /// Of keys, the one first by which something new is made. Others need to accept that one.
    Keys(Vec<Check>),
}

/// The settings of another node, held against those of this one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Same,
    /// In these groups, which are none where only what this version does not know differs.
    Different(Vec<SettingsGroup>),
    /// No settings, or sealed ones.
    Unreadable,
}

impl<C, S> ParEndpoint<C, S> {
    /// The present settings: some may be replaced at run time.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let parts = &self.parts;
        // In the order in which they are declared.
        let policy = serde_json::to_string(self.policy()).unwrap_or_default();
        let types = parts.validator.detail_types.keys().map(|name| name.to_string());
        let algorithms = parts.answers.responder().signer().map(DynResponseSigner::offered).unwrap_or_default();
        Fingerprint::new(vec![
            (SettingsGroup::Policy, Checks::of([policy])),
            (SettingsGroup::Urls, Checks::of(self.urls())),
            (SettingsGroup::DecryptionKeys, Checks::of(self.encryption_keys())),
            (SettingsGroup::NonceKeys, Checks::Keys(parts.proofs.nonce_checks())),
            (SettingsGroup::ServerSecret, Checks::Keys(parts.secret_checks.to_vec())),
            (SettingsGroup::AuthorizationDetailsTypes, Checks::of(types)),
            (SettingsGroup::ResponseAlgorithms, Checks::of(algorithms.iter().map(|it| it.as_str().to_owned()))),
        ])
    }

    /// Each with its role.
    fn urls(&self) -> Vec<String> {
        let urls = &self.parts.urls;
        let push = &urls.pushed_authorization_request;
        let challenges = self.parts.authenticator.attestations.challenge_endpoint();
        let own = [
            ("authorization", [Some(&*urls.authorization), None]),
            ("push", [Some(&*push.url), push.mtls_alias.as_deref()]),
            ("token", urls.token.urls()),
            ("challenge", [challenges, None]),
        ];
        let hosts = urls.hosts.iter().map(|(endpoint, urls)| (endpoint.as_str(), urls.urls()));
        own.into_iter().chain(hosts).map(|(role, urls)| json!([role, urls]).to_string()).collect()
    }

    /// The public halves, each with its members in alphabetical order.
    fn encryption_keys(&self) -> Vec<String> {
        let set = self.parts.objects.decryption_keys().map(DecryptionKeys::public_jwks);
        let keys = set.as_ref().and_then(|set| set.get("keys")).and_then(Value::as_array).into_iter().flatten();
        let sorted = |key: &Value| {
            let members = key.as_object().into_iter().flatten();
            let mut members: Vec<String> = members.map(|member| json!(member).to_string()).collect();
            members.sort_unstable();
            members.concat()
        };
        keys.map(sorted).collect()
    }
}

impl Fingerprint {
    fn new(groups: Vec<(SettingsGroup, Checks)>) -> Self {
        let mut bytes = HEAD.to_vec();
        for (group, checks) in &groups {
            let checks: &[Check] = match checks {
                Checks::Of(check) => std::slice::from_ref(check),
                Checks::Keys(keys) => keys.get(..keys.len().min(u8::MAX.into())).unwrap_or_default(),
            };
            bytes.extend([number(*group), u8::try_from(checks.len()).unwrap_or(u8::MAX)]);
            bytes.extend(checks.as_flattened());
        }
        Self { groups, bytes }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Compares what both nodes know. A group that only one version of this library has does not count.
    pub(super) fn held_against(&self, other: &[u8]) -> Reading {
        if self.bytes == other {
            return Reading::Same;
        }
        let Some(mut rest) = other.strip_prefix(HEAD) else {
            let is_of_another_version = other.starts_with(HEAD_OF_ANY);
            return if is_of_another_version { Reading::Different(Vec::new()) } else { Reading::Unreadable };
        };
        let mut differing = Vec::new();
        while let Some((&[group, count], after)) = rest.split_first_chunk() {
            let length = usize::from(count).saturating_mul(size_of::<Check>());
            let Some((checks, after)) = after.split_at_checked(length) else { return Reading::Unreadable };
            let (checks, _) = checks.as_chunks();
            let known = self.groups.iter().find(|(known, _)| number(*known) == group);
            differing.extend(known.filter(|(_, own)| own.differ_from(checks)).map(|(group, _)| *group));
            rest = after;
        }
        Reading::Different(differing)
    }
}

impl Checks {
    /// Of settings whose order means nothing.
    fn of(settings: impl IntoIterator<Item = String>) -> Self {
        let mut settings: Vec<String> = settings.into_iter().collect();
        settings.sort_unstable();
        Self::Of(check(json!(settings).to_string().as_bytes()))
    }

    fn differ_from(&self, other: &[Check]) -> bool {
        match (self, other) {
            (Self::Of(check), other) => other != [*check],
            (Self::Keys(own), [present, ..]) => {
                !own.contains(present) || own.first().is_none_or(|own| !other.contains(own))
            }
            (Self::Keys(own), []) => !own.is_empty(),
        }
    }
}

fn check(bytes: &[u8]) -> Check {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(bytes));
    [a, b, c, d, e, f, g, h]
}

/// The number of a group in the layout, which it keeps for ever.
const fn number(group: SettingsGroup) -> u8 {
    match group {
        SettingsGroup::Policy => 1,
        SettingsGroup::Urls => 2,
        SettingsGroup::DecryptionKeys => 3,
        SettingsGroup::NonceKeys => 4,
        SettingsGroup::ServerSecret => 5,
        SettingsGroup::AuthorizationDetailsTypes => 6,
        SettingsGroup::ResponseAlgorithms => 7,
        // These are noticed by what nodes can read, and by what they find there.
        SettingsGroup::SealingKeys => 8,
        SettingsGroup::Clock => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::{Checks, Fingerprint, HEAD, Reading};
    use crate::settings_group::SettingsGroup::{NonceKeys, Policy, Urls};

    fn of(policy: u8, keys: &[u8]) -> Fingerprint {
        let keys = keys.iter().map(|key| [*key; 8]).collect();
        Fingerprint::new(vec![(Policy, Checks::Of([policy; 8])), (NonceKeys, Checks::Keys(keys))])
    }

    fn held(one: &Fingerprint, other: &Fingerprint) -> Reading {
        let reading = one.held_against(&other.bytes);
        assert_eq!(reading, other.held_against(&one.bytes), "both see the same");
        reading
    }

    #[test]
    fn the_groups_that_differ_are_named() {
        assert_eq!(held(&of(1, &[1]), &of(1, &[1])), Reading::Same);
        assert_eq!(held(&of(1, &[1]), &of(2, &[1])), Reading::Different(vec![Policy]));
        assert_eq!(held(&of(1, &[1]), &of(2, &[2])), Reading::Different(vec![Policy, NonceKeys]));
    }

    #[test]
    fn keys_differ_where_one_node_does_not_accept_what_the_other_makes() {
        for (one, other, differ) in [
            (&[1, 2][..], &[2, 1][..], false),
            (&[1, 2], &[1], false),
            (&[1, 2], &[2], true),
            (&[1], &[1, 2, 3], false),
            (&[1], &[], true),
        ] {
            let expected = if differ { vec![NonceKeys] } else { Vec::new() };
            assert_eq!(held(&of(1, one), &of(1, other)), Reading::Different(expected), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_only_another_version_knows_does_not_count() {
        let newer = Fingerprint::new(vec![
            (Policy, Checks::Of([1; 8])),
            (Urls, Checks::Of([1; 8])),
            (NonceKeys, Checks::Keys(vec![[1; 8]])),
        ]);
        assert_eq!(held(&of(1, &[1]), &newer), Reading::Different(Vec::new()));
        assert_eq!(of(1, &[1]).held_against(b"parjar settings 2\0anything"), Reading::Different(Vec::new()));
    }

    #[test]
    fn damage_is_noticed_and_never_panics() {
        let own = of(1, &[1, 2, 3]);
        for end in HEAD.len()..own.bytes.len() {
            let _ = own.held_against(&own.bytes[..end]);
        }
        for damaged in [&b""[..], b"\x01sealed", &own.bytes[..HEAD.len() + 3]] {
            assert_eq!(own.held_against(damaged), Reading::Unreadable);
        }
    }
}
