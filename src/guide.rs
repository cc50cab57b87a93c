//! The manual: how to build a server with this crate, and how to run it.
//!
//! | page | for |
//! | --- | --- |
//! | [`getting_started`] | a whole server in axum or actix-web, PAR in hyper, or in front of a server that you have |
//! | [`recipes`] | clients, requests and codes in PostgreSQL, and the endpoints in tonic and poem |
//! | [`logins`] | the page and the decision: cookie, form, second clicks, transactions |
//! | [`clients`] | registrations, databases, keys, rotation |
//! | [`policies`] | presets, and every default with its reason |
//! | [`request_objects`] | signed and encrypted requests |
//! | [`redirect_uris`] | exact ones, and one for each request |
//! | [`sender_constrained`] | DPoP and mutual TLS from the push to the API |
//! | [`wallets`] | attestations and HAIP |
//! | [`atproto_and_mcp`] | clients that the host has not registered |
//! | [`stores`] | sizing, outages, Redis, PostgreSQL, upgrades |
//! | [`several_nodes`] | what nodes have in common, and how it is changed |
//! | [`observability`] | events, metrics, alerts, dashboards |
//! | [`threat_model`] | who attacks what, and what is left to the host |
//! | [`testing`] | a host, without sleeping |
//! | [`writing_a_store`] | over a database of yours |
//! | [`migrating`] | from node-oidc-provider, Keycloak, Spring, or your own PAR |
//! | [`refusals`] | every reason, and how to mend it |
//!
//! # Twenty questions
//!
//! | question | page |
//! | --- | --- |
//! | How do I make every client push? | [`Policy::require_pushed_authorization_requests`](crate::Policy::require_pushed_authorization_requests); for one client [`migrating`](migrating#in-steps-with-clients-in-service) |
//! | How long is a `request_uri` good, and may a page be reloaded? | [`policies`](policies#defaults-and-what-presets-have-in-their-place), [`logins`] |
//! | What keeps an attacker from using a `request_uri` that leaked? | [`threat_model`](threat_model#an-attacker-on-the-web) |
//! | What do I keep with a code, and compare at the token endpoint? | [`sender_constrained`](sender_constrained#from-the-push-to-the-token) |
//! | Is PKCE required? Can I require it? | [`policies`], `require_code_challenge` |
//! | Why does my client get 401, or another refusal? | [`refusals`] |
//! | Which `aud` may a client assertion have? | [`refusals`](refusals#assertion_audience), [`Policy::danger_allow_legacy_assertion_audience`](crate::Policy::danger_allow_legacy_assertion_audience) |
//! | My clients are in a database. How are they looked up and cached? | [`clients`](clients#a-database) |
//! | How are secrets and keys rotated without a failure? | [`clients`](clients#rotation) |
//! | Which `jwks_uri` are fetched, and when? | [`clients`](clients#keys-at-a-jwks_uri) |
//! | Can a client use a redirect URI that is not registered? | [`redirect_uris`](redirect_uris#a-redirect-uri-for-each-request) |
//! | What happens when a user clicks *allow* twice? | [`logins`](logins#second-clicks) |
//! | Which steps belong into a transaction of my database? | [`logins`](logins#in-one-transaction) |
//! | What do several nodes need? | [`several_nodes`](several_nodes#what-must-be-the-same) |
//! | What happens when Redis or PostgreSQL is down? | [`stores`](stores#outages) |
//! | How much memory does it take? | [`stores`](stores#sizing) |
//! | What do I monitor and alert on? | [`observability`](observability#alerts) |
//! | Does it do FAPI 2.0, and how do I check my settings? | [`policies`], [profiles](crate#profiles), [`clients`](clients#linting) |
//! | How are tokens bound to a DPoP key or a certificate? | [`sender_constrained`] |
//! | What does it not do? | [what is left to the host](crate#what-is-left-to-the-host), [not here](crate#not-here) |
//!
//! And ten more:
//!
//! | question | page |
//! | --- | --- |
//! | My clients' secrets are hashes (argon2, bcrypt). Can they stay so? | [`clients`](clients#hashes-of-secrets) |
//! | Can clients without a secret push? | [`Policy::danger_allow_unauthenticated_clients`](crate::Policy::danger_allow_unauthenticated_clients) |
//! | The user says no. What does the client get? | [`logins`](logins#the-decision), [`ParEndpoint::deny`](crate::ParEndpoint::deny) |
//! | What does a browser see with a `request_uri` that has expired? | [`refusals`](refusals#unknown_request_uri) |
//! | How are `prompt` and `max_age` answered out of a session? | [`logins`](logins#the-decision), [`Pending::is_login_new_enough`](crate::Pending::is_login_new_enough) |
//! | How do I add a check of my own, or read a parameter of my own? | [`policies`](policies#rules-of-your-own), [`AuthorizationRequest::parameters`](crate::AuthorizationRequest::parameters) |
//! | How do I add members to the metadata document? | [`ParEndpoint::metadata`](crate::ParEndpoint::metadata) |
//! | Which signing algorithms are accepted, and how are they restricted? | [`policies`](policies#defaults-and-what-presets-have-in-their-place), `..._signing_alg_values_supported` |
//! | TLS ends at a proxy. How do certificates of clients arrive? | [`ForwardedCertificate`](crate::ForwardedCertificate) |
//! | How long may a body be, and how many requests may wait? | [`Limits`](crate::Limits), [`MemoryLimits`](crate::store::MemoryLimits) |
//!
//! # On the crate page
//!
//! [Many issuers](crate#many-issuers) in one process, [certificates](crate#certificates) of clients and of proxies, [what weakens
//! security](crate#what-weakens-security), and the [features](crate#features).

pub mod atproto_and_mcp;
#[cfg(test)]
mod checked_in;
pub mod clients;
pub mod getting_started;
#[cfg(test)]
mod links;
pub mod logins;
pub mod migrating;
pub mod observability;
pub mod policies;
pub mod recipes;
pub mod redirect_uris;
pub mod refusals;
pub mod request_objects;
pub mod sender_constrained;
pub mod several_nodes;
#[cfg(test)]
mod shown_code;
pub mod stores;
pub mod testing;
pub mod threat_model;
pub mod wallets;
pub mod writing_a_store;

#[cfg(test)]
use self::checked_in::checked_in;
