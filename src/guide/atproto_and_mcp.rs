//! The AT Protocol and MCP: clients that the host has not registered, and what their profiles ask of a server.
//!
//! Both have clients whose `client_id` is the URL of a document about them. `MetadataDocumentRegistry` (feature `metadata-documents`) fetches
//! it, over a source that lets no URL lead into the host's network: `GuardedFetcher` (feature `reqwest`).
//!
//! # The AT Protocol
//!
#![cfg_attr(all(feature = "metadata-documents", feature = "reqwest"), doc = "```")]
#![cfg_attr(not(all(feature = "metadata-documents", feature = "reqwest")), doc = "```text")]
//! use parjar::{GuardedFetcher, MetadataDocumentRegistry, ParEndpoint, Policy, ServerSecret};
//!
//! # fn build(secret: &ServerSecret) -> Result<ParEndpoint<MetadataDocumentRegistry>, Box<dyn std::error::Error>> {
//! let fetcher = GuardedFetcher::new()?;
//! let clients = MetadataDocumentRegistry::builder(fetcher.clone()).atproto().allow_localhost_clients().build()?;
//! let par = ParEndpoint::builder("https://pds.example.com")
//!     .policy(Policy::atproto())
//!     .clients(clients)
//!     .jwks_source(fetcher)
//!     .token_endpoint("https://pds.example.com/oauth/token")
//!     .server_secret(secret)
//!     .build()?;
//! # Ok(par) }
//! ```
//!
//! | the profile wants | is done by |
//! | --- | --- |
//! | every request pushed, `state`, S256, scope `atproto`, DPoP with nonces of the server | [`Policy::atproto`] |
//! | no `code_challenge` twice in a day | [`Policy::code_challenge_memory`]; [sizing](super::stores#sizing) says what it costs |
//! | public clients, which push too | `danger_allow_unauthenticated_clients`, which the preset switches on: limit how often one sender may ask |
//! | a session bound to the key that the client authenticated with | [`ParEndpoint::check_code`]; for refresh tokens the host, with [`AuthenticatedClient::authenticated_with`] |
//! | tokens bound to the DPoP key | the host: [`sender_constrained`](super::sender_constrained) |
//! | `login_hint` with a handle or a DID | [`AuthorizationRequest::login_hint`] |
//! | the metadata of server and resource | [`ParEndpoint::metadata`], and the host's `/.well-known/oauth-protected-resource` |
//!
//! # MCP
//!
//! A server for agents and their tools is an OAuth 2.1 server: code, PKCE, and `resource` that names the tool server. Its clients are public,
//! mostly, and come back to `localhost` on any port.
//!
#![cfg_attr(all(feature = "metadata-documents", feature = "reqwest"), doc = "```")]
#![cfg_attr(not(all(feature = "metadata-documents", feature = "reqwest")), doc = "```text")]
//! use parjar::{GuardedFetcher, InMemoryRegistry, MetadataDocumentRegistry, ParEndpoint, Policy, RequireCodeChallenge};
//!
//! let mut policy = Policy::oauth();
//! policy.require_code_challenge = RequireCodeChallenge::Always;
//! policy.danger_allow_unauthenticated_clients = true; // public clients push, and redeem their codes
//!
//! let fetcher = GuardedFetcher::new()?;
//! let registered = InMemoryRegistry::default(); // or your database: those that have registered come first
//! let documents = MetadataDocumentRegistry::builder(fetcher.clone()).build()?;
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .policy(policy)
//!     .clients((registered, documents))
//!     .jwks_source(fetcher)
//!     .build()?;
//! assert_eq!(par.metadata()["client_id_metadata_document_supported"], true);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! | a server for MCP | is done by |
//! | --- | --- |
//! | takes clients by their documents, and registered ones | the pair of registries above |
//! | takes clients that push, and clients that do not | [`ParEndpoint::push`] and [`ParEndpoint::authorize`]; PAR is optional there |
//! | reads `resource` | [`AuthorizationRequest::resources`]; a [rule](crate::ParEndpointBuilder::rule) refuses those that it does not know |
//! | issues tokens for that resource alone | the host |
//! | registers clients at run time (RFC 7591) | the host: [`ClientRegistration`] reads what they send |
//! | shows whose client it is | the host of the `client_id`, on the consent page: the name is the client's own word |
//!
//! Anyone can push in the name of a public client. What protects its users are PKCE, the redirect URI and the consent page; what protects the
//! server is a limit for each sender.

#[cfg(doc)]
use crate::{AuthenticatedClient, AuthorizationRequest, ClientRegistration, ParEndpoint, Policy};
