//! Clients and their keys: registrations, a database of them, keys at a `jwks_uri`, rotation, and what is weak in them.
//!
//! A [`ClientRegistration`] has the metadata names of OAuth: a JSON document of a registration endpoint is one as it is. `Client::try_from`
//! checks it once, and a [`ClientRegistry`] hands out the [`Client`] for each request.
//!
//! | clients come from | registry |
//! | --- | --- |
//! | a file, read at start and after a signal | [`InMemoryRegistry`], whose [`replace`](InMemoryRegistry::replace) takes the new ones |
//! | a database | `CachedRegistry` (feature `cached`) |
//! | elsewhere | a [`ClientRegistry`] of the host's |
//!
//! # A database
//!
//! One JSON column with the registration is enough ([`recipes`](super::recipes) has the table, and loaders for `sqlx` and `tokio-postgres`):
//!
#![cfg_attr(feature = "cached", doc = "```")]
#![cfg_attr(not(feature = "cached"), doc = "```text")]
//! use parjar::{CachedRegistry, ParEndpoint};
//! # #[derive(Clone)]
//! # struct Database;
//! # impl Database { async fn row(&self, _: &str, _: String) -> Result<Option<serde_json::Value>, std::io::Error> { Ok(None) } }
//!
//! # let database = Database;
//! let clients = CachedRegistry::new(move |client_id: String| {
//!     let database = database.clone();
//!     async move { database.row("SELECT registration FROM clients WHERE client_id = $1", client_id).await }
//! });
//! let par = ParEndpoint::builder("https://as.example.com").clients(clients.clone()).build()?;
//!
//! // After a change of the row, on every node:
//! clients.invalidate("web");
//! # Ok::<_, parjar::BuildError>(())
//! ```
//!
//! The JSON must have `client_id`, also where the table has a column of that name: without it the client cannot be used. It must be the name that was
//! asked for; ASCII letters may differ in case. A row that cannot be used is refused as an unknown client would be, and
//! [`Event::ClientUnusable`] says why.
//!
//! While the database is down, clients go on as they were last known, for as long as the cache is told; a client that was taken out is good
//! until then.
//!
//! # How clients authenticate
//!
//! | `token_endpoint_auth_method` | the registration has | see |
//! | --- | --- | --- |
//! | `client_secret_basic` (default), `client_secret_post` | `client_secret`, or its digest in `client_secrets` | [`SecretRegistration`] |
//! | the same, with hashes (argon2, bcrypt) | nothing; the host checks | [below](#hashes-of-secrets) |
//! | `client_secret_jwt` | `client_secret`, in clear | |
//! | `private_key_jwt` | `jwks` or `jwks_uri` | below |
//! | `tls_client_auth` | one of five names of a certificate | [certificates](crate#certificates) |
//! | `self_signed_tls_client_auth` | `jwks` or `jwks_uri` | [certificates](crate#certificates) |
//! | `attest_jwt_client_auth`, `attest_jwt_client_auth_dpop` | nothing; attesters vouch | [`wallets`](super::wallets) |
//! | `none` | nothing | [`danger_allow_unauthenticated_clients`](crate::Policy::danger_allow_unauthenticated_clients) |
//!
//! # Hashes of secrets
//!
//! A [`SecretVerifier`] asks the host about each secret. Registry and cache make clients of registrations as the host says:
//!
#![cfg_attr(feature = "cached", doc = "```")]
#![cfg_attr(not(feature = "cached"), doc = "```text")]
//! use parjar::{CachedRegistry, Client, ClientRegistration, SecretVerifier, VerifierError};
//!
//! struct Hash(String);
//!
//! impl SecretVerifier for Hash {
//!     async fn verify(&self, _: &str, secret: &[u8]) -> Result<bool, VerifierError> {
//!         let (hash, secret) = (self.0.clone(), secret.to_owned());
//!         # let argon2_verifies = |_: &str, _: &[u8]| true;
//!         let work = move || argon2_verifies(&hash, &secret); // slow, so it does not belong on the executor
//!         tokio::task::spawn_blocking(work).await.map_err(VerifierError::new)
//!     }
//! }
//!
//! # let rows = |_: String| async { Ok::<_, std::io::Error>(None::<serde_json::Value>) };
//! let clients = CachedRegistry::builder(rows).prepare(|mut registration: ClientRegistration| {
//!     let hash = registration.other.remove("secret_hash"); // a member of the row that is not one of the specifications
//!     let hash = hash.as_ref().and_then(|hash| hash.as_str()).unwrap_or_default().to_owned();
//!     Client::with_secret_verifier(registration, Hash(hash))
//! });
//! # assert!(clients.build().is_ok());
//! ```
//!
//! # Keys at a `jwks_uri`
//!
//! The client publishes its keys, and the server fetches them when it needs them. It takes a source for that, or such clients cannot use their keys:
//!
#![cfg_attr(feature = "reqwest", doc = "```")]
#![cfg_attr(not(feature = "reqwest"), doc = "```text")]
//! use parjar::{GuardedFetcher, InMemoryRegistry, ParEndpoint};
//!
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .clients(InMemoryRegistry::default())
//!     .jwks_source(GuardedFetcher::new()?)
//!     .build()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! A `jwks_uri` is accepted in a registration if it is an `https` URL of a **named** host: no address, not `localhost` nor a name below it, no user
//! information, no fragment, at most 2048 bytes. `GuardedFetcher` also refuses ports below 1024 but 443, redirects, and names that lead to a
//! private address. For keys on the host's own network, write a [`JwksSource`] that knows which URLs it may fetch.
//!
//! Sets are kept for 15 minutes; an unknown `kid` fetches again, once in 30 seconds at most; a set that cannot be fetched is used for another hour.
//! [`JwksCacheLimits`] has the numbers.
//!
//! # Rotation
//!
//! | what | how | the old one is good |
//! | --- | --- | --- |
//! | a secret | the new one into `client_secrets` beside the old, with its expiry | until `client_secret_expires_at`, or until it is taken out |
//! | a key in `jwks` | both keys in the set; the client changes over; the old one is taken out | until it is taken out |
//! | a key at a `jwks_uri` | the client publishes both, and changes over after 15 minutes | until the client takes it out and the set is fetched again: at most 15 minutes, or 75 while its server is down |
//! | a certificate by subject | nothing, if the subject stays | until the authority's chain does not verify |
//! | the server's keys to decrypt with | [`DecryptionKeys::replace`], new beside old | see [other keys](super::several_nodes#other-keys-to-decrypt-with) |
//! | the server's secret | [another secret](super::several_nodes#another-secret) | two hours |
//!
//! ```
//! use parjar::{Client, ClientRegistration};
//!
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{
//!       "client_id": "web",
//!       "client_secrets": [
//!         { "client_secret_sha256": "b4c33a51d19afa8e0d1a0b5b8d7d1c0a3a3ac5cb66f9c56ce9bd5be1d7e2bd44", "client_secret_expires_at": 1798761600 },
//!         { "client_secret_sha256": "0b1c2d3e4f506f2a1c30b9d5e4f7786ab4c33a51d19afa8e0d1a0b5b8d7d1c0a" }
//!       ],
//!       "redirect_uris": ["https://app.example.com/cb"]
//!     }"#,
//! )?;
//! assert!(Client::try_from(registration)?.is_confidential());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Linting
//!
//! [`Client::ignored`] lists what in a registration is not used. [`ParEndpoint::lint`] takes clients. Those of a registry in memory are
//! [`InMemoryRegistry::clients`]; of a database, the host reads the rows once, at start or in a job, and makes clients of them.
//!
//! ```
//! use parjar::{Client, ClientRegistration, ParEndpoint, Profile};
//!
//! fn lint(par: &ParEndpoint, rows: Vec<String>) {
//!     let mut clients = Vec::new();
//!     for row in rows {
//!         let registration = serde_json::from_str::<ClientRegistration>(&row).map_err(|error| error.to_string());
//!         match registration.and_then(|registration| Client::try_from(registration).map_err(|error| error.to_string())) {
//!             Ok(client) => clients.push(client),
//!             Err(error) => eprintln!("a client that cannot be used: {error}"),
//!         }
//!     }
//!     for finding in par.lint(Profile::Oauth, &clients) {
//!         eprintln!("{finding}");
//!     }
//! }
//! ```
//!
//! Texts of errors and findings show no secret.

#[cfg(doc)]
use crate::{
    Client, ClientRegistration, ClientRegistry, Event, InMemoryRegistry, JwksCacheLimits, JwksSource, ParEndpoint,
    SecretRegistration, SecretVerifier, jose::DecryptionKeys,
};
