//! The groups of settings in which nodes of one authorization server should not differ.

use std::fmt;

/// A group of settings that should be the same on all nodes of an authorization server. See
/// [`ParEndpoint::compare_settings`](crate::ParEndpoint::compare_settings).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SettingsGroup {
    /// The policy. Where nodes differ, the laxest of them counts for clients.
    Policy,
    /// The URLs of the endpoints, which clients name in proofs and assertions.
    Urls,
    /// The keys that clients encrypt to. A node without a key cannot open what was encrypted to it.
    DecryptionKeys,
    /// The keys of nonces and challenges: one of the nodes refuses those of the other. Nodes that
    /// [accept](crate::ServerSecret::accepting) each other's do not differ.
    NonceKeys,
    /// The [`ServerSecret`](crate::ServerSecret). Nodes that accept what the other makes do not differ.
    ServerSecret,
    /// The keys that records are sealed with: one of the nodes cannot read what the other has stored. Or one of them does not seal.
    SealingKeys,
    /// The types of `authorization_details` that the host has checks for.
    AuthorizationDetailsTypes,
    /// The algorithms by which responses can be signed.
    ResponseAlgorithms,
    /// The clocks: they are further apart than [`Policy::clock_leeway`](crate::Policy::clock_leeway), and than ten seconds.
    Clock,
}

impl SettingsGroup {
    /// Returns a label for logs and metrics, in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Urls => "urls",
            Self::DecryptionKeys => "decryption_keys",
            Self::NonceKeys => "nonce_keys",
            Self::ServerSecret => "server_secret",
            Self::SealingKeys => "sealing_keys",
            Self::AuthorizationDetailsTypes => "authorization_details_types",
            Self::ResponseAlgorithms => "response_algorithms",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for SettingsGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
