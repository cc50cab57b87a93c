//! Several nodes of one authorization server: what they must have in common, where it comes from, and how it is changed while they
//! run.
//!
//! Any node may take a push, any other one shows the page of the login, and a third one takes the decision. They have nothing in common
//! but the store and their settings, so all of them must be the same server in the eyes of clients and browsers.
//!
//! # What must be the same
//!
//! | what | where it comes from | if it differs | compared |
//! | --- | --- | --- | --- |
//! | the store | [`ParEndpointBuilder::store`], a `RedisStore` or `PostgresStore` or one of the host's; [`is_shared`] is `true` | handles of one node are unknown to the others | no |
//! | the issuer | [`ParEndpoint::builder`], character for character | as above: keys of records are digests of issuer and handle | no |
//! | the policy | the same file on all nodes | the laxest policy counts for each client | yes |
//! | the URLs | the same settings on all nodes | proofs and assertions for one node are refused by others | yes |
//! | keys to decrypt with | one private JWK set, [`DecryptionKeys::parse`] | request objects for one key are refused by nodes without it | yes |
//! | the key of nonces and challenges | [`ServerSecret`] | clients are sent from node to node for ever | yes |
//! | keys of sealed records | [`ServerSecret`] | requests of one node cannot be opened at others | yes |
//! | keys of cookies | [`ServerSecret`] | a browser loses its login between two nodes | yes, by the secret |
//! | types of `authorization_details`, algorithms of signed responses | the same program and keys | requests are good at one node and refused by others | yes |
//! | registrations of clients | the same registry | clients are known to one node alone | no |
//! | rules, matchers, attesters, observers of the host | the same program | differs | no |
//! | clocks | NTP | dates in tokens are refused: more than [`Policy::clock_leeway`] is too much, and two minutes for nonces | yes, by the time of the store |
//!
//! # One secret
//!
//! All keys that no client has to know come from one text, which all nodes have in their configuration:
//!
//! ```sh
//! openssl rand -hex 32
//! ```
//!
//! ```
#![cfg_attr(feature = "sealed", doc = "use parjar::store::{MemoryStore, SealedStore, SealingKeys};")]
//! use parjar::{BindingCookies, BoxedParEndpoint, DerivedKey, InMemoryRegistry, ParEndpoint, Policy, ServerSecret};
//!
//! const ISSUER: &str = "https://as.example.com";
//!
//! struct Node {
//!     par: BoxedParEndpoint,
//!     cookies: BindingCookies,
//!     /// For the cookie of the session, which is the host's own.
//!     sessions: DerivedKey,
//! }
//!
//! fn node(secret: &str) -> Result<Node, Box<dyn std::error::Error>> {
//!     let secret = ServerSecret::parse(secret)?;
//!     let builder = ParEndpoint::builder(ISSUER).policy(Policy::oauth()).clients(InMemoryRegistry::default());
#![cfg_attr(
    feature = "sealed",
    doc = "    // In the place of the memory store, the one that the nodes share:\n    \
           let builder = builder.store(SealedStore::new(MemoryStore::default(), SealingKeys::from_secret(ISSUER, &secret)?));"
)]
//!     Ok(Node {
//!         par: builder.server_secret(&secret).build()?.boxed(),
//!         cookies: BindingCookies::from_secret(ISSUER, &secret),
//!         sessions: secret.key("sessions", ISSUER),
//!     })
//! }
//! # node("f2a1c30b9d5e4f7786a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f506").unwrap();
//! ```
//!
//! The keys differ by purpose and issuer, so that servers may share a secret, though none has to.
//!
//! # Whether it is the same
//!
//! [`ParEndpoint::lint`] sees one node: a key of nonces that no other can have, a memory store beside a secret. What
//! another node has is seen by [`ParEndpoint::compare_settings`], which each node calls at start and every minute. It leaves short digests
//! of the settings in the store, and reports in which [groups](SettingsGroup) a node differs from another one, as its outcome and as
//! [`Event::SettingsDiffer`]:
//!
//! ```
//! # use parjar::{BoxedParEndpoint, Event, ParEndpoint, InMemoryRegistry};
//! async fn at_start(par: &BoxedParEndpoint) {
//!     match par.compare_settings().await {
//!         Ok(comparison) if comparison.differing().is_empty() => {}
//!         Ok(comparison) => eprintln!("another node differs in {:?}", comparison.differing()),
//!         Err(error) => eprintln!("the settings were not compared: {error}"),
//!     }
//! }
//! # let par = ParEndpoint::builder("https://as.example.com").clients(InMemoryRegistry::default()).build()?.boxed();
//! # pollster::block_on(at_start(&par));
//! # Ok::<_, parjar::BuildError>(())
//! ```
//!
//! It warns and never refuses, so that a change can go from one node to the next. A warning that stays longer than that is a fault.
//!
//! # A change of the policy
//!
//! Stop a node, start it with the new settings, go on with the next. From the first to the last of them:
//!
//! * nodes of either kind report a difference of `policy`, once for each call;
//! * a request that was pushed at an old node and is opened at a new one is validated again, by the new policy, and the other way round.
//!   What is stricter than before may thus refuse requests that are on their way, and what is laxer holds for all
//!   clients from the first new node on, but not everywhere before the last;
//! * nothing is lost in the store.
//!
//! The warnings end when the last old node has been gone for five minutes.
//!
//! # Another secret
//!
//! In four steps, with all nodes through one of them before the next begins. Nonces, records and cookies are good all the time.
//!
//! ```
//! # use parjar::ServerSecret;
//! # let (old, new) = ("f2a1c30b9d5e4f7786a0b1c2d3e4f506", "0b1c2d3e4f506f2a1c30b9d5e4f7786a");
//! let (old, new) = (ServerSecret::parse(old)?, ServerSecret::parse(new)?);
//! let now = old.clone();
//! let known = old.clone().accepting(&new); // 1. every node knows the new one
//! let used = new.clone().accepting(&old); // 2. every node uses the new one
//! let alone = new; // 3. two hours later, the old one is gone
//! # Ok::<_, parjar::ServerSecretError>(())
//! ```
//!
//! Two hours, because no record lives longer than that ([`Policy::longest_login`] and what waits before), and neither does the cookie of a
//! login. In between, [`compare_settings`](ParEndpoint::compare_settings) sees no difference: nodes that accept what the other makes are as
//! good as equal. It does see one where a step was left out.
//!
//! A secret that others have come to know is replaced without steps 1 and 2: start all nodes with the new one alone. Users with an open login begin
//! anew, and clients are sent a new nonce.
//!
//! A server that has a [`dpop_nonce_key`](ParEndpointBuilder::dpop_nonce_key) changes over likewise: first the secret beside the key, which goes
//! on to make nonces; then the secret with the key as [`replaced_dpop_nonce_key`](ParEndpointBuilder::replaced_dpop_nonce_key); then the
//! secret alone.
//!
//! # Other keys to decrypt with
//!
//! Put the new key into the private JWK set of every node, and only then into the public one that clients see. Take the old one out of the
//! public set, wait until clients have fetched it again, and then take it out of the private one. `decryption_keys` is reported
//! while nodes are at different steps.
//!
//! # Clocks
//!
//! Each node leaves the time of its clock as well, at a moment that the store knows. Another node holds its own clock against that, so that
//! it makes no difference when it looks. The clock of the store itself counts for lifetimes alone, and its offset does not matter.
//!
//! # Another version of this crate
//!
//! Groups that only one of two versions knows are not compared. A version with a new member of the policy has another policy, which is
//! reported until all nodes have it. Which records a version reads and writes is said at [`store`](crate::store). Nodes over Redis that take the
//! place of nodes from before 0.1 go through [three rounds](super::stores#keys-of-before).
//!
//! [`is_shared`]: crate::store::RequestStore::is_shared
//! [`DecryptionKeys::parse`]: crate::jose::DecryptionKeys::parse
//! [`Event::SettingsDiffer`]: crate::Event::SettingsDiffer
//! [`ParEndpoint::builder`]: crate::ParEndpoint::builder
//! [`ParEndpoint::compare_settings`]: crate::ParEndpoint::compare_settings
//! [`ParEndpoint::lint`]: crate::ParEndpoint::lint
//! [`ParEndpointBuilder::store`]: crate::ParEndpointBuilder::store
//! [`Policy::clock_leeway`]: crate::Policy::clock_leeway
//! [`Policy::longest_login`]: crate::Policy::longest_login
//! [`ServerSecret`]: crate::ServerSecret

#[cfg(doc)]
use crate::{ParEndpoint, ParEndpointBuilder, SettingsGroup};
