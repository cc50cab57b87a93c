//! Policies and presets: where to begin, every default with its reason, and how to change one.
//!
//! A [`Policy`] is all that is set for one issuer. Begin with the preset of the profile that your clients are certified for, or with
//! [`Policy::oauth`] or [`Policy::oidc`], and change what differs:
//!
//! ```
//! use parjar::{Policy, RequireCodeChallenge};
//!
//! let mut policy = Policy::oidc();
//! policy.require_pushed_authorization_requests = true;
//! policy.require_code_challenge = RequireCodeChallenge::Always;
//!
//! // The same from a file. An unknown name is an error that names the nearest one.
//! let from_file: Policy = serde_json::from_str(
//!     r#"{ "preset": "oidc", "require_pushed_authorization_requests": true, "require_code_challenge": "always" }"#,
//! )?;
//! assert_eq!(policy, from_file);
//! # Ok::<_, serde_json::Error>(())
//! ```
//!
//! | your clients | begin with |
//! | --- | --- |
//! | web applications and native apps | [`Policy::oauth`] |
//! | the same with ID tokens | [`Policy::oidc`] |
//! | banks, health, government | [`Policy::fapi2_security_profile`], [`Policy::fapi2_message_signing`] |
//! | the same, certified for FAPI 1.0 | [`Policy::fapi1_advanced`], [`Policy::brazil`], [`Policy::cdr`] |
//! | wallets | [`Policy::haip`]: [`wallets`](super::wallets) |
//! | Bluesky and other clients of the AT Protocol | [`Policy::atproto`]: [`atproto_and_mcp`](super::atproto_and_mcp) |
//! | agents and tools (MCP) | [`Policy::oauth`]: [`atproto_and_mcp`](super::atproto_and_mcp) |
//!
//! Where the registration of a client says something about the same matter, the stricter of the two counts. Names that begin with
//! `danger_` are off in all presets but those that the table names, and are listed at
//! [what weakens security](crate#what-weakens-security).
//!
//! # Whether it conforms
//!
//! [`ParEndpointBuilder::build`](crate::ParEndpointBuilder::build) refuses a policy that contradicts itself. [`ParEndpoint::lint`] tells what
//! falls short of a profile, and what is dangerous in any; [`clients`](super::clients#linting) shows how to hand it the clients of a
//! database.
//!
//! No preset is certified: the conformance suite of the OpenID Foundation has not been run.
//!
//! # Rules of your own
//!
//! | rule | with |
//! | --- | --- |
//! | what a request may ask for | [`rule`](crate::ParEndpointBuilder::rule), which runs last, at the push and when the request is opened |
//! | a type of `authorization_details` (RFC 9396) | [`authorization_details_type`](crate::ParEndpointBuilder::authorization_details_type); a type that is not known is refused |
//! | which scopes there are | [`Policy::scopes_supported`], [`Policy::required_scopes`] |
//! | redirect URIs | [`redirect_uris`](super::redirect_uris) |
//! | another policy for some clients | two endpoints of one issuer over one store: [`FormRequest::claimed_client_id`](crate::FormRequest::claimed_client_id) |
//!
//! # Changing a policy in service
//!
//! A request that was pushed under the old policy is validated again by the new one when it is opened.
//! [`several_nodes`](super::several_nodes#a-change-of-the-policy) has the order for several nodes.
//!
//! # Defaults, and what presets have in their place
//!
//! Times are seconds, sizes are bytes. A test compares this table with the presets in the code.
#![doc = ""]
#![doc = include_str!("policies/table.md")]

#[cfg(test)]
mod page;
#[cfg(test)]
mod reasons;

#[cfg(doc)]
use crate::{ParEndpoint, Policy};
