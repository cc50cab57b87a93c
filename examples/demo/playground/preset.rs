//! The servers that a visitor may choose from: this one, and beside it one for each preset, all in one process.

use std::sync::Arc;

use parjar::{Policy, Profile};

use super::played_client::PlayedClient;
use crate::demo::server::Server;

pub(crate) struct Preset {
    /// In paths. Empty for the server itself.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) server: Arc<Server>,
    /// The clients that the playground plays there.
    pub(crate) clients: Vec<PlayedClient>,
}

impl Preset {
    pub(super) fn client(&self, client_id: &str) -> Option<&PlayedClient> {
        self.clients.iter().find(|client| client.client_id == client_id)
    }
}

/// A server beside the main one, before it is there.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) policy: fn() -> Policy,
}

impl Variant {
    /// The path under which its endpoints are.
    pub(crate) fn path(&self) -> String {
        format!("{PATH}{}", self.name)
    }
}

pub(super) const PATH: &str = "/playground/as/";

pub(crate) const VARIANTS: [Variant; 11] = [
    Variant {
        name: "par_required",
        title: "PAR required",
        about: "OAuth 2.0 with require_pushed_authorization_requests: what the browser carries itself is refused.",
        policy: || {
            let mut policy = Policy::oauth();
            policy.require_pushed_authorization_requests = true;
            policy
        },
    },
    Variant {
        name: "par_off",
        title: "PAR off",
        about: "OAuth 2.0 with pushed_authorization_requests switched off: requests come through the browser alone.",
        policy: || {
            let mut policy = Policy::oauth();
            policy.pushed_authorization_requests = false;
            policy
        },
    },
    Variant {
        name: "dpop_nonce",
        title: "DPoP with nonces",
        about: "OAuth 2.0 with require_dpop and require_dpop_nonce: a proof without a nonce of the server is sent once more.",
        policy: || {
            let mut policy = Policy::oauth();
            policy.require_dpop = true;
            policy.require_dpop_nonce = true;
            policy
        },
    },
    preset(Profile::Oidc, "OpenID Connect", "OpenID Connect Core: a redirect_uri is always required.", Policy::oidc),
    preset(
        Profile::Fapi1Advanced,
        "FAPI 1 Advanced",
        "Signed request objects, clients with keys, and a signed response (JARM).",
        Policy::fapi1_advanced,
    ),
    preset(
        Profile::Fapi2SecurityProfile,
        "FAPI 2 Security Profile",
        "Nothing but pushed requests, from clients with keys; tokens are bound to a key.",
        Policy::fapi2_security_profile,
    ),
    preset(
        Profile::Fapi2MessageSigning,
        "FAPI 2 Message Signing",
        "As the Security Profile, and what is pushed is a signed request object.",
        Policy::fapi2_message_signing,
    ),
    preset(Profile::Haip, "HAIP", "For wallets: as the FAPI 2 Security Profile, with DPoP required.", Policy::haip),
    preset(
        Profile::Atproto,
        "AT Protocol",
        "Pushed requests, DPoP with nonces of the server, and the scope atproto.",
        Policy::atproto,
    ),
    preset(
        Profile::Brazil,
        "Open Finance Brasil",
        "As FAPI 1 Advanced, with pushed requests required and PS256 alone.",
        Policy::brazil,
    ),
    preset(Profile::Cdr, "Consumer Data Right", "The Australian CDR: code, with a signed response alone.", Policy::cdr),
];

const fn preset(profile: Profile, title: &'static str, about: &'static str, policy: fn() -> Policy) -> Variant {
    Variant { name: profile.as_str(), title, about, policy }
}
